"""What a site's moderators taught: used for that site alone, at once, and never in the way."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from factories import a_model, an_adaptation

from classifier.packing import pack
from service import adaptations, champion
from service.models import promote, register, roll_back, shipped_version
from service.store import tables
from workers import classify

NOW = datetime.now(UTC)
BODY = {"article": {"url": "https://blog.example/1"}, "comment": {"text": "What a long night that was."}}


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits a second in these tests."""
    monkeypatch.setattr(champion, "LOOK_SECONDS", 0.02)


@pytest.fixture
def two(make_site: Any) -> Any:
    """Two sites with their keys."""
    return make_site("taught"), make_site("other")


def let_decide(here: Any, folder: Path, site_id: str | None) -> str:
    """Register and promote what is in a folder, and wait until this process sees it."""
    packed = pack(folder)

    def work(connection: sa.Connection) -> None:
        register(connection, packed, site_id=site_id, made_by="test", note=None, now=NOW)
        promote(connection, packed.version, site_id=site_id, by="test", note=None, now=NOW)

    here.store.write(work)
    wait(lambda: packed.version in {here.brain.model, here.brain._champion.in_use().sites.get(site_id)})
    return packed.version


def wait(condition: Any) -> None:
    """Until it is so."""
    ends = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.01)


def submit(client: Any, key: str) -> str:
    """A comment's id."""
    return str(client.post("/v1/comments", json=BODY, headers={"Authorization": f"Bearer {key}"}).json["id"])


def test_only_the_site_itself_is_answered_with_it(client, app, here, two, tmp_path):
    """The same comment on two sites, in one batch: one is decided with what was taught, and the record says so."""
    (taught, its_key), (_, other_key) = two
    folder = an_adaptation(tmp_path / "a", "strict", base=shipped_version(), site=taught.id, spam=20.0)
    version = let_decide(here, folder, taught.id)
    ids = [submit(client, key) for key in (its_key, other_key)]

    classify.decide(here, ids)

    answers = [
        client.get(f"/v1/comments/{each}", headers={"Authorization": f"Bearer {key}"}).json
        for each, key in zip(ids, (its_key, other_key), strict=True)
    ]
    assert [each["status"] for each in answers] == ["held", "approved"]
    assert [each["model"] for each in answers] == [f"{shipped_version()}+{version}", shipped_version()]
    assert here.brain.adaptation(taught.id).version == version
    assert here.brain.adaptation(two[1][0].id) is None
    brain = app.extensions["sluice"].brain
    wait(lambda: brain.adaptation(taught.id) is not None)
    scored = [
        client.post("/v1/score", json={**BODY, "explain": True}, headers={"Authorization": f"Bearer {key}"}).json
        for key in (its_key, other_key)
    ]
    assert [each["model"] for each in scored] == [each["model"] for each in answers]
    assert [each["action"] for each in scored] == ["hold", "approve"]
    for each in scored:
        assert each["explanation"]["spam"]["score"] == each["scores"]["spam"]
    again = client.get(f"/v1/comments/{ids[0]}/explanation", headers={"Authorization": f"Bearer {its_key}"})
    assert again.status_code == 200
    assert again.json["accounts"]["spam"]["score"] == answers[0]["scores"]["spam"]


def test_it_rests_while_another_model_decides(here, two, tmp_path):
    """It was made for one model; with another it would say nonsense. Back with that model, it is back."""
    site = two[0][0]
    version = let_decide(here, an_adaptation(tmp_path / "a", "a", base=shipped_version(), site=site.id), site.id)
    assert here.brain.adaptation(site.id).version == version

    let_decide(here, a_model(tmp_path / "other", "other"), None)
    assert here.brain.adaptation(site.id) is None

    here.store.write(lambda c: roll_back(c, site_id=None, by="test", note=None, now=NOW))
    wait(lambda: here.brain.model == shipped_version())
    assert here.brain.adaptation(site.id).version == version


def test_a_broken_one_leaves_the_model_alone(client, here, two, tmp_path, monkeypatch):
    """The model decides without it, and it is tried again later."""
    (site, key), _ = two
    packed = pack(an_adaptation(tmp_path / "a", "a", base=shipped_version(), site=site.id, spam=20.0))
    monkeypatch.setattr(adaptations, "RETRY_SECONDS", 0.05)
    here.store.write(lambda c: register(c, packed, site_id=site.id, made_by="test", note=None, now=NOW))
    stored = sa.update(tables.models).where(tables.models.c.version == packed.version)
    here.store.write(lambda c: c.execute(stored.values(archive=b"broken")))
    here.store.write(lambda c: promote(c, packed.version, site_id=site.id, by="test", note=None, now=NOW))
    wait(lambda: here.brain._champion.in_use().sites)
    comment_id = submit(client, key)

    classify.decide(here, [comment_id])

    answer = client.get(f"/v1/comments/{comment_id}", headers={"Authorization": f"Bearer {key}"}).json
    assert (answer["status"], answer["model"]) == ("approved", shipped_version())
    here.store.write(lambda c: c.execute(stored.values(archive=packed.archive)))
    wait(lambda: here.brain.adaptation(site.id) is not None)


def test_the_last_used_ones_are_kept(here, make_site, tmp_path, monkeypatch):
    """However many sites there are, memory has a bound; one that was dropped is loaded again."""
    sites = [make_site(f"site-{number}")[0] for number in range(4)]
    for each in sites:
        let_decide(here, an_adaptation(tmp_path / each.name, each.name, base=shipped_version(), site=each.id), each.id)
    assert here.brain.adaptation(sites[0].id) is not None
    one = adaptations._size(here.brain.adaptation(sites[0].id))
    monkeypatch.setattr(adaptations, "KEPT_BYTES", 2 * one)

    for each in (*sites, sites[0], sites[3]):
        assert here.brain.adaptation(each.id).site == each.id

    assert len(here.brain._adaptations._loaded) == 2
