"""Harm in plain words: direct threats, calls to kill a group or oneself, home addresses and private numbers given away.

Patterns are of RE2, over normalised text, in nine languages. They find what is said outright and leave the rest to the
model. What is told ("he said he would kill me"), denied or played ("I will kill you at chess") is not counted. Whatever
is found is held at least, and shown to a person before anything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final
from unicodedata import normalize

import re2

from classifier.domain import Action, Context, Signal, Span
from classifier.group_calls import GROUP_ASKED, GROUP_CALLS, GROUP_COMMANDS, GROUP_TOLD
from classifier.text import Document

#: So many are shown, and so many that may be told are looked at.
_MOST_SPANS: Final = 20
_MOST_LOOKED_AT: Final = 1_000
#: So much before and after a match tells whether it is told, denied or played.
_BEFORE: Final = 48
_AFTER: Final = 40

# \b of RE2 knows ASCII letters only, so words that may begin or end otherwise stand between these.
_FROM: Final = r"(?:^|[\s\"'“”„«»(>.,!?;:…—-])"
_TO: Final = r"(?:$|[\s\"'“”»)<.,!?;:…—-])"


# Marks may be typed or left out.
_MARKED: Final = {"ß": "(?:ß|ss)", "ё": "[её]", "ę": "[ęe]", "ś": "[śs]"} | {
    letter: f"[{letter}{normalize('NFD', letter)[0]}]" for letter in "äöüéèêàáâãíóòôúùçñ"
}


def _compiled(*expressions: str) -> Any:
    return _tolerant(f"{_FROM}(?:{'|'.join(expressions)}){_TO}")


def _tolerant(expression: str) -> Any:
    return _searched("".join(_MARKED.get(letter, letter) for letter in expression))


def _searched(expression: str) -> Any:
    options = re2.Options()
    options.max_mem = 32 << 20
    return re2.compile(expression, options)


_HARM: Final = (
    r"(?:kill|murder|shoot|stab|rape|behead|strangle|choke|slaughter|butcher|lynch|burn|hang|hurt|beat|break|cut|"
    r"destroy|gut|skin|smash)"
)
_KIN: Final = (
    r"(?:family|kids?|child|children|wife|husband|sons?|daughters?|mother|mom|mum|father|dad|parents|sister|brother|"
    r"girlfriend|boyfriend)"
)
_WRITER: Final = (
    r"(?:the|this|that) (?:author|journalist|reporter|editor|writer|columnist|blogger|presenter|moderator|photographer)"
)
_THREAT: Final = _compiled(
    # English
    r"(?:i|we|im|ill)(?:'?ll|'?m|'?re)?(?: (?:will|am|are|going to|gonna|gunna|want to|wanna|swear|promise|come|coming|"
    r"to your (?:house|home|door|place)|to|find you|get you|hunt you down|and|fucking|personally|gladly|happily|really|"
    r"i'll|ll|m|re)){0,8} " + _HARM + r" (?:the shit out of |up )?"
    r"(?:you|u|ur|your (?:family|kids|children|wife|husband|mother|mom|daughter|son|house|face|throat|head|neck))",
    r"(?:you(?:'?re| are| will be| re)|ur|u r) (?:a )?(?:dead(?: man| meat| woman)|going to die|gonna die)",
    r"(?:i|we) know where (?:you|u) (?:live|work|sleep)",
    rf"(?:i|we) know where your {_KIN} (?:lives?|goe?s?|works?|sleeps?|plays?)",
    r"(?:someone|somebody|they) (?:should|needs? to|ought to) (?:just |really |finally )?"
    rf"(?:kill|shoot|rape|hang|lynch|stab|murder) (?:you|u|your|{_WRITER})",
    r"you (?:won't|wont|will not) live to see",
    rf"put a bullet (?:in|through|into) (?:you|your|{_WRITER})",
    r"watch your back,? [^.!?]{0,30}(?:coming for|find|get) you",
    # German
    r"(?:ich|wir) (?:werden?|will|wollen) (?:dich|euch|deine (?:familie|kinder|frau|mutter)) "
    r"(?:\S{1,20} (?:und )?){0,3}(?:töten|umbringen|erschießen|abstechen|erschlagen|ermorden|vergewaltigen|"
    r"aufschlitzen|abknallen|totschlagen)",
    r"(?:ich|wir) bring(?:en?)? (?:dich|euch) (?:alle |noch )?um",
    r"(?:ich|wir) (?:schlag|mach|stech|knall|schlitz)(?:en?)? (?:dich|euch) (?:alle |noch )?(?:tot|kalt|ab|auf)",
    r"(?:ich|wir) (?:weiß|wissen),? wo (?:du|ihr) (?:wohnst|wohnt|lebst|lebt|arbeitest|schläfst)",
    # Spanish
    r"(?:te|os) (?:voy|vamos) a (?:matar|degollar|violar|apuñalar|reventar|pegar un tiro)",
    r"(?:voy|vamos) a (?:matar|degollar|violar|apuñalar)(?:te|os)",
    r"te (?:mato|mataré|mataremos)",
    r"(?:sé|sabemos) dónde viv(?:es|ís)",
    # Portuguese
    r"(?:vou|vamos) te (?:matar|estuprar|esfaquear|degolar)",
    r"(?:vou|vamos) (?:matar|estuprar|esfaquear) "
    r"(?:vocês?|vc|(?:a )?(?:sua|tua) (?:família|mãe|mulher|filha))",
    r"(?:vou|vamos) matar-te",
    r"(?:sei|sabemos) onde (?:você|vc|tu) (?:mora|moras|vive|vives)",
    # French
    r"(?:je vais|on va|nous allons) (?:te|vous) (?:tuer|buter|égorger|crever|violer|planter|massacrer)",
    r"je (?:te|vous) (?:tuerai|buterai|égorgerai)",
    r"(?:je sais|on sait|nous savons) où (?:tu habites|tu vis|vous habitez)",
    # Italian, Dutch, Polish
    r"ti (?:ammazzo|uccido|ammazzerò|ucciderò|sgozzo)",
    r"(?:so|sappiamo) dove abiti",
    r"ik (?:maak|steek|schiet|sla) (?:je|jou|jullie) (?:af|dood|neer|kapot)",
    r"ik weet waar (?:je|jij|jullie) (?:woont|wonen)",
    r"zabiję cię",
    r"wiem,? gdzie mieszkasz",
    # Russian
    r"(?:тебя|вас|твою семью) (?:найдём и |найду и |все равно |всё равно )?"
    r"(?:убью|убьём|зарежу|зарежем|прикончу|прикончим|изнасилую|застрелю|пристрелю|закопаю)",
    r"(?:убью|убьём|зарежу|зарежем|застрелю|пристрелю) (?:тебя|вас|твою|твоих|ваших)",
    r"(?:знаю|знаем),? где ты живёшь",
)
_SELF_HARM: Final = _compiled(
    r"(?:kill|hang|shoot|drown|gas|cut|neck|off) (?:yourself|urself|yourselves|your self)",
    r"kys",
    r"(?:end|take) your (?:own )?life",
    r"drink bleach",
    r"slit your (?:own )?wrists",
    r"do (?:us|everyone|the world|yourself) a favou?r and (?:die|jump)",
    r"(?:go|should|please|just) jump (?:off|from) (?:a|the) (?:bridge|building|cliff|roof)",
    # German
    r"bring dich (?:doch |einfach |endlich |bitte |mal |selbst |selber ){0,4}um",
    r"bringt euch (?:doch |einfach |endlich |alle ){0,3}um",
    r"häng dich (?:doch |einfach |endlich ){0,3}auf",
    r"(?:geh|geht) (?:dich|euch) (?:erschießen|erhängen|aufhängen|umbringen|vergiften)",
    r"(?:erschieß|erhäng|ertränk|vergifte) dich",
    r"nimm dir (?:doch |einfach |endlich ){0,3}das leben",
    r"spring (?:doch |einfach ){0,2}vor (?:den|einen) zug",
    # Spanish
    r"mátate",
    r"suicídate",
    r"(?:vete|ve) a (?:suicidarte|matarte|ahorcarte)",
    r"(?:deberías|tienes que) (?:suicidarte|matarte|ahorcarte)",
    r"ahórcate",
    r"pégate un tiro",
    r"quítate la vida",
    # Portuguese
    r"se (?:mata|mate) (?:logo|já|de uma vez)",
    r"(?:vai|vá) (?:lá )?se (?:matar|enforcar|suicidar)",
    r"(?:você|vc) (?:deveria|devia|tem que) se (?:matar|enforcar)",
    r"(?:mate-se|mata-te|suicide-se|suicida-te|enforque-se)",
    # French
    r"(?:suicide|tue|pends)[- ]toi",
    r"va(?:s)? te (?:suicider|pendre|tuer|noyer)",
    r"allez vous (?:suicider|pendre)",
    r"tu (?:devrais|ferais mieux de) te (?:suicider|pendre|tuer)",
    # Italian, Dutch, Polish
    r"vai ad? (?:ammazzarti|impiccarti|suicidarti)",
    r"pleeg zelfmoord",
    r"maak jezelf (?:maar |nou ){0,2}(?:dood|van kant)",
    r"hang jezelf (?:maar )?op",
    r"zabij się",
    r"powieś się",
    # Russian
    r"(?:убей|убейте) себя",
    r"(?:иди (?:и )?|лучше |сдохни и )(?:повесься|убейся|утопись|застрелись)",
    r"повесься",
    r"вскрой (?:себе )?вены",
    r"выпей яду",
    r"покончи с собой",
)
# Italian's imperatives look like participles ("ammazzati": killed), so nothing may stand beside them.
_ALONE: Final = _tolerant(r"^[\s\"“«]*(?:ammazzati|impiccati|suicidati|ucciditi)[\s!.\"”»]*$")
_GROUP: Final = _tolerant(
    rf"(?:{_FROM}(?:{'|'.join(GROUP_CALLS)})|(?:^|[.!?:;])[\s\"“«]*(?:{'|'.join(GROUP_COMMANDS)})){_TO}"
)
_GROUP_TOLD: Final = _tolerant(GROUP_TOLD)
_GROUP_ASKED: Final = _searched(GROUP_ASKED)

#: Any of the four: most comments hold none.
_SAID: Final = _searched("|".join(f"(?:{pattern.pattern})" for pattern in (_THREAT, _SELF_HARM, _GROUP, _ALONE)))

#: Somebody else's words, a supposition about somebody else, or a denial before the match.
_TOLD: Final = _tolerant(
    r"(?:said|says|saying|told|tells|telling|threaten\S*|wrote|writes|writing|yell\S*|scream\S*|shout\S*|"
    r"sag(?:t|te|ten)|gesagt|rief|riefen|schrie|schrieb|schreibt|geschrieben|droht\S*|gedroht|"
    r"dijo|dice|dijeron|gritó|escribió|disse|diz|disseram|gritou|escreveu|a dit|disait|dit|crié|écri[tv]\S*|"
    r"ha detto|detto|dice|scritto|zei|schreef|powiedział\S*|"
    r"сказал\S*|говорит|говорил\S*|кричал\S*|написал\S*|пишет|угрожал\S*|"
    r"suicide|hotline|helpline|"
    r"if (?:i|he|she|they|someone|somebody|anyone|people)|whoever|nobody|no one)[^.!?]{0,30}$"
    r"|(?:never|not|n't|dont|wont|cannot|nie|nicht|niemals|nunca|jamais|не|никогда|almost|nearly)(?: \S{1,12}){0,2}$"
)
#: A call is none when it is what somebody may do, or what the writer threatens to do.
_NO_CALL: Final = _tolerant(
    r"(?:you'?ll|you will|could|might|may|want(?:ed|s)? to|wanting to|trying to|tempted to|going to|gonna|than|ich)$"
)
#: The writer's own words all the same.
_OWN: Final = _tolerant(
    r"(?:^|\W)(?:(?:i|we)(?:'ve| have)? (?:already )?(?:said|told|wrote|warned)|why (?:don'?t|dont|not) (?:you|u)|"
    r"ich habe? (?:dir|euch)? ?(?:schon )?gesagt)[^.!?]{0,30}$"
)
#: After the match: a game, a time of day, or who said it.
_PLAYED: Final = _tolerant(
    r"^ ?(?:(?:at|in|on) (?:chess|poker|fifa|cards|tennis|scrabble|monopoly|golf|darts|mario|the (?:game|pitch|court|"
    r"field|track|quiz))|(?:um )?(?:\d|halb|viertel|eins|ein uhr|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|"
    r"zwölf|mitternacht)"
    r"|[\"'”»]*,? (?:he|she|they|the \S+) (?:said|shouted|yelled|wrote|screamed))"
)


def harm_signals(context: Context, document: Document) -> Iterator[Signal]:
    """Direct threats, calls to self-harm or to kill a group, and what makes a person findable for strangers."""
    del context
    text = document.text
    encoded = text.encode()  # where nothing is found no offsets into the text are needed
    if _SAID.search(encoded) is not None:
        yield from _outright(document)
    if _NUMBERED.search(text) is None or _FINDABLE.search(encoded) is None:
        return
    address = _ADDRESS.search(text)
    if address is not None and _OFFICIAL.search(address.group()) is None:
        message = "The comment seems to give away where a person lives or how to reach them."
        yield _grave("privacy.address", message, 2.0, (document.raw_span(*address.span()),))
    phone = _PHONE.search(text)
    if phone is not None:
        message = "The comment seems to give away a person's telephone number."
        yield _grave("privacy.phone", message, 2.0, (document.raw_span(*phone.span()),))


def _outright(document: Document) -> Iterator[Signal]:
    """Threats, calls to self-harm and calls to kill a group."""
    text = document.text
    for pattern, code, message, head in (
        (_THREAT, "threat.direct", "A direct threat against a person.", "threat"),
        (_SELF_HARM, "harm.self", "A call to self-harm.", "toxicity"),
        (_GROUP, "harm.group", "A call to kill a group of people.", "identity_attack"),
    ):
        spans = tuple(_said(pattern, document))
        if spans:
            yield _grave(code, message, 3.0, spans, head)
    if _ALONE.search(text) is not None:
        yield _grave("harm.self", "A call to self-harm.", 3.0, (document.raw_span(0, len(text)),), "toxicity")


def _said(pattern: Any, document: Document) -> Iterator[Span]:
    """Where it is said outright, and neither told, denied nor played."""
    text = document.text
    if pattern.search(text) is None:
        return
    said = 0
    for match in islice(pattern.finditer(text), _MOST_LOOKED_AT):
        start, end = match.span()
        start += next((at for at, letter in enumerate(text[start:end]) if letter.isalnum()), 0)
        end -= end > start and not text[end - 1].isalnum()
        before, after = text[max(0, start - _BEFORE) : start].rstrip(" \"'“”„«»(:,"), text[end : end + _AFTER]
        told = _TOLD.search(before) is not None and _OWN.search(before) is None
        if pattern is _SELF_HARM:
            told |= _NO_CALL.search(before) is not None
        elif pattern is _GROUP:
            told |= _GROUP_TOLD.search(before) is not None or _GROUP_ASKED.search(after) is not None
        if not told and _PLAYED.search(after) is None:
            yield document.raw_span(start, end)
            said += 1
            if said >= _MOST_SPANS:
                return


#: The standard engine finds single characters faster than re2, and one set of them faster than a choice.
_NUMBERED: Final = re.compile("[0-9<](?:(?<!<)|phone>)")
_STREET: Final = (
    r"\d{1,5} [\w'-]+(?: [\w'-]+)? "
    r"(?:street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct|way|place|pl)"
)
_ADDRESS: Final = _tolerant(
    rf"\b(?:lives|living|resides) (?:at|on|in|:)? ?{_STREET}\b"
    rf"|\bfind (?:him|her|them) (?:at|on|in) {_STREET}\b"
    r"|\b(?:his|her|their) (?:home |private |house )?address(?: is|:)[^.!?\d]{0,40}\d{1,5}"
    rf"|{_STREET}\b[^!?]{{0,40}}\b(?:pay|give) (?:him|her|them) a visit\b"
    # German, Spanish, Portuguese, French, Italian, Russian
    r"|\bwohn(?:t|en|haft) [^.!?]{0,40}(?:straße|str\.|str|weg|gasse|platz|allee|ring|damm|ufer) \d{1,4}"
    r"|\b(?:seine|ihre) (?:privat)?(?:adresse|anschrift)(?: ist| lautet|:)[^.!?\d]{0,40}\d{1,5}"
    r"|\b(?:vive|viven|reside) en (?:la |el )?(?:calle|avenida|av\.|plaza|paseo|carrera) [^.!?\d]{1,30}\d{1,5}"
    r"|\b(?:mora|moram|reside) (?:na|no|em) (?:rua|avenida|av\.|travessa|praça|alameda) [^.!?\d]{1,30}\d{1,5}"
    r"|\b(?:il|elle|ils|elles|qui) (?:habite|habitent|vit|loge) (?:au |à |a )?\d{1,4}(?: bis| ter)?,? "
    r"(?:rue|avenue|av\.|boulevard|bd|place|chemin|impasse|allée|route)"
    r"|\b(?:abita|abitano) in (?:via|viale|corso|piazza|vicolo) [^.!?\d]{1,30}\d{1,5}"
    r"|(?:живёт|живут|проживает) [^.!?]{0,30}(?:ул\.|улиц|просп|переул|бульвар|шоссе)[^!?\d]{0,40}\d{1,4}"
    r"(?:,? ?(?:дом|д\.|корпус|корп\.|квартира|кв\.|этаж|подъезд) ?\d{1,4}){0,3}"
)
#: Where heads of government live is no secret.
_OFFICIAL: Final = re2.compile(r"\b1[01] downing st|\b1600 pennsylvania\b")

_NUMBER: Final = r"(?:\+?\(?\d[\d() .\-]{5,17}\d|<phone>)"
_CALL_THEM: Final = r"(?:llám\S{1,4}l[oae]s?|appelez[- ]l[ae]|appelle[- ]l[ae]|harcelez[- ]l[ae])"
_PHONE: Final = _tolerant(
    r"\b(?:his|her) (?:(?:home|private|personal|cell|mobile|own|real|tele) ?)*(?:phone|cell|mobile|number)"
    rf"(?: ?number| no\.?)?(?: is| -|:)? ?{_NUMBER}"
    r"|(?:\btheir|\S{2,30}(?:'s|s')) (?:home|private|personal|cell|mobile) ?(?:tele)?(?:phone|cell|mobile)?"
    rf"(?: ?number| no\.?)?(?: is| -|:)? ?{_NUMBER}"
    rf"|\b(?:call|ring|text|phone|bother|harass) (?:him|her) (?:\w+ ){{0,3}}(?:at|on|under) {_NUMBER}"
    # German, Spanish, Portuguese, French, Russian
    r"|\b(?:seine|ihre|deren) (?:private |privat)?(?:handy|telefon|mobil|festnetz)-?(?:nummer|nr\.?)?"
    rf"(?: ist| lautet|:)?(?: die)? ?{_NUMBER}"
    rf"|\b(?:seine|ihre|deren) (?:private |privat)nummer(?: ist| lautet|:)? ?{_NUMBER}"
    r"|\bsu (?:número|teléfono|móvil|celular)(?: de teléfono)?(?: personal| privado)?(?: es|:)?(?: el)? ?"
    rf"{_NUMBER}[^.!?]{{0,20}}{_CALL_THEM}"
    r"|\b(?:telefone|celular|número|whatsapp|zap)(?: pessoal)? (?:dele|dela|deles|delas)(?: é|:)?(?: o)? ?"
    rf"{_NUMBER}"
    r"|\b(?:son|leur) (?:numéro|portable|téléphone)(?: de (?:téléphone|portable))?(?: perso| privé)?"
    rf"(?: est|:)?(?: le)? ?{_NUMBER}[^.!?]{{0,20}}{_CALL_THEM}"
    rf"|(?:^|\W)(?:его|её) (?:личный |домашний |мобильный )?(?:номер|телефон)(?: телефона)?(?: ?[:—-])? ?{_NUMBER}"
)


#: Either of the two.
_FINDABLE: Final = _searched(f"(?:{_ADDRESS.pattern})|(?:{_PHONE.pattern})")


def _grave(code: str, message: str, weight: float, spans: tuple[Span, ...], head: str | None = None) -> Signal:
    return Signal(code=code, message=message, weight=weight, head=head, forces=Action.HOLD, spans=spans, escalate=True)
