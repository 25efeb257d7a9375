"""Worlds, pulls and queries that the tests of the Spinnaker source share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

import dora
from dora.build.run import build
from dora.config.settings import Config
from dora.sql.catalog import CheckResult
from dora.storage.rows.base import Row
from ingest.core.pipeline import Summary, pull
from ingest.core.source import Item, Request, SourceState
from ingest.http.session import Limits, Session
from ingest.payloads.archive import Document
from ingest.simulation.model.world import Json, Stub, World
from ingest.spinnaker import SOURCE
from ingest.spinnaker.client.fetch import GateReader
from ingest.spinnaker.client.gate import Gate
from ingest.spinnaker.client.linked_documents import LinkedDocuments
from ingest.spinnaker.parse.document import parse_document
from tests.conftest import fresh
from tests.conftest import landed as facts_of

NOW = 1_750_000_000_000
HOUR = 3_600_000
DAY = 24 * HOUR
T = 1_747_000_000_000
SHA = "9c1f0e5a4b7d2c3e8f6a1b0d9e8c7f6a5b4d3c2e"

Make = SimpleNamespace
Ingest = Callable[..., Summary]
Landed = Callable[[str], list[tuple[Any, ...]]]


def tables(body: Any, kind: str = "execution") -> dict[str, list[Any]]:
    """Rows of a payload by table."""
    rows: dict[str, list[Any]] = {}
    for row in parse_document(Document(kind, body if isinstance(body, bytes) else json.dumps(body).encode())):
        rows.setdefault(row.table, []).append(row)
    return rows


def run(**more: Any) -> Json:
    """The smallest execution."""
    return {"id": "E", "application": "shop", "status": "SUCCEEDED", **more}


def fields_of(row: Row, *names: str) -> tuple[Any, ...]:
    """Some fields of a row."""
    return tuple(getattr(row, name) for name in names)


def after(ms: int | None) -> int | None:
    """Milliseconds after T, in microseconds."""
    return None if ms is None else (T + ms) * 1000


def stage(type_: str, context: Any = None, **more: Any) -> Json:
    """A stage that succeeded in ten seconds."""
    times = {"startTime": T, "endTime": T + 10_000}
    return {"id": "S", "type": type_, "status": "SUCCEEDED", **times, "context": context or {}, **more}


def rollouts(*stages: Json, **more: Any) -> list[Any]:
    """Rollouts of an execution with these stages."""
    return tables(run(stages=list(stages), **more)).get("rollout", [])


def loaded(data: Path, *bodies: Json | bytes) -> Summary:
    """Pull saved documents, one a file."""
    folder = data / "given"
    folder.mkdir(parents=True)
    for nth, body in enumerate(bodies):
        (folder / f"{nth:04}.json").write_bytes(body if isinstance(body, bytes) else msgspec.json.encode(body))
    return pull(SOURCE.from_settings({}, data), fresh(data), Request(load=(folder,)))


def delivered(data: Path) -> tuple[dora.Delivery, dict[str, CheckResult]]:
    """Build, and open the result beside the results of its checks."""
    results = build(Config(data=data, definitions={"production_accounts": ["prod-*"]}))
    return dora.open(data / "dora.duckdb"), {result.check: result for result in results}


def manifest(image: str, name: str = "shop", namespace: str = "shop") -> Json:
    """A Deployment as a pipeline asks for it."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": name, "image": image}]}}},
    }


def deploy_stage(execution: str, at: int, *, image: str = "registry.example/shop:1", status: str = "SUCCEEDED") -> Json:
    """A deployManifest stage that began at ``at`` (epoch ms)."""
    done = status == "SUCCEEDED"
    ends = {
        "deployManifest": 500,
        "monitorDeploy": 5_000,
        "waitForManifestToStabilize": 30_000,
        "monitorCleanup": 31_000,
    }
    return {
        "id": f"{execution}-deploy",
        "refId": "1",
        "type": "deployManifest",
        "name": "Deploy",
        "status": status,
        "startTime": at,
        "endTime": at + 32_000 if done else None,
        "context": {
            "account": "prod-eu",
            "manifests": [manifest(image)],
            "moniker": {"app": "shop"},
            "trafficManagement": {"enabled": False},
        },
        "outputs": {},
        "tasks": [
            {"name": name, "status": "SUCCEEDED" if done else "NOT_STARTED", "endTime": at + end if done else None}
            for name, end in ends.items()
        ],
    }


