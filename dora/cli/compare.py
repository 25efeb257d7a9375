"""The commands that judge numbers: compare, signals, benchmark, diff. They import nothing that fetches."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dora import api
from dora.analysis.period_comparison import PeriodComparison
from dora.analysis.survey_position import SurveyPosition
from dora.analysis.weekly_signals import TrendAlert, WeeklySeries
from dora.cli.metrics import Applications, AsJson, By, ConfigFile, Since, Teams, Until, scoped
from dora.config.settings import read
from dora.render import console, text
from dora.sql.catalog import metrics

app = typer.Typer()
Named = Annotated[str | None, typer.Argument(help="A metric; all of them where none is named.")]
Window = Annotated[str, typer.Option(help="Start of the window, included: 2026-07-01, or an age: 90d.")]


@app.command()
def compare(
    metric: Named = None,
    since: Window = "90d",
    until: Until = None,
    by: By = None,
    application: Applications = None,
    team: Teams = None,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Compare a window with the equal one before it: what moved, whether beyond noise, and what it would take to know.

    Example: dora compare change_failure_rate --since 30d --by team
    """
    delivery = api.open(read(config).data / "dora.duckdb")
    scope = scoped(by, None, since, until, application, team)
    found = [row for name in ([metric] if metric else metrics()) for row in delivery.compare(name, scope)]
    if json:
        console.print_json([row.plain() for row in found])
        return
    console.print_table([_compared(row) for row in found])
    for row in found:
        if row.warning:
            console.print_note(f"{metrics()[row.now.metric].title}: {row.warning}")
    console.print_note(f"windows: {found[0].windows}" if found else "nothing to compare")


def _compared(row: PeriodComparison) -> dict[str, Any]:
    move = row.move
    better = metrics()[row.now.metric].better
    judged = "no number to compare" if move is None else "within noise"
    if move is not None and move.significant and move.direction:
        judged = "better" if (move.direction > 0) == (better == "higher") else "worse"
    return {
        "metric": metrics()[row.now.metric].title,
        "group": row.now.group,
        "before": row.before.text,
        "now": row.now.text,
        "move": move.text if move else None,
        "verdict": judged,
        "evidence now": row.now.evidence,
        "needed of each to see it": move.needed if move else None,
    }


@app.command()
def signals(
    metric: Named = None,
    since: Window = "52w",
    until: Until = None,
    by: By = None,
    application: Applications = None,
    team: Teams = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what noise does now and then.")] = False,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Say which weeks noise does not explain: process behaviour limits, lasting shifts, change points.

    Example: dora signals lead_time --by team
    """
    delivery = api.open(read(config).data / "dora.duckdb")
    scope = scoped(by, None, since, until, application, team)
    series = [one for name in ([metric] if metric else metrics()) for one in delivery.signals(name, scope)]
    if json:
        console.print_json([_as_dict(one) for one in series])
        return
    rows = [_found(one, finding) for one in series for finding in one.alerts if everything or not finding.weak]
    if rows:
        console.print_table(rows)
    known = sum(one.behaviour is not None for one in series)
    console.print_note(
        f"{len(rows)} signals in {known} series with limits; {len(series) - known} have too few whole weeks"
    )


def _found(series: WeeklySeries, finding: TrendAlert) -> dict[str, Any]:
    first, last = series.weeks[finding.first], series.weeks[finding.last]
    centre = series.behaviour.centre if series.behaviour else None
    return {
        "metric": metrics()[series.metric].title,
        "group": series.group,
        "week from": f"{first.period:%Y-%m-%d}",
        "weeks": finding.last - finding.first + 1,
        "shows": finding.text,
        "last value": last.text,
        "usual": text.quantity(centre, last.unit),
    }


def _as_dict(series: WeeklySeries) -> dict[str, Any]:
    behaviour = series.behaviour
    weeks = [{"week": f"{value.period:%Y-%m-%d}", "value": value.value, "n": value.n} for value in series.weeks]
    limits = {"centre": behaviour.centre, "low": behaviour.low, "high": behaviour.high} if behaviour else None
    found = [{"first": weeks[one.first]["week"], "last": weeks[one.last]["week"], "shows": one.text}
             for one in series.alerts]  # fmt: skip
    told = {"metric": series.metric, "group": series.group, "unit": metrics()[series.metric].unit, "weeks": weeks}
    return told | {"baseline": series.baseline, "limits": limits, "signals": found, "slope": series.slope,
                   "reason": series.reason}  # fmt: skip


@app.command()
def benchmark(
    year: Annotated[int, typer.Option(help="Year of the survey; 2025 has no tiers.")] = 2024,
    since: Window = "90d",
    until: Until = None,
    by: By = None,
    application: Applications = None,
    team: Teams = None,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Say where the numbers stand among the answers of a year's survey, with the probability; never a grade.

    Example: dora benchmark --year 2024 --since 90d
    """
    delivery = api.open(read(config).data / "dora.duckdb")
    found = delivery.benchmark(year, scoped(by, None, since, until, application, team))
    if json:
        console.print_json([row.plain() for row in found])
        return
    console.print_table([_stood(row) for row in found])
    sources = {row.source for row in found if row.source}
    console.print_note("; ".join(sorted(sources)) or f"{year} tells nothing of these numbers")
    console.print_note("Tiers are medians of clusters of answers, not cut-offs.")


def _stood(row: SurveyPosition) -> dict[str, Any]:
    said = None
    if row.who:
        sure = row.probability or 0.0
        said = f"{row.who}, with a probability of {f'{100 * sure:.0f}' if sure < 0.995 else 'over 99'} %"
    elif row.worse is not None:
        said = f"about {100 * row.worse:.0f} % of the answers were worse"
    return {"metric": metrics()[row.value.metric].title, "group": row.value.group, "value": row.value.text,
            "evidence": row.value.evidence, "stands": said}  # fmt: skip


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="A build (dora.duckdb), or settings (dora.toml) to build with.")],
    new: Annotated[Path, typer.Argument(help="Another one.")],
    since: Since = None,
    until: Until = None,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Say what moved between two builds, or between two files of definitions over the same facts, metric by metric.

    Example: dora diff last-month/dora.duckdb data/dora.duckdb --since 90d
    """
    from dora.analysis import build_diff

    rows = build_diff.between(old, new, read(config), scoped(None, None, since, until, None, None))
    if json:
        console.print_json([row.plain() for row in rows])
        return
    console.print_table([row.line() for row in rows])
    for row in rows:
        for example in row.examples:
            console.print_note(f"{metrics()[row.metric].title}: {example}")
