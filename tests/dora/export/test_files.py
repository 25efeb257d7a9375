"""Exported files: the same numbers, every column explained, formulas escaped, written atomically."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import dora
from dora.errors import DoraError
from dora.export import files, prometheus
from dora.query.value import Scope

DEPLOYMENTS = """
id | application | environment | status    | started_at           | finished_at          | triggered_by
d1 | shop        | prod        | succeeded | 2026-03-02T08:00:00Z | 2026-03-02T08:10:00Z | =cmd()
d2 | shop        | prod        | succeeded | 2026-03-10T08:00:00Z | 2026-03-10T08:10:00Z | ada
d3 | "pay"       | prod        | failed    | 2026-03-11T08:00:00Z | 2026-03-11T08:10:00Z | ada
"""
CHANGES = f"""
repository | sha      | parents | authored_at          | committed_at
acme/shop  | {"1" * 40} |         | 2026-03-02T08:00:00Z | 2026-03-02T08:10:00Z
"""


@pytest.fixture(scope="module")
def delivery(facts_of_file: Callable[..., dora.Delivery]) -> dora.Delivery:
    return facts_of_file(deployments=DEPLOYMENTS, as_of=datetime(2026, 3, 20, tzinfo=UTC))


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def read_columns(path: Path) -> list[str]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file).fieldnames or ())


def test_observations_are_those_of_the_api(delivery: dora.Delivery, tmp_path: Path) -> None:
    """The file has every observation of every metric, excluded ones included."""
    row_counts = files.write(delivery, tmp_path / "out", Scope())
    rows = read(tmp_path / "out" / "observations.csv")
    assert row_counts["observations"] == len(rows) == sum(len(delivery.observations(name)) for name in dora.metrics())
    failed = [row for row in rows if row["metric"] == "change_failure_rate"]
    assert sorted(float(row["value"]) for row in failed) == [0.0, 0.0, 1.0]


def test_weeks_are_those_of_the_scope(delivery: dora.Delivery, tmp_path: Path) -> None:
    """Each week of each owner has the value that ``dora show`` prints for it."""
    scope = Scope(since="2026-03-04", applications=("shop",))
    files.write(delivery, tmp_path, scope)
    rows = read(tmp_path / "weekly_metrics.csv")
    for owner, by in (("organisation", None), ("application", "application")):
        weeks = [(row["name"], row["period"], float(row["value"]), int(row["n"])) for row in rows
                if row["metric"] == "deployment_frequency" and row["owner"] == owner]  # fmt: skip
        values = delivery.values("deployment_frequency", Scope(scope.since, None, by, "week", scope.applications))
        assert weeks == [(v.group or "", f"{v.period:%Y-%m-%d}", v.value, v.n) for v in values]


@pytest.mark.parametrize("deployments", [DEPLOYMENTS, ""])
def test_every_file_has_its_columns(facts: Callable[..., dora.Delivery], tmp_path: Path, deployments: str) -> None:
    """Also without a row."""
    delivery = facts(deployments=deployments, changes=CHANGES, as_of=datetime(2026, 3, 20, tzinfo=UTC))
    files.write(delivery, tmp_path / "out", Scope())
    written = {path.stem: read_columns(path) for path in (tmp_path / "out").glob("*.csv")}
    assert set(written) == {*files.TABLES, "observations", "weekly_metrics", "dictionary"}
    assert all(written.values())


def test_times_are_instants_and_periods_dates(facts: Callable[..., dora.Delivery], tmp_path: Path) -> None:
    """An instant has a Z; a week is the date of its first local day, west of UTC too."""
    settings = {"timezone": "America/New_York"}
    delivery = facts(deployments=DEPLOYMENTS, as_of=datetime(2026, 3, 20, tzinfo=UTC), settings=settings)
    files.write(delivery, tmp_path, Scope())
    written = read(tmp_path / "weekly_metrics.csv")
    assert {row["as_of"] for row in written} == {"2026-03-20T00:00:00Z"}
    assert {date.fromisoformat(row["period"]).weekday() for row in written} == {0}


def test_every_column_is_explained(delivery: dora.Delivery, tmp_path: Path) -> None:
    """The dictionary has every column of every file with its meaning."""
    files.write(delivery, tmp_path, Scope())
    dictionary = read(tmp_path / "dictionary.csv")
    assert [row for row in dictionary if not row["means"]] == []
    for path in tmp_path.glob("*.csv"):
        if path.stem != "dictionary":
            assert read_columns(path) == [row["column"] for row in dictionary if row["file"] == path.stem]


def test_a_formula_is_text(delivery: dora.Delivery, tmp_path: Path) -> None:
    """A value that a spreadsheet would run is prefixed."""
    files.write(delivery, tmp_path, Scope())
    assert "'=cmd()" in [row["triggered_by"] for row in read(tmp_path / "deployments.csv")]


def test_a_window_cuts_observations_and_not_lists(delivery: dora.Delivery, tmp_path: Path) -> None:
    """``since`` limits the observations; the list of deployments is complete."""
    row_counts = files.write(delivery, tmp_path, Scope(since="2026-03-09"))
    assert row_counts["deployments"] == 3
    assert {
        row["subject"] for row in read(tmp_path / "observations.csv") if row["metric"] == "deployment_frequency"
    } == {row["subject"] for row in delivery.observations("deployment_frequency", Scope(since="2026-03-09"))}


def test_an_unwritable_path_is_an_error(delivery: dora.Delivery, tmp_path: Path) -> None:
    """A file in place of the folder is an error, and no partial file stays."""
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(DoraError, match="cannot be written"):
        files.write(delivery, tmp_path / "taken", Scope())
    with pytest.raises(DoraError, match="cannot be written"):
        prometheus.write(delivery, tmp_path / "missing" / "dora.prom", Scope())
    assert (tmp_path / "taken").read_text() == "mine"
    assert list(tmp_path.rglob("*.part")) == []
