"""Calls to kill a group of people, for what they are: patterns of RE2 over normalised text, in six languages.

Groups are nationalities, religions, ethnicities, orientations and the like; terrorists, parties and processes are none.
"""

from __future__ import annotations

from typing import Final

# What names people and nothing else; names that are adjectives as well need "people" behind, or the end of a sentence.
_PLURALS: Final = (
    r"(?:americans|canadians|mexicans|brazilians|africans|nigerians|somalis|ethiopians|asians|indians|pakistanis|"
    r"afghans|iranians|iraqis|syrians|israelis|palestinians|lebanese|saudis|arabs|kurds|turks|armenians|azeris|"
    r"georgians|chechens|tatars|tajiks|uzbeks|ukrainians|russians|belarusians|poles|germans|austrians|italians|spaniards|"
    r"greeks|serbs|croats|bosniaks|albanians|romanians|bulgarians|hungarians|czechs|slovaks|lithuanians|latvians|"
    r"estonians|finns|swedes|danes|norwegians|koreans|vietnamese|filipinos|indonesians|rohingyas?|uyghurs|venezuelans|"
    r"colombians|cubans|latinos|hispanics|europeans|muslims|moslems|jews|christians|catholics|protestants|hindus|sikhs|"
    r"buddhists|atheists|mormons|shias|sunnis|gypsies|roma|blacks|whites|gays|lesbians|homosexuals|bisexuals|queers|"
    r"transgenders|trannies|faggots|fags|niggers|niggas|kikes|spics|chinks|khokhols|immigrants|migrants|refugees|"
    r"foreigners|women)"
)
_ADJECTIVES: Final = (
    r"(?:chinese|japanese|french|english|british|irish|dutch|portuguese|swiss|black|white|brown|asian|african|arab|"
    r"jewish|muslim|christian|hindu|gay|trans|transgender|queer|disabled|autistic|handicapped|russian|ukrainian|"
    r"german|polish|turkish|indian|american|mexican|palestinian|israeli|kurdish|lgbt\S{0,4})"
)
_PEOPLE: Final = rf"(?:{_PLURALS}|{_ADJECTIVES} (?:people|men|women|folks?|children|kids))"
_ALL: Final = r"(?:all|every|each|these|those|all (?:of )?(?:the|these|those|you))"
_CURSED: Final = r"(?:(?:fucking|damn|damned|bloody|filthy|dirty|stinking) )?"
_ENDS: Final = r" ?(?:$|[.!,;…\n\"”»])"
_SHOULD: Final = r"(?:should|must|ought to|deserve to|deserves to|need to|needs to|have to|has to|shall)"
_KILLED: Final = (
    r"be (?:all )?(?:just )?(?:exterminated|eradicated|annihilated|killed|murdered|slaughtered|shot|gassed|lynched|"
    r"hanged|executed|wiped out|put down|put to death|nuked)"
)
_KILL: Final = r"(?:kill|murder|exterminate|eradicate|annihilate|slaughter|gas|lynch|hang|shoot|wipe out|nuke)"
_LEADS: Final = (
    r"(?:let'?s|lets|we (?:should|must|need to|have to|ought to)|"
    r"(?:someone|somebody|they|you) (?:should|must|needs? to|ought to)|time to) (?:just |finally |all )?"
)
_OBJECTS: Final = (
    rf"{_KILL} (?:off )?(?:(?:{_ALL} |the |as many )?{_CURSED}{_PEOPLE}|(?:{_ALL} |the ){_CURSED}{_ADJECTIVES}{_ENDS})"
)

