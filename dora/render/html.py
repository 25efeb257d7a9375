"""One self-contained page for mail, print or archive: no script, no request, every text escaped."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from dora.render.file import replace_file
from dora.render.text import readable

# A second line of defence behind the escaping: the reader's browser loads and runs nothing.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
)
UNBROKEN_LENGTH = 24  # characters: a column whose cells are all shorter is not wrapped


class Page:
    """A page that grows from top to bottom. Every value put on it is text and is shown as text."""

    def __init__(self, title: str, *notes: str) -> None:
        self.title, self._notes = title, notes
        self._parts: list[dict[str, Any]] = []

    def heading(self, title: str, *notes: str) -> None:
        """Begin a section; empty notes are left out."""
        self._parts.append({"kind": "heading", "title": title, "notes": [note for note in notes if note]})

    def paragraphs(self, sentences: Iterable[str]) -> None:
        """Add one paragraph per sentence; empty ones are left out."""
        self._parts.append({"kind": "paragraphs", "sentences": [sentence for sentence in sentences if sentence]})

    def cards(self, cards: Iterable[tuple[str, str, str]]) -> None:
        """Add key numbers: title, value, and the line of evidence under it."""
        self._parts.append({"kind": "cards", "cards": list(cards)})

    def table(
        self, rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str] | None = None, *, filtered: bool = False
    ) -> None:
        """Add rows under the titles of ``columns`` (key → title; default: every key). Web addresses become links.

        A ``filtered`` table shows all of its rows without a scroll box, and a field that hides those without a text.
        """
        rows = list(rows)
        titles = columns or {key: key.replace("_", " ") for key in (rows[0] if rows else {})}
        classes = {key: _css_class([row.get(key) for row in rows]) for key in titles}
        described = [{"key": key, "title": title, "css_class": classes[key]} for key, title in titles.items()]
        self._parts.append({"kind": "table", "columns": described, "rows": rows, "filtered": filtered})

    def images(self, images: Iterable[tuple[str, str, bytes, Literal["svg+xml", "png"]]]) -> None:
        """Add images beside each other: title, caption, content, and the type of image."""
        described = [
            {"title": title, "caption": caption, "source": f"data:image/{kind};base64,{b64encode(content).decode()}"}
            for title, caption, content, kind in images
        ]
        self._parts.append({"kind": "images", "images": described})

    def html(self, *, mail: bool = False) -> str:
        """Return the page. ``mail`` leaves out what mail programs do not support: CSS variables and the dark theme."""
        # Jinja2 costs 50 ms, which commands that print to a terminal need not pay.
        from jinja2 import Environment  # noqa: PLC0415

        # `finalize` sees every value before it is escaped; an object with __html__ is markup of the template itself.
        environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
        environment.finalize = lambda value: value if hasattr(value, "__html__") else readable(value)
        environment.tests["web_link"] = is_web_link
        template = environment.from_string(files("dora.render").joinpath("page.html.j2").read_text())
        page = {"title": self.title, "notes": self._notes, "parts": self._parts, "style": _style(mail=mail)}
        script = files("dora.render").joinpath("filter.js").read_text() if self._is_filtered() and not mail else ""
        return template.render(page, policy=_policy(script), script=script)

    def _is_filtered(self) -> bool:
        return any(part.get("filtered") and part["rows"] for part in self._parts)

    def write(self, path: Path, *, mail: bool = False) -> None:
        """Write the page to a file. Raises ``DoraError`` if it cannot be written; the old file is then unchanged."""
        html = self.html(mail=mail)
        with replace_file(path) as temporary_path:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary_path.write_text(html, encoding="utf-8")


def _policy(script: str) -> str:
    """Return the policy that lets run this script and nothing else; none if it is empty."""
    if not script:
        return CONTENT_SECURITY_POLICY
    digest = b64encode(sha256(script.encode()).digest()).decode()
    return f"{CONTENT_SECURITY_POLICY}; script-src 'sha256-{digest}'"


def is_web_link(value: object) -> bool:
    """Whether a cell is an address that a browser may open: http or https with a host, and nothing hidden in it."""
    if not isinstance(value, str) or not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _css_class(cells: list[Any]) -> str:
    """Numbers are aligned right; short cells are not wrapped."""
    cells = [cell for cell in cells if cell is not None]
    if cells and all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in cells):
        return "number"
    return "short" if all(len(str(cell)) <= UNBROKEN_LENGTH for cell in cells) else ""


def _style(*, mail: bool) -> str:
    css = files("dora.render").joinpath("html.css").read_text()
    if not mail:
        return css
    light_theme = dict(re.findall(r"(--\w+): (#\w+)", css.partition("@media")[0]))
    return re.sub(r"var\((--\w+)\)", lambda match: light_theme[match[1]], css).replace("light dark", "light")
