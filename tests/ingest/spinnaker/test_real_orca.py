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


REFUSED = (
    "An exception occurred for pipeline {} performing a request to (address). java.lang.IllegalArgumentException:"
    " Verbatim IP addresses are not allowed"
)
# File → pipeline or operation, status, trigger, who started it, and why it ended so.
SAYS: dict[str, list[tuple[str | None, ...]]] = {
    "sql.canceled.json": [("long", "canceled", "manual", "ada", "no more (canceled by bob)")],
    "sql.child.json": [("child", "succeeded", "pipeline", "ada", None)],
    "sql.contin.json": [("continue on failure", "succeeded", "manual", "ada", None)],
    "sql.deleted.json": [("to be deleted", "succeeded", "manual", "ada", None)],
    "sql.deploy.json": [("deploy to prod", "succeeded", "manual", "ada", None)],
    "sql.dry.json": [("deploy to prod", "failed", "manual", "ada", "Deploy failed: admission webhook denied web")],
    "sql.eval.json": [("evaluate", "succeeded", "manual", "ada", None)],
    "sql.fail.json": [("deploy to prod", "failed", "manual", "bob", "Deploy failed: admission webhook denied web")],
    "sql.go.json": [("judge", "succeeded", "manual", "ada", None)],
    "sql.hook.json": [("hooks", "failed", "manual", "ada", REFUSED.format("01M8JYBK75K27SKKHMW5MCQADY"))],
    "sql.hookfail.json": [("hook fails", "failed", "manual", "ada", REFUSED.format("01M8JYBKDNCXJXV9H8RR7NNQ53"))],
    "sql.l1.json": [("one at a time", "succeeded", "manual", "ada", None)],
    "sql.l2.json": [("one at a time", "succeeded", "manual", "ada", None)],
    "sql.left.json": [("long", "running", "manual", "ada", None)],
    "sql.odd.adhoc.json": [("no config", "succeeded", "manual", "ada", None)],
    "sql.odd.aws.json": [("aws deploy", "failed", "manual", "ada", "Status: 404, Message: /features/stages")],
    "sql.odd.failed_on_startup.disabled.json": [
        ("disabled", "failed", "manual", "ada", "Failed on startup: Pipeline is disabled and cannot be started.")
    ],
    "sql.odd.failed_on_startup.echo.json": [
        ("evaluate", "failed", "git", "x", "Failed on startup: artifacts could not be resolved")
    ],
    "sql.odd.orphan.json": [("evaluate", "succeeded", "pipeline", "ada", None)],
    "sql.odd.orphan2.json": [("evaluate", "succeeded", "pipeline", "ada", None)],
    "sql.odd.q1.json": [("queued", "succeeded", "manual", "ada", None)],
    "sql.odd.q2.json": [("queued", "canceled", "manual", "ada", "why (canceled by bob)")],
    "sql.odd.skip.json": [("skipped", "succeeded", "manual", "ada", None)],
    "sql.odd.stop.json": [("stopped branch", "succeeded", "manual", "ada", None)],
    "sql.parent.json": [("parent", "succeeded", "manual", "ada", None)],
    "sql.paused.json": [("long", "running", "manual", "ada", None)],
    "sql.search.light.json": [
        ("child", "succeeded", "pipeline", "ada", None),
        ("deploy to prod", "failed", "manual", "bob", None),
        ("long", "running", "manual", "ada", None),
        ("one at a time", "succeeded", "manual", "ada", None),
        ("one at a time", "succeeded", "manual", "ada", None),
    ],
    "sql.stop.json": [("judge", "failed", "manual", "ada", None)],
    "sql.task-undoRolloutManifest.json": [("Undo rollout of manifest", "succeeded", "manual", "ada", None)],
    "sql.task-wait.json": [("a task", "succeeded", "manual", "ada", None)],
    "sql.tasks.json": [
        ("Undo rollout of manifest", "succeeded", "manual", "ada", None),
        ("a task", "succeeded", "manual", "ada", None),
    ],
    "sql.undo.json": [("roll back", "succeeded", "manual", "ada", None)],
}
LISTS = {"applications.json": 3, "credentials.json": 1}  # answers of Gate that are no executions
# File → what a person decided in it, and who restarted a stage of it: one restart, however many stages tell of it.
DECISIONS = {"sql.go.json": ("continue", "carol"), "sql.stop.json": ("stop", "carol")}
RESTARTED = {"sql.contin.json": "dora", "sql.deploy.json": "dora", "sql.go.json": "dora"}
NEVER_STARTED = {"sql.odd.failed_on_startup.disabled.json", "sql.odd.failed_on_startup.echo.json", "sql.odd.q2.json"}


def test_every_real_file_is_in_the_table() -> None:
    """None is forgotten."""
    assert {file.name for file in (SHARED / "real").iterdir()} == {*SAYS, *LISTS}


@pytest.mark.parametrize("name", SAYS)
def test_what_a_real_execution_says_of_itself(name: str, tmp_path: Path) -> None:
    """Its outcome: a refused start is failed, one canceled after its end succeeded, a paused one still runs."""
    assert load(tmp_path, SHARED / "real" / name).quarantined == 0
    columns = "pipeline, status, trigger, triggered_by, reason"
    assert rows(tmp_path, f"SELECT {columns} FROM execution ORDER BY pipeline, status, id") == SAYS[name]
    started = rows(tmp_path, "SELECT bool_and(started_at IS NOT NULL) FROM execution")
    assert started == [(name not in NEVER_STARTED,)]
    decided = rows(tmp_path, "SELECT decision, decided_by FROM approval")
    assert decided == [decision for file, decision in DECISIONS.items() if file == name]
    restarts = rows(tmp_path, "SELECT restarted_by FROM execution_attempt WHERE rollout_id IS NULL")
    assert restarts == [(user,) for file, user in RESTARTED.items() if file == name]


@pytest.mark.parametrize("name", LISTS)
def test_answers_that_are_no_executions_are_named(name: str, tmp_path: Path) -> None:
    """They are quarantined one by one, and land nothing."""
    assert load(tmp_path, SHARED / "real" / name).quarantined == LISTS[name]


def test_a_dry_run_that_acted_counts(tmp_path: Path) -> None:
    """Where the server does not allow dry runs, its operation reaches the cluster; here it was refused there."""
    load(tmp_path, SHARED / "real" / "sql.dry.json")
    assert rows(tmp_path, "SELECT dry_run, status FROM execution") == [(True, "failed")]
    assert rows(tmp_path, "SELECT action, status FROM rollout") == [("deploy", "failed")]


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
