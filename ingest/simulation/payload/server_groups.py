"""Contexts of the stages that change server groups: red/black deployments of machine images, and their rollbacks."""

from __future__ import annotations

from typing import Any

from ingest.simulation.model.clock import digest
from ingest.simulation.model.execution import Run
from ingest.simulation.model.stage import Stage

Json = dict[str, Any]


def machine_image(run: Run) -> tuple[str, str]:
    """Id and name of the machine image of what a run deploys."""
    name = f"{run.app.name}-1.0-h{run.change.index}.{run.change.sha[:7]}-x86_64-jammy"
    return f"ami-{digest(name)[:17]}", name


def _cluster(run: Run, account: str, region: str) -> Json:
    return {
        "account": account,
        "application": run.app.name,
        "availabilityZones": {region: [f"{region}a", f"{region}b"]},
        "capacity": {"min": 4, "max": 12, "desired": 6},
        "cloudProvider": "aws",
        "provider": "aws",
        "freeFormDetails": "",
        "stack": "prod",
        "strategy": "redblack",
        "instanceType": "m6i.large",
        "loadBalancers": [f"{run.app.name}-prod"],
        "targetHealthyDeployPercentage": 100,
    }


def clusters(run: Run, stage: Stage) -> Json:
    """Context of the deploy stage that contains the groups of all regions."""
    found: Json = {"clusters": [_cluster(run, account, region) for account, region in run.app.targets]}
    if stage.status == "SUCCEEDED":
        found["deploy.server.groups"] = {region: [run.group] for _, region in run.app.targets}
    return found


def create_group(run: Run, stage: Stage) -> Json:
    """Context of createServerGroup: one region's new group."""
    account, region = stage.detail["account"], stage.detail["region"]
    found: Json = {**_cluster(run, account, region), "type": "createServerGroup", "region": region, "name": stage.name}
    found["moniker"] = {"app": run.app.name, "cluster": f"{run.app.name}-prod", "stack": "prod"}
    if stage.start is None:
        return found
    ami, name = machine_image(run)
    source = {"account": account, "region": region, "asgName": f"{run.app.name}-prod-v{run.revision - 1:03d}"}
    return found | {
        "amiName": name,
        "imageId": ami,
        "source": source,
        "deploy.account.name": account,
        "deploy.server.groups": {region: [run.group]},
        "kato.task.lastStatus": "SUCCEEDED",
    }


def disable_cluster(run: Run, stage: Stage) -> Json:
    """Context of disableCluster, after which the old group serves nothing any more."""
    return {
        "cluster": f"{run.app.name}-prod",
        "credentials": stage.detail["account"],
        "cloudProvider": "aws",
        "regions": [stage.detail["region"]],
        "remainingEnabledServerGroups": 1,
        "preferLargerOverNewer": False,
    }


def roll_back_cluster(run: Run, stage: Stage) -> Json:
    """Context of rollbackCluster over all regions."""
    regions = [region for _, region in run.app.targets]
    return {
        "cluster": f"{run.app.name}-prod",
        "moniker": {"app": run.app.name, "cluster": f"{run.app.name}-prod", "stack": "prod"},
        "credentials": run.app.targets[0][0],
        "cloudProvider": "aws",
        "cloudProviderType": "aws",
        "regions": regions,
        "targetHealthyRollbackPercentage": 100,
        "rollbackTypes": dict.fromkeys(regions, "EXPLICIT"),
    }


def roll_back_group(run: Run, stage: Stage) -> Json:
    """Context of rollbackServerGroup: which group of a region goes, and which comes back."""
    return {
        "account": stage.detail["account"],
        "credentials": stage.detail["account"],
        "cloudProvider": "aws",
        "cluster": f"{run.app.name}-prod",
        "region": stage.detail["region"],
        "rollbackType": "EXPLICIT",
        "rollbackContext": {
            "restoreServerGroupName": run.group,
            "rollbackServerGroupName": run.replaced,
            "targetHealthyRollbackPercentage": 100,
        },
    }


def switch_group(run: Run, stage: Stage) -> Json:
    """Context of enableServerGroup and disableServerGroup within a rollback."""
    name = run.group if stage.type == "enableServerGroup" else run.replaced
    return {
        "asgName": name,
        "serverGroupName": name,
        "credentials": stage.detail["account"],
        "cloudProvider": "aws",
        "region": stage.detail["region"],
    }
