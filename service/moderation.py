"""The use cases: the only code that changes a comment's state.

Each takes an open transaction, so that its caller decides what is committed together. The caller commits **before**
it tells anyone: Redis is a hint, the database is the truth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy.engine import Connection

from classifier.domain import Action, Reason, Status, Verdict
from classifier.lifecycle import DECIDED, Event, next_status, standing
from service import events, reputation
from service.acts import KEY_HOLDER, Actor, Verb, act_row
from service.queue_items import item_row
from service.reputation import NOTHING_SEEN, Evidence
from service.rows import (
    KEEP_ALL,
    Keep,
    article_facts,
    article_key,
    author_columns,
    decision_row,
    new_row,
    revision_row,
)
from service.schemas import ArticleFacts, ArticleIn, CommentIn, Edit, Submission
from service.store import acts, campaigns, checks, readers, review
from service.store import comments as store
from service.store.accounts import new_id

#: How often a comment is handed to workers before it is held for good: its scoring may be what kills them.
MAX_ATTEMPTS: Final = 5
#: From this many tries on, a comment is decided alone, so that it can take no other with it.
ALONE_AFTER: Final = 2

POLICY_OF_THE_CLOCK: Final = "deadline"
LATE: Final = Reason(code="decision.late", message="No decision was made in time, so a person should look.", weight=0.0)
GIVEN_UP: Final = Reason(
    code="decision.failed",
    message="Deciding this comment failed several times, so a person has to look.",
    weight=0.0,
)


class ModerationError(Exception):
    """A use case refuses; ``code`` is in the error catalogue and the message is one sentence."""

    code = "request.bad"


class NotFoundError(ModerationError):
    """The site has no such comment."""

    code = "not_found"


class ErasedError(ModerationError):
    """The comment was erased and stays so."""

    code = "comment.erased"


class ChangedError(ModerationError):
    """What the caller saw is no longer what stands."""

    code = "comment.changed"


class ExistsError(ModerationError):
    """The id belongs to a comment with another text."""

    code = "comment.exists"


class KeyReusedError(ModerationError):
    """The Idempotency-Key belongs to another body."""

    code = "idempotency.reused"


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A client's promise that two requests are one."""

    key: str
    body_digest: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A submitted comment: stored just now, or known from before."""

    id: str
    article_id: str | None
    created: bool


def submit(
    connection: Connection,
    site_id: str,
    submissions: Sequence[Submission],
    now: datetime,
    *,
    keep: Keep = KEEP_ALL,
    idempotency: Idempotency | None = None,
) -> list[Accepted | ModerationError]:
    """Store comments; the same one again (by external id or idempotency key) is the same comment.

    Answers come in the order of ``submissions``, refusals among them; ``idempotency`` goes with a single submission.
    """
    if idempotency is not None:
        earlier = store.known_by_idempotency_key(connection, site_id, idempotency.key)
        if earlier is not None:
            return [_again(*earlier, idempotency)]
    given = [item.comment.id for item in submissions if item.comment.id is not None]
    known = store.known_by_external_id(connection, site_id, given) if given else {}
    articles = _Articles(connection, site_id, [item.article for item in submissions], now)
    first_in_batch: dict[str, tuple[CommentIn, Accepted]] = {}
    answers: list[Accepted | ModerationError] = []
    new: store.Rows = []
    texts: store.Rows = []
    for item in submissions:
        comment = item.comment
        if comment.id is not None and comment.id in known:
            answers.append(_same_or_refused(connection, known[comment.id], comment))
            continue
        if comment.id is not None and comment.id in first_in_batch:
            earlier_comment, accepted = first_in_batch[comment.id]
            same = (earlier_comment.text, earlier_comment.format) == (comment.text, comment.format)
            answers.append(Accepted(accepted.id, accepted.article_id, created=False) if same else _exists())
            continue
        article_id = articles.upsert(item.article)
        accepted = Accepted(new_id(), article_id, created=True)
        new.append(new_row(accepted.id, accepted.article_id, site_id, comment, now=now, keep=keep))
        texts.append(revision_row(accepted.id, 1, comment, now))
        answers.append(accepted)
        if comment.id is not None:
            first_in_batch[comment.id] = (comment, accepted)
    if new:
        store.insert_comments(connection, new, texts)
    if idempotency is not None and isinstance(answers[0], Accepted):
        store.insert_idempotency_key(connection, key_row(site_id, idempotency, answers[0].id, now))
    return answers


def edit(
    connection: Connection, site_id: str, comment_id: str, change: Edit, *, now: datetime, keep: Keep = KEEP_ALL
) -> bool:
    """Store a new revision, to be decided afresh; false when the text is as it was.

    Raises:
        NotFoundError, ErasedError, ExistsError (the edit names another external id).
    """
    state = locked(connection, site_id, comment_id)
    facts = store.facts_of(connection, site_id, comment_id)
    if facts is not None and change.comment.id not in (None, facts.external_id):
        raise ExistsError("The id in the body is not the id of this comment.")
    fields = author_columns(site_id, change.comment, keep)
    after = replace(state, author_key=fields["author_key"])
    if change.article is not None:
        fields["article_id"] = _Articles(connection, site_id, [change.article], now).upsert(change.article)
    current = store.text_of(connection, comment_id, state.revision)
    changed = current != (change.comment.text, change.comment.format)
    if changed:
        status = next_status(standing(state.status, late=state.held_late, ruled=state.ruled), Event.EDITED)
        fields |= {
            "status": (status or state.status).value,
            "revision": state.revision + 1,
            "held_late": False,
            "ruled": False,
            "decision_id": None,
            "ruling_id": None,
            "attempts": 0,
            "waiting_since": now,
            "earns": False,
            "link_domains": None,
        }
        store.insert_revision(connection, revision_row(comment_id, state.revision + 1, change.comment, now))
        campaigns.forget_fingerprint(connection, site_id, comment_id)
        review.drop_items(connection, [comment_id])
        after = replace(after, status=Status.PENDING, earns=False, domains=())
    store.update_comment(connection, comment_id, fields)
    reputation.move(connection, [(state, after)])
    return changed


def erase(
    connection: Connection,
    site_id: str,
    comment_id: str,
    *,
    actor: Actor = KEY_HOLDER,
    now: datetime | None = None,
) -> None:
    """Forget a comment's text and personal data for good; its id stays, so that a retry cannot bring it back.

    That it is gone, and by whom, is on record as of ``now`` (of the clock if not given), and webhooks are told. The
    bytes leave the files when the caller has committed and ``Store.scrub`` has run.

    Raises:
        NotFoundError, ErasedError.
    """
    state = locked(connection, site_id, comment_id)
    store.forget_text(connection, comment_id)
    campaigns.forget_fingerprint(connection, site_id, comment_id)
    review.forget_comment(connection, comment_id)
    readers.forget_comment(connection, comment_id)
    checks.forget_checks(connection, comment_id)
    reputation.forget(connection, state)
    empty = dict.fromkeys(
        (
            "author_external_id",
            "author_name",
            "author_email",
            "author_url",
            "author_ip",
            "author_user_agent",
            "author_role",
            "referrer",
            "honeypot",
            "form_seconds",
            "decision_id",
            "ruling_id",
            "author_key",
            "link_domains",
        )
    )
    no = dict.fromkeys(("held_late", "author_verified", "earns"), False)
    store.update_comment(connection, comment_id, {**empty, **no, "status": Status.ERASED.value})
    moment = now or datetime.now(UTC)
    act = act_row(
        actor,
        Verb.ERASE,
        moment,
        site_id=site_id,
        comment_id=comment_id,
        revision=state.revision,
        status_before=state.status.value,
        status_after=Status.ERASED.value,
    )
    acts.insert_acts(connection, [act])
    events.note_erased(connection, replace(state, status=Status.ERASED), moment)


def record_decisions(
    connection: Connection,
    verdicts: Mapping[tuple[str, int], Verdict],
    now: datetime,
    kind: str = "machine",
    event: Event | None = None,
    *,
    seen: Mapping[tuple[str, int], Evidence] = MappingProxyType({}),
) -> list[str]:
    """Append decisions on (comment, revision) and move the comments they still apply to; the ids that moved.

    ``seen`` is what the machine saw of the texts: authors, domains and campaigns are remembered by it.

    Safe to run twice: a revision takes one decision of a kind, a stale revision none, and an erased comment none.
    A decision that comes after a ruling is recorded and changes nothing.
    """
    ids = sorted({comment_id for comment_id, _ in verdicts})
    states = store.lock_states(connection, ids)
    # A decision takes a comment out of pending in the same transaction, so one that is pending has none to look for.
    moved_on = [state.id for state in states.values() if state.status is not Status.PENDING]
    done = store.decided_kinds(connection, moved_on, kind) if moved_on else set()
    rows: store.Rows = []
    moves: store.Rows = []
    moved: list[tuple[store.State, store.State]] = []
    texts: store.Rows = []
    held: store.Rows = []
    happenings: list[events.Happened] = []
    for (comment_id, revision), verdict in verdicts.items():
        state = states.get(comment_id)
        if state is None or state.status is Status.ERASED or (comment_id, revision) in done:
            continue
        if state.revision != revision:
            continue
        row = decision_row(comment_id, revision, verdict, now, kind)
        rows.append(row)
        happened = event or DECIDED[verdict.action]
        status = next_status(standing(state.status, late=state.held_late, ruled=state.ruled), happened)
        evidence = seen.get((comment_id, revision), NOTHING_SEEN)
        if evidence.fingerprint is not None:
            texts.append(evidence.fingerprint)
        if status is not None:
            after = replace(
                state,
                status=status,
                held_late=happened is Event.LATE,
                earns=evidence.earns,
                domains=evidence.domains,
            )
            moved.append((state, after))
            if status is Status.HELD:
                held.append(item_row(state, verdict, evidence.language, now))
            if after.hooked:
                happenings.append(events.decided(after, row))
            moves.append(
                {
                    "comment": comment_id,
                    "to": status.value,
                    "late": after.held_late,
                    "decision": row["id"],
                    "earned": after.earns,
                    "links": list(after.domains) or None,
                }
            )
    if rows:
        store.insert_decisions(connection, rows)
    if moves:
        store.move_by_decision(connection, moves)
    # Only what was held already, for lateness, can have a place in the queue to lose.
    left = [before.id for before, after in moved if before.status is Status.HELD and after.status is not Status.HELD]
    if left:
        review.close_items(connection, left, now)
    review.open_items(connection, held)
    reputation.move(connection, moved)
    campaigns.insert_fingerprints(connection, texts)
    events.note(connection, happenings, now)
    return [move["comment"] for move in moves]


def hold_late(connection: Connection, before: datetime, now: datetime, limit: int = 500) -> int:
    """Hold pending comments whose deadline passed; the machine may still decide them, unless a person does first."""
    ids = store.ids_pending_since(connection, before, limit)
    return len(_hold(connection, ids, LATE, now=now, kind="late", event=Event.LATE))


def hold_given_up(connection: Connection, now: datetime, limit: int = 500) -> int:
    """Hold, for a person, comments whose scoring failed or killed its worker again and again."""
    ids = store.ids_given_up(connection, MAX_ATTEMPTS, limit)
    return len(_hold(connection, ids, GIVEN_UP, now=now, kind="failed", event=Event.DECIDED_HOLD))


def key_row(site_id: str, idempotency: Idempotency, comment_id: str, now: datetime) -> dict[str, Any]:
    """A client's promise on record."""
    return {
        "site_id": site_id,
        "key": idempotency.key,
        "body_digest": idempotency.body_digest,
        "comment_id": comment_id,
        "created_at": now,
    }


