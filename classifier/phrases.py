"""Words and word pairs that speak for a kind of comment, in a few languages; ours, hence in plain text.

They are counted by ``dense`` as features and quoted by ``signals``; none of them decides anything alone.
"""

from __future__ import annotations

from typing import Final


def terms(listed: str) -> frozenset[str]:
    """Terms of a list divided by bars, else by spaces."""
    return frozenset(term.strip() for term in (listed.split("|") if "|" in listed else listed.split()))


#: A comment that begins like this asks for something, or greets.
CALLS: Final = terms(
    "check visit click buy get join watch call contact subscribe earn win play follow order looking need want free "
    "best cheap make are see learn"
)
GREETINGS: Final = terms("hello hi hey dear guys howdy greetings halo hola bonjour привет здравствуйте")

_LISTS: Final = {
    "flattery": """
        great post|nice post|great article|nice article|awesome post|amazing post|excellent post|good post|great blog|
        nice blog|awesome blog|amazing blog|wonderful post|wonderful article|great site|nice site|great website|
        nice website|excellent article|fantastic post|fantastic article|superb article|great information|useful post|
        useful information|informative post|informative article|informative blog|helpful post|helpful article|
        great work|great job|keep up|keep it|keep writing|bookmark your|bookmarked your|bookmark this|bookmarking|
        bookmarked|your blog|your site|your website|your web|your page|your weblog|your article|your post|your posts|
        your articles|your writing|this blog|this website|this site|this post|this web|well written|writing style|
        thanks for|thank you|for sharing|sharing this|stumbled upon|came across|i discovered|definitely return|
        come back|back again|check back|visit again|rss feed|your rss|subscribe to|subscribed to|your feed|same topic|
        similar blog|same niche|my blog|my site|my website|my web|my page|my weblog|blogroll|guest post|loading issues|
        internet explorer|in chrome|quality content|great content|valuable information|very informative|really enjoyed|
        really appreciate|appreciate it|must say|highly recommend|learned a|hats off|kudos|great read|good read|
        tolle seite|toller artikel|super beitrag|excelente artículo|excelente articulo|
        gran artículo|gran articulo|buen artículo|buen articulo|ótimo post|ótimo artigo|parabéns pelo|otimo post|
        otimo artigo|excelente post|parabens pelo|bel articolo|ottimo articolo|super article|excellent article|
        отличная статья|хорошая статья|спасибо за|полезная статья|artikel bagus|terima kasih""",
    "call": """
        click here|click the|click on|click below|click my|check out|check my|check this|visit my|visit our|visit us|
        visit the|visit now|my profile|my channel|my video|my videos|my music|my page|our website|our site|our page|
        subscribe|sub to|subscribe to|like and|and subscribe|follow me|follow us|contact me|contact us|contact him|
        contact her|contact them|reach out|reach him|reach me|text me|text him|call now|call us|call me|call today|
        email me|email him|write me|message me|dm me|dm for|dm us|inbox me|whatsapp|telegram|sign up|sign in|join now|
        join us|join my|join our|join the|register now|register here|apply now|order now|buy now|shop now|act now|
        hurry|limited time|limited offer|for free|free trial|get started|learn more|more info|more information|
        for more|link in|the link|this link|link below|link in bio|in bio|see my|watch my|watch this|look at my|
        go to|google for|search for|search on|cek bio|klik|daftar|gabung|kunjungi|main di|ссылка|переходи|подпишись|
        пишите|пиши|в лс|в личку|в личные|канал|haz clic|visita|clique|acesse|cliquez|klicken|besuchen""",
    "offer": """
        free|cheap|discount|offer|offers|deal|deals|sale|price|prices|buy|purchase|order|bonus|prize|winner|won|win|
        reward|gift|voucher|coupon|guaranteed|guarantee|promo|promotion|subscription|delivery|shipping|customer|
        service|services|support|helpline|toll|refund|installation|provider|solution|solutions|affordable|trusted|
        reliable|best price|low price|high quality|top quality|100%|100 percent|risk free|no risk|gratis|bonos|
        diskon|murah|promo|скидка|бесплатно|акция|заказать|купить|цена|oferta|descuento|barato|rabatt|kostenlos""",
    "money": """
        money|cash|dollars|usd|euro|income|earn|earning|earned|earnings|salary|profit|profits|invest|investing|
        investment|investor|trading|trader|forex|crypto|bitcoin|btc|eth|ethereum|usdt|nft|airdrop|token|wallet|presale|
        loan|loans|lender|credit|debt|mortgage|bank|account manager|per day|per week|per month|per hour|a day|a week|
        a month|an hour|from home|work from|working from|online job|part time|side hustle|passive income|
        financial freedom|binary options|make money|made money|making money|extra money|payout|withdrawal|deposit|
        recovery|recover my|recover your|recovered my|lost funds|stolen funds|hacker|заработок|доход|деньги|
        инвестиции|крипта|подработка|удаленка|удаленно|зарабатывать|dinheiro|ganhar|dinero|ganar|geld verdienen""",
    "gambling": """
        casino|casinos|slot|slots|poker|betting|bet|bets|bookmaker|jackpot|roulette|baccarat|gambling|judi|togel|gacor|
        maxwin|scatter|zeus|deposit|depo|wd|jp|rtp|pragmatic|olympus|situs|toto|qq|bandar|agen|казино|ставки|букмекер|
        слоты|sportsbook|blackjack|freebet|free spins|spins""",
    "health": """
        viagra|cialis|levitra|pharmacy|pills|pill|keto|gummies|cbd|supplement|supplements|weight loss|lose weight|
        diet|detox|slimming|enlargement|testosterone|erectile|herbal|herbs|herpes|cure|cured|doctor|dr|spell|
        spell caster|spells|love spell|lottery spell|my ex|ex back|husband back|voodoo|powerful spell""",
    "adult": """
        escort|escorts|call girls|call girl|hot girls|sexy girls|girls|singles|dating|hookup|webcam|cam girls|nudes|
        porn|xxx|onlyfans|sex chat|adult|massage|эскорт|девушки|интим|знакомства|проститутки""",
    "seo": """
        seo|backlink|backlinks|rank|ranking|page rank|first page|traffic|web design|website design|digital marketing|
        marketing agency|web development|social media|followers|likes and|views|guest posting|domain authority|essay|
        essays|essay writing|writing service|dissertation|thesis|assignment|assignment help|homework help|
        outsourcing|logo design|app development|hosting|wordpress|plugin|plugins""",
    "you": """
        you|your|yours|yourself|youre|u|ur|ya|yall|du|dich|dir|dein|ihr|você|voce|vc|tu|te|seu|ты|тебя|вы|вас|너|kamu|lu""",
    "me": """
        i|me|my|mine|myself|im|ive|ich|mich|mir|mein|eu|meu|minha|я|меня|мне|мой|나|내|aku|saya|gue""",
    "group": """
        we|us|our|they|them|their|these|those people|people like|all of|wir|sie|eles|nos|они|мы|их|kita|mereka""",
    "stop": """
        the|a|an|and|or|but|if|of|to|in|on|at|by|for|with|from|as|is|are|was|were|be|been|has|have|had|do|does|did|not|
        no|so|it|its|this|that|there|here|what|which|who|when|how|why|will|would|can|could|should|than|then|just|about|
        der|die|das|und|oder|aber|nicht|ist|ein|eine|zu|mit|auf|o|e|que|de|da|em|um|uma|para|com|não|nao|se|é|só|às|à|
        и|в|не|на|что|с|это|как|а|то|по|но|у|за|от|yang|di|dan|ini|itu|ada|tidak|ga|nya""",
    "argument": """
        because|however|although|therefore|government|president|trump|obama|clinton|congress|party|democrats|
        republicans|liberals|conservatives|article|media|news|law|police|country|tax|taxes|vote|voters|election|state|
        states|federal|public|court|school|schools|city|history|evidence|opinion|agree|disagree|facts|truth|wrong|
        actually|maybe|perhaps|probably|problem|issue|point|question|reason|regierung|merkel|politik|governo""",
    "direct": """
        you are|youre a|you re|your a|you suck|you stupid|you idiot|you fucking|you dumb|you should|you need|you people|
        shut up|fuck you|fuck off|go fuck|screw you|kill yourself|go die|get lost|piss off|go away|get out|you moron|
        you piece|you bitch|you racist|hate you|kill you|du bist|você é|voce é|você e|voce e|ты такой|иди на""",
    "violence": """
        kill|killed|kills|murder|shoot|shot|hang|hanged|lynch|burn|stab|bomb|die|dead|execute|exterminate|gas|rape|
        beat|punch|bullet|gun|destroy|slaughter|behead|töten|umbringen|matar|morrer|убить|убью|сдохни""",
    "insult": """
        idiot|idiots|idiotic|stupid|stupidity|moron|morons|moronic|dumb|dumber|fool|fools|foolish|ignorant|ignorance|
        loser|losers|pathetic|clown|clowns|liar|liars|lying|coward|cowards|scum|trash|garbage|disgusting|ridiculous|
        hypocrite|hypocrites|crap|jerk|buffoon|imbecile|troll|trolls|sheep|brainwashed|retard|retarded|pig|pigs|rat|
        rats|vermin|worthless|brainless|clueless|crook|crooks|corrupt|nuts|insane|lunatic|psycho|sick|shame|
        blöd|dumm|dreck|lügner|idioten|otário|otario|burro|lixo|idiota|дурак|идиот|тупой""",
}

#: Names of the counted kinds, in a fixed order.
KINDS: Final = tuple(_LISTS)

#: Each word or pair of words -> the kinds it counts for (indexes into ``KINDS``).
KINDS_OF: Final[dict[str, tuple[int, ...]]] = {}
for _index, _entries in enumerate(_LISTS.values()):
    for _entry in _entries.split("|"):
        _term = _entry.strip()
        if _term:
            KINDS_OF[_term] = (*KINDS_OF.get(_term, ()), _index)
