"""What canaries are worth in plain sentences, each with its numbers and what is not known."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dora.errors import counted
from dora.query.lists import Row
from dora.render import text
from dora.statistics.intervals import Limits

if TYPE_CHECKING:
    from dora.analysis.canary_metrics import DecidingMetric
    from dora.statistics.diagnostic_test import Diagnosis, Verdicts

NAMED = 3


@dataclass(frozen=True, slots=True)
class CanaryCoverage:
    """Production deployments of one application (null: of all), how many a canary judged, and 95 % limits."""

    application: str | None
    deployments: int
    judged: int
    limits: Limits | None


@dataclass(frozen=True, slots=True)
class CanaryCost:
    """Minutes: of a canary (median and 9 in 10), and the mean that a change waits for it of its mean lead time.

    ``by_application`` holds the same means by application.
    """

    median: float | None
    nine_in_ten: float | None
    changes: int
    canary_minutes: float | None
    lead_minutes: float | None
    by_application: list[Row]


def sentences(  # noqa: PLR0913, PLR0917 - one sentence each
    rows: list[Row],
    counts: Verdicts,
    diagnosis: Diagnosis,
    left_out: dict[str, int],
    metrics: list[DecidingMetric],
    coverage: list[CanaryCoverage],
    cost: CanaryCost,
) -> list[str]:
    """The reading, from what happened to what it costs; empty parts are said to be empty."""
    if not rows:
        return ["No canary analysis ran.", _covered(coverage)]
    told = [_ran(rows, left_out), _overridden(diagnosis, rows), _passed(diagnosis), *_known(counts, diagnosis)]
    told += [_empty(rows), _decided(metrics), _costs(cost), _covered(coverage)]
    return [sentence for sentence in told if sentence]


def _ran(rows: list[Row], left_out: dict[str, int]) -> str:
    applications = len({row["application"] for row in rows})
    out = ", ".join(f"{count:,} {reason}" for reason, count in left_out.items())
    apart = f"; {sum(left_out.values()):,} say nothing of their worth ({out})" if out else ""
    ran = counted(len(rows), "canary", "canaries")
    return f"{ran} judged {counted(applications, 'application')}{apart}."


def _overridden(diagnosis: Diagnosis, rows: list[Row]) -> str:
    bad, all_ = diagnosis.precision
    if not all_:
        return ""
    people = Counter(row["overridden_by"] for row in rows if row["overridden_by"])
    by = f" Overridden by {', '.join(f'{name} ({n})' for name, n in people.most_common(NAMED))}." if people else ""
    went = counted(all_, "failed canary that was overridden", "failed canaries that were overridden")
    limits = _limits(bad, all_, diagnosis.precision_limits)
    return f"Of {went}, {counted(bad, 'deployment')} failed{limits}.{by}"


def _passed(diagnosis: Diagnosis) -> str:
    bad, all_ = diagnosis.missed
    if not all_:
        return "No deployment that a canary passed is old enough to know how it went."
    limits = _limits(bad, all_, diagnosis.missed_limits)
    return f"Of {all_:,} that passed, {counted(bad, 'deployment')} failed all the same{limits}."


def _known(counts: Verdicts, diagnosis: Diagnosis) -> list[str]:
    if diagnosis.sensitivity_bounds is None and diagnosis.specificity_bounds is None:
        return []
    failed = counted(counts.stopped, "failed canary", "failed canaries")
    stopped = f"{failed} stopped a deployment, and what it would have done will never be seen"
    finds, spares = _bounds(diagnosis.sensitivity_bounds), _bounds(diagnosis.specificity_bounds)
    told = [f"{stopped}: a canary finds {finds} of the bad and lets {spares} of the good pass."]
    if diagnosis.sensitivity is None:
        return [*told, "Nobody overrode a failed canary, so nothing narrower can be known."]
    share, spared = (text.quantity(x, "share") for x in (diagnosis.sensitivity, diagnosis.specificity))
    return [*told, f"If people overrode without knowing more than the canary, it finds {share} and lets {spared} pass."]


def _empty(rows: list[Row]) -> str:
    empty = [row for row in rows if row["verdict"] == "no_data"]
    if not empty:
        return ""
    such = ", ".join(f"{row['application']} on {text.days(row['happened_at'])}" for row in empty[:NAMED])
    scores = counted(len(empty), "score rests", "scores rest")
    return f"{scores} on groups without any data and {'is' if len(empty) == 1 else 'are'} no verdict, such as {such}."


def _decided(metrics: list[DecidingMetric]) -> str:
    if not metrics:
        return "No source told how the metrics came out, so which of them decide is not known."
    deciding = [f"{one.metric} ({one.decided} of {one.canaries:,})" for one in metrics if one.decided][:NAMED]
    never = [one.metric for one in metrics if not one.failed]
    told = [f"What decides: {', '.join(deciding)}." if deciding else "No single metric decided a canary."]
    if never:
        told.append(f"Never failed: {', '.join(never)}.")
    unknown = sum(one.unknown for one in metrics)
    if unknown:
        told.append(f"In {counted(unknown, 'case', 'cases')} the scores do not tell whether a metric decided.")
    return " ".join(told)


def _costs(cost: CanaryCost) -> str:
    if cost.median is None or cost.nine_in_ten is None:
        return ""
    told = f"A canary takes {_minutes(cost.median)}, 9 in 10 at most {_minutes(cost.nine_in_ten)}"
    if not cost.canary_minutes or not cost.lead_minutes:
        return f"{told}."
    share = text.quantity(cost.canary_minutes / cost.lead_minutes, "share")
    part = f"{_minutes(cost.canary_minutes)} of {_minutes(cost.lead_minutes)} of lead time on average ({share})"
    return f"{told}; to the {cost.changes:,} changes that met one it was {part}."


def _covered(coverage: list[CanaryCoverage]) -> str:
    all_, *each = coverage
    if not all_.deployments:
        return "There was no production deployment."
    share = text.quantity(all_.judged / all_.deployments, "share")
    without = sum(1 for one in each if not one.judged)
    return (
        f"{all_.judged:,} of {counted(all_.deployments, 'production deployment', 'production deployments')} ({share})"
        f" had a canary; {without} of {counted(len(each), 'application')} never had one."
    )


def _minutes(minutes: float) -> str:
    return text.quantity(minutes / 60, "hours")


def _limits(part: int, whole: int, limits: Limits | None) -> str:
    if limits is None:
        return ""
    return f" ({text.quantity(part / whole, 'share')}, 95 % {_bounds(limits, '–')})"


def _bounds(limits: Limits | None, between: str = " to ") -> str:
    if limits is None:
        return "an unknown share"
    low, high = (text.quantity(limit, "share") for limit in limits)
    return low if low == high else f"{low.removesuffix(' %') if between == '–' else low}{between}{high}"
