"""The catalog of metrics, models and checks: the .sql files of this folder and their headers."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import takewhile
from typing import Any, Literal

from dora.errors import UsageError, suggest

STATISTICS = {"plain_median": "median of those that ended", "p75": "75th percentile", "p90": "90th percentile"}
Statistic = Literal["count", "days", "median", "plain_median", "share"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric, from the header of its file.

    ``unit`` is the unit of ``value``; ``statistic`` says how observations roll up (count: events per day;
    days: local days with an event a week; median: Kaplan–Meier; plain_median: of values that cannot be pending; share:
    of observations with value 1); ``better`` is "higher" or "lower"; ``subject`` names what one observation is about:
    deployment, change, canary, approval or incident; ``shaped_by`` names the definitions that decide its rows.
    ``dimension`` is DORA's: throughput or instability; null for other metrics. ``by_commit`` tells that it rests on
    the commits of deployments.
    """

    name: str
    title: str
    question: str
    unit: str
    statistic: Statistic
    better: Literal["higher", "lower"]
    subject: Literal["deployment", "change", "canary", "approval", "incident"]
    sql: str
    shaped_by: list[str] = field(default_factory=list)
    dimension: Literal["throughput", "instability"] | None = None
    by_commit: bool = False

    def title_for(self, statistic: str) -> str:
        """Return the title, with the statistic if it is not the metric's own: ``…, mean (MTTR)``."""
        if statistic == self.statistic:
            return self.title
        acronym = " (MTTR)" if (self.name, statistic) == ("recovery_time", "mean") else ""
        return f"{self.title}, {STATISTICS.get(statistic, statistic)}{acronym}"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: a query that returns wrong rows. With severity ``stop`` any row keeps the last build in place."""

    name: str
    title: str
    severity: Literal["stop", "warn"]
    next: str
    sql: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check: the number of wrong rows, some of them, and what to do."""

    check: str
    title: str
    severity: str
    rows: int
    examples: list[dict[str, object]]
    next: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the numbers, as ``rules.toml`` has it: its title and what it decides.

    ``facts`` are columns of tables of dora.duckdb as ``table.column``, ``table.*`` whether a row exists; ``evidence``
    kinds of evidence of failure; ``excluded`` reasons for which a metric leaves an observation out.
    """

    title: str
    facts: list[str] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)


def queries(folder: str) -> dict[str, str]:
    """Return the text of every .sql file in ``dora/sql/<folder>/``, by name."""
    entries = sorted(files("dora.sql").joinpath(folder).iterdir(), key=lambda entry: entry.name)
    return {entry.name[:-4]: entry.read_text() for entry in entries if entry.name.endswith(".sql")}


def header(sql: str) -> dict[str, Any]:
    """Return the TOML in the leading comment lines of a .sql file; prose lines are ignored."""
    comments = takewhile(lambda line: line.startswith("--"), sql.splitlines())
    # Prose says "is"; a line with the sign is TOML.
    return tomllib.loads("\n".join(line.removeprefix("--").strip() for line in comments if " = " in line))


@cache
def rules() -> dict[str, Rule]:
    """Return every rule by id, in the order of ``rules.toml``."""
    entries = tomllib.loads(files("dora.sql").joinpath("rules.toml").read_text())
    return {name: Rule(**entry) for name, entry in entries.items()}


@cache
def metrics() -> dict[str, Metric]:
    """Return every metric by name."""
    return {name: Metric(name=name, sql=sql, **header(sql)) for name, sql in queries("metrics").items()}


@cache
def checks() -> dict[str, Check]:
    """Return every check by name."""
    return {name: Check(name=name, sql=sql, **header(sql)) for name, sql in queries("checks").items()}


def metric(name: str | Metric) -> Metric:
    """Return the metric of that name; raises ``UsageError`` with the nearest names."""
    if isinstance(name, Metric):
        return name
    if not isinstance(name, str) or name not in metrics():
        raise UsageError(f"There is no metric {name}.", suggest(str(name), metrics()))
    return metrics()[name]
