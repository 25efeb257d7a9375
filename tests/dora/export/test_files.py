"""Exported files: the same numbers, every column explained, formulas escaped, written atomically."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

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


@pytest.fixture
def delivery(facts: Callable[..., dora.Delivery]) -> dora.Delivery:
    return facts(deployments=DEPLOYMENTS, as_of=datetime(2026, 3, 20, tzinfo=UTC))


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def read_columns(path: Path) -> list[str]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file).fieldnames or ())


def test_observations_are_those_of_the_api(delivery: dora.Delivery, tmp_path: Path) -> None:
    """The file has every observation of every metric, excluded ones included."""
    row_counts = files.write(delivery, tmp_path / "out", "parquet", Scope())
    rows = parquet.read_table(tmp_path / "out" / "observations.parquet").to_pylist()
    assert row_counts["observations"] == len(rows) == sum(len(delivery.observations(name)) for name in dora.metrics())
    failed = [row for row in rows if row["metric"] == "change_failure_rate"]
    assert sorted(row["value"] for row in failed) == [0.0, 0.0, 1.0]


def test_series_are_those_of_the_api(delivery: dora.Delivery, tmp_path: Path) -> None:
    """Each week of each group has the value that ``dora show`` prints for it."""
    files.write(delivery, tmp_path, "parquet", Scope())
    rows = parquet.read_table(tmp_path / "series.parquet").to_pylist()
    for by in (None, "application", "team"):
        series = [(row["group"], row["period"], row["value"], row["low"], row["n"]) for row in rows
                if row["metric"] == "deployment_frequency" and row["grouped_by"] == by]  # fmt: skip
        values = delivery.metric("deployment_frequency", by=by, every="week").rows
        assert series == [(v.group, v.period and v.period.date(), v.value, v.low, v.n) for v in values]


@pytest.mark.parametrize("deployments", [DEPLOYMENTS, ""])
def test_every_column_has_a_type(facts: Callable[..., dora.Delivery], tmp_path: Path, deployments: str) -> None:
    """Also without a row, and where every value is missing; both formats have the same columns."""
    delivery = facts(deployments=deployments, changes=CHANGES, as_of=datetime(2026, 3, 20, tzinfo=UTC))
    for form in ("parquet", "csv"):
        files.write(delivery, tmp_path, form, Scope())
    for path in tmp_path.glob("*.parquet"):
        schema = parquet.read_schema(path)
        assert not [field.name for field in schema if pa.types.is_null(field.type)], path
        assert schema.names == read_columns(path.with_suffix(".csv"))
        for field in schema:
            assert pa.types.is_timestamp(field.type) == field.name.endswith(("_at", "as_of", "since", "until"))
    assert len(list(tmp_path.glob("*.parquet"))) == len(files.TABLES) + 2


def test_times_are_instants_and_periods_dates(facts: Callable[..., dora.Delivery], tmp_path: Path) -> None:
    """In Parquet with their zone, in CSV with a Z; a week is the date of its first local day, west of UTC too."""
    settings = {"timezone": "America/New_York"}
    delivery = facts(deployments=DEPLOYMENTS, as_of=datetime(2026, 3, 20, tzinfo=UTC), settings=settings)
    for form in ("parquet", "csv"):
        files.write(delivery, tmp_path, form, Scope())
    series, written = parquet.read_table(tmp_path / "series.parquet"), read(tmp_path / "series.csv")
    assert str(series.schema.field("period").type) == "date32[day]"
    assert str(series.schema.field("as_of").type) == "timestamp[us, tz=UTC]"
    assert [row["period"] for row in written] == [str(period) for period in series["period"].to_pylist()]
    assert {row["as_of"] for row in written} == {"2026-03-20T00:00:00Z"}
    assert {date.fromisoformat(row["period"]).weekday() for row in written} == {0}


def test_every_column_is_explained(delivery: dora.Delivery, tmp_path: Path) -> None:
    """The dictionary has every column of every file with its meaning."""
    files.write(delivery, tmp_path, "csv", Scope())
    dictionary = read(tmp_path / "dictionary.csv")
    assert [row for row in dictionary if not row["means"]] == []
    for path in tmp_path.glob("*.csv"):
        if path.stem != "dictionary":
            assert read_columns(path) == [row["column"] for row in dictionary if row["file"] == path.stem]


def test_a_formula_is_text(delivery: dora.Delivery, tmp_path: Path) -> None:
    """A value that a spreadsheet would run is prefixed in CSV and unchanged in Parquet."""
    files.write(delivery, tmp_path, "csv", Scope())
    files.write(delivery, tmp_path, "parquet", Scope())
    assert "'=cmd()" in [row["triggered_by"] for row in read(tmp_path / "deployments.csv")]
    assert "=cmd()" in parquet.read_table(tmp_path / "deployments.parquet")["triggered_by"].to_pylist()


def test_a_window_cuts_observations_and_not_lists(delivery: dora.Delivery, tmp_path: Path) -> None:
    """``since`` limits the observations; the list of deployments is complete."""
    row_counts = files.write(delivery, tmp_path, "csv", Scope(since="2026-03-09"))
    assert row_counts["deployments"] == 3
    assert {
        row["subject"] for row in read(tmp_path / "observations.csv") if row["metric"] == "deployment_frequency"
    } == {row["subject"] for row in delivery.observations("deployment_frequency", Scope(since="2026-03-09"))}


def test_an_unwritable_path_is_an_error(delivery: dora.Delivery, tmp_path: Path) -> None:
    """A file in place of the folder is an error, and no partial file stays."""
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(DoraError, match="cannot be written"):
        files.write(delivery, tmp_path / "taken", "csv", Scope())
    with pytest.raises(DoraError, match="cannot be written"):
        prometheus.write(delivery, tmp_path / "missing" / "dora.prom", Scope())
    assert (tmp_path / "taken").read_text() == "mine"
    assert list(tmp_path.rglob("*.part")) == []
