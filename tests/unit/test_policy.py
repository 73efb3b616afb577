"""Policies: what an owner can ask for, how it is written, and who wins when model and owner disagree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.assess import assess
from classifier.domain import HEADS, Action, Article, Author, AuthorRecord, Context, Identity, Signal
from classifier.owner import Demand
from classifier.policy import DEFAULT_POLICY, Policy, PolicyError, decide
from classifier.policy_document import (
    DEFAULT_DOCUMENT,
    MAX_RULES,
    MAX_WORDS,
    build,
    from_toml,
    matches,
    merged,
    origins,
    parse,
    to_fields,
    to_toml,
)
from classifier.policy_tables import PolicyDocument
from classifier.registry import load_default
from classifier.signals import find_signals
from classifier.text import read

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
#: Keys and values that documents may have, for documents made at random.
KEYS = [
    "name", "match", "heads", "harm", "conflict", "premoderation", "closed", "rules", "allow", "block", "spam", "x",
    "hold_at", "reject_at", "threat", "approve_over", "modes", "old_articles_days", "authors", "always", "after_days",
    "articles", "action", "words", "patterns", "where", "weight", "message", "final", "domains", "ips", "paths", "tags",
]  # fmt: skip
SAID = ["hold", "reject", "approve", "never", "all", "name", "raw", "x.example", "192.0.2.1", "/a", 0.5, 1, ["x"], []]
SMALL_TALK = {"text.short", "offer.none"}
QUIET = dict.fromkeys(HEADS, 0.01)


def a_policy(text: str) -> Policy:
    """The default policy with some TOML laid over it."""
    return build(merged([DEFAULT_DOCUMENT, from_toml(text)]), "site", "site@1")


def demands(policy: Policy, text: str = "The bridge was lovely.", **fields: Any) -> list[Demand]:
    """What the owner asks for on a comment."""
    assert policy.wishes is not None
    context = Context(text=text, **fields)
    return policy.wishes.find(context, read(text), NOW)


def codes(policy: Policy, text: str = "The bridge was lovely.", **fields: Any) -> list[str]:
    """The codes of these demands."""
    return [demand.signal.code for demand in demands(policy, text, **fields)]


def ruled(policy: Policy, text: str, scores: dict[str, float] | None = None, **fields: Any) -> tuple[Action, list[str]]:
    """The action, and the codes of the reasons, for these scores; what is said of any short text is left out."""
    found = decide(
        policy,
        find_signals(Context(text=text, **fields), read(text)),
        {**QUIET, **(scores or {})},
        demands(policy, text, **fields),
    )
    return found.action, [reason.code for reason in found.reasons if reason.code not in SMALL_TALK]


def faults(text: str) -> dict[str, str]:
    """What is wrong with a document: key -> sentence."""
    with pytest.raises(PolicyError) as caught:
        from_toml(text)
    return {str(fault).partition(": ")[0]: fault.message for fault in caught.value.faults}


class TestRules:
    """Words and patterns, on what a reader sees."""

    WORDS = '[rules.ads]\nwords = ["casino", "online slots", "дура", "betting*"]\naction = "reject"'

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("A casino burned.", "casino"),
            ("C.A.S.I.N.O now", "C.A.S.I.N.O"),
            ("Best c a s i n o here", "c a s i n o"),
            ("the <b>cas</b>ino!", "cas</b>ino"),
            ("ｃａｓｉｎｏ", "ｃａｓｉｎｏ"),
            ("play Online,\n SLOTS!", "Online,\n SLOTS"),
            ("Ты ДУРА", "ДУРА"),
            ("all BettingTips are free", "BettingTips"),
        ],
    )
    def test_a_word_is_found_in_disguise_and_shown_as_it_was_written(self, text: str, shown: str) -> None:
        """Spans are those of the raw text."""
        (found,) = demands(a_policy(self.WORDS), text)

        assert found.signal.code == "rule.ads"
        assert [text[span.start : span.end] for span in found.signal.spans] == [shown]

    @pytest.mark.parametrize("text", ["casinos", "a cascade in oslo", "onlineslots", "slots online", "дурак", "дур а"])
    def test_only_whole_words_count(self, text: str) -> None:
        """Part of a longer word is another word; an ending is asked for with a star."""
        assert not demands(a_policy(self.WORDS), text)

    def test_every_place_is_shown(self) -> None:
        """Also two hits beside each other."""
        text = "casino casino, CASINO"
        (found,) = demands(a_policy(self.WORDS), text)

        assert [text[span.start : span.end] for span in found.signal.spans] == ["casino", "casino", "CASINO"]

    def test_patterns_see_the_normalised_text_or_the_raw_one(self) -> None:
        """``where`` says which; case never counts."""
        policy = a_policy(
            "[rules.phone]\npatterns = ['\\+44 ?\\d+']\nweight = 2.0\n"
            "[rules.shout]\npatterns = ['!{3}', '\\p{So}']\nwhere = 'raw'\nweight = 1\n"
            "[rules.brand]\nwords = ['acme']\nwhere = 'name'\naction = 'hold'"
        )

        assert codes(policy, "call +44 7700!!! 👍", author=Author(name="ＡＣＭＥ Shop")) == [
            "rule.brand",
            "rule.phone",
            "rule.shout",
        ]
        assert codes(policy, "acme calls +1 7700") == []

    def test_many_rules_say_which_of_them_match(self) -> None:
        """Three hundred rules are one search; each that matches is named, whatever the order."""
        rules = "\n".join(f'[rules.r{n}]\nwords = ["zebra{n}x", "okapi {n}"]\nweight = 0.5' for n in range(MAX_RULES))

        assert codes(a_policy(rules), "zebra7x and OKAPI 250, zebra7") == ["rule.r250", "rule.r7"]

    @given(st.text(alphabet="ab é\u0301<b>&.1🙂", max_size=60))
    def test_any_text_can_be_searched(self, text: str) -> None:
        """Spans stay inside the raw text."""
        policy = a_policy("[rules.x]\nwords = ['a', 'ab', 'b*']\npatterns = ['[a-z]\\d', '🙂']\nweight = 1")
        for demand in demands(policy, text):
            assert all(0 <= span.start < span.end <= len(text) for span in demand.signal.spans)

    def test_a_weight_moves_the_score_and_is_a_reason(self) -> None:
        """A rule without an action adds to its head's logit before the thresholds are asked."""
        scorer = load_default()
        context = Context(text="I think the harbour bridge is far too expensive for our town.")
        plain = assess([context], scorer, DEFAULT_POLICY)[0]
        weighed = assess([context], scorer, a_policy("[rules.x]\nwords=['harbour']\nweight=9.0\nhead='insult'"))[0]

        assert plain.action is Action.APPROVE
        assert weighed.scores["insult"] > plain.scores["insult"]
        assert weighed.scores["spam"] == plain.scores["spam"]
        assert weighed.action is Action.HOLD
        assert "rule.x" in [reason.code for reason in weighed.reasons]


