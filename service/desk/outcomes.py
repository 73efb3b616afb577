"""After an act on many: back to its receipt, which holds the undo, with what was done and what was left alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from flask import flash, redirect, url_for

from classifier.domain import Action, Status
from service.batches import Batch
from service.desk.session import Page, reference
from service.desk.words import gettext, ngettext
from service.rulings import Conflict
from service.store.accounts import Site
from service.undo import Undone


def receipt(site: Site, batch: Batch, action: Action) -> Page:
    """To the page of a batch."""
    count = len(batch.done)
    said = {
        Action.APPROVE: ngettext("%(num)d comment approved.", "%(num)d comments approved.", count),
        Action.REJECT: ngettext("%(num)d comment rejected.", "%(num)d comments rejected.", count),
        Action.HOLD: ngettext("%(num)d comment put into the queue.", "%(num)d comments put into the queue.", count),
    }
    flash(said[action], "good")
    _tell(batch.conflicts)
    return redirect(url_for("desk.history_act", site_name=reference(site), act_id=batch.act_id), 303)


def undo_receipt(site: Site, undone: Undone, *, single: bool) -> Page:
    """To the page of an undo."""
    if single and not undone.conflicts:
        flash(gettext("Taken back: everything is as it was before."), "good")
    elif not single:
        count = len(undone.done)
        flash(ngettext("%(num)d ruling taken back.", "%(num)d rulings taken back.", count), "good")
    _tell(undone.conflicts)
    return redirect(url_for("desk.history_act", site_name=reference(site), act_id=undone.act_id), 303)


def left_alone(conflict: Conflict) -> str:
    """Why a comment was left alone, in the person's language."""
    by = conflict.by or gettext("somebody else")
    said = {
        "item.claimed": gettext("%(name)s is looking at it just now.", name=by),
        "item.not_yours": gettext("Somebody else has to decide: it is about your own ruling."),
        "comment.changed": gettext("It was edited since."),
        "comment.erased": gettext("It was erased."),
        "ruling.other": gettext("Somebody has acted on it since."),
    }
    if conflict.code == "ruling.other" and conflict.status is Status.APPROVED:
        return gettext("Already approved by %(name)s.", name=by)
    if conflict.code == "ruling.other" and conflict.status is Status.REJECTED:
        return gettext("Already rejected by %(name)s.", name=by)
    return said.get(conflict.code, gettext("It is not there any more."))


def _tell(conflicts: Sequence[Conflict]) -> None:
    for sentence, count in Counter(map(left_alone, conflicts)).most_common(8):
        flash(ngettext("%(num)d left alone: %(why)s", "%(num)d left alone: %(why)s", count, why=sentence), "warn")
