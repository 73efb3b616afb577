"""What the queue's script must know: addresses, where letters lead, and its sentences in the person's language."""

from __future__ import annotations

from typing import Any

from flask import current_app, url_for

from service.desk.keymap import GO
from service.desk.reason_words import DO_WORDS
from service.desk.session import reference
from service.desk.words import gettext
from service.store.accounts import Site


def script_facts(site: Site, item_endpoint: str) -> dict[str, Any]:
    """Values for data attributes; ``{name}`` in a sentence is filled in by the script."""
    name = reference(site)
    here = {letter: place for letter, place in GO.items() if place[0] in current_app.view_functions}
    posts = ("decide", "bulk", "undo", "claim", "release", "pulse")
    return {
        "urls": {
            **{post: url_for(f"desk.queue_{post}", site_name=name) for post in posts},
            "item": url_for(item_endpoint, site_name=name, comment_id="ID"),
            "queue": url_for("desk.queue", site_name=name),
        },
        "go": {letter: url_for(endpoint, site_name=name) for letter, (endpoint, _) in here.items()},
        "go_said": [(letter, str(words)) for letter, (_, words) in here.items()],
        "script_words": {
            "approve": gettext("Approved"),
            "spam": gettext("Rejected: %(reason)s", reason=gettext("Spam")),
            "abuse": gettext("Rejected: %(reason)s", reason=gettext("Abuse")),
            "reject": gettext("Rejected"),
            "hold": gettext("Put into the queue"),
            "skip": gettext("Skipped"),
            "escalate": gettext("Escalated"),
            "note": gettext("Note kept"),
            "take_over": gettext("Taken over"),
            "proposed": gettext("Proposed"),
            "left": gettext("{what}. {count} left. Next: {next}"),
            "last": gettext("{what}. Nothing is left here."),
            "back": gettext("Taken back: {next}"),
            "unsaved": gettext("Not saved: the service does not answer. Enter tries again."),
            "stale": gettext(
                "You were signed out, or this page is too old. Load it again; what you decided is kept here."
            ),
            "unread": gettext("This comment cannot be shown just now. Press Enter to try again."),
            "new": gettext("{count} new - press {key}"),
            "ticked": gettext("Ticked: {count}"),
            "one": gettext("{name} is here too"),
            "many": gettext("{names} are here too"),
            "claimed": gettext("{name} is looking at this comment just now. Take it over: {key}"),
            "tick_first": gettext("Tick some comments first."),
            "no_right": gettext("You may not do this here."),
            "nothing": gettext("There is nothing to take back."),
            "stay": gettext("The next decision stays here."),
            "again": gettext("Sent what was left from before: {count}"),
            **{f"again_{do}": str(words) for do, words in DO_WORDS.items()},
        },
    }