class TestLists:
    """Domains, addresses, names, IP ranges and ids."""

    BLOCK = (
        "[block]\ndomains = ['bad.example', 'пример.рф']\nemails = ['Troll@X.example']\nnames = ['Max Troll']\n"
        "ips = ['192.0.2.0/24', '2001:db8::/32', '198.51.100.7']\nids = ['u-9']"
    )

    @pytest.mark.parametrize(
        ("text", "author", "code"),
        [
            ("see https://shop.bad.example/x", {}, "block.domain"),
            ("see <a href='http://bad.example'>this</a>", {}, "block.domain"),
            ("hello", {"url": "http://www.bad.example"}, "block.domain"),
            ("hello", {"email": "jo@mail.bad.example"}, "block.domain"),
            ("hello", {"url": "http://xn--e1afmkfd.xn--p1ai/"}, "block.domain"),
            ("hello", {"email": " troll@x.example"}, "block.email"),
            ("hello", {"name": "ＭＡＸ  “Troll”"}, "block.name"),
            ("hello", {"ip": "192.0.2.99"}, "block.ip"),
            ("hello", {"ip": "::ffff:192.0.2.99"}, "block.ip"),
            ("hello", {"ip": "2001:db8:1::5"}, "block.ip"),
            ("hello", {"ip": "198.51.100.7"}, "block.ip"),
            ("hello", {"id": "u-9"}, "block.id"),
        ],
    )
    def test_what_is_blocked_is_rejected(self, text: str, author: dict[str, str], code: str) -> None:
        """However harmless the model finds it: a list says who, not what."""
        action, reasons = ruled(a_policy(self.BLOCK), text, author=Author(**author))

        assert action is Action.REJECT
        assert reasons[0] == code

    @pytest.mark.parametrize(
        "author",
        [
            {"url": "http://notbad.example", "email": "a@x.example", "name": "Max", "ip": "192.0.3.1", "id": "u-99"},
            {"ip": "nonsense", "url": "bad", "email": "@", "name": "\u200b"},
        ],
    )
    def test_others_are_not(self, author: dict[str, str]) -> None:
        """Neither neighbours nor what cannot be read."""
        assert codes(a_policy(self.BLOCK), "hello", author=Author(**author)) == []

    def test_trust_cannot_be_borrowed_by_typing_an_address(self) -> None:
        """An allowed e-mail address or name counts for who proved it: the name of a signed-in author only."""
        policy = a_policy("[allow]\nemails=['jo@x.example']\nnames=['Jo']\nids=['7']\nips=['192.0.2.1']")

        assert codes(policy, author=Author(email="jo@x.example", name="jo")) == []
        assert codes(policy, author=Author(email="JO@x.example", name="jo", verified=True)) == ["allow.email"]
        assert codes(policy, author=Author(email="x@x.example", name="jo", verified=True)) == []
        assert codes(policy, author=Author(id="9", name="jo")) == ["allow.name"]
        assert codes(policy, author=Author(id="7", ip="192.0.2.1")) == ["allow.id", "allow.ip"]

    def test_links_to_allowed_domains_are_not_held_against_a_comment(self) -> None:
        """They vouch for nobody either; and one other link ends it."""
        policy = a_policy("[allow]\ndomains=['wikipedia.org']\n[premoderation]\nmodes=['with_links']")

        assert codes(policy, "https://en.wikipedia.org/wiki/Bridge") == []
        assert codes(policy, "https://en.wikipedia.org/wiki/Bridge http://x.example") == ["premoderation.links"]
        many = " ".join(f"https://en.wikipedia.org/wiki/{name}" for name in "abcdef")
        scorer = load_default()
        found = assess([Context(text=many)] * 2, scorer, [policy, DEFAULT_POLICY])
        assert found[0].scores["spam"] < found[1].scores["spam"]


