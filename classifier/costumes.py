"""Letters in disguise, put back to what a reader sees: costumes, stacked marks, look-alikes, accents nobody writes.

Honest text stays what it is: letters of other scripts, and marks where an alphabet has them. Look-alikes and marks are
judged by whole words and by the text around them.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import islice
from typing import Final

from classifier.folding import LOOK_ALIKES, MARKED, SHOWN, is_invisible, is_styled, is_wide, lowered
from classifier.offsets import Edit, Rewriter
from classifier.phrases import terms
from classifier.vocabulary import is_common, is_known, is_sensitive

_ASCII: Final = frozenset(map(chr, range(0x80)))
#: Vowels and finals of Hangul syllables in pieces.
_JAMO: Final = frozenset(map(chr, range(0x1160, 0x1200)))
#: Letters of living alphabets that wear nothing, so that usual texts are quick.
_ORDINARY: Final = frozenset(
    char
    for char in map(chr, (*range(0xA0, 0x600), *range(0x900, 0x1000), *range(0x1E00, 0x2000), *range(0x3040, 0x3100)))
    if not (unicodedata.combining(char) or is_styled(char) or is_invisible(char)) and len(SHOWN[char]) == 1
)
_MASKS: Final = LOOK_ALIKES.keys() | MARKED.keys()
_LETTER_RUN: Final = re.compile(r"[^\W\d_]+")
_FOREIGN_LETTER: Final = re.compile(r"[^\W\d_A-Za-z]")
_LATIN_LETTER: Final = re.compile(r"[A-Za-z]")
_EAST_ASIAN: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_FLAGS: Final = re.compile("[\U0001f1e6-\U0001f1ff]+")
_REGIONAL: Final = {0x1F1E6 + place: chr(ord("a") + place) for place in range(26)}
#: Shown from right to left up to the end of the line, unless it is closed before.
_OVERRIDDEN: Final = re.compile("\u202e([^\u202c\u202e\n]{2,2000})\u202c?")
_UNMASK: Final = str.maketrans(LOOK_ALIKES | MARKED)
_MARKS_OFF: Final = str.maketrans(MARKED)
#: Small words that make a text English, whatever marks stand on them.
_ENGLISH: Final = terms(
    "the and you your are is of to that this with have not they what it just like can who from should would could "
    "because about there their which when where been being people think never only some other another into more than "
    "then them these those here why how does doing don't i'm my his her she we our know want get make good free now"
)
#: Grave, acute and macron stand on letters that have a dot below already.
_TONES: Final = ("\u0300", "\u0301", "\u0304")
_ENGLISH_SHARE: Final = 0.1
_LONGEST_WORD: Final = 40
#: So many different letters are quicker to replace one after the other.
_FEW_LETTERS: Final = 12
#: More different letters than any language has; of a flood of rare ones the rest stay as they are.
_MOST_LETTERS: Final = 8192


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


def undress(text: str, disguises: Disguises) -> tuple[str, list[tuple[Edit, ...]]]:
    """A text that is not ASCII as a reader sees it, case kept, and the edits that made it so."""
    steps = []
    if "\u202e" in text:
        text, edits = _read_backwards(text, disguises)
        steps.append(edits)
    present = set(text) - _ASCII
    strange = present - _ORDINARY
    marks = "".join(sorted({*filter(unicodedata.combining, strange), *(strange & _JAMO)}))
    if marks:
        text, edits = _compose(text, marks, disguises)
        steps.append(edits)
        present = set(text) - _ASCII
        strange = present - _ORDINARY
    if len(present) > _MOST_LETTERS:
        present = {*islice(dict.fromkeys(text), _MOST_LETTERS), *filter(str.isspace, present)} - _ASCII
    # Asked once for each: a flood of rare letters is not remembered.
    changes = {char: plain for char in present if (plain := SHOWN[char]) != char}
    if len(changes) > _FEW_LETTERS:
        shown = "".join(map(changes.get, text, text))
    else:
        shown = text
        for char, plain in changes.items():
            shown = shown.replace(char, plain)
    strange &= present
    styled = {char for char in strange if is_styled(char)}
    if strange:
        _count_costumes(text, strange, styled, disguises)
    if any(len(changes.get(char, char)) != 1 for char in strange):
        steps.append(_lengths(text, changes))
    if any("\U0001f1e6" <= char <= "\U0001f1ff" for char in styled):
        shown = _FLAGS.sub(_flags_or_letters, shown)
    if not _MASKS.isdisjoint(present):
        shown, edits = _unmask(shown, disguises)
        steps.append(edits)
    return shown, steps


def _lengths(text: str, changes: dict[str, str]) -> tuple[Edit, ...]:
    """The edits of what is shown as more or fewer characters than were written; what vanishes goes by the run."""
    gone = "".join(sorted(char for char, shown in changes.items() if not shown))
    longer = "".join(sorted(char for char, shown in changes.items() if len(shown) > 1))
    either = [f"[{re.escape(gone)}]+"] * bool(gone) + [f"[{re.escape(longer)}]"] * bool(longer)
    rewriter = Rewriter(text)
    for match in re.finditer("|".join(either), text):
        rewriter.replace(match.start(), match.end(), changes[match[0][0]])
    return rewriter.finish()[1]


def _read_backwards(text: str, disguises: Disguises) -> tuple[str, tuple[Edit, ...]]:
    """Turn round what an override shows from right to left, where that makes more words."""
    rewriter = Rewriter(text)
    for match in _OVERRIDDEN.finditer(text):
        written, shown = match[1], match[1][::-1]
        before, after = (sum(map(is_common, _LETTER_RUN.findall(side.lower()))) for side in (written, shown))
        if after > before:
            disguises.invisible += after
            rewriter.replace(match.start(), match.end(), shown)
    return rewriter.finish()


def visible_letters(text: str) -> str:
    """A text in the code points that a browser would look up: compatible forms, nothing invisible."""
    return "".join([char for char in unicodedata.normalize("NFKC", text) if not is_invisible(char)])


def _compose(text: str, marks: str, disguises: Disguises) -> tuple[str, tuple[Edit, ...]]:
    """Join combining marks to the letter before them; where that makes no Latin letter they go."""
    rewriter = Rewriter(text)
    for match in re.finditer(f"(.?)([{re.escape(marks)}]+)", text):
        base, piled = match[1], match[2]
        letter = unicodedata.normalize("NFC", base + piled[:2])
        if not base or SHOWN[base].isascii() or base in MARKED:
            whole = len(piled) < 3 and (len(letter) == 1 or (letter[0] in MARKED and letter[1:] in _TONES))
            disguises.marks += bool(base) and len(piled) > 1 and not whole
            letter = letter[0] if whole and base else base
        if letter != match[0]:
            rewriter.replace(match.start(), match.end(), letter)
    return rewriter.finish()


def _count_costumes(text: str, present: set[str], styled: set[str], disguises: Disguises) -> None:
    invisible = "".join(sorted(char for char in present if is_invisible(char)))
    if invisible:
        disguises.invisible += len(re.findall(f"[A-Za-z][{re.escape(invisible)}]+[A-Za-z]", text))
    if styled and any(is_wide(char) for char in styled) and _EAST_ASIAN.search(text):
        styled = {char for char in styled if not is_wide(char)}
    letters = "".join(sorted(char for char in styled if SHOWN[char].isalpha()))
    if letters:
        disguises.styled += len(re.findall(f"[{re.escape(letters)}]{{2,}}", text))


def _flags_or_letters(match: re.Match[str]) -> str:
    """Regional letters in pairs are flags; alone, or where they spell a word, they are letters."""
    if len(match[0]) > _LONGEST_WORD:
        return match[0]
    word = match[0].translate(_REGIONAL)
    return word if len(word) == 1 or (len(word) > 2 and is_known(word)) else match[0]


def _unmask(text: str, disguises: Disguises) -> tuple[str, tuple[Edit, ...]]:
    """Take look-alikes and false marks off the words that wear them as a disguise."""
    odd = {word for word in _LETTER_RUN.findall(text) if not word.isascii()}
    worn = not LOOK_ALIKES.keys().isdisjoint(set().union(*odd))
    looks = {word: plain for word in odd if (plain := _latin_reading(word)) is not None} if worn else {}
    if looks and not _is_latin(text, odd):
        looks = {
            word: plain for word, plain in looks.items() if _LATIN_LETTER.search(word) or is_sensitive(plain.lower())
        }
    accents = {word for word in odd if word not in looks and not MARKED.keys().isdisjoint(word)}
    masks = _false_marks(text, accents) if accents else {}
    if not looks and not masks:
        return text, ()
    rewriter = Rewriter(text)
    for match in _LETTER_RUN.finditer(text):
        word = match[0]
        if word in looks:
            disguises.look_alike += 1
            rewriter.replace(match.start(), match.end(), looks[word])
        elif word in masks:
            disguises.marks += 1
            rewriter.replace(match.start(), match.end(), masks[word])
    return rewriter.finish()


def _latin_reading(word: str) -> str | None:
    """A word with look-alikes in Latin letters; None where one of its letters is none: a real word of its script."""
    foreign = [char for char in _FOREIGN_LETTER.findall(word) if char not in MARKED]
    if not foreign or not all(char in LOOK_ALIKES for char in foreign):
        return None
    return word.translate(_UNMASK)


def _is_latin(text: str, odd: set[str]) -> bool:
    """Whether the text has Latin letters, and no word of a script whose letters look like them."""
    foreign = (word for word in odd if not _LATIN_LETTER.search(word))
    return bool(_LATIN_LETTER.search(text)) and not any(
        "\u0370" <= char <= "\u058f" and char not in LOOK_ALIKES for word in foreign for char in word
    )


def _false_marks(text: str, accents: set[str]) -> dict[str, str]:
    """The words whose marks no language gives them, with their plain forms.

    A word that people write with its marks is left alone, and so is one that is unknown without them. A common word
    under marks is a disguise where much of an English text is so; a word worth hiding is one unless the text is in a
    language with marks.
    """
    plains = {word: word.translate(_MARKS_OFF) for word in accents if len(word) <= _LONGEST_WORD}
    strange = {word: plain for word, plain in plains.items() if not is_known(lowered(word))}
    grave = {word: plain for word, plain in strange.items() if len(plain) > 3 and is_sensitive(plain.lower())}
    suspects = sum(is_common(plain.lower()) for plain in strange.values())
    many = suspects > 2 and 2 * suspects > len(accents)
    if not many and not grave:
        return {}
    words = _LETTER_RUN.findall(lowered(text.translate(_MARKS_OFF)))
    english = sum(map(_ENGLISH.__contains__, words)) >= _ENGLISH_SHARE * len(words)
    if english and many and 4 * suspects > len(set(words)):
        return strange
    return grave if english or len(accents) - len(grave) < 3 else {}