def key_reused() -> KeyReusedError:
    """What to say of a promise that was not kept."""
    return KeyReusedError("This Idempotency-Key came with another body before; use a new key.")


def put_article(connection: Connection, site_id: str, external_id: str, facts: ArticleFacts, now: datetime) -> None:
    """Store what is known of an article under the blog's own id for it, replacing what was known."""
    key = f"id:{external_id}"
    values = {
        "url": facts.url,
        "title": facts.title,
        "text": facts.text,
        "published_at": facts.published_at,
        "tags": list(facts.tags),
        "updated_at": now,
    }
    known = store.find_article(connection, site_id, key)
    if known is None:
        store.insert_article(connection, {"id": new_id(), "site_id": site_id, "key": key, **values})
    else:
        store.update_article(connection, known["id"], values)


def locked(connection: Connection, site_id: str, comment_id: str) -> store.State:
    """Where a comment stands, which nobody else can change until this transaction ends.

    Raises:
        NotFoundError, ErasedError.
    """
    state = store.lock_states(connection, [comment_id]).get(comment_id)
    if state is None or state.site_id != site_id:
        raise NotFoundError("There is no such comment.")
    if state.status is Status.ERASED:
        raise ErasedError("This comment was erased.")
    return state


def _again(known: store.Known, body_digest: str, idempotency: Idempotency) -> Accepted | ModerationError:
    if known.status is Status.ERASED:
        return ErasedError("This comment was erased.")
    if body_digest != idempotency.body_digest:
        return key_reused()
    return Accepted(known.id, None, created=False)


