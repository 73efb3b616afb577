"""``/v1/score`` looks at a comment's page as workers do: what is stored of its article and of the comment answered."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from service.preview import contexts_of
from service.schemas import Submission
from service.store.engine import Store
from service.store.tables import comments, metadata
from workers import classify

ARTICLE = {"id": "a1", "url": "https://news.example/bypass"}
FACTS = {
    "url": ARTICLE["url"],
    "title": "Council votes on the new bypass",
    "text": "The council met to vote on the bypass around the village. " * 100,
    "tags": ["roads"],
}
ANSWER = {
    "article": ARTICLE,
    "comment": {"text": "The noise barrier costs more than the whole bypass, says the council.", "parent_id": "c1"},
}


@pytest.fixture
def a_thread(client, headers):
    """An article that was described once, and a comment under it."""
    assert client.put("/v1/articles/a1", json=FACTS, headers=headers).status_code == 200
    parent = {"article": ARTICLE, "comment": {"id": "c1", "text": "Who pays for the noise barrier then?"}}
    return str(client.post("/v1/comments", json=parent, headers=headers).json["id"])


def scores(client: Any, headers: dict[str, str], body: dict[str, Any]) -> dict[str, float]:
    """What ``/v1/score`` answers."""
    answer = client.post("/v1/score", json=body, headers=headers)
    assert answer.status_code == 200, answer.json
    return dict(answer.json["scores"])


def test_a_score_is_that_of_the_decision(client, headers, here, a_thread):
    """Alone, in a batch and taken apart it is what a worker finds, and not what a page without article has."""
    scored = scores(client, headers, ANSWER)
    batch = client.post("/v1/score/batch", json=[ANSWER], headers=headers).json["results"][0]["score"]
    explained = client.post("/v1/score", json={**ANSWER, "explain": True}, headers=headers).json["explanation"]

    comment_id = client.post("/v1/comments", json=ANSWER, headers=headers).json["id"]
    classify.decide(here, [comment_id])
    decided = client.get(f"/v1/comments/{comment_id}", headers=headers).json

    assert scored == batch["scores"] == decided["scores"]
    assert any(part.get("code") == "relevance.on_topic" for part in explained["spam"]["parts"])
    elsewhere = {"article": {"url": "https://news.example/other"}, "comment": {"text": ANSWER["comment"]["text"]}}
    assert scores(client, headers, elsewhere)["spam"] > scored["spam"]


def test_scoring_leaves_what_is_stored_as_it_is(client, headers, here, a_thread):
    """What a comment to be scored says of its article counts for it alone; no row is written."""

    def rows() -> dict[str, list[Any]]:
        with here.store.read() as connection:
            return {name: list(connection.execute(sa.select(table))) for name, table in metadata.tables.items()}

    before = rows()

    scores(client, headers, {**ANSWER, "article": {**ARTICLE, "title": "Another title", "tags": ["x"]}})

    assert rows() == before


def test_what_is_sent_wins_over_what_is_stored(client, headers, here, site_and_key, a_thread):
    """Title and tags of the submission, the stored text, and only its beginning."""
    said = Submission.model_validate({**ANSWER, "article": {**ARTICLE, "title": "Another title", "tags": ["x"]}})

    [context] = contexts_of(here.store, site_and_key[0].id, [said])

    assert (context.article.title, context.article.tags) == ("Another title", ("x",))
    assert context.article.text == FACTS["text"][:4_000]
    assert context.parent_text == "Who pays for the noise barrier then?"


def test_no_other_sites_page_and_nothing_erased_is_looked_at(client, headers, here, site_and_key, make_site, a_thread):
    """The same ids on another site are other things, and an erased comment has no text."""
    other = make_site("other")[0].id
    said = Submission.model_validate(ANSWER)
    client.delete(f"/v1/comments/{a_thread}", headers=headers)

    [of_other], [of_own] = (contexts_of(here.store, site, [said]) for site in (other, site_and_key[0].id))

    assert (of_other.article.title, of_other.article.text, of_other.parent_text) == (None, None, None)
    assert (of_own.article.title, of_own.parent_text) == (FACTS["title"], None)


def test_without_a_database_what_was_sent_is_scored(tmp_path):
    """A preview does not fail because a page cannot be looked up."""
    database = Store(f"sqlite:///{tmp_path}/empty.db")
    assert comments.name not in sa.inspect(database.engine).get_table_names()

    [context] = contexts_of(database, "any", [Submission.model_validate(ANSWER)])

    assert (context.text, context.article.url) == (ANSWER["comment"]["text"], ARTICLE["url"])
    assert (context.article.title, context.parent_text) == (None, None)