class TestPremoderation:
    """Comments that wait for a person, whatever they say."""

    def test_everything(self) -> None:
        """``all`` holds what would be approved and leaves rejected what is rejected."""
        policy = a_policy("[premoderation]\nmodes=['all']")

        assert ruled(policy, "Fine.") == (Action.HOLD, ["premoderation.all"])
        assert decide(policy, (), {**QUIET, "spam": 0.9999}, demands(policy)).action is Action.REJECT

    def test_first_time_authors(self) -> None:
        """Nobody knows them, or nothing of theirs that counts was approved."""
        policy = a_policy("[premoderation]\nmodes=['first_time_authors']")

        assert codes(policy) == ["premoderation.first_time"]
        assert codes(policy, record=AuthorRecord(identity=Identity.SIGNED, held=3)) == ["premoderation.first_time"]
        for identity in (Identity.SIGNED, Identity.VERIFIED):
            assert codes(policy, record=AuthorRecord(identity=identity, approved=1, earned=1)) == []
            assert codes(policy, record=AuthorRecord(identity=identity, approved=1, ruled_approved=1)) == []

    def test_five_compliments_make_no_known_author(self) -> None:
        """What the machine let through of short praise earns nothing, and rejections weigh against what did."""
        policy = a_policy("[premoderation]\nmodes=['first_time_authors']")
        flatterer = AuthorRecord(identity=Identity.SIGNED, approved=5)
        spammer = AuthorRecord(identity=Identity.SIGNED, approved=2, earned=2, rejected=2)

        assert codes(policy, record=flatterer) == codes(policy, record=spammer) == ["premoderation.first_time"]

    def test_typing_a_known_address_makes_nobody_known(self) -> None:
        """Unless the owner says so, for a blog where nobody signs in."""
        record = AuthorRecord(identity=Identity.TYPED, approved=9, earned=9, ruled_approved=9)
        asked = "[premoderation]\nmodes=['first_time_authors']"

        assert codes(a_policy(asked), record=record) == ["premoderation.first_time"]
        assert codes(a_policy(asked + "\ntyped_emails=true"), record=record) == []

    def test_old_articles(self) -> None:
        """Counted from publication to the comment; an article of unknown age is not old."""
        policy = a_policy("[premoderation]\nmodes=['old_articles']\nold_articles_days=14")

        assert codes(policy, article=Article(published_at=NOW - timedelta(days=14))) == ["premoderation.old_article"]
        assert codes(policy, article=Article(published_at=NOW - timedelta(days=13))) == []
        assert codes(policy, article=Article()) == []

    def test_listed_authors(self) -> None:
        """By address, name, range or id."""
        policy = a_policy("[premoderation]\nmodes=['listed_authors']\nauthors={names=['Max'],ips=['192.0.2.0/24']}")

        assert codes(policy, author=Author(name="MAX")) == ["premoderation.listed_author"]
        assert codes(policy, author=Author(name="Maxine", ip="192.0.3.1")) == []

    def test_a_trusted_author_is_not_premoderated(self) -> None:
        """A list or rule that approves goes first; a closed article stays closed all the same."""
        allowed = "[allow]\nids=['7']\n[premoderation]\nmodes=['all']\n"
        author = Author(id="7")

        assert ruled(a_policy(allowed), "Fine.", author=author) == (Action.APPROVE, ["allow.id"])
        closed = a_policy(allowed + "[closed]\nalways=true")
        assert ruled(closed, "Fine.", author=author)[0] is Action.REJECT


