"""The tables of whole builds, against the same rules applied by brute force to the rows of each history."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

import dora
from tests.dora.lineage.landed_histories import SETTINGS, START, History, Row, as_instants, library_rows
from tests.dora.lineage.simulated_tables import Deployment, SimulatedTables

HISTORIES = 300  # of one build
BUILDS = 34 if settings().max_examples > 500 else 1
FIELDS = (
    "kind", "outcome", "first_traffic_at", "full_traffic_at", "not_everywhere", "content_change", "direction", "commit",
    "previous_id", "restored_id", "blamed_first_id", "blamed_last_id", "prepared_by",
)  # fmt: skip


def land(histories: Iterable[History]) -> dict[str, list[Row]]:
    """Return the rows of all histories as one landing, and those of the repository that they share."""
    rows: dict[str, list[Row]] = {}
    for of_history in (library_rows(), *(history.rows for history in histories)):
        for table, of_table in of_history.items():
            rows.setdefault(table, []).extend(map(as_instants, of_table))
    return rows


def expected_deployments(simulated: SimulatedTables) -> dict[str, Row]:
    return {root: expected_fields(simulated, each) for root, each in simulated.deployments.items()}


def expected_fields(simulated: SimulatedTables, deployment: Deployment) -> Row:
    """Return the fields of one deployment, others by their roots."""
    comparison = deployment.comparison
    others = {
        f"{name}_id": None if number is None else simulated.order[number]
        for name, number in comparison._asdict().items()
        if name in ("previous", "restored", "blamed_first", "blamed_last")
    }
    return others | {
        "kind": deployment.kind, "outcome": deployment.outcome, "first_traffic_at": deployment.first,
        "full_traffic_at": deployment.full, "not_everywhere": deployment.not_everywhere,
        "content_change": comparison.change, "direction": comparison.direction, "commit": deployment.commit,
        "prepared_by": deployment.prepared_by,
    }  # fmt: skip


def built_fields(row: Row, known_commits: set[str]) -> Row:
    fields = {name: shorten(row[name]) for name in FIELDS}
    prepared_by = frozenset(map(root_of, (row["prepared_by"] or "").split()))
    commit = row["commit"] if row["commit"] in known_commits else None
    return fields | {"prepared_by": prepared_by, "commit": commit}


def shorten(value: Any) -> Any:
    """Return a time as microseconds since the start, another deployment as its root."""
    if isinstance(value, datetime):
        return round((value.replace(tzinfo=UTC) - START).total_seconds() * 1_000_000)
    return root_of(value) if isinstance(value, str) and "@" in value else value


def root_of(deployment_id: str) -> str:
    return deployment_id.partition("/")[2].partition("@")[0]


def compare(delivery: dora.Delivery, histories: list[History]) -> list[str]:
    """Return one line for each field of a deployment, and each change, that differs."""
    deployments: dict[str, dict[str, Row]] = {}
    for row in delivery.sql("SELECT * FROM deployments"):
        deployments.setdefault(row["application"], {})[row["root_id"]] = row
    changes: dict[str, dict[str, tuple[str, bool]]] = {}
    for row in delivery.sql("SELECT application, sha, shipped_by, baseline FROM changes WHERE shipped_by IS NOT NULL"):
        changes.setdefault(row["application"], {})[row["sha"]] = root_of(row["shipped_by"]), row["baseline"]
    differences = []
    for history in histories:
        rows = with_library(history)
        for application in history.applications:
            simulated = SimulatedTables({name: rows.get(name, []) for name in TABLES}, application)
            expected: dict[str, Any] = expected_deployments(simulated)
            trunk = {row["sha"] for row in rows["change"]}
            expected["ships"] = {sha: ship for sha, ship in simulated.shipped.items() if sha in trunk}
            commits = {row["sha"] for row in rows["commit"]}
            built = {root: built_fields(row, commits) for root, row in deployments.get(application, {}).items()}
            choose_commits(built, expected, simulated)
            built["ships"] = changes.get(application, {})
            for root in expected.keys() | built.keys():
                differences += differing(f"{application} {root}", built.get(root, {}), expected.get(root, {}))
    return sorted(differences)


def with_library(history: History) -> dict[str, list[Row]]:
    """Return the rows of a history with those of the repository that all share."""
    shared = library_rows()
    return {name: [*of_table, *shared.get(name, [])] for name, of_table in history.rows.items()}


def choose_commits(built: dict[str, Row], expected: dict[str, Row], simulated: SimulatedTables) -> None:
    """Let any commit of a content of several repositories be the one that is shown."""
    for root, deployment in simulated.deployments.items():
        if root in built and built[root]["commit"] in simulated.commits(deployment):
            expected[root]["commit"] = built[root]["commit"]


def differing(label: str, built: Row, expected: Row) -> list[str]:
    names = built.keys() | expected.keys()
    return [
        f"{label} {name}: built {built.get(name)!r}, expected {expected.get(name)!r}"
        for name in sorted(names)
        if built.get(name) != expected.get(name)
    ]


TABLES = ("execution", "rollout", "config_manifest", "traffic_route", "approval", "canary", "commit", "change")


@pytest.mark.parametrize("number", range(BUILDS))
def test_built_tables_are_what_the_rules_say(
    number: int, built_in: Callable[..., dora.Delivery], tmp_path: Path
) -> None:
    """Kind, outcome, times, other deployments and shipped changes of every history are those of a scan of its rows."""
    histories = [History(seed) for seed in range(number * HISTORIES, (number + 1) * HISTORIES)]
    delivery = built_in(tmp_path, rows=land(histories), settings=SETTINGS)
    assert compare(delivery, histories) == []
