"""The one blueprint that every page of the desk belongs to.

A page of a site has ``<site_name>`` in its path and stands behind ``service.desk.session.desk_page``; modules with
pages are imported by ``service.desk.frame``.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint

PREFIX: Final = "/desk"
desk: Final = Blueprint("desk", __name__, url_prefix=PREFIX)


def is_desk(path: str) -> bool:
    """Whether a path belongs to the desk, where errors are pages and every change needs a CSRF token."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")
