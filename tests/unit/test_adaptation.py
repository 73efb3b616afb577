"""Learning a site: few labels help, one wrong label does little, and what one site taught stays there."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.adapt import ABUSE, SPAM, area, fit, folds_of, kinship, platt
from classifier.adaptation import load_adaptation, logits_on, rows_of
from classifier.assess import assess
from classifier.choosing import choose
from classifier.domain import HEADS, Action, Context
from classifier.evaluation_site import NewSite, new_site_experiment
from classifier.ledger import What, ledger
from classifier.lessons import Lesson
from classifier.policy import DEFAULT_POLICY
from classifier.registry import ModelDamagedError, ModelFormatError, load_default
from classifier.site_training import SiteTrainingError, copies_of, train_site
from classifier.text import read

WANTED = (
    "the {} bluff on the river card was brave",
    "my stack was short so the {} call was forced",
    "a {} flop is no reason to fold",
)
UNWANTED = (
    "my {} garden hoses are in the shop now",
    "these {} tulip bulbs arrived fresh this week",
    "ask me for {} lawn seed, the best there is",
)
FILLERS = ("small", "big", "early", "late", "careful", "loose", "tight", "slow", "fast", "final", "strange", "common")


def texts(templates: tuple[str, ...], count: int, seed: int) -> list[str]:
    """Made-up comments of one kind, all different."""
    rng = random.Random(seed)
    return [
        f"{rng.choice(templates).format(rng.choice(FILLERS))}, {rng.choice(FILLERS)} {rng.choice(FILLERS)} {number}"
        for number in range(count)
    ]


def lessons(count: int, seed: int = 1) -> list[Lesson]:
    """What the moderators of a poker blog said: talk of cards is fine, garden sales are spam."""
    good = [Lesson(text=text, labels=dict.fromkeys(HEADS, 0.0)) for text in texts(WANTED, count // 2, seed)]
    bad = [Lesson(text=text, labels={"spam": 1.0}) for text in texts(UNWANTED, count - count // 2, seed)]
    return [lesson for pair in zip(good, bad, strict=True) for lesson in pair]


@pytest.fixture(scope="module")
def scorer():
    """The shipped model."""
    return load_default()


@pytest.fixture(scope="module")
def unseen():
    """Comments that nobody labelled, with the truth."""
    good, bad = texts(WANTED, 40, 9), texts(UNWANTED, 40, 9)
    return [read(text) for text in good + bad], np.repeat([0.0, 1.0], 40)


@pytest.fixture(scope="module")
def taught(scorer, tmp_path_factory):
    """What 40 labels taught."""
    path = tmp_path_factory.mktemp("site") / "version"
    train_site(path, scorer, lessons(40), site="poker", name="poker")
    return load_adaptation(path)


def test_forty_labels_teach_a_site_its_own_spam(scorer, taught, unseen):
    """On comments that nobody labelled, and in chances that are good for something."""
    documents, truth = unseen
    before = scorer.calibrated_logits(documents)[:, 0]
    after = np.array([each["spam"] for each in logits_on(scorer, documents, [taught] * len(documents))])

    assert area(truth, after) > 0.99 > area(truth, before)
    assert np.logaddexp(0, -after[40:]).mean() < np.logaddexp(0, -before[40:]).mean()


def test_only_heads_with_labels_of_both_kinds_are_adapted(scorer, taught, unseen):
    """Nobody rejected anything as abuse, so nothing is known about it."""
    documents, _ = unseen
    (plain,), (adapted,) = logits_on(scorer, documents[:1], [None]), logits_on(scorer, documents[:1], [taught])

    assert taught.heads == ("spam",)
    assert {head for head in HEADS if plain[head] != adapted[head]} == {"spam"}


def test_training_again_gives_the_same_bytes(scorer, tmp_path):
    """Same labels, model and seed."""
    first = train_site(tmp_path / "a", scorer, lessons(40), site="poker", name="poker")
    second = train_site(tmp_path / "b", scorer, lessons(40), site="poker", name="poker")

    assert first == second
    for name in ("site.npz", "manifest.json", "report.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_report_says_what_was_gained_on_labels_that_were_left_out(scorer, tmp_path):
    """With intervals and counts."""
    report = train_site(tmp_path / "a", scorer, lessons(60), site="poker", name="poker")

    spam = report["heads"]["spam"]
    assert (spam["labels"], spam["positive"]) == (60, 30)
    assert spam["auc_before"]["value"] < spam["auc_after"]["value"] <= spam["auc_after"]["high"]
    assert spam["auc_gain"]["low"] > 0


@settings(max_examples=12, deadline=None)
@given(wrong=st.integers(0, 39))
def test_one_wrong_label_cannot_wreck_a_site(scorer, taught, unseen, wrong):
    """Whichever it is: the site is still told apart, and the texts unlike it hardly move."""
    documents, truth = unseen
    labels = lessons(40)
    right = labels[wrong].labels["spam"]
    known = [read(lesson.text) for lesson in labels]
    rows = rows_of(scorer, [*known, *documents])
    logits = scorer.calibrated_logits([*known, *documents])[:, 0]
    kernel = kinship(rows).kernel(SPAM, logits)
    said = np.array([lesson.labels["spam"] for lesson in labels])

    def thought(given: np.ndarray) -> np.ndarray:
        found = fit(kernel[:40, :40], SPAM, logits[:40], given)
        return found.trust * logits[40:] + kernel[40:, :40] @ found.weights

    slipped = said.copy()
    slipped[wrong] = 1 - right
    clean, spoilt = thought(said), thought(slipped)

    assert area(truth, spoilt) > 0.95
    assert ((spoilt > 0) == (truth > 0)).mean() > 0.9
    assert np.abs(spoilt - clean).mean() < np.abs(clean).mean()


def test_the_influence_of_a_label_has_a_bound():
    """A label that contradicts everything, ever more so, pulls ever less, not ever more."""
    kernel = np.full((21, 21), 4.0) + np.eye(21)
    truth = np.append(np.ones(20), 0.0)

    pulls = [-fit(kernel, ABUSE, np.append(np.full(20, sure), sure), truth).weights[-1] for sure in (2.0, 8.0, 32.0)]

    assert pulls[0] > pulls[1] > pulls[2] >= 0


def test_without_labels_the_global_logit_comes_out():
    """The prior believes less of it and scales it up again."""
    for prior in (SPAM, ABUSE):
        assert prior.trusted(0) * prior.scale(0) == pytest.approx(1.0)
        assert [prior.trusted(n) > prior.trusted(n + 40) for n in (0, 40, 400)] == [True] * 3


@pytest.mark.parametrize(
    "labels",
    [
        [],
        lessons(40)[:18],
        [lesson for lesson in lessons(80) if lesson.labels["spam"] == 0],
        [Lesson(text=lesson.text, labels={}) for lesson in lessons(40)],
    ],
)
def test_too_few_labels_are_refused_in_a_sentence(scorer, tmp_path, labels):
    """None, too few, of one kind only, or rulings that teach nothing."""
    with pytest.raises(SiteTrainingError, match=r"at least 20 .* 5 of them for it"):
        train_site(tmp_path / "a", scorer, labels, site="poker", name="poker")
    assert not (tmp_path / "a").exists()


def test_labels_that_make_it_worse_are_refused(scorer, tmp_path):
    """Labels that say only what the model knows, on texts that have nothing else in common: all else is noise."""
    rng = random.Random(0)
    words = [word for text in texts(WANTED + UNWANTED, 200, 5) for word in text.split() if word.isalpha()]
    mixed = [" ".join(rng.choice(words) for _ in range(12)) for _ in range(60)]
    logits = scorer.calibrated_logits([read(text) for text in mixed])[:, 0]
    middle = float(np.median(logits))
    labels = [
        Lesson(text=text, labels={"spam": float(logit > middle)}) for text, logit in zip(mixed, logits, strict=True)
    ]

    with pytest.raises(SiteTrainingError, match=r"worse, or no better: spam \(area 1.000 before"):
        train_site(tmp_path / "a", scorer, labels, site="poker", name="poker")
    assert not (tmp_path / "a").exists()


def test_a_sites_words_never_leak_into_another_sites_answers(scorer, taught):
    """In one batch, in either order: who is not adapted gets the model's own answer, to the last place."""
    context = Context(text=texts(UNWANTED, 1, 77)[0])
    (alone,) = assess([context], scorer, DEFAULT_POLICY)

    both = assess([context, context, context], scorer, DEFAULT_POLICY, None, [None, taught, None])

    assert both[0] == both[2] == alone
    assert both[1].scores["spam"] > alone.scores["spam"]
    assert (both[1].model, alone.model) == (f"{scorer.version}+{taught.version}", scorer.version)


