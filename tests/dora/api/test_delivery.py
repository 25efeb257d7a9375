"""The public interface: its ten names and what they return."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest

import dora
from dora.errors import DoraError, UsageError
from dora.export.table_dictionary import read_columns

ONE = """
id | application | environment | status | started_at | finished_at | version
d1 | shop | production | succeeded | 2026-05-20T08:00 | 2026-05-20T09:00 | 1.0
"""


def test_the_public_names_are_pinned() -> None:
    """All other names may change without notice."""
    expected = ["Delivery", "DoraError", "Metric", "Move", "Page", "Result", "Scope", "Value", "metrics", "open"]
    assert sorted(dora.__all__) == expected
    assert all(getattr(dora, name).__doc__ for name in expected)


def test_only_the_public_names_are_listed() -> None:
    """Completion of ``dora.`` offers the ten names, that of a build nothing private."""
    assert dir(dora) == sorted(dora.__all__)
    assert len(dir(dora)) == 10
    # A fresh process, since other tests have imported other modules of dora.
    code = "import dora; dora.open; print(len(dir(dora)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "10\n"


def test_names_that_stay_are_there(facts: Callable[..., dora.Delivery]) -> None:
    """Every name that docs/api.md promises exists: classes, keywords, metrics, columns of frames, tables, columns."""
    promised = tomllib.loads((Path(__file__).parent / "names.toml").read_text())
    delivery = facts(deployments=ONE)
    assert set(promised["module"]) == set(dora.__all__)
    assert set(promised["metrics"]) <= set(dora.metrics())
    frame = delivery.metric("lead_time", by="team", every="week").df()
    assert {"team" if name == "group" else name for name in promised["frame"]} <= set(frame)
    examples = {
        "Delivery": delivery, "Result": delivery.metric("lead_time"), "Results": delivery.metrics(),
        "Rows": delivery.tables(), "TableRows": delivery.table("build"), "Value": delivery.metric("lead_time").rows[0],
        "Metric": dora.metrics()["lead_time"], "Move": dora.Move("", 0, False), "Scope": dora.Scope(),
        "Page": dora.Page, "DoraError": DoraError(""),
    }  # fmt: skip
    for name, names in promised["classes"].items():
        of_class = inspect.getmembers_static(examples[name])  # properties of several values raise
        assert set(names) <= {*dict(of_class), *getattr(examples[name], "__dict__", ())}, name
    for name, keywords in promised["keywords"].items():
        assert set(keywords) <= set(inspect.signature(getattr(dora.Delivery, name)).parameters), name
    columns = read_columns(delivery.path)
    tables = {f"{schema}.{name}" if isinstance(of_schema, dict) else schema: names
              for schema, of_schema in promised["tables"].items()
              for name, names in (of_schema.items() if isinstance(of_schema, dict) else [("", of_schema)])}  # fmt: skip
    assert len(tables) > 40
    assert [name for name, names in tables.items() if not set(names) <= set(columns.get(name, ()))] == []


def test_a_deprecated_name_works_and_warns(facts: Callable[..., dora.Delivery]) -> None:
    """``table(rows)`` is ``round_rows(rows)``, for at least one minor version."""
    delivery, rows = facts(deployments=ONE), [{"share": 0.5}]
    with pytest.warns(DeprecationWarning, match="round_rows"):
        table = delivery.table(rows, {"share": "share"})
    assert repr(table) == repr(delivery.round_rows(rows, {"share": "share"}))


def test_a_build_is_closed_at_the_end_of_its_block(facts: Callable[..., dora.Delivery]) -> None:
    """After ``with`` or ``close`` every question says so; closing again does nothing."""
    path = facts(deployments=ONE).path
    with dora.open(path) as delivery:
        table = delivery.table("deployments")
        assert delivery.metric("deployment_frequency").n == 1
    for ask in (lambda: delivery.metric("lead_time"), lambda: delivery.table("deployments"), table.df, delivery.about):
        with pytest.raises(UsageError, match=r"dora.duckdb is closed. Next: open it again: dora.open"):
            ask()
    delivery.close()
    assert repr(delivery) == f"{path} (closed)"
    assert [name for name in dir(delivery) if name.startswith("_")] == []


def test_a_build_is_found_like_that_of_a_command(
    facts: Callable[..., dora.Delivery], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the settings, else in data; what lies nearby is suggested, and a folder, a number and landing are refused."""
    path = facts(deployments=ONE).path
    (tmp_path / "dora.toml").write_text('data = "."')
    monkeypatch.setenv("DORA_CONFIG", str(tmp_path / "dora.toml"))
    with dora.open() as delivery:
        assert delivery.path.resolve() == path.resolve()
    monkeypatch.delenv("DORA_CONFIG")
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    with pytest.raises(
        UsageError, match=r"There is no data/dora.duckdb. Next: did you mean dora.open\('../dora.duckdb'"
    ):
        dora.open()
    with pytest.raises(UsageError, match=r"is a folder. Next: did you mean dora.open\('.*/dora.duckdb'"):
        dora.open(tmp_path)
    with pytest.raises(UsageError, match="5 is not a path"):
        dora.open(5)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"landing.duckdb is not a build"):
        dora.open(tmp_path / "landing.duckdb")


