"""Short thanks are let through where nobody gains by them, and only there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from classifier.domain import Author, AuthorRecord, Context, Identity, Likeness
from classifier.signals import find_signals
from classifier.text import read
from classifier.thanks import _PLAIN, is_plain_thanks

NOW = datetime(2026, 11, 1, tzinfo=UTC)
JULIA = Author(name="Julia", url="https://julias-garden.example")
THANKS = Context(text="Thanks, great article!", author=Author(name="Julia"), now=NOW)


def codes(context: Context) -> set[str]:
    """The codes of all signals."""
    return {signal.code for signal in find_signals(context, read(context.text))}


@pytest.mark.parametrize(
    "text",
    ["Thanks, great article!", "Thank you so much for this piece.", "Great read!", "Danke für den Artikel!",
     "Muy buen artículo, gracias.", "Спасибо за статью!", "Bedankt voor het artikel!", "Nice post, thanks!"],
)  # fmt: skip
def test_thanks_for_an_article_are_known(text):
    """In the languages of the lists, with or without a compliment."""
    assert is_plain_thanks(read(text).words)


@pytest.mark.parametrize(
    "text",
    ["", "Great!", "Great post!", "Great blog, thanks", "Thanks for sharing this information", "I agree with the team",
     "Great article! I will bookmark your site", "Thanks, casino article", "thank you " * 5],
)  # fmt: skip
def test_what_flatterers_say_is_not_plain_thanks(text):
    """Talk of the site, a bare compliment for the post, any word of trade, and anything longer."""
    assert not is_plain_thanks(read(text).words)


def test_every_listed_word_is_found_in_a_text():
    """The lists hold words as the normaliser leaves them; its own languages are read among their own letters."""
    lost = [word for word in _PLAIN if word.isascii() and word not in read(f"so {word} so").words]

    assert lost == []


def test_thanks_speak_for_a_comment_that_gains_nothing():
    """And for that alone: no short-comment bonus comes on top."""
    assert codes(THANKS) == {"text.thanks", "offer.none"}


@pytest.mark.parametrize(
    "context",
    [
        replace(THANKS, author=JULIA),
        replace(THANKS, author=Author(name="cheap viagra")),
        replace(THANKS, text="Thanks, great article! https://shop.example"),
        replace(THANKS, form_seconds=0.5),
        replace(THANKS, likeness=Likeness(similar=4, same=4, approved=0, rejected=0, days=7)),
        replace(THANKS, honeypot="filled in"),
    ],
    ids=["address", "name that sells", "link", "haste", "copies", "honeypot"],
)
def test_thanks_that_may_gain_something_are_judged_like_any_text(context):
    """An address to follow, or anything else that speaks for spam, takes the bonus away."""
    assert "text.thanks" not in codes(context)


def test_a_known_author_may_give_an_address():
    """Whoever has written comments of substance here does not write thanks for the link's sake."""
    known = AuthorRecord(
        identity=Identity.VERIFIED, approved=6, earned=5, first_seen=NOW - timedelta(days=90), last_seen=NOW
    )

    assert "text.thanks" in codes(replace(THANKS, author=JULIA, record=known))
