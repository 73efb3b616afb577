"""The client against the running service: every operation, sync and async alike."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import sys
import uuid
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args, get_type_hints

import httpx
import pytest
from servers import Sluice as Service

import sluice_client
from sluice_client import (
    Article,
    AsyncSluice,
    Author,
    NewComment,
    Seen,
    Sluice,
    SluiceError,
    Submission,
    answers,
    calls,
)

pytestmark = pytest.mark.slow

ARTICLE = Article(
    url="https://blog.example/bread",
    id="a-1",
    title="Sourdough in one day",
    published_at=datetime(2026, 11, 1, tzinfo=UTC),
    tags=("bread",),
)
THREAT = "I know where you live and I will find you and kill you."


@pytest.fixture
def sluice(service: Service) -> Iterator[Sluice]:
    """A client of the site."""
    with Sluice(service.url, service.key) as made:
        yield made


def a_comment(text: str = "Which flour did you use for the second loaf?", **values: Any) -> NewComment:
    """What a reader wrote, with an id of the blog's."""
    author = Author(name="Ada", email="ada@reader.example", ip="203.0.113.7")
    return NewComment(**{"text": text, "id": uuid.uuid4().hex, "author": author, **values})


def test_a_comment_lives_its_whole_life(sluice):
    """Submitted, read, changed, explained and erased; erased stays erased."""
    sent = a_comment()
    comment = sluice.submit(ARTICLE, sent, wait=20)
    assert (comment.status, comment.action, comment.may_be_published) == ("approved", "approve", True)
    assert sluice.submit(ARTICLE, sent, wait=20).id == comment.id == sluice.read(comment.id).id

    changed = sluice.edit(comment.id, a_comment(THREAT, id=None), wait=20)
    assert (changed.revision, changed.action, changed.may_be_published) == (2, "hold", False)
    assert any(reason.escalate for reason in changed.reasons)
    explained = sluice.explain(comment.id)
    assert explained.accounts.threat.parts
    assert explained.action == "hold"

    sluice.erase(comment.id)
    for again in (lambda: sluice.submit(ARTICLE, sent), lambda: sluice.read(comment.id)):
        with pytest.raises(SluiceError) as refused:
            again()
        assert (refused.value.code, refused.value.status) == ("comment.erased", 410)


def test_without_a_wait_a_comment_is_pending_and_not_published(service):
    """What is not decided is held."""
    _, key = service.add_site(f"quiet{uuid.uuid4().hex[:6]}")
    with Sluice(service.url, key) as sluice:
        comment = sluice.submit(ARTICLE, a_comment())

        assert (comment.status, comment.action, comment.may_be_published) == ("pending", None, False)
        assert comment.scores is None
        with pytest.raises(FrozenInstanceError):
            comment.status = "approved"


def test_batches_tell_each_item_its_fate(sluice):
    """One refused item stops no other; scores store nothing."""
    items = [Submission(ARTICLE, a_comment()), Submission(Article(url="nowhere"), a_comment())]
    good, bad = sluice.submit_batch(items)
    judged, unjudged = sluice.score_batch(items)

    assert good.comment.external_id == items[0].comment.id
    assert bad.comment is None
    assert (bad.problem.code, bad.problem.errors[0].pointer) == ("request.invalid", "#/article/url")
    assert judged.score.action == "approve"
    assert unjudged.problem.status == 422
    assert sluice.comments(external_id=items[1].comment.id).items == ()


def test_lists_are_walked_to_their_end(service):
    """Page by page with cursors, or all of it as one walk."""
    _, key = service.add_site(f"walk{uuid.uuid4().hex[:6]}")
    with Sluice(service.url, key) as sluice:
        sent = [a_comment(f"Loaf number {number} was the best of all.") for number in range(5)]
        sluice.submit_batch([Submission(ARTICLE, each) for each in sent])
        first = sluice.comments(limit=2, order="oldest")
        second = sluice.comments(limit=2, order="oldest", cursor=first.next_cursor)

        walked = [each.external_id for each in sluice.all_comments(order="oldest")]
        assert walked == [each.id for each in sent]
        assert [each.external_id for each in first.items + second.items] == walked[:4]


