"""One small simulated organisation, made once and only read."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from ingest.simulation.model.world import Json, Stub, World
from ingest.simulation.organisation import Organisation, simulate

NOW = 1_750_000_000_000
END = datetime(2026, 6, 10, 14, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Organisation:
    return simulate(tmp_path_factory.mktemp("organisation"), end=END, scale=0.05)


def payload(identity: str, at: int, **more: Any) -> Json:
    """A small execution."""
    return {
        "id": identity,
        "application": "shop",
        "status": "SUCCEEDED",
        "buildTime": at,
        "startTime": at,
        "trigger": {"type": "manual", "buildInfo": {"number": 7}},
        "stages": [
            {
                "id": f"{identity}-1",
                "type": "deployManifest",
                "context": {"account": "prod", "group": "g"},
                "outputs": {"x": 1},
                "tasks": [{"name": "monitorDeploy"}],
            }
        ],
        **more,
    }


def stub(identity: str, at: int, *, config: str | None = "live", **more: Any) -> Stub:
    """The row of an execution, or of a task where it has no pipeline."""
    body = payload(identity, at, **more)
    return Stub(
        id=identity,
        application="shop",
        config_id=config,
        name="",
        status=body["status"],
        build_time=at,
        start_time=body["startTime"],
        payload=lambda: body,
        orchestration=config is None,
    )


def world(*stubs: Stub) -> World:
    """A Spinnaker with one application, a live pipeline and a strategy."""
    return World(
        now=NOW,
        applications=[{"name": "shop", "email": "shop@example.org"}],
        credentials=[{"name": "prod", "type": "kubernetes", "environment": "prod", "accountType": "k8s"}],
        pipeline_configs=[
            {"id": "live", "application": "shop", "name": "release"},
            {"id": "plan", "application": "shop", "name": "strategy", "strategy": True},
        ],
        executions=list(stubs),
        canary_results={"c1": {"pipelineId": "c1", "status": "succeeded"}},
    )


@pytest.fixture
def small() -> SimpleNamespace:
    """Builders of small worlds."""
    return SimpleNamespace(stub=stub, world=world)
