"""Praise, and short thanks to the writer: what readers say when they liked something, with nothing to gain by it.

Flatterers use the same words, so words alone cannot tell the two apart. What can is what a flatterer cannot do without:
an address to be followed, a name that sells, or talk of the site instead of the article ("your blog", "bookmarked",
"sharing this information"). A comment is plain thanks when **every** word of it is from the short lists here, which
hold words as the normaliser leaves them ("mooi" becomes "moi").
"""

from __future__ import annotations

from typing import Final

from classifier.domain import Action, Signal
from classifier.phrases import KINDS, KINDS_OF, terms
from classifier.text import Document

# It outweighs the model at its surest, and is never given beside anything that speaks for spam.
THANKS: Final = Signal(
    code="text.thanks",
    message="Short thanks to the writer and nothing else, with no address to be followed.",
    weight=-8.0,
    head="spam",
)
THANKS_WITH_LINK: Final = Signal(
    code="offer.thanks",
    message="A few words of praise with an address on the author's name and nothing else, so a person decides.",
    weight=0.0,
    head="spam",
    caps=Action.HOLD,
)
_FLATTERY: Final = KINDS.index("flattery")
#: So many words around each pair that praises, and a comment is mostly praise.
_WORDS_OF_A_PRAISE: Final = 15
#: Longer thanks have words of their own, by which the model can judge them.
MOST_WORDS: Final = 8

_THANKS: Final = terms(
    """
    thanks thank thx ty cheers danke dank dankeschön gracias merci obrigado obrigada спасибо благодарю дякую grazie
    dzięki dziękuję bedankt tack tak teşekkürler 감사합니다 고맙습니다
    """
)
#: What readers of a paper or a blog call what they have read.
_NOUNS: Final = terms(
    """
    article articles read piece story column report reporting interview journalism photo photos review recipe essay
    artikel bericht reportage artículo articulo reportaje entrevista crónica matéria reportagem artigo entretien
    статья статью статьи репортаж интервью articolo servizio intervista artykuł wywiad reportaż stuk verhaal
    """
)
#: Flatterers speak of the post more than anybody: only with a word of thanks beside it.
_NOUNS_OF_BLOGS: Final = terms("post posts beitrag")
_QUALITIES: Final = terms(
    """
    great good nice lovely interesting excellent wonderful brilliant amazing awesome fantastic beautiful superb
    fascinating moving thoughtful important written writing well enjoyed loved liked work job point points clear useful
    helpful toller tolle guter gutes guten gute super schöner sehr interessant interessanter spannend spannender
    großartig buen buena bueno excelente interesante bonito muy bon bel beau belle très intéressant passionnant ótimo
    ótima bom boa parabéns muito interessante bella bello bellissimo otimo molto świetny bardzo dobry ciekawy moi
    moie goed goede heel interessante отличная отличный хорошая хороший интересная интересный интересно очень хорошо
    """
)
#: Small words between the others, and whom one thanks.
_BETWEEN: Final = terms(
    """
    a an the this that for of to it i you so very much many lot really truly such as always both all and was is what
    author writer editor reporter team finally on
    für den die das diesen vielen dem autor an die autorin liebe el la los por este esta muchas autor al le l cet ce
    pour beaucoup un une pela pelo o por pelos uma um большое огромное за эту этот автору автор per il lo tante un
    una mile za ten to vor het dit dank je wel u auteur
    """
)
_PLAIN: Final = _THANKS | _NOUNS | _NOUNS_OF_BLOGS | _QUALITIES | _BETWEEN


def is_plain_thanks(words: list[str]) -> bool:
    """Whether a comment is thanks for an article, or praise of one, and nothing else."""
    if not 0 < len(words) <= MOST_WORDS or not _PLAIN.issuperset(words):
        return False
    if not _THANKS.isdisjoint(words):
        return True
    return not _NOUNS.isdisjoint(words) and not _QUALITIES.isdisjoint(words) and _NOUNS_OF_BLOGS.isdisjoint(words)


def praise(document: Document) -> int:
    """How many pairs of words praise, or thank for, any page."""
    if not document.kinds[_FLATTERY]:
        return 0
    return sum(_FLATTERY in KINDS_OF.get(pair, ()) for pair in document.pairs)


def is_mostly_praise(document: Document) -> bool:
    """Whether a comment is little else than praise; a "thank you" in an argument is not."""
    found = praise(document)
    return found > 0 and len(document.words) <= _WORDS_OF_A_PRAISE * found
