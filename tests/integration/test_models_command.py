"""`sluice models`: the whole life of a version on the command line."""

from __future__ import annotations

import getpass
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from factories import a_model, a_submission, a_verdict, an_adaptation

import config
from classifier.compare import areas, interval, key_numbers
from classifier.domain import Action
from classifier.packing import pack
from config import Settings
from service import moderation, rulings
from service.cli import cli
from service.models import shipped_version
from service.store import accounts
from service.store.engine import Store

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SPAM = "Buy cheap viagra now, best casino bonus: http://pills.example http://casino.example"


@pytest.fixture
def installation(tmp_path: Path, make_current: Callable[[Settings], None]) -> Settings:
    """A migrated installation."""
    settings = config.load({"data_dir": tmp_path / "data"}, environ={})
    make_current(settings)
    return settings


@pytest.fixture
def store(installation: Settings) -> Any:
    """Its database."""
    made = Store(installation.database_address)
    yield made
    made.close()


@pytest.fixture
def run(installation: Settings) -> Any:
    """Runs a command of ours there."""

    def work(*arguments: object) -> Result:
        words = ["models", *map(str, arguments), "--data-dir", str(installation.data_dir)]
        result = CliRunner().invoke(cli, words, env={"COLUMNS": "200"})
        logging.getLogger().handlers.clear()
        return result

    return work


def found(result: Result) -> Any:
    """The JSON that a command printed."""
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def sentence(result: Result) -> str:
    """What a command said when it refused."""
    assert result.exit_code == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line


def test_the_life_of_a_version(run, tmp_path):
    """Added, promoted with a reason, followed by another, rolled back to, replaced and removed."""
    one, two = (a_model(tmp_path / name, name) for name in ("one", "two"))
    first, second = pack(one).version, pack(two).version

    assert found(run("add", one, "--note", "try it", "--json")) == {"version": first, "added": True}
    assert found(run("add", one, "--json")) == {"version": first, "added": False}
    assert {each["version"]: each["state"] for each in found(run("list", "--json"))["models"]} == {
        first: "candidate",
        shipped_version(): "champion",
    }
    answer = found(run("promote", first, "--note", "better on ours", "--json"))
    assert answer == {"version": first, "previous": None, "changed": True, "site": None, "resting": []}
    assert f"{second} decides now; before: {first}." in run("promote", two).stdout
    assert "decides already" in run("promote", second).stdout
    assert found(run("rollback", "--note", "worse", "--json"))["version"] == first

    shown = found(run("show", first, "--json"))
    assert (shown["state"], shown["kind"], shown["note"]) == ("champion", "global", "try it")
    assert shown["manifest"]["version"] == first
    assert shown["licence"] == "Terms of a test."
    assert [(each["note"], each["previous"]) for each in shown["promotions"]] == [
        ("worse", second),
        ("better on ours", None),
    ]
    assert {each["promoted_by"] for each in shown["promotions"]} == {f"cli:{getpass.getuser()}"}
    listed = run("list").stdout
    assert all(word in listed for word in (first, second, "champion", "previous", "0.900 spam source left out"))

    assert "is the previous and stays" in sentence(run("remove", second))
    run("promote", "shipped")
    assert found(run("remove", second, "--json")) == {"removed": second}
    assert "There is no model" in sentence(run("show", second))


def test_pages_for_people(run, tmp_path):
    """Numbers, recipe, history and terms of a version, the shipped one included."""
    one = a_model(tmp_path / "one", "one")
    run("promote", one, "--note", "because")

    text = run("show", pack(one).version).stdout

    for words in (
        "champion, for all sites",
        "Recipe\n  name: one",
        "0.900  spam source left out / a",
        "because",
        "Terms",
    ):
        assert words in text
    assert "Areas under the curve" in run("show", "shipped").stdout


