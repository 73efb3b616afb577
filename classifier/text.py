"""The one text path: training, serving, rules and highlighting all read a comment through ``read``.

A comment is rendered (HTML to text, entities decoded), links are set aside, letters are folded to what a reader sees,
and words in disguise (l33t, s p a c e d, d.o.t.t.e.d, streeetched) are put back together. Each step is a rewrite with
edits, so any stretch of the result leads back to the raw text. Time is linear in the length of the text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain, compress, count, islice, pairwise
from typing import Any, Final

from classifier.costumes import Disguises, undress, visible_letters
from classifier.disguise import Reading, accepted, joins, undisguised
from classifier.domain import MAX_TEXT_CHARS, Span
from classifier.folding import MARKLESS, lowered
from classifier.offsets import Edit, OffsetMap, Rewriter
from classifier.phrases import KINDS, KINDS_OF
from classifier.spaced import join_spaced
from classifier.vocabulary import is_common, severity_of

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
    r"|(?<![\w@.-])[^\W_][\w-]{0,62}(?:\.[\w-]{1,63}){0,4}\.(?:" + _TLDS + r")(?![\w-])(?:/[^\s<>\"'|]*)?",
    re.IGNORECASE,
)
_DOT: Final = re.compile(r"dot|[(\[{] ?\. ?[)\]}]", re.IGNORECASE)
#: A space and a bracket with one may stand before it.
_BEFORE_DOT: Final = 3
#: Not ``the dot com bubble``.
_SPELT_DOT: Final = re.compile(
    r"(?<=[a-z0-9]) ?(?:[(\[{] ?(?:dot|\.) ?[)\]}]) ?(?=[a-z0-9])"
    r"|(?<=[a-z0-9]{4}) dot (?=(?:com|net|org|info|biz|xyz|top|site|online|shop|store|club|win|bet|casino|ru|io|co|me)"
    r"(?![\w-])(?! (?:bubble|boom|bust|crash|era|compan|stock|domain|burst|mania|day)))",
    re.IGNORECASE,
)
_SCHEME: Final = re.compile(r"^(?:h[tx]{2}ps?://)?(?:www\.)?")
#: One set of first characters, so that the engine runs through the rest at full speed.
_ADDRESS_HINT: Final = re.compile(r"[.@:<](?:(?<=<)email>|(?<!<)(?=[\w/]))")
_MAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}|<email>")
_HANDLE: Final = re.compile(r"@\w{2,30}")
_NOT_SPACE: Final = re.compile(r"\S{0,2400}")
_LAST_SPACE: Final = re.compile(r".*\s", re.DOTALL)
_LONGEST_LABEL: Final = 64
_SPACES: Final = re.compile(" {2,}")
#: ASCII in lower case, white space and control characters as spaces; those beyond are folded with the letters.
_LOWERED: Final = bytes(0x20 if code < 0x20 or code == 0x7F else ord(chr(code).lower()) for code in range(0x80)).ljust(
    0x100
)
#: ASCII with a space for whatever is no part of a word.
_IN_WORDS: Final = bytes(code if re.match(r"\w", chr(code)) else 0x20 for code in range(0x80)).ljust(0x100)
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_WORD: Final = re.compile(r"\w+")
_NOT_WORD: Final = re.compile(r"[\W_]+")
_RUN: Final = re.compile(r"([^0-9\s])\1+")
#: How many different tokens of a text are looked into for disguises, and up to which length cut words are joined.
_MOST_TOKENS: Final = 400
#: Among so many tokens there are that many different ones in most texts.
_BEGINNING: Final = 2048
_LONGEST_CUT: Final = 8192


@dataclass(frozen=True, slots=True)
class Link:
    """One link: where it leads, and where it stands in the raw text. ``hidden``: the reader sees other words."""

    target: str
    span: Span
    hidden: bool = False


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
    #: What was worked out from the text before; every part of the brain asks for its words.
    memo: dict[object, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def words(self) -> list[str]:
        """The words of the normalised text."""
        found: list[str] | None = self.memo.get("words")
        if found is None:
            found = self.memo["words"] = words_of(self.text)
        return found

    @property
    def pairs(self) -> list[str]:
        """Neighbouring words joined by one space."""
        found: list[str] | None = self.memo.get("pairs")
        if found is None:
            found = self.memo["pairs"] = [f"{first} {second}" for first, second in pairwise(self.words)]
        return found

    @property
    def kinds(self) -> list[int]:
        """How many of its words and pairs are of each kind of ``phrases``."""
        found: list[int] | None = self.memo.get("kinds")
        if found is None:
            found = self.memo["kinds"] = [0] * len(KINDS)
            for term in filter(KINDS_OF.__contains__, chain(self.words, self.pairs)):
                for kind in KINDS_OF[term]:
                    found[kind] += 1
        return found

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
    rendered, edits = _spelt_dots(visible, disguises)
    steps.append(edits)
    visible = rendered
    if not visible.isascii():
        visible, folds = undress(visible, disguises)
        steps += folds
    text, edits = _set_links_aside(visible, links, rendered, steps)
    steps.append(edits)
    if text.isascii():
        text = text.encode("ascii").translate(_LOWERED).decode("ascii")
    else:
        text = _CONTROLS.sub(" ", lowered(text))
    text, edits = join_spaced(text, disguises)
    steps.append(edits)
    tokens = text.split(" ")
    if "" in tokens:
        text, edits = _single_spaces(text)
        steps.append(edits)
        tokens = list(filter(None, tokens))
    text, edits = _undisguise(text, tokens, disguises)
    steps.append(edits)
    return Document(raw, visible, text, tuple(links), disguises, OffsetMap(tuple(filter(None, steps))))


def rendered(raw: str) -> tuple[str, tuple[Edit, ...]]:
    """What a browser shows of a text with markup, and the edits that made it so."""
    return _render(raw[:MAX_TEXT_CHARS], [], Disguises())


def words_of(text: str) -> list[str]:
    """The words of a normalised text."""
    if text.isascii():
        return text.encode("ascii").translate(_IN_WORDS).decode("ascii").split()
    return _WORD.findall(text)


def word_places(text: str) -> list[tuple[int, int]]:
    """Where the words of a normalised text stand: those of ``words_of``, in order."""
    return [match.span() for match in _WORD.finditer(text)]


def skeleton_of(text: str) -> str:
    """A normalised text without marks on Latin letters, every run of one character cut to one, digits apart."""
    return _RUN.sub(r"\1", text if text.isascii() else text.translate(MARKLESS))


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


def _spelt_dots(visible: str, disguises: Disguises) -> tuple[str, tuple[Edit, ...]]:
    """``example (dot) com`` as the address that it is."""
    if not (
        "dot" in visible.lower()
        or ("(" in visible and "(.)" in visible)
        or ("[" in visible and "[.]" in visible)
        or ("{" in visible and "{.}" in visible)
    ):
        return visible, ()
    rewriter = Rewriter(visible)
    done = 0
    for hint in _DOT.finditer(visible):
        starts = range(max(done, hint.start() - _BEFORE_DOT), hint.start() + 1)
        match = next(filter(None, (_SPELT_DOT.match(visible, start) for start in starts)), None)
        if match:
            disguises.split += 1
            rewriter.replace(match.start(), match.end(), ".")
            done = match.end()
    return rewriter.finish()


def _set_links_aside(
    visible: str, links: list[Link], rendered: str, steps: list[tuple[Edit, ...]]
) -> tuple[str, tuple[Edit, ...]]:
    """Put a mark and the words of the address in the place of each link; mail addresses and handles get marks."""
    hints = _ADDRESS_HINT.finditer(visible)
    first_hint = next(hints, None)
    if first_hint is None:
        return visible, ()
    rewriter = Rewriter(visible)
    offsets, costumes = OffsetMap(tuple(steps)), OffsetMap(tuple(steps[2:]))
    done = 0
    for hint in chain((first_hint,), hints):
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
            begin, end = costumes.source_span(first, last)
            true = target if rendered is visible else visible_letters(rendered[begin:end])
            links.append(Link(true, Span(*offsets.source_span(first, last))))
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
    return " ".join(_NOT_WORD.split(_SCHEME.sub("", target[:120].lower()))[:12]).strip()


def _single_spaces(text: str) -> tuple[str, tuple[Edit, ...]]:
    first, last = len(text) - len(text.lstrip(" ")), len(text.rstrip(" "))
    rewriter = Rewriter(text)
    if first:
        rewriter.replace(0, first, "")
    at = text.find("  ", first, last)
    while at >= 0:
        spaces = _SPACES.match(text, at, last)
        end = spaces.end() if spaces else last
        rewriter.replace(at, end, " ")
        at = text.find("  ", end, last)
    if first < len(text) > last:
        rewriter.replace(last, len(text), "")
    return rewriter.finish()


#: Common words met before; only a shortcut, whatever it holds.
_HONEST: Final[set[str]] = set()
_REMEMBERED: Final = 32_768


def _odd_ones(tokens: Iterable[str]) -> dict[str, Reading]:
    """Those of some different tokens that are no common words, and how they read."""
    odd: dict[str, Reading] = {}
    for token in tokens:
        if token not in _HONEST:
            found = undisguised(token)
            if found is not None:
                odd[token] = found
            elif len(_HONEST) < _REMEMBERED:
                _HONEST.add(token)
    return odd


def _undisguise(text: str, tokens: Sequence[str], disguises: Disguises) -> tuple[str, tuple[Edit, ...]]:
    """Put disguised words back together; only the first ``_MOST_TOKENS`` different tokens are looked into."""
    different = dict.fromkeys(tokens[:_BEGINNING])
    if len(different) < _MOST_TOKENS and len(tokens) > _BEGINNING:
        different = dict.fromkeys(tokens)
    odd = _odd_ones(islice(different, _MOST_TOKENS))
    if not odd:
        return text, ()
    tricks = accepted(odd) if any(reading.trick for reading in odd.values()) else {}
    places = list(compress(count(), map(odd.__contains__, tokens)))
    changes = {at for at in places if tokens[at] in tricks} if tricks else set()
    cuts = set()
    for at in places:
        token = tokens[at]
        if at not in changes and token.isalpha():
            if at and at - 1 not in changes and joins(tokens[at - 1], token):
                cuts.add(at)
            if at + 1 < len(tokens) and at + 1 not in changes and joins(token, tokens[at + 1]):
                cuts.add(at + 1)
    if not changes and not cuts:
        return text, ()
    rewriter = Rewriter(text)
    lengths = list(accumulate(map(len, tokens), initial=0))
    for at in sorted(changes | cuts):
        start, token = lengths[at] + at, tokens[at]
        if at in changes:
            trick = tricks[token]
            rewriter.replace(start, start + len(token), odd[token].word)
            setattr(disguises, trick, getattr(disguises, trick) + 1)
        else:
            rewriter.replace(start - 1, start, "")
            disguises.split += 1
    return rewriter.finish()
