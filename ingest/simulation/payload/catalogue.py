"""What Gate knows apart from executions: applications, accounts, and pipelines as they are configured now."""

from __future__ import annotations

from typing import Any

from ingest.simulation.model.clock import uuid
from ingest.simulation.model.company import TEMPLATE, App
from ingest.simulation.model.execution import PIPELINES

Json = dict[str, Any]


def application(app: App, now: int) -> Json:
    """One application as Front50 has it."""
    return {
        "name": app.name,
        "email": f"{app.team}@acme.example",
        "team": app.team,
        "cloudProviders": "aws" if app.vm else "kubernetes",
        "accounts": ",".join(sorted({account for account, _ in app.targets} | {"staging"})),
        "repoType": "github",
        "repoProjectKey": "acme",
        "repoSlug": app.repo.split("/")[1],
        "user": f"{app.team}@acme.example",
        "lastModifiedBy": "ada@acme.example",
        "createTs": str(now - 86_400_000 * 900),
        "updateTs": str(now - 86_400_000 * 40),
    }


def accounts() -> list[Json]:
    """The accounts that Clouddriver deploys to."""
    return [
        _account("prod-eu", "kubernetes", "prod"),
        _account("prod-us", "kubernetes", "prod"),
        _account("prod-vm", "aws", "prod"),
        _account("staging", "kubernetes", "staging"),
        _account("acme-registry", "dockerRegistry", "acme-registry"),
    ]


def _account(name: str, provider: str, environment: str) -> Json:
    return {
        "name": name,
        "type": provider,
        "cloudProvider": provider,
        "accountType": provider,
        "environment": environment,
        "challengeDestructiveActions": environment == "prod",
        "primaryAccount": False,
        "permissions": {},
        "requiredGroupMembership": [],
        "authorized": True,
    }


def templates(now: int) -> list[Json]:
    """The managed template in its two versions; the second brings the canary, and forbids changes of its stages."""
    return [
        _template("v1", now - 86_400_000 * 700, ["bakeManifest", "runJobManifest", "deployManifest"]),
        _template("v2", now - 86_400_000 * 200, ["bakeManifest", "runJobManifest", "kayentaCanary", "deployManifest"]),
    ]


def _template(tag: str, at: int, kinds: list[str]) -> Json:
    stages = [{"refId": str(nth), "type": kind, "name": kind} for nth, kind in enumerate(kinds, 1)]
    return {
        "schema": "v2",
        "id": TEMPLATE,
        "tag": tag,
        "protect": tag == "v2",
        "metadata": {"name": TEMPLATE, "description": "From image to production", "scopes": ["global"]},
        "variables": [{"name": "application", "type": "string"}, {"name": "canary", "type": "boolean"}],
        "pipeline": {"stages": stages, "keepWaitingPipelines": False, "limitConcurrent": True},
        "updateTs": str(at),
    }


def pipelines(app: App, now: int) -> list[Json]:
    """Every pipeline of an application."""
    names = [app.pipeline]
    if app.shape == "release":
        names.append("deploy-production")
    names += ["rollback"] if app.vm else ["rollback", "restart", "apply-config", "deploy-hotfix"]
    names += [PIPELINES["staging"]] if app.staging == "separate" else []
    names += [PIPELINES["nightly"]] if app.trigger == "jenkins" or app.name == "gateway" else []
    return [_pipeline(app, name, place, now) for place, name in enumerate(names)]


def _pipeline(app: App, name: str, index: int, now: int) -> Json:
    found: Json = {
        "id": uuid("pipeline", app.name, name),
        "name": name,
        "application": app.name,
        "index": index,
        "triggers": _triggers(app, name),
        "limitConcurrent": True,
        "keepWaitingPipelines": False,
        "spelEvaluator": "v4",
        "lastModifiedBy": "ada@acme.example",
        "updateTs": str(now - 86_400_000 * (20 + index)),
    }
    if name == app.pipeline and app.template != "none":
        return found | _instance(app)
    return found | {"schema": "1", "stages": _stages(app, name)}


def _instance(app: App) -> Json:
    tag = "v2" if app.template == "adopts" else "v1"
    return {
        "schema": "v2",
        "type": "templatedPipeline",
        "template": {
            "artifactAccount": "front50ArtifactCredentials",
            "reference": f"spinnaker://{TEMPLATE}:{tag}",
            "type": "front50/pipelineTemplate",
        },
        "variables": {"application": app.name, "canary": app.canary != "never"},
        "exclude": [],
        "stages": [],
    }


def _triggers(app: App, name: str) -> list[Json]:
    if name == PIPELINES["nightly"]:
        return [{"type": "cron", "enabled": True, "cronExpression": "0 0 3 ? * MON-FRI"}]
    if name not in {app.pipeline, PIPELINES["staging"]} or (app.slow and name == app.pipeline):
        return []
    slug = app.repo.split("/")[1]
    return {
        "git": [
            {"type": "git", "enabled": True, "source": "github", "project": "acme", "slug": slug, "branch": "main"}
        ],
        "jenkins": [{"type": "jenkins", "enabled": True, "master": "ci", "job": f"{app.name}-main"}],
        "docker": [{"type": "docker", "enabled": True, "account": "acme-registry", "repository": app.name}],
    }[app.trigger]


def _stages(app: App, name: str) -> list[Json]:
    production = ["deploy"] if app.vm else ["deployManifest"] * len(app.targets)
    canary = ["deployManifest", "deployManifest", "kayentaCanary"] if app.canary != "never" else []
    prepare = ["bake" if app.vm else "bakeManifest", "runJobManifest"]
    approval = ["manualJudgment"] if app.slow else []
    kinds = {
        "direct": [*prepare, *canary, *approval, *production],
        "vm": [*prepare, *production],
        "release": [*prepare, "pipeline"],
    }[app.shape]
    by_name = {
        "deploy-production": [*canary, *production],
        "rollback": ["rollbackCluster"] if app.vm else production,
        "restart": ["rollingRestartManifest"] * len(app.targets),
        "apply-config": production,
        "deploy-hotfix": [*prepare, *production],
        "deploy-staging": ["bakeManifest", "deployManifest"],
        "nightly-tests": ["jenkins", "runJobManifest"],
    }
    staged = "staging" if name == "deploy-staging" else app.targets[0][0]
    return [
        {
            "refId": str(nth + 1),
            "requisiteStageRefIds": [str(nth)] if nth else [],
            "type": kind,
            "name": kind,
            "account": staged,
        }
        for nth, kind in enumerate(by_name.get(name, kinds))
    ]
