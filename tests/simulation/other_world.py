"""A world that is not the demo's: other applications, accounts, owner addresses, repositories and tags.

The story is that of the demo, at another scale and seed and with other names, so its truth is known. The applications
of the shared repository are left out. Two applications deploy images with a version that only a tag of their
repository resolves.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from ingest.simulation.model.company import PLATFORM
from ingest.simulation.organisation import Organisation, simulate
from tests.simulation.expected import ExpectedDeployment, Truth, expected_results

OWNER = "northwind"
ACCOUNTS = {"prod-eu": "live-fra", "prod-us": "live-iad", "prod-vm": "metal-live", "staging": "rehearsal"}
ENVIRONMENTS = {"live-fra": "live", "live-iad": "live", "metal-live": "live", "rehearsal": "rehearsal"}
APPLICATIONS = {
    "checkout": "till", "payments": "settlement", "catalog": "shelf", "orders": "basketry", "vouchers": "coupon-api",
    "images": "thumbnailer", "reports": "numbers", "exports": "couriers",
}  # fmt: skip
TEAMS = {"purchase": "money", "discovery": "window", "fulfilment": "dock", "insight": "figures"}
VERSIONED = ("vouchers", "exports")  # their images have a version, and only a tag tells its commit
TAG = "rel-{version}"


@dataclass(frozen=True, slots=True)
class OtherWorld:
    """The organisation in other names, and the truth about it in the same names."""

    organisation: Organisation
    truth: Truth
    repositories: Path


def make_other_world(folder: Path, *, end: datetime, ui_operations_since: datetime, scale: float = 0.03) -> OtherWorld:
    """Simulate into a folder and rename; the same arguments give the same world."""
    organisation = simulate(folder / "demo", seed=1802, end=end, scale=scale)
    truth = expected_results(organisation, ui_operations_since=ui_operations_since)
    versions = _versions(organisation)
    rename = partial(_rename, names=_patterns(organisation), versions=versions)
    world = organisation.world
    kept = [application for application in world.applications if application["name"] in APPLICATIONS]
    world.applications = [_without_team(rename(application)) for application in kept]
    world.credentials = [_environment(rename(account)) for account in world.credentials]
    world.pipeline_configs = [rename(c) for c in world.pipeline_configs if c["application"] in APPLICATIONS]
    world.executions = [
        replace(stub, application=APPLICATIONS[stub.application], payload=_later(rename, stub.payload))
        for stub in world.executions
        if stub.application in APPLICATIONS
    ]
    world.canary_results = {identity: rename(result) for identity, result in world.canary_results.items()}
    world.templates = [rename(template) for template in world.templates]
    repositories = folder / "git" / OWNER
    repositories.mkdir(parents=True)
    for name, path in organisation.repositories.items():
        if name != PLATFORM:
            path.rename(repositories / f"{_repository(name).rpartition('/')[2]}.git")
    _tag(organisation, repositories, versions)
    text = organisation.incidents.read_text()
    lines = [line for line in text.splitlines() if line.startswith(("#", "id,")) or line.split(",")[1] in APPLICATIONS]
    organisation.incidents.write_text("\n".join(map(rename, lines)) + "\n")
    return OtherWorld(organisation, _rename_truth(truth), repositories)


def _patterns(organisation: Organisation) -> dict[re.Pattern[str], str]:
    names = {**ACCOUNTS, **APPLICATIONS, **TEAMS, "acme": OWNER}
    return {re.compile(rf"(?<![A-Za-z0-9]){re.escape(old)}(?![A-Za-z0-9])"): new for old, new in names.items()}


def _versions(organisation: Organisation) -> dict[str, str]:
    """The version of each commit of the versioned applications, by the commit's abbreviation in tags of images."""
    versions = {}
    for name in VERSIONED:
        for number, change in enumerate(organisation.scripts[f"acme/{name}"].changes):
            for sha in filter(None, (change.sha, change.tip and change.tip.sha)):
                versions[sha[:12]] = f"2.{number}.0" if sha == change.sha else f"2.{number}.1"
    return versions


def _rename(value: Any, names: dict[re.Pattern[str], str], versions: dict[str, str]) -> Any:
    """Return a document with other names in all of its texts; its keys stay."""
    if isinstance(value, dict):
        return {key: _rename(item, names, versions) for key, item in value.items()}
    if isinstance(value, list):
        return [_rename(item, names, versions) for item in value]
    if not isinstance(value, str):
        return value
    for pattern, new in names.items():
        value = pattern.sub(new, value)
    return re.sub(r"(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])", lambda match: versions.get(match[0], match[0]), value)


def _later(rename: Callable[[Any], Any], payload: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: rename(payload())


def _without_team(application: dict[str, Any]) -> dict[str, Any]:
    """Front50's own attributes: an owner's address and no team."""
    return {key: value for key, value in application.items() if key != "team"}


def _environment(account: dict[str, Any]) -> dict[str, Any]:
    return {**account, "environment": ENVIRONMENTS.get(account["name"], account["name"])}


def _repository(name: str) -> str:
    return f"{OWNER}/{APPLICATIONS[name.rpartition('/')[2]]}"


def _tag(organisation: Organisation, repositories: Path, versions: dict[str, str]) -> None:
    for name in VERSIONED:
        path = repositories / f"{APPLICATIONS[name]}.git"
        commits = subprocess.run(
            ["git", "-C", str(path), "rev-list", "--all"], check=True, capture_output=True, text=True
        ).stdout.split()
        lines = [
            f"create refs/tags/{TAG.format(version=versions[sha[:12]])} {sha}\n"
            for sha in commits
            if sha[:12] in versions
        ]
        subprocess.run(["git", "-C", str(path), "update-ref", "--stdin"], input="".join(lines), text=True, check=True)


def _rename_truth(truth: Truth) -> Truth:
    def of_changes(rows: set[tuple[str, ...]]) -> Iterator[Any]:
        return ((APPLICATIONS[a], _repository(r), *rest) for a, r, *rest in rows if a in APPLICATIONS)

    return Truth(
        deployments=[_rename_deployment(d) for d in truth.deployments if d.application in APPLICATIONS],
        shipped=set(of_changes(truth.shipped)),  # type: ignore[arg-type]
        open_changes=set(of_changes(truth.open_changes)),  # type: ignore[arg-type]
        reverted=set(of_changes(truth.reverted)),  # type: ignore[arg-type]
        failures={(APPLICATIONS[a], root): row for (a, root), row in truth.failures.items() if a in APPLICATIONS},
        canaries=truth.canaries,
    )


def _rename_deployment(deployment: ExpectedDeployment) -> ExpectedDeployment:
    repository = deployment.repository and _repository(deployment.repository)
    return replace(deployment, application=APPLICATIONS[deployment.application], repository=repository)
