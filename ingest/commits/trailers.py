"""The lines of a commit message that name co-authors, and the people or tools that helped. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Some tools write no colon. A squash merge leaves the lines of its commits anywhere in the message.
_TRAILER = re.compile(
    r"^\W{0,4}(?:(?:[a-z]+-)?(?:authored|developed|assisted|generated|created)[- ](?:by|with)\b|ai-[a-z-]+:).*",
    re.IGNORECASE | re.MULTILINE,
)
_CO_AUTHOR = re.compile(r"co-(?:authored|developed)-by:\s*(.*\S)", re.IGNORECASE)


def parse_trailers(message: str) -> list[str] | None:
    """Return the lines of a message that name co-authors and assistants; null if there are none."""
    # Substring tests first: the pattern takes fifty times as long.
    if "Generated " in message or ("-" in message and ("-by:" in message or "-By:" in message or "AI-" in message)):
        return [line[0].strip() for line in _TRAILER.finditer(message)] or None
    return None


def list_co_authors(trailers: Iterable[str]) -> list[str]:
    """Return the co-authors that trailers name, each as ``Name <e-mail>``."""
    return [match[1] for line in trailers if (match := _CO_AUTHOR.match(line))]
