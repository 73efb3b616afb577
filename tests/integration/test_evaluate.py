"""``sluice evaluate`` from labelled comments to numbers and a page: real runs of the shipped model."""

from __future__ import annotations

import json
import re
import stat
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from classifier.cli import evaluate
from classifier.curves import calibration, cost_curve
from classifier.report import shown

HOSTILE = (
    "Buy cheap viagra <script>alert(document.cookie)</script> <img src=x onerror=alert(1)> at http://pills.example | "
    "[click](javascript:alert(1)) `code` \u202egnp.exe\u202c</td></table>"
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
TOPICS = (
    "the new bus lane",
    "the school budget",
    "rents in the old town",
    "the football club",
    "noise at night",
    "taxes",
)


def rows() -> list[dict[str, object]]:
    """Ham, spam and abuse, a little of each in disguise, and one comment that attacks the page it is quoted on."""
    ham = [f"On {day} the council spoke about {topic}, and I think they are right." for day in DAYS for topic in TOPICS]
    spam = [f"Buy cheap {thing} pills now, {deal} off!!! http://{thing}{deal[:2]}.example" for thing in
            ("viagra", "cialis", "xanax", "diet", "slim") for deal in ("50%", "60%", "70%", "80%", "90%")]  # fmt: skip
    abuse = [f"You are a {kind} idiot, {end}" for kind in ("fucking", "stupid", "pathetic", "dumb", "worthless")
             for end in ("shut up.", "go away.", "moron.", "you pig.", "nobody likes you.")]  # fmt: skip
    return [
        *({"text": text, "label": "ham", "labels": {"toxicity": 0}, "source": "town"} for text in ham),
        *({"text": text, "label": "spam", "source": "mail"} for text in spam),
        *({"text": text, "label": "ham", "labels": {"toxicity": 0.9, "insult": 1}, "source": "town"} for text in abuse),
        {
            "text": HOSTILE,
            "label": "ham",
            "source": "<b>attacker</b>",
            "author": {"name": "x"},
            "created_at": "2026-01-01",
        },
        {"text": "nobody labelled this"},
    ]


def written(folder: Path) -> Path:
    """The file with them."""
    path = folder / "comments.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows()), encoding="utf-8")
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The labelled comments in a file."""
    return written(tmp_path)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the numbers (``e.json``) and a page of each kind, and what was said (``said``)."""
    folder = tmp_path_factory.mktemp("measured")
    path = written(folder)
    result = run("--data", path, "--report", folder / "e.html", "--json", folder / "e.json")
    assert result.exit_code == 0, result.output
    (folder / "said").write_text(result.stdout, encoding="utf-8")
    assert run("--data", path, "--report", folder / "e.md").exit_code == 0
    return folder


def run(*arguments: object) -> Result:
    """The command as it is typed."""
    return CliRunner().invoke(evaluate, [str(argument) for argument in arguments])


class Page(HTMLParser):
    """The elements of a page and what it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "data", "action")]
        assert not any(name.startswith("on") for name, _ in attrs), attrs


def test_numbers_and_a_page_come_from_one_run(measured: Path) -> None:
    """The JSON has every head that was labelled, a baseline and intervals; the page has its plots inside."""
    found = json.loads((measured / "e.json").read_text(encoding="utf-8"))
    page = (measured / "e.html").read_text(encoding="utf-8")
    assert set(found["heads"]) == {"spam", "toxicity"}
    spam = found["heads"]["spam"]
    assert spam["area"]["auc"] > 0.95 < spam["baseline"]["area"]["auc"]
    assert found["decisions"]["fine"]["approve"]["low"] <= found["decisions"]["fine"]["approve"]["share"]
    assert {entry["name"] for entry in found["slices"]["source"]} == {"town", "mail"}
    assert found["slices"]["length"]
    assert found["errors"][0]["kind"] == "stopped"
    assert "spam: AUC" in (measured / "said").read_text(encoding="utf-8")
    plots = re.findall(r"<svg .*?</svg>", page, re.DOTALL)
    assert len(plots) == 1 + 3 * len(found["heads"])
    for plot in plots:
        assert ET.fromstring(plot).tag.endswith("svg")


def test_a_hostile_comment_stays_text(measured: Path) -> None:
    """What a comment says is quoted and never obeyed, and the page loads nothing."""
    page = (measured / "e.html").read_text(encoding="utf-8")
    plain = (measured / "e.md").read_text(encoding="utf-8")

    seen = Page()
    seen.feed(page)
    assert any(error["text"] == HOSTILE for error in json.loads((measured / "e.json").read_text())["errors"])
    assert not {"script", "img", "link", "iframe"} & set(seen.tags)
    assert all(load.startswith("#") for load in seen.loads)
    assert "&lt;script&gt;alert" in page
    assert "\u202e" not in page + plain
    assert "<script" not in plain
    assert "[click](" not in plain
    assert plain.count("\n| stopped") + plain.count("\n| leaked") == page.count("<td>stopped,") + page.count(
        "<td>leaked,"
    )


def test_a_report_is_the_operators_own(data: Path, tmp_path: Path) -> None:
    """Files are readable by their owner only; without texts no comment stands in any of them."""
    run("--data", data, "--report", tmp_path / "e.md", "--json", tmp_path / "e.json", "--no-texts")

    made = [tmp_path / "e.md", tmp_path / "e.json", *(tmp_path / "e-plots").iterdir()]
    assert len(made) > 4
    for path in made:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "viagra" not in path.read_text(encoding="utf-8")
        assert "idiot" not in path.read_text(encoding="utf-8")
    links = re.findall(r"!\[[^]]*\]\(([^)]+)\)", (tmp_path / "e.md").read_text(encoding="utf-8"))
    assert links
    assert all((tmp_path / link).exists() for link in links)


def test_another_model_can_be_the_baseline(data: Path) -> None:
    """A model compared with itself is no better."""
    shipped = Path("classifier/models/default").resolve()

    found = json.loads(run(shipped, "--data", data, "--baseline", shipped, "--json", "-").stdout)

    assert found["heads"]["spam"]["baseline"]["area"] == found["heads"]["spam"]["area"]
    assert found["cost"]["model"] == found["cost"]["baseline"]


def test_the_same_call_measures_the_same(data: Path) -> None:
    """A drawn sample and the folds of the baseline hang on the seed alone."""
    first, second = (run("--data", data, "--sample", 60, "--seed", 3, "--json", "-").stdout for _ in range(2))

    assert json.loads(first) == json.loads(second)
    assert json.loads(first)["data"]["rows"] == 60


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "line 1 is not JSON"),
        ("[]\n", "line 1 is not an object"),
        ('{"text": "x"}\n', "is labelled"),
        ("", "is labelled"),
        ('{"text": "x", "labels": {"toxicity": 7}}\n', "between 0 and 1"),
        ('{"text": "x", "labels": {"toxicity": "very"}}\n', "between 0 and 1"),
    ],
)
def test_bad_data_is_one_sentence(tmp_path: Path, content: str, said: str) -> None:
    """The sentence names the file, and the line where there is one."""
    path = tmp_path / "comments.jsonl"
    path.write_text(content, encoding="utf-8")

    result = run("--data", path)

    assert result.exit_code == 1
    assert said in result.output
    assert str(path) in result.output
    assert result.output.count("\n") == 1


def test_other_bad_input_is_one_sentence(data: Path, tmp_path: Path) -> None:
    """So are a folder without a model, a page of an unknown kind and a baseline that is not there."""
    for arguments, said in (
        ((tmp_path, "--data", data), "no model"),
        (("--data", data, "--report", tmp_path / "e.pdf"), ".html or .md"),
        (("--data", data, "--baseline", "plian"), "plian"),
    ):
        result = run(*arguments)

        assert result.exit_code == 1
        assert said in result.output
        assert result.output.count("\n") == 1


def test_curves_of_a_perfect_model() -> None:
    """Stopping the one fifth that is trouble leaks nothing, stopping nothing leaks all, and it says what is true."""
    troubled = np.arange(100) < 20
    scores = troubled.astype(float)

    curve = dict(cost_curve(scores, troubled))
    said = calibration(troubled, scores)

    assert curve[0.0] == 1
    assert curve[0.2] == 0
    assert said["mean_gap"] == 0
    assert said["brier"] == 0


def test_hidden_characters_are_shown() -> None:
    """What would turn the line around, or vanish, is written out; a long text is cut."""
    assert shown("a\u202eb\u200bc\nd") == "a\\u{202e}b\\u{200b}c d"
    assert shown("x" * 700) == "x" * 600 + " […]"
