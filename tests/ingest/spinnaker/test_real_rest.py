"""Payloads of real installations: what each execution says of itself, and the pipelines, applications and accounts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SHARED
from tests.ingest.spinnaker.conftest import facts_of, loaded, tables

REAL = SHARED / "spinnaker"
pytestmark = pytest.mark.shared
BAKE = "bake_and_deploy_manifest"
ME = "myUserName"

# File → pipeline or operation, status, trigger, who: a person reads the same at the top of it.
SAYS: dict[str, list[tuple[str | None, ...]]] = {
    "executions/appengine_pubsub_and_manual.list.json": [
        ("Deploy Exploded WAR", "succeeded", "manual", None),
        ("Trigger from Cloud Build Subscription", "succeeded", "other", None),
    ],
    "executions/k8s_bake_deploy_manifest.list.json": [
        (BAKE, "failed", "manual", None),
        (BAKE, "succeeded", "manual", None),
    ],
    "executions/k8s_bake_deploy_manifest.succeeded.json": [(BAKE, "succeeded", "manual", None)],
    "executions/manual_wait.running.json": [("Simple Wait Pipeline", "running", "manual", None)],
    "executions/manual_wait.running.list.json": [("Simple Wait Pipeline", "running", "manual", None)],
    "executions/manual_wait.succeeded.list.json": [("Simple Wait Pipeline", "succeeded", "manual", None)],
    "executions/spin_execution_get.list.json": [("spin pipeline", "running", "manual", None)],
    "executions/spin_execution_list.list.json": [("param wait", "succeeded", "manual", None)],
    "executions/webhook_stage_success_and_terminal.list.json": [
        ("Webhook Artifacts", "failed", "manual", None),
        ("Webhook Artifacts", "succeeded", "manual", None),
    ],
    "policy-payloads/pipelines.before.json": [],
    "policy-payloads/stage.createServerGroup.json": [("test", "failed", "manual", ME)],
    "policy-payloads/stage.deployManifest.json": [("Deploy manifest", "running", "manual", ME)],
    "policy-payloads/stage.evaluateArtifacts.json": [("hostname w evaluate artifacts", "running", "manual", ME)],
    "policy-payloads/stage.findArtifactsFromResource.json": [("test", "failed", "manual", ME)],
    "policy-payloads/stage.jenkins.json": [("test", "running", "manual", ME)],
    "policy-payloads/stage.manualJudgment.json": [("scale deployments", "running", "manual", ME)],
    "policy-payloads/stage.pipeline.json": [("test", "failed", "manual", ME)],
    "policy-payloads/stage.rollbackCluster.json": [("test", "failed", "manual", ME)],
    "policy-payloads/stage.savePipeline.json": [("Save pipeline 'scale deployments'", "running", "manual", ME)],
    "policy-payloads/stage.scaleDownCluster.json": [("test", "failed", "manual", ME)],
    "policy-payloads/stage.scaleManifest.json": [("Scale manifest", "running", "manual", ME)],
    "policy-payloads/stage.undoRolloutManifest.json": [("Undo rollout of manifest", "running", "manual", ME)],
    "policy-payloads/stage.upsertLoadBalancers.json": [("test", "failed", "manual", ME)],
    "policy-payloads/stage.webhook.json": [("test", "failed", "manual", ME)],
    "tasks/create_application.success.json": [("Create Application: testapp1", "succeeded", "manual", None)],
    "tasks/project_task.success.json": [("Create project: newproject", "succeeded", "manual", None)],
}


def test_what_each_execution_says_of_itself(tmp_path: Path) -> None:
    """Its name, status, trigger and user; anonymous is no user, and none has a commit."""
    for nth, (name, expected) in enumerate(SAYS.items()):
        data = tmp_path / str(nth)
        loaded_from(data, name)
        sql = "SELECT pipeline, status, trigger, triggered_by FROM execution ORDER BY ALL"
        assert (name, facts_of(data, sql)) == (name, expected)
        assert facts_of(data, "SELECT id FROM execution WHERE commit IS NOT NULL OR root_id <> id") == []


def loaded_from(data: Path, name: str) -> None:
    """Load one of the files; a request body is none of a run."""
    body = json.loads((REAL / name).read_text())
    loaded(data, *(body if isinstance(body, list) else [body]))


def test_every_published_file_is_in_the_table() -> None:
    """Every file of a run is in the table; the bodies of requests are not runs."""
    folders = ("executions", "policy-payloads", "tasks")
    files = {f"{folder}/{file.name}" for folder in folders for file in (REAL / folder).iterdir()}
    assert {name for name in files if "adhoc_request" not in name} == set(SAYS)


# Application → its pipelines; a star: a canary, a plus: a judgment. None is made from a template, or has a rollback.
PIPELINES = {
    "cloudfoundryapp": ["bake-cf-manifest"],
    "compute": [
        "Deploy Server Group",
        "Kayenta-Add-New-Canary-Stage",
        "Kayenta-Shorter-Lifetimes*",
        "Simple Wait Pipeline",
        "Webhook Artifacts",
        "bake+deploy",
        "clone",
        "gce - bake+deploy",
        "resize-down",
        "resize-up",
    ],
    "gae": [
        "Deploy Exploded WAR",
        "Deploy Many Services From Inline Config File",
        "Deploy a Container",
        "Trigger from Cloud Build Subscription",
    ],
    "kubernetesapp": [f"{BAKE}+", "deployment"],
}


def test_the_contents_of_the_published_pipelines(tmp_path: Path) -> None:
    """Each of the seventeen, by its stages."""
    bodies = [body for file in (REAL / "pipeline-configs").iterdir() for body in json.loads(file.read_text())]
    loaded(tmp_path, *bodies)
    marks = "pipeline || if(has_canary, '*', '') || if(has_approval, '+', '')"
    sql = f"SELECT application, list({marks} ORDER BY pipeline) FROM pipeline GROUP BY 1"
    assert dict(facts_of(tmp_path, sql)) == PIPELINES
    others = "template_kind IS NOT NULL OR has_rollback OR disabled OR updated_at IS NULL OR protected IS NOT NULL"
    assert facts_of(tmp_path, f"SELECT id FROM pipeline WHERE {others}") == []


PROVIDERS = {
    "ecs-my-aws-devel-acct": "ecs",
    "kubernetes-v2-provider": "kubernetes",
    "dockerhub": "dockerRegistry",
    "gcr-docker-registry": "dockerRegistry",
    "k8s-v2": "kubernetes",
    "compute-engine": "gce",
    "gce": "gce",
    "gae": "appengine",
    "deck-functional-tests": "kubernetes",
    "appengine-heb-sun": "appengine",
    "k8s-local": "kubernetes",
}


def test_the_published_applications_and_accounts() -> None:
    """One application in both of its shapes; eleven accounts without a configured environment."""
    full = json.loads((REAL / "applications/application_expand_true.json").read_text())
    (listed,) = json.loads((REAL / "applications/applications.list.json").read_text())
    for body in (full, listed):
        (row,) = tables(body, "application")["application"]
        assert (row.application, row.owner, row.repository) == ("app", "app", None)
    accounts: list[Any] = []
    for body in json.loads((REAL / "applications/credentials_expand.json").read_text()):
        accounts += tables(body, "account")["account"]
    assert {account.account: account.provider for account in accounts} == PROVIDERS
    assert all(account.environment in (account.account, "my-aws-devel-acct") for account in accounts)
