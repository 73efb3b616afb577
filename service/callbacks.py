"""Telling WordPress what moderators decide, in the words of Akismet's plugin (5.5 and later).

WordPress names the address with each check. It is kept as a webhook of its own kind, so outbox, order, retries and the
rules of where we may send to are those of every webhook; its secret is the site's API key, which the plugin compares.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy.engine import Connection

from classifier.domain import Status
from service.attempts import PURPOSE, Attempt, Post, attempted
from service.egress import RefusedError, Rules, target_of
from service.events import EventKind
from service.sealing import UnsealedError, seal, unseal
from service.store import checks, hooks
from service.store.accounts import Site, new_id
from service.store.comments import AnyRow
from service.store.engine import Store

#: A comment that was checked again has several names; WordPress knows one of the last.
MOST_GUIDS: Final = 5


def is_of_site(url: str, site: Site, rules: Rules) -> bool:
    """Whether a check may have us send there: the site's own host, and an address that we send to at all."""
    try:
        target = target_of(url, rules)
    except RefusedError:
        return False
    return target.host == (urlsplit(site.url).hostname or "").removesuffix(".")


def remember(connection: Connection, site: Site, url: str, key: str, *, secret: bytes, now: datetime) -> None:
    """From now on tell this address what moderators decide; one that was given up is told again, since it lives.

    A site has one such address, the last that was named.
    """
    known = hooks.callback_of(connection, site.id)
    if known is not None and (known.url, known.disabled_at, _opened(secret, known)) == (url, None, key):
        return
    afresh = dict.fromkeys(("disabled_at", "disabled_reason", "failing_since", "paused_until", "previous_secret"))
    row = {**afresh, "url": url, "secret": seal(secret, key, PURPOSE), "failures": 0}
    if known is not None:
        hooks.update_webhook(connection, known.id, row)
        return
    row |= {"id": new_id(), "site_id": site.id, "speaks": hooks.AKISMET, "created_at": now}
    hooks.insert_webhook(connection, {**row, "events": [EventKind.RULED.value]})


def attempt_to(database: Store, claimed: AnyRow, live_secrets: Sequence[str], post: Post) -> Attempt:
    """Tell WordPress once how the comment of an event stands."""
    if not live_secrets:
        return Attempt(None, "The key cannot be opened with the installation's secret; the next check renews it.")
    with database.read() as connection:
        guids = checks.guids_of(connection, [claimed.comment_id]).get(claimed.comment_id, [])[:MOST_GUIDS]
    body = json.dumps(said(live_secrets[0], guids, claimed.payload)).encode()
    headers = {"Content-Type": "application/json", "User-Agent": f"Sluice/{version('sluice-moderation')}"}
    return attempted(post, claimed.url, body, headers)


def said(key: str, guids: Sequence[str], payload: dict[str, Any]) -> dict[str, Any]:
    """What the plugin reads; only the result, and by what name it knows the comment."""
    result = "true" if payload["data"]["comment"]["status"] == Status.REJECTED else "false"
    comments = [{"guid": guid, "result": result} for guid in guids]
    return {"key": key, "endpoint": "comment-check", "comments": comments}


def _opened(secret: bytes, row: AnyRow) -> str | None:
    try:
        return unseal(secret, row.secret, PURPOSE)
    except UnsealedError:
        return None
