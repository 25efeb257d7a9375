"""Does deploying more often go with smaller and safer changes here? Between applications, within each, and by size.

An association is no cause: every reading says what it rests on, and ``CAVEATS`` what would have to be true besides.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

from dora.query.metric import compute_metric, query_observations
from dora.query.value import Scope
from dora.sql import catalog
from dora.statistics import aggregation_effects, association, intervals, wilson
from dora.statistics.association import Association, Elasticity
from dora.storage.database import Connection

ENOUGH = 10  # deployments: an application below has no share worth ranking
LARGE = 4  # changes
CLASSES = {0: "none or one", 2: "two or three", 4: "four to seven", 8: "eight or more"}
CAVEATS = (
    "Frequent and rare deployers would have to be alike otherwise: in size, age, criticality, tests and team.",
    "Failures would have to be noticed equally well: a busy application has more eyes, and its fixes show as such.",
    "Failing would not have to make people deploy: a bad release brings fixes, which raise the frequency after it.",
    "Failures would have to be many: where they are few, the count of deployments in both numbers bends towards safer.",
    "The way people work would have to stay the same over the window: a freeze or a migration moves both at once.",
)


@dataclass(frozen=True, slots=True)
class SpeedAndSafety:
    """The figures behind the claim, null where the data can not carry them, and their readings in words.

    ``applications`` and ``sizes`` are rows to draw: ``application`` or ``name``, ``deployments``, ``failed``, ``share``
    with its limits ``low`` and ``high``, ``evidence``; of applications also ``per_day``, ``per`` (the same in words),
    ``batch``: the mean number of changes in a deployment, ``usual``: between which shares chance alone puts so many
    deployments, ``drawn``: the share drawn to all as far as its own deployments leave room. ``apart`` names those that
    chance does not explain.
    """

    applications: list[dict[str, Any]]
    sizes: list[dict[str, Any]]
    between: Association | None
    smaller: Association | None
    elasticity: Elasticity | None
    within: Association | None
    difference: tuple[float, float] | None
    apart: list[str]
    readings: dict[str, str]
    caveats: tuple[str, ...] = CAVEATS
    enough: int = ENOUGH


def measure_speed_and_safety(con: Connection, scope: Scope) -> SpeedAndSafety:
    """What the deployments of a scope say to the claim. Raises ``UsageError`` for what does not exist."""
    applications = _applications(con, scope)
    enough = _beside_chance([row for row in applications if row["deployments"] >= ENOUGH])
    weeks = _over(con, "weeks", replace(scope, every="week"))
    sizes = [row | _failed(row) for row in _over(con, "sizes", scope)]
    found = SpeedAndSafety(
        applications=enough,
        sizes=[row | {"name": CLASSES[row["least"]]} for row in sizes],
        between=association.spearman([(row["per_day"], row["share"]) for row in enough]),
        smaller=association.spearman([(row["per_day"], row["batch"]) for row in enough if row["batch"] is not None]),
        elasticity=association.elasticity([(row["deployments"], row["failed"]) for row in enough]),
        within=association.within(_by_application(weeks)),
        difference=_difference(sizes),
        apart=_apart(enough),
        readings={},
    )
    return replace(found, readings=_readings(found))


def _over(con: Connection, name: str, scope: Scope) -> list[dict[str, Any]]:
    return query_observations(con, "change_failure_rate", scope, catalog.queries("analyses")[name])


def _applications(con: Connection, scope: Scope) -> list[dict[str, Any]]:
    """One row an application that deployed in the scope."""
    each = replace(scope, by="application", every=None)
    rates = {value.group: value.value for value in compute_metric(con, "deployment_frequency", each)}
    batches = query_observations(con, "batch_size", each, catalog.queries("analyses")["batch_means"])
    means = {row["application"]: row["batch"] for row in batches}
    seen = [row for row in _over(con, "weeks", each) if rates[row["application"]]]
    return [row | _failed(row) | _rate(rates[row["application"]], means.get(row["application"])) for row in seen]


def _beside_chance(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each with what chance alone would make of so many deployments, and with its share drawn to all others'."""
    cases = {row["application"]: (row["failed"], row["deployments"]) for row in rows}
    drawn, pooled = aggregation_effects.shrink(cases), _pooled(rows)
    return [
        row
        | {"usual": aggregation_effects.funnel(row["deployments"], pooled), "drawn": drawn[row["application"]].value}
        for row in rows
    ]


def _pooled(rows: list[dict[str, Any]]) -> float:
    failed, deployments = _counted(rows)
    return failed / deployments if deployments else 0.0


