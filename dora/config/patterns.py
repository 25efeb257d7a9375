"""Globs of names and paths as patterns that SQL and Python match alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache

from dora.errors import UsageError


def fold(name: str) -> str:
    """Return a name as it is compared: without case, in the Unicode form NFC."""
    return unicodedata.normalize("NFC", name).lower()


def matches(name: str, globs: Iterable[str]) -> bool:
    """Whether a name matches one of the globs (in any case; only ``*`` and ``?``, as in the models)."""
    pattern = _compile(tuple(globs))
    return pattern is not None and pattern.fullmatch(unicodedata.normalize("NFC", name)) is not None


@cache
def _compile(globs: tuple[str, ...]) -> re.Pattern[str] | None:
    pattern = as_regex(globs, any_case=True)
    return None if pattern is None else re.compile(pattern)


def as_regex(globs: Sequence[str], *, of_paths: bool = False, any_case: bool = False) -> str | None:
    """Return one RE2 pattern that fully matches what any of the globs matches; None if there are no globs.

    In globs of paths ``*`` stays within a folder and ``**`` does not, as in .gitignore files.
    """
    if not globs:
        return None
    character = "[^/]" if of_paths else "."
    tokens = {"**/": "(?:.*/)?" if of_paths else ".*/", "**": ".*", "*": f"{character}*", "?": character}
    parts_of_globs = (re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", unicodedata.normalize("NFC", glob)) for glob in globs)
    regexes = ("".join(tokens.get(part) or re.escape(part) for part in parts) for parts in parts_of_globs)
    return ("(?si)" if any_case else "(?s)") + "|".join(f"(?:{regex})" for regex in regexes)


def as_like(glob: str) -> str:
    r"""Return a glob of names as a LIKE pattern with ``\`` as its escape."""
    # DuckDB matches LIKE fifty times as fast as a regular expression that differs from row to row.
    escaped = re.sub(r"([\\%_])", r"\\\1", unicodedata.normalize("NFC", glob))
    return escaped.replace("*", "%").replace("?", "_")


def as_tag_patterns(patterns: Iterable[str]) -> list[tuple[str, str, str, str | None]]:
    """Return each pattern of a tag, what is before and after the version in it, and itself if it is an expression.

    Raises ``UsageError`` for an expression that is not valid or has no group.
    """
    rows: list[tuple[str, str, str, str | None]] = []
    for pattern in patterns:
        before, placeholder, after = pattern.partition("{version}")
        try:
            if not placeholder and not re.compile(pattern).groups:
                raise re.error("it has no group")
        except re.error as error:
            raise UsageError(
                f"tag_patterns: {pattern!r} is not a pattern of tags: {error}.",
                "write a name with {version}, or a regular expression whose first group is the version.",
            ) from None
        rows.append((pattern, before, after, None) if placeholder else (pattern, "", "", pattern))
    return rows
