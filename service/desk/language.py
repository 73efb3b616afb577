"""The language of the desk: what the person chose, else what their browser asks for, else English."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Final

from babel import Locale
from flask import request
from flask_babel import force_locale, get_locale

from service.desk.session import anybody

DOMAIN: Final = "desk"
FOLDER: Final = "translations"
#: Languages whose translation is complete, English being the source.
LANGUAGES: Final = {"en": "English", "de": "Deutsch"}


def chosen() -> str:
    """The language for this request."""
    person = anybody()
    if person is not None and person.language in LANGUAGES:
        return str(person.language)
    return browser_asks()


def browser_asks() -> str:
    """The language that the browser would rather have."""
    return request.accept_languages.best_match(LANGUAGES, default="en") or "en"


def speaking(language: str | None) -> AbstractContextManager[None]:
    """Within it everything is said in this language; with ``None`` in the one that the browser asks for."""
    spoken: AbstractContextManager[None] = force_locale(language or browser_asks())
    return spoken


def shown() -> str:
    """The language of the page, for its ``lang``."""
    return str(_locale()).replace("_", "-")


def direction() -> str:
    """``ltr`` or ``rtl``: from which side the page reads."""
    return str(_locale().text_direction)


def _locale() -> Locale:
    return get_locale() or Locale("en")
