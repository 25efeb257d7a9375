"""A simulated organisation: what its Gate serves, its repositories, its incidents and its settings."""

from __future__ import annotations

import csv
from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ingest.simulation.model import canary
from ingest.simulation.model.clock import DAY, SECOND, iso, millis, ulid
from ingest.simulation.model.company import App, company, teams
from ingest.simulation.model.execution import Run
from ingest.simulation.model.repository import Change, write_trunk
from ingest.simulation.model.world import World
from ingest.simulation.payload import catalogue, execution
from ingest.simulation.story import reviews
from ingest.simulation.story.plot import GOALS, Story
from ingest.simulation.story.rollout_plan import plan_stages
from ingest.simulation.story.schedule import Year, write_scripts
from ingest.simulation.story.script import Intent, Script
from ingest.simulation.story.simulate import Simulator

_EVENT_COLUMNS = ["id", "at", "title", "until", "kind", "url"]
_COLUMNS = ["id", "application", "opened_at", "resolved_at", "deployment", "commit", "severity", "title", "url"]


@dataclass(slots=True)
class Organisation:
    """One simulated company at one instant.

    ``world`` is what a double of Gate serves, ``repositories`` bare git repositories by name, ``incidents``, ``events``
    and ``change_requests`` CSV files, ``settings`` the tables ``teams``, ``definitions``, ``goals`` and
    ``applications`` of its dora.toml. ``scripts`` and ``runs``, both by repository, are the story behind the payloads,
    ``story`` what a year of it amounts to.
    """

    world: World
    repositories: dict[str, Path]
    incidents: Path
    events: Path
    change_requests: Path
    settings: dict[str, Any]
    scripts: dict[str, Script]
    runs: dict[str, list[Run]]
    story: Story


def simulate(folder: Path, *, seed: int = 7, end: datetime, months: int = 12, scale: float = 1.0) -> Organisation:
    """Simulate the ``months`` before ``end`` (aware); repositories and CSV files are written to ``folder``.

    The same arguments give the same organisation, to the byte. ``scale`` below 1 keeps fewer applications and less
    traffic, but every kind of event.
    """
    apps, volume = company(scale)
    now = millis(end)
    # 30.4375 days: a twelfth of a year of 365.25 days.
    year = Year(seed, millis(end - timedelta(days=months * 30.4375)), now, volume, scale)
    scripts = write_scripts(apps, year)
    runs: dict[str, list[Run]] = {repository: [] for repository in scripts}
    for app in apps:
        simulator = Simulator(app, year)
        runs[app.repo] += simulator.simulate(scripts[app.repo].intents[app.name])
        for downstream, run in simulator.downstream:
            # The downstream application comes later in ``apps``, so its intents are still to be simulated.
            intent = Intent(run.horizon + SECOND, "deploy", run.change, scripted=True, upstream=run)
            insort(scripts[app.repo].intents[downstream], intent, key=lambda intent: intent.at)
    all_runs = [run for repository_runs in runs.values() for run in repository_runs]
    repositories = {}
    for name, script in scripts.items():
        repositories[name] = folder / "repositories" / f"{name}.git"
        repositories[name].parent.mkdir(parents=True, exist_ok=True)
        write_trunk(repositories[name], script.changes)
    return Organisation(
        world=World(
            now=now,
            applications=[catalogue.application(app, now) for app in apps],
            credentials=catalogue.accounts(),
            pipeline_configs=[pipeline for app in apps for pipeline in catalogue.pipelines(app, now)],
            # ULIDs sort by time.
            executions=sorted(map(execution.stub, all_runs), key=lambda stub: stub.id),
            canary_results=_canary_results(all_runs),
            templates=catalogue.templates(now),
        ),
        repositories=repositories,
        incidents=_write_incidents(folder / "incidents.csv", now, scripts, all_runs),
        events=_write_events(folder / "events.csv", year),
        change_requests=_write_change_requests(folder / "change_requests.csv", apps, scripts),
        settings={
            "teams": teams(apps),
            "definitions": {"production_accounts": ["prod-*"]},
            "goals": GOALS,
            "applications": [{"match": [app.name], "paths": list(app.paths)} for app in apps if app.shared],
        },
        scripts=scripts,
        runs=runs,
        story=Story(roll_out=year.roll_out),
    )


def _write_events(path: Path, year: Year) -> Path:
    """Write what people noted: the new template, and a move of the office, which changed nothing."""
    office = year.roll_out + 45 * DAY
    wiki = "https://wiki.acme.example/delivery"
    rows = [
        ["template-2", iso(year.roll_out), "Delivery template 2 rolled out", "", "template", f"{wiki}/template-2"],
        ["office", iso(office), "Office move", iso(office + 3 * DAY), "other", ""],
    ]
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([_EVENT_COLUMNS, *sorted(rows, key=lambda row: row[1])])
    return path


def _write_change_requests(path: Path, apps: Iterable[App], scripts: dict[str, Script]) -> Path:
    """Write what the host of the repositories knows of requests: opened, reviewed, approved, merged, and by whom."""
    teams_by_repository = {app.repo: app.team for app in apps}
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(reviews.COLUMNS)
        for name, script in scripts.items():
            writer.writerows(reviews.request_rows(name, teams_by_repository[name], script.changes))
    return path


def _canary_results(runs: Sequence[Run]) -> dict[str, dict[str, Any]]:
    results = {}
    for run in runs:
        now = run.cut or run.horizon
        for stage in plan_stages(run).stages if run.canary else ():
            if stage.type == "runCanary" and stage.end and stage.end <= now:
                results[canary.analysis_id(run, stage.detail["nth"])] = canary.result(run, stage)
    return results


def _write_incidents(path: Path, now: int, scripts: dict[str, Script], runs: Sequence[Run]) -> Path:
    execution_ids: dict[Change, str] = {}
    for run in runs:
        if run.first is not None and not run.parent:
            # An incident links to the first deployment of its change: a retry has the same commit.
            execution_ids.setdefault(run.change, run.id)
    incidents = [incident for script in scripts.values() for incident in script.incidents]
    with path.open("w", newline="") as file:
        file.write(f"# as of {iso(now)}\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for incident in sorted(incidents, key=lambda incident: (incident.opened_at, incident.application)):
            identity = f"INC-{ulid(incident.opened_at, incident.title)[5:14]}"
            writer.writerow(
                [
                    identity,
                    incident.application,
                    iso(incident.opened_at),
                    iso(incident.resolved_at) if incident.resolved_at else "",
                    execution_ids.get(incident.deployment_change, "") if incident.deployment_change else "",
                    incident.commit_change.sha if incident.commit_change else "",
                    incident.severity,
                    incident.title,
                    f"https://pager.acme.example/incidents/{identity}",
                ]
            )
    return path
