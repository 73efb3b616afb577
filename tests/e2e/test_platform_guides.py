"""The guides for Flask and Django: their code as it stands on the page, against the running service."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from servers import Sluice

from service.webhooks import headers, new_secret

pytestmark = pytest.mark.slow

GUIDES = Path(__file__).parents[2] / "docs" / "how-to"
SECRET = new_secret()
FORM = {"name": "Ada", "email": "ada@reader.example"}
HONEST = "Should I bake it hotter? Mine was pale after forty minutes."
HELD = "I know which street you live in, Olena. I will find you and I will kill you, just wait."


def blocks(page: str) -> list[str]:
    """The Python of a guide, in order."""
    return re.findall(r"```python\n(.*?)```", (GUIDES / page).read_text(encoding="utf-8"), re.DOTALL)


def message(comment_id: str, kind: str, action: str | None, event_id: str) -> tuple[bytes, dict[str, str]]:
    """A webhook as Sluice sends it."""
    comment = {"id": "s", "external_id": comment_id, "revision": 1, "status": "approved", "action": action}
    event = {"id": event_id, "type": kind, "timestamp": "2026-11-28T17:00:00Z", "data": {"comment": comment}}
    body = json.dumps(event).encode()
    return body, headers([SECRET], event_id, int(time.time()), body)


@pytest.fixture
def flask_blog(live: Sluice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, Any]]:
    """Runs the guide for Flask on a database of its own, with Sluice where the test says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODERATION_KEY", live.key)
    monkeypatch.setenv("MODERATION_SECRET", SECRET)
    [source] = blocks("flask.md")

    def run(url: str) -> dict[str, Any]:
        monkeypatch.setenv("MODERATION_URL", url)
        program: dict[str, Any] = {"__name__": "comments"}
        exec(source, program)
        return program

    return run


@contextlib.contextmanager
def closing(program: dict[str, Any]) -> Any:
    """What the page leaves to the process's end."""
    try:
        yield program
    finally:
        program["sluice"].close()
        program["database"].close()


def test_the_flask_guide_asks_and_is_told(flask_blog, live):
    """Approved at once; held until a webhook says otherwise; erased when it says so; refused without a signature."""
    with closing(flask_blog(live.url)) as program:
        client = program["app"].test_client()
        assert client.post("/bread/comments", data={**FORM, "text": HONEST}).json == {"says": "Thank you!"}
        held = client.post("/bread/comments", data={**FORM, "text": HELD}).json
        assert "awaiting moderation" in held["says"]
        assert held["look"].startswith("http")
        assert [each["text"] for each in client.get("/bread/comments").json] == [HONEST]

        [(held_id,)] = program["database"].execute("SELECT id FROM comments WHERE text = ?", (HELD,)).fetchall()
        for event_id, kind, action, shown in (
            ("0002", "comment.ruled", "approve", 2),
            ("0001", "comment.decided", "hold", 2),
            ("0003", "ruling.undone", "hold", 1),
            ("0004", "comment.ruled", "approve", 2),
            ("0005", "comment.erased", None, 1),
        ):
            body, signed = message(held_id, kind, action, event_id)
            assert client.post("/sluice-hook", data=body, headers=signed).status_code == 204
            assert len(client.get("/bread/comments").json) == shown, kind
        assert client.post("/sluice-hook", data=body).status_code == 401
        assert program["database"].execute("SELECT count(*) FROM comments").fetchone() == (1,)


def test_the_flask_guide_holds_while_sluice_is_away(flask_blog):
    """The comment is kept, and not shown."""
    with closing(flask_blog("http://127.0.0.1:1")) as program:
        client = program["app"].test_client()
        assert "awaiting" in client.post("/bread/comments", data={**FORM, "text": HONEST}).json["says"]
        assert client.get("/bread/comments").json == []
        assert program["database"].execute("SELECT text FROM comments").fetchall() == [(HONEST,)]