# Endings of all cases are left open.
_DE: Final = (
    r"(?:ausländer|flüchtling|muslim|moslem|jude|christ|türk|kurde|syrer|araber|afghane|pole|russe|ukrainer|deutsche|"
    r"afrikaner|schwarze|zigeuner|roma|schwule|lesben|homosexuelle|behinderte|israelis|palästinenser|amerikaner)\S{0,3}"
)
_ES: Final = (
    r"(?:judí|musulman|cristian|católic|gitan|negr|mor|árabe|gays|homosexuale|maricon|lesbiana|inmigrante|migrante|"
    r"refugiad|ucranian|rus|venezolan|mexican|colombian|peruan|haitian|israelí|palestin|chin|extranjer)\S{0,4}"
)
_FR: Final = (
    r"(?:juif|musulman|chrétien|arabe|noir|blanc|gitan|rom|gay|homo|homosexuel|pédé|lesbienne|immigré|migrant|réfugié|"
    r"étranger|ukrainien|russe|turc|africain|maghrébin|algérien|israélien|palestinien|chinois)\S{0,3}"
)
_PT: Final = (
    r"(?:judeu|muçulmano|cristão|cristãos|católico|evangélico|cigano|negro|preto|árabe|gay|homossexuai|viado|lésbica|"
    r"imigrante|refugiado|ucraniano|russo|venezuelano|nordestino|índio|indígena|israelense|palestino|chinese)s"
)
_RU_STEMS: Final = (
    r"(?:украинц|хохл|русски|москал|евре|жид|татар|чечен|кавказц|таджик|узбек|армян|азербайджанц|грузин|цыган|мусульман|"
    r"христиан|геев|геи|геям|гомосексуал|пидорас|лесби|мигрант|беженц|негр|чурк|поляк|немц|американц|палестинц|израильтян)"
)
_RU: Final = rf"{_RU_STEMS}\S{{0,4}}"

GROUP_CALLS: Final = (
    # English
    (
        rf"(?:{_ALL} |the )?{_CURSED}(?:{_PEOPLE}|the {_ADJECTIVES}) (?:all |just |really |simply )?{_SHOULD} "
        rf"(?:all |just |really |simply )?{_KILLED}"
    ),
    rf"(?:every|each|all) {_CURSED}{_ADJECTIVES} {_SHOULD} {_KILLED}",
    rf"{_ALL} {_CURSED}(?:{_PEOPLE}|{_ADJECTIVES}) {_SHOULD} (?:all |just )?(?:die|perish)(?: now| out)?{_ENDS}",
    rf"{_PEOPLE} (?:are|is) [^.!?]{{1,40}}(?:and|that|who|,|;) ?(?:they )?(?:all )?{_SHOULD} (?:all )?{_KILLED}",
    rf"{_LEADS}{_OBJECTS}",
    rf"death to (?:{_ALL} |the )?{_CURSED}{_PEOPLE}",
    rf"the only good (?:{_ADJECTIVES}|jew|turk|kurd|pole|immigrant|migrant|fag|faggot|nigger) is a dead",
    # German
    (
        rf"(?:alle|die|diese|sämtliche) (?:\S{{1,14}} )?{_DE} (?:sollten?|müssen|müssten|gehören) (?:alle |einfach )?"
        r"(?:ausgerottet|vernichtet|vergast|getötet|umgebracht|erschossen|ausgelöscht|aufgehängt)"
    ),
    rf"(?:alle|diese|sämtliche) {_DE} (?:sollten?|müssen|müssten) (?:alle |einfach )?(?:sterben|verrecken)",
    (
        rf"(?:man|wir) (?:sollte|sollten|muss|müssen|müsste|müssten) (?:alle|die|diese) {_DE} (?:alle )?"
        r"(?:ausrotten|vernichten|vergasen|töten|umbringen|erschießen|auslöschen)"
    ),
    rf"tod (?:allen|den) {_DE}",
    # Spanish
    (
        rf"(?:todos )?(?:los|las|esos) {_ES} (?:deben|deberían|tienen que|merecen) "
        r"(?:ser (?:exterminad|eliminad|asesinad|fusilad|quemad)[oa]s)"
    ),
    rf"todos (?:los|esos) {_ES} (?:deben|deberían|tienen que|merecen) morir",
    (
        rf"(?:hay que (?:matar|exterminar|fusilar)|maten|matad|matemos) a (?:todos )?"
        rf"(?:los|las|esos) {_ES}"
    ),
    rf"muerte a (?:todos )?(?:los|las) {_ES}",
    # French
    (
        rf"(?:tous )?(?:les|ces) {_FR} (?:doivent|devraient|méritent d'?e?) ?(?:tous )?"
        r"être (?:exterminés|tués|éliminés|gazés|fusillés|abattus)"
    ),
    rf"tous (?:les|ces) {_FR} (?:doivent|devraient|méritent de) (?:mourir|crever)",
    rf"(?:tuez|tuons|exterminez|exterminons|gazez|il faut (?:tuer|exterminer|gazer)) (?:tous )?(?:les|ces) {_FR}",
    rf"mort aux {_FR}",
    # Portuguese
    (
        rf"(?:todos )?(?:os|esses) {_PT} (?:devem|deviam|deveriam|têm que|precisam|merecem) "
        r"ser (?:exterminados|mortos|eliminados|fuzilados|queimados)"
    ),
    rf"todos (?:os|esses) {_PT} (?:devem|deviam|deveriam|têm que|precisam|merecem) morrer",
    rf"(?:matem|(?:tem|têm|temos) que (?:matar|exterminar)|vamos (?:matar|exterminar)) (?:todos )?(?:os|esses) {_PT}",
    rf"morte aos {_PT}",
    # Russian
    (
        rf"(?:всех (?:этих )?)?{_RU} (?:надо|нужно|следует|пора) (?:всех |просто )?"
        r"(?:убивать|убить|уничтожить|уничтожать|истребить|истреблять|расстрелять|вырезать|резать|перебить|сжечь|вешать)"
    ),
    rf"все {_RU} должны (?:умереть|сдохнуть|быть (?:уничтожены|убиты|истреблены))",
    rf"(?:надо|нужно|пора) (?:убивать|убить|уничтожить|истребить|расстрелять|вырезать|перебить) (?:всех )?{_RU}",
    rf"смерть (?:всем )?(?:геям|{_RU_STEMS}\S{{0,3}}[ая]м)",
)

