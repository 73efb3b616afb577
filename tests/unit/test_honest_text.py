"""Honest text in any language comes through the normaliser unchanged up to case, and is never taken for a disguise."""

from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.attacks import ATTACKS
from classifier.costumes import visible_letters
from classifier.dense import DENSE, DISGUISE_FEATURES, dense_features
from classifier.folding import LOOK_ALIKES, MARKED, MARKLESS, SHOWN, folded
from classifier.text import LINK_MARK, read

SENTENCES = {
    "ar": "مقال جيد جدا، لكن رئيس البلدية مخطئ في رأيي لأن الطريق مكلف للغاية.",
    "ar-vowels": "الْحَمْدُ لِلَّهِ رَبِّ الْعَالَمِينَ",
    "bg": "Мисля, че кметът греши, защото новият път е твърде скъп и никой не попита хората.",
    "bn": "আমার মনে হয় মেয়র ভুল করছেন, কারণ নতুন রাস্তা খুব দামি।",
    "cs": "Myslím, že starosta se mýlí a příliš žluťoučký kůň úpěl ďábelské ódy. Děkuji za článek, těším se na další.",
    "da": "Jeg synes, borgmesteren tager fejl, fordi den nye vej er for dyr, og ingen spurgte beboerne på øen.",
    "de": "Die Gemeinde hat den Antrag über die Straße abgelehnt, leider völlig zu Recht. Schöne Grüße aus Köln!",
    "el": "Γνώμη μου είναι ότι ο δήμαρχος κάνει λάθος, γιατί ο δρόμος κοστίζει πολλά.",
    "en": "I don't think the mayor's plan is realistic; the café was a naïve idea, e.g. in 2024, and Zoë agrees.",
    "en-small": "Put a lid on it, cut a deal, and add a pinch of salt; I put a sock in it as I do.",
    "es": "El año pasado mi niño aprendió español sobre la montaña; según él, también habló con el señor Muñoz.",
    "fi": "Minusta pormestari on väärässä, koska uusi tie maksaa liikaa. Kissa istuu aallokossa.",
    "fr": "C'est un problème très grave, même pour l'école où j'étais élève. Le maire n'a rien fait depuis l'été.",
    "he": "אני חושב שראש העיר טועה, כי הכביש החדש יקר מדי ואף אחד לא שאל אותנו.",
    "he-vowels": "בְּרֵאשִׁית בָּרָא אֱלֹהִים",
    "hi": "मुझे लगता है कि महापौर गलत हैं, क्योंकि नई सड़क बहुत महंगी है।",
    "hr": "Mislim da gradonačelnik griješi jer je nova cesta preskupa, a nitko nije pitao građane što žele.",
    "hu": "Szerintem a polgármester téved, mert az új út túl sokba kerül, és senki sem kérdezte meg az embereket.",
    "id": "Menurut saya wali kota salah karena jalan baru terlalu mahal dan tidak ada yang bertanya kepada warga.",
    "is": "Ég held að borgarstjórinn hafi rangt fyrir sér því þetta er of dýrt og enginn spurði íbúana.",
    "it": "È una città bellissima, però il sindaco non è più lì perché la gente è già stufa. Così è la vita.",
    "ja": "市長は間違っていると思います。ＮＨＫも言いました！！新しい道路は高すぎる。",
    "ka": "ვფიქრობ, რომ მერი ცდება, რადგან ახალი გზა ძალიან ძვირია.",
    "ko": "시장님이 틀렸다고 생각해요. 새 도로는 너무 비싸고 아무도 주민들에게 묻지 않았어요.",
    "lt": "Manau, kad meras klysta, nes naujas kelias per brangus. Ačiū už straipsnį.",
    "nl": "De burgemeester heeft gisteren gezegd dat de coördinatie van de financiële plannen geëvalueerd wordt.",
    "pl": "Myślę, że burmistrz się myli, a ta droga będzie kosztować więcej niż zakładano.",
    "pt": "Você não sabe o que está acontecendo; a situação é péssima e ninguém faz nada. Até amanhã, irmão!",
    "ro": "Nu cred că primarul are dreptate, însă și ceilalți au greșit în această chestiune foarte importantă.",
    "ru": "Это хорошо написано, но мэр не прав: СССР и США. А я и с ним не согласен, ёлки.",
    "sv": "Jag tycker att borgmästaren har fel, för den nya vägen är alldeles för dyr och ingen frågade oss.",
    "ta": "மேயர் தவறு செய்கிறார் என்று நினைக்கிறேன்.",
    "th": "ฉันคิดว่านายกเทศมนตรีผิด เพราะถนนใหม่แพงเกินไป และไม่มีใครถามเรา",
    "tr": "Bu çok sık oluyor, ama yapacak bir şey yok. Işık söndü ve İstanbul'da yağmur yağdı.",
    "uk": "Це добре написано, але мер помиляється, і ніхто не питав мешканців. Ґанок, їжак, єдність.",
    "vi": "Tôi không đồng ý với ý kiến này, người dân phải được hỏi trước khi xây dựng con đường mới ở thành phố.",
    "zh": "我认为市长错了,因为新路太贵了,没有人问过居民!",
}
LANGUAGES = sorted(SENTENCES)


def lower(text: str) -> str:
    """What may change in honest text: case, and the two costumes that east Asian text wears honestly."""
    plain = text.replace("İ", "i").lower().replace("！", "!")
    return unicodedata.normalize("NFC", plain).replace("ｎｈｋ", "nhk")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_is_only_lowered(language: str) -> None:
    """Marks, dots and letters keep their meaning, whichever way they are encoded."""
    document = read(SENTENCES[language])

    assert document.text == lower(SENTENCES[language])
    assert document.disguises.total == document.disguises.stretched == 0
    assert read(unicodedata.normalize("NFD", SENTENCES[language])).text == document.text


