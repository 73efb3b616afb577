"""What is read of each format, and what is said of what is odd."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from exports_of_others import (
    NOW,
    a_disqus,
    a_post,
    a_thread,
    a_wp_comment,
    a_wp_item,
    a_wxr,
    comments_in,
    odd_in,
    read_all,
)

from classifier.lessons import RulingReason
from service.imports.cleaning import moment
from service.imports.rows import Aside, Odd, Stood, UnreadableFileError, Word

# --- WordPress ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.3"])
def test_a_wordpress_comment_is_read_whole(version: str, tmp_path: Path) -> None:
    """Of every version of the format; white space around values does not count, and a split CDATA section is one."""
    comment = a_wp_comment(
        7,
        "Fine <b>words</b> ]]> here",
        author="\n <![CDATA[ Jo Reader ]]>\n",
        author_IP="::ffff:198.51.100.7",
        parent="3",
        user_id="12",
    )

    (found,) = comments_in(read_all(a_wxr(a_wp_item(comment), version=version), tmp_path))

    assert (found.external_id, found.parent_id, found.author.id) == ("7", "3", "12")
    assert (found.text, found.format) == ("Fine <b>words</b> ]]> here", "html")
    assert (found.author.name, found.author.email, found.author.ip) == (
        "Jo Reader",
        "jo@reader.example",
        "198.51.100.7",
    )
    assert found.created_at == datetime(2020, 5, 1, 12, 0, tzinfo=UTC)
    assert (found.article.url, found.article.title) == ("https://blog.example/harbour", "A new bridge")


@pytest.mark.parametrize(
    ("status", "stood", "word"),
    [
        ("1", Stood.APPROVED, Word.STANDING),
        ("0", Stood.PENDING, Word.STANDING),
        ("spam", Stood.SPAM, Word.LABEL),
        ("trash", Stood.REMOVED, Word.PERSON),
        ("post-trashed", Stood.REMOVED, Word.PERSON),
    ],
)
def test_statuses_of_wordpress(status: str, stood: Stood, word: Word, tmp_path: Path) -> None:
    """An approval may be nobody's word, and trash is somebody's without a reason."""
    (found,) = comments_in(read_all(a_wxr(a_wp_item(a_wp_comment(status=status))), tmp_path))

    assert (found.stood, found.word) == (stood, word)


@pytest.mark.parametrize(
    ("status", "by_hand", "word"),
    [
        ("spam", "true", Word.PERSON),
        ("1", "false", Word.PERSON),
        ("1", "true", Word.STANDING),
        ("spam", "", Word.LABEL),
    ],
)
def test_what_a_person_told_akismet_counts_as_a_persons_word(
    status: str, by_hand: str, word: Word, tmp_path: Path
) -> None:
    """Akismet's own format is never read: a serialised object stays text that nobody looks at."""
    meta = "".join(
        f"<wp:commentmeta><wp:meta_key>{key}</wp:meta_key><wp:meta_value><![CDATA[{value}]]></wp:meta_value>"
        "</wp:commentmeta>"
        for key, value in (
            ("akismet_history", 'O:8:"Exploit_":1:{s:4:"user";s:5:"admin";}'),
            ("akismet_result", "true"),
            ("akismet_user_result", by_hand),
        )
    )

    (found,) = comments_in(read_all(a_wxr(a_wp_item(a_wp_comment(status=status, meta=meta))), tmp_path))

    assert found.word is word
    assert "Akismet said spam" in found.provenance
    assert "Exploit" not in repr(found)


def test_only_readers_comments_on_posts_are_taken(tmp_path: Path) -> None:
    """What is left out is counted with its line."""
    comments = [a_wp_comment(1, type="comment"), a_wp_comment(2, type="pingback"), a_wp_comment(3, type="order_note")]
    wxr = a_wxr(a_wp_item(*comments), a_wp_item(a_wp_comment(4), kind="attachment"))

    read = read_all(wxr, tmp_path)

    assert [each.external_id for each in comments_in(read)] == ["1"]
    assert [what for what, _ in odd_in(read)] == [Odd.NO_COMMENT_OF_READERS] * 2 + [Odd.NO_POST]
    lines = wxr.splitlines()
    assert all(lines[line - 1].endswith("<wp:comment>") for _, line in odd_in(read))


