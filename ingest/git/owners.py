"""CODEOWNERS → who owns a path. Pure; the pattern that comes last wins, as its hosts have it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
STARS = 8  # each multiplies the ways in which a path can be tried
_SECTION = re.compile(r"\^?\[[^\]]+\](?:\[\d+\])?")
_WORD = re.compile(r"(?:\\.|[^\s\\])+")


class Owners:
    """The rules of one CODEOWNERS file."""

    def __init__(self, text: str) -> None:
        self._rules = [(_pattern(path), owners) for path, *owners in _lines(text) if path.count("*") <= STARS]
        self._rules.reverse()

    def of(self, path: str) -> list[str]:
        """Who owns a path; nobody where no pattern matches, or the last that does names nobody."""
        return next((owners for pattern, owners in self._rules if pattern.match(path)), [])

    def applications(self, paths: Iterable[str], known: Mapping[str, tuple[str, ...]]) -> list[str]:
        """The applications whose owners own one of these paths."""
        owners = {owner for path in paths for owner in self.of(path)}
        return sorted({application for owner in owners for application in known.get(owner, ())})


def _lines(text: str) -> Iterable[list[str]]:
    """Pattern and owners of each line; under a section's heading, its owners are those of lines that name none."""
    default: list[str] = []
    for line in text.splitlines():
        if heading := _SECTION.match(line.strip()):
            default = _words(line.strip()[heading.end() :])
        elif words := _words(line):
            yield [words[0], *(words[1:] or default)]


def _words(line: str) -> list[str]:
    found = []
    for word in _WORD.findall(line):
        if word.startswith("#"):
            break
        found.append(word)
    return found


def _pattern(glob: str) -> re.Pattern[str]:
    """A pattern as git ignores files: anchored where a slash is inside, and meaning all below a folder."""
    glob = re.sub(r"\\(.)", r"\1", glob)
    anchored = "/" in glob.rstrip("/")
    parts = re.split(r"(\*\*/|/\*\*$|\*\*|\*|\?)", glob.strip("/") or "*")
    said = {"**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    text = "".join(said.get(part, re.escape(part)) for part in parts)
    below = "/.*" if glob.endswith("/") else "" if glob.endswith("/*") else "(?:/.*)?"
    return re.compile(f"{'' if anchored else '(?:.*/)?'}{text}{below}\\Z", re.DOTALL)
