"""The use cases of models: registering a version, letting it decide, going back, and removing one.

Each takes an open transaction; running processes see a promotion within a second of its commit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

import config.logs
from classifier.adaptation import load_adaptation
from classifier.packing import Packed, pack
from classifier.registry import DEFAULT_MODEL, load, read_manifest
from service.acts import Verb, act_row, actor_of
from service.store import acts
from service.store import models as store
from service.store.accounts import get_site

log = config.logs.get("models")

#: How a command or API names the shipped model, and for a site that it has no adaptation.
SHIPPED = "shipped"


class ModelsError(Exception):
    """Something cannot be done with a model; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Promoted:
    """A promotion: the version that decides now (nothing: the shipped one), and the one before."""

    version: str | None
    previous: str | None
    changed: bool


def shipped_version() -> str:
    """The version of the model that comes with this Sluice."""
    return str(read_manifest(DEFAULT_MODEL)["version"])


def read_version(path: Path) -> Packed:
    """A version from its folder, tried out with this Sluice; raises a ``ModelError``."""
    packed = pack(path)
    if packed.kind == "site":
        load_adaptation(path)
    else:
        load(path).score(["A comment, to see that the model works."])
    return packed


def register(
    connection: Connection, packed: Packed, *, site_id: str | None, made_by: str, note: str | None, now: datetime
) -> bool:
    """Keep a version in the database, where every host finds it; false when it was there already.

    Raises:
        ModelsError: it is of the wrong kind for this scope, or another model has its name.
    """
    _check_scope(packed.version, packed.kind, str(packed.manifest.get("site", site_id)), site_id)
    known = store.find_model(connection, packed.version)
    if known is not None:
        if known.sha256 != packed.sha256:
            raise ModelsError(f"Another model is already registered as {packed.version}; train with another name.")
        _check_scope(known.version, known.kind, known.site_id, site_id)
        return False
    row = {
        "version": packed.version,
        "kind": packed.kind,
        "site_id": site_id,
        "base": packed.base,
        "manifest": packed.manifest,
        "report": packed.report,
        "note": note,
        "made_by": made_by,
        "created_at": now,
        "sha256": packed.sha256,
        "archive": packed.archive,
    }
    store.insert_model(connection, row)
    _record(connection, made_by, now, site_id, did="add", version=packed.version, note=note)
    return True


def promote(
    connection: Connection, version: str | None, *, site_id: str | None, by: str, note: str | None, now: datetime
) -> Promoted:
    """Let a registered version decide, ``None`` for the shipped one; for one site if it is an adaptation to it.

    Raises:
        ModelsError: there is no such version, it is for another scope, or it adapts another model than the present one.
    """
    store.lock_promotions(connection)
    in_force = store.in_force(connection)
    if version is not None:
        known = store.find_model(connection, version)
        if known is None:
            raise ModelsError(f"There is no model {version}; `sluice models list` shows them.")
        _check_scope(version, known.kind, known.site_id, site_id)
        if known.kind == "site":
            _check_base(known, in_force.get(None))
    previous = in_force[site_id].version if site_id in in_force else None
    if version == previous:
        return Promoted(version, previous, changed=False)
    row = {
        "site_id": site_id,
        "version": version,
        "previous": previous,
        "note": note,
        "promoted_by": by,
        "promoted_at": now,
    }
    store.insert_promotion(connection, row)
    _record(
        connection,
        by,
        now,
        site_id,
        did="promote",
        version=version or SHIPPED,
        previous=previous or SHIPPED,
        note=note,
    )
    log.info("model.promoted", model=version or SHIPPED, previous=previous or SHIPPED, site=site_id, by=by)
    return Promoted(version, previous, changed=True)


def roll_back(connection: Connection, *, site_id: str | None, by: str, note: str | None, now: datetime) -> Promoted:
    """Let the version decide that did so before the present one; twice is where it began.

    Raises:
        ModelsError: nothing was promoted yet, or the version before is of no use now.
    """
    store.lock_promotions(connection)
    present = store.in_force(connection).get(site_id)
    if present is None:
        of = "" if site_id is None else f" for the site {get_site(connection, site_id).name}"
        raise ModelsError(f"Nothing was promoted{of} yet, so there is nothing to go back to.")
    return promote(connection, present.previous, site_id=site_id, by=by, note=note, now=now)


def remove(connection: Connection, version: str, *, by: str, now: datetime) -> None:
    """Forget a version that nobody needs; its promotions stay in the history.

    Raises:
        ModelsError: there is none, or it decides now, or a roll back would need it.
    """
    store.lock_promotions(connection)
    known = store.find_model(connection, version)
    if known is None:
        raise ModelsError(f"There is no model {version}; `sluice models list` shows them.")
    state = states(connection).get(version)
    if state is not None:
        raise ModelsError(f"{version} is the {state} and stays; promote another one first.")
    store.delete_model(connection, version)
    _record(connection, by, now, known.site_id, did="remove", version=version)
    log.info("model.removed", model=version)


def states(connection: Connection) -> dict[str | None, str]:
    """What each version that matters is: ``champion``, or ``previous`` where a roll back would go.

    The key ``None`` is the shipped model, where it decides or did before.
    """
    in_force = store.in_force(connection)
    found: dict[str | None, str] = {}
    for site, row in in_force.items():
        if row.previous is not None or site is None:
            found[row.previous] = "previous"
    for site, row in in_force.items():
        if row.version is not None or site is None:
            found[row.version] = "champion"
    if None not in in_force:
        found[None] = "champion"
    return found


def resting(connection: Connection) -> list[Any]:
    """Promoted adaptations that are not in use, since they belong to another model than the present one."""
    in_force = store.in_force(connection)
    present = _version_of(in_force.get(None))
    rows = [store.find_model(connection, row.version) for site, row in in_force.items() if site and row.version]
    return [row for row in rows if row is not None and row.base != present]


def _record(connection: Connection, by: str, now: datetime, site_id: str | None, **detail: str | None) -> None:
    acts.insert_acts(connection, [act_row(actor_of(by), Verb.MODEL, now, site_id=site_id, detail=detail)])


def _version_of(promotion: Any) -> str:
    return shipped_version() if promotion is None or promotion.version is None else str(promotion.version)


def _check_scope(version: str, kind: str, its_site: str | None, site_id: str | None) -> None:
    if kind == "site" and site_id is None:
        raise ModelsError(f"{version} is an adaptation to one site; name the site: --site NAME.")
    if kind == "global" and site_id is not None:
        raise ModelsError(f"{version} is a model for all sites; leave --site out.")
    if kind == "site" and its_site != site_id:
        raise ModelsError(f"{version} was made for another site, and stays there.")


def _check_base(row: Any, promotion: Any) -> None:
    present = _version_of(promotion)
    if row.base != present:
        raise ModelsError(f"{row.version} adapts {row.base}, but {present} decides now; train it again.")
