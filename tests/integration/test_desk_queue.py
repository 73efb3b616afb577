"""The queue without a script: what it shows, what its forms do, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from queue_items import a_reason, held
from visitors import Visitor
from werkzeug.test import TestResponse

from classifier.domain import Action
from service import moderation, readers
from service.acts import Actor
from service.readers import AppealReason
from service.roles import Role
from service.rulings import Wish, rule_many
from service.schemas import Edit
from service.store import review as items
from service.store import tables, tables_desk
from service.store.accounts import Site
from service.store.engine import Store

Enter = Callable[..., Visitor]
QUEUE = "/desk/blog/queue"
NOW = datetime.now(UTC)
OTHER = Actor("Bo", "desk", "user-bo")


@pytest.fixture
def store(app: Flask) -> Store:
    """The app's own store."""
    return app.extensions["sluice"].store


@pytest.fixture
def site(site_and_key: tuple[Site, str]) -> Site:
    """The blog."""
    return site_and_key[0]


def status_of(store: Store, comment: str) -> str:
    """How a comment stands."""
    with store.read() as connection:
        return connection.execute(
            sa.select(tables.comments.c.status).where(tables.comments.c.id == comment)
        ).scalar_one()


def rulings_on(store: Store, comment: str) -> list[tuple[str, str | None, str]]:
    """Action, reason and moderator of each ruling."""
    columns = (tables.rulings.c.action, tables.rulings.c.reason, tables.rulings.c.moderator)
    with store.read() as connection:
        query = sa.select(*columns).where(tables.rulings.c.comment_id == comment).order_by(tables.rulings.c.id)
        return [tuple(row) for row in connection.execute(query)]


def shown(page: TestResponse) -> list[str]:
    """Ids of the rows, in order."""
    return re.findall(r'<li class="item[^>]* data-id="([^"]+)"', page.text)


def detail_of(page: TestResponse) -> str:
    """The part beside the list."""
    return page.text.partition("data-beside")[2]


def decide(visitor: Visitor, comment: str, do: str, **more: str) -> TestResponse:
    """Press a button of a comment that was seen without any ruling."""
    form = {"comment": comment, "revision": "1", "seen": "", "do": do, "back": "", "next": "", **more}
    return visitor.post(f"{QUEUE}/decide", form)


def arguments(answer: TestResponse) -> dict[str, str]:
    """What the address says to which a form leads."""
    assert answer.status_code == 303, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.location).query).items()}


# --- What is shown ------------------------------------------------------------------------------------------------


def test_views_hold_what_belongs_to_them(store, site, desk: Enter):
    """Each with its load and the work that it is."""
    old = NOW - timedelta(minutes=90)
    fine, uncertain, bad = (held(store, site.id, risk=risk, now=old) for risk in (0.1, 0.6, 0.95))
    ada = desk()

    assert shown(ada.get(f"{QUEUE}?view=fine")) == [fine]
    assert shown(ada.get(f"{QUEUE}?view=uncertain")) == [uncertain]
    page = ada.get(QUEUE)
    assert shown(page) == [fine, uncertain, bad]
    assert re.search(r'data-view="all" data-count="3" aria-current="page"', page.text)
    assert "under a minute · oldest 1 h" in page.text


def test_work_is_told_by_the_pace_of_these_moderators(store, site, desk: Enter):
    """Seven seconds each until they have decided some; pauses do not count."""
    ids = [held(store, site.id) for _ in range(70)]
    ada = desk()
    assert "about 8 min" in ada.get(QUEUE).text

    for at, comment in enumerate(ids[:10]):
        moment = NOW + timedelta(seconds=30 * at + (3_000 if at > 5 else 0))
        store.write(
            lambda c, each=comment, moment=moment: rule_many(
                c, site.id, [Wish(each, 1)], Action.APPROVE, actor=OTHER, now=moment
            )
        )

    assert "about 30 min" in ada.get(QUEUE).text


def test_the_first_is_in_front_and_any_other_one_click_away(store, site, desk: Enter):
    """The address says which comment is looked at."""
    first, second = held(store, site.id, "The first of two comments."), held(store, site.id, "The second of two.")
    ada = desk()

    assert "The first of two comments." in detail_of(ada.get(QUEUE))
    page = ada.get(f"{QUEUE}?at={second}")
    assert "The second of two." in detail_of(page)
    assert f'id="c-{second}"' in page.text
    assert shown(page) == [first, second]


