"""The desk speaks each language whole: all sentences are translated, and what is compiled is what is written."""

from __future__ import annotations

import io
import re

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from repository import ROOT

from service.desk.language import LANGUAGES

FOLDER = ROOT / "service" / "translations"
FILLED_IN = re.compile(r"%\(\w+\)[sd]|%%")
TRANSLATED = [code for code in LANGUAGES if code != "en"]


def sentences() -> set[object]:
    """Every sentence in code and templates, as `make translations` finds them."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    keywords = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
    return {message for _, _, message, *_ in extract_from_dir(ROOT / "service", methods, options, keywords)}


def catalogue(code: str) -> Catalog:
    """A language as it is written."""
    with (FOLDER / code / "LC_MESSAGES" / "desk.po").open("rb") as file:
        return read_po(file, locale=code)


def strings(message: Message) -> tuple[str, ...]:
    """The translations of a sentence: one, or one for each plural form."""
    return tuple(message.string) if isinstance(message.string, (tuple, list)) else (message.string,)


def test_every_folder_is_a_language():
    """What is offered is there, and what is there is offered."""
    assert {path.name for path in FOLDER.iterdir() if path.is_dir()} == set(TRANSLATED)


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_sentence_is_translated(code: str):
    """None is missing, none is left over; `make translations` shows what is to be done."""
    written = {message.id: message for message in catalogue(code) if message.id}

    assert set(written) == sentences()
    assert [id_ for id_, message in written.items() if not all(strings(message)) or message.fuzzy] == []


@pytest.mark.parametrize("code", TRANSLATED)
def test_translations_fill_in_the_same(code: str):
    """A name that is filled in is there in both, or the page would fail."""
    for message in catalogue(code):
        if message.id:
            source = message.id[-1] if isinstance(message.id, (tuple, list)) else message.id
            for string in strings(message)[-1:]:
                assert sorted(FILLED_IN.findall(string)) == sorted(FILLED_IN.findall(source)), source


@pytest.mark.parametrize("code", TRANSLATED)
def test_what_is_compiled_is_what_is_written(code: str):
    """The compiled file in the package is current; `make translations` renews it."""
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(code))

    assert (FOLDER / code / "LC_MESSAGES" / "desk.mo").read_bytes() == compiled.getvalue()


def test_the_german_desk_says_sie():
    """One form of address throughout."""
    familiar = re.compile(r"\b(du|dein\w*|dich|dir)\b", re.IGNORECASE)

    assert [
        each for message in catalogue("de") if message.id for each in strings(message) if familiar.search(each)
    ] == []
