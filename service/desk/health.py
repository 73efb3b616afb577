"""How Sluice does: a plain sentence first, then what stands behind it, and what can be done from here."""

from __future__ import annotations

from typing import Final

from flask import flash, redirect, render_template, url_for

from service import hooks
from service.desk.blueprint import desk
from service.desk.session import Page, desk_page, reference
from service.desk.words import Lazy, gettext, lazy_gettext, ngettext
from service.health import Health, Step, health
from service.hooks import HookError
from service.roles import Right
from service.store.accounts import Site
from service.web import now, web

STEPS: Final[dict[Step, tuple[Lazy, Lazy]]] = {
    Step.FULL: (
        lazy_gettext("Everything decides"),
        lazy_gettext("The promoted model, signals, memory and your policy."),
    ),
    Step.FALLBACK: (
        lazy_gettext("An earlier model decides"),
        lazy_gettext("The promoted model cannot be used, so the one before it goes on."),
    ),
    Step.HOLD_ALL: (
        lazy_gettext("Everything is held"),
        lazy_gettext("Nothing can be judged, so every comment waits for you. None is lost, none published unseen."),
    ),
}


@desk.get("/<site_name>/health", endpoint="health")
@desk_page(Right.VIEW)
def health_page(site: Site) -> Page:
    """The page."""
    here = web()
    moment = now()
    with here.store.read() as connection:
        found = health(connection, site.id, here.queue, here.brain, moment)
    waited = 0 if found.oldest is None else int((moment - found.oldest).total_seconds())
    return render_template(
        "desk/health.html", found=found, sentence=sentence(found, waited), steps=STEPS, waited=waited
    )


@desk.post("/<site_name>/health/replay", endpoint="health_replay")
@desk_page(Right.CONNECT)
def replay_webhooks(site: Site) -> Page:
    """Send again what could not be delivered."""
    moment = now()
    count = web().store.write(lambda connection: hooks.replay_dead(connection, moment, site=site))
    flash(ngettext("%(num)d message goes out again.", "%(num)d messages go out again.", count))
    return redirect(url_for("desk.health", site_name=reference(site)), 303)


@desk.post("/<site_name>/health/webhooks/<uuid:webhook_id>/enable", endpoint="health_enable")
@desk_page(Right.CONNECT)
def enable_webhook(site: Site, webhook_id: object) -> Page:
    """Tell a webhook again that was given up."""
    try:
        web().store.write(lambda connection: hooks.enable(connection, str(webhook_id), site))
    except HookError as error:
        flash(str(error), "bad")
    else:
        flash(gettext("It is told again what happens from now on."))
    return redirect(url_for("desk.health", site_name=reference(site)), 303)


def sentence(found: Health, waited: int) -> str:
    """What a moderator needs to know, first of all."""
    holds_all = found.step is Step.HOLD_ALL
    minutes = max(1, round(waited / 60))
    said = (
        (
            not found.redis,
            gettext(
                "Comments are safe, but Redis does not answer: new ones are decided late, and held after a minute."
            ),
        ),
        (
            holds_all and not found.workers,
            gettext("Comments are safe, but no worker is running: every new one is held until one is."),
        ),
        (holds_all, gettext("Comments are safe, but there is no model that can be used: every new one is held.")),
        (found.slow, gettext("Comments are safe; decisions are delayed by %(minutes)s min.", minutes=minutes)),
        (
            found.step is Step.FALLBACK,
            gettext("All is well for readers, but the promoted model cannot be used; the one before it decides."),
        ),
        (
            bool(found.webhooks.disabled or found.webhooks.dead),
            gettext("Comments are decided, but your blog could not be told of some of it."),
        ),
    )
    return next((words for holds, words in said if holds), gettext("All is well."))
