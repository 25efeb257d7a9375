"""The commands that look back on what was done: canaries, audit, rollbacks. They import nothing that fetches."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dora import api
from dora.analysis import audit_text
from dora.cli.metrics import Applications, AsCsv, AsJson, ConfigFile, Since, Teams, Until, data_to, scoped
from dora.config.settings import read
from dora.errors import UsageError
from dora.render import console, text
from dora.render.html import Page
from dora.statistics.intervals import Limits

if TYPE_CHECKING:
    from dora.analysis.audit import AuditTrail
    from dora.analysis.canaries import Canaries

LINE = ["when", "application", "took back", "which had served", "for", "by", "pipeline", "reason"]

app = typer.Typer()
Limit = Annotated[int, typer.Option(help="Rows of the table at the most; JSON, CSV and files have all.")]
Out = Annotated[Path | None, typer.Option(help="Write it to this file: .html (opens offline), .csv or .parquet.")]


@app.command()
def canaries(
    since: Since = None,
    until: Until = None,
    application: Applications = None,
    team: Teams = None,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Say what canaries are worth: verdicts against outcomes, who overrode them, what decides, cost and coverage.

    Example: dora canaries --since 180d --application ledger
    """
    delivery = api.open(read(config).data / "dora.duckdb")
    told = delivery.canaries(scoped(None, None, since, until, application, team))
    if json:
        console.print_json(told.dict())
        return
    for sentence in told.sentences:
        print(sentence)
    for title, rows in _tables(told):
        if rows:
            print()
            console.print_table(rows, title=title)
    data_to(told.as_of)


def _tables(told: Canaries) -> Iterable[tuple[str, list[dict[str, Any]]]]:
    yield "Verdict against outcome", [
        {"verdict": one.verdict, "then": one.next, "canaries": one.canaries, "failed later": one.failed,
         "healthy": one.healthy, "not known": one.unsettled}
        for one in told.outcomes
    ]  # fmt: skip
    yield "Whether a lower score means more failures", [
        {"score": f"{one.low:.0f} to {one.high:.0f}", "deployments": one.n, "failed": one.failed,
         "share": _share(one.failed, one.n), "95 %": _interval(one.limits)}
        for one in told.bins if told.canaries
    ]  # fmt: skip
    yield "Which metrics decide", [
        {"metric": one.metric, "canaries": one.canaries, "failed": one.failed, "decided": one.decided,
         "outvoted": one.outvoted, "not known": one.unknown, "no data": one.no_data}
        for one in told.metrics
    ]  # fmt: skip
    yield "Production deployments that had a canary", [
        {"application": one.application or "all", "deployments": one.deployments, "with a canary": one.judged,
         "share": _share(one.judged, one.deployments), "95 %": _interval(one.limits)}
        for one in told.coverage if one.judged or one.application is None
    ]  # fmt: skip


def _share(part: int, whole: int) -> str | None:
    return text.quantity(part / whole, "share") if whole else None


def _interval(limits: Limits | None) -> str | None:
    return f"{text.quantity(limits[0], 'share')} to {text.quantity(limits[1], 'share')}" if limits else None


@app.command()
def audit(
    since: Since = None,
    until: Until = None,
    application: Applications = None,
    team: Teams = None,
    finding: Annotated[str | None, typer.Option(help="List only what this found, such as author_alone.")] = None,
    out: Out = None,
    limit: Limit = 40,
    config: ConfigFile = None,
    json: AsJson = False,
    csv: AsCsv = False,
) -> None:
    """List every change of production: who triggered, wrote and approved it, how long it waited, what stands out.

    Example: dora audit --since 90d --out audit.html
    """
    delivery = api.open(read(config).data / "dora.duckdb")
    told = delivery.audit(scoped(None, None, since, until, application, team)).only(finding)
    if json:
        console.print_json(told.dict())
    elif csv:
        console.print_csv(told.rows)
    elif out:
        _write(told, out)
        console.print_note(f"{out}: {len(told.rows):,} changes of production")
    else:
        for sentence in told.sentences:
            print(sentence)
        print()
        console.print_table([audit_text.line(row) for row in told.rows[:limit]])
        console.print_note(f"{min(limit, len(told.rows))} of {len(told.rows)} changes; times in {told.timezone}")
        data_to(told.as_of)


def _write(told: AuditTrail, path: Path) -> None:
    from dora.export import files

    form = path.suffix.lower().removeprefix(".")
    if form == "html":
        _page(told).write(path)
    elif form == "csv":
        files.save(path, "csv", told.rows)
    elif form == "parquet":
        files.save(path, "parquet", told.rows)
    else:
        raise UsageError(f"{path} ends in no form that is written; nothing was.", "use .html, .csv or .parquet.")


def _page(told: AuditTrail) -> Page:
    """The whole trail as one page that opens offline."""
    known = f"data to {told.as_of:%Y-%m-%d %H:%M} UTC" if told.as_of else "no data"
    made = Page("Changes of production", f"{known} · times in {told.timezone} · every number can be counted below")
    made.paragraphs(told.sentences)
    made.heading("What was looked for", "How many were found, and among how many.")
    made.table(
        [{"found": one.title, "changes": one.count, "of": one.of, "among": one.among} for one in told.exceptions]
    )
    made.heading("Rollbacks")
    made.paragraphs(told.rollbacks.sentences)
    made.table(told.rollbacks.lines())
    made.heading("Pipelines as code", "What each application's pipelines are made from, as they are configured now.")
    made.table([audit_text.code(row) for row in told.as_code])
    made.heading("Delivery by version of the template")
    made.table([audit_text.version(row) for row in told.delivery])
    made.heading("Changes that stand out", "Each with why, the latest first.")
    made.table([audit_text.cells(row) for row in told.rows if audit_text.marks(row)], audit_text.COLUMNS)
    made.heading("Every change of production", "The latest first, attempts that never took traffic among them.")
    made.table([audit_text.cells(row) for row in told.rows], audit_text.COLUMNS)
    return made


@app.command()
def rollbacks(
    since: Since = None,
    until: Until = None,
    application: Applications = None,
    team: Teams = None,
    config: ConfigFile = None,
    json: AsJson = False,
    csv: AsCsv = False,
) -> None:
    """List every rollback, or say zero with what it rests on: how much was deployed, and how far history was seen.

    Example: dora rollbacks --since 90d --application ledger
    """
    delivery = api.open(read(config).data / "dora.duckdb")
    told = delivery.rollbacks(scoped(None, None, since, until, application, team))
    if json:
        console.print_json(told.dict())
    elif csv:
        console.print_csv(told.rows)
    else:
        for sentence in told.sentences:
            print(sentence)
        if told.rows:
            print()
            console.print_table(told.lines(), LINE)
            console.print_note(f"times in {told.timezone}")
    data_to(delivery.about()["as_of"])