def _same_or_refused(connection: Connection, known: store.Known, comment: CommentIn) -> Accepted | ModerationError:
    if known.status is Status.ERASED:
        return ErasedError("This comment was erased.")
    if not store.has_text(connection, known.id, comment.text, comment.format):
        return _exists()
    return Accepted(known.id, None, created=False)


def _exists() -> ExistsError:
    return ExistsError("A comment with this id and another text exists; use PUT to change it.")


class _Articles:
    """The articles of some submissions: what is known of them is read at once, what is said is kept one by one."""

    def __init__(self, connection: Connection, site_id: str, said: Sequence[ArticleIn], now: datetime) -> None:
        self._connection = connection
        self._site_id = site_id
        self._now = now
        self._known = store.find_articles(connection, site_id, {article_key(article) for article in said})
        self._done: dict[str, str] = {}

    def upsert(self, article: ArticleIn) -> str:
        """The article's id; what the submission says about it is kept, what it leaves out stays as known."""
        key = article_key(article)
        if key not in self._done:
            self._done[key] = self._store(key, article)
        return self._done[key]

    def _store(self, key: str, article: ArticleIn) -> str:
        said = article_facts(article)
        known = self._known.get(key)
        if known is None:
            row = {"title": None, "text": None, "published_at": None, "tags": [], "updated_at": self._now, **said}
            row |= {"id": new_id(), "site_id": self._site_id, "key": key}
            store.insert_article(self._connection, row)
            return str(row["id"])
        changes = {name: value for name, value in said.items() if known[name] != value}
        if changes:
            store.update_article(self._connection, known["id"], {**changes, "updated_at": self._now})
        return str(known["id"])


def _hold(
    connection: Connection, ids: Sequence[str], reason: Reason, *, now: datetime, kind: str, event: Event
) -> list[str]:
    if not ids:
        return []
    verdict = Verdict(action=Action.HOLD, scores={}, reasons=(reason,), model=None, policy=POLICY_OF_THE_CLOCK)
    states = store.lock_states(connection, ids)
    verdicts = {(state.id, state.revision): verdict for state in states.values()}
    return record_decisions(connection, verdicts, now, kind, event)
