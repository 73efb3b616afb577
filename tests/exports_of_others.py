"""Files as other systems export them, for the tests of the import."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from service.imports.detect import Format, reader_for
from service.imports.rows import Imported, Odd, Oddity, Read
from service.imports.source import open_source

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def a_wp_comment(number: int = 1, text: str = "The old bridge was lovely.", status: str = "1", **elements: str) -> str:
    """One comment in WordPress' XML; elements by their name without the prefix, ``None`` leaves one out."""
    values: dict[str, str] = {
        "id": str(number),
        "author": "<![CDATA[Jo Reader]]>",
        "author_email": "jo@reader.example",
        "author_url": "",
        "author_IP": "192.0.2.7",
        "date": "2020-05-01 14:00:00",
        "date_gmt": "2020-05-01 12:00:00",
        "content": f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>",
        "approved": status,
        "type": "",
        "parent": "0",
        "user_id": "0",
        **elements,
    }
    meta = values.pop("meta", "")
    inner = "".join(f"<wp:comment_{name}>{value}</wp:comment_{name}>\n" for name, value in values.items())
    return f"<wp:comment>\n{inner}{meta}</wp:comment>\n"


def a_wp_item(*comments: str, kind: str = "post", link: str = "https://blog.example/harbour") -> str:
    """A post with comments."""
    return (
        f"<item><title>A new bridge</title><link>{link}</link><wp:post_id>3</wp:post_id>"
        f"<wp:post_type>{kind}</wp:post_type>\n{''.join(comments)}</item>\n"
    )


def a_wxr(*items: str, version: str = "1.2", before: str = "") -> str:
    """A whole export."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{before}<rss version="2.0" '
        f'xmlns:wp="http://wordpress.org/export/{version}/"><channel><title>Blog</title>\n'
        f"{''.join(items)}</channel></rss>\n"
    )


def a_disqus(*parts: str) -> str:
    """A whole export of Disqus."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<disqus xmlns="http://disqus.com" '
        f'xmlns:dsq="http://disqus.com/disqus-internals">\n{"".join(parts)}</disqus>\n'
    )


def a_thread(number: int, link: str = "https://blog.example/a", title: str = "A") -> str:
    """A thread of Disqus."""
    return f'<thread dsq:id="{number}"><id/><link>{link}</link><title>{title}</title></thread>\n'


def a_post(number: int, thread: int, text: str = "Hello there.", *, parent: int = 0, **flags: str) -> str:
    """A post of Disqus."""
    said = {"isDeleted": "false", "isSpam": "false", **flags}
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in said.items())
    answers = f'<parent dsq:id="{parent}"/>' if parent else ""
    return (
        f'<post dsq:id="{number}"><id/><message><![CDATA[<p>{text}</p>]]></message>'
        f"<createdAt>2021-02-03T04:05:06Z</createdAt>{inner}<author><name>Jo</name><isAnonymous>false</isAnonymous>"
        f'<username>jo</username></author><thread dsq:id="{thread}"/>{answers}</post>\n'
    )


def read_all(
    content: str | bytes, folder: Path, said: Mapping[str, str] | None = None, asked: Format | None = None
) -> list[Read]:
    """Everything that the reader of a file yields."""
    path = folder / "export"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with closing(open_source(path)) as source:
        return list(reader_for(source, asked, said or {}).read(source, NOW))


def comments_in(read: list[Read]) -> list[Imported]:
    """The comments of them."""
    return [each for each in read if isinstance(each, Imported)]


def odd_in(read: list[Read]) -> list[tuple[Odd, int]]:
    """What was odd, by line."""
    return [(each.what, each.line) for each in read if isinstance(each, Oddity)]
