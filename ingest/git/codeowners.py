"""Parse CODEOWNERS and find the owners of a path. Pure.

The rules are those of https://docs.github.com/repositories/managing-your-repositorys-settings-and-features
(about code owners): patterns as in gitignore, the last match wins, ``!`` and ``[ ]`` are ordinary characters. Sections
are GitLab's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from itertools import takewhile

LOCATIONS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
_SECTION = re.compile(r"\^?\[[^\]]+\](?:\[\d+\])?")
_WORD = re.compile(r"(?:\\.|[^\s\\])+")


class CodeOwners:
    """The rules of one CODEOWNERS file."""

    def __init__(self, text: str) -> None:
        self._rules = [(_split_pattern(pattern), owners) for pattern, *owners in _parse_rules(text)]
        self._rules.reverse()

    def owners(self, path: str) -> list[str]:
        """Return the owners of a path; none if no pattern matches, or if the last match has no owner."""
        return next((owners for segments, owners in self._rules if _matches(segments, path)), [])

    def teams(self, applications_of: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
        """Return the team of each application: the name of its owner in this file without ``@`` and organisation."""
        listed = {owner for _, owners in self._rules for owner in owners}
        return {
            application: owner.lstrip("@").rpartition("/")[2]
            for owner, applications in applications_of.items()
            if owner in listed
            for application in applications
        }

    def applications(self, paths: Iterable[str], applications_of: Mapping[str, tuple[str, ...]]) -> list[str]:
        """Return the applications whose owners own one of these paths."""
        owners = {owner for path in paths for owner in self.owners(path)}
        return sorted({application for owner in owners for application in applications_of.get(owner, ())})


def _parse_rules(text: str) -> Iterable[list[str]]:
    """Yield pattern and owners of each line; a line without owners has those of its section."""
    section_owners: list[str] = []
    for line in text.splitlines():
        if section := _SECTION.match(line.strip()):
            section_owners = _parse_words(line.strip()[section.end() :])
        elif words := _parse_words(line):
            yield [words[0], *(words[1:] or section_owners)]


def _parse_words(line: str) -> list[str]:
    return [*takewhile(lambda word: not word.startswith("#"), _WORD.findall(line))]


# pathspec is faster (8 against 140 us for 300 rules), but its regular expressions backtrack: the pattern *a*a*a*a*b
# takes 10.8 s for one file name of 250 characters, and the authors of a repository write both. It also lets "docs/*"
# own the files of subfolders, which GitHub does not.
def _split_pattern(pattern: str) -> list[str]:
    """Split a pattern into path segments; ``**`` matches any number of them, and a folder owns all below it."""
    pattern = re.sub(r"\\(.)", r"\1", pattern).replace("[", "[[]")
    segments = [segment for segment in pattern.split("/") if segment]
    is_anchored = "/" in pattern.rstrip("/")
    prefix = [] if is_anchored else ["**"]
    if segments[-1:] == ["**"]:
        return [*prefix, *segments[:-1], "*", "**"]
    if pattern.endswith("/"):
        return [*prefix, *segments, "*", "**"]
    return [*prefix, *segments, *([] if segments[-1] == "*" and is_anchored else ["**"])]


def _matches(pattern: list[str], path: str) -> bool:
    """Return whether all segments of a path match, in time proportional to both lengths."""
    segments = path.split("/")
    ends = {0}  # the numbers of leading path segments that the pattern so far matches
    for part in pattern:
        if part == "**":
            ends = set(range(min(ends, default=len(segments) + 1), len(segments) + 1))
        else:
            ends = {end + 1 for end in ends if end < len(segments) and fnmatchcase(segments[end], part)}
    return len(segments) in ends