def test_filters_are_in_the_address_and_have_a_way_out(store, site, desk: Enter):
    """Any of them together; nonsense is left out."""
    linked = held(store, site.id, "Look at my wool socks", reasons=(a_reason("links.new_domain"),), language="en")
    held(store, site.id, "Regarde mes chaussettes", reasons=(a_reason("model.spam"),), language="fr", risk=0.95)
    ada = desk()

    assert shown(ada.get(f"{QUEUE}?reason=links.new_domain")) == [linked]
    assert shown(ada.get(f"{QUEUE}?lang=en&risk=40-90&q=SOCKS")) == [linked]
    assert shown(ada.get(f"{QUEUE}?age=1d")) == []
    assert len(shown(ada.get(f"{QUEUE}?view=nonsense&sort=x&risk=zero-9&age=y&cursor=z"))) == 0
    assert len(shown(ada.get(f"{QUEUE}?view=nonsense&sort=x&risk=zero-9&age=y"))) == 2
    page = ada.get(f"{QUEUE}?view=uncertain&q=socks&lang=en").text
    chip = re.search(r'<a class="chip" href="([^"]+)"><bdi>text: socks</bdi>', page)
    assert parse_qs(urlsplit(unescape(chip[1])).query) == {"view": ["uncertain"], "lang": ["en"]}


def test_pages_follow_each_other_without_a_gap(store, site, desk: Enter):
    """Forty rows, then the rest."""
    ids = [held(store, site.id) for _ in range(45)]
    ada = desk()

    page = ada.get(f"{QUEUE}?sort=oldest")
    more = unescape(re.search(r'href="([^"]+)" data-more', page.text)[1])

    assert shown(page) + shown(ada.get(more)) == ids


def test_a_detail_holds_what_helps_to_decide(store, site, desk: Enter):
    """Article, parent, evidence, reasons with weights, look-alikes with their fate, author, timeline."""
    wave = "Guys this shop has really good watches and the delivery was quick as well number"
    for action in (Action.APPROVE, Action.REJECT):
        held(store, site.id, f"{wave} one", action=action, alike=True)
    held(store, site.id, "Who sells watches?", id="the-question", author={"name": "Quin"})
    comment = held(
        store,
        site.id,
        f"{wave} two",
        alike=True,
        parent_id="the-question",
        reasons=(
            a_reason("model.spam", "The text reads as spam.", 2.5, spans=((5, 14),)),
            a_reason("relevance.on_topic", "It is on topic.", -0.5),
        ),
    )

    page = unescape(detail_of(desk().get(f"{QUEUE}?at={comment}")))

    assert "The city wants a second bridge" in page
    assert '<bdi class="who">Quin</bdi>: <span class="first" dir="auto">Who sells watches?' in page
    assert '<mark title="The text reads as spam.">this shop</mark>' in page
    assert re.search(r"\+2\.5</td><td>The text reads as spam\..*−0\.5</td><td>It is on topic\.", page, re.DOTALL)
    assert "approved by Sluice" in page
    assert "rejected by Sluice" in page
    assert "decisions disagree" in page
    assert re.search(r"1 approved.*1 rejected", page, re.DOTALL)
    assert re.search(r"<bdi>Sluice</bdi> held", page)


def test_a_score_of_the_model_speaks_against(store, site, desk: Enter):
    """Whatever the sign of its logit: it reached a line of the policy."""
    said = "The text reads as a threat (41%)."
    held(store, site.id, reasons=(a_reason("model.threat", said, -0.4, head="threat"),), scores={"threat": 0.41})
    ada = desk()

    page = detail_of(ada.get(QUEUE))
    assert re.search(rf'class="against">Against:</span> {re.escape(said)}', page)
    assert 'class="for"' not in page
    assert re.search(r'<tr class="against"><td class="weight">41 %</td>', page)

    comment = shown(ada.get(QUEUE))[0]
    act = arguments(decide(ada, comment, "abuse"))["done"]
    history = ada.get(f"/desk/blog/history/{act}").text
    assert "41 %" in history
    assert "0.4<" not in history


