"""From rulings over HTTP to a site that decides otherwise: train, promote, judge, prove, and nothing leaks."""

from __future__ import annotations

import json
import random
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from factories import a_verdict

from classifier.adaptation import load_adaptation
from classifier.domain import Action
from service.cli import cli
from service.models import shipped_version
from service.rows import decision_row
from service.store.comments import insert_decisions

ARTICLE = {"url": "https://poker.example/river", "title": "Thoughts on the river card"}
GOOD = (
    "The {} bluff on the river was brave",
    "My stack was short, so the {} call was forced",
    "A {} flop is no reason to fold",
)
BAD = (
    "My {} garden hoses are in the shop now",
    "These {} tulip bulbs arrived this week",
    "Ask me for {} lawn seed, the best",
)
WORDS = ("small", "big", "early", "late", "careful", "loose", "tight", "slow", "fast", "final", "strange", "common")
GARDEN = "Fresh tulip bulbs and big garden hoses in my shop, ask me for lawn seed"


def texts(templates, count, seed):
    """Comments of one kind."""
    rng = random.Random(seed)
    return [
        f"{rng.choice(templates).format(rng.choice(WORDS))}, {' '.join(rng.sample(WORDS, 3))}." for _ in range(count)
    ]


@pytest.fixture
def sluice(settings):
    """The command on this installation."""

    def run(*arguments: str):
        environment = {"SLUICE_DATA_DIR": str(settings.data_dir), "SLUICE_SECRET_KEY": settings.secret.decode()}
        return CliRunner().invoke(cli, arguments, env=environment)

    return run


def post_and_rule(client, headers, text, **ruling):
    """A comment that a moderator ruled on."""
    body = {"article": ARTICLE, "comment": {"text": text}}
    made = client.post("/v1/comments", json=body, headers=headers).json
    answer = client.post(f"/v1/comments/{made['id']}/rulings", json={"revision": 1, **ruling}, headers=headers)
    assert answer.status_code == 200
    return made["id"]


def teach(client, headers, count=20):
    """What the moderators of a poker blog say."""
    for good, bad in zip(texts(GOOD, count, 1), texts(BAD, count, 2), strict=True):
        post_and_rule(client, headers, good, action="approve")
        post_and_rule(client, headers, bad, action="reject", reason="spam")


def score(client, headers, text):
    """What a text would get now."""
    body = {"article": ARTICLE, "comment": {"text": text}}
    return client.post("/v1/score", json=body, headers=headers).json


def test_a_site_is_taught_and_no_other_site_hears_of_it(app, client, headers, make_site, sluice, settings):
    """Rulings, training, promotion; then its own comments are judged otherwise, and another site's are not."""
    other = {"Authorization": f"Bearer {make_site('garden')[1]}"}
    teach(client, headers)
    before = score(client, headers, GARDEN)
    began = time.monotonic()

    trained = sluice("train", "--site", "blog", "--json")

    assert trained.exit_code == 0, trained.output
    assert time.monotonic() - began < 30
    report = json.loads(trained.stdout)
    assert report["heads"]["spam"]["labels"] == 40
    assert list(load_adaptation(Path(report["path"])).heads) == ["spam"]
    assert score(client, headers, GARDEN) == before

    promoted = sluice("models", "promote", report["path"], "--site", "blog")
    assert promoted.exit_code == 0, promoted.output
    deadline = time.monotonic() + 10
    while (now := score(client, headers, GARDEN))["model"] == before["model"] and time.monotonic() < deadline:
        time.sleep(0.1)

    assert now["model"] == f"{before['model']}+{report['version']}"
    assert now["scores"]["spam"] > 0.5 > before["scores"]["spam"]
    assert "site.taught" in {reason["code"] for reason in now["reasons"]}
    assert score(client, other, GARDEN) == before


def test_a_site_without_enough_rulings_gets_a_sentence(client, headers, sluice, settings):
    """Nothing is written."""
    post_and_rule(client, headers, "A fine thing to say.", action="approve")

    refused = sluice("train", "--site", "blog")

    assert refused.exit_code == 1
    assert refused.output.startswith("There is 1 labelled comment, and at least 20")
    assert "Traceback" not in refused.output
    assert not list(settings.models_dir.glob("site-*"))


