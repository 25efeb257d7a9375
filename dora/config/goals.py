"""``[goals]`` of dora.toml: the value of a metric that the organisation, a team or an application wants to keep.

``lead_time = { at_most = "1 h", statistic = "p75" }``; those of a team are in ``[goals.teams.NAME]``, those of an
application in ``[goals.applications.NAME]``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

import msgspec

from dora.config.settings import Config
from dora.config.validation import convert
from dora.errors import UsageError, suggest

Owner = Literal["organisation", "team", "application"]
Bound = Literal["at_most", "at_least"]
_OWNERS: dict[str, Owner] = {"teams": "team", "applications": "application"}
_DAYS_A_MONTH = 365.25 / 12
# By the unit of a metric, what one of each word is in that unit.
_UNITS = {
    "hours": {"s": 1 / 3600, "min": 1 / 60, "h": 1.0, "d": 24.0},
    "share": {"%": 0.01},
    "per day": {"per day": 1.0, "per week": 1 / 7, "per month": 1 / _DAYS_A_MONTH},
}


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One goal as written; one of ``at_most`` and ``at_least`` is set, as a number in the metric's unit or as text."""

    at_most: float | str | None = None
    at_least: float | str | None = None
    statistic: str | None = None


class Goal(NamedTuple):
    """A limit of one metric, in its unit, for one owner; ``statistic`` None is the metric's own."""

    owner: Owner
    name: str | None
    metric: str
    statistic: str | None
    bound: Bound
    limit: float


def read_goals(config: Config, units: Mapping[str, str]) -> list[Goal]:
    """Return the goals of the settings. ``units`` has the unit of each metric by name.

    Raises ``UsageError`` for a metric that does not exist, and for a limit that can not be read.
    """
    tables = dict(config.goals)
    owners: list[tuple[Owner, str | None, Any, str]] = []
    for key, owner in _OWNERS.items():
        expected = f"write [goals.{key}.NAME] with metrics, as dora.example.toml does."
        by_name = convert(tables.pop(key, {}), dict[str, dict[str, Any]], f"[goals.{key}]", expected=expected)
        for name, goals in by_name.items():
            owners.append((owner, name, goals, f"[goals.{key}.{name}]"))
    owners.insert(0, ("organisation", None, tables, "[goals]"))
    return [goal for owner in owners for goal in _read_owner(*owner, units)]


def _read_owner(
    owner: Owner, name: str | None, goals: Mapping[str, Any], where: str, units: Mapping[str, str]
) -> Iterator[Goal]:
    for metric, value in goals.items():
        if metric not in units:
            raise UsageError(f"{where}: there is no metric {metric}; nothing was read.", suggest(metric, units))
        entry: Entry = convert(value, Entry, f"{where} {metric}")
        if (entry.at_most is None) == (entry.at_least is None):
            raise UsageError(f"{where} {metric} needs at_most or at_least; nothing was read.", "write one of them.")
        bound: Bound = "at_most" if entry.at_least is None else "at_least"
        text = entry.at_most if entry.at_least is None else entry.at_least
        yield Goal(owner, name, metric, entry.statistic, bound, _read_limit(text, units[metric], f"{where} {metric}"))


def _read_limit(text: float | str | None, unit: str, where: str) -> float:
    """Return a limit in the unit of its metric: a number is in it already, a text names its own."""
    if not isinstance(text, str):
        return float(text or 0.0)
    words = _UNITS.get(unit, {unit: 1.0})
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(.*?)\s*", text)
    if not match or match[2] not in words:
        raise UsageError(
            f"{where}: {text!r} can not be read; nothing was read.", f"write a number and one of: {', '.join(words)}."
        )
    return float(match[1]) * words[match[2]]
