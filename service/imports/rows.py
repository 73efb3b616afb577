"""What every reader yields: comments as they stood elsewhere, and what was odd on the way to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal, TypeAlias

from classifier.lessons import RulingReason


class Stood(StrEnum):
    """Where a comment stood in the system it comes from."""

    APPROVED = "approved"
    PENDING = "pending"
    SPAM = "spam"
    REMOVED = "removed"
    """In the trash, or deleted: by whom and why is not known, so it teaches nothing."""


class Word(StrEnum):
    """Whose word a status is, as far as the file tells; how much it counts as a label follows from that."""

    PERSON = "person"
    """Somebody looked and said so, against a filter or in the trash."""
    LABEL = "label"
    """Marked by a filter or by a person; nobody knows which."""
    STANDING = "standing"
    """It was published, and perhaps nobody ever looked."""


#: How much a label of each kind teaches beside a ruling made here; see docs/decisions/imported-labels.md.
WEIGHTS: Final = {Word.PERSON: 1.0, Word.LABEL: 0.5, Word.STANDING: 0.25}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedArticle:
    """The page commented on; an empty address means that the file has none."""

    url: str = ""
    id: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedAuthor:
    """The commenter, as the old system knew them."""

    id: str | None = None
    name: str | None = None
    email: str | None = None
    url: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    role: str | None = None
    verified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """One comment of the file, cleaned so that it can be stored."""

    external_id: str
    article: ImportedArticle
    text: str
    format: Literal["text", "html"]
    author: ImportedAuthor
    created_at: datetime | None
    parent_id: str | None
    stood: Stood
    word: Word
    provenance: str
    """Where the status comes from, in a few words; kept as the note of the ruling."""
    line: int
    reason: RulingReason | None = None
    """Why it was rejected, where the file says more than that it is spam."""


class Odd(StrEnum):
    """What can be odd about a file; the value is the sentence that people read."""

    NO_TEXT = "A comment without text is left out."
    NO_ID = "A comment without an id gets one made of its content."
    TEXT_CUT = "A text longer than 65,536 characters is cut there."
    VALUE_CUT = "A name, address or id that is too long is cut."
    BAD_DATE = "A date that cannot be read, or is not between 1970 and now, is left out."
    BAD_IP = "An IP address that is none is left out."
    BAD_URL = "An article whose address is none is filed under its id."
    CONTROL = "A control character that XML forbids is read as a space."
    NOT_UTF8 = "Bytes that are not in the file's encoding are read as Windows-1252."
    NO_COMMENT_OF_READERS = "A pingback, trackback, review or note of a shop is left out."
    NO_POST = "A comment under an attachment or menu item is left out."
    UNKNOWN_STATUS = "A status that Sluice does not know is taken as pending."
    ORPHAN_THREAD = "A comment whose thread is not in the file is filed under the site's front page."
    BAD_ROW = "A row that cannot be read is left out."
    EXTRA_CELLS = "A row with more cells than the header has: what is too much is left out."
    BAD_JSON = "A line that is no JSON object is left out."
    NOT_FITTING = "A line that does not have the shape of the API is left out."
    BROKEN = "From here on the file is damaged; everything before is read."
    TRUNCATED = "The file ends in the middle; everything before is read."


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something odd, and the line it is on; more in ``detail`` where it helps, never what a reader wrote."""

    what: Odd
    line: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Aside:
    """A line of our own export of another kind (site, article, policy), which import does not need."""

    line: int


Read: TypeAlias = Imported | Oddity | Aside


class UnreadableFileError(Exception):
    """A file cannot be imported; the message says why in one sentence."""
