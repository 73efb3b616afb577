"""A site's options: what it wants of the protocols that others speak."""

from __future__ import annotations

from flask import Response

from service.api.operations import operation
from service.scopes import Scope
from service.site_options import SiteOptions
from service.store.accounts import Site, set_options
from service.web import MAX_COMMENT_BYTES, answer, parse, read_bytes, web


@operation("GET", "/v1/options", scope="read", answers={200: SiteOptions})
def read_options(site: Site) -> Response:
    """Read your site's options.

    Defaults are among them.
    """
    return answer(SiteOptions(**site.options.model_dump()))


@operation("PUT", "/v1/options", scope="write", needs=Scope.ADMIN, body=SiteOptions, answers={200: SiteOptions})
def put_options(site: Site) -> Response:
    """Set your site's options.

    What you leave out has its default again. They hold within a second.
    """
    here = web()
    wanted = parse(SiteOptions, read_bytes(MAX_COMMENT_BYTES))
    stored = wanted.model_dump(exclude_unset=True)
    here.store.write(lambda connection: set_options(connection, site, stored))
    here.keys.forget(site)
    return answer(SiteOptions(**wanted.model_dump()))
