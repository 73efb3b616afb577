"""The secrets with which a Coral signs: added and removed by the operator, two while one takes over from the other."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.engine import Connection

from service.sealing import UnsealedError, seal, unseal
from service.store import coral
from service.store.accounts import AccountError, Site, new_id
from service.store.comments import AnyRow

PURPOSE: Final = "coral"
MOST_SECRETS: Final = 2
_SECRET: Final = re.compile(r"[!-~]{16,200}")
_SIGNATURE: Final = re.compile(r"sha256=([0-9a-fA-F]{64})")
#: Entries of a signature header that are looked at; Coral sends one or two.
_MOST_SIGNATURES: Final = 4


def add(connection: Connection, site: Site, secret: bytes, signing: str, now: datetime) -> AnyRow:
    """Trust a secret from now on.

    Raises:
        AccountError: it cannot be one, is known already, or the site has two.
    """
    signing = signing.strip()
    if not _SECRET.fullmatch(signing):
        raise AccountError("A signing secret has 16 to 200 printable characters; copy it from Coral's admin.")
    known = coral.secrets_of(connection, site.id)
    if any(row.hint == signing[-4:] for row in known):
        raise AccountError(f"{site.name} has a secret that ends in {signing[-4:]} already.")
    if len(known) >= MOST_SECRETS:
        raise AccountError(f"{site.name} has {MOST_SECRETS} secrets already; remove the old one first.")
    row = {"id": new_id(), "site_id": site.id, "sealed": seal(secret, signing, PURPOSE)}
    coral.insert_secret(connection, {**row, "hint": signing[-4:], "created_at": now})
    return coral.secrets_of(connection, site.id)[-1]


def remove(connection: Connection, site: Site, hint: str) -> AnyRow:
    """Trust the secret that ends so no longer.

    Raises:
        AccountError: there is none.
    """
    for row in coral.secrets_of(connection, site.id):
        if row.hint == hint.strip()[-4:]:
            coral.delete_secret(connection, row.id)
            return row
    raise AccountError(f"{site.name} has no secret that ends so; `sluice coral show {site.name}` lists them.")


def opened(rows: Sequence[AnyRow], secret: bytes) -> list[bytes]:
    """The secrets as they sign; one that another installation's secret sealed is none."""
    found = []
    for row in rows:
        try:
            found.append(unseal(secret, row.sealed, PURPOSE).encode())
        except UnsealedError:
            continue
    return found


def is_signed(body: bytes, header: str, signing: Sequence[bytes]) -> bool:
    """Whether one of the header's entries is the body's HMAC under one of the secrets; all are compared, in full."""
    entries = [_SIGNATURE.fullmatch(entry.strip()) for entry in header.split(",")[:_MOST_SIGNATURES]]
    given = [bytes.fromhex(entry[1]) for entry in entries if entry is not None]
    wanted = [hmac.digest(each, body, "sha256") for each in signing]
    matches = [hmac.compare_digest(one, other) for one in given for other in wanted]
    return any(matches)
