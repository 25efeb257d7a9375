"""Globs of names and paths as patterns that SQL and Python match alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def matches(name: str, globs: Iterable[str]) -> bool:
    """Whether a name matches one of the globs (case-sensitive; ``*`` and ``?`` only, as in the models)."""
    pattern = as_regex(list(globs))
    return pattern is not None and re.fullmatch(pattern, name) is not None


def as_regex(globs: Sequence[str], *, of_paths: bool = False, any_case: bool = False) -> str | None:
    """One RE2 pattern that matches in full what any glob matches, in any case if wanted; null where there are none.

    In globs of paths ``*`` stays within a folder and ``**`` does not, as in .gitignore files.
    """
    if not globs:
        return None
    return ("(?si)" if any_case else "(?s)") + "|".join(f"(?:{_translated(glob, of_paths)})" for glob in globs)


def as_like(glob: str) -> str:
    """The same as a pattern of LIKE with ``\\`` as its escape: what SQL matches fifty times as fast, row by row."""
    plain = re.sub(r"([\\%_])", r"\\\1", glob)
    return plain.replace("*", "%").replace("?", "_")


def _translated(glob: str, of_paths: bool) -> str:
    inside = "[^/]" if of_paths else "."
    tokens = {"**/": "(?:.*/)?" if of_paths else ".*/", "**": ".*", "*": f"{inside}*", "?": inside}
    parts = re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", glob)
    return "".join(tokens.get(part) or re.escape(part) for part in parts)