@given(st.lists(st.sampled_from(LANGUAGES), min_size=2, max_size=4))
def test_languages_side_by_side_are_only_lowered(languages: list[str]) -> None:
    """A comment in several languages is nobody's disguise."""
    raw = "\n".join(SENTENCES[language] for language in languages)

    assert read(raw).text == " ".join(lower(SENTENCES[language]) for language in languages)


@given(st.sampled_from(LANGUAGES), st.sampled_from(["vìágrà", "çàsìñö", "ïdíót"]))
def test_a_word_worth_hiding_loses_its_marks_in_english(language: str, word: str) -> None:
    """Marks on a word of abuse or spam are a disguise where nothing else has marks; the rest of the text stays."""
    plain = unicodedata.normalize("NFD", word).encode("ascii", "ignore").decode()

    assert f" {plain} " in read(f"They say {word} is what you get here.").text
    assert lower(SENTENCES[language]) in read(f"{SENTENCES[language]} {word}").text


@given(st.sampled_from([*map(chr, range(0x100, 0x3000)), *map(chr, range(0x1D400, 0x1F200))]))
def test_a_character_is_shown_in_one_way(char: str) -> None:
    """What is shown is shown as it is: folding again changes nothing, and case is kept."""
    shown = SHOWN[char]

    assert "".join(SHOWN[part] for part in shown) == shown
    assert folded(shown) == folded(folded(shown))


def test_marks_and_look_alikes_have_plain_letters() -> None:
    """Every letter that can come off has one or two Latin letters of the same case beneath."""
    for char, plain in (LOOK_ALIKES | MARKED).items():
        assert plain.isascii()
        assert 1 <= len(plain) <= 2
        assert plain.isupper() == char.isupper()
    assert all(len(plain) == 1 for plain in MARKLESS.values())


@pytest.mark.parametrize(
    ("raw", "targets", "text"),
    [
        ("see casino-win (dot) com now", ["casino-win.com"], f"see {LINK_MARK} casino win com now"),
        ("go to cheappills dot com today", ["cheappills.com"], f"go to {LINK_MARK} cheappills com today"),
        ("the dot com bubble", [], "the dot com bubble"),
        ("exa\u200bmple.com", ["example.com"], f"{LINK_MARK} example com"),
        ("hxxp://evil.example/x", ["hxxp://evil.example/x"], f"{LINK_MARK} evil example x"),
        ("ｗｗｗ．ｂｅｔ．ｃｏｍ", ["www.bet.com"], f"{LINK_MARK} bet com"),
        ("раураl.com", ["раураl.com"], f"{LINK_MARK} paypal com"),
        ("müller.de", ["müller.de"], f"{LINK_MARK} müller de"),
    ],
)
def test_an_address_in_disguise_is_a_link_with_its_true_target(raw: str, targets: list[str], text: str) -> None:
    """Words are read as people read them; the target is what a browser would open, look-alikes included."""
    document = read(raw)

    assert [link.target for link in document.links] == targets
    assert document.text == text


COSTUMES = (
    "homoglyphs", "half_homoglyphs", "zero_width", "full_width", "mathematical", "circled", "enclosed", "soft_hyphens",
    "comments", "bidi", "tags",
)  # fmt: skip


@pytest.mark.parametrize("attack", COSTUMES)
def test_a_costume_changes_nothing_but_the_counts_of_disguises(attack: str) -> None:
    """Disguise alone is no evidence of abuse: all other features are those of the plain text."""
    text = "You should see what the Council decided about our school. What a pity!"
    plain, disguised = read(text), read(ATTACKS[attack](text, random.Random(3)))

    before, after = dense_features(plain), dense_features(disguised)

    assert disguised.text == plain.text
    assert disguised.visible == plain.visible
    assert [DENSE[at] for at in range(len(DENSE)) if before[at] != after[at] and at not in DISGUISE_FEATURES] == []


@pytest.mark.parametrize(
    ("raw", "word", "written"),
    [
        ("so v i a g r a, now", "viagra", "v i a g r a"),
        ("go f r e e  m o n e y", "money", "m o n e y"),
        ("see \u202etoidi na era uoy\u202c ok", "idiot", "\u202etoidi na era uoy\u202c"),
        ("at cheappills dot com today", "cheappills", "cheappills dot com"),
        ("They say ídíót to me", "idiot", "ídíót"),
        ("what an 1d10t you are", "idiot", "1d10t"),
        ("what an id.iot you are", "idiot", "id.iot"),
    ],
)
def test_a_word_put_right_leads_back_to_what_was_written(raw: str, word: str, written: str) -> None:
    """Reasons quote the comment as it stands."""
    document = read(raw)
    start = document.text.index(word)

    span = document.raw_span(start, start + len(word))

    assert raw[span.start : span.end] == written


@pytest.mark.parametrize(
    "doubtful",
    [
        "Elizabeth II, Louis XVIII and John XXIII were in room B2 with an mp3 of C++.",
        "The martial trail and the causal form of the clam.",
        "A to B, B to C; grades A B C D; the 2nd, 3rd and 4th of G20.",
        "🇺🇸🇬🇧 1️⃣ ①② m² ½",
    ],
)
def test_doubtful_readings_are_left_alone(doubtful: str) -> None:
    """Rare words, numbers, names of one letter and flags are what they are."""
    document = read(doubtful)

    assert document.disguises.total == 0
    assert document.text.split()[:3] == folded(doubtful).split()[:3]


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_true_letters_of_an_address_are_visible(text: str) -> None:
    """Nothing invisible stays in a target."""
    assert not set(visible_letters(text)) & set("\u200b\u200d\u2060\ufeff\u00ad")