def test_a_comment_is_no_evidence_about_itself(store, site, desk: Enter):
    """Nor is a ruling that was taken back."""
    wave = "Guys this shop has really good watches and the delivery was quick as well number"
    first, second = (held(store, site.id, f"{wave} {number}", alike=True) for number in ("one", "two"))
    ada = desk()

    decide(ada, first, "spam")
    assert "like it was" not in detail_of(ada.get(f"{QUEUE}?at={first}"))
    assert "1 of 1 like it was rejected." in detail_of(ada.get(f"{QUEUE}?at={second}"))

    ada.post(f"{QUEUE}/undo", {"act": "last"})
    page = detail_of(ada.get(f"{QUEUE}?at={second}"))
    assert "like it was" not in page
    assert re.search(r'<span class="share">\d+ %</span> <span class="status held">', page)


def test_an_appealed_comment_is_as_old_as_it_is(store, site, desk: Enter):
    """Its row says since when it waits, the panel when it was written."""
    comment = held(store, site.id, now=NOW - timedelta(days=3))
    ada, bo = desk(), desk(name="Bo")
    decide(bo, comment, "spam")
    store.write(lambda c: readers.appeal(c, site.id, comment, AppealReason.OTHER, None, now=datetime.now(UTC)))

    page = ada.get(QUEUE)

    assert re.search(r'<time class="age"[^>]*>just now</time>', page.text)
    assert '<span class="age">3 days</span>' in detail_of(page)


def test_nothing_of_a_page_names_addresses(store, site, desk: Enter):
    """Whoever moderates sees how strong an identity is, not what it is."""
    held(store, site.id, author={"email": "secret@reader.example", "ip": "192.0.2.99"})

    page = desk(Role.ADMIN, everywhere=True).get(QUEUE).text

    assert "secret@reader" not in page
    assert "192.0.2.99" not in page
    assert "typed address" in page


@pytest.mark.parametrize("text_format", ["text", "html"])
def test_hostile_text_stays_text(store, site, desk: Enter, text_format: str):
    """In every field that a reader fills in."""
    attack = "\"'><script>alert(1)</script><img src=x onerror=alert(2)> {{ 7*7 }} </textarea></title>"
    comment = held(
        store,
        site.id,
        attack,
        format=text_format,
        author={"name": attack, "url": "javascript:alert(3)"},
        reasons=(a_reason("rule.x", attack, 1.0, spans=((2, 9), (5, 30), (0, 10_000))),),
    )
    ada = desk()
    decide(ada, comment, "note", note=attack)

    page = ada.get(f"{QUEUE}?q={attack}&author={attack}&at={comment}").text

    assert not re.search(r"<script(?![^>]*\ssrc=\"/static/)|<img|onerror=(?!alert)[^&]*>|href=\"javascript", page)
    assert page.count("<script") == 3
    assert "{{ 7*7 }}" in page


def test_what_a_text_hides_is_drawn(store, site, desk: Enter):
    """Characters that nobody sees, letters that look like others, where links lead."""
    held(
        store,
        site.id,
        'Вuy v\u200bia <a href="https://evil.example/x?to=1">https://bank.example</a> now',
        format="html",
    )

    page = detail_of(desk().get(f"{QUEUE}?real=1"))

    assert '<span class="box">ZERO WIDTH SPACE</span>' in page
    assert '<span class="look" title="looks like B">В</span>' in page
    assert re.search(r'https://bank\.example<span class="host">.*\[https://evil\.example/x\?to=1\]', page)


def test_severe_words_are_hidden_until_asked_for(store, site, desk: Enter):
    """In the list, in the detail, and from what is read out."""
    held(
        store,
        site.id,
        "Hello there, I will find you and hurt you.",
        reasons=(a_reason("threat.direct", "It threatens somebody.", 2.0, spans=((13, 41),), escalate=True),),
    )
    ada = desk()

    page = ada.get(QUEUE).text
    hidden = re.findall(r'<span class="shield" aria-hidden="true">(?:<mark[^>]*>)?([^<]*)', detail_of(ada.get(QUEUE)))
    assert hidden == ["find", "hurt"]
    assert "Severe words are hidden." in re.search(r'class="open".*?</a>', page, re.DOTALL)[0]
    assert 'class="shield"' not in detail_of(ada.get(f"{QUEUE}?bare=1"))


def test_right_to_left_stays_on_its_side(store, site, desk: Enter):
    """Comments have a direction of their own."""
    held(store, site.id, "هذا الجسر جميل", language="ar", author={"name": "ليلى"})

    page = desk().get(QUEUE).text

    assert re.search(r'<div class="text seen" dir="auto" lang="ar">هذا', page)
    assert '<bdi class="who">ليلى</bdi>' in page


