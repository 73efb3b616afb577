"""The tables of the people who moderate: users, their roles, sessions, one-time links.

Nothing in them works without the installation's secret: tokens are kept as keyed digests, TOTP secrets sealed.
"""

from __future__ import annotations

import sqlalchemy as sa

from service.store.tables import Id, UTCDateTime, metadata

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("name", sa.String(100), nullable=False),
    # The name with case folded away, which may make it longer: two people never differ in case only.
    sa.Column("name_key", sa.String(300), nullable=False, unique=True),
    # argon2id; nothing until the person has chosen one, or when they sign in elsewhere.
    sa.Column("password_hash", sa.String(300)),
    sa.Column("totp_secret", sa.String(500)),
    # The time step of the last code that was used, so that none is used twice.
    sa.Column("totp_step", sa.BigInteger),
    # Keyed digests of the codes that are left.
    sa.Column("recovery_codes", sa.JSON(none_as_null=True)),
    # A digest of issuer and subject: whom the OpenID provider means.
    sa.Column("oidc_subject", sa.String(64), unique=True),
    sa.Column("language", sa.String(20)),
    sa.Column("preferences", sa.JSON, nullable=False),
    # Failed sign-ins in a row, and until when further ones are refused without looking.
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("locked_until", UTCDateTime),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("disabled_at", UTCDateTime),
    sa.Column("last_sign_in_at", UTCDateTime),
)

memberships = sa.Table(
    "memberships",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("user_id", Id, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    # Nothing means all sites, those to come as well.
    sa.Column("site_id", Id, sa.ForeignKey("sites.id", ondelete="CASCADE"), index=True),
    sa.Column("role", sa.String(10), nullable=False),
    sa.UniqueConstraint("user_id", "site_id"),
)
# A unique constraint takes any number of nothings.
sa.Index(
    "ix_memberships_user_id_on_all_sites",
    memberships.c.user_id,
    unique=True,
    sqlite_where=memberships.c.site_id.is_(None),
    postgresql_where=memberships.c.site_id.is_(None),
)

sessions = sa.Table(
    "sessions",
    metadata,
    # A keyed digest of the token in the cookie.
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("user_id", Id, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("seen_at", UTCDateTime, nullable=False),
    sa.Column("expires_at", UTCDateTime, nullable=False, index=True),
    # "password", "totp", "recovery", "link" or "oidc".
    sa.Column("signed_in_how", sa.String(10), nullable=False),
)

sign_in_links = sa.Table(
    "sign_in_links",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    # Whom it signs in; nobody for the link that makes the first admin.
    sa.Column("user_id", Id, sa.ForeignKey("users.id", ondelete="CASCADE"), index=True),
    # "first", "invite" or "reset".
    sa.Column("purpose", sa.String(10), nullable=False),
    sa.Column("created_at", UTCDateTime, nullable=False),
    sa.Column("expires_at", UTCDateTime, nullable=False),
    sa.Column("used_at", UTCDateTime),
)
