"""Commands that read the numbers of a build: show, explain, check, config show. None of them fetches anything."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import asdict
from json import loads
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from dora.analysis.denominators import DenominatorStep
from dora.cli import options, shell
from dora.cli.help import ASK, OPERATE
from dora.config import definitions
from dora.config.settings import read
from dora.errors import StaleError, UsageError, counted
from dora.query.value import Value
from dora.render import console
from dora.render.text import readable
from dora.sql.catalog import CheckResult, metrics
from dora.sql.catalog import metric as catalog_metric

COMMIT = re.compile(r"\b[0-9a-f]{40}\b")
DEFINITION_COLUMNS = ["key", "value", "applications"]
EXPLAIN_FIRST = [
    "application",
    "happened_at",
    "value",
    "failure_evidence",
    "verdict",
    "outcome",
    "excluded",
]
DEPLOYMENT = "deployment"  # `explain` takes it in place of a metric
CHECK_COLUMNS = ["severity", "rows", "title", "examples", "next"]
CHECK_FIRST = ["severity", "rows", "title", "next"]

if TYPE_CHECKING:
    from dora.api import Delivery

app = typer.Typer()
config_app = typer.Typer(no_args_is_help=True, help="Show the settings in force and the meaning of each definition.")
app.add_typer(config_app, name="config", rich_help_panel=OPERATE)


@app.command(rich_help_panel=OPERATE)
def check(config: options.ConfigFile = None, wide: options.Wide = False, json: options.AsJson = False) -> None:
    """Print the results of the last build's checks. Exit 5 if the data of a source is stale.

    Example: dora check --json
    """
    delivery = options.open_build(config)
    rows = delivery.sql('SELECT name AS "check", * EXCLUDE (name) FROM check_results ORDER BY severity, name')
    print_check_results([CheckResult(**row | {"examples": loads(row["examples"])}) for row in rows], json=json)
    print_hints(delivery)
    if stale := delivery.stale_sources():
        ends = "; ".join(f"{name} ends {end}" if end else f"{name} has no data" for name, end in sorted(stale.items()))
        hours = f"{delivery.about()['stale_after_hours']:g} h"
        raise StaleError(f"Data is older than {hours}: {ends} (UTC).", "run `dora nightly` with newer exports.")


def print_check_results(results: list[CheckResult], *, json: bool) -> None:
    """Print what checks found; a table lists only the checks with wrong rows."""
    failed = [result for result in results if result.rows]
    if json:
        console.print_json([asdict(result) for result in results])
    elif failed:
        rows = [asdict(result) | {"examples": result.examples[:2]} for result in failed]
        console.print_table(rows, CHECK_COLUMNS, first=CHECK_FIRST)
    else:
        print(f"{counted(len(results), 'check')} passed.")


@app.command("metrics", rich_help_panel=ASK)
def list_metrics(json: options.AsJson = False, csv: options.AsCsv = False, wide: options.Wide = False) -> None:
    """List the metrics: name, unit, what is better, and the question that each answers.

    Example: dora metrics
    """
    rows = [
        {"metric": metric.name, "question": metric.question, "unit": metric.unit, "better": metric.better,
         "title": metric.title, "statistic": metric.statistic, "subject": metric.subject}
        for metric in metrics().values()
    ]  # fmt: skip
    if not options.print_rows(rows, json=json, csv=csv):
        console.print_table(rows, ["metric", "question", "unit", "better"])


@app.command(rich_help_panel=ASK, short_help="Print metrics with their intervals and what is pending or excluded")
def show(
    metric: options.MetricName = None,
    by: options.By = None,
    every: options.Every = None,
    since: options.Since = None,
    until: options.Until = None,
    application: options.Applications = None,
    team: options.Teams = None,
    statistic: options.Statistic = None,
    denominators: Annotated[bool, typer.Option(help="Print how the denominators add up instead.")] = False,
    config: options.ConfigFile = None,
    wide: options.Wide = False,
    json: options.AsJson = False,
    csv: options.AsCsv = False,
) -> None:
    """Print metrics with n, 95 % confidence interval, pending observations and exclusions.

    Example: dora show lead_time --by team --every month --since 180d
    """
    delivery = options.open_build(config)
    scope = options.scope_from(since, until, application, team, by=by, every=every, statistic=statistic)
    if denominators:
        _print_denominators(delivery.denominators(scope, [metric] if metric else None), json=json, csv=csv)
        return
    results = [delivery.values(name, scope) for name in ([metric] if metric else metrics())]
    if not options.print_rows([row for result in results for row in result.dicts()], json=json, csv=csv):
        _print_values([value for result in results for value in result], by, every)
        empty = {value.metric for result in results for value in result if value.value is None and not value.n}
        print_hints(delivery, empty)
        if metric in (None, "deployment_frequency"):
            _print_promotions(delivery.analyse("promotions", scope)[0])


def print_hints(delivery: Delivery, empty: Collection[str] | None = None) -> None:
    """Print why metrics are ``empty`` and the lines to paste; all hints, those about globs too, if it is None."""
    for hint in delivery.hints():
        metrics_without = hint["metrics"].split()
        concerns = empty is None or (empty if "*" in metrics_without else set(metrics_without) & set(empty))
        if concerns:
            console.print_note(f"\n{hint['sentence']}")
            if hint["lines"]:
                console.print_note(f"Next: paste this into dora.toml, then run `dora nightly`:\n\n{hint['lines']}")


def _print_denominators(steps: list[DenominatorStep], *, json: bool, csv: bool) -> None:
    if options.print_rows([asdict(step) for step in steps], json=json, csv=csv):
        return
    rows = [
        {"metric": metrics()[step.metric].title, "from": step.start_text, "left out": step.left_out or None,
         "added": step.added or None, "denominator": step.end_text}
        for step in steps
    ]  # fmt: skip
    columns = [name for name in rows[0] if name != "added" or any(row["added"] for row in rows)]
    console.print_table(rows, columns)


def _print_promotions(counts: dict[str, int]) -> None:
    if counts["promotions"]:
        promotions = counted(counts["promotions"], "promotion")
        console.print_note(
            f"{promotions} in deployment frequency; {counts['joining']} would join an earlier deployment"
        )


def _print_values(values: list[Value], by: str | None = None, every: str | None = None) -> None:
    rows = [
        {
            "metric": metrics()[value.metric].title_for(value.statistic),
            (by or "group"): value.group,
            "period": f"{value.period:%Y-%m-%d}{' (partial)' if value.partial else ''}" if value.period else None,
            "value": value.text,
            "evidence": value.evidence,
            "excluded": ", ".join(f"{count} {reason}" for reason, count in value.excluded.items()) or None,
            "incomplete": value.incomplete,
        }
        for value in values
    ]
    columns = ["metric", *([by] if by else []), *(["period"] if every else []), "value", "evidence", "excluded"]
    if any(value.incomplete for value in values):
        columns.append("incomplete")
    console.print_table(rows, columns)
    options.print_data_through(values[0].as_of if values else None)


@app.command(rich_help_panel=ASK, short_help="List the rows behind a number, failures first")
def explain(
    metric: Annotated[
        str,
        typer.Argument(
            help="Name of a metric, for example change_failure_rate; or deployment.",
            autocompletion=shell.complete_metric,
        ),
    ],
    deployment: Annotated[str | None, typer.Argument(help="With deployment: its id, or that of its execution.")] = None,
    since: options.Since = None,
    until: options.Until = None,
    application: options.Applications = None,
    team: options.Teams = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only those that failed, of a share.")] = False,
    limit: options.Limit = 40,
    config: options.ConfigFile = None,
    wide: options.Wide = False,
    json: options.AsJson = False,
    csv: options.AsCsv = False,
) -> None:
    """List the rows behind a number: deployments, changes or canaries with times, evidence and links.

    Those that failed come first; --failed leaves out all others.

    `dora explain deployment ID` says why one deployment is what it is: its targets, content, kind and outcome, with
    the rules of docs/what-serves.md.

    Example: dora explain change_failure_rate --since 30d --application ledger
    """
    delivery, scope = options.open_build(config), options.scope_from(since, until, application, team)
    if metric == DEPLOYMENT:
        _explain_deployment(delivery, deployment, json=json)
        return
    options.print_older_detail(delivery, scope)
    rows = order_failures_first(metric, delivery.explain(metric, scope), only=failed)
    if options.print_rows(rows, json=json, csv=csv):
        return
    _print_values(list(delivery.values(metric, scope)))
    # options.Every subject has columns that its source cannot fill; empty ones would push the others off the terminal.
    columns = [name for name in (rows[0] if rows else []) if any(row[name] is not None for row in rows[:limit])]
    console.print_table([_abbreviate(row) for row in rows[:limit]], columns, first=EXPLAIN_FIRST)
    console.print_note(f"{min(limit, len(rows)):,} of {len(rows):,} rows")
    console.print_table(delivery.definitions(metric, scope), DEFINITION_COLUMNS, "\nDefinitions in force:")
    console.print_note("`dora config show` has the meaning of each definition")


def order_failures_first(metric: str, rows: list[dict[str, Any]], *, only: bool) -> list[dict[str, Any]]:
    """Return the rows behind a metric, those that failed first, or ``only`` them; else in the order that they have.

    Of a share the failures are the rows that make it worse. Raises ``UsageError`` if only failures of another metric
    are wanted: it has none.
    """
    about = catalog_metric(metric)
    if about.statistic != "share":
        if only:
            shares = [name for name, other in metrics().items() if other.statistic == "share"]
            raise UsageError(f"{metric} is no share, so none of its rows failed.", f"use one of {', '.join(shares)}.")
        return rows
    bad = 1.0 if about.better == "lower" else 0.0
    failed = [row["value"] == bad and row["excluded"] is None and not row["pending"] for row in rows]
    return [row for row, is_failed in zip(rows, failed, strict=True) if is_failed] + (
        [] if only else [row for row, is_failed in zip(rows, failed, strict=True) if not is_failed]
    )


def _explain_deployment(delivery: Delivery, deployment_id: str | None, *, json: bool) -> None:
    if not deployment_id:
        raise UsageError("No deployment was named.", "use `dora explain deployment ID`.")
    explanation = delivery.explain_deployment(deployment_id)
    if json:
        console.print_json(explanation.dict())
        return
    row = explanation.deployment
    started = row["queued_at"] or row["started_at"]
    print(f"{row['deployment_id']}: {row['pipeline'] or 'no pipeline'}, started {readable(started)} UTC", end="")
    print(f" by {readable(row['triggered_by'])}" if row["triggered_by"] else "")
    print(*explanation.sentences, sep="\n")
    if not explanation.targets:
        older = delivery.older_detail(since=started)
        print("It changed no target, only configuration." if older is None else older)
        return
    console.print_table(explanation.target_lines(), title="\nWhat its targets served:")
    if lines := explanation.content_lines():
        columns = [name for name in lines[0] if any(line[name] is not None for line in lines)]
        console.print_table(lines, columns, "\nOwn content:")


def _abbreviate(row: dict[str, Any]) -> dict[str, Any]:
    """Shorten commits to nine digits and images to their name; addresses stay complete, so that they can be opened."""
    texts = {name: value for name, value in row.items() if isinstance(value, str) and name != "url"}
    if "version" in texts:
        texts["version"] = " ".join(image.rpartition("/")[2] for image in texts["version"].split(" "))
    return row | {name: COMMIT.sub(lambda match: match[0][:9], value) for name, value in texts.items()}


@config_app.command("show")
def config_show(
    application: Annotated[str, typer.Option(help="Resolve the definitions for this application.")] = "",
    config: options.ConfigFile = None,
    wide: options.Wide = False,
    json: options.AsJson = False,
) -> None:
    """Print the settings in force and the meaning of each definition.

    Example: dora config show --application ledger
    """
    settings = read(config)
    definitions.validate(settings)
    in_force = msgspec.to_builtins(definitions.resolve(settings, application))
    if json:
        # The keys of a source, never its values: those may be secrets.
        sources = {name: sorted(values) for name, values in settings.sources.items()}
        console.print_json({"path": settings.path, "data": settings.data, "timezone": settings.timezone,
                            "stale_after_hours": settings.stale_after_hours, "sources": sources,
                            "teams": settings.teams, "definitions": in_force})  # fmt: skip
        return
    print(f"settings: {settings.path or 'defaults only'}; data: {settings.data}; time zone: {settings.timezone}")
    keys = definitions.definition_keys()
    console.print_table([{"key": k, "value": v, "meaning": keys[k].description} for k, v in in_force.items()])
