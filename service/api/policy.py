"""A site's policies: read what holds, set what is wanted, see who changed what."""

from __future__ import annotations

import re
from typing import Any, Final

from flask import Response, request
from pydantic import BaseModel, Field
from pydantic_core import from_json

from classifier.domain import Article
from classifier.policy import PolicyError
from classifier.policy_document import MAX_DOCUMENT_BYTES, Fault, from_toml, parse
from classifier.policy_tables import PolicyDocument
from service import policies
from service.api.operations import Parameter, operation
from service.errors import Problem, field_problem, malformed, pointer_to, refused
from service.moderation import ModerationError
from service.policies import MAX_ADDRESS, Effective, load_shelf, read_scope, set_policy
from service.schemas import FieldProblem
from service.scopes import Scope
from service.store import policies as store
from service.store.accounts import Site
from service.store.policies import AnyRow
from service.web import answer, now, read_bytes, web

TOML: Final = ("application/toml", "text/x-toml")
PAGE_LIMIT: Final = 100
MAX_URL: Final = 2_000
SCOPE_PATTERN: Final = f"^(site|section:[a-z0-9][a-z0-9_-]{{0,23}}|article:[^\\u0000]{{1,{MAX_ADDRESS}}})$"
_TAG: Final = re.compile(r'(?:W/)?"?(\d{1,9})"?')

SCOPE: Final = Parameter(
    "scope",
    "query",
    "`site`, `section:NAME`, or `article:ADDRESS` (the path is what counts).",
    {"type": "string", "default": "site", "pattern": SCOPE_PATTERN},
)
URL: Final = Parameter(
    "url",
    "query",
    "Say what holds for the article at this address instead.",
    {"type": "string", "maxLength": MAX_URL},
)
IF_MATCH: Final = Parameter(
    "If-Match",
    "header",
    "The version you read (the `ETag`), 0 for none; another version by now is 412. Without it the last one wins.",
    {"type": "string", "pattern": f"^({_TAG.pattern}|\\*)$", "examples": ['"3"']},
)
NOTE: Final = Parameter(
    "note", "query", "Why you change it; kept with the version.", {"type": "string", "maxLength": 500}
)
BEFORE: Final = Parameter(
    "before", "query", "Only versions below this one.", {"type": "integer", "minimum": 1, "maximum": 999_999_999}
)


class ScopeOut(BaseModel):
    """A scope that has a document."""

    scope: str
    version: int


class PolicyOut(BaseModel):
    """What a scope says, and what holds in it."""

    scope: str
    version: int = Field(description="Of the scope's own document; 0 when there is none. Also in the ETag.")
    document: PolicyDocument = Field(description="Only what this scope wants otherwise.")
    policy: str = Field(description="What decisions record: the versions that hold here, such as site@4+sports@2.")
    effective: PolicyDocument = Field(description="All that holds here: default, site, section and article together.")
    origins: dict[str, str] = Field(
        description="Which version each value of effective is from, by its dotted key; a rule as a whole."
    )
    scopes: list[ScopeOut] = Field(description="All scopes of the site that have a document.")


class PolicyVersionOut(BaseModel):
    """One version of a scope's document."""

    version: int
    document: PolicyDocument
    note: str | None
    made_by: str
    created_at: str


class PolicyVersionsOut(BaseModel):
    """Versions of a scope, newest first."""

    scope: str
    items: list[PolicyVersionOut]


@operation(
    "GET",
    "/v1/policy",
    scope="read",
    answers={200: PolicyOut},
    problems=("policy.unreadable",),
    parameters=(SCOPE, URL),
)
def read_policy(site: Site) -> Response:
    """Read a policy.

    What the scope itself says, and what holds there with everything that it inherits.
    """
    return _answered(site, _scope())


@operation(
    "PUT",
    "/v1/policy",
    scope="write",
    needs=Scope.ADMIN,
    body=PolicyDocument,
    body_description="The whole document of the scope, as JSON or as TOML; an empty one takes the policy back.",
    text_bodies=TOML,
    answers={200: PolicyOut},
    problems=("policy.changed", "policy.unreadable"),
    parameters=(SCOPE, IF_MATCH, NOTE),
)
def put_policy(site: Site) -> Response:
    """Set a policy.

    Every fault of the document is named at once. Workers go by the new version within a second; decisions that were
    made stay. The same document again is no new version.
    """
    scope, expected, note, put_at = _scope(), _expected(), _note(), now()
    document = _document(read_bytes(MAX_DOCUMENT_BYTES, ("application/json", *TOML)))
    try:
        web().store.write(
            lambda connection: set_policy(
                connection, site.id, scope, document, expected=expected, made_by="api", note=note, now=put_at
            )
        )
    except PolicyError as error:
        raise _faulty(error.faults) from None
    except ModerationError as error:
        raise refused(error) from None
    return _answered(site, scope)


