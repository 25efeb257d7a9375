"""The canaries of a scope as one object, and their summary in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

from dora.analysis.canary_metrics import DecidingMetric
from dora.analysis.canary_verdicts import OVERRIDDEN, is_verified
from dora.errors import counted
from dora.query.lists import Row
from dora.render import text
from dora.statistics.diagnostic_test import Bin, Diagnosis, Verdicts
from dora.statistics.intervals import Limits

MAX_NAMES = 3  # names in one sentence


@dataclass(frozen=True, slots=True)
class CanaryOutcome:
    """Canaries with one verdict and one next step. ``healthy`` and ``failed`` count deployments whose outcome is known;
    ``unknown`` counts those whose outcome is not known, or not yet.
    """

    verdict: str
    action_taken: str
    canaries: int
    failed: int
    healthy: int
    unknown: int


@dataclass(frozen=True, slots=True)
class CanaryCoverage:
    """Production deployments of one application (null: of all), how many had a canary, and 95 % limits of the share."""

    application: str | None
    deployments: int
    with_canary: int
    limits: Limits | None


@dataclass(frozen=True, slots=True)
class CanaryCost:
    """Minutes of a canary (median, 90th percentile), and its mean part of the mean lead time of changes that had one.

    ``by_application`` holds the same means by application.
    """

    median: float | None
    p90: float | None
    changes: int
    canary_minutes: float | None
    lead_minutes: float | None
    by_application: list[Row]


@dataclass(frozen=True, slots=True)
class Canaries:
    """The canaries of a scope as a diagnostic test of their deployments.

    ``counts`` and ``diagnosis`` count canaries whose deployment continued or was stopped; ``inconclusive`` counts
    inconclusive ones by reason. ``bins`` hold verified canaries by score, ``rows`` all canaries, the latest first.
    """

    canaries: int
    outcomes: list[CanaryOutcome]
    counts: Verdicts
    diagnosis: Diagnosis
    inconclusive: dict[str, int]
    bins: list[Bin]
    metrics: list[DecidingMetric]
    coverage: list[CanaryCoverage]
    cost: CanaryCost
    rows: list[Row]
    as_of: datetime | None

    @property
    def overridden(self) -> list[Row]:
        """The failed canaries after which the deployment continued."""
        return [row for row in self.rows if row["action_taken"] in OVERRIDDEN]

    @property
    def no_data(self) -> list[Row]:
        """The canaries whose score has metric groups without data."""
        return [row for row in self.rows if row["verdict"] == "no_data"]

    @property
    def sentences(self) -> list[str]:
        """The summary: what ran, what it predicted, what decided, what it cost and covered."""
        if not self.rows:
            return ["No canary analysis ran.", _coverage(self)]
        parts = (_runs(self), *_outcomes(self), *_diagnosis(self), *_no_data(self), *_metrics(self), *_cost(self))
        return [*parts, _coverage(self)]

    def scored(self, scores: Bin) -> list[Row]:
        """The verified canaries that a bin counts."""
        return [r for r in self.rows if r["score"] is not None and scores.holds(r["score"]) and is_verified(r)]

    def dict(self) -> Row:
        """Everything as plain lists and dictionaries, as ``dora canaries --json`` prints it."""
        return asdict(self) | {"sentences": self.sentences}


def _runs(canaries: Canaries) -> str:
    applications = len({row["application"] for row in canaries.rows})
    runs = f"{counted(canaries.canaries, 'canary', 'canaries')} ran in {counted(applications, 'application')}"
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in canaries.inconclusive.items())
    return f"{runs}; {sum(canaries.inconclusive.values()):,} are inconclusive ({reasons})." if reasons else f"{runs}."


def _outcomes(canaries: Canaries) -> Iterator[str]:
    """How many deployments failed after an overridden, and after a passed canary."""
    diagnosis = canaries.diagnosis
    failed, overridden = diagnosis.precision
    if overridden:
        after = counted(overridden, "failed canary that was overridden", "failed canaries that were overridden")
        users = Counter(row["overridden_by"] for row in canaries.rows if row["overridden_by"]).most_common(MAX_NAMES)
        by = f" Overridden by {', '.join(f'{name} ({count})' for name, count in users)}." if users else ""
        share = _share_with_limits(failed, overridden, diagnosis.precision_limits)
        yield f"Of {after}, {counted(failed, 'deployment')} failed{share}.{by}"
    failed, passed = diagnosis.missed
    if passed:
        share = _share_with_limits(failed, passed, diagnosis.missed_limits)
        after = counted(passed, "passed canary", "passed canaries")
        yield f"Of {after}, {counted(failed, 'deployment')} failed{share}."
    else:
        yield "No deployment after a passed canary is old enough for its outcome to be known."


def _diagnosis(canaries: Canaries) -> Iterator[str]:
    """Sensitivity and specificity as ranges, because the outcome of a stopped deployment is never known."""
    diagnosis = canaries.diagnosis
    if diagnosis.sensitivity_bounds is None and diagnosis.specificity_bounds is None:
        return
    sensitivity, specificity = _range(diagnosis.sensitivity_bounds), _range(diagnosis.specificity_bounds)
    stopped = counted(canaries.counts.stopped, "failed canary", "failed canaries")
    yield (
        f"{stopped} stopped a deployment, whose outcome is unknown:"
        f" sensitivity (recall) is {sensitivity}, specificity is {specificity}."
    )
    if diagnosis.sensitivity is None:
        yield "No failed canary was overridden, so the ranges cannot be narrowed."
    else:
        sensitivity, specificity = (text.quantity(x, "share") for x in (diagnosis.sensitivity, diagnosis.specificity))
        yield (
            "If users overrode canaries without knowing more than the canary did,"
            f" sensitivity is {sensitivity} and specificity is {specificity}."
        )


def _no_data(canaries: Canaries) -> Iterator[str]:
    if rows := canaries.no_data:
        examples = ", ".join(f"{r['application']} on {text.days(r['happened_at'])}" for r in rows[:MAX_NAMES])
        scores = counted(len(rows), "canary", "canaries")
        yield f"{scores} scored with metric groups without data, which is no verdict: for example {examples}."


def _metrics(canaries: Canaries) -> Iterator[str]:
    metrics = canaries.metrics
    if not metrics:
        yield "No source reports the results of single metrics, so the deciding metrics are unknown."
        return
    deciding = [f"{metric.metric} ({metric.decided} of {metric.canaries:,})" for metric in metrics if metric.decided]
    yield f"Deciding metrics: {', '.join(deciding[:MAX_NAMES])}." if deciding else "No single metric decided a canary."
    never_failed = [metric.metric for metric in metrics if not metric.failed]
    if never_failed:
        yield f"Never failed: {', '.join(never_failed)}."
    unknown = sum(metric.unknown for metric in metrics)
    if unknown:
        yield f"In {counted(unknown, 'case')} the scores do not show whether a metric decided."


def _cost(canaries: Canaries) -> Iterator[str]:
    cost = canaries.cost
    if cost.median is None or cost.p90 is None:
        return
    yield f"A canary takes {_minutes(cost.median)} (median; 90th percentile {_minutes(cost.p90)})."
    if cost.canary_minutes and cost.lead_minutes:
        share = text.quantity(cost.canary_minutes / cost.lead_minutes, "share")
        yield (
            f"For {counted(cost.changes, 'change')} with a canary, it took {_minutes(cost.canary_minutes)} of"
            f" {_minutes(cost.lead_minutes)} mean lead time ({share})."
        )


def _coverage(canaries: Canaries) -> str:
    total, *applications = canaries.coverage
    if not total.deployments:
        return "There were no production deployments."
    share = text.quantity(total.with_canary / total.deployments, "share")
    without = sum(1 for application in applications if not application.with_canary)
    return (
        f"{total.with_canary:,} of {counted(total.deployments, 'production deployment')} ({share}) had a canary;"
        f" {without} of {counted(len(applications), 'application')} never had one."
    )


def _minutes(minutes: float) -> str:
    return text.quantity(minutes / 60, "hours")


def _share_with_limits(part: int, total: int, limits: Limits | None) -> str:
    if limits is None:
        return ""
    share = text.quantity(part / total, "share")
    return f" ({share}, {text.interval(*limits, 'share')})"


def _range(bounds: Limits | None) -> str:
    if bounds is None:
        return "unknown"
    low, high = (text.quantity(bound, "share") for bound in bounds)
    return low if low == high else f"{low} to {high}"
