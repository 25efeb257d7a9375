"""Whether more frequent deployments go with smaller and safer changes: over applications, within each, and by size.

An association is no cause: each reading has its evidence, and ``CAVEATS`` lists what else would have to be true.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

from dora.query.metric import compute_metric, query_observations
from dora.query.value import Scope
from dora.render.text import signed
from dora.sql import catalog
from dora.statistics import aggregation_effects, association, intervals, wilson
from dora.statistics.association import Association, Elasticity
from dora.storage.database import Connection

Row = dict[str, Any]
MIN_DEPLOYMENTS = 10  # with fewer, the share of an application has an interval too wide to rank
LARGE = 4  # changes
SIZE_CLASSES = {0: "none or one", 2: "two or three", 4: "four to seven", 8: "eight or more"}
CAVEATS = (
    "Frequent and rare deployers would have to be alike otherwise: in size, age, criticality, tests and team.",
    "Failures would have to be detected equally well: a busy application has more users who notice them.",
    "Failures would have to leave the frequency unchanged: a bad release is followed by fixes, which raise it.",
    "Failures would have to be many: with few, the number of deployments in both figures biases towards safer.",
    "The way of working would have to stay the same over the window: a freeze or a migration moves both at once.",
)


@dataclass(frozen=True, slots=True)
class SpeedAndSafety:
    """The figures, null if there is too little data, and their readings in sentences.

    applications  one row per application with enough deployments
    sizes         one row per class of deployment size
    between       rank correlation over applications of frequency and share failed
    smaller       rank correlation over applications of frequency and mean batch size
    elasticity    exponent of failures over deployments: 1 is proportional
    within        correlation over weeks, within applications
    difference    95 % limits of share failed, large minus small deployments
    outliers      applications whose share failed differs from all others

    Rows have ``application`` or ``name``, ``deployments``, ``failed``, ``share`` with limits ``low`` and ``high``, and
    ``evidence``; of applications also ``per_day`` (``per`` as text), ``batch`` (mean changes per deployment),
    ``expected`` (range of shares that chance alone gives) and ``shrunken`` (estimate pulled towards all others').
    """

    applications: list[Row]
    sizes: list[Row]
    between: Association | None
    smaller: Association | None
    elasticity: Elasticity | None
    within: Association | None
    difference: tuple[float, float] | None
    outliers: list[str]
    caveats: tuple[str, ...] = CAVEATS
    enough: int = MIN_DEPLOYMENTS

    @property
    def readings(self) -> dict[str, str]:
        """Each figure as a sentence that can be quoted without claiming more than it does."""
        often = "Applications that deploy more often"
        busy_weeks = "In weeks in which an application deploys more than it usually does,"
        return {
            "between": _correlation(self.between, f"{often} fail a {{}} share of the time"),
            "smaller": _correlation(self.smaller, f"{often} ship {{}} batches"),
            "elasticity": _elasticity(self.elasticity),
            "within": _correlation(self.within, f"{busy_weeks} a {{}} share fails"),
            "sizes": _sizes(self.difference),
            "outliers": _outlier_sentence(self),
        }

    @property
    def without_evidence(self) -> set[str]:
        """The names of the readings that say nothing either way: too little data, or an interval that has both."""
        directed = {name: self._has_direction(name) for name in ("between", "smaller", "within")}
        sizes = self.difference is not None and not self.difference[0] <= 0 <= self.difference[1]
        evidence = directed | {"sizes": sizes, "elasticity": bool(self.elasticity), "outliers": bool(self.outliers)}
        return {name for name in self.readings if not evidence[name]}

    def _has_direction(self, name: str) -> bool:
        correlation: Association | None = getattr(self, name)
        return correlation is not None and not correlation.low <= 0 <= correlation.high


def measure_speed_and_safety(con: Connection, scope: Scope) -> SpeedAndSafety:
    """Measure a scope. Raises ``UsageError`` for an unknown application or team, or an invalid date."""
    applications = _applications(con, scope)
    failed, deployments = _totals(applications)
    pooled = failed / deployments if deployments else 0.0
    shrunken = aggregation_effects.shrink({r["application"]: (r["failed"], r["deployments"]) for r in applications})
    # The expected range depends on the number of deployments alone: a funnel plot.
    expected = {n: aggregation_effects.funnel(n, pooled) for n in {row["deployments"] for row in applications}}
    ps = {}
    for row in applications:
        row["expected"] = expected[row["deployments"]]
        row["shrunken"] = shrunken[row["application"]].value
        ps[row["application"]] = aggregation_effects.outside(row["failed"], row["deployments"], pooled)
    sizes = _run_analysis(con, "sizes", scope)
    sizes = [row | _share_failed(row) | {"name": SIZE_CLASSES[row["least"]]} for row in sizes]
    small, large = [row for row in sizes if not row["least"]], [row for row in sizes if row["least"] >= LARGE]
    batches = [(row["per_day"], row["batch"]) for row in applications if row["batch"] is not None]
    weeks: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in _run_analysis(con, "weeks", replace(scope, every="week")):
        weeks[row["application"]].append((row["deployments"], row["failed"] / row["deployments"]))
    return SpeedAndSafety(
        applications=applications,
        sizes=sizes,
        between=association.spearman([(row["per_day"], row["share"]) for row in applications]),
        smaller=association.spearman(batches),
        elasticity=association.elasticity([(row["deployments"], row["failed"]) for row in applications]),
        within=association.within(list(weeks.values())),
        difference=intervals.newcombe(_totals(small), _totals(large)),
        outliers=sorted(aggregation_effects.discoveries(ps)),
    )


def _run_analysis(con: Connection, name: str, scope: Scope) -> list[Row]:
    return query_observations(con, "change_failure_rate", scope, catalog.queries("analyses")[name])


def _applications(con: Connection, scope: Scope) -> list[Row]:
    """Return one row per application with enough deployments in the scope."""
    by_application = replace(scope, by="application", every=None)
    frequencies = {value.group: value.value for value in compute_metric(con, "deployment_frequency", by_application)}
    batches = query_observations(con, "batch_size", by_application, catalog.queries("analyses")["batch_means"])
    batch_means = {row["application"]: row["batch"] for row in batches}
    rows = []
    for row in _run_analysis(con, "weeks", by_application):  # without ``every``, its only period is the whole window
        per_day = frequencies[row["application"]]
        if per_day and row["deployments"] >= MIN_DEPLOYMENTS:
            frequency = {"per_day": per_day, "per": f"{per_day:.2g}", "batch": batch_means.get(row["application"])}
            rows.append(row | _share_failed(row) | frequency)
    return rows


def _share_failed(row: Row) -> Row:
    low, high = wilson(row["failed"], row["deployments"]) or (0.0, 1.0)
    evidence = f"{row['failed']:,} of {row['deployments']:,} · 95 % CI {100 * low:.1f}–{100 * high:.1f} %"
    return {"share": row["failed"] / row["deployments"], "low": low, "high": high, "evidence": evidence}


def _totals(rows: list[Row]) -> tuple[int, int]:
    return sum(row["failed"] for row in rows), sum(row["deployments"] for row in rows)


def _correlation(correlation: Association | None, sentence: str) -> str:
    """Complete a sentence with "larger" or "smaller", or say that the correlation may be either."""
    if correlation is None:
        return "Too little data: a correlation needs four applications or weeks that differ."
    value, low, high = correlation.value, correlation.low, correlation.high
    evidence = f"correlation {signed(value, 2)}, 95 % CI {signed(low, 2)} to {signed(high, 2)}, n = {correlation.n:,}"
    if low <= 0 <= high:
        return f"No evidence either way: “{sentence.format('larger/smaller')}” ({evidence})."
    return f"{sentence.format('larger' if value > 0 else 'smaller')} ({evidence})."


def _elasticity(elasticity: Elasticity | None) -> str:
    if elasticity is None:
        return "Too little data to say how failures grow with deployments."
    low, high, limits = elasticity.low, elasticity.high, f"{signed(elasticity.low, 2)} to {signed(elasticity.high, 2)}"
    evidence = f"exponent {signed(elasticity.value, 2)}, 95 % CI {limits}, {elasticity.n} applications"
    if low <= 1 <= high:
        return f"Failures grow about in proportion to deployments: each one has the same risk ({evidence})."
    if high < 1:
        return f"Failures grow more slowly than deployments: the more often, the safer each one ({evidence})."
    return f"Failures grow faster than deployments: the more often, the riskier each one ({evidence})."


def _sizes(difference: tuple[float, float] | None) -> str:
    if difference is None:
        return "Too little data: no deployments of four or more changes to compare with those of at most one."
    low, high = difference
    limits = f"95 % CI of the difference {signed(100 * low)} to {signed(100 * high)} points"
    if low <= 0 <= high:
        return f"No evidence either way: large deployments (four or more changes) fail more/less often ({limits})."
    often = "more often" if low > 0 else "less often"
    return f"Large deployments (four or more changes) fail {often} than those of at most one change ({limits})."


def _outlier_sentence(figures: SpeedAndSafety) -> str:
    if not figures.applications:
        return f"No application has {MIN_DEPLOYMENTS} deployments, too few to compare."
    if not figures.outliers:
        return "No outliers: no application fails significantly more or less often than the others."
    rows = {row["application"]: row for row in figures.applications}
    estimates = {name: f"shrunken estimate {100 * rows[name]['shrunken']:.1f} %" for name in figures.outliers}
    outliers = "; ".join(f"{name} ({rows[name]['evidence']}; {estimate})" for name, estimate in estimates.items())
    return f"Outliers: {outliers}."
