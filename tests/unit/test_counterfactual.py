"""A counterfactual is true: making the change it names and judging again gives the action it states."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.alternatives import FACTS, known
from classifier.assess import assess
from classifier.counterfactual import LONGEST_TRIED, without
from classifier.domain import (
    Action,
    Article,
    Author,
    AuthorRecord,
    Change,
    Context,
    Counterfactual,
    Likeness,
    Rates,
    Span,
    Verdict,
)
from classifier.languages import SMALL_WORDS
from classifier.policy import DEFAULT_POLICY, Policy, parse_policy
from classifier.registry import load_default
from classifier.scoring import Scorer

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PIECES = (
    "you idiot", "fucking moron", "I will kill you", "kill yourself", "best casino bonus", "http://cheap-pills.example",
    '<a href="https://bit.ly/x">photos</a>', "c.a.s.i.n.o", "v i a g r a", "The bridge was closed on Monday",
    "&#105;diot", "call toll free support +1 844 555 0199", "сука", "great post, thanks for sharing",
    "he lives at 14 Maple Street",
    "\u200b", "😀", "&amp;", "!!!", "stu\u0440id", "[url=http://x.example]here[/url]", "joe@x.example", "@joe", "и", "",
)  # fmt: skip
TEXTS = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=7).map(" ".join),
    st.lists(st.sampled_from(PIECES), max_size=4).flatmap(lambda some: st.text(max_size=20).map("".join(some).__add__)),
)
AUTHORS = st.sampled_from(
    [Author(), Author(name="cheap viagra pills"), Author(name="Tom", url="https://best-loans.xyz"), Author(id="7"),
     Author(email="buy-cheap-seo@mailinator.com")]
)  # fmt: skip
CONTEXTS = st.builds(
    Context,
    text=TEXTS,
    author=AUTHORS,
    article=st.sampled_from([Article(), Article(title="The bridge", published_at=NOW - timedelta(days=90))]),
    honeypot=st.sampled_from([None, "x"]),
    form_seconds=st.sampled_from([None, 0.5]),
    record=st.sampled_from([None, AuthorRecord(rejected=4, ruled_rejected=2), AuthorRecord(approved=1, earned=1)]),
    rates=st.sampled_from([None, Rates(author=90, network=200, site=300, site_usual=5)]),
    likeness=st.sampled_from([None, Likeness(same=6, similar=9, rejected=8)]),
    now=st.just(NOW),
)
MODES = ["first_time_authors", "with_links", "old_articles"]
OWNED = {
    "rules": {
        "no-casino": {"words": ["casino", "bridge"], "action": "reject"},
        "pills": {"words": ["pills"], "weight": 3},
    },
    "premoderation": {"modes": MODES},
    "block": {"ids": ["7"]},
    "closed": {"after_days": 60},
}
GATES = {"premoderation.links": "with_links", "premoderation.old_article": "old_articles"}


def owned(left_out: str | None = None) -> Policy:
    """A policy with wishes of every sort, perhaps without the one of this code."""
    document = {name: dict(value) for name, value in OWNED.items()}
    if left_out is not None and left_out.startswith("rule."):
        document["rules"] = {k: v for k, v in document["rules"].items() if f"rule.{k}" != left_out}
    elif left_out in GATES:
        document["premoderation"]["modes"] = [mode for mode in MODES if mode != GATES[left_out]]
    elif left_out is not None:
        del document["block" if left_out == "block.id" else "closed"]
    return parse_policy(document)


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    """The shipped model."""
    return load_default()


def judged(context: Context, scorer: Scorer, policy: Policy = DEFAULT_POLICY) -> Verdict:
    """The verdict on one comment."""
    return assess([context], scorer, policy)[0]


def changed(context: Context, found: Counterfactual, policy: Policy) -> tuple[Context, Policy]:
    """The comment and the policy with the change made that a counterfactual names."""
    if found.change is Change.RULE:
        return context, owned(found.code) if policy is not DEFAULT_POLICY else policy
    if found.change is Change.FACT:
        [fact] = [fact for fact in FACTS if found.code in fact.codes]
        return fact.change(context), policy
    if found.change is Change.KNOWN_AUTHOR:
        return known(context), policy
    if found.change is Change.NONE:
        return context, policy
    return replace(context, text=without(context.text, found.spans)), policy


@settings(max_examples=150)
@given(context=CONTEXTS, has_wishes=st.booleans())
def test_making_the_change_gives_the_stated_action(scorer: Scorer, context: Context, has_wishes: bool) -> None:
    """Whatever is named, left out and judged again comes out as said; approved comments have no counterfactual."""
    policy = owned() if has_wishes else DEFAULT_POLICY
    verdict = judged(context, scorer, policy)
    found = verdict.counterfactual

    if found is None:
        codes = {reason.code for reason in verdict.reasons}
        assert verdict.action is Action.APPROVE or "text.empty" in codes
        return
    assert verdict.action is not Action.APPROVE
    other, other_policy = changed(context, found, policy)
    assert judged(other, scorer, other_policy).action is found.action
    assert found.message.endswith(": approve.") == (found.action is Action.APPROVE)


@given(contexts=st.lists(CONTEXTS, min_size=2, max_size=6))
def test_a_counterfactual_does_not_depend_on_its_batch(scorer: Scorer, contexts: list[Context]) -> None:
    """Comments that are tried together are told the same as alone."""
    together = assess(contexts, scorer, DEFAULT_POLICY)

    assert [each.counterfactual for each in together] == [judged(each, scorer).counterfactual for each in contexts]


def test_one_insult_is_named(scorer: Scorer) -> None:
    """The word is quoted as it reads, and its span is what the reader wrote, every time."""
    text = "The council did what it could for the bridge, you f.u.c.k.i.n.g &#105;diot, and the budget was published."
    verdict = judged(Context(text=text), scorer)
    found = verdict.counterfactual

    assert verdict.action is Action.HOLD
    assert found is not None
    assert found.change is Change.WORDS
    assert text[found.spans[0].start : found.spans[0].end] in ("f.u.c.k.i.n.g", "&#105;diot")
    assert any(word in found.message for word in ("“fucking”", "“idiot”"))


@pytest.mark.parametrize(
    ("context", "change", "code", "message"),
    [
        (Context(text="The new casino will be built near the bridge, says the council."), Change.RULE, "rule.no-casino",
         "Without the rule “no-casino”: approve."),
        (Context(text="The council met on Tuesday to speak about the road.", author=Author(id="7")), Change.RULE,
         "block.id", "Without the entry on the block list (block.id): approve."),
    ],
)  # fmt: skip
def test_a_wish_of_the_owner_is_named(
    scorer: Scorer, context: Context, change: Change, code: str, message: str
) -> None:
    """Who wonders why a civil comment was rejected reads which rule to look at."""
    found = judged(known(replace(context, now=NOW)), scorer, owned()).counterfactual

    assert found is not None
    assert (found.change, found.code, found.action, found.message) == (change, code, Action.APPROVE, message)


def test_a_first_comment_waits_for_a_known_author(scorer: Scorer) -> None:
    """Where only first-time authors wait, being known is what is missing."""
    context = Context(text="The council met on Tuesday to speak about the road.", now=NOW)
    found = judged(context, scorer, owned()).counterfactual

    assert found is not None
    assert found.change is Change.KNOWN_AUTHOR
    assert found.action is Action.APPROVE


def test_the_hidden_form_field_is_named(scorer: Scorer) -> None:
    """A fact about the form is left out, not the text."""
    context = Context(text="The council met on Tuesday to speak about the road.", honeypot="x")
    found = judged(context, scorer).counterfactual

    assert found is not None
    assert (found.change, found.code, found.action) == (Change.FACT, "form.honeypot", Action.APPROVE)


def test_a_threat_is_the_passage_that_was_marked(scorer: Scorer) -> None:
    """What forces a hold is cut out as a whole."""
    text = "The bridge will be closed on Monday, as the council said. I know where you live."
    found = judged(Context(text=text), scorer).counterfactual

    assert found is not None
    assert (found.change, found.code, found.action) == (Change.WORDS, "threat.direct", Action.APPROVE)
    assert [text[span.start : span.end] for span in found.spans] == ["I know where you live"]


@pytest.mark.parametrize(
    ("text", "message", "cut"),
    [
        ("Ich bringe dich um, ich weiß wo du wohnst.", "Without the direct threat nothing would be left to read.",
         ["Ich bringe dich um", "ich weiß wo du wohnst"]),
        ("I know where you live.", "Without the direct threat nothing would be left to read.",
         ["I know where you live"]),
        ("He lives at 14 Maple Street, Springfield, go and tell him what you think", "Without the address: approve.",
         ["lives at 14 Maple Street"]),
        ("I will kill you. She lives at 14 Maple Street, Springfield. The council was right to close the bridge.",
         "Without the direct threat and the address: approve.", ["I will kill you", "lives at 14 Maple Street"]),
    ],
)  # fmt: skip
def test_all_passages_that_force_go_together(scorer: Scorer, text: str, message: str, cut: list[str]) -> None:
    """Two clauses that are each a threat are one thing, named in plain words; what leaves nothing to read says so."""
    found = judged(Context(text=text), scorer).counterfactual

    assert found is not None
    assert found.message == message
    assert [text[span.start : span.end] for span in found.spans] == cut


def test_what_forces_and_cannot_be_cut_is_named(scorer: Scorer) -> None:
    """Where two things force, a score under its line is no part of the answer."""
    context = Context(text="I know where you live. The council met on Tuesday to speak of the road.", honeypot="x")
    found = judged(context, scorer).counterfactual

    assert found is not None
    assert found.change is Change.NONE
    assert found.message.startswith("No single thing decides; ")
    assert "the direct threat" in found.message
    assert "the hidden form field" in found.message
    assert found.message.endswith(" keep it held.")


def test_what_weighs_most_may_stand_beside_the_text(scorer: Scorer) -> None:
    """The author's name adds more than the link."""
    context = Context(text="Great site http://x.example/ thanks", author=Author(name="cheap viagra pills"))
    found = judged(context, scorer).counterfactual

    assert found is not None
    assert found.message == "It is far above the line; the author's name weighs most."
    assert found.spans == ()


@given(text=TEXTS)
def test_small_words_and_signs_are_never_named(scorer: Scorer, text: str) -> None:
    """To leave out an article or a full stop may be enough for the model and explains nothing to a person."""
    found = judged(Context(text=text), scorer).counterfactual
    named = re.findall("the word “(.*?)”", found.message) if found else []

    assert not SMALL_WORDS.intersection(named)
    assert all(any(map(str.isalnum, word)) for word in named)


def test_long_texts_are_not_tried_word_by_word(scorer: Scorer) -> None:
    """The cost of one comment is bounded; the message says what was not looked at."""
    text = "You fucking idiot, you stupid moron. " * (LONGEST_TRIED // 30)
    found = judged(Context(text=text), scorer).counterfactual

    assert found is not None
    assert found.change is Change.NONE
    assert "too long" in found.message


def test_without_cuts_what_overlaps_once() -> None:
    """Spans may touch, overlap and come in any order."""
    assert without("abcdefgh", [Span(4, 6), Span(1, 3), Span(2, 5)]) == "agh"
    assert without("abc", []) == "abc"
