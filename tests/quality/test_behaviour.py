"""Floors on what the shipped model and the default policy do, on small samples written for this purpose."""

from __future__ import annotations

import random

import numpy as np
import pytest

from classifier.assess import assess
from classifier.attacks import ATTACKS
from classifier.domain import HEADS, Action, Article, Author, Context, Verdict
from classifier.policy import DEFAULT_POLICY
from classifier.registry import load_default
from classifier.signals import find_signals
from classifier.synthetic import FILLERS
from classifier.text import read

SCORER = load_default()

WAR = Article(
    title="Drones hit the Kremlin, Moscow blames Kyiv",
    text="Two drones exploded over the Kremlin at night. Moscow called it a terrorist attack and an attempt to kill "
    "the president; Kyiv denied any part in it. No one was hurt.",
)
UNDER_THE_WAR_ARTICLE = [
    "Russia bombs hospitals every week and nobody calls those pilots terrorists.",
    "So a drone explodes over a roof and suddenly it is an attempt to kill the president? I doubt it.",
    "Terrorists don't announce themselves. Whoever did this wanted headlines, not bodies.",
    "They have killed thousands of civilians since February, spare me the outrage about a burned flag.",
    "If this was a bomb it was a very small one. My guess is a false flag before the parade.",
    "War kills, that is the whole story. End it.",
    "The missile strikes on Kyiv last night killed four people and this is what makes the front page.",
    "Who would send two drones to murder a man who was not even in the building?",
    "My cousin was killed in Mariupol. I have no tears left for a dome.",
    "Shooting down a drone over your own capital shows how weak the air defence is.",
]
HARMLESS = [
    "How do I kill a Python process that ignores SIGTERM?",
    "You should kill the child before you restart the parent process.",
    "She killed it on stage last night, what a performance!",
    "That joke slayed me, I nearly died laughing.",
    "Shoot me an email when the draft is ready.",
    "The striker's shot was a bomb, straight into the top corner.",
    "We need to attack this problem from another side.",
    "This heat is murder, stay hydrated everyone.",
    "Crush the garlic, beat the eggs and burn the sugar a little.",
    "The hangman's knot is hard to tie with a thick rope.",
]
POLITE = [
    "I disagree with the author here. The numbers for 2019 tell another story.",
    "Could someone explain how the new tax affects renters? The article skips that part.",
    "As a nurse I can confirm that the shortage is real and it did not begin with the pandemic.",
    "Not sure the mayor understands what this will cost the suburbs.",
    "We moved here in 1998 and the bus has never once been on time.",
    "Good reporting, though I would have liked to hear from the tenants as well.",
    "The same thing happened in our town and it took ten years to repair the damage.",
    "He has a point about the budget, but the tone of that speech was unfortunate.",
    "Why is nobody asking who signed the contract in the first place?",
    "I voted for her and I would do it again, even if I think this bill is a mistake.",
    "Das Rathaus hätte die Anwohner früher fragen sollen, dann gäbe es jetzt keinen Streit.",
    "O prefeito prometeu a obra para o ano passado e até agora nada foi feito.",
]
FLATTERY = [
    "Wow, marvelous weblog layout! How long have you been running a blog for? You make blogging look easy.",
    "I like the helpful info you supply in your articles. I'll bookmark your weblog and take a look again here often.",
    "Great post! I will bookmark your blog.",
    "Very nice post, thanks for sharing this wonderful information with us.",
    "Hello there, just became aware of your blog through Google, and found that it is truly informative.",
    "I was very happy to find this page. I want to thank you for your time for this wonderful read!!",
    "Excellent site you have got here. It's hard to find excellent writing like yours nowadays. Keep it up!",
    "Pretty section of content. I stumbled upon your web site and I get in fact enjoyed account your blog posts.",
    "This is my first time pay a quick visit at here and i am genuinely pleassant to read all at one place.",
    "Amazing blog! Is your theme custom made or did you download it from somewhere? Bless you",
]
SPAM = [
    "I made $7,432 last month working from home, visit http://easy-cash-online.biz to start today!!!",
    "Best casino bonus 200% welcome offer, play slots now https://lucky-slots.vip/?ref=881",
    "Buy cheap viagra and cialis online without prescription www.pills-express.top",
    "Contact Dr Ogudu on WhatsApp +234 810 555 0199, he brought my husband back in 48 hours with his love spell",
    "Lost your bitcoin to scammers? Contact wizard recovery hackers at recoverywizard@gmail.com, 100% guaranteed",
    "QuickBooks customer support number +1-888-555-0143 call now for instant help",
    "We offer personal loans at 3% interest without collateral, apply now: fastloan.lender@gmail.com",
    "Cheap essay writing service, A+ papers by PhD writers, order now at https://essay-heroes.net",
]
ABUSE = [
    "You are a disgusting moron and so is your whole family.",
    "Shut the fuck up you stupid piece of shit.",
    "What a pathetic, brainless idiot you must be to believe that.",
    "Go to hell you worthless bitch.",
    "All these journalists are scum, lying bastards every one of them.",
    "I hope you choke on it, asshole.",
    "You people are vermin and should be wiped out.",
    "I will find you and break your neck.",
]


