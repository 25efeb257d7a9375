"""A page for mail and archive: everything on it is text, it asks nobody for anything, it is written whole or not."""

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


class Seen(HTMLParser):
    """The tags and attributes of a page as a reader's program finds them, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said += data


def page(words: str) -> Page:
    made = Page(words, words)
    made.heading(words, words)
    made.paragraphs([words])
    made.cards([(words, words, words)])
    made.table([{"one": words, words: words, "link": "https://deck.example/1"}])
    made.images([(words, words, b"<svg/>", "svg+xml")])
    return made


@pytest.mark.parametrize("words", HOSTILE)
def test_nothing_that_is_shown_is_markup(words: str) -> None:
    """Whatever a name or message holds, a page has the tags that a harmless word gives it, and shows the word."""
    harmless = "Q" * len(words)
    seen, plain = Seen(page(words).html()), Seen(page(harmless).html())
    assert [tag for tag, _ in seen.tags] == [tag for tag, _ in plain.tags]
    assert [sorted(names) for _, names in seen.tags] == [sorted(names) for _, names in plain.tags]
    assert seen.said.count(words.replace("\u202e", "�").replace("\x00", "�")) == plain.said.count(harmless) > 5


@pytest.mark.parametrize("link", LINKS)
def test_only_links_to_the_web_are_links(link: str) -> None:
    """Anything else that a source wrote where a link should be is shown as it is."""
    made = Page("links")
    made.table([{"url": "https://deck.example/a?b=1&c='2'"}, {"url": link}])
    anchors = [found["href"] for tag, found in Seen(made.html()).tags if tag == "a"]
    assert anchors == ["https://deck.example/a?b=1&c='2'"]


def test_it_forbids_itself_everything() -> None:
    """No script, no frame, no font; pictures only from within."""
    seen = Seen(page("word").html())
    (policy,) = [found["content"] or "" for tag, found in seen.tags if found.get("http-equiv")]
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy
    assert {tag for tag, _ in seen.tags}.isdisjoint({"script", "link", "iframe", "object", "form"})
    sources = [value for _, found in seen.tags for name, value in found.items() if name in ("src", "srcset", "data")]
    assert [source.partition(",")[0] for source in sources if source] == ["data:image/svg+xml;base64"]


def test_cells_and_columns() -> None:
    """Numbers stand to the right, null is a dash, a named column may be missing, and no rows say none."""
    made = Page("tables")
    made.table([{"n": 1, "on": True, "b": None}, {"n": 2.5, "on": False}], {"n": "Count", "on": "On", "b": "B"})
    made.table([])
    html = made.html()
    assert '<th scope="col" class="number">Count</th>' in html
    assert '<td class="number">2.5</td><td class="short">no</td><td class="short">–</td>' in html
    assert '<p class="note">None.</p>' in html


def test_it_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """A folder that is none leaves everything as it was and says so."""
    page("word").write(tmp_path / "new" / "page.html")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["page.html"]
    (tmp_path / "file").write_text("kept")
    with pytest.raises(DoraError, match="cannot be written"):
        page("word").write(tmp_path / "file" / "page.html")
    assert (tmp_path / "file").read_text() == "kept"
