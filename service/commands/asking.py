"""Questions in the terminal: a comment shown safely, one key for an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

from service.commands.imports import plain

if TYPE_CHECKING:
    from classifier.interview import Interview
    from service.store.engine import Store
    from service.store.replay import Past

KEYS: Final = {"a": "approve", "s": "spam", "d": "abuse", "k": "skip", "u": "undo", "q": "quit"}
_HELP: Final = "a approve   s spam   d abuse   k skip   u undo   q quit and keep"
#: Of a comment so much is shown.
_LINES, _WIDTH, _CHARS = 10, 100, 900


@dataclass(frozen=True, slots=True)
class _Given:
    """An answer that can be taken back; a skipped question has no ruling."""

    place: int
    ruling: str | None


class Questions:
    """Asks about a pool of comments until there are enough answers, or the person has had enough."""

    def __init__(
        self, database: Store, site_id: str, pool: Sequence[Past], interview: Interview, *, moderator: str
    ) -> None:
        self._store = database
        self._site_id = site_id
        self._pool = pool
        self._interview = interview
        self._moderator = moderator
        self._given: list[_Given] = []

    @property
    def answered(self) -> int:
        """How many questions have an answer by now."""
        return sum(given.ruling is not None for given in self._given)

    def ask(self, most: int, getkey: Callable[[], str] = click.getchar) -> None:
        """Ask at most so many questions. Each answer is on disk before the next question is shown."""
        waiting: list[int] = []
        click.echo(_HELP)
        while self.answered < most:
            if not waiting:
                waiting = self._interview.next()
                if not waiting:
                    click.echo("Nothing else is worth asking about.")
                    return
            place = waiting[0]
            self._show(place, most)
            key = _key(getkey)
            if key == "quit":
                return
            if key == "undo":
                waiting = self._undo(waiting)
                continue
            waiting.pop(0)
            self._take(place, key)

    def _take(self, place: int, said: str) -> None:
        from classifier.lessons import labels_for
        from service.imports.start import ANSWERS, answer
        from service.moderation import ModerationError

        past = self._pool[place]
        ruling: str | None = None
        if said in ANSWERS:
            now = datetime.now(UTC)
            try:
                ruling = self._store.write(
                    lambda connection: answer(connection, self._site_id, past, said, moderator=self._moderator, now=now)
                )
            except ModerationError as error:
                click.echo(f"{error} It is left out.")
        self._interview.answer(place, labels_for(*ANSWERS[said]) if ruling is not None else {})
        self._given.append(_Given(place, ruling))

    def _undo(self, waiting: list[int]) -> list[int]:
        """Take the last answer back; its question comes again."""
        from service.imports.start import unanswer
        from service.moderation import ModerationError

        if not self._given:
            click.echo("There is nothing to undo in this sitting.")
            return waiting
        last = self._given.pop()
        ruling = last.ruling
        if ruling is not None:
            past, now = self._pool[last.place], datetime.now(UTC)
            try:
                self._store.write(
                    lambda connection: unanswer(
                        connection, self._site_id, past, ruling, moderator=self._moderator, now=now
                    )
                )
            except ModerationError as error:
                click.echo(str(error))
        self._interview.forget(last.place)
        return [last.place, *waiting]

    def _show(self, place: int, most: int) -> None:
        past = self._pool[place]
        context = past.context
        where = plain(context.article.title or context.article.url, 70)
        name = plain(context.author.name or "somebody without a name", 40)
        click.echo(f"\n[{self.answered + 1}/{most}] {name}, under {where}, {past.received_at:%Y-%m-%d}:")
        for line in shown(context.text):
            click.echo(f"    {line}")
        chances = self._interview.thought(place)
        stood = "waits" if past.action is None else f"was {past.status.value}"
        click.echo(f"  It {stood}. The model alone: spam {chances['spam']:.0%}, abuse {chances['toxicity']:.0%}.")


def shown(text: str) -> list[str]:
    """A comment as lines for a terminal: control characters are drawn, long lines broken, and long texts cut."""
    found: list[str] = []
    for line in text[:_CHARS].replace("\r\n", "\n").split("\n"):
        drawn = plain(line.replace("\t", " "), _CHARS)
        found += [drawn[start : start + _WIDTH] for start in range(0, len(drawn), _WIDTH)] or [""]
    cut = len(text) > _CHARS or len(found) > _LINES
    return [*found[:_LINES], f"… {len(text):,} characters in all"] if cut else found


def _key(getkey: Callable[[], str]) -> str:
    """The next key that means something; the end of the input means to quit."""
    while True:
        try:
            pressed = getkey()
        except EOFError:
            pressed = ""
        if not pressed or pressed == "\x04":
            return "quit"
        found = KEYS.get(pressed.lower())
        if found is not None:
            click.echo(f"> {found}")
            return found
        click.echo(_HELP)
