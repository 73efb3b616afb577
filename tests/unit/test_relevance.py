"""Relevance to the page, languages, and who answers for a link."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from classifier.domain import Article, Author, Context
from classifier.domains import MOST_DOMAINS, domain_of, domains_of
from classifier.languages import language_of
from classifier.relevance import MOST_MITIGATION, MOST_ON_TOPIC, ON_TOPIC, relevance, relevance_signals
from classifier.relevance_check import relevance_auc
from classifier.text import read, words_of

FERRY = Article(
    url="https://news.example/ferry",
    title="Ferry company cancels winter sailings to the islands",
    text="The company said that the harbour council had refused to pay for a second vessel during the winter months.",
)
WAR = Article(
    url="https://news.example/war",
    title="Drone attack kills three in the capital",
    text="A bomb carried by a drone killed three people, the police said. Nobody has claimed the attack.",
)
PRAISE = (
    "Wonderful article, I must say your writing style is amazing, keep up the great work, I will bookmark your blog!"
)


def weights(text: str, article: Article = FERRY, **fields: Any) -> dict[str, float]:
    """What relevance says by code and head, but for being on the topic."""
    found = all_weights(text, article, **fields)
    return {name: weight for name, weight in found.items() if name != "relevance.on_topic:spam"}


def all_weights(text: str, article: Article = FERRY, **fields: Any) -> dict[str, float]:
    """What relevance says, by code and head."""
    signals = relevance_signals(Context(text=text, article=article, **fields), read(text))
    return {f"{signal.code}:{signal.head}": signal.weight for signal in signals}


def near(text: str, article: Article = FERRY, **fields: Any) -> float:
    """How relevant a text is to a page."""
    found = relevance(Context(text=text, article=article, **fields), read(text))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "article"),
    [
        ("Two vessels were never enough for the islanders, ask anyone at the harbour.", FERRY),
        ("First they bombed the police, now the capital itself.", WAR),
        (
            "배우가 정말 연기를 잘하더라, 드라마 다음 회가 기대된다",
            Article(title="배우 김하늘, 새 드라마에서 연기 변신"),
        ),
        (
            "La alcaldesa prometió autobuses nuevos y seguimos esperando",
            Article(title="La alcaldesa anuncia una flota de autobuses eléctricos"),
        ),
    ],
)
def test_a_comment_is_nearer_to_its_own_article(text, article):
    """By the words that are the topic's own, in whatever form and language."""
    other = WAR if article is FERRY else FERRY

    assert near(text, article) > 1 > 0 > near(text, other)


def test_usual_words_make_no_comment_relevant():
    """What stands under every article is no sign of this one."""
    assert near("I think that the people have said what they think about it, and I do not.") < ON_TOPIC


def test_the_comment_answered_is_part_of_the_topic():
    """Talk drifts away from the article, one answer at a time."""
    text = "Lighthouses had keepers until the eighties, my uncle was the last."

    assert near(text, parent_text="I wrote my thesis on lighthouse keepers") > 2 > near(text)


def test_without_a_topic_there_is_no_relevance():
    """Neither near nor far."""
    assert relevance(Context(text="Hello there"), read("Hello there")) is None


def test_being_on_the_topic_speaks_a_little_against_spam():
    """At most one logit, since anybody can copy a title; and not for what carries a link."""
    text = "The ferry company always blamed the harbour council for the winter sailings, the islands know it."

    assert -MOST_ON_TOPIC <= all_weights(text)["relevance.on_topic:spam"] < 0
    assert "relevance.on_topic:spam" not in all_weights(f"{text} https://shop.example")


def test_relevance_is_measured_on_news_comments(tmp_path):
    """On rows with a page each, real against shuffled; the interval holds the value."""
    said = {"Ferry cancels winter sailings": "The ferry should sail in winter", "Bank raises fees": "My bank fees rose"}
    rows = [
        {"text": text, "thread": title, "context": f"ARTICLE: {title} | SUMMARY: {title} | PREVIOUS: {text}"}
        for title, text in said.items()
    ]
    (tmp_path / "abuse").mkdir()
    for source in ("fox_news_comments", "korean_news_comments"):
        with gzip.open(tmp_path / "abuse" / f"{source}.jsonl.gz", "wt", encoding="utf-8") as lines:
            lines.writelines(json.dumps(row) + "\n" for row in rows)

    first, second, *_ = relevance_auc(tmp_path)

    assert first == {
        "source": "fox_news_comments", "known": "article", "auc": 1.0, "low": 1.0, "high": 1.0,
        "comments": 2, "articles": 2,
    }  # fmt: skip
    assert second["known"] == "article and comment answered"


def test_fluent_praise_without_a_word_of_the_article():
    """What a machine writes that has not read it; weak, for people praise too."""
    assert 0 < weights(PRAISE)["relevance.off_topic_praise:spam"] <= 1.0


@pytest.mark.parametrize(
    "text",
    [
        "Great article, thank you!",
        PRAISE + " Those winter sailings were badly needed.",
        "The mayor has never once taken that boat himself and it shows in every single decision.",
    ],
    ids=["short", "on topic", "no praise"],
)
def test_people_who_praise_are_not_suspected(text):
    """Short thanks, praise of the subject, and talk that is no praise."""
    assert weights(text) == {}