def test_what_is_no_model_is_refused_in_a_sentence(run, tmp_path):
    """Nothing that could not decide is ever promoted."""
    (tmp_path / "empty").mkdir()
    broken = a_model(tmp_path / "broken", "broken")
    (broken / "idf.npy").write_bytes(b"half")

    assert "empty; give the folder that `sluice train` wrote" in sentence(run("promote", tmp_path / "empty"))
    assert "does not match its checksum" in sentence(run("promote", broken))
    assert "There is no model gone" in sentence(run("promote", "gone"))
    assert "Nothing was promoted yet" in sentence(run("rollback"))
    assert "There is no site named nobody" in sentence(run("promote", "shipped", "--site", "nobody"))
    assert [each["version"] for each in found(run("list", "--json"))["models"]] == [shipped_version()]


def test_an_export_is_the_version_again(run, tmp_path):
    """Another installation may promote it, and `sluice score` use it."""
    one = a_model(tmp_path / "one", "one")
    version = found(run("add", one, "--json"))["version"]

    run("export", version, tmp_path / "out")

    assert pack(tmp_path / "out").sha256 == pack(one).sha256
    assert "already something at" in sentence(run("export", version, tmp_path / "out"))
    row = tmp_path / "row.jsonl"
    row.write_text('{"text": "What a night."}\n')
    assert CliRunner().invoke(cli, ["score", str(row), "--model", str(tmp_path / "out")]).exit_code == 0
    broken = CliRunner().invoke(cli, ["score", str(row), "--model", str(tmp_path)])
    assert (broken.exit_code, broken.stdout) == (1, "")


# --- Adaptations --------------------------------------------------------------------------------------------------


def test_a_site_has_its_own_history(run, store, tmp_path):
    """Its adaptation needs its name, goes with it, and rests when another model decides."""
    site = store.write(lambda c: accounts.add_site(c, "blog", "https://blog.example", NOW))
    adapted = an_adaptation(tmp_path / "s", "blog", base=shipped_version(), site=site.id)
    version = pack(adapted).version

    assert "name the site: --site NAME" in sentence(run("add", adapted))
    assert f"{version} decides for blog now; before: no adaptation." in run("promote", adapted, "--site", "blog").stdout
    (row,) = found(run("list", "--site", "blog", "--json"))["models"]
    assert (row["version"], row["state"], row["site"], row["base"]) == (version, "champion", "blog", shipped_version())
    resting = run("promote", a_model(tmp_path / "one", "one")).stdout
    assert f"These adaptations to sites rest until they are trained again: {version}." in resting
    assert found(run("rollback", "--site", "blog", "--json"))["version"] is None


# --- Comparing ----------------------------------------------------------------------------------------------------


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """A model like the shipped one, and one that takes nothing for spam or abuse."""
    return a_model(tmp_path / "like", "like"), a_model(tmp_path / "blind", "blind", blind=True)


def test_the_same_comments_by_both(run, two, tmp_path):
    """How often they agree and which comments flip, by id and, if asked, with their text; nothing is stored."""
    rows = [{"id": f"r{n}", "text": f"{SPAM} {n}"} for n in range(20)] + [{"text": "What a night."}]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))

    result = run("compare", *two, "--data", tmp_path / "rows.jsonl", "--json")

    judged = found(result)["judged"]
    assert (judged["comments"], judged["same"]) == (21, 1)
    assert [(flip["a"], flip["b"], flip["comments"]) for flip in judged["flips"]] == [("reject", "approve", 20)]
    assert judged["flips"][0]["examples"] == [f"r{n}" for n in range(10)]
    assert "viagra" not in result.output
    text = run("compare", *two, "--data", tmp_path / "rows.jsonl", "--texts").stdout
    assert "A reject, B approve: 20" in text
    assert "'Buy cheap viagra" in text
    assert "recipe / name: like -> blind" in text
    assert found(run("list", "--json"))["models"][0]["version"] == shipped_version()
    (tmp_path / "odd.jsonl").write_text('{"text": "fine"}\n{')
    assert "odd.jsonl, line 2 is not JSON." in sentence(run("compare", *two, "--data", tmp_path / "odd.jsonl"))