#: The same, where a sentence begins so.
GROUP_COMMANDS: Final = (
    rf"(?:please |just |so |go |go and )?{_OBJECTS}",
    rf"(?:the )?{_CURSED}{_PEOPLE} (?:should|must|deserve to|ought to) (?:all |just )?(?:die|perish)(?: now)?{_ENDS}",
    rf"(?:tötet|vergast|erschießt|vernichtet) (?:alle |die |diese )(?:\S{{1,14}} )?{_DE}",
    rf"(?:matar|exterminar) a (?:todos )?(?:los|las|esos) {_ES}",
    rf"(?:убивайте|убейте|режьте|убить|уничтожить) (?:всех )?{_RU}",
)

#: Before a call: somebody else's wish, a slogan that is told, or a count of the dead.
GROUP_TOLD: Final = (
    r"(?:thinks|believes|claims|argues|wants|calls|thought|believed|claimed|argued|wanted|called|ordered|orders|chant\S*|"
    r"slogan\S*|graffiti|propaganda|idea|ideology|(?:they|who|people|nazis|some|those|anyone|you) (?:all )?"
    r"(?:think|believe|say|claim|argue|want)|denk(?:t|en)|glaub(?:t|en)|meint|meinen|skand\S*|creen?|quieren?|"
    r"pensent|croient|veulent|acham|querem|думает|думают|считает|считают|хочет|хотят|кричат|кричит)[^.!?]{0,40}$"
    r"|(?:how many(?: more)?|no|which|why|when|combien de|cuántos|quantos|wie viele|сколько)(?: \S{1,12}){0,2}$"
)
#: After a call: it was a question.
GROUP_ASKED: Final = r"^[^.!…]{0,60}\?"
