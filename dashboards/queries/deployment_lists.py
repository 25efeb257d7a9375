"""Lists of deployments: those of a class, with a text, with an outcome; the first rows and the number of all."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.queries.builds import Build, Row, cached, open_build, read_sql
from dashboards.queries.cache import EVERY_ATTEMPT
from dora import Scope


@dataclass(frozen=True, slots=True)
class DeploymentClass:
    """A class of deployments: the query ``list_by_<by>.sql`` that lists them, and its parameters."""

    by: str = "everything"
    parameters: tuple[str | float, ...] = ()


NO_LIMIT = 2**31
# The pills of a list, and the words of listed.sql that each stands for.
OUTCOMES = {
    "failed": ("failed", "rolled back"), "rolled back": ("rolled back",), "stopped": ("stopped",),
    "succeeded": ("succeeded",), "dark": ("dark",), "in progress": ("in progress",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listing:
    """Which deployments of a scope a list has: those of a class that have a text, with one of ``OUTCOMES`` or any."""

    part: DeploymentClass = DeploymentClass()
    text: str = ""
    outcome: str | None = None

    @property
    def sql(self) -> str:
        """The query that selects them."""
        return with_matches(read_sql("listed"), self.text).replace("$part", read_sql(f"list_by_{self.part.by}"))

    @property
    def parameters(self) -> tuple[object, ...]:
        """The parameters of the query."""
        return (*self.part.parameters, *([self.text] if self.text else []))

    @property
    def words(self) -> list[str]:
        """The words of the outcomes that the list has."""
        pills = OUTCOMES.values() if self.outcome is None else [OUTCOMES[self.outcome]]
        return [word for words in pills for word in words]


@cached(types=(DeploymentClass, Listing))
def list_deployments(build: Build, scope: Scope, limit: int, listing: Listing) -> list[Row]:
    """Return the latest deployments of a list; each row has the number of all of them."""
    sql = read_sql("deployments").replace("$listed", listing.sql)
    return open_build(build).query_observations(EVERY_ATTEMPT, scope, sql, (*listing.parameters, listing.words, limit))


@cached(types=(DeploymentClass, Listing))
def count_outcomes(build: Build, scope: Scope, listing: Listing) -> dict[str, int]:
    """Return the number of a list's deployments for each of ``OUTCOMES``; rolled back are among the failed."""
    sql = read_sql("outcomes").replace("$listed", listing.sql)
    rows = open_build(build).query_observations(EVERY_ATTEMPT, scope, sql, listing.parameters)
    counts = {row["word"]: row["n"] for row in rows}
    return {pill: sum(counts.get(word, 0) for word in words) for pill, words in OUTCOMES.items()}


@cached()
def search_observations(build: Build, query: str, metric: str, scope: Scope, text: str) -> list[Row]:
    """Return the rows of a query over observations whose deployments have a text; with none, all of them."""
    sql = with_matches(read_sql(query), text)
    return open_build(build).query_observations(metric, scope, sql, (text,) if text else ())


def with_matches(sql: str, text: str) -> str:
    """Return a query with the one that finds a text among its ``selected_deployments``, or with all of them."""
    return sql.replace("$matches", read_sql("list_by_text" if text else "list_by_everything"))
