"""Status is a cache: it can be rebuilt from revisions, decisions and rulings, whatever happened in whatever order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from factories import a_comment, a_submission, a_verdict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifier.domain import Action, Status
from classifier.lifecycle import STATUS_OF_ACTION
from service import moderation
from service.rulings import rule, take_back
from service.schemas import Edit
from service.store import accounts
from service.store.engine import Store
from service.store.tables import comments, decisions, revisions, rulings

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HAPPENINGS = st.one_of(
    st.tuples(st.just("decide"), st.sampled_from(Action), st.integers(0, 1)),
    st.tuples(st.just("rule"), st.sampled_from([Action.APPROVE, Action.REJECT]), st.just(0)),
    st.tuples(st.sampled_from(["edit", "late", "give up", "take back"]), st.none(), st.just(0)),
    st.tuples(st.just("erase"), st.none(), st.integers(0, 5)),
)


def happen(store: Store, site: str, comment_id: str, what: str, action: Action | None, number: int) -> None:
    """One thing that happens; some of it comes too late and is refused."""
    with store.read() as connection:
        now_at = connection.execute(sa.select(comments.c.revision).where(comments.c.id == comment_id)).scalar_one()
    try:
        if what == "decide":  # number 1: the worker read the revision before
            verdicts = {(comment_id, now_at - number): a_verdict(action)}
            store.write(lambda c: moderation.record_decisions(c, verdicts, NOW))
        elif what == "rule":
            store.write(lambda c: rule(c, site, comment_id, now_at, action, moderator="ann", now=NOW))
        elif what == "take back":
            with store.read() as connection:
                standing = connection.execute(
                    sa.select(comments.c.ruling_id).where(comments.c.id == comment_id)
                ).scalar_one()
            store.write(lambda c: take_back(c, site, comment_id, standing or "none", moderator="ann", now=NOW))
        elif what == "edit":
            change = Edit(comment=a_comment(f"Version {now_at + 1}."))
            store.write(lambda c: moderation.edit(c, site, comment_id, change, now=NOW))
        elif what == "late":
            store.write(lambda c: moderation.hold_late(c, NOW + timedelta(seconds=1), NOW))
        elif what == "give up":
            store.write(
                lambda c: c.execute(
                    sa.update(comments).where(comments.c.id == comment_id).values(attempts=moderation.MAX_ATTEMPTS)
                )
            )
            store.write(lambda c: moderation.hold_given_up(c, NOW))
        elif number == 0:
            store.write(lambda c: moderation.erase(c, site, comment_id))
    except (moderation.ErasedError, moderation.NotFoundError):
        pass


def rebuilt(store: Store, comment_id: str) -> Status:
    """The status as the history tells it."""
    with store.read() as connection:
        number = connection.execute(
            sa.select(sa.func.max(revisions.c.number)).where(revisions.c.comment_id == comment_id)
        ).scalar_one()
        if number is None:
            return Status.ERASED
        ruled = connection.execute(
            sa.select(rulings)
            .where(rulings.c.comment_id == comment_id, rulings.c.revision == number)
            .order_by(rulings.c.id.desc())
        ).all()
        undone = {row.undoes for row in ruled}
        standing = [row.action for row in ruled if row.undoes is None and row.id not in undone]
        decided = {
            row.kind: row.action
            for row in connection.execute(
                sa.select(decisions).where(decisions.c.comment_id == comment_id, decisions.c.revision == number)
            )
        }
        final = (standing or [None])[0] or decided.get("failed") or decided.get("machine")
        if final is not None:
            return STATUS_OF_ACTION[Action(final)]
        return Status.HELD if "late" in decided else Status.PENDING


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happenings=st.lists(HAPPENINGS, max_size=10))
def test_the_status_can_be_rebuilt_from_the_history(store, happenings):
    """After each event, the row says what revisions, decisions and rulings say."""
    site = store.write(
        lambda c: accounts.find_site(c, "blog") or accounts.add_site(c, "blog", "https://blog.example", NOW)
    )
    (accepted,) = store.write(lambda c: moderation.submit(c, site.id, [a_submission()], NOW))

    for happening in happenings:
        happen(store, site.id, accepted.id, *happening)

        with store.read() as connection:
            status = connection.execute(sa.select(comments.c.status).where(comments.c.id == accepted.id)).scalar_one()
        assert status == rebuilt(store, accepted.id)
