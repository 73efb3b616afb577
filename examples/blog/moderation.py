"""What the blog asks Sluice, and what it does when Sluice tells it something."""

from __future__ import annotations

import logging

from blog.store import Store
from sluice_client import Article, Author, Event, NewComment, Sluice, SluiceError

log = logging.getLogger("blog")

#: How long a reader's browser waits for the decision before it is told to come back.
WAIT_SECONDS = 5


def ask(
    sluice: Sluice, store: Store, article: Article, comment_id: str, *, ip: str | None = None, agent: str | None = None
) -> bool:
    """Ask Sluice about a kept comment and note the answer; false when nobody answered, and it stays held."""
    form = store.form_of(comment_id)
    if form is None:
        return True
    comment = NewComment(
        text=form.text,
        id=comment_id,  # so asking again is asking about the same comment
        author=Author(name=form.name, email=form.email, url=form.website or None, ip=ip, user_agent=agent),
        honeypot=form.honeypot or None,
        form_seconds=form.form_seconds,
    )
    try:
        answer = sluice.submit(article, comment, wait=WAIT_SECONDS)
    except SluiceError as error:
        log.warning("comment %s is held: %s", comment_id, error.code)
        return False
    store.answered(comment_id, answer.action or "hold", answer.status_page)
    return True


def ask_again(sluice: Sluice, store: Store, article: Article) -> None:
    """Ask about what was written while Sluice was away; at the first silence the rest waits for another time."""
    for comment_id in store.not_taken():
        if not ask(sluice, store, article, comment_id):
            return


def take(store: Store, event: Event) -> None:
    """Do what a genuine webhook says: publish, withdraw or erase."""
    if event.comment is None or event.comment.external_id is None:
        return
    if event.type == "comment.erased":
        store.erase(event.comment.external_id)
    else:
        store.told(event.comment.external_id, event.comment.action or "hold", event.id)
