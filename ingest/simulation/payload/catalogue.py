"""What Gate serves apart from executions: applications, accounts, pipeline configurations and templates."""

from __future__ import annotations

from ingest.simulation.model.clock import DAY, uuid
from ingest.simulation.model.company import TEMPLATE, App
from ingest.simulation.model.execution import PIPELINES
from ingest.simulation.model.world import Json

# Name, provider, environment.
_ACCOUNTS = (
    ("prod-eu", "kubernetes", "prod"),
    ("prod-us", "kubernetes", "prod"),
    ("prod-vm", "aws", "prod"),
    ("staging", "kubernetes", "staging"),
    ("acme-registry", "dockerRegistry", "acme-registry"),
)


def application(app: App, now: int) -> Json:
    """One application as Front50 stores it."""
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
        "createTs": str(now - 900 * DAY),
        "updateTs": str(now - 40 * DAY),
    }


def accounts() -> list[Json]:
    """The accounts that Clouddriver deploys to."""
    return [
        {
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
        for name, provider, environment in _ACCOUNTS
    ]


def templates(now: int) -> list[Json]:
    """The managed template in two versions; the second adds the canary, and forbids changes of its stages."""
    versions = (
        ("v1", 700, ["bakeManifest", "runJobManifest", "deployManifest"]),
        ("v2", 200, ["bakeManifest", "runJobManifest", "kayentaCanary", "deployManifest"]),
    )
    return [
        {
            "schema": "v2",
            "id": TEMPLATE,
            "tag": tag,
            "protect": tag == "v2",
            "metadata": {"name": TEMPLATE, "description": "From image to production", "scopes": ["global"]},
            "variables": [{"name": "application", "type": "string"}, {"name": "canary", "type": "boolean"}],
            "pipeline": {
                "stages": [_template_stage(str(nth), kind) for nth, kind in enumerate(kinds, 1)],
                "keepWaitingPipelines": False,
                "limitConcurrent": True,
            },
            "updateTs": str(now - days * DAY),
        }
        for tag, days, kinds in versions
    ]


def _template_stage(number: str, kind: str) -> Json:
    condition: Json = {}
    if kind == "kayentaCanary":
        condition = {"stageEnabled": {"type": "expression", "expression": "${ templateVariables.canary }"}}
    return {"refId": number, "type": kind, "name": kind, **condition}


def pipelines(app: App, now: int) -> list[Json]:
    """Every pipeline configuration of an application."""
    names = [app.pipeline]
    if app.shape == "release":
        names.append("deploy-production")
    names += ["rollback"] if app.vm else ["rollback", "restart", "apply-config", "deploy-hotfix"]
    names += [PIPELINES["staging"]] if app.staging == "separate" else []
    names += [PIPELINES["nightly"]] if app.nightly else []
    return [_pipeline(app, name, index, now) for index, name in enumerate(names)]


def _pipeline(app: App, name: str, index: int, now: int) -> Json:
    fields: Json = {
        "id": uuid("pipeline", app.name, name),
        "name": name,
        "application": app.name,
        "index": index,
        "triggers": _triggers(app, name),
        "limitConcurrent": True,
        "keepWaitingPipelines": False,
        "spelEvaluator": "v4",
        "lastModifiedBy": "ada@acme.example",
        "updateTs": str(now - (20 + index) * DAY),
    }
    if name != app.pipeline or app.template == "none":
        return fields | {"schema": "1", "stages": _stages(app, name)}
    return fields | {
        "schema": "v2",
        "type": "templatedPipeline",
        "template": {
            "artifactAccount": "front50ArtifactCredentials",
            "reference": f"spinnaker://{TEMPLATE}:{'v2' if app.template == 'adopts' else 'v1'}",
            "type": "front50/pipelineTemplate",
        },
        "variables": {"application": app.name, "canary": app.canary != "never"},
        "exclude": [],
        "stages": [],
    }


def _triggers(app: App, name: str) -> list[Json]:
    if name == PIPELINES["nightly"]:
        return [{"type": "cron", "enabled": True, "cronExpression": "0 0 3 ? * MON-FRI"}]
    # Pipelines that people start have no trigger.
    if name not in {app.pipeline, PIPELINES["staging"]} or (app.slow and name == app.pipeline):
        return []
    fields = {
        "git": {"source": "github", "project": "acme", "slug": app.repo.split("/")[1], "branch": "main"},
        "jenkins": {"master": "ci", "job": f"{app.name}-main"},
        "docker": {"account": "acme-registry", "repository": app.name},
    }
    return [{"type": app.trigger, "enabled": True, **fields[app.trigger]}]


def _stages(app: App, name: str) -> list[Json]:
    production = ["deploy"] if app.vm else ["deployManifest"] * len(app.targets)
    canary = ["deployManifest", "deployManifest", "kayentaCanary"] if app.canary != "never" else []
    prepare = ["bake" if app.vm else "bakeManifest", "runJobManifest"]
    approval = ["manualJudgment"] if app.slow else []
    kinds = {
        "deploy": [*prepare, *canary, *approval, *production],
        "bake-and-deploy": [*prepare, *production],
        "release": [*prepare, "pipeline"],
        "deploy-production": [*canary, *production],
        "rollback": ["rollbackCluster"] if app.vm else production,
        "restart": ["rollingRestartManifest"] * len(app.targets),
        "apply-config": production,
        "deploy-hotfix": [*prepare, *production],
        "deploy-staging": ["bakeManifest", "deployManifest"],
        "nightly-tests": ["jenkins", "runJobManifest"],
    }[name]
    return [
        {
            "refId": str(nth + 1),
            "requisiteStageRefIds": [str(nth)] if nth else [],
            "type": kind,
            "name": kind,
            "account": "staging" if name == "deploy-staging" else app.targets[0][0],
        }
        for nth, kind in enumerate(kinds)
    ]
