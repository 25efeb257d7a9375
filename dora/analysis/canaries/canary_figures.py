"""The summary of canaries as numbers: each with a short label and its evidence."""

from __future__ import annotations

from collections.abc import Iterator

from dora.analysis.canaries.canary_summary import Canaries, Figure
from dora.errors import counted
from dora.render import text
from dora.statistics.intervals import Limits, wilson

NONE = "–"


def list_figures(canaries: Canaries) -> Iterator[Figure]:
    """Yield what ran, failed though it passed, was overridden, predicted, decided, cost and covered."""
    diagnosis, counts, cost = canaries.diagnosis, canaries.counts, canaries.cost
    inconclusive = sum(canaries.inconclusive.values())
    yield Figure("Canaries", f"{canaries.canaries:,}", f"{inconclusive:,} inconclusive")
    yield _share("Passed, then failed", diagnosis.missed, "no passed canary with a known outcome")
    yield _share("Overridden, then failed", diagnosis.precision, "no failed canary was overridden")
    yield Figure(
        "Stopped a deployment", f"{counts.stopped:,}", "failed canaries; whether the change was bad is unknown"
    )
    yield _range("Sensitivity (recall)", diagnosis.sensitivity_bounds, diagnosis.sensitivity)
    yield _range("Specificity", diagnosis.specificity_bounds, diagnosis.specificity)
    deciding = max(canaries.metrics, key=lambda metric: metric.decided, default=None)
    if deciding and deciding.decided:
        yield Figure("Most often decided", deciding.metric, f"{deciding.decided:,} of {deciding.canaries:,} canaries")
    if cost.median is not None and cost.p90 is not None:
        waited = f" · {counted(cost.changes, 'change')} waited" if cost.changes else ""
        yield Figure("Duration", _minutes(cost.median), f"median; 90th percentile {_minutes(cost.p90)}{waited}")
    total, *applications = canaries.coverage
    share = (total.with_canary, total.deployments)
    yield _share("Deployments with a canary", share, "no production deployments")
    configured = sum(row.configured for row in applications)
    idle = sum(row.configured and not row.with_canary for row in applications)
    evidence = f"of {counted(len(applications), 'application')} · {idle:,} configured, never ran"
    yield Figure("Applications with a canary configured", f"{configured:,}", evidence)


def _share(label: str, share: tuple[int, int], reason: str) -> Figure:
    """A share of canaries or deployments with its interval; without any, the reason."""
    limits = wilson(*share)
    if limits is None:
        return Figure(label, NONE, reason)
    part, total = share
    interval = text.interval(*limits, "share")
    return Figure(label, text.quantity(part / total, "share"), f"{part:,} of {total:,} · {interval}")


def _range(label: str, bounds: Limits | None, point: float | None) -> Figure:
    """Bounds that hold whatever the stopped canaries were, and the value if the overridden ones are like them."""
    if bounds is None:
        return Figure(label, NONE, "no outcome is known")
    low, high = (text.quantity(bound, "share") for bound in bounds)
    likely = "" if point is None else f"; {text.quantity(point, 'share')} if the overridden ones are like them"
    return Figure(label, low if low == high else f"{low} – {high}", f"whatever the stopped canaries were{likely}")


def _minutes(minutes: float) -> str:
    return text.quantity(minutes / 60, "hours")
