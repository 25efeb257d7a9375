"""Commands that look back on deployments: canaries, audit, rollbacks. None of them fetches anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dora.analysis.audit import audit_text
from dora.analysis.audit.changes import ChangeFilter, stream_changes
from dora.analysis.audit.trail import AuditTrail
from dora.cli import options
from dora.cli.help import ASK, LISTS
from dora.errors import UsageError
from dora.render import console, text
from dora.render.html import Page
from dora.statistics.intervals import Limits

if TYPE_CHECKING:
    from dora.analysis.canaries.canary_summary import Canaries
    from dora.api import Delivery

# All but the URL of the execution, which would fold every other column of a terminal.
ROLLBACK_COLUMNS = ["when", "application", "rolled back", "time live", "to", "by", "pipeline", "reason"]

AUDIT_FIRST = ["deployed", "application", "outcome", "exceptions", "approved by", "kind"]

AuditExceptionName = Annotated[str | None, typer.Option(help="Only changes with this one, for example self_approved.")]

app = typer.Typer()


@app.command(rich_help_panel=ASK, short_help="Summarise canaries: results against outcomes, cost, coverage")
def canaries(
    since: options.Since = None,
    until: options.Until = None,
    application: options.Applications = None,
    team: options.Teams = None,
    config: options.ConfigFile = None,
    wide: options.Wide = False,
    json: options.AsJson = False,
) -> None:
    """Summarise canaries: results against production outcomes, overrides, deciding metrics, cost and coverage.

    Example: dora canaries --since 180d --application ledger
    """
    delivery, scope = options.open_build(config), options.scope_from(since, until, application, team)
    summary = delivery.canaries(scope)
    options.print_older_detail(delivery, scope)
    if json:
        console.print_json(summary.dict())
        return
    print(*summary.sentences, sep="\n")
    for title, rows in _canary_tables(summary):
        if rows:
            print()
            console.print_table(rows, title=title)
    options.print_data_through(summary.as_of)


def _canary_tables(summary: Canaries) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    yield "Canary result vs. production outcome", [
        {"result": outcome.verdict, "action": outcome.action_taken, "canaries": outcome.canaries,
         "failed later": outcome.failed, "healthy": outcome.healthy, "unknown": outcome.unknown}
        for outcome in summary.outcomes
    ]  # fmt: skip
    yield "Failures by canary score", [
        {"score": f"{scores.low:.0f} to {scores.high:.0f}", "deployments": scores.n, "failed": scores.failed,
         "share": _share(scores.failed, scores.n), "95 % CI": _interval(scores.limits)}
        for scores in summary.bins if summary.canaries
    ]  # fmt: skip
    yield "Deciding metrics", [
        {"metric": metric.metric, "canaries": metric.canaries, "failed": metric.failed, "decided": metric.decided,
         "decided with others": metric.together, "outvoted": metric.outvoted,
         "unknown": metric.unknown, "no data": metric.no_data}
        for metric in summary.metrics
    ]  # fmt: skip
    yield "Coverage of production deployments", [
        {"application": coverage.application or "all", "deployments": coverage.deployments,
         "with a canary": coverage.with_canary, "share": _share(coverage.with_canary, coverage.deployments),
         "95 % CI": _interval(coverage.limits)}
        for coverage in summary.coverage if coverage.with_canary or coverage.application is None
    ]  # fmt: skip


def _share(part: int, total: int) -> str | None:
    return text.quantity(part / total, "share") if total else None


def _interval(limits: Limits | None) -> str | None:
    return f"{text.quantity(limits[0], 'share')} to {text.quantity(limits[1], 'share')}" if limits else None


@app.command(rich_help_panel=LISTS, short_help="List production changes with author, approver and exceptions")
def audit(
    since: options.Since = None,
    until: options.Until = None,
    application: options.Applications = None,
    team: options.Teams = None,
    exception: AuditExceptionName = None,
    out: Annotated[
        Path | None, typer.Option(help="Write to this file: .html (self-contained), .csv, .parquet.")
    ] = None,
    limit: options.Limit = 40,
    config: options.ConfigFile = None,
    wide: options.Wide = False,
    json: options.AsJson = False,
    csv: options.AsCsv = False,
) -> None:
    """List production changes with author, approver, approval time and audit exceptions.

    Example: dora audit --since 90d --out audit.html
    """
    delivery, scope = options.open_build(config), options.scope_from(since, until, application, team)
    if json or csv:
        changes = stream_changes(delivery.connection(), scope, ChangeFilter(exception))
        if csv:
            console.print_csv(changes)
        else:
            console.print_json(delivery.audit(scope, limit=0).dict() | {"rows": changes})
        return
    if out:
        trail = delivery.audit(scope, exception)
        written = _write(delivery, trail, out)
        console.print_note(f"{', '.join(map(str, written))}: {len(trail.rows):,} production changes")
        return
    trail, listed = delivery.audit(scope, limit=0), delivery.changes(scope, limit, exception=exception)
    print(*trail.sentences, "", sep="\n")
    console.print_table([audit_text.terminal_line(row) for row in listed.rows], first=AUDIT_FIRST)
    console.print_note(f"{len(listed.rows)} of {listed.total} changes; times in {trail.timezone}")
    options.print_data_through(trail.as_of)


def _write(delivery: Delivery, trail: AuditTrail, path: Path) -> list[Path]:
    """Write the trail and its manifest, and return the paths of what was written."""
    from dora.export import files, manifest

    match path.suffix.lower().removeprefix("."):
        case "html":
            _page(trail).write(path)
        case "csv" | "parquet" as form:
            types = files.column_types(delivery, "audit_trail") | {"local_time": ""}
            files.save(path, form, trail.rows, types, trail.provenance.lines)
        case _:
            raise UsageError(f"{path} has an unknown file type; nothing was written.", "use .html, .csv or .parquet.")
    provenance = trail.provenance.lines | {"Production changes": f"{len(trail.rows):,}"}
    return [path, *manifest.write_manifest(path.with_name(f"{path.name}.sha256"), [path], provenance)]


def _page(trail: AuditTrail) -> Page:
    """Lay out the audit trail so that every number in its summary can be counted in a table below."""
    provenance = [f"{label}: {value}" for label, value in trail.provenance.lines.items()]
    page = Page("Production changes", " · ".join(provenance[:4]), " · ".join(provenance[4:]))
    page.paragraphs(trail.sentences)
    page.heading("Audit exceptions")
    page.table(
        {"changes that": exception.title, "count": exception.count, "of": exception.total, "among": exception.among,
         "share and 95 % CI": exception.evidence}
        for exception in trail.exceptions
    )  # fmt: skip
    page.heading("Rollbacks")
    page.paragraphs(trail.rollbacks.sentences)
    page.table(trail.rollbacks.lines())
    page.heading("Pipelines as code", "What each application's pipelines are made from, as they are configured now.")
    page.table(trail.code())
    page.heading("Deployments by template version")
    page.table(trail.versions())
    page.heading("Changes with exceptions", "The latest first.")
    marked = [audit_text.change_cells(row) for row in trail.rows if audit_text.marks(row)]
    page.table(marked, audit_text.COLUMNS, filtered=True)
    page.heading("All production changes", "The latest first, including attempts that took no traffic.")
    page.table(trail.lines(), audit_text.COLUMNS, filtered=True)
    return page


@app.command(rich_help_panel=LISTS, short_help="List rollbacks, or a zero with its coverage")
def rollbacks(
    since: options.Since = None,
    until: options.Until = None,
    application: options.Applications = None,
    team: options.Teams = None,
    config: options.ConfigFile = None,
    wide: options.Wide = False,
    json: options.AsJson = False,
    csv: options.AsCsv = False,
) -> None:
    """List rollbacks, their share of deployments and the period of complete history.

    Example: dora rollbacks --since 90d --application ledger
    """
    summary = options.open_build(config).rollbacks(options.scope_from(since, until, application, team))
    if json:
        console.print_json(summary.dict())
    elif not options.print_rows(summary.rows, csv=csv):
        print(*summary.sentences, sep="\n")
        if summary.rows:
            print()
            console.print_table(summary.lines(), ROLLBACK_COLUMNS)
            console.print_note(f"times in {summary.timezone}")
    options.print_data_through(summary.as_of)
