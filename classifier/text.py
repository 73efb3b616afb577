"""The one text path: training, serving, rules and highlighting all read a comment through ``read``.

A comment is rendered (HTML to text, entities decoded), links are set aside, letters are folded to what a reader sees,
and words in disguise (l33t, s p a c e d, d.o.t.t.e.d, streeetched) are put back together. Each step is a rewrite with
edits, so any stretch of the result leads back to the raw text. Time is linear in the length of the text.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final

from classifier.domain import MAX_TEXT_CHARS, Span
from classifier.folding import FOLDED, LOOK_ALIKES, is_invisible
from classifier.offsets import Edit, OffsetMap, Rewriter

#: Stands in the normalised text where a link was; its words follow.
LINK_MARK: Final = "xlinkx"
#: Stands for e-mail addresses and for handles.
MAIL_MARK: Final = "xmailx"
HANDLE_MARK: Final = "xhandlex"

_TAG_NAMES: Final = (
    "a|abbr|article|aside|b|big|blockquote|body|br|button|center|cite|code|del|details|div|dl|dd|dt|em|embed|font|form|"
    "h[1-6]|head|header|footer|hr|html|i|iframe|img|input|ins|kbd|label|li|link|mark|meta|nav|object|ol|p|pre|q|s|samp|"
    "script|section|small|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|textarea|th|thead|title|tr|tt|u|"
    "ul|video|wbr"
)
_MARKUP: Final = re.compile(
    rf"<(?P<close>/?)(?P<tag>{_TAG_NAMES})(?P<attributes>[\s/][^<>]*)?>"
    r"|<!--[^<>]*-->"
    r"|\[(?P<bbclose>/?)(?P<bbtag>url|link|img|b|i|u|quote|color|size)(?:=(?P<bbtarget>[^\[\]\s]{1,2000}))?\]"
    r"|&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});?",
    re.IGNORECASE,
)
_BLOCK_TAGS: Final = re.compile(
    r"article|aside|blockquote|br|button|center|dd|details|div|dl|dt|footer|form|h[1-6]|header|hr|li|nav|ol|p|pre|section|"
    r"table|tbody|td|th|thead|title|tr|ul",
    re.IGNORECASE,
)
_TARGET: Final = re.compile(
    r"""(?:href|src)\s*=\s*(?:"([^"<>]{1,2000})"|'([^'<>]{1,2000})'|([^\s"'<>]{1,2000}))""", re.IGNORECASE
)

_TLDS: Final = (
    "com|net|org|info|biz|edu|gov|io|co|me|tv|us|uk|de|fr|it|es|pt|br|ru|su|ua|pl|nl|be|ch|at|cz|se|no|dk|fi|in|id|cn|jp|"
    "kr|vn|th|au|nz|ca|mx|ar|za|ng|ke|tr|ir|gr|ro|hu|bg|eu|asia|xyz|top|site|online|shop|store|club|vip|win|bet|casino|"
    "poker|icu|pro|live|link|click|work|loan|men|date|space|website|tech|app|dev|ly|gl|gg|ws|cc|tk|ml|ga|cf|gq|to|fm|am|"
    "ai|sh|la|so|mobi|name|today|life|world|news|blog|fun|buzz|rest|ink|one|best|cam|lol|bid|trade|stream|download|review"
)
_LINK: Final = re.compile(
    r"(?:h[tx]{2}ps?://|www\.)[^\s<>\"'|]+"
    r"|(?<![\w@.-])[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,4}\.(?:" + _TLDS + r")(?![\w-])(?:/[^\s<>\"'|]*)?",
    re.IGNORECASE,
)
_MAIL: Final = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}|<email>", re.IGNORECASE)
_HANDLE: Final = re.compile(r"(?<!\w)@\w{2,30}")
_SPACES: Final = re.compile(r"[\s\x00-\x1f\x7f]{2,}|[^\S ]|[\x00-\x1f\x7f]")
_TOKEN: Final = re.compile(r"\S+")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_WORD: Final = re.compile(r"\w+")
_NOT_WORD: Final = re.compile(r"[^a-z0-9]+")
_RUN: Final = re.compile(r"([^0-9\s])\1+")
_SPACED: Final = re.compile(r"(?<![\w'])[^\W\d_](?:([ .\-_*~|]{1,3})[^\W\d_](?!\w)){2,}")


@dataclass(frozen=True, slots=True)
class Link:
    """One link: where it leads, and where it stands in the raw text. ``hidden``: the reader sees other words."""

    target: str
    span: Span
    hidden: bool = False


