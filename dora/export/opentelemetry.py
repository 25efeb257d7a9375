"""Pipeline runs and their stages as OpenTelemetry spans: OTLP as JSON, one pipeline run a line.

Names and kinds follow the semantic conventions of CI/CD (opentelemetry.io/docs/specs/semconv/cicd), the encoding that
of OTLP (ids in hexadecimal, 64-bit numbers as text, names in camel case). A run and all that it started are one trace.
Ids are made from those of the source, so they are the same in every export.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from dora.api import Delivery
from dora.export.window import read_window
from dora.query.metric import stream_rows
from dora.query.plan import select_applications
from dora.query.value import Scope
from dora.render.file import write_lines
from dora.sql import catalog
from dora.storage import database

SCHEMA = "https://opentelemetry.io/schemas/1.43.0"
SERVER, INTERNAL = 2, 1  # kinds of spans
ERROR = 2  # a status
RESULTS = {"succeeded": "success", "failed": "failure", "canceled": "cancellation", "skipped": "skip"}
TASK_TYPES = {"build": "build", "bake": "build", "test": "test", "deploy": "deploy", "rollback": "deploy"}
AT_ONCE = timedelta(weeks=1)  # of the history that is in memory
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Row = Mapping[str, Any]
Json = dict[str, Any]


def write(delivery: Delivery, path: Path, scope: Scope) -> int:
    """Write the pipeline runs that ended in a scope, and return how many there are.

    Runs and stages are read from landing.duckdb, because a build has only those of production deployments. Stages
    without a beginning or an end have no span. Raises ``LockedError`` if a run uses the data, and ``DoraError`` if the
    file cannot be written; the old file is then unchanged.
    """
    about, names = delivery.about(), _read_names(delivery)
    selected = set(_select_applications(delivery, scope))
    parameters = {
        "any_application": not (scope.applications or scope.teams),
        "spellings": [spelling for spelling, name in names.items() if name in selected],
    }
    with database.inspect_landing(delivery.path.parent) as landing:
        runs = _read_runs(landing, *read_window(delivery, scope), parameters)
        lines = (_encode(run, stages, names, about["version"]) for run, stages in runs)
        return write_lines(path, (msgspec.json.encode(line) for line in lines))


def _read_names(delivery: Delivery) -> dict[str, str]:
    """Return the name of each application by its spellings in landing."""
    rows = delivery.sql("SELECT spelling, name FROM name_spellings WHERE kind = 'application'")
    return {row["spelling"]: row["name"] for row in rows}


def _select_applications(delivery: Delivery, scope: Scope) -> list[str]:
    groups, _ = select_applications(delivery.connection(), scope)
    return [application for names in groups.values() for application in names]


def _read_runs(
    landing: database.Connection, since: datetime | None, until: datetime | None, parameters: Mapping[str, Any]
) -> Iterator[tuple[Row, Sequence[Row]]]:
    """Yield each run with its stages, in the order of their ends, some of the history at a time."""
    queries = catalog.queries("export")
    ((first, last),) = landing.execute("SELECT min(finished_at), max(finished_at) FROM execution").fetchall()
    if first is None:
        return
    start = max(first, since.replace(tzinfo=None)) if since else first
    end = min(last + timedelta(microseconds=1), until.replace(tzinfo=None)) if until else last + timedelta(seconds=1)
    while start < end:
        part = {**parameters, "since": start, "until": min(start + AT_ONCE, end)}
        stages = defaultdict(list)
        for stage in stream_rows(landing, queries["pipeline_stages"], part):
            stages[stage["source"], stage["execution_id"]].append(stage)
        for run in stream_rows(landing, queries["pipeline_runs"], part):
            yield run, stages.pop((run["source"], run["id"]), [])
        start = part["until"]


def _encode(run: Row, stages: Sequence[Row], names: Mapping[str, str], version: str) -> Json:
    """Return a run and its stages as ``TracesData``; what all its spans share is said once, of their resource."""
    resource = {
        "service.name": names.get(run["application"], run["application"]),
        "cicd.pipeline.name": run["pipeline"],
        "cicd.pipeline.run.id": run["id"],
        "cicd.pipeline.run.url.full": run["url"],
        "vcs.repository.name": run["repository"],
        "vcs.ref.head.revision": run["commit"],
        "vcs.ref.head.name": run["branch"],
        "dora.source": run["source"],
        "dora.trigger": run["trigger"],
        "dora.dry_run": run["dry_run"] or None,
    }
    spans = [_run_span(run), *_stage_spans(run, stages)]
    scope = {"name": "dora", "version": version}
    scope_spans = {"scope": scope, "spans": spans, "schemaUrl": SCHEMA}
    resource_spans = {
        "resource": {"attributes": _attributes(resource)},
        "scopeSpans": [scope_spans],
        "schemaUrl": SCHEMA,
    }
    return {"resourceSpans": [resource_spans]}


def _run_span(run: Row) -> Json:
    parent = _span_id(run["source"], run["parent_id"]) if run["parent_id"] else None
    attributes = {"cicd.pipeline.action.name": "RUN", "cicd.pipeline.result": _result(run)}
    name = f"RUN {run['pipeline']}" if run["pipeline"] else "RUN"
    return _span(run, run, name, SERVER, _span_id(run["source"], run["id"]), parent, attributes)


def _stage_spans(run: Row, stages: Sequence[Row]) -> Iterator[Json]:
    """Yield a span of each stage, below that of the stage that contains it, else below that of the run."""
    ids = {stage["id"]: _span_id(run["source"], run["id"], stage["id"]) for stage in stages}
    for stage in stages:
        attributes = {
            "cicd.pipeline.task.name": stage["name"] or stage["kind"],
            "cicd.pipeline.task.run.id": stage["id"],
            "cicd.pipeline.task.run.url.full": run["url"],
            "cicd.pipeline.task.run.result": _result(stage),
            "cicd.pipeline.task.type": TASK_TYPES.get(stage["kind"], stage["kind"]),
        }
        parent = ids.get(stage["parent_id"]) or _span_id(run["source"], run["id"])
        yield _span(run, stage, stage["name"] or stage["kind"], INTERNAL, ids[stage["id"]], parent, attributes)


def _span(  # noqa: PLR0913, PLR0917 - one for each part of a span
    run: Row, row: Row, name: str, kind: int, span_id: str, parent: str | None, attributes: Mapping[str, str | None]
) -> Json:
    failed = row["status"] == "failed"
    status = {"code": ERROR} | ({"message": row["reason"]} if row["reason"] else {})
    return {
        "traceId": _digest(run["source"], run["root_id"])[:32],
        "spanId": span_id,
        **({"parentSpanId": parent} if parent else {}),
        "name": name,
        "kind": kind,
        "startTimeUnixNano": _nanoseconds(row["started_at"]),
        # Clocks of two machines may disagree; a span does not end before it begins.
        "endTimeUnixNano": _nanoseconds(max(row["started_at"], row["finished_at"])),
        "attributes": _attributes({**attributes, "error.type": "_OTHER" if failed else None}),
        **({"status": status} if failed else {}),
    }


def _attributes(values: Mapping[str, str | bool | None]) -> list[Json]:
    return [
        {"key": key, "value": {"boolValue" if isinstance(value, bool) else "stringValue": value}}
        for key, value in values.items()
        if value is not None
    ]


def _result(row: Row) -> str:
    status: str = row["status"]
    return RESULTS.get(status, status)


def _span_id(*names: str) -> str:
    return _digest(*names)[:16]


def _digest(*names: str) -> str:
    return hashlib.sha256("\0".join(names).encode()).hexdigest()


def _nanoseconds(moment: datetime) -> str:
    return str((moment.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1) * 1000)
