"""A simulated organisation with known truth: what its Gate serves, its repositories, its incidents, and what is so."""

from __future__ import annotations

import csv
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ingest.simulation.model import canary
from ingest.simulation.model.clock import SECOND, iso, millis, ulid
from ingest.simulation.model.company import App, company, teams
from ingest.simulation.model.execution import Run
from ingest.simulation.model.repository import Change
from ingest.simulation.model.repository import write as write_trunk
from ingest.simulation.model.world import World
from ingest.simulation.payload import catalogue, execution
from ingest.simulation.story import schedule
from ingest.simulation.story.rollout_plan import unfold
from ingest.simulation.story.schedule import Year
from ingest.simulation.story.script import Incident, Intent, Script
from ingest.simulation.story.simulate import Player
from tests.simulation import expected as truth
from tests.simulation.expected import Truth

_COLUMNS = ["id", "application", "opened_at", "resolved_at", "deployment", "commit", "severity", "title", "url"]


@dataclass(slots=True)
class Organisation:
    """One simulated company at one instant.

    ``world`` is what a double of Gate serves, ``repositories`` bare git repositories by name, ``incidents`` a CSV file,
    ``settings`` what its dora.toml says under ``teams``, ``definitions`` and ``applications``, ``truth`` what all of
    that should be found to mean.
    """

    world: World
    repositories: dict[str, Path]
    incidents: Path
    settings: dict[str, Any]
    truth: Truth
    _scripts: dict[str, Script] = field(default_factory=dict, repr=False)
    _runs: dict[str, list[Run]] = field(default_factory=dict, repr=False)

    def truth_since(self, instant: datetime) -> Truth:
        """The truth for a reader who missed operations by hand (UI rollbacks) that were begun before an instant."""
        return _truth(self._scripts, self._runs, millis(instant))


def simulate(folder: Path, *, seed: int = 7, end: datetime, months: int = 12, scale: float = 1.0) -> Organisation:
    """Simulate the ``months`` before ``end`` (aware) into ``folder``: repositories and incidents.csv are written there.

    The same arguments give the same organisation, to the byte. ``scale`` below 1 keeps fewer applications and less
    traffic, but every kind of event.
    """
    apps, volume = company(scale)
    now = millis(end)
    year = Year(seed, millis(end - timedelta(days=months * 30.4375)), now, volume, scale)
    scripts = schedule.write(apps, year)
    runs: dict[str, list[Run]] = {repository: [] for repository in scripts}
    for app in apps:
        player = Player(app, year)
        runs[app.repo] += player.play(scripts[app.repo].intents[app.name])
        for name, run in player.starts:
            followed = Intent(run.horizon + SECOND, "deploy", run.change, scripted=True, upstream=run)
            insort(scripts[app.repo].intents[name], followed, key=lambda intent: intent.at)
    repositories = {name: _repository(folder, name, script) for name, script in scripts.items()}
    everything = [run for found in runs.values() for run in found]
    return Organisation(
        world=_world(apps, now, everything),
        repositories=repositories,
        incidents=_incidents(folder / "incidents.csv", scripts, everything),
        settings=_settings(apps),
        truth=_truth(scripts, runs),
        _scripts=scripts,
        _runs=runs,
    )


def _repository(folder: Path, name: str, script: Script) -> Path:
    path = folder / "repositories" / f"{name}.git"
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_trunk(path, script.changes)


def _world(apps: tuple[App, ...], now: int, runs: Sequence[Run]) -> World:
    return World(
        now=now,
        applications=[catalogue.application(app, now) for app in apps],
        credentials=catalogue.accounts(),
        pipeline_configs=[pipeline for app in apps for pipeline in catalogue.pipelines(app, now)],
        executions=sorted(map(execution.stub, runs), key=lambda stub: stub.id),
        canary_results=dict(pair for run in runs if run.canary for pair in _judgments(run)),
        templates=catalogue.templates(now),
    )


def _judgments(run: Run) -> list[tuple[str, dict[str, Any]]]:
    now = run.cut or run.horizon
    judged = [stage for stage in unfold(run).stages if stage.type == "runCanary" and stage.end and stage.end <= now]
    return [(canary.analysis_id(run, stage.detail["nth"]), canary.reply(run, stage)) for stage in judged]


def _incidents(path: Path, scripts: dict[str, Script], runs: Sequence[Run]) -> Path:
    by_change: dict[Change, str] = {}
    for run in runs:
        if run.first is not None and not run.parent:
            by_change.setdefault(run.change, run.id)
    known = [incident for script in scripts.values() for incident in script.incidents]
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for incident in sorted(known, key=lambda found: (found.opened_at, found.application)):
            writer.writerow(_row(incident, by_change))
    return path


def _row(incident: Incident, by_change: dict[Change, str]) -> list[str]:
    identity = f"INC-{ulid(incident.opened_at, incident.title)[5:14]}"
    return [
        identity,
        incident.application,
        iso(incident.opened_at),
        iso(incident.resolved_at) if incident.resolved_at else "",
        by_change.get(incident.deployed, "") if incident.deployed else "",
        incident.named.sha if incident.named else "",
        incident.severity,
        incident.title,
        f"https://pager.acme.example/incidents/{identity}",
    ]


def _settings(apps: tuple[App, ...]) -> dict[str, Any]:
    return {
        "teams": teams(apps),
        "definitions": {"production_accounts": ["prod-*"]},
        "applications": [{"match": [app.name], "paths": list(app.paths)} for app in apps if app.shared],
    }


def _truth(scripts: dict[str, Script], runs: dict[str, list[Run]], since: int = 0) -> Truth:
    whole = Truth()
    for repository, script in scripts.items():
        part = truth.find(script, runs[repository], since)
        whole.deployments += part.deployments
        whole.shipped |= part.shipped
        whole.open_changes |= part.open_changes
        whole.withdrawn |= part.withdrawn
        whole.failures |= part.failures
        whole.canaries |= part.canaries
    return whole
