"""The public interface: its ten names and what they return."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

import dora
from dora.errors import DoraError, UsageError

ONE = """
id | application | environment | status | started_at | finished_at | version
d1 | shop | production | succeeded | 2026-05-20T08:00 | 2026-05-20T09:00 | 1.0
"""


def test_the_public_names_are_pinned() -> None:
    """All other names may change without notice."""
    expected = ["Delivery", "DoraError", "Metric", "Move", "Page", "Result", "Scope", "Value", "metrics", "open"]
    assert sorted(dora.__all__) == expected
    assert all(getattr(dora, name).__doc__ for name in expected)


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
        "reason", "as_of", "incomplete", "days", "window_days", "observed_for_less", "scatter", "relevant_change",
        "earliest", "latest",
        "deployments", "unknown_commits", "off_trunk_commits",
        "p10", "p25", "p75", "p90", "plain_median", "mean",
    ]  # fmt: skip
    assert frame.loc[0, "application"] == "shop"
    assert frame.loc[0, "as_of"] == "2026-06-01T00:00:00Z"


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