def test_stored_comments_by_both(run, store, two):
    """The last decided comments of a site, and how often each agrees with the people who ruled on them."""

    def work(connection: Any) -> None:
        site = accounts.add_site(connection, "blog", "https://blog.example", NOW)
        accounts.add_site(connection, "empty", "https://empty.example", NOW)
        texts = [f"{SPAM} {n}" for n in range(6)] + ["What a night."]
        answers = moderation.submit(connection, site.id, [a_submission(text) for text in texts], NOW)
        moderation.record_decisions(connection, {(each.id, 1): a_verdict() for each in answers[1:]}, NOW)
        rulings.rule(connection, site.id, answers[1].id, 1, Action.REJECT, moderator="ann", now=NOW)

    store.write(work)

    judged = found(run("compare", *two, "--json"))["judged"]

    assert (judged["comments"], judged["same"], judged["flips"][0]["comments"]) == (6, 1, 5)
    assert (judged["ruled"], judged["agree_with_rulings"]) == (1, {"a": 1, "b": 0})
    assert found(run("compare", *two, "--last", 2, "--json"))["judged"]["comments"] == 2
    assert "A person ruled on 1 of them: A agrees with 1, B with 0." in run("compare", *two).stdout
    assert "No comments were judged" in run("compare", *two, "--site", "empty").stdout


def test_an_adaptation_against_its_model(run, store, tmp_path):
    """Comments of its own site, by the model alone and with what was taught."""

    def work(connection: Any) -> list[str]:
        sites = [accounts.add_site(connection, name, f"https://{name}.example", NOW).id for name in ("blog", "other")]
        for site in sites:
            (answer,) = moderation.submit(connection, site, [a_submission("What a night.")], NOW)
            moderation.record_decisions(connection, {(answer.id, 1): a_verdict()}, NOW)
        return sites

    blog, other = store.write(work)
    folder = an_adaptation(tmp_path / "s", "blog", base=shipped_version(), site=blog, spam=20.0)

    both = found(run("compare", "shipped", folder, "--json"))

    assert (both["a"], both["b"]) == (shipped_version(), pack(folder).version)
    assert both["judged"]["comments"] == 1
    assert [(flip["a"], flip["b"]) for flip in both["judged"]["flips"]] == [("approve", "hold")]
    assert "its own site only" in sentence(run("compare", "shipped", folder, "--site", "other"))
    strange = an_adaptation(tmp_path / "o", "other", base=shipped_version(), site=other)
    assert "its own site only" in sentence(run("compare", strange, folder))


def test_the_numbers_of_a_report():
    """Means of each group of areas; those before and after an adaptation are not mixed."""
    trained = {"interval": "95%", "spam": {"a": {"auc": 0.9, "positive": 5}, "b": {"auc": 0.7}}, "abuse": {"auc": 0.8}}
    heads = {"spam": {"labels": 40, "auc_before": {"value": 0.6}, "auc_after": {"value": 0.9, "low": 0.8}}}

    assert areas(trained) == {"spam / a": 0.9, "spam / b": 0.7, "abuse": 0.8}
    assert key_numbers(trained) == {"spam": (pytest.approx(0.8), 2), "abuse": (0.8, 1)}
    assert areas({"heads": heads}) == {"heads / spam / auc_before": 0.6, "heads / spam / auc_after": 0.9}
    assert key_numbers({"heads": heads}) == {"auc_before": (0.6, 1), "auc_after": (0.9, 1)}


@pytest.mark.parametrize(("hits", "of", "low", "high"), [(0, 0, 0, 1), (0, 10, 0, 0.2775), (50, 100, 0.4038, 0.5962)])
def test_intervals(hits, of, low, high):
    """Wilson's, as tables have them."""
    assert interval(hits, of) == pytest.approx((low, high), abs=1e-4)