def test_missing_and_impossible_values_leave_the_comment(tmp_path: Path) -> None:
    """No date, no author, a date of zeros, an address that is none, a link that is none, a parent that never comes."""
    comments = [
        a_wp_comment(1, date="", date_gmt="0000-00-00 00:00:00", author_IP="unknown", parent="99"),
        a_wp_comment(2, date_gmt="0000-00-00 00:00:00", author="", author_email=""),
        a_wp_comment(3, date_gmt="yesterday"),
        a_wp_comment(4, date_gmt="2099-01-01 00:00:00", status="maybe"),
    ]

    read = read_all(a_wxr(a_wp_item(*comments, link="javascript:alert(1)")), tmp_path)

    found = comments_in(read)
    assert [each.created_at and each.created_at.hour for each in found] == [None, 14, None, None]
    assert (found[0].author.ip, found[0].parent_id, found[1].author.email) == (None, "99", None)
    assert (found[0].article.url, found[0].article.id) == ("", "3")
    assert found[3].stood is Stood.PENDING
    assert {what for what, _ in odd_in(read)} == {Odd.BAD_IP, Odd.BAD_URL, Odd.BAD_DATE, Odd.UNKNOWN_STATUS}


def test_long_texts_and_values_are_cut_and_empty_ones_left_out(tmp_path: Path) -> None:
    """Each is said."""
    comments = [a_wp_comment(1, "word " * 20_000), a_wp_comment(2, " \n"), a_wp_comment(3, author="n" * 2_000)]

    read = read_all(a_wxr(a_wp_item(*comments)), tmp_path)

    assert [len(each.text) for each in comments_in(read)] == [65_536, 26]
    assert [what for what, _ in odd_in(read)] == [Odd.TEXT_CUT, Odd.NO_TEXT, Odd.VALUE_CUT]


# --- Disqus -------------------------------------------------------------------------------------------------------


def test_disqus_is_read_with_its_traps(tmp_path: Path) -> None:
    """Threads that share a link or have none, orphans, spam and deletion of unknown reason."""
    read = read_all(
        a_disqus(
            a_thread(1),
            a_thread(2),
            a_thread(3, link="", title=""),
            '<category dsq:id="9"><title>General</title></category>\n',
            a_post(11, 1),
            a_post(12, 2, parent=11, isSpam="true"),
            a_post(13, 3, isDeleted="true"),
            a_post(14, 404, parent=405),
        ),
        tmp_path,
    )

    found = comments_in(read)
    assert [each.external_id for each in found] == ["disqus-11", "disqus-12", "disqus-13", "disqus-14"]
    assert [each.stood for each in found] == [Stood.APPROVED, Stood.SPAM, Stood.REMOVED, Stood.APPROVED]
    assert [each.article.url for each in found] == ["https://blog.example/a"] * 2 + ["", ""]
    assert [each.article.id for each in found] == ["disqus-1", "disqus-2", "disqus-3", None]
    assert (found[1].parent_id, found[3].parent_id, found[0].author.id) == ("disqus-11", "disqus-405", "jo")
    assert found[0].text == "<p>Hello there.</p>"
    assert found[2].word is Word.STANDING
    assert [what for what, _ in odd_in(read)] == [Odd.ORPHAN_THREAD]


# --- CSV ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_csv_as_spreadsheets_write_it(delimiter: str, end: str, mark: str, tmp_path: Path) -> None:
    """With a byte order mark or without, any delimiter, new lines within quotes, columns by their usual names."""
    rows = [
        ["Comment ID", "Comment", "Approved", "E-Mail", "Permalink"],
        ["1", f'"one, two;{end}three ""quoted"""', "1", "jo@reader.example", "https://blog.example/a"],
        ["2", "Plain words", "spam", "", ""],
    ]
    text = mark + "".join(delimiter.join(row) + end for row in rows)

    found = comments_in(read_all(text, tmp_path))

    assert [each.text for each in found] == [f'one, two;{end}three "quoted"', "Plain words"]
    assert [each.stood for each in found] == [Stood.APPROVED, Stood.SPAM]
    assert (found[0].author.email, found[0].article.url) == ("jo@reader.example", "https://blog.example/a")
    assert [each.line for each in found] == [2, 4]