def _apart(rows: list[dict[str, Any]]) -> list[str]:
    """The applications whose share chance does not explain, so chosen that one in twenty of them may be chance."""
    pooled = _pooled(rows)
    ps = {row["application"]: aggregation_effects.outside(row["failed"], row["deployments"], pooled) for row in rows}
    return sorted(aggregation_effects.discoveries(ps))


def _rate(per_day: float | None, batch: float | None) -> dict[str, Any]:
    return {"per_day": per_day, "per": f"{per_day:.2g}", "batch": batch}


def _failed(row: dict[str, Any]) -> dict[str, Any]:
    low, high = wilson(row["failed"], row["deployments"]) or (0.0, 1.0)
    evidence = f"{row['failed']:,} of {row['deployments']:,} · 95 % {100 * low:.1f}–{100 * high:.1f} %"
    return {"share": row["failed"] / row["deployments"], "low": low, "high": high, "evidence": evidence}


def _by_application(weeks: list[dict[str, Any]]) -> list[list[tuple[float, float]]]:
    groups: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in weeks:
        groups[row["application"]].append((row["deployments"], row["failed"] / row["deployments"]))
    return list(groups.values())


def _difference(sizes: list[dict[str, Any]]) -> tuple[float, float] | None:
    """95 % limits of how much more of the larger deployments (four changes and more) failed than of the smallest."""
    small, large = ([row for row in sizes if not row["least"]], [row for row in sizes if row["least"] >= LARGE])
    return intervals.newcombe(_counted(small), _counted(large))


def _counted(rows: list[dict[str, Any]]) -> tuple[int, int]:
    return sum(row["failed"] for row in rows), sum(row["deployments"] for row in rows)


def _readings(found: SpeedAndSafety) -> dict[str, str]:
    """Each figure as a sentence that a lead can repeat without saying more than it does."""
    return {
        "between": _associated(
            found.between, "Applications that deploy more often fail a {} share of the time", ("larger", "smaller")
        ),
        "smaller": _associated(
            found.smaller, "Applications that deploy more often ship {} batches", ("larger", "smaller")
        ),
        "elasticity": _proportional(found.elasticity),
        "within": _associated(
            found.within, "In weeks in which an application deploys more than it usually does, a {} share fails",
            ("larger", "smaller"),
        ),
        "sizes": _larger(found.difference),
        "apart": _named(found),
    }  # fmt: skip


def _associated(seen: Association | None, sentence: str, words: tuple[str, str]) -> str:
    if seen is None:
        return "There is too little here to say: fewer than four that differ."
    numbers = f"correlation {seen.value:+.2f}, 95 % {seen.low:+.2f} to {seen.high:+.2f}, n = {seen.n:,}"
    evidence = numbers.replace("-", "−")
    if seen.low <= 0 <= seen.high:
        told = sentence.format("/".join(words))
        return f"Not to be told from noise: “{told}” could be either ({evidence})."
    return f"{sentence.format(words[0] if seen.value > 0 else words[1])} ({evidence})."


def _proportional(seen: Elasticity | None) -> str:
    if seen is None:
        return "There is too little here to say how failures grow with deployments."
    evidence = f"exponent {seen.value:.2f}, 95 % {seen.low:.2f} to {seen.high:.2f}, {seen.n} applications"
    if seen.low <= 1 <= seen.high:
        return f"Failures grow about in step with deployments: each one is as risky as any other ({evidence})."
    if seen.high < 1:
        return f"Failures grow more slowly than deployments: the more often, the safer each one ({evidence})."
    return f"Failures grow faster than deployments: the more often, the riskier each one ({evidence})."


def _named(found: SpeedAndSafety) -> str:
    if not found.applications:
        return f"No application has {ENOUGH} deployments to be told apart by."
    if not found.apart:
        return "No application fails more or less often than chance explains."
    shares = {row["application"]: row for row in found.applications}
    told = (
        f"{name} ({shares[name]['evidence']}; drawn to all: {100 * shares[name]['drawn']:.1f} %)"
        for name in found.apart
    )
    return f"Apart from all others by more than chance: {'; '.join(told)}."


def _larger(difference: tuple[float, float] | None) -> str:
    if difference is None:
        return "There are no deployments of four changes and more to compare with those of one."
    low, high = difference
    limits = f"95 % {100 * low:+.1f} to {100 * high:+.1f} points"
    if low <= 0 <= high:
        return (
            f"Large deployments (four changes and more) fail neither more nor less than those of one, within {limits}."
        )
    often = "more often" if low > 0 else "less often"
    return f"Large deployments (four changes and more) fail {often} than those of one: {limits}."
