"""``[[applications]]`` of dora.toml: which applications an entry is about, what it overrides, and how they end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from dora.config import teams
from dora.config.patterns import fold, matches
from dora.config.settings import Config
from dora.config.validation import convert


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry: globs of names, the name that these applications ``became``, and the local day on which they end
    (``until``, excluded). ``overrides`` are their own definitions.
    """

    match: tuple[str, ...]
    became: str | None = None
    until: date | None = None
    overrides: dict[str, Any] = {}


def read_entries(config: Config) -> list[Entry]:
    """Return the entries in order. Raises ``UsageError`` for a match, became or until that is not valid."""
    expected = 'write match = ["glob", …] with globs of application names, became = "name", until = 2026-07-01.'
    entries = []
    for table in config.applications:
        own = {key: table[key] for key in ("match", "became", "until") if key in table}
        overrides = {key: value for key, value in table.items() if key not in own}
        entries.append(convert(own | {"overrides": overrides}, Entry, "[[applications]]", expected=expected))
    return entries


def rename(entries: Sequence[Entry], application: str) -> str:
    """Return the name that an application has now: its own, or what it became, over several steps too."""
    visited: set[str] = set()
    while fold(application) not in visited:  # two that became each other would never end
        visited.add(fold(application))
        successors = [entry.became for entry in entries if entry.became and matches(application, entry.match)]
        application = successors[-1] if successors else application
    return application


def last_end(entries: Sequence[Entry], application: str) -> date | None:
    """Return the local day on which an application ends (excluded); None if it goes on."""
    return max((entry.until for entry in entries if entry.until and matches(application, entry.match)), default=None)


def list_spellings(config: Config) -> list[str]:
    """Return the spelling of each application that the settings write out, without globs; that of a new name wins."""
    entries = read_entries(config)
    names = [rule.match for rule in teams.read_rules(config)]
    names += [name for entry in entries for name in entry.match]
    names += [entry.became for entry in entries if entry.became]
    return list({fold(name): name for name in names if not set(name) & set("*?")}.values())
