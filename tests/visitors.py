"""A person at the desk without a browser: Flask's client, with a form's token in every POST as a page has it."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.people import add_user
from service.roles import Role
from service.store.people import User

PASSWORD = "correct horse battery"
_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


class Visitor:
    """One browser at the desk."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()

    def get(self, path: str, **options: Any) -> TestResponse:
        """Open a page."""
        return self.client.get(path, **options)

    def token(self, page: str = "/desk/sign-in") -> str:
        """The token that forms on a page hold."""
        found = _TOKEN.search(self.client.get(page, follow_redirects=True).text)
        assert found, f"{page} has no token"
        return html.unescape(found[1])

    def post(self, path: str, form: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """Press the button of a form."""
        return self.client.post(path, data={"csrf_token": self.token(), **(form or {})}, **options)

    def sign_in(self, name: str, password: str = PASSWORD, **form: Any) -> TestResponse:
        """Fill in the sign-in page."""
        return self.post("/desk/sign-in", {"name": name, "password": password, **form})

    @property
    def cookie(self) -> str | None:
        """The session's token, if the browser has one."""
        found = self.client.get_cookie("sluice_desk", path="/desk")
        return None if found is None else found.value


def a_person(
    app: Flask, name: str, role: Role | None = Role.MODERATOR, site_id: str | None = None, password: str = PASSWORD
) -> User:
    """A user with a role on a site, or on all of them."""
    roles = {} if role is None else {site_id: role}
    return app.extensions["sluice"].store.write(
        lambda connection: add_user(connection, name, roles, datetime.now(UTC), password=password)
    )
