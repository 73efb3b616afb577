"""Reasons are true: parts add up to the served logit, point at what produced them, and say what can be counted."""

from __future__ import annotations

from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.dense import DENSE, dense_features
from classifier.domain import HEADS, MAX_TEXT_CHARS, Author, Context
from classifier.explain import explain, weigh_words
from classifier.in_words import in_words
from classifier.ledger import MOST_FEATURES, MOST_WORDS, Account, What, ledger
from classifier.policy import DEFAULT_POLICY
from classifier.registry import load_default
from classifier.scoring import Scorer
from classifier.text import read
from classifier.weighing import weigh

PIECES: Final = (
    "c.a.s.i.n.o", "v i a g r a", "s😀pam", "fr33 m0ney", "stuuupid", "ｆｕｌｌ", "wаtches", "𝓫𝓾𝔂",
    "a\u0301\u0302\u0303b", "&#105;diot", "&amp;", "&nbsp;", '<a href="https://bit.ly/x">photos</a>', "<b>loud</b>",
    "[url=http://x.example]here[/url]", "http://cheap-pills.example/best?x=1", "joe@x.example", "@joe",
    "Привет, как дела", "잘 지내요", "مرحبا", "你好吗", "\u200b", "\u202e", "\ufeff", "\n\n", "\t", "👍🏽", "...",
    "!!!", "1,000,000", "+1 (844) 555-0199", "\ud800", "\u0301",
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=120),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=12)), max_size=12).map(" ".join),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=12).map("".join),
)


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    """The shipped model."""
    return load_default()


def off_by(scorer: Scorer, text: str) -> float:
    """How far the sum of all parts is from what is served."""
    return float(np.abs(explain(scorer, read(text)).total - scorer.calibrated_logits([text])[0]).max())


@settings(max_examples=250)
@given(text=TEXTS)
def test_the_parts_of_an_explanation_add_up(scorer: Scorer, text: str) -> None:
    """Words, features and intercept together are the shipped model's logit for every head, to a millionth."""
    assert off_by(scorer, text) < 1e-6


