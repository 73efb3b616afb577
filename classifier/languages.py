"""Which language a text is in, from its script and its smallest words; a guess for about a dozen languages.

It says nothing when it is not sure: short texts, mixtures and languages it does not know have none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

#: How many words are looked at, how many are needed, and which share of them must be small words of one language.
MOST_WORDS: Final = 80
FEWEST_WORDS: Final = 8
_SHARE: Final = 0.18
_LEAD: Final = 1.5
#: One-letter words are small words of many languages, so several different ones are needed.
_FEWEST_HITS: Final = 3

_SMALL_WORDS: Final = {
    "en": "the and of to in is that it for was on are with as i you this be have not but they from at he what if my or",
    "de": "der die das und ist nicht ich zu den ein es mit sich auf auch eine im dem wie sie aber wenn oder nur noch",
    "fr": "le la les et des est que une pas pour dans qui sur il ce ne au avec je plus mais nous c'est vous ont sont",
    "es": "el la los las que y en un una es por con para no se del lo como su pero más mas esta hay muy todo porque",
    "pt": "o a os que e do da em um uma não nao para com por se no na mais as dos como mas foi ao ele isso voce seu",
    "it": "il la di che e un una è per non in del sono con si ma della le lo come più piu anche questo gli nel da ha",
    "nl": "de het een en van ik je dat niet is in op te zijn voor met die er maar ook als dit wat naar heeft nog",
    "pl": "nie to się sie w na z jest że ze do jak co i o ale za tak po od dla tylko czy już juz przez był",
    "tr": "bir ve bu da de için icin çok cok ne o ile gibi ama daha var mi mı değil degil en kadar olarak sonra",
    "id": "yang dan di ini itu untuk dengan tidak dari ada saya ke akan pada juga bisa karena kita atau sudah apa",
    "ru": "и в не на что с это как а то по но у за от он я же так мы все вы они было для",
    "uk": "і в не на що з це як а то по але у за від він я та так ми всі ви вони було для є або щоб",
}
#: All of them; they say nothing about a topic.
SMALL_WORDS: Final = frozenset(" ".join(_SMALL_WORDS.values()).split())
_LANGUAGES_OF: Final[dict[str, tuple[str, ...]]] = {}
for _language, _listed in _SMALL_WORDS.items():
    for _word in _listed.split():
        _LANGUAGES_OF[_word] = (*_LANGUAGES_OF.get(_word, ()), _language)

#: Scripts that give the language away, or at least its family.
_SCRIPTS: Final = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af\u1100-\u11ff]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("hi", re.compile("[\u0900-\u097f]")),
)
#: Any letter of theirs.
_ANY_SCRIPT: Final = re.compile(f"[{''.join(script.pattern[1:-1] for _, script in _SCRIPTS)}]")
_LETTER: Final = re.compile(r"[^\W\d_]")
#: Kana beside Chinese characters make a text Japanese, so a share of the letters is enough.
_SCRIPT_SHARE: Final = 0.25


def language_of(text: str, words: Sequence[str]) -> str | None:
    """The language of a text, if it is plain; ``words`` are its lower-case words."""
    if not text.isascii() and _ANY_SCRIPT.search(text, 0, 1_000) is not None:
        letters = len(_LETTER.findall(text[:1_000]))
        for language, script in _SCRIPTS:
            if letters >= FEWEST_WORDS and len(script.findall(text[:1_000])) >= _SCRIPT_SHARE * letters:
                return language
    looked_at = words[:MOST_WORDS]
    if len(looked_at) < FEWEST_WORDS:
        return None
    small = list(filter(_LANGUAGES_OF.__contains__, looked_at))
    if len(small) < _FEWEST_HITS:
        return None
    hits: dict[str, int] = {}
    for word in small:
        for language in _LANGUAGES_OF[word]:
            hits[language] = hits.get(language, 0) + 1
    found = max(hits, key=hits.__getitem__)
    most, second = (*sorted(hits.values(), reverse=True), 0)[:2]
    if most < _SHARE * len(looked_at) or most < _LEAD * second:
        return None
    return found if sum(found in _LANGUAGES_OF[word] for word in set(small)) >= _FEWEST_HITS else None
