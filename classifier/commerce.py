"""Words that real commenters rarely carry in their name or address, and spammers do; ours, hence in plain text."""

from __future__ import annotations

from typing import Final

from classifier.phrases import terms

#: Unmistakable: nobody is called that.
STRONG_COMMERCE: Final = terms(
    """
    viagra|cialis|levitra|tramadol|xanax|pharmacy|pharma|phentermine|ivermectin|pills|keto|gummies|casino|casinos|
    slots|gacor|togel|judi|poker|sportsbook|betting|jackpot|baccarat|bookmaker|payday|loan|loans|mortgage|insurance|
    credit card|backlink|backlinks|seo|essay|essays|dissertation|escort|escorts|porn|porno|xxx|webcam|onlyfans|
    replica|knockoff|handbags|jerseys|outlet|vuitton|gucci|prada|rolex|ugg boots|air max|jordans|ray ban|oakley|
    michael kors|nike free|coupon|coupons|discount|promo code|wholesale|cheap|crack|keygen|torrent|download free|
    free download|warez|forex|crypto|bitcoin|airdrop|presale|binary options|make money|earn money|work from|
    weight loss|lose weight|diet|buy now|click here|visit site|visit here|more info|read more|my website|web design|
    web hosting|website design|locksmith|plumbers|roofers|roofing|carpet cleaning|movers|limo|car rental|cash for|
    call girls|call girl|massage|spell caster|love spell|medyum|bahis|kredit|gutschein|кредит|казино|ставки|купить|
    проститутки|займ|виагра|followers|steroids|vape|cbd|hair loss|enlargement|mattress|custom essay|essay writing|
    assignment help|helpline|customer care|customer service|tech support|support number|toll free|agen|slot|
    slot online|situs|bandar|maxwin
    """
)

#: Words of trade that can also stand in an honest name.
COMMERCE: Final = STRONG_COMMERCE | terms(
    """
    buy online sale sales shop store best top free price prices deals deal offer offers service services company
    agency marketing solutions solution experts expert consultant hosting software app apps games gaming review
    reviews guide tips news info blog website site web www com repair repairs cleaning plumber plumbing electrician
    contractor contractors dentist dental lawyer lawyers attorney clinic hotel hotels travel tours tour rental
    rentals real estate property furniture shoes boots watches bags jewelry fashion dress dresses perfume
    supplements health fitness beauty skin hair doctor online training course courses academy school tutor
    investment invest trading trader broker wallet coin token money cash rich income credit debt finance bank tax
    video videos movies movie stream streaming iptv vpn proxy hack hacker cheats generator followers likes views
    printing signs moving storage security camera solar auto car cars parts
    """
)

#: Zones where a name costs nothing and spam is common.
WEAK_TLDS: Final = terms(
    """
    xyz top icu click loan win bid vip bet casino poker gq tk ml ga cf work party racing review stream trade date
    men cam buzz rest monster quest cyou sbs cfd lol porn sexy adult
    """
)

DISPOSABLE_MAIL: Final = terms(
    """
    mailinator.com guerrillamail.com 10minutemail.com tempmail.com temp-mail.org yopmail.com trashmail.com
    sharklasers.com getnada.com maildrop.cc dispostable.com throwawaymail.com fakeinbox.com mintemail.com
    spamgourmet.com moakt.com
    """
)

FREE_MAIL: Final = terms(
    """
    gmail.com googlemail.com yahoo.com hotmail.com outlook.com live.com icloud.com aol.com gmx.de gmx.net web.de
    mail.ru yandex.ru proton.me protonmail.com qq.com 163.com naver.com
    """
)

#: Hosts whose links hide where they lead: shorteners and messengers.
SHORTENERS: Final = terms(
    """
    bit.ly tinyurl.com goo.gl t.co ow.ly is.gd buff.ly cutt.ly rb.gy shorturl.at tiny.cc adf.ly s.id t.me wa.me
    rebrand.ly bl.ink soo.gd clck.ru vk.cc lnkd.in linktr.ee shrinke.me ouo.io bc.vc x.co v.gd qr.ae u.to
    """
)

#: Ends of host names that people cite in discussions.
FAMILIAR_HOSTS: Final = tuple(
    sorted(
        terms(
            """
            wikipedia.org wikimedia.org youtube.com youtu.be twitter.com facebook.com reddit.com github.com archive.org
            nytimes.com washingtonpost.com wsj.com bbc.co.uk bbc.com cnn.com foxnews.com npr.org pbs.org apnews.com
            reuters.com bloomberg.com politico.com theguardian.com independent.co.uk telegraph.co.uk cbc.ca ctvnews.ca
            theglobeandmail.com huffingtonpost.com huffpost.com latimes.com usatoday.com nbcnews.com cbsnews.com
            abcnews.go.com time.com theatlantic.com newyorker.com economist.com spiegel.de zeit.de faz.net
            sueddeutsche.de tagesschau.de lemonde.fr
            elpais.com uol.com.br globo.com snopes.com politifact.com nature.com .gov .edu .mil
            .gov.uk .ac.uk .gc.ca .europa.eu un.org who.int stackoverflow.com
            """
        )
    )
)
