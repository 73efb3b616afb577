"""The text path: what it undoes, what it leaves alone, and where its result came from."""

from __future__ import annotations

import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.attacks import ATTACKS
from classifier.dense import DENSE, _shape_of_text, dense_features
from classifier.text import LINK_MARK, read, skeleton_of, words_of

HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("aаeе0@$!.*-_ \t\n<>&;[]#/:\u200b\u202e\u0301\u0323\uff21\U0001d400\u1160\ufeff😀İßﬁ각"),
    ),
    max_size=80,
)


@given(HOSTILE)
def test_the_result_is_clean_whatever_comes_in(raw: str) -> None:
    """Single spaces, no edges, no control characters, encodable, and the same a second time."""
    text = read(raw).text

    assert text == " ".join(text.split())
    assert not any(ord(char) < 32 for char in text)
    assert text.encode().decode() == text
    assert text == read(raw).text


@given(HOSTILE)
def test_every_stretch_leads_back_into_the_raw_text(raw: str) -> None:
    """Spans are inside the raw text, and a later stretch never begins before an earlier one."""
    document = read(raw)
    last = 0

    for index in range(len(document.text)):
        span = document.raw_span(index, index + 1)
        assert 0 <= span.start <= span.end <= len(raw)
        assert span.start >= last
        last = span.start


@given(st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz ,'"), max_size=60))
def test_the_whole_text_leads_back_to_the_whole_raw_text(raw: str) -> None:
    """The span of everything covers every visible character."""
    document = read(raw)

    if document.text:
        span = document.raw_span(0, len(document.text))
        assert not raw[: span.start].strip()
        assert not raw[span.end :].strip()


def test_every_character_can_be_read() -> None:
    """No code point that anyone writes is too odd to be counted."""
    for start in (*range(0, 0x20000, 4096), 0xE0000):
        raw = " ".join(map(chr, range(start, start + 4096)))
        document = read(raw)
        assert len(dense_features(document)) == len(DENSE)


@pytest.mark.parametrize(
    "honest",
    [
        "Это хорошо написано, но мэр не прав.",
        "Die Gemeinde hat den Antrag abgelehnt, leider.",
        "이 기사 정말 좋네요",
        "The U.S. and the U.K. met at 10:30, e.g. in room B2 on the 3rd.",
        "A well-known and/or state-run TV station, 24/7.",
        "I work with C++ and mp3 files since 2019.",
        "house prices.The end of Jan. is near",
        "γνώμη μου είναι διαφορετική",
        "مقال جيد جدا",
        "plan a or b? i say b",
    ],
)
def test_honest_text_is_only_lowered(honest: str) -> None:
    """No language and no ordinary way of writing is taken for a disguise."""
    document = read(honest)

    assert document.text == honest.lower()
    assert document.disguises.total == 0


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("H<b>el</b>lo &#119;orld", "hello world"),
        ("ｆｕｌｌ 𝓯𝓻𝓮𝓮 🅵🆁🅴🅴 ᴄᴀsɪɴᴏ", "full free free casino"),
        ("vi\u200bag\u202era", "viagra"),
        ("раураl саsіnо now", "paypal casino now"),
        ("z̷̢a̴l̵g̶o̷ text", "zalgo text"),
        ("you are an 1d10t", "you are an idiot"),
        ("f.u.c.k this", "fuck this"),
        ("s t u p i d", "stupid"),
        ("I  d o n ' t  k n o w ,  i t  i s  2 0 1 6 .", "i don't know, it is 2016."),
        ("id.iot and mo😀ron", "idiot and moron"),
        ("stpuid idoit", "stupid idiot"),
        ("sooooo stuuuupid", "so stupid"),
        ("a$$hole", "asshole"),
        ("sh*t", "shit"),
    ],
)
def test_disguises_come_off(raw: str, plain: str) -> None:
    """A person reads these at once, and so does the normaliser."""
    assert read(raw).text == plain


def test_a_span_covers_the_disguise_as_written() -> None:
    """Highlighting shows what stands in the comment, markup and all."""
    raw = "Oh you f<i>u</i>&#99;k off"
    document = read(raw)
    start = document.text.index("fuck")

    span = document.raw_span(start, start + 4)

    assert raw[span.start : span.end] == "f<i>u</i>&#99;k"


def test_links_keep_their_true_target() -> None:
    """A hidden target is known, and the text holds the words of a visible one."""
    document = read('<a href="http://evil.example/x?a=1&amp;b=2">my blog</a> and www.Cheap-Pills.com/buy')

    assert [(link.target, link.hidden) for link in document.links] == [
        ("http://evil.example/x?a=1&b=2", True),
        ("www.Cheap-Pills.com/buy", False),
    ]
    assert document.text == f"my blog and {LINK_MARK} cheap pills com buy"


@pytest.mark.parametrize("attack", sorted(ATTACKS))
def test_most_words_survive_each_attack(attack: str) -> None:
    """Of common words in disguise at least four in five are read right."""
    words = "people think your stupid government should never spend money because nobody wants another casino"
    disguised = ATTACKS[attack](words, random.Random(7))

    found = set(read(disguised).text.split())

    assert len(found & set(words.split())) >= 0.8 * len(words.split())


def test_a_long_comment_reads_alike_whatever_was_read_before() -> None:
    """Only so many different words are looked into, and never more because the process knows some of them already."""
    long = f"{' '.join(map(str, range(7000, 7450)))} v.i.a.g.r.a"
    first = read(long).text

    read(" ".join(map(str, range(7400, 7450))))

    assert read(long).text == first
    assert read("7000 v.i.a.g.r.a").text == "7000 viagra"


@given(st.one_of(HOSTILE, st.text(st.characters(max_codepoint=0x7F), max_size=80)))
def test_words_are_what_the_expression_says(text: str) -> None:
    """ASCII takes a shorter way to the same words."""
    assert words_of(text) == re.findall(r"\w+", text)


@given(st.text(st.characters(max_codepoint=0x7F), max_size=80))
def test_kinds_of_characters_do_not_depend_on_the_rest_of_the_text(text: str) -> None:
    """ASCII takes a shorter way to the same counts as beside a letter that is none."""
    assert f"{_shape_of_text(text)}f" == _shape_of_text(f"{text}ж")


def test_a_skeleton_has_no_runs() -> None:
    """Runs of one character become one; digits keep theirs."""
    assert skeleton_of("loool 1000 !!!") == "lol 1000 !"


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "<a ",
        "&amp;",
        "&",
        "[url=",
        "@a.b",
        "http://a.co/ ",
        "a.",
        "a ",
        "Привет мир ",
        "e\u0301\u0323",
        "😀a",
        " ",
        "1!",
        "a b  c ! ",
        "a b  ",
    ],
)
def test_time_is_linear_in_hostile_text(piece: str) -> None:
    """The longest text takes a fraction of a second, whatever it is made of."""
    raw = (piece * 65_536)[:65_536]
    read(raw[:1000])

    started = time.process_time()
    read(raw)

    assert time.process_time() - started < 0.5