def test_moderators_work_over_the_client(sluice):
    """Queue, claim, note, skip, escalate, rule, take back; one undo for many."""
    held = sluice.submit(ARTICLE, a_comment(THREAT), wait=20)
    assert held.id in {item.id for item in sluice.queue(view="all", risk_from=0.1, limit=200).items}
    assert sum(view.count for view in sluice.queue_views().views) >= 1
    item = sluice.claim(held.id, moderator="bea")
    assert item.claim.moderator == "bea"
    sluice.release(held.id, moderator="bea")
    assert sluice.skip(held.id, moderator="bea").claim is None
    assert sluice.escalate(held.id, note="A threat?", moderator="bea").escalated
    assert [note.text for note in sluice.write_note(held.id, "Called them.", moderator="bea")][-1] == "Called them."
    assert sluice.notes(held.id)[-1].moderator == "bea"

    ruled = sluice.rule(held.id, "reject", revision=1, reason="threat", note="Clear.", moderator="bea")
    assert (ruled.action, ruled.ruling.reason) == ("reject", "threat")
    last = sluice.rulings(held.id)[-1]
    assert (last.moderator, last.action) == ("bea", "reject")
    assert sluice.take_back(held.id, last.id).action == "hold"

    item = sluice.queue_item(held.id)
    many = sluice.rule_many([Seen(item.id, item.revision, item.ruling)], "approve", moderator="bea")
    assert [done.status for done in many.done] == ["approved"]
    again = sluice.rule_many([Seen(item.id, item.revision, None)], "reject", moderator="ada")
    assert [conflict.by for conflict in again.conflicts] == ["bea"]
    assert [done.status for done in sluice.undo(many.act, moderator="bea").done] == ["held"]
    assert any(act.undoes for act in sluice.acts(comment=held.id).items)


def test_articles_and_reports(sluice):
    """An article is kept once; a reader's flag puts a comment into the queue."""
    kept = sluice.put_article("über/brot", Article(url="https://blog.example/brot", text="Mehl und Wasser.", id="x"))
    assert (kept.external_id, kept.text_chars) == ("über/brot", 16)

    comment = sluice.submit(ARTICLE, a_comment(), wait=20)
    assert sluice.report(comment.id, "reader-1", reason="spam", note="An advert.").status == "approved"
    assert sluice.queue_item(comment.id).origin == "report"


def test_a_ruling_is_safe_to_repeat_and_a_key_may_be_yours(sluice):
    """The service takes the same key for the same request."""
    comment = NewComment(text="No id of mine, but a key of mine.")
    first = sluice.submit(ARTICLE, comment, wait=20, idempotency_key="form-77")

    assert sluice.submit(ARTICLE, comment, wait=20, idempotency_key="form-77").id == first.id
    assert sluice.submit(ARTICLE, comment, wait=20).id != first.id
    with pytest.raises(SluiceError, match="idempotency"):
        sluice.submit(ARTICLE, NewComment(text="Another text."), idempotency_key="form-77")


def test_refusals_name_the_field_and_never_the_key(service):
    """code, detail, errors and request_id come from the service."""
    with Sluice(service.url + "/", f" {service.key}\n") as sluice:
        with pytest.raises(SluiceError) as found:
            sluice.submit(Article(url="nowhere"), a_comment())
        assert found.value.code == "request.invalid"
        assert found.value.errors[0].pointer == "#/article/url"
        assert found.value.request_id
        assert "#/article/url" in str(found.value)
        assert service.key not in repr(sluice)
    with Sluice(service.url, "0" * 12) as stranger, pytest.raises(SluiceError) as found:
        stranger.comments()
    assert (found.value.code, found.value.status) == ("auth.invalid", 401)


def test_async_does_the_same(service):
    """Submit, read, walk, refuse."""

    async def work() -> None:
        async with AsyncSluice(service.url, service.key) as sluice:
            comment = await sluice.submit(ARTICLE, a_comment(), wait=20)
            assert comment.may_be_published
            assert (await sluice.read(comment.id)).id == comment.id
            assert comment.id in [each.id async for each in sluice.all_comments(status="approved")]
            scores = await asyncio.gather(*(sluice.score(ARTICLE, a_comment(), explain=True) for _ in range(3)))
            assert all(score.explanation for score in scores)
            await sluice.erase(comment.id)
            with pytest.raises(SluiceError, match=r"comment\.erased"):
                await sluice.erase(comment.id)

    asyncio.run(work())


def public(kind: type) -> dict[str, inspect.Signature]:
    """Methods and their parameters."""
    return {name: inspect.signature(value) for name, value in vars(kind).items() if callable(value) and name[0] != "_"}


def test_both_clients_have_the_same_methods():
    """Only closing has its own name in each."""
    sync, other = public(Sluice), public(AsyncSluice)
    assert sync.pop("close")
    assert other.pop("aclose")

    assert sync.keys() == other.keys()
    for name, signature in sync.items():
        assert signature.parameters == other[name].parameters, name
        walked = str(other[name].return_annotation).replace("AsyncIterator", "Iterator")
        assert walked == signature.return_annotation, name


