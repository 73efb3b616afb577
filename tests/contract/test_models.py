"""Models in both databases: registered whole, promoted, taken back, removed."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from factories import a_model, an_adaptation

from classifier.packing import Packed, pack
from service.models import ModelsError, promote, register, remove, resting, roll_back, shipped_version, states
from service.store import accounts, tables
from service.store import models as rows
from service.store.engine import Store

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def site(store: Store) -> str:
    """The id of a site."""
    return store.write(lambda connection: accounts.add_site(connection, "blog", "https://blog.example", NOW)).id


def add(store: Store, packed: Packed, site_id: str | None = None) -> str:
    """Register a version and return its name."""
    store.write(lambda c: register(c, packed, site_id=site_id, made_by="test", note="a note", now=NOW))
    return packed.version


def put(store: Store, version: str | None, site_id: str | None = None) -> Any:
    """Promote."""
    return store.write(lambda c: promote(c, version, site_id=site_id, by="test", note=None, now=NOW))


def back(store: Store, site_id: str | None = None) -> Any:
    """Roll back."""
    return store.write(lambda c: roll_back(c, site_id=site_id, by="test", note=None, now=NOW))


def read(store: Store, question: Any, *values: Any) -> Any:
    """The answer to a question of the store."""
    with store.read() as connection:
        return question(connection, *values)


def test_a_version_is_kept_whole(store, tmp_path):
    """What comes out is byte for byte what went in; registering it again changes nothing."""
    packed = pack(a_model(tmp_path / "a", "a"))

    add(store, packed)

    assert not store.write(lambda c: register(c, packed, site_id=None, made_by="x", note=None, now=NOW))
    about = read(store, rows.find_model, packed.version)
    assert (about.kind, about.site_id, about.base) == ("global", None, None)
    assert (about.note, about.made_by) == ("a note", "test")
    assert (about.sha256, about.manifest, about.report) == (packed.sha256, packed.manifest, packed.report)
    assert about.created_at == NOW
    assert read(store, rows.read_archive, packed.version) == packed.archive
    assert [row.version for row in read(store, rows.all_models)] == [packed.version]


def test_another_model_of_the_same_name_is_refused(store, tmp_path):
    """A version is one content for ever: decisions name it."""
    first = pack(a_model(tmp_path / "a", "a"))
    add(store, first)

    with pytest.raises(ModelsError, match="Another model is already registered"):
        add(store, pack(a_model(tmp_path / "b", "b", version=first.version)))


def test_promotions_are_a_history(store, tmp_path):
    """Nothing promoted: the shipped model. Each promotion says what was before, and a roll back is one more."""
    a, b = (add(store, pack(a_model(tmp_path / name, name))) for name in ("a", "b"))
    assert read(store, states) == {None: "champion"}
    assert read(store, rows.newest_promotion) is None

    assert (put(store, a).previous, put(store, b).previous) == (None, a)
    assert not put(store, b).changed
    assert read(store, states) == {a: "previous", b: "champion"}

    assert back(store).version == a
    assert back(store).version == b
    assert put(store, None).previous == b
    assert read(store, states) == {b: "previous", None: "champion"}
    history = read(store, rows.promotions_of, None, 10)
    assert [(row.number, row.version, row.previous) for row in history] == [
        (5, None, b),
        (4, b, a),
        (3, a, b),
        (2, b, a),
        (1, a, None),
    ]
    assert {row.promoted_by for row in history} == {"test"}


def test_going_back_needs_a_promotion(store, site):
    """Of the model and of a site's adaptation alike."""
    for scope in (None, site):
        with pytest.raises(ModelsError, match="Nothing was promoted"):
            back(store, scope)


def test_only_what_is_registered_can_be_promoted(store):
    """And the sentence says where to look."""
    with pytest.raises(ModelsError, match="There is no model gone; `sluice models list`"):
        put(store, "gone")


def test_an_adaptation_stays_with_its_site_and_its_model(store, site, tmp_path):
    """It is promoted for its site only, and rests when another model decides."""
    other = store.write(lambda c: accounts.add_site(c, "other", "https://other.example", NOW)).id
    adapted = pack(an_adaptation(tmp_path / "s", "blog", base=shipped_version(), site=site))
    for wrong, message in ((None, "--site"), (other, "another site")):
        with pytest.raises(ModelsError, match=message):
            add(store, adapted, wrong)
    add(store, adapted, site)
    for wrong, message in ((None, "--site"), (other, "another site")):
        with pytest.raises(ModelsError, match=message):
            put(store, adapted.version, wrong)

    put(store, adapted.version, site)

    assert read(store, rows.in_force).keys() == {site}
    assert read(store, resting) == []
    a = add(store, pack(a_model(tmp_path / "a", "a")))
    with pytest.raises(ModelsError, match="leave --site out"):
        put(store, a, site)
    put(store, a)
    assert [row.version for row in read(store, resting)] == [adapted.version]
    assert back(store, site).version is None
    with pytest.raises(ModelsError, match=f"adapts {shipped_version()}, but {a} decides now"):
        put(store, adapted.version, site)
    back(store)
    assert put(store, adapted.version, site).changed


def test_what_decides_or_may_be_needed_is_not_removed(store, tmp_path):
    """Neither champion nor previous; any other goes, and its promotions stay."""
    a, b, c = (add(store, pack(a_model(tmp_path / name, name))) for name in ("a", "b", "c"))
    for version in (a, b, c):
        put(store, version)

    for version, state in ((c, "champion"), (b, "previous")):
        with pytest.raises(ModelsError, match=f"{version} is the {state} and stays"):
            store.write(lambda connection, each=version: remove(connection, each, by="cli:test", now=NOW))
    store.write(lambda connection: remove(connection, a, by="cli:test", now=NOW))

    assert read(store, rows.find_model, a) is None
    assert len(read(store, rows.promotions_to, a, 10)) == 1
    with pytest.raises(ModelsError, match="There is no model"):
        store.write(lambda connection: remove(connection, a, by="cli:test", now=NOW))


def test_a_site_takes_its_adaptations_along(store, site, tmp_path):
    """What was learnt from a site goes with it."""
    adapted = pack(an_adaptation(tmp_path / "s", "blog", base=shipped_version(), site=site))
    add(store, adapted, site)
    put(store, adapted.version, site)

    store.write(lambda c: accounts.remove_site(c, accounts.get_site(c, site)))

    with store.read() as connection:
        for table in (tables.models, tables.promotions):
            assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() == 0


def test_many_may_promote_at_once(store, tmp_path):
    """Every promotion has its own number and knows the one before it."""
    names = [add(store, pack(a_model(tmp_path / name, name))) for name in "abcdef"]
    threads = [threading.Thread(target=put, args=(store, name)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    history = read(store, rows.promotions_of, None, 10)
    assert [row.number for row in history] == [6, 5, 4, 3, 2, 1]
    assert [row.previous for row in history] == [*(row.version for row in history[1:]), None]