@pytest.mark.parametrize(
    ("header", "value", "stood", "word"),
    [
        ("is_spam", "True", Stood.SPAM, Word.LABEL),
        ("is_spam", "0", Stood.APPROVED, Word.LABEL),
        ("label", "ham", Stood.APPROVED, Word.LABEL),
        ("status", "Published", Stood.APPROVED, Word.STANDING),
        ("status", "deleted", Stood.REMOVED, Word.PERSON),
        ("status", "", Stood.PENDING, Word.STANDING),
        ("mood", "bad", Stood.PENDING, Word.STANDING),
    ],
)
def test_labels_of_tables(header: str, value: str, stood: Stood, word: Word, tmp_path: Path) -> None:
    """A comment of which nothing is known waits for the machine."""
    (found,) = comments_in(read_all(f"id,text,{header}\n1,Some words,{value}\n", tmp_path))

    assert (found.stood, found.word) == (stood, word)


def test_the_operator_says_which_column_is_which(tmp_path: Path) -> None:
    """What is said wins over names; what is not there is named in a sentence."""
    table = "Kommentar,text\nSchön hier,7\n"

    (found,) = comments_in(read_all(table, tmp_path, {"text": "Kommentar", "id": "text"}))

    assert (found.text, found.external_id) == ("Schön hier", "7")
    with pytest.raises(UnreadableFileError, match="There is no column Comment; the columns are Kommentar, text"):
        read_all(table, tmp_path, {"text": "Comment"})
    with pytest.raises(UnreadableFileError, match="There is no field txt"):
        read_all(table, tmp_path, {"txt": "Kommentar"})
    with pytest.raises(UnreadableFileError, match="say which: --map text=COLUMN"):
        read_all("Kommentar,Zahl\nSchön,7\n", tmp_path)


def test_rows_that_do_not_fit_are_named(tmp_path: Path) -> None:
    """Too many cells, too few, none, and foreign bytes: nothing is lost that can be read."""
    table = b"id,text,status\n1,one,1,extra\n2,two\n\n3,,1\n4,caf\xe9,1\n5,fine,1\n"

    read = read_all(table, tmp_path)

    assert [each.text for each in comments_in(read)] == ["one", "two", "café", "fine"]
    assert sorted(odd_in(read), key=lambda each: each[1]) == [
        (Odd.EXTRA_CELLS, 2),
        (Odd.NO_TEXT, 5),
        (Odd.NOT_UTF8, 6),
    ]


def test_a_quote_that_is_never_closed_does_not_swallow_the_file(tmp_path: Path) -> None:
    """A part of it is lost, with the line where that began; what comes behind is read."""
    rows = "".join(f"{number},Words of row {number},1\n" for number in range(100_000))

    read = read_all('id,text,status\nx,"never closed,1\n' + rows, tmp_path)

    assert odd_in(read)[0] == (Odd.BAD_ROW, 2)
    assert comments_in(read)[-1].external_id == "99999"
    assert len(comments_in(read)) > 50_000


def test_a_row_without_an_id_is_the_same_row_tomorrow(tmp_path: Path) -> None:
    """Its id is made of its content."""
    first, second = (comments_in(read_all("text,date\nHello,2020-01-01\n", tmp_path)) for _ in range(2))

    assert first == second
    assert first[0].external_id.startswith("content-")


# --- JSON Lines ---------------------------------------------------------------------------------------------------


