"""Keys: each has one command, presets change only what they say, and nonsense is as if it were not."""

from __future__ import annotations

import pytest

from service.desk.keymap import COMMANDS, NAMES, OFFERED, PRESETS, keymap_of, stored_keys
from service.roles import Right


def test_wordpress_hands_find_their_letters():
    """Without any choice."""
    keys = keymap_of({}).by_key

    assert {key: keys[key] for key in ("a", "s", "d", "z", "j", "k", "x", "Shift+A", "Shift+X")} == {
        "a": "approve",
        "s": "spam",
        "d": "abuse",
        "z": "undo",
        "j": "next",
        "k": "previous",
        "x": "tick",
        "Shift+A": "bulk_approve",
        "Shift+X": "tick_all",
    }


@pytest.mark.parametrize("preset", PRESETS)
def test_no_key_does_two_things(preset: str):
    """A preset takes a key from whatever had it; what it names exists."""
    keys = keymap_of({"keys": {"preset": preset}})
    held = [key for command in COMMANDS for key in keys.keys[command.name]]

    assert len(held) == len(set(held))
    assert set(PRESETS[preset][1]) <= NAMES
    assert set(held) <= set(OFFERED)
    for need in ("approve", "undo", "next", "previous", "help"):
        assert keys.keys[need], need
    assert keys.keys["spam"] or keys.keys["reject"]


def test_commands_name_rights_that_exist():
    """The help shows what somebody may do."""
    assert {command.right for command in COMMANDS if command.right} <= set(Right)


def test_only_what_differs_is_kept():
    """So that a better default reaches those who never chose."""
    chosen = stored_keys("wordpress", True, {"approve": "a", "spam": "y", "undo": "nonsense", "unknown": "b"})

    assert chosen == {"preset": "wordpress", "single": True, "own": {"spam": "y"}}
    assert keymap_of({"keys": chosen}).by_key["y"] == "spam"
    assert "s" not in keymap_of({"keys": chosen}).by_key


@pytest.mark.parametrize("stored", [None, 7, [], {"preset": "?", "own": 3}, {"own": {"approve": 3, "x": "a"}}])
def test_nonsense_in_the_database_is_the_default(stored: object):
    """Somebody can always clear their queue."""
    assert keymap_of({"keys": stored}).by_key == keymap_of({}).by_key


def test_a_key_of_ones_own_is_taken_from_its_command():
    """The command that lost it has none."""
    keys = keymap_of({"keys": {"own": {"spam": "a"}}})

    assert keys.by_key["a"] == "spam"
    assert keys.of("approve") == ""