def test_an_adaptation_of_another_model_is_left_aside(scorer, taught):
    """After a new model is promoted, until the site is trained again."""
    other = type(taught)(**{name: getattr(taught, name) for name in taught.__slots__} | {"base": "another-1"})
    context = Context(text=texts(UNWANTED, 1, 77)[0])

    assert assess([context], scorer, DEFAULT_POLICY, None, [other]) == assess([context], scorer, DEFAULT_POLICY)


def test_what_a_site_taught_is_a_reason_and_a_part_of_its_own(scorer, taught):
    """The reason's weight is the entry in the account, which adds up."""
    context = Context(text=texts(UNWANTED, 1, 77)[0])
    (verdict,) = assess([context], scorer, DEFAULT_POLICY, None, [taught])
    document = read(context.text)
    plain = scorer.calibrated_logits([document])[0, 0]
    (adapted,) = logits_on(scorer, [document], [taught])

    assert verdict.action is not Action.APPROVE
    (reason,) = [reason for reason in verdict.reasons if reason.code == "site.taught"]
    assert (reason.head, reason.weight) == ("spam", pytest.approx(adapted["spam"] - plain))
    account = ledger(context, scorer, DEFAULT_POLICY, taught)["spam"]
    (entry,) = [entry for entry in account.entries if entry.what is What.SITE]
    assert entry.amount == pytest.approx(reason.weight, abs=1e-4)
    assert sum(entry.amount for entry in account.entries) == pytest.approx(account.logit, abs=1e-6)
    assert account.score == verdict.scores["spam"]


