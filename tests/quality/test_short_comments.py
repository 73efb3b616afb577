"""Short honest comments: readers say thanks, laugh, ask for a source, or leave a link to one."""

from __future__ import annotations

import pytest

from classifier.assess import assess
from classifier.domain import Action, Author, Context
from classifier.policy import DEFAULT_POLICY
from classifier.registry import load_default
from classifier.scoring import Scorer

SHORT = (
    "Hello",
    "Thanks!",
    "I agree.",
    "First!",
    "So true",
    "Exactly this.",
    "Well said, Anna",
    "Source?",
    "What a mess",
    "I read this twice.",
    "Why?",
    "Happy Birthday!",
    "Спасибо",
    "Danke, Peter",
    "Merci beaucoup",
)
LINKED = (
    "https://en.wikipedia.org/wiki/Kremlin",
    "see http://bbc.co.uk/news/1234",
    "Here: https://apnews.com/article/5",
)
THANKS = ("Thanks, great article!", "Good read, thanks.", "Toller Artikel, danke.", "Very interesting, thank you!")
CHEAP_PITCHES = ("check out my channel", "sub to me plz", "My WhatsApp is +4479", "Great post!")


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    """The shipped model."""
    return load_default()


def action(scorer: Scorer, text: str) -> Action:
    """What is decided on a text of which nothing else is known."""
    return assess([Context(text=text)], scorer, DEFAULT_POLICY)[0].action


@pytest.mark.parametrize("text", SHORT)
def test_a_few_ordinary_words_are_approved(scorer: Scorer, text: str) -> None:
    """They give the model little to go by, and that is no ground to hold them."""
    assert action(scorer, text) is Action.APPROVE


@pytest.mark.parametrize("text", THANKS)
def test_short_thanks_are_approved_but_not_for_a_link_on_the_name(scorer: Scorer, text: str) -> None:
    """Nothing is sold by them; with an address to be followed, a first-time author's thanks are what flatterers say."""
    homepage = Author(name="Julia", url="https://julias-garden.example")

    assert action(scorer, text) is Action.APPROVE
    assert assess([Context(text=text, author=homepage)], scorer, DEFAULT_POLICY)[0].action is Action.HOLD


@pytest.mark.parametrize("text", LINKED)
def test_one_plain_link_is_never_rejected(scorer: Scorer, text: str) -> None:
    """A reader's source may look like spam; a person decides."""
    assert action(scorer, text) is not Action.REJECT


@pytest.mark.parametrize("text", CHEAP_PITCHES)
def test_short_pitches_are_not_let_through(scorer: Scorer, text: str) -> None:
    """A call or a compliment is not made harmless by being short."""
    assert action(scorer, text) is not Action.APPROVE


@pytest.mark.parametrize(
    "text",
    [
        "Ми чуємо ці дрони щоночі, і ніхто не скликає пресконференцію. Дякую, що нарешті запитали про це.",
        "Я думаю, что правительство ошибается, и статья это показывает.",
    ],
)
def test_honest_text_in_a_script_without_labels_is_approved(scorer: Scorer, text: str) -> None:
    """What the model has never been shown is no ground to hold a reader's comment."""
    assert action(scorer, text) is Action.APPROVE


def test_a_listed_insult_counts_in_any_script(scorer: Scorer) -> None:
    """Words from the lists still speak."""
    verdict = assess([Context(text="Иди на хуй, ты пизда и мудак")], scorer, DEFAULT_POLICY)[0]

    assert verdict.action is not Action.APPROVE