def test_an_empty_queue_says_so(desk: Enter):
    """And nothing else."""
    page = desk().get(QUEUE).text

    assert re.search(r'data-empty tabindex="-1">', page)
    assert "Nothing waits here." in page


# --- What buttons do ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("do", "status", "ruling"),
    [
        ("approve", "approved", ("approve", None)),
        ("spam", "rejected", ("reject", "spam")),
        ("abuse", "rejected", ("reject", "toxicity")),
        ("reject", "rejected", ("reject", "off_topic")),
        ("hold", "held", ("hold", None)),
    ],
)
def test_each_button_rules_and_undo_takes_it_back(store, site, desk: Enter, do, status, ruling):
    """The next comment is in front, and the receipt has the way back."""
    comment, following = held(store, site.id), held(store, site.id)
    ada = desk()

    where = arguments(decide(ada, comment, do, reason="off_topic", next=following, back="view=uncertain"))
    assert (where["at"], where["view"]) == (following, "uncertain")
    assert status_of(store, comment) == status
    assert rulings_on(store, comment) == [(*ruling, "the moderator")]
    page = ada.get(f"{QUEUE}?done={where['done']}")
    assert f'name="act" value="{where["done"]}"' in page.text

    back = arguments(ada.post(f"{QUEUE}/undo", {"act": where["done"]}))

    assert back["at"] == comment
    assert status_of(store, comment) == "held"
    assert "Taken back" in ada.get(f"{QUEUE}?done={back['done']}").text


def test_undo_goes_back_act_by_act(store, site, desk: Enter):
    """Each press takes back one more of one's own, and nothing of others."""
    ids = [held(store, site.id) for _ in range(3)]
    ada = desk()
    store.write(lambda c: rule_many(c, site.id, [Wish(ids[2], 1)], Action.APPROVE, actor=OTHER, now=NOW))
    decide(ada, ids[0], "approve")
    decide(ada, ids[1], "skip")

    assert arguments(ada.post(f"{QUEUE}/undo", {"act": "last"}))["at"] == ids[1]
    assert arguments(ada.post(f"{QUEUE}/undo", {"act": "last"}))["at"] == ids[0]
    answer = ada.post(f"{QUEUE}/undo", {"act": "last"}, follow_redirects=True)

    assert "There is nothing of yours to take back." in answer.text
    assert [status_of(store, each) for each in ids] == ["held", "held", "approved"]


def test_skipping_leaves_it_to_others(store, site, desk: Enter):
    """It is among one's own skipped and in everybody else's queue."""
    comment = held(store, site.id)
    ada, bo = desk(), desk(name="Bo")
    decide(ada, comment, "skip")

    assert shown(ada.get(f"{QUEUE}?view=uncertain")) == []
    assert shown(ada.get(f"{QUEUE}?view=skipped")) == [comment]
    assert shown(bo.get(f"{QUEUE}?view=uncertain")) == [comment]


def test_a_proposal_brings_back_what_was_skipped(store, site, desk: Enter):
    """Into the second look of whoever skipped the comment before; skipped again, it stays out."""
    comment = held(store, site.id)
    ada, tim = desk(), desk(Role.TRAINEE)
    decide(ada, comment, "skip")

    decide(tim, comment, "spam")
    assert shown(ada.get(f"{QUEUE}?view=second-look")) == [comment]
    assert shown(ada.get(f"{QUEUE}?view=skipped")) == []

    decide(ada, comment, "skip")
    assert shown(ada.get(f"{QUEUE}?view=second-look")) == []
    assert shown(ada.get(f"{QUEUE}?view=skipped")) == [comment]


def test_an_appeal_brings_back_what_was_skipped(store, site, desk: Enter):
    """Whoever skipped it had not heard its author yet."""
    comment = held(store, site.id)
    ada, bo = desk(), desk(name="Bo")
    decide(ada, comment, "skip")
    decide(bo, comment, "spam")

    store.write(lambda c: readers.appeal(c, site.id, comment, AppealReason.OTHER, None, now=datetime.now(UTC)))

    assert shown(ada.get(f"{QUEUE}?view=appeals")) == [comment]
    assert shown(ada.get(f"{QUEUE}?view=skipped")) == []


