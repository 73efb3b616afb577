"""What the site asks for, in sentences; changes are tried on the comments of the last days before they are saved."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, flash, redirect, render_template, request, url_for

from classifier.domain import HEADS, Action
from classifier.owner import Mode
from classifier.policy_document import PolicyError, from_toml, parse, to_fields, to_toml
from classifier.policy_tables import PolicyDocument
from service.desk.blueprint import desk
from service.desk.policy_words import ACTION_NAMES, HARM_NAMES, HEAD_NAMES, MODE_NAMES, percent, sentences
from service.desk.session import Page, actor, desk_page, reference
from service.desk.words import gettext
from service.moderation import ModerationError
from service.policies import (
    SITE,
    Effective,
    PolicyChangedError,
    ScopeError,
    check_scope,
    load_shelf,
    read_scope,
    set_policy,
)
from service.roles import Right
from service.store import policies as store
from service.store.accounts import Site
from service.store.comments import AnyRow
from service.web import now, web
from service.whatif import what_if

DAYS: Final = (7, 14, 30, 90)
VERSIONS: Final = 20
MAX_TOML: Final = 256 * 1024


class FormError(ValueError):
    """What was typed cannot be used; the message is for the page."""


@desk.get("/<site_name>/policy", endpoint="policy")
@desk_page(Right.VIEW)
def policy_page(site: Site) -> Page:
    """What holds, where it comes from, the versions, and the forms to change it."""
    scope = _scope(request.args.get("scope"))
    return _page(site, scope)


@desk.post("/<site_name>/policy/try", endpoint="policy_try")
@desk_page(Right.POLICY)
def try_policy(site: Site) -> Page:
    """What a change would have done; nothing is changed by looking."""
    scope = _scope(request.form.get("scope"))
    days = next((each for each in DAYS if str(each) == request.form.get("days")), 14)
    try:
        document = _submitted(site, scope)
        check_scope(scope, document)
    except (FormError, PolicyError) as error:
        return _page(site, scope, problem=str(error), typed=request.form.get("toml"), status=422)
    here = web()
    with here.store.read() as connection:
        known = store.current(connection, site.id, scope)
        holds = load_shelf(connection, site.id, {scope: to_fields(document)}).effective_of(scope)
    missing = None
    try:
        found = what_if(here.store, here.brain, site.id, {scope: to_fields(document)}, now=now(), days=days)
    except LookupError:
        found, missing = None, gettext("No model is loaded, so nothing could be tried.")
    return render_template(
        "desk/policy_try.html",
        scope=scope,
        found=found,
        missing=missing,
        days=days,
        spans=DAYS,
        toml=to_toml(document),
        version=0 if known is None else known.version,
        said=list(sentences(holds.document)),
        Action=Action,
        percent=percent,
    )


@desk.post("/<site_name>/policy", endpoint="policy_save")
@desk_page(Right.POLICY)
def save_policy(site: Site) -> Page:
    """Save what was tried, unless somebody saved something else meanwhile."""
    scope = _scope(request.form.get("scope"))
    expected = request.form.get("version", "")
    saved_at, me = now(), actor()
    try:
        document = from_toml(request.form.get("toml", "")[:MAX_TOML])
        note = _note()
        version = web().store.write(
            lambda connection: set_policy(
                connection,
                site.id,
                scope,
                document,
                expected=int(expected) if expected.isdigit() else None,
                made_by=me.name,
                note=note,
                now=saved_at,
                actor=me,
            )
        )
    except PolicyChangedError:
        problem = gettext("Somebody changed the policy meanwhile. Look at what holds now, then try yours again.")
        return _page(site, scope, problem=problem, typed=request.form.get("toml"), status=409)
    except (FormError, PolicyError, ModerationError) as error:
        return _page(site, scope, problem=str(error), typed=request.form.get("toml"), status=422)
    flash(gettext("Saved as version %(number)s. It holds from now on; decisions that were made stay.", number=version))
    return redirect(url_for("desk.policy", site_name=reference(site), scope=scope), 303)


def _page(
    site: Site, scope: str, *, problem: str | None = None, typed: str | None = None, status: int = 200
) -> Response:
    with web().store.read() as connection:
        shelf = load_shelf(connection, site.id)
        known = store.current(connection, site.id, scope)
        scopes = [row.scope for row in store.current_of_all(connection, site.id)]
        versions = store.versions(connection, site.id, scope, None, VERSIONS)
    try:
        holds = shelf.effective_of(scope)
    except PolicyError as error:
        problem = problem or gettext("The stored policy cannot be read: %(why)s", why=error)
        holds = shelf_without(site)
    own = PolicyDocument() if known is None else _readable(known)
    body = render_template(
        "desk/policy.html",
        scope=scope,
        scopes=sorted({SITE, scope, *scopes}),
        said=list(sentences(holds.document)),
        document=holds.document,
        own=own,
        toml=typed if typed is not None else to_toml(own),
        version=0 if known is None else known.version,
        policy=holds.version,
        versions=[(row, _readable(row)) for row in versions],
        to_toml=to_toml,
        problem=problem,
        heads=HEAD_NAMES,
        modes=MODE_NAMES,
        harms=HARM_NAMES,
        actions=ACTION_NAMES,
        spans=DAYS,
    )
    return Response(body, status)


def shelf_without(site: Site) -> Effective:
    """What holds where a site has said nothing."""
    with web().store.read() as connection:
        return load_shelf(connection, site.id, {SITE: {}}).effective_of(SITE)


def _readable(row: AnyRow) -> PolicyDocument:
    try:
        return parse(row.document)
    except PolicyError:
        return PolicyDocument()


def _note() -> str:
    note = request.form.get("note", "").replace("\0", "").strip()[:500]
    if not note:
        raise FormError(gettext("Say in a few words why; others will read it."))
    return note


def _scope(written: str | None) -> str:
    try:
        return read_scope(written or SITE)
    except ScopeError:
        return SITE


def _submitted(site: Site, scope: str) -> PolicyDocument:
    """The document of either form.

    Raises:
        FormError, PolicyError.
    """
    if "toml" in request.form:
        return from_toml(request.form["toml"][:MAX_TOML])
    with web().store.read() as connection:
        known = store.current(connection, site.id, scope)
    fields: dict[str, Any] = dict(known.document) if known is not None else {}
    heads = {**fields.get("heads", {})}
    for head in HEADS:
        given = {
            name: _chance(f"{head}.{name}") for name in ("hold_at", "reject_at") if f"{head}.{name}" in request.form
        }
        heads[head] = {**heads.get(head, {}), **given}
    premoderation = {**fields.get("premoderation", {})}
    premoderation["modes"] = [mode.value for mode in Mode if request.form.get(f"mode.{mode.value}")]
    harm = {
        name: request.form[f"harm.{name}"]
        for name in HARM_NAMES
        if request.form.get(f"harm.{name}") in {"hold", "reject"}
    }
    return parse({**fields, "heads": heads, "premoderation": premoderation, "harm": {**fields.get("harm", {}), **harm}})


def _chance(name: str) -> float | str:
    """A field in per cent; an empty one is "never"."""
    written = request.form[name].strip().replace(",", ".").rstrip("% ")
    if not written:
        return "never"
    try:
        found = float(written)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 100:
        raise FormError(gettext("%(field)s must be a number from 0 to 100, or empty for never.", field=name))
    return round(found / 100, 6)