@dataclass(slots=True)
class Disguises:
    """How many words hid behind each trick."""

    invisible: int = 0
    styled: int = 0
    look_alike: int = 0
    marks: int = 0
    entities: int = 0
    leet: int = 0
    spaced: int = 0
    split: int = 0
    stretched: int = 0
    swapped: int = 0

    @property
    def total(self) -> int:
        """Disguised words of any kind, stretching apart: people stretch words for fun."""
        return (
            self.invisible + self.styled + self.look_alike + self.marks + self.entities + self.leet + self.spaced
            + self.split + self.swapped
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Document:
    """A comment as the brain reads it.

    ``visible`` is what a reader sees; ``text`` is normalised: lower case, single spaces, disguises undone.
    """

    raw: str
    visible: str
    text: str
    links: tuple[Link, ...] = ()
    disguises: Disguises = field(default_factory=Disguises)
    offsets: OffsetMap = field(default_factory=OffsetMap)

    def raw_span(self, start: int, end: int) -> Span:
        """The raw text behind ``text[start:end]``."""
        return Span(*self.offsets.source_span(start, end))


def read(raw: str) -> Document:
    """Read one comment; text beyond ``MAX_TEXT_CHARS`` is not looked at."""
    raw = raw[:MAX_TEXT_CHARS]
    if not raw.isascii():
        raw = _SURROGATE.sub("\ufffd", raw)
    disguises = Disguises()
    steps: list[tuple[Edit, ...]] = []
    links: list[Link] = []

    visible, edits = _render(raw, links, disguises) if "<" in raw or "&" in raw or "[" in raw else (raw, ())
    steps.append(edits)
    text, edits = _set_links_aside(visible, links, OffsetMap(tuple(steps)))
    steps.append(edits)
    if text.isascii():
        text = text.lower()
    else:
        text, edits = _fold(text, disguises)
        steps.append(edits)
    text, edits = _single_spaces(text)
    steps.append(edits)
    text, edits = _join_spaced(text, disguises)
    steps.append(edits)
    return Document(raw, visible, text, tuple(links), disguises, OffsetMap(tuple(step for step in steps if step)))


def words_of(text: str) -> list[str]:
    """The words of a normalised text."""
    return _WORD.findall(text)


def skeleton_of(text: str) -> str:
    """A normalised text with every run of one character cut to one, digits apart."""
    return _RUN.sub(r"\1", text)


def _render(raw: str, links: list[Link], disguises: Disguises) -> tuple[str, tuple[Edit, ...]]:
    rewriter = Rewriter(raw)
    for match in _MARKUP.finditer(raw):
        start, end = match.span()
        tag, bbtag = match["tag"], match["bbtag"]
        if tag:
            target = _TARGET.search(match["attributes"] or "")
            if target:
                links.append(Link(html.unescape(target[1] or target[2] or target[3]), Span(start, end), hidden=True))
            rewriter.replace(start, end, "\n" if _BLOCK_TAGS.fullmatch(tag) else "")
        elif bbtag:
            if match["bbtarget"]:
                links.append(Link(match["bbtarget"], Span(start, end), hidden=True))
            rewriter.replace(start, end, " " if bbtag.lower() in ("url", "link", "img", "quote") else "")
        elif match[0].startswith("<!--"):
            rewriter.replace(start, end, "")
        else:
            character = html.unescape(match[0])
            if character != match[0]:
                disguises.entities += character.isalnum() and character.isascii()
                rewriter.replace(start, end, character)
    return rewriter.finish()


def _set_links_aside(visible: str, links: list[Link], offsets: OffsetMap) -> tuple[str, tuple[Edit, ...]]:
    """Put a mark and the words of the address in the place of each link; mail addresses and handles get marks."""
    if "." not in visible and "@" not in visible and "://" not in visible and "<email>" not in visible:
        return visible, ()
    rewriter = Rewriter(visible)
    for token in _TOKEN.finditer(visible):
        word = token[0]
        if "." not in word and "@" not in word and ":" not in word and word != "<email>":
            continue
        base = token.start()
        mail = _MAIL.search(word)
        if mail:
            rewriter.replace(base + mail.start(), base + mail.end(), f" {MAIL_MARK} ")
            continue
        handle = _HANDLE.match(word)
        if handle:
            rewriter.replace(base + handle.start(), base + handle.end(), HANDLE_MARK)
            continue
        link = _LINK.search(word)
        if link:
            target = link[0].rstrip(".,;:!?)]}")
            start, end = base + link.start(), base + link.start() + len(target)
            links.append(Link(target, Span(*offsets.source_span(start, end))))
            rewriter.replace(start, end, f" {LINK_MARK} {link_words(target)} ")
    return rewriter.finish()


def link_words(target: str) -> str:
    """The words of an address: host labels and the first words of its path."""
    address = target.lower().removeprefix("http").removeprefix("s").removeprefix("://").removeprefix("www.")
    return " ".join(_NOT_WORD.split(address[:120])[:12]).strip()


def _fold(text: str, disguises: Disguises) -> tuple[str, tuple[Edit, ...]]:
    """Fold every character; look-alikes of other scripts are decided word by word."""
    rewriter = Rewriter(text)
    latin_text = _mostly_latin(text)
    for token in _TOKEN.finditer(text):
        word = token[0]
        if not word.isascii():
            _fold_word(rewriter, token.start(), word, latin_text, disguises)
        elif not word.islower():
            rewriter.replace(token.start(), token.end(), word.lower())
    return rewriter.finish()


def _fold_word(rewriter: Rewriter, base: int, word: str, latin_text: bool, disguises: Disguises) -> None:
    pieces = [FOLDED[char] for char in word]
    if not "".join(pieces).isascii():
        _compose(pieces, word, disguises)
        _unmask(pieces, latin_text, disguises)
    letters = any("a" <= piece[:1] <= "z" for piece in pieces)
    for index, (char, piece) in enumerate(zip(word, pieces, strict=True)):
        if char != piece:
            rewriter.replace(base + index, base + index + 1, piece)
    if letters:
        disguises.invisible += any(not piece and is_invisible(char) for char, piece in zip(word, pieces, strict=True))
        disguises.styled += sum(map(_is_styled, word)) > 1


def _is_styled(char: str) -> bool:
    code = ord(char)
    return 0x1D400 <= code < 0x1D800 or 0xFF01 <= code < 0xFF5F or 0x2460 <= code < 0x2500 or 0x1F100 <= code < 0x1F1A0


def _compose(pieces: list[str], word: str, disguises: Disguises) -> None:
    """Join combining marks to the letter before them; drop those that ride on Latin letters or on other marks."""
    last = -1
    dropped = 0
    for index, char in enumerate(word):
        if not pieces[index]:
            continue
        if unicodedata.combining(char) or "\u1160" <= char <= "\u11ff":
            joined = unicodedata.normalize("NFC", pieces[last] + char) if last >= 0 else ""
            if len(joined) == 1:
                pieces[last], pieces[index] = joined, ""
                continue
            if last >= 0 and (pieces[last].isascii() or unicodedata.combining(pieces[last][-1])):
                pieces[index] = ""
                dropped += 1
                continue
        last = index
    disguises.marks += dropped > 2


def _unmask(pieces: list[str], latin_text: bool, disguises: Disguises) -> None:
    """Turn look-alikes into Latin letters where the word, or else the text around it, is Latin."""
    foreign = [index for index, piece in enumerate(pieces) if piece and not piece.isascii() and piece.isalpha()]
    if not foreign or not all(pieces[index] in LOOK_ALIKES for index in foreign):
        return
    if latin_text or any("a" <= piece[:1] <= "z" for piece in pieces):
        for index in foreign:
            pieces[index] = LOOK_ALIKES[pieces[index]]
        disguises.look_alike += 1


def _mostly_latin(text: str) -> bool:
    sample = text[:4096]
    foreign = sum(char in _FOREIGN for char in sample)
    return foreign * 2 < sum("a" <= char <= "z" or "A" <= char <= "Z" for char in sample)


_FOREIGN: Final = frozenset(chr(code) for code in (*range(0x370, 0x590),))


def _single_spaces(text: str) -> tuple[str, tuple[Edit, ...]]:
    rewriter = Rewriter(text)
    if text.startswith(" ") and not _SPACES.match(text):
        rewriter.replace(0, 1, "")
    last = len(text)
    for match in _SPACES.finditer(text):
        start, end = match.span()
        rewriter.replace(start, end, "" if start == 0 or end == last else " ")
    if text.endswith(" ") and last > 1 and not _SPACES.match(text, last - 2):
        rewriter.replace(last - 1, last, "")
    return rewriter.finish()


def _join_spaced(text: str, disguises: Disguises) -> tuple[str, tuple[Edit, ...]]:
    rewriter = Rewriter(text)
    for match in _SPACED.finditer(text):
        joined = "".join(char for char in match[0] if char.isalpha())
        disguises.spaced += 1
        rewriter.replace(match.start(), match.end(), joined)
    return rewriter.finish()