def test_what_is_kept_is_what_was_fitted(scorer, taught):
    """Weights of terms and features say of a text what the kernel says, but for the rounding of the terms."""
    labels = lessons(40)
    documents = [read(lesson.text) for lesson in labels]
    rows, logits = rows_of(scorer, documents), scorer.calibrated_logits(documents)[:, 0]
    kernel = kinship(rows).kernel(SPAM, logits)
    found = fit(kernel, SPAM, logits, np.array([lesson.labels["spam"] for lesson in labels]))
    fitted = found.trust * logits + kernel @ found.weights
    served = np.array([each["spam"] for each in logits_on(scorer, documents, [taught] * len(documents))])

    slope, offset = np.polyfit(fitted, served, 1)
    assert slope > 0
    assert np.abs(slope * fitted + offset - served).max() < 1e-3


def test_damaged_or_foreign_files_are_refused(scorer, tmp_path):
    """Nothing half-read decides about comments."""
    path = tmp_path / "a"
    train_site(path, scorer, lessons(40), site="poker", name="poker")
    manifest = (path / "manifest.json").read_text()

    (path / "manifest.json").write_text(manifest.replace('"kind": "site"', '"kind": "global"'))
    with pytest.raises(ModelFormatError):
        load_adaptation(path)
    (path / "manifest.json").write_text(manifest)
    (path / "site.npz").write_bytes((path / "site.npz").read_bytes()[:-7])
    with pytest.raises(ModelDamagedError):
        load_adaptation(path)
    assert not list(Path(tmp_path).glob(".saving-*"))