class TestClosedArticles:
    """Articles that take no comments any more."""

    def test_after_some_days_or_when_listed(self) -> None:
        """By age, by path, by address; the default is to reject."""
        policy = a_policy("[closed]\nafter_days=90\narticles=['/a/', 'https://blog.example/p?id=3']")

        for article in (
            Article(published_at=NOW - timedelta(days=90)),
            Article(url="https://blog.example/a"),
            Article(url="http://www.blog.example/p?id=3"),
        ):
            assert ruled(policy, "Fine.", article=article) == (Action.REJECT, ["article.closed"])
        for article in (
            Article(published_at=NOW - timedelta(days=89)),
            Article(url="https://blog.example/ab"),
            Article(url="https://blog.example/p?id=4"),
        ):
            assert codes(policy, article=article) == []

    def test_they_may_be_held_instead(self) -> None:
        """Some owners want to read the late ones."""
        policy = a_policy("[closed]\nalways=true\naction='hold'")

        assert ruled(policy, "Fine.") == (Action.HOLD, ["article.closed"])


class TestConflicts:
    """Model and rules disagree strongly: a person decides, and both sides are named."""

    APPROVE = "[rules.fans]\nwords=['bridge']\naction='approve'\n"
    REJECT = "[rules.casino]\nwords=['casino']\naction='reject'\n"

    def test_a_rule_approves_what_the_model_would_hold(self) -> None:
        """The owner's word goes first where the model is not sure."""
        assert ruled(a_policy(self.APPROVE), "The bridge", {"spam": 0.7}) == (Action.APPROVE, ["rule.fans"])

    @pytest.mark.parametrize("scores", [{"spam": 0.98}, {"toxicity": 0.96}])
    def test_a_rule_that_approves_meets_a_sure_model(self, scores: dict[str, float]) -> None:
        """Held with policy.conflict, which names the rule and the head."""
        policy = a_policy(self.APPROVE)
        found = decide(policy, (), {**QUIET, **scores}, demands(policy, "The bridge"))

        assert found.action is Action.HOLD
        assert found.reasons[0].code == "policy.conflict"
        assert "rule.fans" in found.reasons[0].message
        assert next(iter(scores)) in found.reasons[0].message

    def test_a_rule_that_rejects_meets_a_model_that_finds_nothing(self) -> None:
        """“The casino burned down” is for a person; with any doubt of the model's the rule rejects."""
        policy = a_policy(self.REJECT)

        assert ruled(policy, "The casino burned down.") == (Action.HOLD, ["policy.conflict", "rule.casino"])
        assert ruled(policy, "Try our casino", {"spam": 0.2})[0] is Action.REJECT

    def test_a_final_rule_has_the_last_word(self) -> None:
        """So does a policy that wants no conflicts."""
        for rules in (self.REJECT + "final=true", self.REJECT + "[conflict]\nreject_under='never'"):
            assert ruled(a_policy(rules), "The casino burned down.")[0] is Action.REJECT
        for rules in (self.APPROVE + "final=true", self.APPROVE + "[conflict]\napprove_over='never'"):
            assert ruled(a_policy(rules), "The bridge", {"spam": 0.9999})[0] is Action.APPROVE

    def test_rules_that_disagree_with_each_other(self) -> None:
        """One approves, one rejects: held, and both are named."""
        policy = a_policy(self.APPROVE + self.REJECT)
        found = decide(policy, (), {**QUIET, "spam": 0.3}, demands(policy, "The casino bridge"))

        assert found.action is Action.HOLD
        assert "rule.fans" in found.reasons[0].message
        assert "rule.casino" in found.reasons[0].message


