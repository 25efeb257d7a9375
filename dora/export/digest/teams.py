"""A digest as an Adaptive Card for a workflow in Microsoft Teams.

Every text is a text run, in which Teams reads no markup, so that a name can not become a link or a mention. A message
may have 28 kB: what does not fit is left out from the end of the scorecard, and the card says so.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from dora.export.digest.message import MAX_ROWS, Line, Message

MAX_BYTES = 27_000  # of the message as it is sent; Teams refuses 28 kB
ACTION = "Action.OpenUrl"
COLOURS = {"worse": "Attention", "better": "Good"}
Element = dict[str, Any]


def webhook_body(message: Message, picture_url: str | None = None) -> Element:
    """Return what a workflow takes: the scorecard is a picture, published or with as many rows as fit, else a table."""
    for source in _pictures(message, picture_url):
        body = _message(message, [_image(message, source)])
        if size(body) <= MAX_BYTES:
            return body
    count = len(message.rows)
    body = _message(message, _table(message.rows))
    while size(body) > MAX_BYTES and count:
        count -= 1
        note = _text(f"{count:,} of {len(message.rows):,} rows; dora digest prints all.", isSubtle=True)
        body = _message(message, [*_table(message.rows[:count]), note])
    return body


def _pictures(message: Message, picture_url: str | None) -> Iterator[str]:
    """Yield the addresses of pictures: of the published one, else those that carry fewer and fewer rows."""
    if picture_url and message.rows:
        yield picture_url
    elif message.draw:
        for rows in range(min(MAX_ROWS, len(message.rows)), 0, -1):
            yield f"data:image/png;base64,{b64encode(message.draw(rows, 1.0)).decode()}"


def size(body: Element) -> int:
    """Return the bytes of a message."""
    return len(json.dumps(body, ensure_ascii=False).encode())


def _message(message: Message, scorecard: list[Element]) -> Element:
    title = _text(message.title, size="Large", weight="Bolder")
    body = [title, _text(message.period, isSubtle=True)]
    for line in message.lines:
        body += _sentence(line)
    body += [] if message.lines else [_text(message.silent)]
    body += [*scorecard, *(_text(note, isSubtle=True, size="Small") for note in message.notes)]
    actions = [{"type": ACTION, "title": "Open the dashboard", "url": message.href}] if message.href else []
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.5",
        "msteams": {"width": "Full"}, "fallbackText": message.summary, "body": body, "actions": actions,
    }  # fmt: skip
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "summary": message.summary, "attachments": [attachment]}


def _sentence(line: Line) -> list[Element]:
    headline = {"type": "TextRun", "text": line.headline, "weight": "Bolder",
                "color": COLOURS.get(line.verdict, "Default")}  # fmt: skip
    runs: list[Element] = [headline, _run(line.rest)]
    if line.href:
        runs += [_run(" "), _run(f"{line.label} →", color="Accent", selectAction={"type": ACTION, "url": line.href})]
    else:
        runs += [_run(f" {line.label}: "), _run(line.command, fontType="Monospace")]
    return [{"type": "RichTextBlock", "inlines": runs, "spacing": "Medium"}]


def _image(message: Message, source: str) -> Element:
    return {"type": "Image", "url": source, "altText": message.picture_text, "size": "Stretch", "spacing": "Medium"}


def _table(rows: list[dict[str, str]]) -> list[Element]:
    if not rows:
        return []
    titles = list(rows[0])
    cells = [[_text(title.capitalize() if not number else title, weight="Bolder", size="Small")
              for number, title in enumerate(titles)]]  # fmt: skip
    cells += [[_text(row[title], size="Small") for title in titles] for row in rows]
    lines = [
        {"type": "TableRow", "cells": [{"type": "TableCell", "items": [item]} for item in items]} for items in cells
    ]
    return [{"type": "Table", "firstRowAsHeaders": True, "columns": [{"width": 1} for _ in titles], "rows": lines}]


def _text(text: str, **style: Any) -> Element:
    return {"type": "RichTextBlock", "inlines": [_run(text, **style)]}


def _run(text: str, **style: Any) -> Element:
    return {"type": "TextRun", "text": text, **style}