def test_copies_are_never_on_both_sides_of_a_fold():
    """Else every wave of spam would look like a triumph."""
    documents = [read(f"buy these very cheap garden hoses from our shop today, number {n // 5}") for n in range(40)]
    groups = copies_of(documents)
    truth = np.repeat([0.0, 1.0], 20)

    folds = folds_of(truth, groups.tolist(), 4, 0)

    assert sorted(np.concatenate(folds).tolist()) == list(range(40))
    for test in folds:
        assert not set(groups[test]) & set(groups[np.setdiff1d(np.arange(40), test)])


def test_what_is_chosen_is_of_many_kinds_and_no_copy_twice(scorer):
    """A wave of 60 copies is asked about once; doubtful comments come before sure ones."""
    wave = [f"buy these very cheap garden hoses from our shop today {n}" for n in range(60)]
    documents = [read(text) for text in [*wave, *texts(WANTED, 20, 3), *texts(UNWANTED, 20, 3)]]
    groups = copies_of(documents)
    logits = scorer.calibrated_logits(documents)[:, 0]
    kernel = kinship(rows_of(scorer, documents)).kernel(SPAM, logits)

    chosen = choose(kernel, logits, 10, groups=groups.tolist())
    more = choose(kernel, logits, 10, taken=chosen, groups=groups.tolist())

    assert len({groups[at] for at in chosen}) == 10
    assert not set(chosen) & set(more)
    assert chosen == choose(kernel, logits, 10, groups=groups.tolist())
    assert choose(np.eye(3), np.array([9.0, 0.1, -9.0]), 1) == [1]
    assert len(choose(kernel, logits, 500, groups=groups.tolist())) == len(set(groups.tolist()))


def test_areas_are_those_of_a_pairwise_count():
    """Ties count half."""
    rng = np.random.default_rng(0)
    truth, logits = (rng.random(60) < 0.4).astype(float), rng.integers(0, 9, 60).astype(float)
    positive, negative = logits[truth == 1][:, np.newaxis], logits[truth == 0]

    expected = ((positive > negative) + 0.5 * (positive == negative)).mean()

    assert area(truth, logits) == pytest.approx(expected)


def test_chances_are_chances():
    """Logits that are twice too sure are halved when there are labels enough to see it."""
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, 4000)
    truth = (rng.random(4000) < 1 / (1 + np.exp(-logits))).astype(float)

    slope, offset = platt(2 * logits, truth, 1.0)

    assert slope == pytest.approx(0.5, abs=0.05)
    assert offset == pytest.approx(0.0, abs=0.1)


def test_a_new_sites_experiment_measures_labels_random_and_chosen(scorer):
    """Same seeds, same areas; the judged half is never labelled, and more labels help."""
    documents = [read(text) for text in [*texts(WANTED, 90, 3), *texts(UNWANTED, 90, 3)]]
    site = NewSite(
        name="poker",
        head="spam",
        rows=rows_of(scorer, documents),
        logits=scorer.calibrated_logits(documents)[:, 0],
        truth=np.repeat([0.0, 1.0], 90),
        groups=copies_of(documents),
    )

    gain = new_site_experiment(site, (0, 1))
    again = new_site_experiment(site, (0, 1))

    assert {name: found.tolist() for name, found in gain.areas.items()} == {
        name: found.tolist() for name, found in again.areas.items()
    }
    assert gain.cut("global") == 0
    assert gain.cut("chosen 40") > 0.35
    assert gain.areas["random 320"].mean() >= gain.areas["random 20"].mean()
    assert all(len(found) == 2 for found in gain.areas.values())