@pytest.mark.parametrize(
    "text",
    ["", "   ", "word " * (MAX_TEXT_CHARS // 5), "c.a.s.i.n.o " * (MAX_TEXT_CHARS // 12), "<b>" * (MAX_TEXT_CHARS // 3),
     "я" * MAX_TEXT_CHARS, "😀" * MAX_TEXT_CHARS, "a\u0301" * (MAX_TEXT_CHARS // 2), "http://a.example " * 3_000],
    ids=["empty", "blank", "words", "dotted", "tags", "one word", "emoji", "marks", "links"],
)  # fmt: skip
def test_the_parts_of_the_longest_texts_add_up(scorer: Scorer, text: str) -> None:
    """Length does not wear the sum down."""
    assert off_by(scorer, text) < 1e-6


@given(texts=st.lists(TEXTS, min_size=1, max_size=6))
def test_words_weighed_together_weigh_the_same(scorer: Scorer, texts: list[str]) -> None:
    """A batch is a saving, nothing else."""
    documents = [read(text) for text in texts]
    together = weigh_words(scorer, documents, HEADS)

    for document, found in zip(documents, together, strict=True):
        [alone] = weigh_words(scorer, [document], HEADS)
        assert found.tokens == alone.tokens
        assert np.allclose(found.parts, alone.parts, atol=1e-9)


@given(text=TEXTS)
def test_grouping_by_word_loses_nothing(scorer: Scorer, text: str) -> None:
    """What words add together is what tokens add together."""
    [words] = weigh_words(scorer, [read(text)], HEADS)

    grouped = sum((word.parts for word in words.by_word()), np.zeros(len(HEADS)))
    assert np.allclose(grouped, words.parts.sum(axis=0), atol=1e-9)


@pytest.mark.parametrize(
    ("text", "word", "raw"),
    [
        ("Well, buy r.e.p.l.i.c.a now", "replica", "r.e.p.l.i.c.a"),
        ("Well, buy v i a g r a now", "viagra", "v i a g r a"),
        ("Well, you &#105;diot, go", "idiot", "&#105;diot"),
        ("Well, my w\u0430tches now", "watches", "w\u0430tches"),
        ("Well, you st\u200bupid man", "stupid", "st\u200bupid"),
        ("Well, <i>you idi</i>ot, go", "idiot", "idi</i>ot"),
        ("Well, you ｓｔｕｐｉｄ man", "stupid", "ｓｔｕｐｉｄ"),
        ("Well, you stuuuupid man", "stupid", "stuuuupid"),
        ("Well, you 1d10t go", "idiot", "1d10t"),
    ],
)
def test_a_word_points_at_the_characters_that_made_it(scorer: Scorer, text: str, word: str, raw: str) -> None:
    """Disguises, entities and tags lie inside the span, and neighbours outside."""
    [words] = weigh_words(scorer, [read(text)], HEADS)
    [found] = [each for each in words.by_word() if each.text == word]

    assert [text[span.start : span.end] for span in found.spans] == [raw]


TRICKS: Final = (
    "c.a.s.i.n.o", "stuuupid", "ｆｕｌｌ", "w\u0430tches", "𝓫𝓾𝔂", "&#105;diot", "<b>loud</b>", "pills", "a&amp;b",
    '<a href="https://bit.ly/x">photos</a>', "fr33", "m0ney", "st\u200bupid", "naïve", "Straße", "(well)", "word,",
)  # fmt: skip


@given(text=st.lists(st.sampled_from(TRICKS), min_size=1, max_size=12).map(" and the council ".join))
def test_a_word_can_be_read_in_its_span_alone(scorer: Scorer, text: str) -> None:
    """The raw characters that a word points at read as this word, whatever stands around them."""
    [words] = weigh_words(scorer, [read(text)], HEADS)

    for word in words.by_word():
        assert word.text is not None
        for span in word.spans:
            assert word.text in read(text[span.start : span.end]).text


@given(text=TEXTS)
def test_spans_lie_in_the_text(scorer: Scorer, text: str) -> None:
    """No span is empty or leaves the text, whatever is written."""
    document = read(text)
    [words] = weigh_words(scorer, [document], HEADS)

    for word in words.by_word():
        for span in word.spans:
            assert 0 <= span.start < span.end <= len(document.raw)


def test_the_links_are_one_entry(scorer: Scorer) -> None:
    """The words of an address belong to the link that a reader sees, a hidden target to its tag."""
    text = 'See http://cheap-watches.example and <a href="https://bit.ly/x">my photos</a>.'
    account = accounts(text, scorer)["spam"]

    [link] = [entry for entry in account.entries if entry.what is What.WORD and entry.says == "the link"]
    assert [text[span.start : span.end] for span in link.spans] == ["http://cheap-watches.example"]
    counted = {entry.says: entry.spans for entry in account.entries if entry.what is What.FEATURE}
    spans = next(spans for says, spans in counted.items() if "link" in says)
    assert '<a href="https://bit.ly/x">' in {text[span.start : span.end] for span in spans}


@given(text=TEXTS)
def test_what_is_read_from_links_is_found_without_mapping_all(scorer: Scorer, text: str) -> None:
    """The words laid on the links are those whose raw characters all lie inside one that can be seen."""
    text = f"{text} http://a.example {text} www.b.example/x"
    [words] = weigh_words(scorer, [read(text)], HEADS)
    shown = [link.span for link in words.document.links if not link.hidden]

    for word in words.by_word():
        for span in word.spans:
            inside = any(link.start <= span.start and span.end <= link.end for link in shown)
            assert inside == (word.text is None)


def accounts(text: str, scorer: Scorer, **fields: object) -> dict[str, Account]:
    """The full account of one comment."""
    return ledger(Context(text=text, **fields), scorer, DEFAULT_POLICY)


@given(text=TEXTS, author=st.sampled_from([Author(), Author(name="cheap viagra pills", url="https://loans.xyz")]))
def test_an_account_adds_up_to_the_last_place(scorer: Scorer, text: str, author: Author) -> None:
    """What is shown, rounded as it is, sums to the shown logit, whose probability is the served score."""
    found = accounts(text, scorer, author=author)
    document = read(text)
    logits = dict(zip(HEADS, scorer.calibrated_logits([document]).tolist()[0], strict=True))
    served = weigh(Context(text=text, author=author), document, logits, DEFAULT_POLICY).scores

    assert tuple(found) == HEADS
    for head, account in found.items():
        assert sum(round(entry.amount * 10_000) for entry in account.entries) == round(account.logit * 10_000)
        assert abs(account.score - served[head]) < 2e-5
        assert len(account.entries) <= 3 + MOST_WORDS + MOST_FEATURES + 12


def test_an_account_lists_signals_beside_words(scorer: Scorer) -> None:
    """Evidence beside the text stands with its code and weight, and the policy's lines with the sum."""
    account = accounts("The council met on Tuesday.", scorer, author=Author(name="cheap viagra pills"))["spam"]

    [signal] = [entry for entry in account.entries if entry.what is What.SIGNAL]
    assert signal.code == "author.keyword_name"
    assert signal.amount == 6.0
    assert account.entries[0].what is What.START
    assert account.thresholds == DEFAULT_POLICY.heads["spam"]


class TestInWords:
    """Features are told so that a person can count them in the text."""

    @pytest.mark.parametrize(
        ("text", "feature", "said"),
        [
            ("See http://a.example and http://b.example, http://c.example", "links", "3 links"),
            ("ABcd", "capitals", "50% of its characters are capitals"),
            ("What?! No! Yes!", "exclamations", "3 exclamation marks"),
            ("What? No!", "questions", "1 question mark"),
            ("one two three", "words", "3 words long"),
            ("one two three", "length", "13 characters long"),
            ("c.a.s.i.n.o", "split", "1 word cut by signs"),
            ("casino", "split", "no words cut by signs"),
            ("Call +1 844 555 0199 now", "phones", "1 telephone number"),
            ("hi 😀😀", "emoji", "2 emoji"),
            ("one one two two", "repetition", "50% of its words are repetitions"),
            ("no link here", "has_link", "it has no link"),
            ("you idiot", "kind_insult", "1 expression of insult"),
            ("you idiot", "share_insult", "50% of its words are insult"),
        ],
    )
    def test_a_feature_says_what_can_be_counted(self, text: str, feature: str, said: str) -> None:
        """The sentence is made of the value that the model saw."""
        document = read(text)
        values = dense_features(document)

        assert in_words(feature, values[DENSE.index(feature)]) == said

    def test_no_feature_is_told_by_its_internal_name(self) -> None:
        """Every dense feature has words of its own."""
        for feature in DENSE:
            assert "_" not in in_words(feature, 1.0)
            assert " is 1" not in in_words(feature, 1.0), feature

    @given(text=TEXTS)
    def test_any_text_can_be_told(self, text: str) -> None:
        """No value breaks a sentence."""
        document = read(text)
        for feature, value in zip(DENSE, dense_features(document), strict=True):
            assert in_words(feature, value)
