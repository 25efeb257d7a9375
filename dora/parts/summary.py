"""What a plan says to a reader: the groups of applications, the rows of each part, and what is copied."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from dora.config import definitions
from dora.config.engine import read_engine_settings
from dora.config.settings import Config
from dora.errors import counted
from dora.parts import plan, split
from dora.parts.plan import Group
from dora.sql import catalog
from dora.storage import database

LARGE = 0.2  # share of all executions from which one group limits what parts can gain


class PartSize(NamedTuple):
    """One part: its applications, its executions, its rows of landing, and how many of these another part has too."""

    part: int
    applications: int
    executions: int
    rows: int
    copied: int


class PlanSummary(NamedTuple):
    """A plan: all groups, the largest first, all parts, and the repositories that several parts need."""

    groups: list[Group]
    parts: list[PartSize]
    repositories: int
    copied_repositories: int

    @property
    def executions(self) -> int:
        """The number of all executions."""
        return sum(group.executions for group in self.groups)

    @property
    def largest_share(self) -> float:
        """The share of the executions that the largest group has."""
        return self.groups[0].executions / self.executions if self.executions else 0.0

    @property
    def warnings(self) -> list[str]:
        """What limits the gain of parts, in sentences."""
        if len(self.groups) < 2 or self.largest_share <= LARGE:
            return []
        applications = self.groups[0].applications
        size, more = counted(len(applications), "application"), " …" if len(applications) > 3 else ""
        return [
            f"{self.largest_share:.0%} of all executions are in one group of {size}"
            f" ({', '.join(applications[:3])}{more}), which is built in one part, whatever their number."
        ]


def summarize_plan(config: Config) -> PlanSummary:
    """Return how a build of landing.duckdb would be divided; nothing is written but a temporary file."""
    definitions.validate(config)
    settings = read_engine_settings(config.engine)
    with (
        database.lock(config.data),
        TemporaryDirectory(prefix="parts-", dir=config.data) as scratch,
        database.open_scratch(config.data, Path(scratch) / "plan.duckdb", settings.memory) as con,
    ):
        plan.prepare(con, config)
        groups = plan.find_groups(con)
        count = plan.count_parts(None if settings.parts == "auto" else settings.parts, groups)
        parts = plan.assign_parts(groups, count, {})
        plan.write_parts(con, parts, count)
        rows = split.count_rows(con, split.landing_queries().values())
        copied = dict(con.execute(catalog.queries("plan")["copied_rows"]).fetchall())
        ((repositories, copies),) = con.execute(REPOSITORIES).fetchall()
    executions, applications = [0] * count, [0] * count
    for group in groups:
        part = parts[group.applications[0]]
        executions[part] += group.executions
        applications[part] += len(group.applications)
    sizes = [
        PartSize(part, applications[part], executions[part], rows.get(part, 0), copied.get(part, 0))
        for part in range(count)
    ]
    return PlanSummary(groups, sizes, repositories, copies)


REPOSITORIES = """
SELECT count(*), count(*) FILTER (parts > 1)
FROM (SELECT repository, count(DISTINCT part) AS parts FROM parts_of_repositories GROUP BY repository)
"""


def as_document(summary: PlanSummary) -> dict[str, Any]:
    """Return a plan as JSON has it."""
    return {
        "executions": summary.executions,
        "groups": [group._asdict() for group in summary.groups],
        "largest_share": summary.largest_share,
        "parts": [part._asdict() for part in summary.parts],
        "repositories": summary.repositories,
        "copied_repositories": summary.copied_repositories,
        "warnings": summary.warnings,
    }
