"""The HTML page: every value on it is text, it requests nothing, and it is written completely or not at all."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from dora.errors import DoraError
from dora.render.html import Page

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "</td></table><iframe src=//beacon.example>",
    "<a href='javascript:alert(1)'>x</a>",
    "&lt;b&gt; &#x3c;script&#x3e;",
    "<style>@import url(//beacon.example)</style>",
    "![](http://beacon.example/a.png)",
    "\u202egnp.exe\x00",
]
LINKS = [
    "javascript:alert(1)",
    "data:text/html,x",
    "//beacon.example",
    "https://x.example/\" onmouseover='a'",
    "http://[",
    "ftp://x.example/a",
    "file:///etc/passwd",
]


class ParsedHtml(HTMLParser):
    """The tags, attributes and text of a page, as a browser parses them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def build_page(words: str) -> Page:
    page = Page(words, words)
    page.heading(words, words)
    page.paragraphs([words])
    page.cards([(words, words, words)])
    page.table([{"one": words, words: words, "link": "https://deck.example/1"}])
    page.images([(words, words, b"<svg/>", "svg+xml")])
    return page


@pytest.mark.parametrize("words", HOSTILE)
def test_no_value_is_markup(words: str) -> None:
    """Whatever a value contains, the page has the tags that a harmless word gives it, and shows the value as text."""
    harmless = "Q" * len(words)
    parsed, plain = ParsedHtml(build_page(words).html()), ParsedHtml(build_page(harmless).html())
    assert [tag for tag, _ in parsed.tags] == [tag for tag, _ in plain.tags]
    assert [sorted(names) for _, names in parsed.tags] == [sorted(names) for _, names in plain.tags]
    assert parsed.text.count(words.replace("\u202e", "�").replace("\x00", "�")) == plain.text.count(harmless) > 5


@pytest.mark.parametrize("link", LINKS)
def test_only_web_addresses_are_links(link: str) -> None:
    """Any other value in place of a link is shown as text."""
    page = Page("links")
    page.table([{"url": "https://deck.example/a?b=1&c='2'"}, {"url": link}])
    anchors = [attributes["href"] for tag, attributes in ParsedHtml(page.html()).tags if tag == "a"]
    assert anchors == ["https://deck.example/a?b=1&c='2'"]


def test_the_content_security_policy_forbids_everything() -> None:
    """No script, frame or font; images are inside the page."""
    parsed = ParsedHtml(build_page("word").html())
    (policy,) = [attributes["content"] or "" for tag, attributes in parsed.tags if attributes.get("http-equiv")]
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy
    assert {tag for tag, _ in parsed.tags}.isdisjoint({"script", "link", "iframe", "object", "form"})
    sources = [
        value
        for _, attributes in parsed.tags
        for name, value in attributes.items()
        if name in ("src", "srcset", "data")
    ]
    assert [source.partition(",")[0] for source in sources if source] == ["data:image/svg+xml;base64"]


def test_cells_and_columns() -> None:
    """Numbers are aligned right, null is a dash, a named column may be missing, and an empty table says None."""
    page = Page("tables")
    page.table([{"n": 1, "on": True, "b": None}, {"n": 2.5, "on": False}], {"n": "Count", "on": "On", "b": "B"})
    page.table([])
    html = page.html()
    assert '<th scope="col" class="number">Count</th>' in html
    assert '<td class="number">2.5</td><td class="short">no</td><td class="short">–</td>' in html
    assert '<p class="note">None.</p>' in html


def test_it_is_written_completely_or_not_at_all(tmp_path: Path) -> None:
    """If the folder is a file, the error says so and nothing changes."""
    build_page("word").write(tmp_path / "new" / "page.html")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["page.html"]
    (tmp_path / "file").write_text("kept")
    with pytest.raises(DoraError, match="cannot be written"):
        build_page("word").write(tmp_path / "file" / "page.html")
    assert (tmp_path / "file").read_text() == "kept"