def test_every_call_is_an_operation_and_reads_what_it_answers(service):
    """Paths, methods and the fields of answers are those of the published document."""
    document = httpx.get(f"{service.url}/openapi.json").json()
    made = {
        "submit": calls.submit(ARTICLE, a_comment(), wait=None, idempotency_key=None),
        "list": calls.list_comments(status=None, external_id=None, order=None, limit=1, cursor=None),
        "edit": calls.edit("ID", a_comment(), article=None, wait=None),
        "rule": calls.rule("ID", "approve", revision=1, reason=None, note=None, moderator=None),
        "acts": calls.acts(comment=None, verb=None, moderator=None, limit=1, cursor=None),
        "score": calls.score(ARTICLE, a_comment(), explain=False),
        "report": calls.report("ID", "r", reason=None, note=None),
        "queue": calls.queue({}, limit=1, cursor=None),
        "escalate": calls.escalate("ID", note=None, moderator=None),
        "many": calls.rule_many([], "approve", reason=None, moderator=None),
        "note": calls.write_note("ID", "t", moderator=None),
        "article": calls.put_article("ID", ARTICLE),
        **{f"{each}": getattr(calls, each)("ID") for each in ("read_comment", "erase", "explain", "rulings", "notes")},
        **{each: getattr(calls, each)("ID", moderator=None) for each in ("undo", "claim", "release", "skip")},
        **{each: getattr(calls, each)([]) for each in ("submit_batch", "score_batch")},
        "take_back": calls.take_back("ID", "R"),
        "queue_item": calls.queue_item("ID"),
        "queue_views": calls.queue_views(moderator=None),
    }
    source = ast.parse(inspect.getsource(calls))
    written = {each.name for each in source.body if isinstance(each, ast.FunctionDef) and each.name[0] != "_"}

    assert len(made) == len(written)
    for call in made.values():
        assert call.method.lower() in document["paths"][call.path.replace("/ID", "/{id}")]


#: Our names of what the document calls otherwise.
SCHEMAS = {
    "ArticleRecord": "ArticleOut",
    "Batch": "BatchOut",
    "ItemProblem": "ProblemOut",
    "FieldProblem": "FieldProblem",
    "RulingRecord": "RulingRecord",
    "Scores": "Scores",
    "BatchResult": "BatchResult",
    "ScoreResult": "ScoreResult",
    "QueueItem": "QueueItem",
    "QueuePage": "QueuePage",
    "QueueArticle": "QueueArticle",
    "CommentPage": "CommentPage",
    "ActPage": "ActPage",
}


def test_answers_have_the_fields_of_the_published_document(service):
    """None that is not there, none forgotten, and none required that may be missing."""
    schemas = httpx.get(f"{service.url}/openapi.json").json()["components"]["schemas"]
    kinds = [value for value in vars(answers).values() if is_dataclass(value)]

    assert len(kinds) > 30
    for kind in kinds:
        schema = schemas[SCHEMAS.get(kind.__name__, f"{kind.__name__}Out")]
        names = {each.name for each in fields(kind)}
        left_out = {"type", "request_id"} if kind is answers.ItemProblem else set()
        assert names == schema["properties"].keys() - left_out, kind
        required = {each.name for each in fields(kind) if each.default is not None and each.default is not False}
        assert required <= set(schema["required"]), kind


def test_literals_are_those_of_the_published_document(service):
    """Status and action have no value that the service does not know, and lack none."""
    schemas = httpx.get(f"{service.url}/openapi.json").json()["components"]["schemas"]

    assert set(get_args(answers.Status)) == set(schemas["Status"]["enum"])
    assert set(get_args(answers.Action)) == set(schemas["Action"]["enum"])
    assert get_type_hints(answers.Comment)["status"] == answers.Status


def test_the_readme_does_what_it_says(service, monkeypatch, capsys):
    """Every Python block of it is run in order, as one program."""
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    monkeypatch.setenv("MODERATION_KEY", service.key)
    program: dict[str, Any] = {}
    for block in blocks:
        exec(block.replace("http://127.0.0.1:8000", service.url), program)

    program["sluice"].close()
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "approved approve []"
    assert said[1] == "['approve', 'approve']"
    assert said[-1] == "request.invalid 422 #/article/url"
    with Sluice(service.url, service.key) as program["sluice"]:
        assert program["may_be_published"](ARTICLE, a_comment()) is True
    with Sluice("http://127.0.0.1:1", "k" * 12, retries=sluice_client.Retries(tries=1)) as program["sluice"]:
        assert program["may_be_published"](ARTICLE, a_comment()) is False
    assert program["take_webhook"]({}, b"", "whsec_AAAA") == 401


def test_the_readme_lists_every_method():
    """The table is complete."""
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    table = text.partition("## Methods")[2].partition("Each is one operation")[0]

    assert set(re.findall(r"`(\w+)`", table)) == public(Sluice).keys() - {"close"}


def test_the_client_imports_nothing_of_the_service():
    """It is a distribution of its own; httpx is all that it needs."""
    folder = Path(sluice_client.__file__).parent
    imported = set()
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.partition(".")[0])

    assert imported - sys.stdlib_module_names == {"httpx", "sluice_client"}
    assert (folder / "py.typed").is_file()
