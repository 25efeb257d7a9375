"""Contexts of the stages that change server groups: red/black deployments of machine images, and their rollbacks."""

from __future__ import annotations

from ingest.simulation.model.clock import digest
from ingest.simulation.model.execution import Run
from ingest.simulation.model.stage import Stage
from ingest.simulation.model.world import Json


def machine_image(run: Run) -> tuple[str, str]:
    """Id and name of the machine image that a run deploys."""
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


def _moniker(run: Run) -> Json:
    return {"app": run.app.name, "cluster": f"{run.app.name}-prod", "stack": "prod"}


def clusters(run: Run, stage: Stage) -> Json:
    """Context of the deploy stage, which contains the groups of all regions."""
    context: Json = {"clusters": [_cluster(run, account, region) for account, region in run.app.targets]}
    if stage.status == "SUCCEEDED":
        context["deploy.server.groups"] = {region: [run.group] for _, region in run.app.targets}
    return context


def create_group(run: Run, stage: Stage) -> Json:
    """Context of createServerGroup: the new group of one region."""
    account, region = stage.detail["account"], stage.detail["region"]
    context: Json = {
        **_cluster(run, account, region),
        "type": "createServerGroup",
        "region": region,
        "name": stage.name,
        "moniker": _moniker(run),
    }
    if stage.start is None:
        return context
    # The sequence number of a group is one more than that of the group it replaces.
    ami, name = machine_image(run)
    return context | {
        "amiName": name,
        "imageId": ami,
        "source": {"account": account, "region": region, "asgName": f"{run.app.name}-prod-v{run.revision - 1:03d}"},
        "deploy.account.name": account,
        "deploy.server.groups": {region: [run.group]},
        "kato.task.lastStatus": "SUCCEEDED",
    }


def disable_cluster(run: Run, stage: Stage) -> Json:
    """Context of disableCluster, which takes the old group out of service."""
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
        "moniker": _moniker(run),
        "credentials": run.app.targets[0][0],
        "cloudProvider": "aws",
        "cloudProviderType": "aws",
        "regions": regions,
        "targetHealthyRollbackPercentage": 100,
        "rollbackTypes": dict.fromkeys(regions, "EXPLICIT"),
    }


def roll_back_group(run: Run, stage: Stage) -> Json:
    """Context of rollbackServerGroup: the group of a region to replace, and the one to restore."""
    # EXPLICIT rollbacks name both groups; the other types let Orca find them.
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