def test_labelled_files_teach_a_site_too_and_rulings_win(client, headers, sluice, tmp_path):
    """The history of a blog as JSON Lines, with what its moderators say today above it."""
    rows = [{"text": text, "label": "ham"} for text in texts(GOOD, 20, 3)]
    rows += [{"text": text, "label": "spam"} for text in texts(BAD, 20, 4)]
    rows.append({"text": "A vile thing to say", "labels": {"toxicity": 1}})
    file = tmp_path / "history.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))

    trained = sluice("train", "--site", "blog", "--data", str(file), "--out", str(tmp_path / "made"))

    assert trained.exit_code == 0, trained.output
    assert "spam: " in trained.output
    assert "toxicity: 1 label, none against; not learnt" in trained.output
    assert f"sluice models promote {tmp_path / 'made'} --site blog" in trained.output
    first = (tmp_path / "made" / "site.npz").read_bytes()
    post_and_rule(client, headers, rows[0]["text"], action="reject", reason="spam")
    assert sluice("train", "--site", "blog", "--data", str(file), "--out", str(tmp_path / "again")).exit_code == 0
    assert (tmp_path / "again" / "site.npz").read_bytes() != first


def test_a_misspelt_head_is_named(site_and_key, sluice, tmp_path):
    """So are one-sided labels, when they are all there is."""
    file = tmp_path / "history.jsonl"
    file.write_text('{"text": "You fool", "labels": {"toxicty": 1}}\n')
    assert f'{file}, line 1: "toxicty" is no head' in sluice("train", "--site", "blog", "--data", str(file)).output

    file.write_text("".join(json.dumps({"text": f"Fool {n}", "labels": {"toxicity": 1}}) + "\n" for n in range(30)))
    assert "Nothing was promoted for the site blog yet" in sluice("models", "rollback", "--site", "blog").output
    one_sided = sluice("train", "--site", "blog", "--data", str(file))
    assert one_sided.exit_code == 1
    assert "There are 30 labelled comments (toxicity: 30 labels, none against), and at least 20" in one_sided.output


def test_what_does_not_go_together_is_said(sluice):
    """A recipe is for all sites; a site must exist."""
    assert "leave --recipe out" in sluice("train", "--site", "blog", "--recipe", "default").output
    assert sluice("train", "--site", "nobody").exit_code == 1


def test_a_line_of_rejection_is_proved_and_set(app, client, headers, site_and_key, sluice):
    """By default abuse is held; enough rulings prove from which score on it may be rejected, with the evidence kept."""
    store = app.extensions["sluice"].store
    for number in range(60):
        made = post_and_rule(client, headers, f"A fine walk along the river, part {number}.", action="approve")
        record(store, made, 0.1)
    for number in range(6):
        made = post_and_rule(client, headers, f"Shut up, you fool {number}.", action="reject", reason="insult")
        record(store, made, 0.9)

    refused = sluice("policy", "prove", "blog")
    proved = sluice("policy", "prove", "blog", "--limit", "0.05", "--set")
    again = sluice("policy", "prove", "blog", "--limit", "0.05", "--json")

    assert refused.exit_code == 1
    assert "people approved 60 comments" in refused.output
    assert "299 are needed" in refused.output
    assert proved.exit_code == 0, proved.output
    assert "[heads.toxicity]\nreject_at = 0.5" in proved.output
    assert json.loads(again.stdout)["proofs"]["toxicity"]["caught"] == 6
    policy = client.get("/v1/policy", headers=headers).json
    assert policy["document"] == {"heads": {"toxicity": {"reject_at": 0.5}}}
    (version,) = client.get("/v1/policy/versions", headers=headers).json["items"]
    assert "0 of 60 honest comments reach 0.5" in version["note"]


def record(store, comment_id, toxicity):
    """What the present model had said of a comment before anybody ruled on it."""
    scores = {**a_verdict(Action.HOLD).scores, "toxicity": toxicity}
    verdict = replace(a_verdict(Action.HOLD), scores=scores, model=shipped_version())
    row = decision_row(comment_id, 1, verdict, datetime.now(UTC), "machine")
    store.write(lambda connection: insert_decisions(connection, [row]))
