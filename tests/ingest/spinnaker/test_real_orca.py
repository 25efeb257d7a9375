"""Executions of a real Orca, as they came: what each stage is landed as."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import landed as rows
from tests.ingest.spinnaker.test_real import SHARED, load

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.exists(), reason="the real payloads are not beside the project"),
]
WEB, API = ("prod-k8s", "prod", "web", "deployment"), ("prod-k8s", "prod", "api", "deployment")
IMAGE = "img:1"
# File → action, account, location, cluster, workload kind, image, whether it was accepted, whether it served all.
ROLLOUTS: dict[str, list[tuple[Any, ...]]] = {
    "sql.deploy.json": [("deploy", *WEB, IMAGE, True, True)],
    "sql.go.json": [("deploy", *WEB, IMAGE, True, True)],
    "sql.stop.json": [("deploy", *WEB, IMAGE, False, False)],
    "sql.fail.json": [("deploy", *WEB, IMAGE, False, False)],
    "sql.dry.json": [("deploy", *WEB, IMAGE, False, False)],
    "sql.child.json": [("deploy", *API, IMAGE, True, True)],
    "sql.parent.json": [],
    "sql.undo.json": [("rollback", *WEB, None, True, True)],
    "sql.task-undoRolloutManifest.json": [("rollback", *WEB, None, True, True)],
    "sql.odd.skip.json": [("deploy", *WEB, IMAGE, False, False)],
    "sql.odd.aws.json": [("deploy", "prod-k8s", "us-east-1", "shop-main", "servergroup", None, False, False)],
}


@pytest.mark.parametrize("name", ROLLOUTS)
def test_rollouts_of_a_real_execution(name: str, tmp_path: Path) -> None:
    """One for each workload, with its content, and with when the cluster took it."""
    assert load(tmp_path, SHARED / "real" / name).quarantined == 0
    fields = "action, account, location, cluster, workload_kind, images[1]"
    times = "accepted_at IS NOT NULL, full_traffic_at IS NOT NULL"
    assert rows(tmp_path, f"SELECT {fields}, {times} FROM rollout") == ROLLOUTS[name]


def test_a_real_child_is_in_the_tree_of_its_parent(tmp_path: Path) -> None:
    """Its trigger names the stage that started it."""
    load(tmp_path, SHARED / "real" / "sql.child.json", SHARED / "real" / "sql.parent.json")
    ((child, root, parent),) = rows(tmp_path, "SELECT id, root_id, parent_id FROM execution WHERE root_id <> id")
    assert child != root == parent


@pytest.mark.parametrize("folder", ["real", "kayenta-real/executions"])
def test_no_real_execution_is_refused(folder: str, tmp_path: Path) -> None:
    """Every execution lands, each rollout of a pod with images and a template."""
    files = sorted(
        file for file in (SHARED / folder).iterdir() if file.name not in {"applications.json", "credentials.json"}
    )
    assert load(tmp_path, *files).quarantined == 0
    asked = "SELECT count(*), count(images), count(template) FROM rollout WHERE workload_kind = 'deployment'"
    ((count, images, templates),) = rows(tmp_path, f"{asked} AND action = 'deploy'")
    assert count == images == templates > 0