class TestHarm:
    """Threats, private addresses and calls to self-harm go to a person first."""

    @pytest.mark.parametrize(
        ("text", "code", "harm"),
        [
            ("I will kill you, I know where you live", "threat.direct", "threat"),
            ("Go kill yourself", "harm.self", "self_harm"),
            ("All Ukrainians should be exterminated.", "harm.group", "group"),
            ("He lives at 12 Acacia Road, go there", "privacy.address", "doxing"),
            ("Her number is +44 7700 900123, have fun", "privacy.phone", "doxing"),
            ("John Smith's home phone: (555) 123-4567", "privacy.phone", "doxing"),
            ("Everybody text him at 555 123 4567", "privacy.phone", "doxing"),
        ],
    )
    def test_it_is_held_or_rejected_and_escalates(self, text: str, code: str, harm: str) -> None:
        """Held by default, rejected if the owner says so; no rule that approves can let it through."""
        context = Context(text=text)
        signals = find_signals(context, read(text))
        held = decide(DEFAULT_POLICY, signals, QUIET)
        rejected = decide(a_policy(f"[harm]\n{harm} = 'reject'"), signals, QUIET)
        approved = a_policy("[rules.x]\npatterns=['.']\naction='approve'\nfinal=true")

        assert (held.action, rejected.action) == (Action.HOLD, Action.REJECT)
        assert [reason.code for reason in held.reasons if reason.escalate] == [code]
        assert ruled(approved, text)[0] is Action.HOLD

    @pytest.mark.parametrize(
        "text",
        [
            "The shop's number is 555 123 4567, ask there",
            "Their phone number is 030 1234567 says the web page of the restaurant",
            "His number is 10, the best player ever",
            "Call us at 555 123 4567",
            "He told him on 12 March 2024 already",
            "In 2019 her number of followers was 1 200 000",
        ],
    )
    def test_public_numbers_are_not_doxing(self, text: str) -> None:
        """Firms, shirts, dates."""
        assert not [signal.code for signal in find_signals(Context(text=text), read(text)) if signal.escalate]


