"""The language of the desk: what the person chose, else what their browser asks for, else English."""

from __future__ import annotations

from typing import Final

from babel import Locale
from flask import request
from flask_babel import get_locale

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
    return request.accept_languages.best_match(LANGUAGES, default="en") or "en"


def shown() -> str:
    """The language of the page, for its ``lang``."""
    return str(_locale()).replace("_", "-")


def direction() -> str:
    """``ltr`` or ``rtl``: from which side the page reads."""
    return str(_locale().text_direction)


def _locale() -> Locale:
    return get_locale() or Locale("en")
