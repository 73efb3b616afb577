"""What the shipped model does under the default policy, on comments of our own writing; see scenarios.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from classifier.assess import assess
from classifier.domain import Action, Article, Author, AuthorRecord, Context, Likeness, Rates, Verdict
from classifier.policy import DEFAULT_POLICY
from classifier.registry import load_default
from classifier.signals import find_signals
from classifier.text import read

SCORER: Final = load_default()
SAID: Final[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "scenarios.toml").read_text(encoding="utf-8"))
WAR: Final = Article(title=SAID["war"]["title"], text=SAID["war"]["text"])
FLATTERY: Final[list[str]] = SAID["spam"]["flattery"]
GRAVE: Final[dict[str, Any]] = SAID["grave"]


def judged(texts: Sequence[str], author: Author = Author(), article: Article = Article()) -> list[Verdict]:  # noqa: B008
    """Verdicts of the shipped brain."""
    return assess([Context(text=text, author=author, article=article) for text in texts], SCORER, DEFAULT_POLICY)


def those(texts: Sequence[str], verdicts: Sequence[Verdict], *actions: Action) -> list[str]:
    """The texts for which one of the actions was decided, so that a failure shows them."""
    return [text for text, verdict in zip(texts, verdicts, strict=True) if verdict.action in actions]


def test_under_a_story_of_bombs_people_may_speak_of_bombs():
    """Sixty honest comments in a dozen languages: one in twenty may be held, none is rejected."""
    verdicts = judged(SAID["war"]["honest"], article=WAR)

    assert those(SAID["war"]["honest"], verdicts, Action.REJECT) == []
    assert len(those(SAID["war"]["honest"], verdicts, Action.HOLD)) <= 3


def test_no_story_excuses_hostility():
    """Threats and abuse under the same story do not pass, but for one that the model may miss."""
    assert len(those(SAID["war"]["hostile"], judged(SAID["war"]["hostile"], article=WAR), Action.APPROVE)) <= 1


@pytest.mark.parametrize(("kind", "held"), [("harmless", 4), ("politics", 2)])
def test_peaceful_sentences_pass(kind, held):
    """Violent words in another sense, and grumbling about governments: a few may be held, none is rejected."""
    texts = SAID[kind]["texts"]
    verdicts = judged(texts)

    assert those(texts, verdicts, Action.REJECT) == []
    assert len(those(texts, verdicts, Action.HOLD)) <= held


def test_languages_without_labelled_abuse():
    """Eight languages: one honest sentence in ten may be held, and one insult in ten may pass in six of them."""
    honest, insults = SAID["unlearnt"]["honest"], SAID["unlearnt"]["insults"]
    verdicts = judged(honest)

    assert those(honest, verdicts, Action.REJECT) == []
    assert len(those(honest, verdicts, Action.HOLD)) <= 0.1 * len(honest)
    assert len(those(insults, judged(insults), Action.APPROVE)) <= 0.1 * len(insults)


def test_spam_of_every_kind_is_stopped():
    """Forty kinds: none passes, nearly all are rejected."""
    texts = SAID["spam"]["texts"]
    verdicts = judged(texts)

    assert those(texts, verdicts, Action.APPROVE) == []
    assert len(those(texts, verdicts, Action.REJECT)) >= 0.85 * len(texts)


@pytest.mark.parametrize("article", [Article(), WAR], ids=["no article", "an article"])
def test_praise_of_any_page_is_looked_at(article):
    """With nothing but the text to go by, three in ten may pass."""
    verdicts = judged(FLATTERY, article=article)

    assert len(those(FLATTERY, verdicts, Action.APPROVE)) <= 0.3 * len(FLATTERY)


def test_praise_by_a_keyword_does_not_pass():
    """With the keyword on the author's name or address at most one in fifty passes, and most are rejected."""
    found = [verdict.action for author in SAID["spam"]["authors"] for verdict in judged(FLATTERY, Author(**author))]

    assert found.count(Action.APPROVE) <= 0.02 * len(found)
    assert found.count(Action.REJECT) >= 0.8 * len(found)


@pytest.mark.parametrize("code", GRAVE)
def test_harm_to_a_person_is_shown_first(code):
    """In seven languages and more: held or rejected, the reason named, escalated, and the words pointed at."""
    texts = GRAVE[code]["texts"]
    verdicts = judged(texts)
    named = {
        text: [reason for reason in verdict.reasons if reason.code == code and reason.escalate and reason.spans]
        for text, verdict in zip(texts, verdicts, strict=True)
    }

    assert those(texts, verdicts, Action.APPROVE) == []
    assert [text for text, reasons in named.items() if not reasons] == []


def test_harm_that_is_told_or_played_is_not_escalated():
    """Reports, quotes, denials, games, public addresses and crisis lines; the model may still hold some."""
    texts = SAID["told"]["texts"]
    verdicts = judged(texts)

    assert [text for text, verdict in zip(texts, verdicts, strict=True) if verdict.escalate] == []
    assert those(texts, verdicts, Action.REJECT) == []


def test_a_threat_behind_many_told_ones_is_found():
    """Nobody hides one by telling thirty first."""
    text = "He said I will kill you. " * 30 + "And now: I will kill you."

    assert judged([text])[0].escalate


def test_a_threat_is_a_threat_in_any_disguise():
    """Harm is looked for in the normalised text."""
    texts = [
        "I will k1ll you",
        "i w i l l  k i l l  y o u",
        "I will k\u200bill you",
        "Ｉ ｗｉｌｌ ｋｉｌｌ ｙｏｕ",
        "I will кill you",
    ]

    assert those(texts, judged(texts), Action.APPROVE) == []
    assert all(verdict.escalate for verdict in judged(texts))


@pytest.mark.parametrize(
    "author",
    [
        Author(name="Anna", url="https://anna.blog.example"),
        Author(name="John Smith", url="https://www.johnsmith.com"),
        Author(name="Dr. Real", url="https://www.lawfirm.com/news"),
        Author(name="Free Palestine", url="https://www.facebook.com/profile.php?id=123"),
        Author(name="Marta", url="https://marta-photography.com"),
    ],
)
def test_people_with_a_page_of_their_own_are_not_suspected(author):
    """Every address has a ``com`` or a ``blog`` in it; that sells nothing."""
    text = "I disagree with the council: thank you for asking us, but the road was never the problem, the bus is."
    context = Context(text=text, author=author)

    assert [each.code for each in find_signals(context, read(text)) if each.code.startswith("author.")] == []


def test_circumstances_alone_reject_nobody():
    """Haste, a bad record, copies and a busy site, all at once: what offers nothing is for a person."""
    verdicts = assess(
        [
            Context(
                text=text,
                form_seconds=0.5,
                record=AuthorRecord(approved=3, rejected=2),
                rates=Rates(author=30, network=60, site=900, site_usual=20.0),
                likeness=Likeness(same=3, similar=6),
                domains={},
            )
            for text in SAID["politics"]["texts"]
        ],
        SCORER,
        DEFAULT_POLICY,
    )

    assert those(SAID["politics"]["texts"], verdicts, Action.REJECT) == []