class TestDocuments:
    """TOML that people write."""

    FULL = """
name = "sports"

[match]
paths = ["/sports/"]
tags = ["football"]

[heads.spam]
hold_at = 0.5
reject_at = "never"

[harm]
threat = "reject"

[conflict]
approve_over = 0.9

[premoderation]
modes = ["first_time_authors", "old_articles"]
old_articles_days = 14
authors = { emails = ["troll@x.example"] }

[closed]
after_days = 90

[rules.casino]
words = ["casino*", "online \\"slots\\""]
action = "reject"
message = "Advertising."
final = true

[rules.phone]
patterns = ['\\+44 ?\\d+', "дом"]
weight = 2.5

[allow]
domains = ["wikipedia.org"]

[block]
ips = ["192.0.2.0/24"]
action = "hold"
"""

    def test_what_is_written_comes_back(self) -> None:
        """Through TOML and through plain values; only what was said is said."""
        document = from_toml(self.FULL)

        assert from_toml(to_toml(document)) == document
        assert parse(to_fields(document)) == document
        assert to_fields(document)["closed"] == {"after_days": 90}
        assert to_fields(from_toml("")) == {}

    def test_every_fault_is_named_with_its_key(self) -> None:
        """All of them at once, with a hint for misspelt keys, and nothing but keys is repeated."""
        found = faults(
            "[heads.spam]\nhold_at=1.5\nreject_at='secret'\n[heads.insult]\nhold_at=0.9\n[rules.A]\nwords=['x']\n"
            "action='hold'\n[rules.b]\nwords=['!!']\naction='nope'\n[rules.c]\npatterns=['(', 'a*', '[\\pL]{900}']\n"
            "weight=1\n[rules.d]\nwords=['x']\n[rules.e]\naction='hold'\n[block]\nips=['300.1.1.1']\n"
            "domains=['http://x']\n[premoderation]\nmodes=['al']\nold_articles_days=-1\nauthors=3\n[clsed]\n"
            "[match]\npaths=['x']\n[closed]\nafter_days='soon'\nalways=1"
        )

        assert set(found) == {
            "heads.spam.hold_at",
            "heads.spam.reject_at",
            "rules.A",
            "rules.b.words[0]",
            "rules.b.action",
            "rules.c.patterns[0]",
            "rules.c.patterns[1]",
            "rules.c.patterns[2]",
            "rules.d",
            "rules.e",
            "block.ips[0]",
            "block.domains[0]",
            "premoderation.modes[0]",
            "premoderation.old_articles_days",
            "premoderation.authors",
            "clsed",
            "match.paths[0]",
            "closed.after_days",
            "closed.always",
        }
        assert "did you mean closed?" in found["clsed"]
        assert not [message for message in found.values() if "secret" in message or "300.1" in message]
        assert all(message[0].isupper() and message.endswith((".", "?")) for message in found.values())

    def test_thresholds_in_the_wrong_order(self) -> None:
        """Holding from 0.9 and rejecting from 0.5 would never hold."""
        assert list(faults("[heads.spam]\nhold_at=0.9\nreject_at=0.5")) == ["heads.spam"]

    def test_what_is_no_toml_at_all(self) -> None:
        """One sentence with the line."""
        assert "line 2" in faults("name = 'x'\nheads = [")["the document"] or "end of" in faults("x=[")["the document"]

    def test_limits(self) -> None:
        """Too many rules or words are refused with their number."""
        rules = "\n".join(f"[rules.r{n}]\nwords=['x']\nweight=1" for n in range(MAX_RULES + 1))
        words = {"rules": {"x": {"words": [f"w{n}" for n in range(MAX_WORDS + 1)], "weight": 1}}}

        assert str(MAX_RULES + 1) in faults(rules)["rules"]
        with pytest.raises(PolicyError, match="5,001 words"):
            parse(words)

    def test_null_means_never_or_not_said(self) -> None:
        """JSON has null, TOML does not; what comes back can be written in both."""
        document = parse({"name": None, "heads": {"spam": {"reject_at": None}}, "closed": {"after_days": None}})

        assert to_fields(document)["closed"] in ({"after_days": "never"}, {})
        assert build(merged([DEFAULT_DOCUMENT, document]), "x", "x@1").heads["spam"].reject_at is None

    @settings(max_examples=300)
    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(SAID),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
            max_leaves=15,
        )
    )
    def test_whatever_is_sent_is_a_document_or_a_list_of_faults(self, value: Any) -> None:
        """Never another error; and what is a document can be written, read and built."""
        try:
            document = parse(value if isinstance(value, dict) else {"heads": value})
        except PolicyError:
            return

        assert from_toml(to_toml(document)) == parse(to_fields(document))
        build(merged([DEFAULT_DOCUMENT, document]), "x", "x@1")

    def test_the_shipped_policy_is_as_it_was(self) -> None:
        """A site without a policy meets no rule at all."""
        assert DEFAULT_POLICY.version == "default@2"
        assert DEFAULT_POLICY.wishes is None
        assert build(merged([DEFAULT_DOCUMENT]), "default", "default@2") == DEFAULT_POLICY


