"""Commands that judge numbers: compare, signals, benchmark, goals, diff. None of them fetches anything."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer

from dora.analysis.period_comparison import PeriodComparison
from dora.analysis.survey_position import SurveyPosition
from dora.analysis.weekly_signals import WeeklySeries
from dora.cli import options
from dora.cli.help import ASK
from dora.config.settings import read
from dora.errors import UsageError
from dora.render import console
from dora.sql.catalog import metrics

app = typer.Typer()


@app.command(rich_help_panel=ASK)
def compare(
    metric: options.MetricName = None,
    since: options.Window = "90d",
    until: options.Until = None,
    by: options.By = None,
    application: options.Applications = None,
    team: options.Teams = None,
    split: Annotated[str | None, typer.Option(help="Compare the window from this date on with that before it.")] = None,
    event: Annotated[
        str | None, typer.Option(help="Compare the window before and after the day of this event.")
    ] = None,
    config: options.ConfigFile = None,
    wide: options.Wide = False,
    json: options.AsJson = False,
) -> None:
    """Compare a period with the equal one before it: the change, its significance, and the n needed to detect it.

    With --split or --event the window itself is split: before and after a date, or a noted event by its id.

    Example: dora compare change_failure_rate --since 180d --event template-2
    """
    delivery, scope = options.open_build(config), options.scope_from(since, until, application, team, by=by)
    read_values = cache(delivery.values)  # every metric is judged together with the key metrics
    names = [metric] if metric else metrics()
    if split and event:
        raise UsageError("--split and --event both name a date.", "give one of them.")
    split = delivery.event_day(event) if event else split
    comparisons = [row for name in names for row in delivery.compare(name, scope, read_values, split)]
    if options.print_rows([row.plain() for row in comparisons], json=json):
        return
    columns = list(_comparison_line(comparisons[0])) if comparisons else []
    optional = {"why not": any(row.reason for row in comparisons), "group": any(row.now.group for row in comparisons)}
    columns = [column for column in columns if optional.get(column, True)]
    lines = [_comparison_line(row) for row in comparisons]
    console.print_table(lines, columns, first=["metric", "group", "now", "change", "verdict"])
    for row in comparisons:
        if row.warning:
            console.print_note(f"{metrics()[row.now.metric].title}: {row.warning}")
    console.print_note(f"periods: {comparisons[0].windows}" if comparisons else "nothing to compare in this period")
    together = "together with the key metrics, at a false discovery rate of 5 %"
    console.print_note(f"verdicts: significant {together}, and as large as relevant_change")


def _comparison_line(row: PeriodComparison) -> dict[str, Any]:
    return {
        "metric": metrics()[row.now.metric].title,
        "group": row.now.group,
        "before": row.before.text,
        "now": row.now.text,
        "change": row.move.text if row.move else None,
        "verdict": row.verdict if row.move else "not comparable",
        "why not": row.reason,
        "evidence now": row.now.evidence,
        "n needed in each": row.move.needed if row.move else None,
    }


@app.command(rich_help_panel=ASK)
def signals(
    metric: options.MetricName = None,
    since: options.Window = "52w",
    until: options.Until = None,
    by: options.By = None,
    application: options.Applications = None,
    team: options.Teams = None,
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="Include alerts that often arise by chance, and those that are too small to matter."
        ),
    ] = False,
    config: options.ConfigFile = None,
    wide: options.Wide = False,
    json: options.AsJson = False,
) -> None:
    """Print trend alerts: weeks outside control limits, lasting shifts and change points.

    Example: dora signals lead_time --by team
    """
    delivery, scope = options.open_build(config), options.scope_from(since, until, application, team, by=by)
    series = [each for name in ([metric] if metric else metrics()) for each in delivery.signals(name, scope)]
    if options.print_rows([_series_json(each) for each in series], json=json):
        return
    rows = [each.describe(alert) for each in series for alert in each.alerts if everything or alert.matters]
    if rows:
        console.print_table(rows)
    with_limits = sum(each.behaviour is not None for each in series)
    too_few = f"{len(series) - with_limits} series have too few complete weeks"
    console.print_note(f"{len(rows)} trend alerts in {with_limits} series with control limits; {too_few}")


def _series_json(series: WeeklySeries) -> dict[str, Any]:
    behaviour = series.behaviour
    weeks = [{"week": f"{value.period:%Y-%m-%d}", "value": value.value, "n": value.n} for value in series.weeks]
    limits = {"centre": behaviour.centre, "low": behaviour.low, "high": behaviour.high} if behaviour else None
    signals = [
        {
            "first": weeks[alert.first]["week"],
            "last": weeks[alert.last]["week"],
            "alert": alert.text,
            "usual": alert.usual,
            "now": alert.now,
            "weeks": alert.weeks,
            "assessment": alert.verdict,
        }
        for alert in series.alerts
    ]
    return {"metric": series.metric, "group": series.group, "unit": metrics()[series.metric].unit, "weeks": weeks,
            "baseline": series.baseline, "limits": limits, "signals": signals, "slope": series.slope,
            "reason": series.reason}  # fmt: skip


@app.command(rich_help_panel=ASK, short_help="Estimate the position among the answers of a DORA survey")
def benchmark(
    year: Annotated[int, typer.Option(help="Year of the survey. 2025 has percentiles instead of tiers.")] = 2024,
    since: options.Window = "90d",
    until: options.Until = None,
    by: options.By = None,
    application: options.Applications = None,
    team: options.Teams = None,
    config: options.ConfigFile = None,
    wide: options.Wide = False,
    json: options.AsJson = False,
) -> None:
    """Estimate the tier of each metric in a year's DORA survey, with the probability of that tier.

    Example: dora benchmark --year 2024 --since 90d
    """
    positions = options.open_build(config).benchmark(year, options.scope_from(since, until, application, team, by=by))
    if options.print_rows([position.plain() for position in positions], json=json):
        return
    console.print_table([_position_line(position) for position in positions])
    sources = {position.source for position in positions if position.source}
    console.print_note("; ".join(sorted(sources)) or f"the survey of {year} has no data on these metrics")
    console.print_note("tiers are medians of clusters of answers, not cut-offs")


def _position_line(position: SurveyPosition) -> dict[str, Any]:
    value, estimate = position.value, position.reason
    if position.tier:
        # Rounded to "100 %", an estimate would read as a certainty.
        certain = (position.probability or 0.0) >= 0.995
        probability = "over 99" if certain else f"{100 * (position.probability or 0.0):.0f}"
        estimate = f"{position.tier} (probability {probability} %)"
    elif position.worse is not None:
        estimate = f"better than about {100 * position.worse:.0f} % of answers"
    row = {"metric": metrics()[value.metric].title, "group": value.group, "value": value.text}
    return row | {"evidence": value.evidence, "position": estimate}


@app.command(rich_help_panel=ASK, short_help="Print whether the goals of dora.toml are met")
def goals(
    since: options.Window = "90d",
    until: options.Until = None,
    by: options.By = None,
    application: options.Applications = None,
    team: options.Teams = None,
    config: options.ConfigFile = None,
    wide: options.Wide = False,
    json: options.AsJson = False,
) -> None:
    """Print whether the goals of dora.toml are met, missed, or undecided at this number of observations.

    Example: dora goals --by team --since 30d
    """
    results = options.open_build(config).goals(options.scope_from(since, until, application, team, by=by))
    if options.print_rows([asdict(row) | {"text": row.text, "verdict": row.verdict} for row in results], json=json):
        return
    console.print_table([row.line() for row in results])
    if not results:
        console.print_note("no goal is set; next: write some under [goals] in dora.toml")


@app.command(rich_help_panel=ASK, short_help="Compare two builds, or two files of definitions")
def diff(
    old: Annotated[Path, typer.Argument(help="A build (dora.duckdb), or settings (dora.toml) to build with.")],
    new: Annotated[Path, typer.Argument(help="Another build or settings file.")],
    since: options.Since = None,
    until: options.Until = None,
    config: options.ConfigFile = None,
    wide: options.Wide = False,
    json: options.AsJson = False,
) -> None:
    """Compare two builds, or two files of definitions over the same data, metric by metric.

    Example: dora diff last-month/dora.duckdb data/dora.duckdb --since 90d
    """
    from dora.analysis import build_diff

    differences = build_diff.compare_builds(old, new, read(config), options.scope_from(since, until))
    if options.print_rows([asdict(difference) for difference in differences], json=json):
        return
    console.print_table([difference.line() for difference in differences])
    for difference in differences:
        for example in difference.examples:
            console.print_note(f"{metrics()[difference.metric].title}: {example}")
