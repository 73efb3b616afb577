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
from itertools import islice
from typing import Final

from classifier.disguise import joins, undisguised
from classifier.domain import MAX_TEXT_CHARS, Span
from classifier.folding import CODES, FOLDED, LOOK_ALIKES, is_invisible, is_styled
from classifier.offsets import Edit, OffsetMap, Rewriter
from classifier.vocabulary import is_common, is_known, severity_of

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
_ADDRESS_HINT: Final = re.compile(r"[.@:](?=[\w/])|<email>")
_MAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}|<email>")
_HANDLE: Final = re.compile(r"@\w{2,30}")
_NOT_SPACE: Final = re.compile(r"\S{0,2400}")
_LAST_SPACE: Final = re.compile(r".*\s", re.DOTALL)
_LONGEST_LABEL: Final = 64
_SPACES: Final = re.compile(" {2,}")
#: White space and control characters of every sort become plain spaces.
_BLANKS: Final = dict.fromkeys(
    (*range(0x20), 0x7F, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000), " "
)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_WORD: Final = re.compile(r"\w+")
_NOT_WORD: Final = re.compile(r"[^a-z0-9]+")
_RUN: Final = re.compile(r"([^0-9\s])\1+")
_SPACED: Final = re.compile(r"(?<!\S)[^\W\d_](?: [^\W\d_]){2,}(?!\S)")
#: How many different tokens of a text are looked into for disguises, and up to which length cut words are joined.
_MOST_TOKENS: Final = 400
_LONGEST_CUT: Final = 8192


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
        text, folds = _fold(text, disguises)
        steps += folds
    text, edits = _single_spaces(text)
    steps.append(edits)
    text, edits = _join_spaced(text, disguises)
    steps.append(edits)
    text, edits = _undisguise(text, disguises)
    steps.append(edits)
    return Document(raw, visible, text, tuple(links), disguises, OffsetMap(tuple(step for step in steps if step)))


def words_of(text: str) -> list[str]:
    """The words of a normalised text."""
    return _WORD.findall(text)


def word_places(text: str) -> list[tuple[int, int]]:
    """Where the words of a normalised text stand: those of ``words_of``, in order."""
    return [match.span() for match in _WORD.finditer(text)]


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
    rewriter = Rewriter(visible)
    done = 0
    for hint in _ADDRESS_HINT.finditer(visible):
        if hint.start() < done:
            continue
        before = _LAST_SPACE.match(visible, max(done, hint.start() - _LONGEST_LABEL), hint.start())
        start = before.end() if before else max(done, hint.start() - _LONGEST_LABEL)
        token = _NOT_SPACE.match(visible, start)
        word = token[0] if token else ""
        done = start + max(len(word), 1)
        link = _LINK.search(word)
        target = link[0].rstrip(".,;:!?)]}") if link else ""
        if link and not is_common(target.lower().replace(".", "")):
            first, last = start + link.start(), start + link.start() + len(target)
            links.append(Link(target, Span(*offsets.source_span(first, last))))
            rewriter.replace(first, last, f" {LINK_MARK} {link_words(target)} ")
        elif "@" in word or "<" in word:
            _set_address_aside(rewriter, word, start)
    return rewriter.finish()


def _set_address_aside(rewriter: Rewriter, word: str, start: int) -> None:
    mail = _MAIL.search(word, max(0, word.find("@") - _LONGEST_LABEL))
    handle = _HANDLE.match(word)
    if mail:
        rewriter.replace(start + mail.start(), start + mail.end(), f" {MAIL_MARK} ")
    elif handle and not severity_of(f"a{handle[0][1:].lower()}"):
        rewriter.replace(start, start + handle.end(), HANDLE_MARK)


def link_words(target: str) -> str:
    """The words of an address: host labels and the first words of its path."""
    address = target.lower().removeprefix("http").removeprefix("s").removeprefix("://").removeprefix("www.")
    return " ".join(_NOT_WORD.split(address[:120])[:12]).strip()


def _fold(text: str, disguises: Disguises) -> tuple[str, list[tuple[Edit, ...]]]:
    """Fold every character to a plain one, then decide look-alikes of other scripts word by word."""
    steps = []
    present = {char for char in set(text) if char > "\x7f"}
    marks = "".join(sorted(char for char in present if unicodedata.combining(char) or "\u1160" <= char <= "\u11ff"))
    if marks:
        text, edits = _compose(text, marks, disguises)
        steps.append(edits)
        present = {char for char in set(text) if char > "\x7f"}
    _count_costumes(text, present, disguises)
    folded = text.translate(CODES)
    odd = "".join(sorted(char for char in present if len(FOLDED[char]) != 1))
    if odd:
        rewriter = Rewriter(text)
        for match in re.finditer(f"[{re.escape(odd)}]", text):
            rewriter.replace(match.start(), match.end(), FOLDED[match[0]])
        steps.append(rewriter.finish()[1])
    if not LOOK_ALIKES.keys().isdisjoint(folded):
        folded = _unmask(folded, disguises)
    return folded, steps