@operation(
    "GET",
    "/v1/policy/versions",
    scope="read",
    answers={200: PolicyVersionsOut},
    problems=("policy.unreadable",),
    parameters=(SCOPE, BEFORE),
)
def list_policy_versions(site: Site) -> Response:
    """List the versions of a policy.

    The newest 100 of the scope; `before` leads to older ones.
    """
    scope, before = _scope(), request.args.get("before")
    if before is not None and not (before.isascii() and before.isdigit() and len(before) <= 9 and int(before) > 0):
        raise field_problem("#/before", "Must be the number of a version.")
    with web().store.read() as connection:
        rows = store.versions(connection, site.id, scope, None if before is None else int(before), PAGE_LIMIT)
    items = [
        PolicyVersionOut.model_construct(
            version=row.version,
            document=_stored(row),
            note=row.note,
            made_by=row.made_by,
            created_at=row.created_at.isoformat(),
        )
        for row in rows
    ]
    return answer(PolicyVersionsOut.model_construct(scope=scope, items=items))


def _answered(site: Site, scope: str) -> Response:
    url = request.args.get("url")
    if url is not None and len(url) > MAX_URL:
        raise field_problem("#/url", f"At most {MAX_URL:,} characters.")
    with web().store.read() as connection:
        row = store.current(connection, site.id, scope)
        shelf = load_shelf(connection, site.id)
        scopes = [
            ScopeOut(scope=each.scope, version=each.version) for each in store.current_of_all(connection, site.id)
        ]
    try:
        holds: Effective = shelf.effective_of(scope) if url is None else shelf.effective_for(Article(url=url))
    except PolicyError as error:
        raise _unreadable(error) from None
    version = 0 if row is None else row.version
    found = PolicyOut.model_construct(
        scope=scope,
        version=version,
        document=PolicyDocument() if row is None else _stored(row),
        policy=holds.version,
        effective=holds.document,
        origins=dict(holds.origins),
        scopes=scopes,
    )
    return answer(found, headers={"ETag": f'"{version}"'})


def _stored(row: AnyRow) -> PolicyDocument:
    try:
        return parse(row.document)
    except PolicyError as error:
        raise _unreadable(error) from None


def _unreadable(error: PolicyError) -> Problem:
    return Problem("policy.unreadable", f"A policy stored by another version of Sluice cannot be read: {error}")


def _scope() -> str:
    try:
        return read_scope(request.args.get("scope", policies.SITE))
    except ModerationError as error:
        raise field_problem("#/scope", str(error)) from None


def _expected() -> int | None:
    written = request.headers.get("If-Match")
    if written is None or written.strip() == "*":
        return None
    match = _TAG.fullmatch(written.strip())
    if match is None:
        raise field_problem("#/If-Match", 'Must be the version of the policy, such as "3".')
    return int(match[1])


def _note() -> str | None:
    note = request.args.get("note")
    if note is not None and (len(note) > 500 or "\0" in note):
        raise field_problem("#/note", "At most 500 characters, none of them NUL.")
    return note or None


def _document(body: bytes) -> PolicyDocument:
    if request.mimetype not in TOML:
        return _from_json(body)
    try:
        return from_toml(body.decode())
    except UnicodeDecodeError:
        raise Problem("request.malformed", "The body is not UTF-8.") from None
    except PolicyError as error:
        if not error.faults[0].path and len(error.faults) == 1:
            raise Problem("request.malformed", error.faults[0].message) from None
        raise _faulty(error.faults) from None


def _from_json(body: bytes) -> PolicyDocument:
    try:
        fields: Any = from_json(body)
    except ValueError as error:
        raise malformed(str(error), body) from None
    if not isinstance(fields, dict):
        raise field_problem("#", "Must be an object.", "field.type")
    try:
        return parse(fields)
    except PolicyError as error:
        raise _faulty(error.faults) from None


def _faulty(faults: tuple[Fault, ...]) -> Problem:
    items = [
        FieldProblem(pointer=pointer_to(fault.path), code="field.invalid", message=fault.message)
        for fault in faults[:100]
    ]
    return Problem("request.invalid", f"{items[0].pointer}: {items[0].message}", items)
