"""The canaries of a scope as one object: what each says as a diagnostic test, and their summary in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from dora.errors import counted
from dora.query.lists import Row
from dora.render import text
from dora.statistics.diagnostic_test import Bin, Diagnosis, Verdicts
from dora.statistics.intervals import Limits

MAX_NAMES = 3  # names in one sentence
CONCLUSIVE = ("pass", "marginal", "fail")
# Without an approval no user decided, but the deployment continued against the canary as after an override.
OVERRIDDEN = {"overridden", "continued without approval"}


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
    """Production deployments of one application (null: of all), how many had a canary, and 95 % limits of the share.

    ``configured`` says whether a pipeline has a canary stage today, also if none ran.
    """

    application: str | None
    deployments: int
    with_canary: int
    limits: Limits | None
    configured: bool = False


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
class DecidingMetric:
    """One metric in the judgments that decided canaries.

    canaries   canaries with this metric
    failed     canaries in which it failed
    decided    had it alone passed, the canary would have passed
    together   had all that failed passed, the canary would have passed, but not with it alone
    outvoted   it failed, and the canary passed
    unknown    it failed in a canary that did not pass, and the weights of the groups are not known
    no_data    it had no data
    all_zero   every value was 0 where missing values count as 0: it may have had no data
    """

    metric: str
    canaries: int = 0
    failed: int = 0
    decided: int = 0
    together: int = 0
    outvoted: int = 0
    unknown: int = 0
    no_data: int = 0
    all_zero: int = 0


class Figure(NamedTuple):
    """One number of the summary: a short label, the value, and its evidence."""

    label: str
    value: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Canaries:
    """The canaries of a scope as a diagnostic test of their deployments.

    ``counts`` and ``diagnosis`` count canaries whose deployment continued or was stopped; ``inconclusive`` counts
    inconclusive ones by reason. ``bins`` hold verified canaries by score, ``kinds`` the number of canaries by verdict,
    action, outcome and score, ``overrides`` and ``without_data`` the first examples of both. ``rows`` are the latest
    canaries; ``figures`` are the summary as numbers.
    """

    canaries: int
    applications: int
    outcomes: list[CanaryOutcome]
    counts: Verdicts
    diagnosis: Diagnosis
    inconclusive: dict[str, int]
    bins: list[Bin]
    metrics: list[DecidingMetric]
    coverage: list[CanaryCoverage]
    cost: CanaryCost
    kinds: list[Row]
    overrides: list[Row]
    without_data: list[Row]
    rows: list[Row]
    as_of: datetime | None
    figures: list[Figure] = field(default_factory=list)

    @property
    def sentences(self) -> list[str]:
        """The summary: what ran, what it predicted, what decided, what it cost and covered."""
        if not self.canaries:
            return ["No canary analysis ran.", _coverage(self)]
        applications = counted(self.applications, "application")
        runs = f"{counted(self.canaries, 'canary', 'canaries')} ran in {applications}"
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.inconclusive.items())
        if reasons:
            runs += f"; {sum(self.inconclusive.values()):,} are inconclusive ({reasons})"
        parts = (_unread(self), _outcomes(self), _diagnosis(self), _metrics(self), _cost(self))
        return [f"{runs}.", *chain.from_iterable(parts), _coverage(self)]

    def dict(self) -> Row:
        """Everything as plain lists and dictionaries, as ``dora canaries --json`` prints it."""
        return asdict(self) | {"sentences": self.sentences}


def classify(row: Row) -> tuple[str | None, str]:
    """Return the field of ``Verdicts`` in which a canary counts; else null, and the reason why it is inconclusive."""
    if row["verdict"] not in CONCLUSIVE:
        return None, f"verdict {row['verdict']}"
    # Counted although its outcome is never known: the bounds of sensitivity and specificity need the number.
    if row["action_taken"] == "stopped":
        return "stopped", ""
    if row["action_taken"] not in OVERRIDDEN | {"promoted"}:
        return None, row["action_taken"]
    if row["outcome_unknown_reason"]:
        return None, row["outcome_unknown_reason"]
    action = "passed" if row["action_taken"] == "promoted" else "overridden"
    return f"{action}_{'bad' if row['deployment_failed'] else 'good'}", ""


def is_verified(row: Row) -> bool:
    """Whether the deployment continued and its outcome is known, so that it can be compared with the verdict."""
    return classify(row)[0] not in (None, "stopped")


def count(kinds: Iterable[Row]) -> int:
    """Return the number of canaries of some kinds."""
    return sum(kind["canaries"] for kind in kinds)


def count_verdicts(kinds: Iterable[Row]) -> tuple[Verdicts, dict[str, int]]:
    """Return the canaries by verdict and outcome, and the number of inconclusive ones by reason."""
    counts: Counter[str] = Counter()
    inconclusive: Counter[str] = Counter()
    for kind in kinds:
        field, reason = classify(kind)
        if field:
            counts[field] += kind["canaries"]
        else:
            inconclusive[reason] += kind["canaries"]
    return Verdicts(**counts), dict(sorted(inconclusive.items()))


def _unread(canaries: Canaries) -> Iterator[str]:
    """What rests on the score of the pipeline alone, which is 100 for a group without data."""
    verdicts: Counter[str] = Counter()
    for kind in canaries.kinds:
        if kind["unread_judgment"]:
            verdicts[kind["verdict"]] += kind["canaries"]
    if verdicts:
        by_verdict = ", ".join(f"{count:,} {verdict}" for verdict, count in sorted(verdicts.items()))
        judgments = counted(verdicts.total(), "judgment")
        yield f"{judgments} could not be read: {by_verdict} by the pipeline's score, which does not show missing data."


def _outcomes(canaries: Canaries) -> Iterator[str]:
    diagnosis = canaries.diagnosis
    failed, overridden = diagnosis.precision
    if overridden:
        after = counted(overridden, "failed canary that was overridden", "failed canaries that were overridden")
        users = [f"{row['overridden_by']} ({row['canaries']})" for row in canaries.overrides]
        by = f" Overridden by {', '.join(users)}." if users else ""
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
    stopped = counted(canaries.counts.stopped, "failed canary", "failed canaries")
    sensitivity, specificity = _range(diagnosis.sensitivity_bounds), _range(diagnosis.specificity_bounds)
    ranges = f"sensitivity (recall) is {sensitivity}, specificity is {specificity}"
    yield f"{stopped} stopped a deployment, whose outcome is unknown: {ranges}."
    if diagnosis.sensitivity is None:
        overridden = any(kind["action_taken"] in OVERRIDDEN for kind in canaries.kinds)
        known = "No outcome of an overridden canary is known" if overridden else "No failed canary was overridden"
        yield f"{known}, so the ranges cannot be narrowed."
    else:
        sensitivity, specificity = (text.quantity(x, "share") for x in (diagnosis.sensitivity, diagnosis.specificity))
        point = f"sensitivity is {sensitivity} and specificity is {specificity}"
        yield f"If users overrode canaries without knowing more than the canary did, {point}."


def _metrics(canaries: Canaries) -> Iterator[str]:
    if canaries.without_data:
        examples = ", ".join(f"{r['application']} on {text.days(r['happened_at'])}" for r in canaries.without_data)
        scores = counted(count(kind for kind in canaries.kinds if kind["verdict"] == "no_data"), "canary", "canaries")
        yield f"{scores} scored without data of some or all metrics, which is no verdict: for example {examples}."
    metrics = canaries.metrics
    if not metrics:
        yield "No judgment with single metrics was read, so the deciding metrics are unknown."
        return
    deciding = [f"{metric.metric} ({metric.decided} of {metric.canaries:,})" for metric in metrics if metric.decided]
    yield f"Deciding metrics: {', '.join(deciding[:MAX_NAMES])}." if deciding else "No single metric decided a canary."
    if together := [metric.metric for metric in metrics if metric.together]:
        yield f"Decided only together with others: {', '.join(together[:MAX_NAMES])}."
    never_failed = [metric.metric for metric in metrics if not metric.failed]
    if never_failed:
        yield f"Never failed: {', '.join(never_failed)}."
    unknown = sum(metric.unknown for metric in metrics)
    if unknown:
        yield f"In {counted(unknown, 'case')} the weights of the groups do not tell whether a metric decided."
    stuck = count(k for k in canaries.kinds if k["could_pass"] is False and k["verdict"] in CONCLUSIVE)
    if stuck:
        could_not = f"{counted(stuck, 'canary', 'canaries')} could not have passed"
        yield f"{could_not}: the weights of the groups do not reach the threshold."
    if zeros := [metric.metric for metric in metrics if metric.all_zero]:
        yield f"Only zeros where missing values count as 0, so perhaps no data: {', '.join(zeros)}."


def _cost(canaries: Canaries) -> Iterator[str]:
    cost = canaries.cost
    if cost.median is None or cost.p90 is None:
        return
    yield f"A canary takes {_minutes(cost.median)} (median; 90th percentile {_minutes(cost.p90)})."
    if cost.canary_minutes and cost.lead_minutes:
        share = text.quantity(cost.canary_minutes / cost.lead_minutes, "share")
        part = f"{_minutes(cost.canary_minutes)} of {_minutes(cost.lead_minutes)} mean lead time ({share})"
        yield f"For {counted(cost.changes, 'change')} with a canary, it took {part}."


def _coverage(canaries: Canaries) -> str:
    total, *applications = canaries.coverage
    if not total.deployments:
        return "There were no production deployments."
    share = text.quantity(total.with_canary / total.deployments, "share")
    without = sum(1 for application in applications if not application.with_canary)
    covered = f"{total.with_canary:,} of {counted(total.deployments, 'production deployment')} ({share}) had a canary"
    idle = [row.application for row in applications if row.configured and not row.with_canary]
    have = "has" if len(idle) == 1 else "have"
    configured = f", though {', '.join(filter(None, idle))} {have} one configured" if idle else ""
    return f"{covered}; {without} of {counted(len(applications), 'application')} never had one{configured}."


def _minutes(minutes: float) -> str:
    return text.quantity(minutes / 60, "hours")


def _share_with_limits(part: int, total: int, limits: Limits | None) -> str:
    return f" ({text.quantity(part / total, 'share')}, {text.interval(*limits, 'share')})" if limits else ""


def _range(bounds: Limits | None) -> str:
    if bounds is None:
        return "unknown"
    low, high = (text.quantity(bound, "share") for bound in bounds)
    return low if low == high else f"{low} to {high}"
