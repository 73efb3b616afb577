"""Which column or key of a table means what: by common names, and as the operator says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from service.imports.cleaning import Draft
from service.imports.rows import Odd, Stood, UnreadableFileError, Word

#: Field -> the names it goes by, the likeliest first; letters and digits count, case and the rest do not.
SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = {
    "text": ("text", "commentcontent", "comment", "content", "body", "message", "commenttext", "commentbody"),
    "id": ("id", "commentid", "externalid", "uuid"),
    "parent_id": ("parentid", "commentparent", "parent", "replyto", "inreplyto"),
    "created_at": ("createdat", "commentdategmt", "commentdate", "date", "datetime", "time", "timestamp", "published",
                   "created"),
    "status": ("status", "commentapproved", "approved", "label", "state", "moderationstatus", "class"),
    "is_spam": ("isspam", "spam"),
    "format": ("format", "contenttype"),
    "article_url": ("articleurl", "url", "link", "permalink", "posturl", "pageurl", "page"),
    "article_id": ("articleid", "postid", "commentpostid", "threadid", "pageid"),
    "article_title": ("articletitle", "title", "posttitle", "pagetitle"),
    "author_name": ("authorname", "commentauthor", "author", "name", "username", "user"),
    "author_email": ("authoremail", "commentauthoremail", "email", "mail"),
    "author_url": ("authorurl", "commentauthorurl", "website", "homepage"),
    "author_ip": ("authorip", "commentauthorip", "ip", "ipaddress"),
    "author_id": ("authorid", "userid", "commentuserid"),
    "author_user_agent": ("authoruseragent", "useragent", "commentagent", "agent"),
}  # fmt: skip

_APPROVED: Final = frozenset(
    ("1", "approved", "approve", "ham", "ok", "good", "published", "publish", "visible", "accepted", "yes", "true")
)
_PENDING: Final = frozenset(("", "0", "pending", "hold", "held", "unapproved", "waiting", "queued", "no", "false"))
_REMOVED: Final = frozenset(("trash", "trashed", "deleted", "removed", "rejected", "reject", "post-trashed", "hidden"))
_YES: Final = frozenset(("1", "true", "yes", "spam", "y", "t"))
_NO: Final = frozenset(("0", "false", "no", "ham", "n", "f"))


def mapping_of(names: Sequence[str], said: Mapping[str, str]) -> dict[str, str]:
    """Field -> column, by what the operator said and then by the names; a column serves one field.

    Raises:
        UnreadableFileError: the operator named a field or column that is not there, or no column holds the texts.
    """
    for wanted, column in said.items():
        if wanted not in SYNONYMS:
            raise UnreadableFileError(f"There is no field {wanted}; the fields are {', '.join(SYNONYMS)}.")
        if column not in names:
            raise UnreadableFileError(f"There is no column {column}; the columns are {', '.join(names)}.")
    found = dict(said)
    plain: dict[str, str] = {}
    for name in names:
        plain.setdefault(re.sub(r"[\W_]", "", name.casefold()), name)
    for wanted, synonyms in SYNONYMS.items():
        if wanted not in found:
            free = [plain[each] for each in synonyms if each in plain and plain[each] not in found.values()]
            if free:
                found[wanted] = free[0]
    if "text" not in found:
        columns = ", ".join(name for name in names if name) or "none"
        raise UnreadableFileError(
            f"No column is known to hold the comments (there are: {columns}); say which: --map text=COLUMN."
        )
    return found


def draft_of(values: Mapping[str, str], line: int) -> Draft:
    """A comment of a row's values, by field."""
    draft = Draft(
        line=line,
        text=values.get("text", ""),
        format="html" if "html" in values.get("format", "").casefold() else "text",
        id=values.get("id", ""),
        parent_id="" if values.get("parent_id", "").strip() == "0" else values.get("parent_id", ""),
        created_at=values.get("created_at", ""),
        article_url=values.get("article_url", ""),
        article_id=values.get("article_id", ""),
        article_title=values.get("article_title", ""),
        author_id="" if values.get("author_id", "").strip() == "0" else values.get("author_id", ""),
        author_name=values.get("author_name", ""),
        author_email=values.get("author_email", ""),
        author_url=values.get("author_url", ""),
        author_ip=values.get("author_ip", ""),
        author_user_agent=values.get("author_user_agent", ""),
    )
    _judge(draft, values.get("status"), values.get("is_spam"))
    return draft


def _judge(draft: Draft, status: str | None, is_spam: str | None) -> None:
    marked = (is_spam or "").strip().casefold()
    if marked in _YES:
        draft.stood, draft.word, draft.provenance = Stood.SPAM, Word.LABEL, "file: marked as spam"
        return
    said = (status or "").strip().casefold()
    if status is None and marked in _NO:
        draft.stood, draft.word, draft.provenance = Stood.APPROVED, Word.LABEL, "file: marked as no spam"
    elif said in _APPROVED:
        draft.stood = Stood.APPROVED
        # "ham" is what somebody who sorted comments calls it; "approved" is what a system says.
        draft.word = Word.LABEL if said in ("ham", "good") or marked in _NO else Word.STANDING
    elif said == "spam":
        draft.stood, draft.word = Stood.SPAM, Word.LABEL
    elif said in _REMOVED:
        draft.stood, draft.word = Stood.REMOVED, Word.PERSON
    elif said not in _PENDING:
        draft.note(Odd.UNKNOWN_STATUS)
    draft.provenance = draft.provenance or f"file: {draft.stood.value}"