def test_praise_that_answers_a_comment_may_speak_of_that():
    """The comment answered is part of the topic."""
    parent = "I wrote my thesis on lighthouse keepers"

    assert weights(PRAISE + " Lighthouse keepers!", parent_text=parent) == {}


def test_without_an_article_nothing_is_off_topic():
    """A page that says nothing about itself cannot be missed."""
    assert weights(PRAISE, Article(url="https://news.example/x")) == {}


def test_violent_words_under_an_article_about_violence():
    """They speak a little less for abuse, and never more than a bound."""
    found = weights("Whoever sent the drone to bomb the city and killed those people is a terrorist.", WAR)

    assert set(found) == {"relevance.topic_words:toxicity", "relevance.topic_words:threat"}
    assert all(-MOST_MITIGATION <= weight < 0 for weight in found.values())


@pytest.mark.parametrize("text", ["I will kill you with a bomb", "your family should be killed by that drone"])
def test_no_article_excuses_a_threat(text):
    """Violent words near a "you" are not about the article."""
    assert weights(text, WAR) == {}


def test_violent_words_under_a_peaceful_article_are_not_excused():
    """Nothing there is about violence."""
    assert weights("They should bomb the harbour and kill the whole council.") == {}


# --- Languages ----------------------------------------------------------------------------------------------------

SAID = {
    "en": "I do not think that the council was right about the bridge and they know it",
    "de": "Ich finde nicht, dass die Stadt mit der Brücke und dem Hafen auf dem richtigen Weg ist",
    "fr": "Je ne pense pas que la mairie ait raison sur le pont et les gens le savent",
    "es": "No creo que el ayuntamiento tenga razón en lo del puente y los vecinos lo saben",
    "pt": "Eu não acho que a prefeitura esteja certa sobre a ponte e os vizinhos não sabem o que fazer",
    "it": "Non credo che il comune abbia ragione sul ponte e la gente lo sa, ma non è una sorpresa",
    "nl": "Ik denk niet dat de gemeente gelijk heeft over de brug en dat het een goed plan is",
    "pl": "Nie sądzę, że miasto ma rację i to jest po prostu dla nas wszystkich za drogie, ale co zrobić",
    "tr": "Bu köprü için çok para harcandı ve bence bir anlamı yok ama belediye de bunu biliyor, ne yapalım",
    "id": "Saya tidak setuju dengan ini dan itu karena jembatan yang lama masih bisa untuk kita",
    "ru": "Я не думаю, что город прав, и мы все это знаем, но они как всегда за своё",
    "uk": "Я не думаю, що місто має рацію, і ми всі це знаємо, але вони як завжди за своє",
    "ja": "この橋については市の判断が正しいとは思いません",
    "ko": "나는 시청이 다리에 대해 옳다고 생각하지 않습니다",
    "zh": "我不认为市政府关于这座桥的决定是正确的",
    "ar": "لا أعتقد أن المدينة على حق بشأن الجسر",
    "el": "Δεν νομίζω ότι ο δήμος έχει δίκιο για τη γέφυρα",
}


@pytest.mark.parametrize(("language", "text"), SAID.items())
def test_a_sentence_is_known_by_its_small_words_or_its_script(language, text):
    """About a dozen languages and some scripts."""
    document = read(text)

    assert language_of(document.visible, words_of(document.text)) == language


@pytest.mark.parametrize("text", ["", "ok", "lol", "WOW WOW WOW", "Marvin Anna Boris Chloe Dana Emil Farid Greta Hugo"])
def test_what_is_not_plain_has_no_language(text):
    """Names, shouts and one word."""
    assert language_of(text, words_of(text.lower())) is None


def test_another_language_than_the_articles_is_weak_evidence():
    """And none when it is the language of the comment answered."""
    article = Article(url="https://news.example/a", title="The bridge", text=SAID["en"])

    assert weights(SAID["ru"], article) == {"language.mismatch:spam": 0.3}
    assert weights(SAID["ru"], article, parent_text=SAID["ru"]) == {}
    assert weights(SAID["en"], article) == {}


# --- Domains ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("https://www.example.co.uk/path?x=1", "example.co.uk"),
        ("http://user:pw@shop.Example.com:8080/", "example.com"),
        ("anna.blogspot.com/2024", "anna.blogspot.com"),
        ("http://192.0.2.7/x", "192.0.2.7"),
        ("пример.рф", "пример.рф"),
        ("com", None),
        ("localhost", None),
        ("not a link", None),
        ("", None),
    ],
)
def test_who_answers_for_a_link(address, domain):
    """The registered name, and a tenant's where many tenants share one."""
    assert domain_of(address) == domain


def test_a_comments_domains_are_few_and_not_the_sites_own():
    """Those of the links and of the author's name, each once."""
    text = "https://news.example.org/other https://a.example.com/1 https://b.example.com/2"
    context = Context(
        text=text, article=Article(url="https://www.example.org/a"), author=Author(url="https://jo.example.net")
    )
    many = " ".join(f"https://site{n}.com" for n in range(100))

    assert domains_of(context, read(text)) == ("example.com", "example.net")
    assert len(domains_of(Context(text=many), read(many))) == MOST_DOMAINS
    assert domains_of(Context(text="none"), read("none")) == ()