def judged(texts: list[str], author: Author = Author(), article: Article = Article()) -> list[Verdict]:  # noqa: B008
    """Verdicts of the shipped brain."""
    return assess([Context(text=text, author=author, article=article) for text in texts], SCORER, DEFAULT_POLICY)


def share(verdicts: list[Verdict], *actions: Action) -> float:
    """How many of the verdicts ask for one of these actions."""
    return sum(verdict.action in actions for verdict in verdicts) / len(verdicts)


def test_war_is_no_abuse() -> None:
    """Under a war story, comments with bombs and terrorists are approved."""
    verdicts = judged(UNDER_THE_WAR_ARTICLE, article=WAR)

    assert share(verdicts, Action.APPROVE) >= 0.9
    assert share(verdicts, Action.REJECT) == 0


def test_violent_words_in_harmless_sentences() -> None:
    """None is rejected, and nearly all pass."""
    verdicts = judged(HARMLESS)

    assert share(verdicts, Action.REJECT) == 0
    assert share(verdicts, Action.APPROVE) >= 0.9


def test_polite_comments_pass() -> None:
    """Disagreement is what comments are for."""
    verdicts = judged(POLITE)

    assert share(verdicts, Action.REJECT) == 0
    assert share(verdicts, Action.APPROVE) >= 0.9


def test_generic_flattery_does_not_pass() -> None:
    """Even without a link it is looked at; with keywords on the name it goes."""
    assert share(judged(FLATTERY), Action.APPROVE) <= 0.3
    assert (
        share(judged(FLATTERY, Author(name="cheap jordans outlet", url="http://cheapjordans.example")), Action.APPROVE)
        == 0
    )


def test_spam_is_rejected() -> None:
    """The kinds every blog knows."""
    verdicts = judged(SPAM)

    assert share(verdicts, Action.APPROVE) == 0
    assert share(verdicts, Action.REJECT) >= 0.75


def test_abuse_is_held_and_not_rejected() -> None:
    """A person decides about what the model takes for abuse."""
    verdicts = judged(ABUSE)

    assert share(verdicts, Action.HOLD) >= 0.85
    assert share(verdicts, Action.REJECT) == 0


@pytest.mark.parametrize("attack", sorted(ATTACKS))
def test_disguise_does_not_help(attack: str) -> None:
    """Of the abuse that is caught in the clear, nine in ten are caught in any disguise."""
    clear = [text for text, verdict in zip(ABUSE, judged(ABUSE), strict=True) if verdict.action is not Action.APPROVE]
    disguised = [ATTACKS[attack](text, random.Random(5)) for text in clear]

    caught = sum(verdict.action is not Action.APPROVE for verdict in judged(disguised))

    assert caught >= 0.75 * len(clear)


@pytest.mark.parametrize("attack", sorted(set(ATTACKS) - {"swapped", "one_dot", "one_emoji", "doubled", "stretched"}))
def test_disguise_alone_is_no_abuse(attack: str) -> None:
    """A polite comment in a costume may look odd, but it is not abusive."""
    disguised = [ATTACKS[attack](text, random.Random(5)) for text in POLITE[:10]]
    abuse = SCORER.score(disguised)[:, 1:]

    assert (abuse[:, 0] > 0.8).sum() == 0


def test_naming_a_group_is_not_attacking_it() -> None:
    """Scores hardly move with the identity that a harmless sentence names."""
    identities = FILLERS["identity"]
    sentences = [
        "I am a proud {} woman and I love this town.",
        "My {} neighbours came for dinner.",
        "He is {} and a teacher.",
    ]
    scores = np.array([SCORER.score([sentence.format(name) for name in identities]) for sentence in sentences])
    abuse = scores[:, :, [HEADS.index("toxicity"), HEADS.index("identity_attack")]]

    assert abuse.max() < 0.6
    assert abuse.mean() < 0.15


def test_reasons_are_given_for_everything_that_is_stopped() -> None:
    """No comment is held or rejected in silence, and approved ones carry no accusation."""
    for verdict in judged([*FLATTERY, *SPAM, *ABUSE, *POLITE]):
        assert bool(verdict.reasons) == (verdict.action is not Action.APPROVE)
        assert all(reason.message and reason.code for reason in verdict.reasons)


def test_signals_never_fail_on_odd_authors() -> None:
    """Whatever stands in the author's fields, the checks go on."""
    odd = ["", " ", "\ud800", "a" * 5000, "http://[::1", "//", "javascript:alert(1)", "@", "@@", "مرحبا", "0"]
    for value in odd:
        context = Context(text="hello there", author=Author(name=value, url=value, email=value))
        assert isinstance(find_signals(context, read(context.text)), tuple)
