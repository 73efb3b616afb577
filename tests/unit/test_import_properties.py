"""Whatever a file holds, readers do not crash, and no well-formed comment is lost."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

from exports_of_others import a_wp_comment, a_wp_item, a_wxr, comments_in, read_all
from hypothesis import given, settings
from hypothesis import strategies as st

from service.imports.detect import Format
from service.imports.rows import Read, UnreadableFileError
from service.imports.storing import _comment_in

XML_TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff\u0085\u2028\u2029"), max_size=60
)
#: What files are made of, so that noise gets past the first byte.
FRAGMENTS = st.lists(
    st.sampled_from(
        [a_wxr(a_wp_item(a_wp_comment())), "<rss>", "<wp:comment>", "]]>", "<![CDATA[", "&#0;", "<!--", "\x00",
         '{"comment": {"text": "x"}, "article": {"url": "https://a.b"}}\n', '{"text": 1e999}\n', '"', ",", ";", "\n",
         "id,text,status\n", "\r", "é", "<disqus xmlns='http://disqus.com'>", "<post>", "</post>", "<thread/>"]
    ),
    max_size=12,
)  # fmt: skip


def read(content: bytes, asked: Format | None = None) -> list[Read]:
    """What comes of a file; nothing where it is refused in a sentence."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return read_all(content, Path(folder), asked=asked)
        except UnreadableFileError:
            return []


@settings(max_examples=150)
@given(st.one_of(st.binary(max_size=400), FRAGMENTS.map("".join).map(str.encode)), st.sampled_from([None, *Format]))
def test_no_file_makes_a_reader_crash(content: bytes, asked: Format | None) -> None:
    """Of any format that it is said to have; and what comes out the API would take."""
    for each in comments_in(read(content, asked)):
        made = _comment_in(each)
        made.text.encode()
        assert made.text.strip()


@settings(max_examples=60)
@given(st.lists(st.tuples(XML_TEXT, XML_TEXT), max_size=8))
def test_every_well_formed_comment_of_wordpress_is_read(rows: list[tuple[str, str]]) -> None:
    """With its text as it was stored."""
    wxr = a_wxr(a_wp_item(*(a_wp_comment(at, text, author=escape(name)) for at, (text, name) in enumerate(rows))))

    found = {each.external_id: each for each in comments_in(read(wxr.encode()))}

    wanted = {str(at): (text, name.strip() or None) for at, (text, name) in enumerate(rows) if text.strip()}
    assert {key: (each.text, each.author.name) for key, each in found.items()} == wanted


@settings(max_examples=60)
@given(
    st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=60), max_size=8),
    st.sampled_from([",", ";", "\t"]),
)
def test_every_row_of_a_table_is_read(texts: list[str], delimiter: str) -> None:
    """Quotes, delimiters and ends of lines within a text are part of it."""
    table = io.StringIO(newline="")
    writer = csv.writer(table, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(["id", "text", "status"])
    writer.writerows([at, text, "1"] for at, text in enumerate(texts))

    found = comments_in(read(table.getvalue().encode()))

    assert {each.external_id: each.text for each in found} == {
        str(at): text for at, text in enumerate(texts) if text.strip()
    }


@settings(max_examples=60)
@given(st.lists(st.text(max_size=60), max_size=8))
def test_every_line_of_json_is_read(texts: list[str]) -> None:
    """Halves of surrogate pairs, which no database takes, are replaced."""
    lines = [
        json.dumps({"article": {"url": "https://blog.example"}, "comment": {"id": f"c{at}", "text": text}})
        for at, text in enumerate(texts)
    ]

    found = comments_in(read("".join(f"{line}\n" for line in lines).encode()))

    wanted = {
        f"c{at}": "".join("\ufffd" if each == "\0" or "\ud800" <= each <= "\udfff" else each for each in text)
        for at, text in enumerate(texts)
        if text.strip()
    }
    assert {each.external_id: each.text for each in found} == wanted
