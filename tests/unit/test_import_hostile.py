"""XML that wants to do harm is refused; XML that is only broken is read as far as it goes."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from exports_of_others import NOW, a_wp_comment, a_wp_item, a_wxr, comments_in, odd_in, read_all

from service.imports.detect import Format, reader_for
from service.imports.rows import Odd
from service.imports.source import open_source
from service.imports.xml_events import RefusedXmlError

LAUGHS = "<!DOCTYPE lolz [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(9)
)


@pytest.mark.parametrize(
    "before",
    [
        LAUGHS + "]>",
        "<!DOCTYPE rss [<!ENTITY file SYSTEM 'file:///etc/passwd'>]>",
        "<!DOCTYPE rss [<!ENTITY % remote SYSTEM 'http://192.0.2.1/evil.dtd'> %remote;]>",
        "<!DOCTYPE rss SYSTEM 'http://192.0.2.1/evil.dtd'>",
        "<!DOCTYPE rss PUBLIC '-//x' 'http://192.0.2.1/evil.dtd'>",
        "<!DOCTYPE rss [<!ATTLIST rss a CDATA 'x'>]>",
        "<!DOCTYPE rss>",
    ],
    ids=["laughs", "file", "parameter", "system", "public", "attributes", "bare"],
)
def test_document_types_and_entities_are_refused(before: str, tmp_path: Path) -> None:
    """Whatever they would have done."""
    with pytest.raises(RefusedXmlError, match="This file is refused: line 2 has a document type declaration"):
        read_all(a_wxr(a_wp_item(a_wp_comment(1, "&j;")), before=before), tmp_path)


def test_elements_without_end_are_refused(tmp_path: Path) -> None:
    """Nesting and attributes that would fill the memory."""
    with pytest.raises(RefusedXmlError, match="nested"):
        read_all(a_wxr("<a>" * 10_000), tmp_path)


def test_an_endless_tag_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    """A gigabyte in one attribute, a few kilobytes when packed, is not read to its end."""
    path = tmp_path / "bomb.xml.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(a_wxr("<item a='").partition("</channel>")[0].encode())
        for _ in range(256):
            file.write(b"x" * 1024 * 1024)
    tracemalloc.start()

    with closing(open_source(path)) as source, pytest.raises(RefusedXmlError, match="one tag without an end"):
        list(reader_for(source, None, {}).read(source, NOW))

    assert tracemalloc.get_traced_memory()[1] < 64 * 1024 * 1024
    tracemalloc.stop()


def test_an_endless_text_is_cut(tmp_path: Path) -> None:
    """And what comes after it is read."""
    read = read_all(a_wxr(a_wp_item(a_wp_comment(1, "long " * 2_000_000), a_wp_comment(2))), tmp_path)

    assert [len(each.text) for each in comments_in(read)] == [65_536, 26]


def test_a_truncated_export_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """Wherever it was cut: what was whole is there, and the last line says that it ends."""
    whole = a_wxr(a_wp_item(*(a_wp_comment(number) for number in range(1, 6))))
    third = whole.index("<wp:comment_id>3<")
    for cut in range(third, third + 120):
        read = read_all(whole[:cut], tmp_path)

        assert [each.external_id for each in comments_in(read)] == ["1", "2"], cut
        assert odd_in(read)[-1] == (Odd.TRUNCATED, whole[:cut].count("\n") + 1), cut


def test_forbidden_characters_are_spaces_and_named_by_line(tmp_path: Path) -> None:
    """As raw bytes and as references, in every place; the rest of the file is read."""
    wxr = a_wxr(a_wp_item(a_wp_comment(1, "one\x02two\x0b"), a_wp_comment(2, author="A&#x1f;B"), a_wp_comment(3)))

    read = read_all(wxr, tmp_path)

    found = comments_in(read)
    assert found[0].text == "one two "
    assert (found[1].author.name, len(found)) == ("A B", 3)
    at = [number for number, line in enumerate(wxr.split("\n"), 1) if "\x02" in line or "&#x1f;" in line]
    assert {(Odd.CONTROL, line) for line in at} <= set(odd_in(read))


@pytest.mark.parametrize("middle", ["<broken", "</wrong>", "& alone", "&nbsp;"])
def test_a_broken_middle_keeps_what_was_read(middle: str, tmp_path: Path) -> None:
    """The line is named."""
    wxr = a_wxr(a_wp_item(a_wp_comment(1)), middle, a_wp_item(a_wp_comment(2)))

    read = read_all(wxr, tmp_path)

    assert [each.external_id for each in comments_in(read)] == ["1"]
    assert odd_in(read)[-1][0] is Odd.BROKEN


def test_foreign_bytes_are_read_as_windows_1252(tmp_path: Path) -> None:
    """A database of old and an export of new."""
    wxr = a_wxr(a_wp_item(a_wp_comment(1, "caf\xe9 \x93quoted\x94"), a_wp_comment(2, "Ωμέγα")))
    mixed = wxr.encode().replace("caf\xe9 \x93quoted\x94".encode(), b"caf\xe9 \x93quoted\x94")

    read = read_all(mixed, tmp_path)

    assert [each.text for each in comments_in(read)] == ["café “quoted”", "Ωμέγα"]
    assert [what for what, _ in odd_in(read)] == [Odd.NOT_UTF8]


def _comments(count: int) -> Iterator[str]:
    for number in range(count):
        yield a_wp_comment(number, f"Words of comment {number}", parent=str(number + 1))


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Eight times the comments take the same room; parents may come later."""
    peaks = []
    for count in (500, 4_000):
        path = tmp_path / "blog.xml"
        path.write_text(a_wxr(a_wp_item(*_comments(count))))
        tracemalloc.start()
        with closing(open_source(path)) as source:
            assert sum(1 for _ in reader_for(source, Format.WXR, {}).read(source, NOW)) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < 1.5 * peaks[0]