def test_escalating_needs_words(store, site, desk: Enter):
    """They are what the next person reads."""
    comment = held(store, site.id)
    ada = desk()

    answer = decide(ada, comment, "escalate", note="  ")
    assert "Write a few words first." in ada.get(answer.location).text
    assert shown(ada.get(f"{QUEUE}?view=escalated")) == []
    decide(ada, comment, "escalate", note="Is this the mayor?")

    page = ada.get(f"{QUEUE}?view=escalated")
    assert shown(page) == [comment]
    assert "Is this the mayor?" in detail_of(page)


def test_what_a_colleague_decided_meanwhile_stays(store, site, desk: Enter):
    """Nothing is decided twice: who is second is told who was first, and can still say otherwise on purpose."""
    comment = held(store, site.id)
    ada, bo = desk(), desk(name="Bo")
    decide(bo, comment, "approve")

    where = arguments(decide(ada, comment, "spam"))
    assert (where["at"], where["clash"]) == (comment, "spam")
    assert len(rulings_on(store, comment)) == 1
    page = detail_of(ada.get(f"{QUEUE}?at={comment}&clash=spam"))
    assert "Already approved by Bo." in page
    seen = re.search(r'name="seen" value="([^"]+)"', page)[1]

    arguments(decide(ada, comment, "spam", seen=seen, take_over="1"))

    assert [(action, by) for action, _, by in rulings_on(store, comment)] == [
        ("approve", "Bo"),
        ("reject", "the moderator"),
    ]


def test_the_same_decision_sent_twice_is_one(store, site, desk: Enter):
    """A browser that lost the answer sends it again."""
    comment = held(store, site.id)
    ada = desk()

    first, second = (arguments(decide(ada, comment, "spam")) for _ in range(2))

    assert first["done"] == second["done"]
    assert len(rulings_on(store, comment)) == 1


def test_an_edited_comment_is_read_again(store, site, desk: Enter):
    """A decision is on the text that was seen."""
    comment = held(store, site.id)
    edit = Edit(comment={"text": "Something else entirely."})
    store.write(lambda c: moderation.edit(c, site.id, comment, edit, now=NOW))

    where = arguments(decide(desk(), comment, "approve"))

    assert where["clash"] == "approve"
    assert rulings_on(store, comment) == []


def test_a_colleague_who_looks_is_in_the_way_until_asked(store, site, desk: Enter):
    """Leases are soft: one can take over, and everybody sees who looks."""
    comment = held(store, site.id)
    ada, bo = desk(), desk(name="Bo")
    assert bo.post(f"{QUEUE}/claim", {"comment": comment}).status_code == 200

    answer = ada.post(f"{QUEUE}/claim", {"comment": comment})
    assert (answer.status_code, answer.json["by"]) == (409, "Bo")
    page = detail_of(ada.get(QUEUE))
    assert "Bo is looking at this comment just now." in page
    assert 'value="approve"' not in page
    assert arguments(decide(ada, comment, "approve"))["clash"] == "approve"
    assert status_of(store, comment) == "held"

    decide(ada, comment, "take_over")
    decide(ada, comment, "approve")
    assert status_of(store, comment) == "approved"


def test_a_lease_is_given_back(store, site, desk: Enter):
    """Only one's own."""
    comment = held(store, site.id)
    ada, bo = desk(), desk(name="Bo")
    ada.post(f"{QUEUE}/claim", {"comment": comment})
    bo.post(f"{QUEUE}/release", {"comment": comment})
    assert bo.post(f"{QUEUE}/claim", {"comment": comment}).status_code == 409

    ada.post(f"{QUEUE}/release", {"comment": comment})

    assert bo.post(f"{QUEUE}/claim", {"comment": comment}).status_code == 200


def test_ticked_rows_are_one_act(store, site, desk: Enter):
    """With one receipt and one undo; what somebody decided before is left alone and told of."""
    ids = [held(store, site.id) for _ in range(4)]
    ada, bo = desk(), desk(name="Bo")
    decide(bo, ids[0], "approve")

    where = arguments(ada.post(f"{QUEUE}/bulk", {"do": "spam", "pick": [f"{each}:1:" for each in ids]}))
    assert [status_of(store, each) for each in ids] == ["approved", "rejected", "rejected", "rejected"]
    page = ada.get(f"{QUEUE}?done={where['done']}").text
    assert "3 rejected. 1 was left alone: somebody had decided it." in page

    ada.post(f"{QUEUE}/undo", {"act": where["done"]})

    assert [status_of(store, each) for each in ids] == ["approved", "held", "held", "held"]


