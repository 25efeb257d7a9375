"""The report: the brief with its scorecard, key metrics, trends, failures and what awaits deployment, on one page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, cached_property, partial
from typing import Any, Literal

import altair as alt

import dora
from dashboards import charts
from dashboards.queries import text
from dashboards.queries.selection import Grain, share_grain
from dashboards.report import chart_images
from dora import Delivery, Page, Scope, Value

MAX_PENDING = MAX_FAILED = 20  # of the lists; `dora explain`, `dora changes` and the dashboard have all of them
Row = dict[str, Any]
Group = Literal["application", "team"]


@dataclass(frozen=True)
class Report:
    """A scope of one build, compared with the previous period of equal length if history covers it."""

    delivery: Delivery
    scope: Scope

    @cached_property
    def rollbacks(self) -> Any:
        """The rollbacks of the window, and its start and end in local time."""
        return self.delivery.rollbacks(self.scope)

    @cached_property
    def previous_scope(self) -> Scope | None:
        """The scope of the previous period; null if history does not cover all of it."""
        since, until, complete_since = self.rollbacks.since, self.rollbacks.until, self.rollbacks.complete_since
        if self.scope.since is None or not since or not until:
            return None
        # A source that does not report from when its history is complete has it from its first deployment on.
        first_deployment = "SELECT min(queued_at) AS queued_at FROM deployments"
        covered_from = complete_since or self.delivery.sql(first_deployment)[0]["queued_at"]
        previous = self.delivery.previous_scope(self.scope)
        if covered_from is None or datetime.fromisoformat(previous.since or "") < covered_from:
            return None
        return previous

    def value(self, name: str) -> Value:
        """Return a key metric of the window."""
        return self.delivery.values(name, self.scope).rows[0]

    @cached_property
    def changes(self) -> list[Any]:
        """The changes of the key metrics, in total and by team, or by application if the scope is filtered."""
        if self.previous_scope is None:
            return []
        group: Group = "application" if self.scope.teams or self.scope.applications else "team"
        changes = self.delivery.significant_changes(self.scope, self.previous_scope, group)
        return [change for change in changes if change.move]

    def warnings(self) -> list[str]:
        """Return where the total changed in another direction than the applications did."""
        if self.previous_scope is None:
            return []
        read_values = cache(self.delivery.values)
        names = Delivery.key_metrics
        comparisons = [row for name in names for row in self.delivery.compare(name, self.scope, read_values)]
        return [f"{dora.metrics()[row.now.metric].title}: {row.warning}." for row in comparisons if row.warning]

    def trend_alerts(self) -> Iterator[Row]:
        """Return the alerts that matter of the weekly series of the key metrics."""
        for name in Delivery.key_metrics:
            for series in self.delivery.signals(name, self.scope):
                for alert in series.alerts:
                    if alert.matters:
                        yield series.describe(alert)

    @cached_property
    def events(self) -> list[Row]:
        """The noted events of the window, each with its local ``day`` as ISO 8601."""
        zone = self.delivery.about()["timezone"]
        return [
            row | {"day": f"{text.to_local(row['happened_at'], zone):%Y-%m-%d}"}
            for row in self.delivery.events(self.scope)
        ]

    @cached_property
    def goals(self) -> dict[str, Any]:
        """The goals that concern the scope as a whole, by metric."""
        return {result.value.metric: result for result in self.delivery.goals(self.scope)}

    def trend_charts(self) -> Iterator[tuple[str, str, alt.LayerChart]]:
        """Return title, caption and chart of each trend by week, of a share by month if weeks are too small."""
        draw = {"lead_time": charts.median_trend, "change_failure_rate": charts.share_trend,
                "deployment_frequency": lambda rows, *_: charts.count_trend(rows),
                "recovery_time": charts.median_trend}  # fmt: skip
        for name, draw_trend in draw.items():
            window, read_trend = self.value(name), partial(self._trend, name)
            grain = share_grain("week", read_trend) if window.statistic == "share" else "week"
            rows = charts.trend_rows(read_trend(grain), events=self.events)
            goal = charts.Goal.of(self.goals.get(name), window)
            chart = draw_trend(rows, window, goal)
            yield dora.metrics()[name].title, f"By {grain}; in the window: {window.text} ({window.evidence}).", chart

    def _trend(self, name: str, grain: Grain) -> list[Value]:
        return list(self.delivery.values(name, replace(self.scope, every=grain)))

    def page(self, image_type: chart_images.ImageType = "svg+xml") -> Page:
        """Return the page; it has no charts if the extra ``report`` is not installed."""
        about = self.delivery.about()
        subjects = ", ".join(self.scope.teams + self.scope.applications) or "all applications"
        period, comparison = "no deployments", "history does not cover the previous period"
        if self.rollbacks.since and self.rollbacks.until:
            period = f"{self.rollbacks.since:%-d %B %Y} to {self.rollbacks.until:%-d %B %Y}"
        if self.previous_scope:
            comparison = "compared with the previous period"
        data_through = text.format_time(about["as_of"], about["timezone"])
        page = Page(f"Delivery of {subjects}", f"{period} · {comparison} · data through {data_through}")
        self._add_brief(page)
        page.cards(self._card(name) for name in Delivery.key_metrics)
        self._add_changes(page)
        page.heading(
            "Trend alerts (control chart)",
            "Weeks outside the control limits, which are set from the weeks before; a few a year are false alarms.",
        )
        page.table(self.trend_alerts())
        if chart_images.is_installed():
            page.heading("Trends")
            page.images(
                (title, caption, chart_images.render(chart, image_type), image_type)
                for title, caption, chart in self.trend_charts()
            )
        self._add_failed_deployments(page)
        page.heading("Rollbacks")
        page.paragraphs(self.rollbacks.sentences)
        page.table(self.rollbacks.lines())
        page.heading("Canaries")
        page.paragraphs(self.delivery.canaries(self.scope).sentences)
        page.heading("Production changes", "Exceptions that an auditor looks for; `dora audit` lists every change.")
        page.paragraphs(self.delivery.audit(self.scope).sentences)
        self._add_pending_changes(page)
        page.heading(
            "Definitions in force", "The settings behind the numbers, and how many applications have each value."
        )
        page.table(self.delivery.definitions(None, self.scope))
        return page

    @cached_property
    def brief(self) -> Any:
        """The sentences and the scorecard of the scope, as on the overview."""
        return self.delivery.brief(self.scope, self.previous_scope, cache(self.delivery.values))

    def _add_brief(self, page: Page) -> None:
        """Add what needs attention, and the key metrics by team, or by application if the scope is filtered."""
        page.heading("Brief", self.brief.summary)
        silent = ["Nothing is both significant and relevant."] if not self.brief.sentences else []
        page.paragraphs([*(sentence.text for sentence in self.brief.sentences), *silent])
        if self.brief.scorecard.rows:
            page.heading(f"By {self.brief.scorecard.by}")
            page.table(self.brief.scorecard.lines())
        page.heading("Key metrics")

    def _add_failed_deployments(self, page: Page) -> None:
        observations = self.delivery.explain("change_failure_rate", self.scope)
        failed = [row for row in observations if row["value"] == 1 and not row["excluded"]]
        page.heading("Failed deployments", f"{text.format_count(len(failed), 'failed deployment')}, latest first.")
        page.table(
            {
                "deployed (UTC)": f"{row['happened_at']:%Y-%m-%d %H:%M}", "application": row["application"],
                "team": row["team"], "kind": row["kind"], "commit": (row["commit"] or "")[:9],
                "evidence": ", ".join(word.replace("_", " ") for word in (row["failure_evidence"] or "").split()),
                "recovered after": _recovery_text(row), "pipeline": row["url"],
            }
            for row in failed[:MAX_FAILED]
        )  # fmt: skip

    def _card(self, name: str) -> tuple[str, str, str]:
        value = self.value(name)
        changes = [change for change in self.changes if change.total and change.now.metric == name]
        notes = [value.evidence, *(f"{change.move.text}, {change.verdict}" for change in changes)]
        return dora.metrics()[name].title, value.text, " · ".join(notes)

    def _add_changes(self, page: Page) -> None:
        significant = [change for change in self.changes if change.significant]
        note = f"{len(significant)} of {len(self.changes)} comparisons. False discovery rate: 5 %."
        page.heading("Significant changes", note if self.changes else "")
        page.table(
            {
                "metric": dora.metrics()[change.now.metric].title, "group": change.now.group or "all",
                "before": change.before.text, "now": change.now.text, "change": change.move.text,
                "assessment": change.verdict,
            }
            for change in significant
        )  # fmt: skip
        page.paragraphs(self.warnings())

    def _add_pending_changes(self, page: Page) -> None:
        # A change that is pending today can have been merged before the window.
        changes = self.delivery.list_rows("change_timeline", replace(self.scope, since=None, until=None))
        pending = [row for row in reversed(changes) if row["state"] == "open"]
        page.heading("Awaiting deployment", f"{text.format_count(len(pending), 'change')}, oldest first.")
        page.table(
            {
                "age": text.format_hours(row["open_hours"]), "application": row["application"],
                "change": f"{row['sha'][:9]} {row['subject'] or ''}", "author": row["author"],
                "merged (UTC)": f"{row['merged_at']:%Y-%m-%d %H:%M}" if row["merged_at"] else None,
            }
            for row in pending[:MAX_PENDING]
        )  # fmt: skip


def _recovery_text(row: Row) -> str:
    if not row["recovered_at"] or not row["failed_at"]:
        return "not yet"
    return text.format_hours((row["recovered_at"] - row["failed_at"]).total_seconds() / 3600)
