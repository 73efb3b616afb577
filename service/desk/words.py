"""What the desk says, in the person's language: gettext's functions with their types.

``make translations`` finds the strings by the names of these functions, so they are literals where they are called.
"""

from __future__ import annotations

from datetime import datetime

import flask_babel
from flask_babel.speaklater import LazyString

from service.people import BadNameError, LastAdminError, NameTakenError, WeakPasswordError, WrongCodeError
from service.store.accounts import AccountError


def gettext(text: str, **values: object) -> str:
    """A sentence, with ``%(name)s`` filled in."""
    return str(flask_babel.gettext(text, **values))


def ngettext(singular: str, plural: str, num: int, **values: object) -> str:
    """A sentence about ``%(num)d`` things."""
    return str(flask_babel.ngettext(singular, plural, num, **values))


def said(error: AccountError) -> str:
    """What went wrong with a name, a password, a code or a role."""
    match error:
        case NameTakenError():
            return gettext("Somebody has this name already.")
        case BadNameError():
            return gettext("A name has 1 to 100 printable characters.")
        case WeakPasswordError():
            return gettext("A password has 10 to 200 characters and is not easy to guess.")
        case WrongCodeError():
            return gettext("This code is not right. Look at the app again, and at its clock.")
        case LastAdminError():
            return gettext("Make somebody else an admin of all sites first; nobody would be left.")
    return str(error)


class Lazy:
    """A sentence that waits until it is known who reads it: for constants."""

    def __init__(self, held: LazyString, untranslated: str) -> None:
        self._held = held
        self.untranslated = untranslated

    def __str__(self) -> str:
        return str(self._held)


def lazy_gettext(text: str) -> Lazy:
    """A sentence for a constant."""
    return Lazy(flask_babel.lazy_gettext(text), text)


def moment(value: datetime) -> str:
    """A time in the person's language, in UTC; the desk's script puts it into the browser's own zone."""
    return str(flask_babel.format_datetime(value, "medium"))


def iso(value: datetime) -> str:
    """The same for a machine."""
    return value.isoformat(timespec="seconds")