def wait_stage(execution: str, at: int) -> Json:
    """A stage without rows of its own."""
    return {
        "id": f"{execution}-wait",
        "refId": "0",
        "type": "wait",
        "status": "SUCCEEDED",
        "startTime": at,
        "context": {},
    }


def execution(
    identity: str, at: int, *, status: str = "SUCCEEDED", stages: list[Json] | None = None, **more: Any
) -> Json:
    """A pipeline run as Orca stores it."""
    return {
        "type": "PIPELINE",
        "id": identity,
        "application": "shop",
        "name": "release",
        "pipelineConfigId": "config-shop",
        "buildTime": at,
        "startTime": at + 20,
        "endTime": at + 40_000 if status == "SUCCEEDED" else None,
        "status": status,
        "trigger": {"type": "git", "project": "acme", "slug": "shop", "branch": "main", "hash": SHA, "user": "ana"},
        "stages": [deploy_stage(identity, at + 100, status=status)] if stages is None else stages,
        **more,
    }


def stub(payload: Json) -> Stub:
    """The row of Orca's table for a payload."""
    return Stub(
        id=payload["id"],
        application=payload["application"],
        config_id=payload.get("pipelineConfigId"),
        name=payload.get("name") or payload.get("description") or "",
        status=payload["status"],
        build_time=payload["buildTime"],
        start_time=payload["startTime"],
        payload=lambda: payload,
        orchestration=payload["type"] == "ORCHESTRATION",
    )


def world(*payloads: Json, applications: tuple[str, ...] = ("shop",)) -> World:
    """A Spinnaker with one live pipeline for each application."""
    return World(
        now=NOW,
        applications=[{"name": name, "email": f"{name}@example.org"} for name in applications],
        credentials=[{"name": "prod-eu", "type": "kubernetes", "environment": "prod"}],
        pipeline_configs=[
            {"id": f"config-{name}", "application": name, "name": "release", "stages": [{"type": "deployManifest"}]}
            for name in applications
        ],
        executions=[stub(payload) for payload in payloads],
    )


def task(identity: str, type_: str, status: str = "SUCCEEDED") -> Stub:
    """An operation started by hand ten minutes ago."""
    stage = {
        "id": f"{identity}-0",
        "type": type_,
        "status": status,
        "startTime": NOW - 600_000,
        "context": {"account": "prod-eu", "location": "shop", "manifestName": "deployment shop", "revision": "7"},
    }
    more = {"type": "ORCHESTRATION", "pipelineConfigId": None, "name": None, "description": "By hand"}
    return stub(execution(identity, NOW - 600_000, status=status, stages=[stage], **more))


class Quick(SOURCE):
    """The source with short waits between retries."""

    def _read_gate(self, request: Request, state: SourceState) -> Iterator[Item]:
        timeout = self._settings.timeout_seconds
        limits = Limits(backoff_seconds=0.001, requests_per_10s=0, timeout_seconds=timeout)
        gate = Gate(Session(self._settings.endpoint, limits=limits))
        return LinkedDocuments(gate, state).follow(GateReader(gate, self._settings, request, state).read())


def quickly(folder: Path, url: str, **options: Any) -> Summary:
    """One pull with short waits between retries."""
    return pull(Quick.from_settings({"endpoint": url, **options}, folder), fresh(folder), Request())


@pytest.fixture
def make() -> SimpleNamespace:
    """The builders of this file."""
    return SimpleNamespace(
        execution=execution,
        deploy_stage=deploy_stage,
        wait_stage=wait_stage,
        stub=stub,
        task=task,
        world=world,
        quickly=quickly,
    )


@pytest.fixture
def ingest(tmp_path: Path) -> Callable[..., Summary]:
    """Pull from a Gate into this test's data folder."""

    def ingested(
        url: str,
        *,
        since: datetime | None = None,
        applications: tuple[str, ...] = (),
        report: Callable[[str], None] = lambda _: None,
        **settings: Any,
    ) -> Summary:
        source = SOURCE.from_settings({"endpoint": url, "requests_per_10s": 0, **settings}, tmp_path)
        return pull(source, fresh(tmp_path), Request(since=since, applications=applications), report=report)

    return ingested


@pytest.fixture
def landed(tmp_path: Path) -> Callable[[str], list[tuple[Any, ...]]]:
    """Query what was landed."""
    return partial(facts_of, tmp_path)
