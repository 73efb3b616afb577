"""The page on which a person chooses their keys."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for

from service.desk.blueprint import desk
from service.desk.keymap import COMMANDS, GO, OFFERED, PREFERENCE, PRESETS, keymap_of, stored_keys
from service.desk.session import Page, desk_page, signed_in
from service.desk.words import gettext
from service.people import prefer
from service.web import web


@desk.get("/keys")
@desk_page()
def keys() -> Page:
    """Which key does what, and what it should do instead."""
    return render_template(
        "desk/keys.html",
        keys=keymap_of(signed_in().preferences),
        commands=COMMANDS,
        presets=PRESETS,
        offered=OFFERED,
        go=GO,
    )


@desk.post("/keys")
@desk_page()
def keep_keys() -> Page:
    """Keep a person's keys; a preset that is chosen anew begins without changes of one's own."""
    person, form = signed_in(), request.form
    preset = form.get("preset", "")
    own = {}
    if preset == keymap_of(person.preferences).preset:
        own = {command.name: form.get(f"key-{command.name}", "") for command in COMMANDS}
    chosen = stored_keys(preset, form.get("single") == "1", own)
    preferences = {**person.preferences, PREFERENCE: chosen}
    web().store.write(lambda connection: prefer(connection, person.id, person.language, preferences))
    flash(gettext("Your keys are kept."), "good")
    return redirect(url_for("desk.keys"), 303)
