"""Builders with good defaults, so that a test shows only what matters to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from classifier.adaptation import Adaptation, save_adaptation
from classifier.dense import DENSE
from classifier.domain import HEADS, Action, Reason, Verdict
from classifier.registry import DEFAULT_MODEL, load_default, read_manifest, save
from service.schemas import ArticleIn, AuthorIn, CommentIn, Submission

#: What Akismet's clients send as.
FORM = "application/x-www-form-urlencoded; charset=utf-8"
THANKS = "Thanks for making the web a better place."
SPAM = "Buy cheap viagra and cialis online now, no prescription! http://pills-cheap.example http://pills.example"
HAM = "I walked over the old bridge with my father every Sunday, and the ferry was never on time in winter."


def an_author(**fields: Any) -> AuthorIn:
    """A reader who filled in the form."""
    return AuthorIn(**{"name": "Jo Reader", "email": "jo@reader.example", "ip": "192.0.2.7", **fields})


def an_article(**fields: Any) -> ArticleIn:
    """A news article."""
    return ArticleIn(**{"url": "https://blog.example/harbour", "title": "A new bridge for the harbour", **fields})


def a_comment(text: str = "The old bridge was lovely.", **fields: Any) -> CommentIn:
    """What a reader wrote."""
    return CommentIn(**{"text": text, "author": an_author(), **fields})


def a_submission(
    text: str = "The old bridge was lovely.", *, article: ArticleIn | None = None, **fields: Any
) -> Submission:
    """A comment under an article."""
    return Submission(article=article or an_article(), comment=a_comment(text, **fields))


def a_body(text: str = "The old bridge was lovely.", **fields: Any) -> dict[str, Any]:
    """The same as the JSON that a blog posts."""
    return a_submission(text, **fields).model_dump(mode="json", exclude_none=True, exclude_defaults=True)


def a_verdict(action: Action = Action.APPROVE, **fields: Any) -> Verdict:
    """What the machine says."""
    values: dict[str, Any] = {
        "action": action,
        "scores": dict.fromkeys(HEADS, 0.25),
        "reasons": (Reason(code="test.reason", message="A test says so.", weight=1.0),),
        "model": "test-model",
        "policy": "test-policy",
    }
    return Verdict(**(values | fields))


def a_model(folder: Path, name: str, *, blind: bool = False, **manifest: Any) -> Path:
    """A model version like the shipped one, but with another name, and an offset that makes it another one.

    A blind one takes nothing for spam or abuse.
    """
    weights = load_default().weights
    mark = sum(name.encode()) / 1e6 - 50 * blind
    about = read_manifest(DEFAULT_MODEL)
    heads = {head: {"weak": False, "note": ""} for head in HEADS}
    save(
        folder,
        replace(weights, offset=weights.offset + mark),
        {"name": name, "heads": heads, "recipe": {"name": name}, "rows": about["rows"], "seed": 0, **manifest},
        {"spam_source_left_out": {"a": {"auc": 0.9, "auc_plus_minus": 0.01, "positive": 5, "negative": 5}}},
        {"LICENSE": "Terms of a test."},
    )
    return folder


def an_adaptation(folder: Path, name: str, *, base: str, site: str, spam: float = 0.0) -> Path:
    """An adaptation to a site that adds so much to the logit of spam, whatever the text."""
    taught = Adaptation(
        version="",
        base=base,
        site=site,
        heads=("spam",),
        columns=np.zeros(0, dtype=np.int32),
        terms=np.zeros((0, 1), dtype=np.float32),
        dense=np.zeros((len(DENSE), 1)),
        slope=np.ones(1),
        intercept=np.array([spam + sum(name.encode()) / 1e6]),
    )
    save_adaptation(folder, taught, {"name": name}, {})
    return folder


def is_plain(answer: Any, text: str) -> bool:
    """A bare body of the protocol, as a whole, with its type and its length."""
    assert answer.status_code == 200
    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.content_length == len(answer.data)
    return answer.get_data() == text.encode()
