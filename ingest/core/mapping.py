"""Map the names of another system to ours, by globs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ingest.core.names import fold


class AmbiguousNameError(ValueError):
    """A name matches globs that map it to different values."""


class GlobMapping:
    """Values by name or glob, compared without case.

    In a glob ``*`` is any text and ``?`` any character; brackets are themselves, as services are called "[EU] Shop".
    A name that is written out takes precedence over globs. ``*`` in a value is the text that the first ``*`` of its
    glob matched. Raises ``ValueError`` if two keys differ in case alone and have different values.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._exact: dict[str, str] = {}
        self._globs: list[tuple[str, re.Pattern[str], str]] = []
        for key, value in values.items():
            if "*" in key or "?" in key:
                self._globs.append((key, _compile(key), value))
            elif self._exact.setdefault(fold(key), value) != value:
                raise ValueError(f"{key!r} is mapped to both {self._exact[fold(key)]!r} and {value!r}")
        self.keys = tuple(values)

    def has_exactly(self, name: str) -> bool:
        """Whether a name is written out, without a glob."""
        return fold(name) in self._exact

    def find(self, name: str) -> str | None:
        """Return the value of a name, null if it has none. Raises ``AmbiguousNameError``."""
        if (value := self._exact.get(fold(name))) is not None:
            return value
        matches = {key: _fill(value, match) for key, glob, value in self._globs if (match := glob.fullmatch(name))}
        if len(set(matches.values())) > 1:
            listed = ", ".join(f"{key!r} ({value})" for key, value in matches.items())
            raise AmbiguousNameError(f"{name!r} matches {listed}")
        return next(iter(matches.values()), None)

    def list_unused(self, names: Iterable[str]) -> list[str]:
        """Return the keys that none of these names matches."""
        names = list(names)
        folded = {fold(name) for name in names}
        globs = {key for key, glob, _ in self._globs if any(glob.fullmatch(name) for name in names)}
        return [key for key in self.keys if key not in globs and fold(key) not in folded]


def suggest_names(name: str, names: Iterable[str], count: int = 2) -> list[str]:
    """Return the names that are most like ``name``, the nearest first; none if all are far from it."""
    import difflib  # noqa: PLC0415 - which only a message needs

    by_folded = {fold(known): known for known in names}
    return [by_folded[match] for match in difflib.get_close_matches(fold(name), by_folded, count, 0.5)]


def describe_suggestions(names: Sequence[str]) -> str:
    """Return ``; nearest: …`` for a message, or nothing."""
    return f"; nearest: {', '.join(names)}" if names else ""


def _compile(glob: str) -> re.Pattern[str]:
    parts = {"*": "(.*)", "?": "."}
    return re.compile("".join(parts.get(part) or re.escape(part) for part in re.split(r"([*?])", glob)), re.I | re.S)


def _fill(value: str, match: re.Match[str]) -> str:
    return value.replace("*", match[1]) if "*" in value and match.re.groups else value
