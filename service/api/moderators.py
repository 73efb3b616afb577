"""Who acts over the API: a moderator of the blog's own, under the name that the blog gives them."""

from __future__ import annotations

import uuid

from pydantic import Field

from service.acts import Actor
from service.schemas import Line, Strict
from service.store.accounts import Site

#: Who acts when the request names nobody.
NOBODY = "api"


class ModeratorIn(Strict):
    """Who acts, as your site knows them: leases, skips and the history go by this name."""

    moderator: Line | None = Field(None, min_length=1, max_length=150, description="Who acts, as your site knows them.")


def actor_of(site: Site, moderator: str | None) -> Actor:
    """The same name on the same site is the same person."""
    name = moderator or NOBODY
    return Actor(name, "api", str(uuid.uuid5(uuid.UUID(site.id), name)))
