"""Exported spans: read by OpenTelemetry's own protocol, with the ids, times and results of the pipeline runs."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status, TracesData

import dora
from dora.errors import DoraError, LockedError
from dora.export import opentelemetry
from dora.query.value import EVERYTHING, Scope
from dora.storage import database

FACTS = {
    "spinnaker": [
        {
            "id": "e1", "at": "2026-03-02T10:00", "pipeline": "Deploy",
            "stages": [{"judgment": "Go?", "user": "ada"}, {"deploy": "shop", "image": "shop:1"}],
        },
        {"id": "e2", "at": "2026-03-03T10:00", "deploy": "shop", "image": "shop:2",
         "status": "failed", "error": "no quota"},
        {"id": "e3", "at": "2026-03-04T10:00", "stages": [{"run": "child"}]},
        {"id": "e4", "at": "2026-03-04T10:01", "app": "pay", "child_of": "e3", "deploy": "pay", "image": "pay:1"},
        {"id": "e5", "at": "2026-03-05T10:00", "deploy": "shop", "image": "shop:3", "status": "running"},
    ],
    "settings": {"definitions": {"production_accounts": ["prod"]}},
}  # fmt: skip


@pytest.fixture(scope="module")
def delivery(built_in: Callable[..., dora.Delivery], tmp_path_factory: pytest.TempPathFactory) -> dora.Delivery:
    return built_in(tmp_path_factory.mktemp("spans"), **FACTS)


def read_line(line: str) -> TracesData:
    """A line as the protocol reads it; it knows every field. In JSON, ids are hexadecimal and not base64."""
    traces = json.loads(line)
    for resource in traces["resourceSpans"]:
        for span in (span for scope in resource["scopeSpans"] for span in scope["spans"]):
            assert isinstance(span["startTimeUnixNano"], str)
            for key in ("traceId", "spanId", "parentSpanId"):
                if key in span:
                    assert len(span[key]) == (32 if key == "traceId" else 16)
                    span[key] = base64.b64encode(bytes.fromhex(span[key])).decode()
    return json_format.ParseDict(traces, TracesData())


def values(attributes: Any) -> dict[str, str | bool]:
    return {attribute.key: getattr(attribute.value, attribute.value.WhichOneof("value")) for attribute in attributes}


def export(delivery: dora.Delivery, path: Path, scope: Scope = EVERYTHING) -> dict[str, list[Span]]:
    """The spans of each pipeline run by its id."""
    count = opentelemetry.write(delivery, path, scope)
    runs = {}
    for line in path.read_text().splitlines():
        (resource,) = read_line(line).resource_spans
        runs[str(values(resource.resource.attributes)["cicd.pipeline.run.id"])] = list(resource.scope_spans[0].spans)
    assert len(runs) == count
    return runs


def test_a_run_and_its_stages_are_spans(delivery: dora.Delivery, tmp_path: Path) -> None:
    """A span of the run, below it one of each stage, with the names, kinds and results of the conventions."""
    path = tmp_path / "spans.jsonl"
    run, judgment, deploy = export(delivery, path)["e1"]
    assert (run.name, run.kind, run.parent_span_id) == ("RUN Deploy", Span.SPAN_KIND_SERVER, b"")
    assert values(run.attributes) == {"cicd.pipeline.action.name": "RUN", "cicd.pipeline.result": "success"}
    assert datetime.fromtimestamp(run.start_time_unix_nano / 1e9, UTC) == datetime(2026, 3, 2, 10, tzinfo=UTC)
    for stage, kind in ((judgment, "approval"), (deploy, "deploy")):
        assert (stage.kind, stage.parent_span_id, stage.trace_id) == (
            Span.SPAN_KIND_INTERNAL,
            run.span_id,
            run.trace_id,
        )
        attributes = values(stage.attributes)
        assert (attributes["cicd.pipeline.task.name"], attributes["cicd.pipeline.task.type"]) == (stage.name, kind)
        assert attributes["cicd.pipeline.task.run.result"] == "success"
        assert run.start_time_unix_nano <= stage.start_time_unix_nano <= stage.end_time_unix_nano
    (resource,) = read_line(path.read_text().splitlines()[0]).resource_spans
    attributes = values(resource.resource.attributes)
    assert (attributes["service.name"], attributes["cicd.pipeline.name"]) == ("shop", "Deploy")
    assert resource.schema_url == opentelemetry.SCHEMA


def test_a_failure_is_an_error(delivery: dora.Delivery, tmp_path: Path) -> None:
    """Run and stage have the status, the class of the error and the result; what succeeds has none of them."""
    runs = export(delivery, tmp_path / "spans.jsonl")
    for span in runs["e2"]:
        attributes = values(span.attributes)
        assert span.status.code == Status.STATUS_CODE_ERROR
        assert attributes["error.type"] == "_OTHER"
        assert "failure" in (attributes.get("cicd.pipeline.result"), attributes.get("cicd.pipeline.task.run.result"))
    assert "no quota" in runs["e2"][-1].status.message
    assert {span.status.code for span in runs["e1"]} == {Status.STATUS_CODE_UNSET}


def test_what_a_run_starts_is_in_its_trace(delivery: dora.Delivery, tmp_path: Path) -> None:
    """The span of the child is below that of the parent; other runs have traces of their own."""
    runs = export(delivery, tmp_path / "spans.jsonl")
    parent, child = runs["e3"][0], runs["e4"][0]
    assert (child.trace_id, child.parent_span_id) == (parent.trace_id, parent.span_id)
    assert len({spans[0].trace_id for spans in runs.values()}) == 3
    spans = [span.span_id for spans in runs.values() for span in spans]
    assert len(spans) == len(set(spans))


def test_only_what_ended_in_the_window_is_exported(delivery: dora.Delivery, tmp_path: Path) -> None:
    """A running pipeline comes with a later export; every export has the same ids and bytes."""
    path = tmp_path / "spans.jsonl"
    assert list(export(delivery, path)) == ["e1", "e2", "e3", "e4"]
    everything = path.read_text().splitlines()
    assert list(export(delivery, path, Scope(since="2026-03-03", until="2026-03-04"))) == ["e2"]
    assert path.read_text().splitlines() == everything[1:2]
    assert list(export(delivery, path, Scope(applications=("pay",)))) == ["e4"]


def test_the_data_must_be_free(delivery: dora.Delivery, tmp_path: Path) -> None:
    """While another run uses the data, and where the file cannot be written, nothing is changed."""
    path = tmp_path / "spans.jsonl"
    with database.lock(delivery.path.parent), pytest.raises(LockedError):
        opentelemetry.write(delivery, path, EVERYTHING)
    with pytest.raises(DoraError, match="cannot be written"):
        opentelemetry.write(delivery, tmp_path / "missing" / "spans.jsonl", EVERYTHING)
    assert list(tmp_path.iterdir()) == []


def test_no_data_is_an_empty_file(facts: Callable[..., dora.Delivery], tmp_path: Path) -> None:
    """There is no line without a run."""
    assert export(facts(as_of=None), tmp_path / "spans.jsonl") == {}
