"""CODEOWNERS → who owns a path. Pure; the pattern that comes last wins, as its hosts have it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
_SECTION = re.compile(r"\^?\[[^\]]+\](?:\[\d+\])?")
_WORD = re.compile(r"(?:\\.|[^\s\\])+")


class Owners:
    """The rules of one CODEOWNERS file."""

    def __init__(self, text: str) -> None:
        self._rules = [(_pattern(path), owners) for path, *owners in _lines(text)]
        self._rules.reverse()

    def of(self, path: str) -> list[str]:
        """Who owns a path; nobody where no pattern matches, or the last that does names nobody."""
        return next((owners for pattern, owners in self._rules if _matches(pattern, path)), [])

    def teams(self, known: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
        """The team of each application whose owner the file names: the owner's name without ``@`` and organisation."""
        named = {owner for _, owners in self._rules for owner in owners}
        owning = [owner for owner in known if owner in named]
        return {application: owner.lstrip("@").rpartition("/")[2] for owner in owning for application in known[owner]}

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


def _pattern(glob: str) -> list[str]:
    """A pattern as git ignores files, name by name: anchored where a slash is inside, meaning all below a folder."""
    glob = re.sub(r"\\(.)", r"\1", glob).replace("[", "[[]")  # its hosts know no classes of characters
    names = [name for name in glob.split("/") if name]
    anywhere = [] if "/" in glob.rstrip("/") else ["**"]
    if glob.endswith("/") or names[-1:] == ["**"]:
        return [*anywhere, *(names[:-1] if names[-1:] == ["**"] else names), "*", "**"]
    return [*anywhere, *names, *([] if names[-1] == "*" and not anywhere else ["**"])]


def _matches(pattern: list[str], path: str) -> bool:
    names = path.split("/")
    reached = {0}
    for part in pattern:
        if part == "**":
            reached = set(range(min(reached, default=len(names) + 1), len(names) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(names) and fnmatchcase(names[at], part)}
    return len(names) in reached