def test_ticking_nothing_does_nothing(site, desk: Enter):
    """And says what to do."""
    answer = desk().post(f"{QUEUE}/bulk", {"do": "spam", "pick": ["nonsense"]}, follow_redirects=True)

    assert "Tick some comments first." in answer.text


# --- Who may do what ----------------------------------------------------------------------------------------------


def test_a_trainee_proposes(store, site, desk: Enter):
    """Nothing is decided by it; whoever gives second looks sees what was proposed and by whom."""
    comment = held(store, site.id)
    tim, ada = desk(Role.TRAINEE), desk()

    assert "You propose; somebody else makes it final." in tim.get(QUEUE).text
    where = arguments(decide(tim, comment, "spam"))
    assert "Proposed: reject" in tim.get(f"{QUEUE}?done={where['done']}").text
    assert (status_of(store, comment), rulings_on(store, comment)) == ("held", [])
    page = ada.get(f"{QUEUE}?view=second-look")
    assert shown(page) == [comment]
    assert "the trainee proposes: reject (Spam)" in detail_of(page)
    assert 'data-view="second-look"' not in tim.get(QUEUE).text
    assert "data-agree" not in tim.get(f"{QUEUE}?at={comment}").text

    agree = re.search(r"<form[^>]*data-agree.*?</form>", detail_of(page), re.DOTALL)[0]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', agree))
    ada.post(f"{QUEUE}/decide", fields)
    assert (status_of(store, comment), rulings_on(store, comment)) == (
        "rejected",
        [("reject", "spam", "the moderator")],
    )


@pytest.mark.parametrize(
    ("role", "path", "form", "allowed"),
    [
        (Role.VIEWER, "decide", {"do": "approve"}, False),
        (Role.VIEWER, "decide", {"do": "note", "note": "x"}, False),
        (Role.VIEWER, "claim", {}, False),
        (Role.VIEWER, "undo", {"act": "last"}, False),
        (Role.TRAINEE, "bulk", {"do": "approve"}, False),
        (Role.TRAINEE, "decide", {"do": "note", "note": "x"}, True),
        (Role.TRAINEE, "claim", {}, True),
        (Role.MODERATOR, "bulk", {"do": "approve"}, True),
        (Role.ADMIN, "decide", {"do": "approve"}, True),
    ],
)
def test_each_role_does_what_it_may(store, site, desk: Enter, role, path, form, allowed):
    """And nothing else: the page says which right is missing."""
    comment = held(store, site.id)
    body = {"comment": comment, "revision": "1", "seen": "", "pick": f"{comment}:1:", **form}

    answer = desk(role).post(f"{QUEUE}/{path}", body)

    assert (answer.status_code < 400) is allowed
    if not allowed:
        assert answer.status_code == 403
        with store.read() as connection:
            verbs = connection.execute(sa.select(tables_desk.acts.c.verb)).scalars().all()
        assert set(verbs) == {"people"}  # that somebody got this role is all that happened


def test_a_viewer_sees_no_buttons(store, site, desk: Enter):
    """But all the rest."""
    held(store, site.id, "Worth reading.")

    page = desk(Role.VIEWER).get(QUEUE).text

    assert "Worth reading." in page
    assert 'value="approve"' not in page
    assert "You may read here, but not decide about comments." in page


def test_what_others_did_is_theirs_unless_one_gives_second_looks(store, site, desk: Enter):
    """A trainee takes back only their own."""
    comment = held(store, site.id)
    ada, tim = desk(), desk(Role.TRAINEE)
    act = arguments(decide(ada, comment, "approve"))["done"]

    assert tim.post(f"{QUEUE}/undo", {"act": act}).status_code == 403
    by_key = tim.post(f"{QUEUE}/undo", {"act": act}, headers={"X-Desk": "act"})
    assert by_key.status_code == 403
    assert by_key.json["says"] == ("Your role does not let you give second looks or take back what colleagues decided.")
    assert arguments(desk(name="Bo").post(f"{QUEUE}/undo", {"act": act}))["at"] == comment


