"""A digest as blocks of Slack.

Limits: 50 blocks, 3,000 characters a section, 150 a header, 2,000 the text of a picture.
"""

from __future__ import annotations

import re
from typing import Any

from dora.export.digest.message import Line, Message

MAX_SECTION, MAX_PART, MAX_ROWS = 3000, 900, 20
# Characters that format text where a word begins or ends, and what looks like them and does not.
FORMATTING = str.maketrans({"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ"})
AT_AN_EDGE = re.compile(r"(?<!\w)[*_~`]+|[*_~`]+(?!\w)")
Block = dict[str, Any]


def escape(text: str) -> str:
    """Return text that Slack shows as it is: no mention, link or format, such as of a team named ``<!channel>``."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return AT_AN_EDGE.sub(lambda match: match[0].translate(FORMATTING), text)


def webhook_body(message: Message, picture_url: str | None = None) -> Block:
    """Return what an incoming webhook takes; ``text`` is for notifications."""
    return {
        "text": escape(message.summary), "blocks": blocks(message, picture_url), "unfurl_links": False,
        "unfurl_media": False,
    }  # fmt: skip


def blocks(message: Message, picture_url: str | None = None, *, has_picture: bool = False) -> list[Block]:
    """Return title, sentences and the scorecard: as a picture, or as text if the message shows none."""
    title = {"type": "plain_text", "text": message.title, "emoji": False}
    parts: list[Block] = [{"type": "header", "text": title}, _context([message.period])]
    parts += [_section(_sentence(line)) for line in message.lines] or [_section(escape(message.silent))]
    if picture_url and message.rows:
        parts.append({"type": "image", "image_url": picture_url, "alt_text": message.picture_text})
    elif not has_picture:
        parts += [_section(_row(row)) for row in message.rows[:MAX_ROWS]]
    notes = list(message.notes)
    if not (picture_url or has_picture) and len(message.rows) > MAX_ROWS:
        notes.insert(0, f"{MAX_ROWS} of {len(message.rows):,} rows; dora digest prints all.")
    return [*parts, _context(notes, message.href)]


def _sentence(line: Line) -> str:
    label = _clip_escaped(escape(line.label), MAX_PART)
    address = _address(line.href or "")
    link = f"<{address}|{label}>" if line.href and len(address) <= MAX_PART else f"{label}: {_code(line)}"
    headline = _clip_escaped(escape(line.headline), MAX_PART)
    room = MAX_SECTION - len(headline) - len(link) - len("**\n")
    return f"*{headline}*{_clip_escaped(escape(line.rest), room)}\n{link}"


def _code(line: Line) -> str:
    return f"`{_clip_escaped(escape(line.command.replace('`', 'ˋ')), MAX_PART)}`"


def _row(row: dict[str, str]) -> str:
    (_, name), *cells = row.items()
    return f"*{escape(name)}* · " + " · ".join(f"{escape(title)} {escape(cell)}" for title, cell in cells)


def _address(href: str) -> str:
    return href.replace("&", "&amp;").replace("<", "%3C").replace(">", "%3E").replace("|", "%7C")


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": _clip_escaped(text, MAX_SECTION), "verbatim": True}}


def _context(texts: list[str], href: str | None = None) -> Block:
    elements = [
        {"type": "mrkdwn", "text": _clip_escaped(escape(text), MAX_SECTION), "verbatim": True} for text in texts
    ]
    if href:
        elements.append({"type": "mrkdwn", "text": f"<{_address(href)}|Open the dashboard>", "verbatim": True})
    return {"type": "context", "elements": elements[-10:]}


def _clip_escaped(text: str, limit: int) -> str:
    """Return at most so many characters, and no part of an escaped one at the end."""
    return text if len(text) <= limit else re.sub(r"&[a-z]{0,4}$", "", text[: max(0, limit - 1)]) + "…"