#: A project around the guide's files, which are used as they stand on the page. Prints what came of each request.
PROJECT = """
import json, sys
import django
from django.conf import settings
settings.configure(
    ROOT_URLCONF="urls", SECRET_KEY="x" * 50, ALLOWED_HOSTS=["*"], INSTALLED_APPS=["comments"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "blog.db"}},
    MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"], **json.loads(sys.argv[1]),
)
django.setup()
from django.db import connection
from django.test import Client
from comments.models import Comment
from comments.views import sluice
with connection.schema_editor() as editor:
    editor.create_model(Comment)
client = Client()
for text in json.loads(sys.argv[2]):
    form = {"name": "Ada", "email": "ada@reader.example", "text": text}
    print(json.dumps(client.post("/bread/comments/new", form).json()))
for line in sys.stdin:
    kind, action, event_id, signed = json.loads(line)
    comment_id = str(Comment.objects.get(text=json.loads(sys.argv[2])[-1]).id)
    from service_side import message
    body, headers = message(comment_id, kind, action, event_id)
    answer = Client(enforce_csrf_checks=True).post(
        "/sluice-hook", body, "application/json", headers=headers if signed else {})
    print(json.dumps([answer.status_code, len(client.get("/bread/comments").json()["comments"])]))
sluice.close()
connection.close()
"""
SERVICE_SIDE = """
import json, time
from service.webhooks import headers
def message(comment_id, kind, action, event_id):
    comment = {"id": "s", "external_id": comment_id, "revision": 1, "status": "approved", "action": action}
    event = {"id": event_id, "type": kind, "timestamp": "2026-11-28T17:00:00Z", "data": {"comment": comment}}
    body = json.dumps(event).encode()
    return body, headers([SECRET], event_id, int(time.time()), body)
"""


def django_project(folder: Path, url: str, key: str, texts: list[str], events: list[tuple[Any, ...]]) -> list[Any]:
    """Run the guide's files as a project, and what it printed."""
    settings, models, views, urls = blocks("django.md")
    names = dict(re.findall(r'^(MODERATION_\w+) = "(.*)"$', settings, re.MULTILINE))
    assert names.keys() == {"MODERATION_URL", "MODERATION_KEY", "MODERATION_SECRET"}
    values = {"MODERATION_URL": url, "MODERATION_KEY": key, "MODERATION_SECRET": SECRET}
    (folder / "comments").mkdir()
    for name, source in (
        ("comments/__init__.py", ""),
        ("comments/models.py", models),
        ("comments/views.py", views),
        ("urls.py", urls),
        ("project.py", PROJECT),
        ("service_side.py", f"SECRET = {SECRET!r}\n{SERVICE_SIDE}"),
    ):
        (folder / name).write_text(source, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "project.py", json.dumps(values), json.dumps(texts)],
        cwd=folder,
        input="\n".join(json.dumps(event) for event in events),
        env={**os.environ, "PYTHONPATH": str(GUIDES.parents[1])},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_django_guide_asks_and_is_told(live, tmp_path):
    """The same promises, with Django's own CSRF protection on."""
    events = [
        ("comment.ruled", "approve", "0002", True),
        ("comment.decided", "hold", "0001", True),
        ("ruling.undone", "hold", "0003", True),
        ("comment.ruled", "approve", "0004", False),
        ("comment.erased", None, "0005", True),
    ]
    thanks, held, *told = django_project(tmp_path, live.url, live.key, [HONEST + " Django?", HELD + " D."], events)

    assert thanks == {"says": "Thank you!"}
    assert "awaiting moderation" in held["says"]
    assert told == [[204, 2], [204, 2], [204, 1], [401, 1], [204, 1]]


def test_the_django_guide_holds_while_sluice_is_away(tmp_path, live):
    """The comment is kept, and waits."""
    [said] = django_project(tmp_path, "http://127.0.0.1:1", live.key, [HONEST], [])

    assert said == {"says": "Your comment is awaiting moderation."}
