"""The commands that look back on what was done: canaries. They import nothing that fetches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import typer

from dora import door, output, wording
from dora.canaries import Canaries
from dora.config import read
from dora.query import Scope
from dora.reading import Applications, AsJson, ConfigFile, Since, Until
from dora.statistics.intervals import Limits

app = typer.Typer()


@app.command()
def canaries(
    since: Since = None,
    until: Until = None,
    application: Applications = None,
    config: ConfigFile = None,
    json: AsJson = False,
) -> None:
    """Say what canaries are worth: verdicts against outcomes, who overrode them, what decides, cost and coverage.

    Example: dora canaries --since 180d --application ledger
    """
    delivery = door.open(read(config).data / "dora.duckdb")
    told = delivery.canaries(Scope(since, until, applications=tuple(application or ())))
    if json:
        output.as_json(told.dict())
        return
    for sentence in told.sentences:
        print(sentence)
    for title, rows in _tables(told):
        if rows:
            print()
            output.as_table(rows, title=title)
    if told.as_of:
        output.note(f"data to {told.as_of:%Y-%m-%d %H:%M} UTC")


def _tables(told: Canaries) -> Iterable[tuple[str, list[dict[str, Any]]]]:
    yield "Verdict against outcome", [
        {"verdict": one.verdict, "then": one.next, "canaries": one.canaries, "failed later": one.failed,
         "fine": one.fine, "not known": one.unsettled}
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
    return wording.quantity(part / whole, "share") if whole else None


def _interval(limits: Limits | None) -> str | None:
    return f"{wording.quantity(limits[0], 'share')} to {wording.quantity(limits[1], 'share')}" if limits else None
