"""A site with everything in it, put there by the ways that everybody uses.

Works alike on Flask's client and on httpx's, whose requests already carry the site's key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

#: What must never be seen again.
EMAIL: Final = "mail-canary@hidden.example"
IP: Final = "203.0.113.77"
REPORTER: Final = "reporter-canary"
SECRETS: Final = ("mail-canary", "hidden.example", IP, REPORTER)

HOLD_ALL: Final = {"premoderation": {"modes": ["all"]}}
#: So many of a comment's rulings are made one by one.
_ACTIONS: Final = ("approve", "reject", "hold")


@dataclass(frozen=True, slots=True)
class Populated:
    """What was made."""

    comments: list[str]
    pages: list[str]
    """The readers' page of each comment."""
    rejected: list[str]
    """The pages of those that were turned down, and not appealed."""


def asked(client: Any, method: str, path: str, expect: int | None = 200, **options: Any) -> Any:
    """A request to the API; the body of its answer."""
    answer = getattr(client, method.lower())(path, **options)
    if expect is not None:
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
    return json.loads(answer.text) if answer.text else None


def packed(texts: Iterable[str], limit: int, between: str = " ") -> list[str]:
    """The texts, as many together as fit; one that is too long is cut."""
    found: list[str] = []
    for text in texts:
        joined = f"{found[-1]}{between}{text}" if found else text
        if found and len(joined) <= limit:
            found[-1] = joined
        else:
            found.append(text[:limit])
    return found


def a_submission(number: int, text: str, *, said: str | None = None) -> dict[str, Any]:
    """A comment that says the text in every field there is; the word at its end is what a rule looks for."""
    line = text[:1_000]
    return {
        "article": {
            "id": f"a{number} {text}"[:500],
            "url": f"https://blog.example/{number}?" + "".join(c for c in text if not c.isspace() and c > " ")[:1_900],
            "title": line,
            "text": text,
            "tags": [text[:100]],
        },
        "comment": {
            "id": f"c{number} {text}"[:500],
            "parent_id": f"c{number - 1}"[:500],
            "text": (text if said is None else said)[: 65_536 - 20] + f"\nzeppelin{number}",
            "format": "html" if number % 2 else "text",
            "referrer": text[:2_000],
            "honeypot": "",
            "author": {
                "id": f"{number} {text}"[:500],
                "name": line,
                "email": f"{line[:900]} {EMAIL}",
                "url": text[:2_000],
                "ip": IP,
                "user_agent": text[:2_000],
                "role": text[:100],
            },
        },
    }


def rules_saying(texts: Sequence[str]) -> dict[str, Any]:
    """A policy that holds everything, and whose rules show the texts as reasons."""
    messages = packed(texts, 300)[:300]
    rules = {
        f"r{number}": {"words": [f"zeppelin{number}"], "weight": 0.5, "message": message}
        for number, message in enumerate(messages)
    }
    return {**HOLD_ALL, "rules": rules}


def populate(
    client: Any,
    texts: Sequence[str],
    decide: Callable[[list[str]], None],
    *,
    fields: Sequence[str] | None = None,
) -> Populated:
    """Fill the site.

    Args:
        texts: what comments say; their other fields say it too, or what ``fields`` says at the same place.
        decide: waits until the comments with these ids are decided.
    """
    others = texts if fields is None else fields
    asked(client, "PUT", "/v1/policy", json=rules_saying(others))
    pairs = enumerate(zip(texts, others, strict=True))
    items = [a_submission(number, other, said=text) for number, (text, other) in pairs]
    made: list[dict[str, Any]] = []
    for start in range(0, len(items), 200):
        results = asked(client, "POST", "/v1/comments/batch", json=items[start : start + 200])["results"]
        assert {each["status"] for each in results} == {202}, [each for each in results if each["status"] != 202][:3]
        made += [each["comment"] for each in results]
    ids = [each["id"] for each in made]
    decide(ids)
    for comment, other in zip(ids, others, strict=True):
        line = {"moderator": other[:150] or "x"}
        asked(client, "POST", f"/v1/comments/{comment}/notes", json={"text": other[:2_000] or "x", **line})
        report = {"reporter": REPORTER, "reason": "spam", "note": other[:2_000]}
        asked(client, "POST", f"/v1/comments/{comment}/reports", json=report)
    standing: list[str] = []
    for number, (comment, other) in enumerate(zip(ids, others, strict=True)):
        action = (*_ACTIONS, "")[number % 4]
        standing.append(action)
        if action:
            ruling = {"action": action, "revision": 1, "note": other[:2_000], "moderator": other[:150]}
            asked(client, "POST", f"/v1/comments/{comment}/rulings", json=ruling)
    pages = [_path(each["status_page"]) for each in made]
    return Populated(ids, pages, [page for page, action in zip(pages, standing, strict=True) if action == "reject"])


def _path(address: str) -> str:
    return "/" + address.split("://", 1)[-1].split("/", 1)[-1] if "://" in address else address
