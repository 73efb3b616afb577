"""Who is signed in, and the links that sign somebody in once; only keyed digests of their tokens are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.store.tables_people import sessions, sign_in_links, users


@dataclass(frozen=True, slots=True)
class Session:
    """One browser in which somebody is signed in."""

    id: str
    user_id: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    signed_in_how: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link that works once."""

    digest: str
    user_id: str | None
    purpose: str
    expires_at: datetime
    used_at: datetime | None


def insert_session(connection: Connection, session: Session) -> None:
    """Remember that somebody signed in."""
    row = {
        "id": session.id,
        "user_id": session.user_id,
        "created_at": session.created_at,
        "seen_at": session.seen_at,
        "expires_at": session.expires_at,
        "signed_in_how": session.signed_in_how,
    }
    connection.execute(sa.insert(sessions).values(row))


def session_with_id(connection: Connection, session_id: str) -> Session | None:
    """A session of somebody who is not disabled, expired or not."""
    query = (
        sa.select(sessions)
        .join(users, users.c.id == sessions.c.user_id)
        .where(sessions.c.id == session_id, users.c.disabled_at.is_(None))
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else Session(*row)


def sessions_of(connection: Connection, user_id: str) -> list[Session]:
    """A user's sessions, the one used last first."""
    query = sa.select(sessions).where(sessions.c.user_id == user_id).order_by(sessions.c.seen_at.desc())
    return [Session(*row) for row in connection.execute(query)]


def touch_session(connection: Connection, session_id: str, now: datetime) -> None:
    """Note that a session is in use."""
    connection.execute(sa.update(sessions).where(sessions.c.id == session_id).values(seen_at=now))


def delete_session(connection: Connection, session_id: str) -> None:
    """End one session."""
    connection.execute(sa.delete(sessions).where(sessions.c.id == session_id))


def delete_sessions_of(connection: Connection, user_id: str) -> int:
    """End all sessions of a user; how many there were."""
    return connection.execute(sa.delete(sessions).where(sessions.c.user_id == user_id)).rowcount


def delete_expired(connection: Connection, now: datetime) -> None:
    """Forget the sessions and links whose time is over."""
    connection.execute(sa.delete(sessions).where(sessions.c.expires_at < now))
    connection.execute(sa.delete(sign_in_links).where(sign_in_links.c.expires_at < now))


def insert_link(connection: Connection, link: Link, now: datetime) -> None:
    """Remember a link that was made."""
    row = {
        "digest": link.digest,
        "user_id": link.user_id,
        "purpose": link.purpose,
        "created_at": now,
        "expires_at": link.expires_at,
        "used_at": None,
    }
    connection.execute(sa.insert(sign_in_links).values(row))


def link_with_digest(connection: Connection, digest: str) -> Link | None:
    """A link, used and expired or not, unless its user is disabled."""
    link = sign_in_links.c
    query = (
        sa.select(link.digest, link.user_id, link.purpose, link.expires_at, link.used_at)
        .outerjoin(users, users.c.id == link.user_id)
        .where(link.digest == digest, users.c.disabled_at.is_(None))
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else Link(*row)


def use_link(connection: Connection, digest: str, now: datetime) -> bool:
    """Use a link up; false when somebody was faster."""
    query = sa.update(sign_in_links).where(sign_in_links.c.digest == digest, sign_in_links.c.used_at.is_(None))
    return connection.execute(query.values(used_at=now)).rowcount == 1


def delete_links(connection: Connection, user_id: str | None) -> None:
    """Take back the links of a user, or with ``None`` those that make the first admin."""
    theirs = sign_in_links.c.user_id.is_(None) if user_id is None else sign_in_links.c.user_id == user_id
    connection.execute(sa.delete(sign_in_links).where(theirs))


def forget_everybody(connection: Connection) -> None:
    """Sign everybody out and take all links back, as after a restore: old ones must not come alive again."""
    connection.execute(sa.delete(sessions))
    connection.execute(sa.delete(sign_in_links))