def test_json_lines_in_the_shape_of_the_api(tmp_path: Path) -> None:
    """With the status beside the comment; what the API would refuse is left out and named."""
    article = {"url": "https://blog.example/a", "title": "A", "tags": None}
    day = "2020-05-01T12:00:00Z"
    lines = [
        {"kind": "site", "name": "blog"},
        {
            "article": article,
            "comment": {"id": "1", "text": "Yes", "author": {"name": "Jo"}, "created_at": day},
            "status": "approved",
        },
        {"article": article, "comment": {"id": "2", "text": "No"}, "status": "rejected", "reason": "insult"},
        {"article": article, "comment": {"id": "3", "text": "Buy"}, "status": "rejected", "reason": "spam"},
        {"article": article, "comment": {"id": "4", "text": "x" * 70_000}},
        {"article": article, "comment": {"id": "5", "txt": "oops"}},
        {"article": [], "comment": {"id": "6", "text": "y"}, "status": ["approved"], "kind": {}},
        {"text": "Flat words", "label": "spam", "author": {"email": "jo@reader.example"}, "id": 7},
        [1],
    ]
    text = "\n".join(json.dumps(line) for line in lines) + '\n{"comment": \n'

    read = read_all(text, tmp_path)

    found = comments_in(read)
    assert [each.external_id for each in found] == ["1", "2", "3", "4", "7"]
    assert [each.stood for each in found] == [Stood.APPROVED, Stood.REMOVED, Stood.SPAM, Stood.PENDING, Stood.SPAM]
    assert found[0].created_at == datetime(2020, 5, 1, 12, tzinfo=UTC)
    assert (found[1].reason, found[1].word) == (RulingReason.INSULT, Word.PERSON)
    assert found[4].author.email == "jo@reader.example"
    assert read[0] == Aside(1)
    assert odd_in(read) == [
        (Odd.TEXT_CUT, 5),
        (Odd.NOT_FITTING, 6),
        (Odd.NOT_FITTING, 7),
        (Odd.BAD_JSON, 9),
        (Odd.BAD_JSON, 10),
    ]


# --- Any file -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"  \n ", "is empty"),
        (b"PK\x03\x04rest", "unpack it"),
        (b"<html><body>Not found</body></html>", "no WordPress or Disqus export"),
        (b'[{"text": "x"}]', "one object a line"),
        (b"GIF89a\x00\x00", "no text file"),
        (b"\x1f\x8b\x08\x00garbage", "cannot be unpacked"),
    ],
)
def test_what_is_no_export_is_refused_in_a_sentence(content: bytes, said: str, tmp_path: Path) -> None:
    """The sentence says what to do."""
    with pytest.raises(UnreadableFileError, match=said):
        read_all(content, tmp_path)


def test_a_packed_file_is_known_by_what_is_in_it_and_a_torn_one_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """Whatever its name."""
    table = "id,text\n" + "".join(f"{number},Words of comment {number * 7919}\n" for number in range(20_000))
    packed = gzip.compress(table.encode())

    assert len(comments_in(read_all(packed, tmp_path))) == 20_000
    torn = read_all(packed[:-20_000], tmp_path)
    assert 1_000 < len(comments_in(torn)) < 20_000
    assert Odd.TRUNCATED in dict(odd_in(torn))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32", "utf-16-le"])
def test_other_encodings_are_known_by_their_mark(encoding: str, tmp_path: Path) -> None:
    """As spreadsheets write them."""
    mark = "\ufeff" if encoding == "utf-16-le" else ""

    (found,) = comments_in(read_all((mark + "id,text\n1,Ωμέγα café\n").encode(encoding), tmp_path))

    assert found.text == "Ωμέγα café"


def test_a_declared_encoding_holds(tmp_path: Path) -> None:
    """Old exports are in ISO 8859-1."""
    wxr = a_wxr(a_wp_item(a_wp_comment(1, "café"))).replace("UTF-8", "ISO-8859-1").encode("latin-1")

    assert comments_in(read_all(wxr, tmp_path))[0].text == "café"


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("2020-05-01 12:00:00", datetime(2020, 5, 1, 12, tzinfo=UTC)),
        ("2020-05-01T14:00:00+02:00", datetime(2020, 5, 1, 12, tzinfo=UTC)),
        ("1588334400", datetime(2020, 5, 1, 12, tzinfo=UTC)),
        ("1588334400000", datetime(2020, 5, 1, 12, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("1969-12-31", None),
        ("9999-12-31", None),
        ("nonsense", None),
    ],
)
def test_dates(written: str, found: datetime | None) -> None:
    """Without a zone they are UTC."""
    assert moment(written, NOW) == found