def test_rows_are_lists_that_can_be_stored(facts: Callable[..., dora.Delivery]) -> None:
    """Pages keep rows in a cache: they are equal to lists and survive pickling with their types."""
    rows = facts(deployments=ONE).sql("SELECT application, started_at FROM deployments WHERE false")
    assert rows == []
    assert pickle.loads(pickle.dumps(rows)).types == {"application": "VARCHAR", "started_at": "TIMESTAMP"}


def test_every_metric_describes_itself() -> None:
    """A header has what cards, tables and help need."""
    for name, metric in dora.metrics().items():
        assert metric.name == name
        assert metric.question.endswith("?")
        assert metric.statistic in ("count", "days", "median", "plain_median", "share")
        assert metric.better in ("higher", "lower")


def test_five_lines_reach_a_frame(facts: Callable[..., dora.Delivery]) -> None:
    """open → metric → df, with the columns that `dora show --json` prints."""
    frame = facts(deployments=ONE).metric("change_failure_rate", by="application").df()
    assert list(frame.columns) == [
        "metric", "application", "value", "unit", "statistic", "n", "low", "high", "open", "excluded", "partial",
        "reason", "as_of", "incomplete", "total", "days", "window_days", "observed_for_less", "scatter",
        "relevant_change", "earliest", "latest",
        "deployments", "unknown_commits", "off_trunk_commits",
        "p10", "p25", "p75", "p90", "plain_median", "mean",
    ]  # fmt: skip
    assert frame.loc[0, "application"] == "shop"
    assert frame.loc[0, "as_of"] == pd.Timestamp("2026-06-01")


def test_values_format_themselves(facts: Callable[..., dora.Delivery]) -> None:
    """A value has a text and evidence, an empty one a reason."""
    delivery = facts(deployments=ONE)
    (rate,) = delivery.metric("change_failure_rate")
    assert (rate.text, rate.evidence) == ("0 %", "0 of 1 · 95 % CI 0–79.3 % · commit unknown in 1 of 1 deployments")
    (nothing,) = delivery.metric("lead_time")
    assert (nothing.text, nothing.evidence) == ("–", "no changes to count in all of history")


@pytest.mark.parametrize(
    "text",
    [
        "DROP TABLE deployments",
        "INSERT INTO deployments SELECT * FROM deployments",
        "SELECT * FROM read_text('/etc/hostname')",
        "COPY deployments TO '/tmp/stolen.csv'",
        "ATTACH '/tmp/other.duckdb'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
    ],
)
def test_sql_reads_the_build_and_nothing_else(facts: Callable[..., dora.Delivery], text: str) -> None:
    """SQL of users can change nothing, and read no file and no network."""
    delivery = facts(deployments=ONE)
    with pytest.raises((duckdb.Error, DoraError)):
        delivery.sql(text)
    assert delivery.sql("SELECT count(*) AS n FROM deployments") == [{"n": 1}]


def test_a_missing_build_says_what_to_run(tmp_path: Path) -> None:
    """A file that does not exist is an error with the next command."""
    with pytest.raises(UsageError, match="dora build"):
        dora.open(tmp_path / "dora.duckdb")


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    """A file that is not a database is an error, not a crash."""
    (tmp_path / "dora.duckdb").write_bytes(b"hello" * 4000)
    with pytest.raises(DoraError, match="dora build"):
        dora.open(tmp_path / "dora.duckdb")


def test_a_script_prints_nothing_of_its_own(facts: Callable[..., dora.Delivery]) -> None:
    """A script that reads a build with medians, which need NumPy, ends without a word on standard error."""
    delivery = facts(deployments=ONE)
    code = f"import dora; build = dora.open({str(delivery.path)!r}); print(len(build.metric('lead_time').rows))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("1\n", "")
