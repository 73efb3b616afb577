"""Which key does what at the desk: WordPress' letters, hands trained elsewhere, and what a person changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from service.desk.words import Lazy, lazy_gettext

#: Where a person's keys are in their preferences.
PREFERENCE: Final = "keys"


@dataclass(frozen=True, slots=True)
class Command:
    """Something a key does."""

    name: str
    says: Lazy
    keys: tuple[str, ...]
    """As WordPress' hands have them; letters with Shift are written ``Shift+A``."""
    right: str | None = None


COMMANDS: Final = (
    Command("next", lazy_gettext("Next comment"), ("j", "ArrowDown")),
    Command("previous", lazy_gettext("Previous comment"), ("k", "ArrowUp")),
    Command("approve", lazy_gettext("Approve"), ("a",), "rule"),
    Command("spam", lazy_gettext("Reject as spam"), ("s",), "rule"),
    Command("abuse", lazy_gettext("Reject as abuse"), ("d",), "rule"),
    Command("reject", lazy_gettext("Reject without a reason"), (), "rule"),
    Command("tray", lazy_gettext("Reject for another reason"), ("t",), "rule"),
    Command("skip", lazy_gettext("Skip, leave it to others"), ("h",), "rule"),
    Command("escalate", lazy_gettext("Escalate with a note"), ("e",), "escalate"),
    Command("note", lazy_gettext("Write a note"), ("m",), "note"),
    Command("undo", lazy_gettext("Undo my last act"), ("z",), "rule"),
    Command("redo", lazy_gettext("Do it again"), ("Shift+Z",), "rule"),
    Command("take_over", lazy_gettext("Take over from a colleague"), ("Shift+C",), "rule"),
    Command("tick", lazy_gettext("Tick this row"), ("x",), "bulk"),
    Command("tick_all", lazy_gettext("Tick all rows, or none"), ("Shift+X",), "bulk"),
    Command("bulk_approve", lazy_gettext("Approve the ticked"), ("Shift+A",), "bulk"),
    Command("bulk_spam", lazy_gettext("Reject the ticked as spam"), ("Shift+S",), "bulk"),
    Command("bulk_abuse", lazy_gettext("Reject the ticked as abuse"), ("Shift+D",), "bulk"),
    Command("bulk_skip", lazy_gettext("Skip the ticked"), ("Shift+H",), "bulk"),
    Command("stay", lazy_gettext("Stay here after the next decision"), ("Shift+Enter",), "rule"),
    Command("open", lazy_gettext("Go to the comment"), ("Enter", "o")),
    Command("focus", lazy_gettext("One comment alone, and back"), ("f",)),
    Command("next_view", lazy_gettext("Next view with work"), ("n",)),
    Command("unmask", lazy_gettext("Show severe words while held"), (".",)),
    Command("real", lazy_gettext("As seen, or as it really is"), ("v",)),
    Command("why", lazy_gettext("Why it is here"), ("w",)),
    Command("alike", lazy_gettext("Comments like it"), ("l",)),
    Command("author", lazy_gettext("The author"), ("p",)),
    Command("thread", lazy_gettext("The talk before it"), ("c",)),
    Command("search", lazy_gettext("Search and filter"), ("/",)),
    Command("refresh", lazy_gettext("Show what is new"), ("r",)),
    Command("first_page", lazy_gettext("Back to the first rows"), ("[",)),
    Command("more", lazy_gettext("More rows"), ("]",)),
    Command("help", lazy_gettext("These keys"), ("?",)),
)
NAMES: Final = frozenset(command.name for command in COMMANDS)
#: Where the second letter after ``g`` leads, by endpoint.
GO: Final[dict[str, tuple[str, Lazy]]] = {
    "q": ("desk.queue", lazy_gettext("Queue")),
    "c": ("desk.campaigns", lazy_gettext("Campaigns")),
    "h": ("desk.history", lazy_gettext("History")),
    "p": ("desk.policy", lazy_gettext("Policy")),
    "i": ("desk.insights", lazy_gettext("Insights")),
    "s": ("desk.health", lazy_gettext("Health")),
}
#: What other products' hands find elsewhere.
PRESETS: Final[dict[str, tuple[Lazy, dict[str, tuple[str, ...]]]]] = {
    "wordpress": (lazy_gettext("WordPress: a s d z"), {}),
    "coral": (
        lazy_gettext("Coral: f approves, d rejects, z is one comment alone"),
        {
            "approve": ("f",),
            "reject": ("d",),
            "abuse": ("b",),
            "focus": ("z",),
            "undo": ("u",),
            "next_view": ("t",),
            "tray": ("i",),
        },
    ),
    "osmod": (
        lazy_gettext("OSMod: Alt with a, r, d and the arrows"),
        {
            "approve": ("Alt+a",),
            "reject": ("Alt+r",),
            "skip": ("Alt+d",),
            "next": ("Alt+ArrowDown", "j"),
            "previous": ("Alt+ArrowUp", "k"),
        },
    ),
    "prodigy": (
        lazy_gettext("Prodigy: a accepts, x rejects, space skips, backspace undoes"),
        {
            "approve": ("a",),
            "reject": ("x",),
            "skip": ("Space",),
            "undo": ("Backspace", "z"),
            "tick": ("q",),
        },
    ),
}
#: What one may put on a command.
OFFERED: Final = (
    *"abcdefhijklmnopqrstuvwxyz",
    *(f"Shift+{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    *(f"Alt+{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"),
    *"./,;-+?[]",
    "Space",
    "Backspace",
    "Enter",
    "Shift+Enter",
    "ArrowUp",
    "ArrowDown",
    "Alt+ArrowUp",
    "Alt+ArrowDown",
)


@dataclass(frozen=True, slots=True)
class Keymap:
    """The keys of one person."""

    preset: str
    single: bool
    """Whether keys without Alt do anything; the arrows always do."""
    keys: Mapping[str, tuple[str, ...]]
    """By command."""

    @property
    def by_key(self) -> dict[str, str]:
        """The command of each key; on a clash the command that stands first has it."""
        found: dict[str, str] = {}
        for command in COMMANDS:
            for key in self.keys[command.name]:
                found.setdefault(key, command.name)
        return found

    def of(self, name: str) -> str:
        """The key to print on a button; nothing when there is none."""
        by_key = self.by_key
        return next((key for key in self.keys[name] if by_key[key] == name), "") if self.single else ""


def keymap_of(preferences: Mapping[str, Any]) -> Keymap:
    """A person's keys; what is stored and makes no sense any more is as if it were not."""
    stored = preferences.get(PREFERENCE)
    said: Mapping[str, Any] = stored if isinstance(stored, Mapping) else {}
    preset = said.get("preset") if said.get("preset") in PRESETS else "wordpress"
    changed = PRESETS[str(preset)][1]
    own = said.get("own")
    kept = {
        name: (key,)
        for name, key in (own.items() if isinstance(own, Mapping) else ())
        if name in NAMES and key in OFFERED
    }
    keys = {command.name: kept.get(command.name) or changed.get(command.name) or command.keys for command in COMMANDS}
    return Keymap(str(preset), said.get("single") is not False, _without_theft(keys, {*changed, *kept}))


def _without_theft(keys: dict[str, tuple[str, ...]], changed: set[str]) -> dict[str, tuple[str, ...]]:
    """A key that was put on a command is taken from those that had it by default."""
    taken = {key for name in changed for key in keys.get(name, ())}
    return {
        name: held if name in changed else tuple(key for key in held if key not in taken) for name, held in keys.items()
    }


def stored_keys(preset: str, single: bool, own: Mapping[str, str]) -> dict[str, Any]:
    """What to keep of a person's choice: the preset, and where they differ from it."""
    preset = preset if preset in PRESETS else "wordpress"
    changed = PRESETS[preset][1]
    usual = {command.name: changed.get(command.name) or command.keys for command in COMMANDS}
    kept = {name: key for name, key in own.items() if name in NAMES and key in OFFERED and key not in usual[name][:1]}
    return {"preset": preset, "single": single, "own": kept}
