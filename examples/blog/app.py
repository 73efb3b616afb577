"""The blog's pages: the article with its comments and the form, and the address that webhooks come to."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from flask import Flask, Response, redirect, render_template, request, url_for
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.wrappers import Response as AnyResponse

from blog.article import PARAGRAPHS, PATH, PUBLISHED_AT, TITLE, article_at
from blog.moderation import ask, ask_again, take
from blog.store import Form, Store
from sluice_client import Sluice, SluiceError, verify

COOKIE: Final = "comment_author"
REMEMBER_SECONDS: Final = 365 * 24 * 3600
#: The longest values of the fields, as the form says them too.
LONGEST: Final = {"comment": 65_525, "author": 245, "email": 100, "url": 200}
POLICY: Final = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


@dataclass(frozen=True)
class BlogSettings:
    """What the blog must know."""

    base_url: str
    sluice_url: str
    sluice_key: str
    webhook_secret: str
    form_secret: str
    database: Path


def create_app(settings: BlogSettings) -> Flask:
    """The blog as a WSGI app."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 1024 * 1024
    store = Store(settings.database)
    sluice = Sluice(settings.sluice_url, settings.sluice_key)
    app.extensions["sluice"] = sluice
    forms = URLSafeTimedSerializer(settings.form_secret, salt="when the form was shown")
    article = article_at(settings.base_url)

    def page(status: int = 200, problem: str = "", form: Form | None = None) -> Response:
        known = store.remembered(request.cookies.get(COOKIE, ""))
        own = store.own(request.args.get("comment", ""))
        html = render_template(
            "article.html",
            title=TITLE,
            paragraphs=PARAGRAPHS,
            published_at=PUBLISHED_AT,
            comments=store.approved(),
            own=own if own and own.action != "approve" else None,
            name=form.name if form else known[0] if known else "",
            website=form.website if form else known[1] if known else "",
            text=form.text if form else "",
            known=known is not None,
            shown_at=forms.dumps(time.time()),
            longest=LONGEST,
            problem=problem,
        )
        return Response(html, status, content_type="text/html; charset=utf-8")

    @app.get("/")
    def front() -> AnyResponse:
        return redirect(PATH)

    @app.get(PATH)
    def article_page() -> Response:
        return page()

    @app.post(PATH)
    def leave_reply() -> AnyResponse:
        token = request.cookies.get(COOKIE, "")
        form = _form(forms, store.remembered_email(token))
        problem = _problem(form)
        if problem:
            return page(400, problem, form)
        comment_id = store.add(form, datetime.now(UTC).isoformat(timespec="seconds"))
        agent = request.headers.get("User-Agent")
        if ask(sluice, store, article, comment_id, ip=request.remote_addr, agent=agent):
            ask_again(sluice, store, article)
        own = store.own(comment_id)
        anchor = f"comment-{own.number}" if own else None
        answer = redirect(url_for("article_page", comment=comment_id, _anchor=anchor), 303)
        if request.form.get("remember"):
            secure = settings.base_url.startswith("https:")
            answer.set_cookie(
                COOKIE, store.remember(form), REMEMBER_SECONDS, httponly=True, samesite="Lax", secure=secure
            )
        return answer

    @app.post("/sluice-hook")
    def hook() -> tuple[str, int]:
        try:
            event = verify(settings.webhook_secret, request.headers, request.get_data())
        except SluiceError as error:
            return error.detail, 401
        take(store, event)
        return "", 204

    @app.after_request
    def guard(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"  # the address of a waiting comment stays here
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response

    return app


def _form(forms: URLSafeTimedSerializer, known_email: str) -> Form:
    """What was filled in; of the time only what we signed ourselves counts."""
    given = {name: request.form.get(name, "").replace("\0", "")[: length + 1] for name, length in LONGEST.items()}
    try:
        seconds: float | None = max(0.0, time.time() - float(forms.loads(request.form.get("shown_at", ""))))
    except (BadData, ValueError, TypeError):
        seconds = None
    return Form(
        name=given["author"].strip(),
        email=given["email"].strip() or known_email,
        website=given["url"].strip(),
        text=given["comment"],
        honeypot=request.form.get("phone", "")[:200],
        form_seconds=seconds,
    )


def _problem(form: Form) -> str:
    """What the reader has to mend, in a sentence; empty when nothing."""
    if not form.text.strip():
        return "Please type your comment text."
    if not form.name or not form.email:
        return "Please fill in the required fields: name and email."
    if "@" not in form.email.strip("@"):
        return "Please enter a valid email address."
    lengths = zip((form.text, form.name, form.email, form.website), LONGEST.values(), strict=True)
    if any(len(value) > longest for value, longest in lengths):
        return "Your comment, name, email or website is too long."
    return ""