class TestInheritance:
    """Article over section over site over default."""

    def test_documents_are_laid_over_one_another(self) -> None:
        """Tables key by key, rules as a whole, lists joined, the rest replaced."""
        site = from_toml(
            "[heads.spam]\nhold_at=0.3\n[premoderation]\nmodes=['with_links']\nold_articles_days=5\n"
            "[block]\nips=['192.0.2.1']\n[rules.a]\nwords=['x','y']\naction='hold'\n[rules.b]\nwords=['z']\nweight=1"
        )
        section = from_toml(
            "[heads.spam]\nreject_at='never'\n[premoderation]\nmodes=['all']\n[block]\nips=['192.0.2.2']\n"
            "[rules.a]\nwords=['q']\nweight=1\n[rules.b]\nenabled=false"
        )
        policy = build(merged([DEFAULT_DOCUMENT, site, section]), "s", "s@1")

        assert (policy.heads["spam"].hold_at, policy.heads["spam"].reject_at) == (0.3, None)
        assert policy.heads["toxicity"] == DEFAULT_POLICY.heads["toxicity"]
        assert policy.wishes is not None
        assert [mode.value for mode in policy.wishes.premoderation.modes] == ["all"]
        assert policy.wishes.premoderation.old_articles_days == 5
        assert policy.wishes.block.has_ip("192.0.2.1")
        assert policy.wishes.block.has_ip("192.0.2.2")
        assert [(rule.name, rule.words, rule.action) for rule in policy.wishes.rules] == [("a", ("q",), None)]

    def test_what_fits_alone_also_fits_together(self) -> None:
        """Limits and order are asked of a document, not of what several make: a later one cannot break an earlier."""
        site = from_toml("[heads.spam]\nhold_at=0.99")
        words = [
            PolicyDocument.model_validate(
                {"rules": {f"{name}{n}": {"words": ["x"], "weight": 1} for n in range(MAX_RULES)}}
            )
            for name in "ab"
        ]
        policy = build(merged([DEFAULT_DOCUMENT, site, *words]), "s", "s@1")

        assert policy.heads["spam"].hold_at == 0.99
        assert policy.wishes is not None
        assert len(policy.wishes.rules) == 2 * MAX_RULES

    @pytest.mark.parametrize(
        ("url", "tags", "fit"),
        [
            ("https://x.example/sports", (), 8),
            ("https://x.example/sports/a?b=c", (), 8),
            ("https://x.example/sportswear", (), None),
            ("https://x.example/news", ("football",), 0),
            ("https://x.example/news", ("politics",), None),
            ("", (), None),
        ],
    )
    def test_a_section_matches_by_path_or_tag(self, url: str, tags: tuple[str, ...], fit: int | None) -> None:
        """A path is a whole piece of the address."""
        document = parse({"match": {"paths": ["/sports/"], "tags": ["football"]}})

        assert matches(document, Article(url=url, tags=tags)) == fit


def test_a_batch_may_have_a_policy_for_each_comment() -> None:
    """They are scored together and judged apart."""
    scorer = load_default()
    held = a_policy("[premoderation]\nmodes=['all']")
    found = assess([Context(text="A lovely bridge.")] * 3, scorer, [DEFAULT_POLICY, held, DEFAULT_POLICY])

    assert [verdict.action for verdict in found] == [Action.APPROVE, Action.HOLD, Action.APPROVE]
    assert [verdict.policy for verdict in found] == ["default@2", "site@1", "default@2"]
    assert not any(verdict.escalate for verdict in found)


def test_without_a_demand_the_owner_changes_nothing() -> None:
    """The same evidence gives the same answer with and without rules that do not match."""
    signal = Signal(code="x.y", message="X.", weight=1.0, forces=Action.HOLD)
    policy = a_policy("[rules.x]\nwords=['nothing here']\naction='reject'")

    assert decide(policy, (signal,), QUIET, ()) == decide(DEFAULT_POLICY, (signal,), QUIET)


class TestOrigins:
    """Where each value that holds comes from."""

    LAYERS = (
        ("default@2", from_toml("[heads.spam]\nhold_at=0.65\nreject_at=0.99")),
        (
            "site@4",
            from_toml("[heads.spam]\nhold_at=0.5\n[block]\nnames=['a']\n[rules.ads]\nwords=['x1']\naction='hold'"),
        ),
        ("sports@2", from_toml("[block]\nnames=['b']\n[rules.ads]\nenabled=false")),
    )

    def test_the_last_layer_that_says_something_is_named(self) -> None:
        """Joined lists name all of theirs; a rule is one thing."""
        assert origins(self.LAYERS) == {
            "heads.spam.hold_at": "site@4",
            "heads.spam.reject_at": "default@2",
            "block.names": "site@4+sports@2",
            "rules.ads": "sports@2",
        }

    def test_every_value_has_an_origin_and_the_comments_change_nothing(self) -> None:
        """Written behind each key, and read back the same."""
        whole = merged(document for _, document in self.LAYERS)
        written = to_toml(whole, origins(self.LAYERS))

        assert "hold_at = 0.5  # site@4\n" in written
        assert "[rules.ads]  # sports@2\n" in written
        assert "names = [  # site@4+sports@2\n" in written
        assert from_toml(written) == whole
