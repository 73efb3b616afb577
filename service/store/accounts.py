"""Sites and their API keys."""

from __future__ import annotations

import hmac
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
import uuid_utils
from sqlalchemy.engine import Connection, RowMapping

from service.scopes import ALL as ALL_SCOPES
from service.scopes import Scope
from service.scopes import read as scopes_read
from service.scopes import stored as scopes_stored
from service.site_options import DEFAULT_OPTIONS, SiteOptions, read_options
from service.store.comments import AnyRow
from service.store.tables import api_keys, sites

# Akismet's clients accept nothing else: WordPress checks the length, host names are lower-cased.
KEY_LENGTH: Final = 12
KEY_ALPHABET: Final = string.digits + string.ascii_lowercase
#: Live keys of the same scopes that a site may have: the one in use, and the one that takes over.
MAX_LIVE_KEYS: Final = 2


class AccountError(Exception):
    """A site or key cannot be what was asked; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Site:
    """A customer of the API."""

    id: str
    name: str
    url: str
    created_at: datetime
    options: SiteOptions = DEFAULT_OPTIONS


@dataclass(frozen=True, slots=True)
class Key:
    """A live key, as a request shows it."""

    site: Site
    scopes: frozenset[Scope]


def new_id() -> str:
    """A UUIDv7: unique without asking anyone, and later ones sort after earlier ones."""
    return str(uuid_utils.uuid7())


def digest_key(secret: bytes, key: str) -> str:
    """What is stored of an API key: useless without the installation's secret."""
    return hmac.digest(secret, b"api-key:" + key.encode(), "sha256").hex()


def add_site(connection: Connection, name: str, url: str, now: datetime) -> Site:
    """Make a site.

    Raises:
        AccountError: the name is taken or empty, or the URL is not one.
    """
    name, url = name.strip(), url.strip()
    if not name or len(name) > 200 or not name.isprintable():
        raise AccountError("A site's name must have 1 to 200 printable characters.")
    if not url.startswith(("http://", "https://")) or len(url) > 2000 or any(c.isspace() for c in url):
        raise AccountError("A site's URL must start with http:// or https://.")
    if find_site(connection, name) is not None:
        raise AccountError(f"There is already a site named {name}.")
    site = Site(new_id(), name, url, now)
    connection.execute(sa.insert(sites).values(id=site.id, name=name, url=url, created_at=now))
    return site


def find_site(connection: Connection, name_or_id: str) -> Site | None:
    """The site with this name or id."""
    row = connection.execute(
        sa.select(sites).where(sa.or_(sites.c.name == name_or_id, sites.c.id == name_or_id))
    ).one_or_none()
    return None if row is None else _site(row)


def get_site(connection: Connection, name_or_id: str) -> Site:
    """The site with this name or id.

    Raises:
        AccountError: there is none.
    """
    site = find_site(connection, name_or_id)
    if site is None:
        raise AccountError(f"There is no site named {name_or_id}; `sluice site list` shows them.")
    return site


def all_sites(connection: Connection) -> list[Site]:
    """All sites by name."""
    return [_site(row) for row in connection.execute(sa.select(sites).order_by("name"))]


def stored_options(connection: Connection, site: Site) -> dict[str, Any]:
    """What the site wants otherwise, as it is stored."""
    return dict(connection.execute(sa.select(sites.c.options).where(sites.c.id == site.id)).scalar_one() or {})


def set_options(connection: Connection, site: Site, stored: Mapping[str, Any]) -> Site:
    """Store what the site wants otherwise; a web process acts on it within a second."""
    connection.execute(sa.update(sites).where(sites.c.id == site.id).values(options=dict(stored) or None))
    return replace(site, options=read_options(stored))


def remove_site(connection: Connection, site: Site) -> None:
    """Delete a site with its keys, articles, comments and everything said of them."""
    connection.execute(sa.delete(sites).where(sites.c.id == site.id))


