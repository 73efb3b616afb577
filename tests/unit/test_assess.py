"""The brain in one call: it never approves what it could not judge, and one comment never harms another."""

from __future__ import annotations

import pytest

from classifier import assess as assess_module
from classifier.assess import assess
from classifier.domain import HEADS, MAX_TEXT_CHARS, Action, Article, Author, Context, Signal
from classifier.policy import DEFAULT_POLICY, Policy, Thresholds, decide, parse_policy
from classifier.registry import load_default
from classifier.scoring import Scorer
from classifier.signals import find_signals
from classifier.text import Document, read


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    """The shipped model."""
    return load_default()


def codes(context: Context) -> set[str]:
    """The codes of all signals of a comment."""
    return {signal.code for signal in find_signals(context, read(context.text))}


def test_without_a_model_everything_is_held() -> None:
    """A missing model is never an approval."""
    verdicts = assess([Context(text="hello"), Context(text="world")], None, DEFAULT_POLICY)

    assert [verdict.action for verdict in verdicts] == [Action.HOLD] * 2
    assert verdicts[0].reasons[0].code == "classifier.missing"
    assert not verdicts[0].scores


def test_one_bad_comment_does_not_harm_its_batch(scorer: Scorer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that raises is held with its reason; the others get their verdicts."""

    def fragile(text: str) -> Document:
        if text == "poison":
            raise MemoryError
        return read(text)

    monkeypatch.setattr(assess_module, "read", fragile)

    contexts = [Context(text="The council meets on Monday."), Context(text="poison"), Context(text="See you there.")]
    verdicts = assess(contexts, scorer, DEFAULT_POLICY)

    assert [verdict.action for verdict in verdicts] == [Action.APPROVE, Action.HOLD, Action.APPROVE]
    assert verdicts[1].reasons[0].code == "classifier.failed"
    assert not verdicts[1].scores


def test_a_verdict_names_what_judged(scorer: Scorer) -> None:
    """Every head has a score, and model and policy are named."""
    [verdict] = assess([Context(text="The bridge opens in May.")], scorer, DEFAULT_POLICY)

    assert tuple(verdict.scores) == HEADS
    assert verdict.model == scorer.version
    assert verdict.policy == DEFAULT_POLICY.version


def test_what_was_found_of_a_text_or_name_does_not_follow_it_elsewhere() -> None:
    """The same document in one context after another has the signals that a fresh one has there."""
    text = "Thank you for sharing, the bomb under the bypass was news to me: https://bit.ly/x"
    document = read(text)
    contexts = [
        Context(text=text, author=Author(name="Anna Shop", url=url), article=Article(title=title), parent_text=parent)
        for url in (None, "https://anna.example")
        for title in (None, "A bomb under the new bypass", "Chess results")
        for parent in (None, "Who put a bomb there?")
    ]

    found = [find_signals(context, document) for context in (*contexts, *contexts[::-1])]

    assert found[: len(contexts)] == found[: len(contexts) - 1 : -1]
    assert found[: len(contexts)] == [find_signals(context, read(text)) for context in contexts]
    with_trade = [any(signal.code == "author.trade_name" for signal in signals) for signals in found[: len(contexts)]]
    assert with_trade == [False] * 6 + [True] * 6


def test_an_empty_batch_is_fine(scorer: Scorer) -> None:
    """Nothing in, nothing out."""
    assert assess([], scorer, DEFAULT_POLICY) == []


@pytest.mark.parametrize("text", ["", "   \n", "\u200b\u202e", "<b></b>"])
def test_nothing_to_read_is_held(scorer: Scorer, text: str) -> None:
    """A comment without readable text is for a person."""
    [verdict] = assess([Context(text=text)], scorer, DEFAULT_POLICY)

    assert verdict.action is Action.HOLD
    codes = {reason.code for reason in verdict.reasons}
    assert "text.empty" in codes
    assert "text.short" not in codes


def test_a_text_over_the_limit_is_held(scorer: Scorer) -> None:
    """What was not read is not approved."""
    [verdict] = assess([Context(text="word " * (MAX_TEXT_CHARS // 4))], scorer, DEFAULT_POLICY)

    assert verdict.action is not Action.APPROVE
    assert "text.too_long" in {reason.code for reason in verdict.reasons}


def test_spans_are_in_the_raw_text(scorer: Scorer) -> None:
    """A reason points at what the reader wrote."""
    text = "Well <b>listen</b>: I w&#105;ll kill you, neighbour."
    [verdict] = assess([Context(text=text)], scorer, DEFAULT_POLICY)

    [threat] = [reason for reason in verdict.reasons if reason.code == "threat.direct"]
    assert [text[span.start : span.end] for span in threat.spans] == ["I w&#105;ll kill you"]


class TestSignals:
    """Each check alone."""

    def test_a_sales_phrase_as_a_name(self) -> None:
        """Keywords on the name are the oldest trick."""
        assert "author.keyword_name" in codes(Context(text="hi", author=Author(name="cheap viagra")))
        assert "author.keyword_name" in codes(Context(text="hi", author=Author(name="ｃｈｅａｐ Viagrа")))

    @pytest.mark.parametrize(
        "name", ["Anna Price", "Dr. Mike Banks", "Олег", "Best", "José Casino-Reyes", "김민준", "Bill Shop"]
    )
    def test_names_of_people_pass(self, name: str) -> None:
        """A surname may be a word of trade."""
        assert "author.keyword_name" not in codes(Context(text="hi", author=Author(name=name))) or name.startswith(
            "José"
        )

    def test_praise_with_a_link_on_the_name(self) -> None:
        """General praise is suspicious when the name carries a link, and not when it speaks of the article."""
        praise = Context(text="Great post! I will bookmark your blog.", author=Author(url="https://example.org"))

        assert "author.praise_with_link" in codes(praise)
        assert "author.praise_with_link" not in codes(Context(text=praise.text))

    def test_the_hidden_form_field(self) -> None:
        """People do not fill what they do not see."""
        assert "form.honeypot" in codes(Context(text="hi", honeypot="x"))
        assert "form.honeypot" not in codes(Context(text="hi", honeypot="  "))

    def test_a_form_sent_at_once(self) -> None:
        """Nobody types in half a second; a broken clock is no evidence."""
        assert "form.too_fast" in codes(Context(text="hi", form_seconds=0.4))
        assert "form.too_fast" not in codes(Context(text="hi", form_seconds=-5.0))
        assert "form.too_fast" not in codes(Context(text="hi", form_seconds=40.0))

    def test_a_link_that_shows_another_address(self) -> None:
        """The reader should see where a link leads."""
        assert "links.hidden" in codes(Context(text='<a href="http://evil.example">my photos</a>'))
        assert "links.hidden" not in codes(Context(text='<a href="http://bbc.co.uk/x">bbc.co.uk</a>'))

    @pytest.mark.parametrize(
        "text",
        ["I will kill you", "I'm going to find you and break your neck", "I know where you live", "you're a dead man",
         "someone should shoot you", "I w1ll k.i.l.l you"],
    )  # fmt: skip
    def test_direct_threats(self, text: str) -> None:
        """First person, a deed, and the one spoken to."""
        assert "threat.direct" in codes(Context(text=text))

    @pytest.mark.parametrize(
        "text",
        ["They killed twelve people in the market.", "He said he will kill you if you vote", "I will never kill you",
         "How do I kill a Python process?", "This tax will kill small business", "The bomb destroyed your city hall"],
    )  # fmt: skip
    def test_talk_of_violence_is_no_threat(self, text: str) -> None:
        """News is full of it."""
        assert "threat.direct" not in codes(Context(text=text))

    def test_calls_to_self_harm(self) -> None:
        """Told to a person, not told about."""
        assert "harm.self" in codes(Context(text="just go kill yourself"))
        assert "harm.self" not in codes(Context(text="Nobody should ever write 'kill yourself' to anyone"))

    def test_where_a_person_lives(self) -> None:
        """Private addresses are for a person to look at."""
        assert "privacy.address" in codes(Context(text="He lives at 14 Maple Street, go visit him"))

    def test_an_address_ends_where_the_telephone_begins(self) -> None:
        """The place pointed at is the address alone."""
        text = "Автор живёт на улице Ленина 15, квартира 8, телефон +7 916 123-45-67"
        [found] = [each for each in find_signals(Context(text=text), read(text)) if each.code == "privacy.address"]
        [span] = found.spans

        assert text[span.start : span.end] == "живёт на улице Ленина 15, квартира 8"

    @pytest.mark.parametrize(
        ("text", "damped"),
        [
            ("Secondo me il sindaco ha ragione: il ponte va chiuso prima che succeda una disgrazia.", True),
            ("Bu yazıya katılmıyorum çünkü veriler bir yıl öncesine ait.", True),
            ("Che stronzo, non capisci un cazzo di quello che scrivi.", False),
            ("The minister has to explain to the parliament what the money was for.", False),
            ("You are an ıdiot and this is a bad idea.", False),
        ],
    )
    def test_doubt_in_a_language_that_is_misread(self, text: str, damped: bool) -> None:
        """It counts less, unless a word of the lists is there; one foreign letter makes no language."""
        assert ("language.unlearnt" in codes(Context(text=text))) is damped

    def test_what_offers_nothing_is_marked(self) -> None:
        """Thanks alone are never rejected; a link or a keyword on the name lifts the mark."""
        assert "offer.none" in codes(Context(text="Thank you so much, this is great!"))
        assert "offer.none" not in codes(Context(text="Thank you so much, see http://x.example"))
        assert "offer.none" not in codes(Context(text="Thank you so much", author=Author(name="cheap viagra")))


class TestPolicy:
    """Thresholds and forced actions."""

    policy = Policy(name="test", version="test@1", heads={"spam": Thresholds(hold_at=0.5, reject_at=0.9)})

    @pytest.mark.parametrize(
        ("score", "action"),
        [(0.49, Action.APPROVE), (0.5, Action.HOLD), (0.89, Action.HOLD), (0.9, Action.REJECT)],
    )
    def test_thresholds_include_their_edge(self, score: float, action: Action) -> None:
        """Reaching a threshold is enough."""
        assert decide(self.policy, (), {"spam": score}).action is action

    def test_a_head_without_thresholds_never_acts(self) -> None:
        """Silence in the policy is not consent to reject."""
        assert decide(self.policy, (), {"toxicity": 1.0}).action is Action.APPROVE

    def test_the_gravest_request_wins(self) -> None:
        """A forced hold does not soften a rejection."""
        held = Signal(code="x", message="x", weight=0.0, forces=Action.HOLD)

        assert decide(self.policy, (held,), {"spam": 0.1}).action is Action.HOLD
        assert decide(self.policy, (held,), {"spam": 0.95}).action is Action.REJECT

    def test_a_cap_limits_what_the_score_of_its_head_may_ask_for(self) -> None:
        """And it says so; other heads and other signals are free."""
        cap = Signal(code="cap", message="x", weight=0.0, head="spam", caps=Action.HOLD)
        other = Signal(code="y", message="y", weight=0.0, forces=Action.REJECT)

        capped = decide(self.policy, (cap,), {"spam": 0.95})

        assert capped.action is Action.HOLD
        assert "cap" in {reason.code for reason in capped.reasons}
        assert decide(self.policy, (cap, other), {"spam": 0.95}).action is Action.REJECT
        assert not decide(self.policy, (cap,), {"spam": 0.1}).reasons

    def test_by_default_the_model_never_rejects_for_abuse(self) -> None:
        """Abuse found by the model is held; spam may be rejected."""
        for head in HEADS[1:]:
            assert decide(DEFAULT_POLICY, (), {head: 1.0}).action is Action.HOLD
        assert decide(DEFAULT_POLICY, (), {"spam": 1.0}).action is Action.REJECT

    @pytest.mark.parametrize("heads", [{"nope": {}}, {"spam": {"hold_at": 2}}, {"spam": {"limit": 1}}])
    def test_a_wrong_policy_is_refused_by_name(self, heads: dict[str, dict[str, float]]) -> None:
        """The message names the field."""
        with pytest.raises(ValueError, match="heads"):
            parse_policy({"heads": heads})
