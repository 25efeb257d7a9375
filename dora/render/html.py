"""One self-contained page for mail, print or archive: no script, no request, every text escaped."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from dora.errors import DoraError
from dora.render.text import readable

# Even where something slipped through, a reader's browser would load and run nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
HEAD = (
    '<meta charset="utf-8">'
    f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">'
)
SHORT = 24


class Page:
    """A page that grows from top to bottom. Whatever is put on it is text, and shown as such."""

    def __init__(self, title: str, *notes: str) -> None:
        self.title = title
        self._parts = [f"<h1>{text(title)}</h1>", *(f'<p class="quiet">{text(note)}</p>' for note in notes)]

    def heading(self, title: str, *notes: str) -> None:
        """Begin a section."""
        self._parts.append(f"<h2>{text(title)}</h2>")
        self._parts += [f'<p class="note">{text(note)}</p>' for note in notes if note]

    def say(self, sentences: Iterable[str]) -> None:
        """One paragraph a sentence."""
        self._parts += [f"<p>{text(sentence)}</p>" for sentence in sentences if sentence]

    def cards(self, cards: Iterable[tuple[str, str, str]]) -> None:
        """Key numbers: title, value, and the lines under it."""
        told = "".join(
            f'<div class="card">{text(title)}<b>{text(value)}</b><span class="note">{text(under)}</span></div>'
            for title, value, under in cards
        )
        self._parts.append(f'<div class="cards">{told}</div>')

    def table(self, rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str] | None = None) -> None:
        """Rows under the titles of ``columns`` (key → title; all keys where none are given); links lead to the web."""
        told = list(rows)
        if not told:
            self._parts.append('<p class="note">None.</p>')
            return
        named = columns or {key: key.replace("_", " ") for key in told[0]}
        kinds = {key: _kind([row.get(key) for row in told]) for key in named}
        head = "".join(f'<th scope="col"{kinds[key]}>{text(title)}</th>' for key, title in named.items())
        body = "".join(
            f"<tr>{''.join(f'<td{kinds[key]}>{_cell(row.get(key))}</td>' for key in named)}</tr>\n" for row in told
        )
        self._parts.append(f'<div class="wide" tabindex="0"><table><thead><tr>{head}</tr></thead>{body}</table></div>')

    def pictures(self, pictures: Iterable[tuple[str, str, bytes, Literal["svg+xml", "png"]]]) -> None:
        """Pictures beside each other: title, caption, content and what kind of image it is."""
        told = "".join(
            f"<figure><figcaption><b>{text(title)}</b>{text(caption)}</figcaption>"
            f'<img alt="{text(title)}. {text(caption)}"'
            f' src="data:image/{kind};base64,{b64encode(content).decode()}"></figure>'
            for title, caption, content, kind in pictures
        )
        self._parts.append(f'<div class="pictures">{told}</div>')

    def html(self, *, mail: bool = False) -> str:
        """The whole page; for ``mail`` without what its programs do not know: variables, and so one theme."""
        style = files("dora.render").joinpath("html.css").read_text()
        if mail:
            light = dict(re.findall(r"(--\w+): (#\w+)", style.partition("@media")[0]))
            style = re.sub(r"var\((--\w+)\)", lambda found: light[found[1]], style).replace("light dark", "light")
        head = f"{HEAD}<title>{text(self.title)}</title><style>{style}</style>"
        body = "\n".join(self._parts)
        return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'

    def write(self, path: Path, *, mail: bool = False) -> None:
        """Write it in one move. Raises ``DoraError`` where it can not be written; what was there is then as it was."""
        aside = path.with_name(f"{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            aside.write_text(self.html(mail=mail), encoding="utf-8")
            aside.replace(path)
        except OSError as error:
            raise DoraError(f"{path} can not be written ({type(error).__name__}).", "name another file.") from error


def text(value: object) -> str:
    """A value as people read it, harmless in a page: markup is text, what has no shape is shown as such."""
    return escape(readable(value), quote=True)


def _kind(cells: list[Any]) -> str:
    """How a column is set: numbers to the right; what is short is not broken."""
    known = [cell for cell in cells if cell is not None]
    if known and all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in known):
        return ' class="number"'
    return ' class="short"' if all(len(str(cell)) <= SHORT for cell in known) else ""


def _cell(value: object) -> str:
    if isinstance(value, str) and _is_link(value):
        return f'<a href="{escape(value, quote=True)}" rel="noopener noreferrer" target="_blank">open</a>'
    return text("yes" if value is True else "no" if value is False else value)


def _is_link(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and value.isprintable() and " " not in value