def add_key(
    connection: Connection, site: Site, secret: bytes, now: datetime, scopes: frozenset[Scope] = ALL_SCOPES
) -> str:
    """Make a key and return it; it is never readable again.

    Raises:
        AccountError: the site has two live keys of these scopes already.
    """
    if len(_alike(connection, site, scopes)) >= MAX_LIVE_KEYS:
        kind = "" if scopes == ALL_SCOPES else " of these scopes"
        raise AccountError(f"{site.name} already has {MAX_LIVE_KEYS} live keys{kind}; revoke one first.")
    key = "".join(secrets.choice(KEY_ALPHABET) for _ in range(KEY_LENGTH))
    connection.execute(
        sa.insert(api_keys).values(
            id=new_id(),
            site_id=site.id,
            digest=digest_key(secret, key),
            hint=key[-4:],
            created_at=now,
            scopes=scopes_stored(scopes),
        )
    )
    return key


def live_keys(connection: Connection, site: Site) -> list[RowMapping]:
    """The site's keys that work, oldest first: id, hint, created_at, scopes as they are kept."""
    return list(
        connection.execute(
            sa.select(api_keys.c.id, api_keys.c.hint, api_keys.c.created_at, api_keys.c.scopes)
            .where(api_keys.c.site_id == site.id, api_keys.c.revoked_at.is_(None))
            .order_by(api_keys.c.id)
        ).mappings()
    )


def revoke_key(connection: Connection, site: Site, hint: str, now: datetime) -> dict[str, Any]:
    """Stop the site's live key with this id or these last four characters (or the whole key).

    Raises:
        AccountError: no live key matches, or more than one does.
    """
    matching = [key for key in live_keys(connection, site) if key["id"] == hint or key["hint"] == hint[-4:]]
    if len(matching) != 1:
        found = "No live key" if not matching else "More than one live key"
        raise AccountError(f"{found} of {site.name} ends in {hint[-4:]}; `sluice site show {site.name}` lists them.")
    connection.execute(sa.update(api_keys).where(api_keys.c.id == matching[0]["id"]).values(revoked_at=now))
    return dict(matching[0])


def rotate_key(
    connection: Connection, site: Site, secret: bytes, now: datetime, scopes: frozenset[Scope] = ALL_SCOPES
) -> str:
    """Make a new key beside the newest of the same scopes; an older second one is revoked, so that two stay live."""
    for key in _alike(connection, site, scopes)[: -(MAX_LIVE_KEYS - 1)]:
        connection.execute(sa.update(api_keys).where(api_keys.c.id == key["id"]).values(revoked_at=now))
    return add_key(connection, site, secret, now, scopes)


def site_of_key(connection: Connection, digest: str) -> Site | None:
    """The site whose live key has this digest."""
    found = key_with_digest(connection, digest)
    return None if found is None else found.site


def key_with_digest(connection: Connection, digest: str) -> Key | None:
    """The live key with this digest."""
    row = connection.execute(
        sa.select(sites, api_keys.c.scopes)
        .join(api_keys, api_keys.c.site_id == sites.c.id)
        .where(api_keys.c.digest == digest, api_keys.c.revoked_at.is_(None))
    ).one_or_none()
    return None if row is None else Key(_site(row), scopes_read(row.scopes))


def was_revoked(connection: Connection, digest: str) -> bool:
    """Whether a key with this digest was a site's once."""
    query = sa.select(api_keys.c.id).where(api_keys.c.digest == digest, api_keys.c.revoked_at.is_not(None))
    return connection.execute(query).first() is not None


def _site(row: AnyRow) -> Site:
    return Site(row.id, row.name, row.url, row.created_at, read_options(row.options or {}))


def _alike(connection: Connection, site: Site, scopes: frozenset[Scope]) -> list[RowMapping]:
    return [key for key in live_keys(connection, site) if key["scopes"] == scopes_stored(scopes)]