def _compose(text: str, marks: str, disguises: Disguises) -> tuple[str, tuple[Edit, ...]]:
    """Join combining marks to the letter before them; on Latin letters, and beyond two in a row, they go."""
    rewriter = Rewriter(text)
    for match in re.finditer(f"(.?)([{re.escape(marks)}]+)", text):
        base = match[1]
        latin = FOLDED[base].isascii() if base else True
        disguises.marks += latin and bool(base) and len(match[2]) > 1
        piece = base if latin else unicodedata.normalize("NFC", base + match[2][:2])
        if piece != match[0]:
            rewriter.replace(match.start(), match.end(), piece)
    return rewriter.finish()


def _count_costumes(text: str, present: set[str], disguises: Disguises) -> None:
    invisible = "".join(sorted(char for char in present if is_invisible(char)))
    if invisible:
        disguises.invisible += len(re.findall(f"[A-Za-z][{re.escape(invisible)}]+[A-Za-z]", text))
    styled = "".join(sorted(char for char in present if is_styled(char)))
    if styled:
        disguises.styled += len(re.findall(f"[{re.escape(styled)}]{{2,}}", text))


def _unmask(text: str, disguises: Disguises) -> str:
    """Turn look-alikes into Latin letters where the word, or else the text around it, is Latin.

    A word with any letter that has no Latin look-alike is left alone: it is a real word of its script.
    """
    latin_letters = sum("a" <= char <= "z" for char in text)
    real_foreign = sum(char not in LOOK_ALIKES for char in _FOREIGN_LETTER.findall(text))
    latin_text = 4 * real_foreign < latin_letters
    if not latin_letters:
        return text

    def unmasked(match: re.Match[str]) -> str:
        word = match[0]
        if word.isascii() or not (latin_text or _LATIN_LETTER.search(word)):
            return word
        if not all(char in LOOK_ALIKES for char in _FOREIGN_LETTER.findall(word)):
            return word
        plain = word.translate(_UNMASK)
        disguises.look_alike += plain != word
        return plain

    return _LETTER_RUN.sub(unmasked, text)


_LETTER_RUN: Final = re.compile(r"[^\W\d_]+")
_LATIN_LETTER: Final = re.compile(r"[a-z]")
_FOREIGN_LETTER: Final = re.compile(r"[^\W\d_a-z]")
_UNMASK: Final = str.maketrans(LOOK_ALIKES)


def _single_spaces(text: str) -> tuple[str, tuple[Edit, ...]]:
    text = text.translate(_BLANKS)
    first, last = len(text) - len(text.lstrip(" ")), len(text.rstrip(" "))
    rewriter = Rewriter(text)
    if first:
        rewriter.replace(0, first, "")
    for match in _SPACES.finditer(text, first, last):
        rewriter.replace(match.start(), match.end(), " ")
    if first < len(text) > last:
        rewriter.replace(last, len(text), "")
    return rewriter.finish()


#: Common words met before; only a shortcut, whatever it holds.
_HONEST: Final[set[str]] = set()
_REMEMBERED: Final = 32_768


def _undisguise(text: str, disguises: Disguises) -> tuple[str, tuple[Edit, ...]]:
    """Put disguised words back together; only the first ``_MOST_TOKENS`` different tokens are looked into."""
    tokens = text.split(" ")
    suspects = set(tokens) - _HONEST
    if not suspects:
        return text, ()
    odd = {}
    for token in suspects if len(suspects) <= _MOST_TOKENS else islice(dict.fromkeys(tokens), _MOST_TOKENS):
        found = undisguised(token)
        if found is not None:
            odd[token] = found
        elif len(_HONEST) < _REMEMBERED:
            _HONEST.add(token)
    places = [at for at, token in enumerate(tokens) if token in odd] if odd else []
    changes = {at: odd[tokens[at]] for at in places if odd[tokens[at]][1]}
    cuts = {
        at + after
        for at in places
        if at not in changes
        for after in (0, 1)
        if 0 < at + after < len(tokens) and joins(tokens[at + after - 1], tokens[at + after])
    }
    if not changes and not cuts:
        return text, ()
    rewriter = Rewriter(text)
    start = 0
    for at, token in enumerate(tokens):
        if at in cuts and at - 1 not in changes and at not in changes:
            rewriter.replace(start - 1, start, "")
            disguises.split += 1
        elif at in changes:
            word, trick = changes[at]
            rewriter.replace(start, start + len(token), word)
            setattr(disguises, trick, getattr(disguises, trick) + 1)
        start += len(token) + 1
    return rewriter.finish()


def _join_spaced(text: str, disguises: Disguises) -> tuple[str, tuple[Edit, ...]]:
    """Join letters that stand alone in a row (``v i a g r a``); where that makes two known words, keep them apart."""
    if sum(len(token) == 1 for token in text.split(" ")) < 3:
        return text, ()
    rewriter = Rewriter(text)
    for match in _SPACED.finditer(text):
        disguises.spaced += 1
        rewriter.replace(match.start(), match.end(), _divided(match[0].replace(" ", "")))
    return rewriter.finish()


def _divided(letters: str) -> str:
    if is_known(letters) or len(letters) > _LONGEST_LABEL:
        return letters
    cuts = [1] if letters[0] in "aiu" else []
    cuts += range(3, len(letters) - 2)
    at = next((at for at in cuts if is_common(letters[at:]) and is_common(letters[:at])), None)
    return letters if at is None else f"{letters[:at]} {letters[at:]}"
