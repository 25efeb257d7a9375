"""The commands that read a build: show, explain, check, config show. They import nothing that fetches."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import datetime, timedelta
from json import loads
from pathlib import Path
from typing import Annotated, Any, cast

import msgspec
import typer

from dora import api
from dora.config import definitions
from dora.config.settings import read
from dora.errors import StaleError
from dora.periods import Grain
from dora.query.value import By as Group
from dora.query.value import Scope, Value
from dora.render import console
from dora.sql.catalog import Finding, metrics

SHA = re.compile(r"\b[0-9a-f]{40}\b")
CHOICE = ["key", "value", "applications", "says"]
FINDING = ["severity", "rows", "title", "such_as", "next"]

app = typer.Typer()
config_app = typer.Typer(no_args_is_help=True, help="What is configured, and what each definition means.")
app.add_typer(config_app, name="config")

ConfigFile = Annotated[Path | None, typer.Option("--config", help="Settings; default $DORA_CONFIG, then ./dora.toml.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
Since = Annotated[str | None, typer.Option(help="Start, included: 2026-07-01, or an age: 90d. Default: all history.")]
Until = Annotated[str | None, typer.Option(help="End, not included. Default: the end of the data.")]
By = Annotated[str | None, typer.Option(help="application, team, or group of teams.")]
Statistic = Annotated[str | None, typer.Option(help="Of durations: median, plain_median, p75, p90 or mean.")]
Teams = Annotated[list[str] | None, typer.Option("--team", help="Only this one and those below; may be repeated.")]
Every = Annotated[str | None, typer.Option(help="day, week or month.")]
Applications = Annotated[list[str] | None, typer.Option("--application", help="Only this one; may be repeated.")]


@app.command()
def check(config: ConfigFile = None, json: AsJson = False) -> None:
    """Say what the checks of the last build found, and whether the data is stale (exit 5).

    Example: dora check --json
    """
    delivery = api.open(read(config).data / "dora.duckdb")
    rows = delivery.sql("SELECT * FROM check_results ORDER BY severity, name")
    findings = [Finding(r["name"], r["title"], r["severity"], r["rows"], loads(r["examples"]), r["next"]) for r in rows]
    print_findings(findings, json)
    age, limit = delivery.age(), timedelta(hours=delivery.about()["stale_after_hours"])
    if age is None or age > limit:
        raise StaleError(f"The data ends {delivery.about()['as_of']} UTC, older than {limit}.", "run `dora nightly`.")


@app.command()
def show(
    metric: Annotated[str | None, typer.Argument(help="A metric; all of them where none is named.")] = None,
    by: By = None,
    every: Every = None,
    since: Since = None,
    until: Until = None,
    application: Applications = None,
    team: Teams = None,
    statistic: Statistic = None,
    config: ConfigFile = None,
    json: AsJson = False,
    csv: AsCsv = False,
) -> None:
    """Print metrics with n, 95 % interval, what is open and what was left out.

    Example: dora show lead_time --by team --every month --since 180d
    """
    delivery = api.open(read(config).data / "dora.duckdb")
    scope = scoped(by, every, since, until, application, team, statistic)
    results = [delivery.values(name, scope) for name in ([metric] if metric else metrics())]
    rows = [row for result in results for row in result.dicts()]
    if json:
        console.print_json(rows)
    elif csv:
        console.print_csv(rows)
    else:
        _print_values([value for result in results for value in result], by, every)


def scoped(
    by: str | None,
    every: str | None,
    since: str | None,
    until: str | None,
    applications: list[str] | None,
    teams: list[str] | None,
    statistic: str | None = None,
) -> Scope:
    """What the options of a command ask for."""
    named = tuple(applications or ()), tuple(teams or ())
    return Scope(since, until, cast("Group | None", by), cast("Grain | None", every), *named, statistic)


def _print_values(values: list[Value], by: str | None, every: str | None) -> None:
    rows = [
        {
            "metric": metrics()[value.metric].title_for(value.statistic),
            (by or "group"): value.group,
            "period": f"{value.period:%Y-%m-%d}{' (partial)' if value.partial else ''}" if value.period else None,
            "incomplete": value.incomplete,
            "value": value.text,
            "evidence": value.evidence,
            "left out": ", ".join(f"{count} {reason}" for reason, count in value.excluded.items()) or None,
        }
        for value in values
    ]
    columns = ["metric", *([by] if by else []), *(["period"] if every else []), "value", "evidence", "left out"]
    if any(value.incomplete for value in values):
        columns.append("incomplete")
    console.print_table(rows, columns)
    data_to(values[0].as_of if values else None)


def data_to(as_of: datetime | None) -> None:
    """Say up to when the facts are known."""
    if as_of:
        console.print_note(f"data to {as_of:%Y-%m-%d %H:%M} UTC")


@app.command()
def explain(
    metric: Annotated[str, typer.Argument(help="A metric, such as change_failure_rate.")],
    since: Since = None,
    until: Until = None,
    application: Applications = None,
    team: Teams = None,
    limit: Annotated[int, typer.Option(help="Rows of the table at the most; JSON and CSV print all.")] = 40,
    config: ConfigFile = None,
    json: AsJson = False,
    csv: AsCsv = False,
) -> None:
    """List the rows behind a number: deployments, changes or canaries with times, evidence and links.

    Example: dora explain change_failure_rate --since 30d --application ledger
    """
    delivery = api.open(read(config).data / "dora.duckdb")
    scope = scoped(None, None, since, until, application, team)
    rows = delivery.explain(metric, scope)
    if json:
        console.print_json(rows)
    elif csv:
        console.print_csv(rows)
    else:
        _print_values(list(delivery.values(metric, scope)), None, None)
        shown = [name for name in (rows[0] if rows else []) if any(row[name] is not None for row in rows[:limit])]
        console.print_table([_brief(row) for row in rows[:limit]], shown)
        console.print_note(f"{min(limit, len(rows))} of {len(rows)} rows")
        console.print_table(delivery.definitions(metric, scope), CHOICE, "\nBy these definitions:")


def _brief(row: dict[str, Any]) -> dict[str, Any]:
    """As people read it: commits by their first nine digits, images without their registry, addresses as they are."""
    words = {name: value for name, value in row.items() if isinstance(value, str) and name != "url"}
    if "version" in words:
        words["version"] = words["version"].rpartition("/")[2]
    return row | {name: SHA.sub(lambda sha: sha[0][:9], value) for name, value in words.items()}


@config_app.command("show")
def config_show(
    application: Annotated[str, typer.Option(help="Resolve the definitions for this application.")] = "",
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Print the settings in force and what each definition means.

    Example: dora config show --application ledger
    """
    settings = read(config)
    definitions.validate(settings)
    resolved = msgspec.json.decode(msgspec.json.encode(definitions.resolve(settings, application)))
    if json:
        sources = {name: sorted(values) for name, values in settings.sources.items()}
        console.print_json({"path": settings.path, "data": settings.data, "timezone": settings.timezone,
                        "stale_after_hours": settings.stale_after_hours, "sources": sources,
                        "teams": settings.teams, "definitions": resolved})  # fmt: skip
        return
    print(
        f"settings {settings.path or 'none, defaults only'}; data in {settings.data}; days cut in {settings.timezone}"
    )
    keys = definitions.definition_keys()
    console.print_table(
        [{"key": key, "value": value, "means": keys[key].description} for key, value in resolved.items()]
    )


def print_findings(findings: list[Finding], json: bool) -> None:
    """Print what checks found."""
    if json:
        console.print_json([asdict(finding) for finding in findings])
        return
    found = [finding for finding in findings if finding.rows]
    if found:
        console.print_table([asdict(f) | {"such_as": f.examples[:2]} for f in found], FINDING)
    else:
        print(f"{len(findings)} checks, nothing found.")