def test_a_comment_of_another_site_is_out_of_reach(store, site, desk: Enter, make_site):
    """Whoever moderates one site decides nothing on another."""
    other, _ = make_site("other")
    comment = held(store, other.id, "A secret of another site.")
    ada = desk()

    assert "A secret of another site." not in ada.get(f"{QUEUE}?at={comment}").text
    assert ada.get(f"{QUEUE}/comments/{comment}", headers={"X-Desk": "part"}).status_code == 404
    for do in ("approve", "skip", "take_over"):
        decide(ada, comment, do)
    ada.post(f"{QUEUE}/bulk", {"do": "spam", "pick": f"{comment}:1:"})
    ada.post(f"{QUEUE}/claim", {"comment": comment})

    assert status_of(store, comment) == "held"
    with store.read() as connection:
        assert items.items_of(connection, [comment])[comment].claimed_by is None


# --- What the script asks for -------------------------------------------------------------------------------------


def test_the_script_gets_json_for_the_same_forms(store, site, desk: Enter):
    """The receipt's words and the act; of a conflict who was first."""
    comment = held(store, site.id)
    ada, bo = desk(), desk(name="Bo")
    form = {"comment": comment, "revision": "1", "seen": "", "do": "spam"}

    done = ada.post(f"{QUEUE}/decide", form, headers={"X-Desk": "act"})
    assert (done.status_code, done.json["says"]) == (200, "Rejected: Spam")
    late = bo.post(f"{QUEUE}/decide", {**form, "do": "approve"}, headers={"X-Desk": "act"})

    assert (late.status_code, late.json["clash"], late.json["says"]) == (
        409,
        True,
        "Already rejected by the moderator.",
    )
    back = ada.post(f"{QUEUE}/undo", {"act": done.json["acts"][0]}, headers={"X-Desk": "act"})
    assert f'data-id="{comment}"' in back.json["rows"][comment]


def test_a_part_is_no_page(store, site, desk: Enter):
    """The script gets the detail and further rows alone; a browser gets the page at that comment."""
    comment = held(store, site.id, "A part of it.")
    ada = desk()

    part = ada.get(f"{QUEUE}/comments/{comment}", headers={"X-Desk": "part"})
    assert part.text.lstrip().startswith("<article")
    assert "A part of it." in part.text
    assert shown(ada.get(QUEUE, headers={"X-Desk": "part"})) == [comment]
    assert arguments(ada.get(f"{QUEUE}/comments/{comment}")) == {"at": comment}


def test_the_pulse_tells_what_changed_and_else_nothing(store, site, desk: Enter):
    """304 while nothing happens; then newcomers, leases, and what others decided, but not one's own."""
    first, second = held(store, site.id), held(store, site.id)
    ada, bo = desk(), desk(name="Bo")
    page = ada.get(QUEUE).text
    since = re.search(r'data-since="([^"]+)"', page)[1]
    path = f"{QUEUE}/pulse?{'&'.join(('since=' + since.replace('+', '%2B'), 'after='))}"

    quiet = ada.get(path)
    assert (quiet.json["new"], quiet.json["acts"]) == (0, [])
    tag = quiet.headers["ETag"]
    assert ada.get(path, headers={"If-None-Match": tag}).status_code == 304

    held(store, site.id)
    decide(bo, first, "approve")
    decide(ada, second, "skip")
    bo.post(f"{QUEUE}/claim", {"comment": second})
    told = ada.get(path, headers={"If-None-Match": tag}).json

    assert told["new"] == 1
    assert [(act["comment"], act["says"]) for act in told["acts"]] == [(first, "Approved by Bo")]
    assert (told["claims"], told["here"]) == ({second: "Bo"}, ["Bo"])


# --- Keys ---------------------------------------------------------------------------------------------------------


def test_keys_are_a_persons_own(desk: Enter):
    """A preset, and what differs from it; the queue's page has the effective map."""
    ada, bo = desk(), desk(name="Bo")
    assert '"a": "approve"' in unescape(ada.get(QUEUE).text)

    ada.post("/desk/keys", {"preset": "coral", "single": "1"})
    assert '"f": "approve"' in unescape(ada.get(QUEUE).text)
    ada.post("/desk/keys", {"preset": "coral", "single": "1", "key-spam": "y", "key-approve": "nonsense"})

    page = unescape(ada.get(QUEUE).text)
    assert '"y": "spam"' in page
    assert '"f": "approve"' in page
    assert '"a": "approve"' in unescape(bo.get(QUEUE).text)


def test_single_keys_can_be_off(desk: Enter):
    """Whoever dictates to the machine would trigger them."""
    ada = desk()
    ada.post("/desk/keys", {"preset": "wordpress"})

    page = ada.get(QUEUE).text

    assert 'data-single=""' in page
    assert "<kbd aria-hidden" not in page
