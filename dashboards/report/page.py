"""One page for mail or archive: key metrics, significant changes, trends, rollbacks, changes awaiting deployment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import altair as alt

import dora
from dashboards import charts
from dashboards.queries import text
from dashboards.report import chart_images
from dora import Delivery, Page, Scope, Value

OLDEST = 20
KEYS = ("deployment_frequency", "lead_time", "change_failure_rate", "recovery_time", "rework_rate", "canary_pass_rate")
DEFINITIONS = """
SELECT key, value, count(*) AS applications, description AS means
FROM definitions_in_force SEMI JOIN (
  FROM definitions WHERE (len($1) = 0 OR list_contains($1, team)) AND (len($2) = 0 OR list_contains($2, application))
) USING (application)
GROUP BY key, value, description ORDER BY key, applications DESC, value
"""
Row = dict[str, Any]
Picture = tuple[str, str, alt.LayerChart]


@dataclass(frozen=True)
class Report:
    """A window of one build, beside the equal one before it where history holds that."""

    delivery: Delivery
    scope: Scope

    @cached_property
    def rollbacks(self) -> Any:
        """Every rollback of the window, and the window itself in local time."""
        return self.delivery.rollbacks(self.scope)

    @cached_property
    def before(self) -> Scope | None:
        """The equal window before; null where not all of it was seen."""
        since, until, seen = self.rollbacks.since, self.rollbacks.until, self.rollbacks.complete_since or self._first()
        if self.scope.since is None or not since or not until or not seen or since - (until - since) < seen:
            return None
        return replace(self.scope, since=(since - (until - since)).isoformat(), until=since.isoformat())

    def _first(self) -> datetime | None:
        """The first deployment seen, where no source says from when on it told everything."""
        first: datetime | None = self.delivery.sql("SELECT min(queued_at) AS first FROM deployments")[0]["first"]
        return first

    def value(self, name: str) -> Value:
        """A key in the window."""
        return self.delivery.values(name, self.scope).rows[0]

    @cached_property
    def changes(self) -> list[Any]:
        """The key metrics against the previous period, in total and by team (by application if filtered to some)."""
        if self.before is None:
            return []
        filtered = bool(self.scope.teams or self.scope.applications)
        changes = self.delivery.significant_changes(self.scope, self.before, "application" if filtered else "team")
        return [change for change in changes if change.move]

    def warnings(self) -> list[str]:
        """Where what all together did is not what each application did."""
        found = [row for name in KEYS for row in self.delivery.compare(name, self.scope)] if self.before else []
        return [f"{dora.metrics()[row.now.metric].title}: {row.warning}." for row in found if row.warning]

    def signals(self) -> Iterator[Row]:
        """Weeks of the window that noise does not explain."""
        for name in KEYS:
            for series in self.delivery.signals(name, self.scope):
                for found in series.alerts:
                    if not found.weak:
                        last = series.weeks[found.last]
                        yield {"what": dora.metrics()[name].title, "week from": f"{last.period:%-d %b %Y}",
                               "weeks": found.last - found.first + 1, "shows": found.text,
                               "value": last.text}  # fmt: skip

    def pictures(self) -> Iterator[Picture]:
        """Trends by week: title, caption, chart."""
        scope = replace(self.scope, every="week")
        for name, drawing in (("lead_time", charts.median_trend), ("change_failure_rate", charts.share_trend),
                              ("deployment_frequency", None), ("recovery_time", charts.median_trend)):  # fmt: skip
            rows, window = charts.trend_rows(self.delivery.values(name, scope)), self.value(name)
            chart = drawing(rows, window) if drawing else charts.count_trend(rows)
            yield dora.metrics()[name].title, f"By week; the window's: {window.text} ({window.evidence}).", chart

    def page(self, kind: chart_images.Kind = "svg+xml") -> Page:
        """The whole report."""
        about = self.delivery.about()
        of = ", ".join(self.scope.teams + self.scope.applications) or "all applications"
        against = "compared with the previous period" if self.before else "history does not cover the previous period"
        known = text.format_time(about["as_of"], about["timezone"])
        made = Page(f"Delivery of {of}", f"{_span(self.rollbacks)} · {against} · data through {known}")
        made.cards(_card(self.value(name), self.changes) for name in KEYS)
        _significant_changes(made, self.changes)
        made.paragraphs(self.warnings())
        made.heading(
            "Trend alerts (control chart)",
            "Weeks outside the control limits, which are set from the weeks before; a few a year are false alarms.",
        )
        made.table(self.signals())
        if chart_images.installed():
            made.heading("Trends")
            made.images((title, said, chart_images.drawn(chart, kind), kind) for title, said, chart in self.pictures())
        _sections(made, self)
        return made


def _card(value: Value, changes: list[Any]) -> tuple[str, str, str]:
    change = [
        f"{change.move.text}, {change.verdict}"
        for change in changes
        if change.total and change.now.metric == value.metric
    ]
    return dora.metrics()[value.metric].title, value.text, " · ".join([value.evidence, *change])


def _significant_changes(page: Page, changes: list[Any]) -> None:
    significant = [change for change in changes if change.significant]
    note = f"{len(significant)} of {len(changes)} comparisons. False discovery rate: 5 %."
    page.heading("Significant changes", note if changes else "")
    page.table(
        {
            "metric": dora.metrics()[change.now.metric].title, "group": change.now.group or "all",
            "before": change.before.text, "now": change.now.text, "change": change.move.text,
            "assessment": change.verdict,
        }
        for change in significant
    )  # fmt: skip


def _sections(made: Page, told: Report) -> None:
    made.heading("Rollbacks")
    made.paragraphs(told.rollbacks.sentences)
    made.table(told.rollbacks.lines())
    made.heading("Canaries")
    made.paragraphs(told.delivery.canaries(told.scope).sentences)
    made.heading("Production changes", "Exceptions that an auditor looks for; `dora audit` lists every change.")
    made.paragraphs(told.delivery.audit(told.scope).sentences)
    changes = told.delivery.list_rows("change_timeline", replace(told.scope, since=None, until=None))
    waiting = [row for row in reversed(changes) if row["state"] == "open"]
    made.heading("Awaiting deployment", f"{text.format_count(len(waiting), 'change')}, oldest first.")
    made.table(_waiting(row) for row in waiting[:OLDEST])
    made.heading("Definitions in force", "The settings behind the numbers, and how many applications have each value.")
    made.table(told.delivery.sql(DEFINITIONS, [list(told.scope.teams), list(told.scope.applications)]))


def _waiting(row: Row) -> Row:
    return {
        "age": text.format_hours(row["open_hours"]),
        "application": row["application"],
        "change": f"{row['sha'][:9]} {row['subject'] or ''}",
        "author": row["author"],
        "merged (UTC)": f"{row['merged_at']:%Y-%m-%d %H:%M}" if row["merged_at"] else None,
    }


def _span(told: Any) -> str:
    if told.since is None or told.until is None:
        return "no deployments"
    return f"{told.since:%-d %B %Y} to {told.until:%-d %B %Y}"
