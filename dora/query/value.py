"""What is asked for and what is answered: a scope, and one number with what makes it believable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dora.periods import Grain
from dora.query.comparison import Move, move
from dora.render import text as wording

By = Literal["application", "team", "group"]
GROUPS: tuple[By, ...] = ("application", "team", "group")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a number is asked for. Moments as ``periods.instant`` reads them; ``until`` is not included.

    ``teams`` take in those below them: ``platform`` holds ``platform/delivery``. ``statistic`` is the metric's own
    where none is named; durations have ``median``, ``plain_median``, ``p75``, ``p90`` and ``mean``.
    """

    since: str | None = None
    until: str | None = None
    by: By | None = None
    every: Grain | None = None
    applications: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    statistic: str | None = None


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Spread:
    """How a duration or a size is spread, in the metric's unit; null where more than that is still open.

    ``plain_median`` and ``mean`` are of those that ended alone, blind to what is open.
    """

    p10: float | None = None
    p25: float | None = None
    p75: float | None = None
    p90: float | None = None
    plain_median: float | None = None
    mean: float | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """One number with what makes it believable.

    ``value`` is in ``unit``, or null with a ``reason``; ``n`` counts observations (``open`` of them still
    open); ``low`` and ``high`` bound 95 %, null where there is no finite bound; ``excluded`` counts rows
    left out, by reason; ``partial`` marks a period that is not whole and ``incomplete`` says why: the window or
    the data's end cuts it, or history of an application is missing in it; ``as_of`` is the instant (UTC) up
    to which the data is known. ``scatter`` says how many times as much as chance the weeks of a rate vary, by which
    its limits were widened; ``days`` is the length of what was looked at, in calendar days.
    """

    metric: str
    group: str | None
    period: datetime | None
    value: float | None
    unit: str
    statistic: str
    n: int
    low: float | None
    high: float | None
    open: int
    excluded: dict[str, int]
    partial: bool
    reason: str | None
    as_of: datetime | None
    incomplete: str | None = None
    days: float = 0.0
    scatter: float | None = None
    spread: Spread | None = None

    @property
    def text(self) -> str:
        """The number as a person would say it, such as ``25 min`` or ``–``."""
        return wording.quantity(self.value, self.unit)

    def against(self, before: Value | None) -> Move | None:
        """How it moved from another value of the same metric; null where either is null, or its history has a gap."""
        return move(self, before)

    @property
    def evidence(self) -> str:
        """The line under the number, such as ``142 of 1,468 · 95 % 8.3–11.3 %``."""
        return wording.evidence(self)
