"""Two builds beside each other: what moved, by how many observations, and which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

import dora
from dora.analysis import build_diff
from dora.config.settings import Config
from dora.errors import UsageError
from dora.query.value import Scope

AS_OF = datetime(2026, 3, 20, tzinfo=UTC)
HEAD = "id | application | environment | status | started_at | finished_at"
OLD = f"""{HEAD}
1 | shop | production | succeeded | 2026-03-02T09:00:00Z | 2026-03-02T10:00:00Z
2 | shop | production | succeeded | 2026-03-04T09:00:00Z | 2026-03-04T10:00:00Z
"""
NEW = f"""{OLD}3 | shop | production | failed | 2026-03-05T09:00:00Z | 2026-03-05T10:00:00Z
"""
INCIDENTS = """id | application | opened_at | resolved_at
i | shop | 2026-03-04T16:00:00Z | 2026-03-04T17:00:00Z
"""


def test_another_night_adds_what_it_saw(tmp_path: Path, built_in: Callable[..., dora.Delivery]) -> None:
    """One failed deployment more: failure rate 0 of 2 → 1 of 3, one observation added, one recovery begun."""
    paths = []
    for name, deployments in (("old", OLD), ("new", NEW)):
        (tmp_path / name).mkdir()
        built_in(tmp_path / name, deployments=deployments, as_of=AS_OF).close()
        paths.append(tmp_path / name / "dora.duckdb")
    moved = {row.metric: row for row in build_diff.compare_builds(*paths, Config(), Scope(since="2026-03-01"))}
    rate = moved["change_failure_rate"]
    assert (rate.before.evidence[:6], rate.now.evidence[:6]) == ("0 of 2", "1 of 3")
    assert (rate.observations, moved["recovery_time"].observations) == ({"added": 1}, {"added": 1})
    assert rate.examples == ["shop, shop/3@files: added, now 1 (D1, D2, D9, E4)"]
    assert moved["deployment_frequency"].observations == {}
    assert moved["deployment_frequency"].line()["observations that differ"] == "none"
    back = {row.metric: row for row in build_diff.compare_builds(*reversed(paths), Config(), Scope())}
    assert back["change_failure_rate"].observations == {"removed": 1}
    assert asdict(rate)["now"]["n"] == 3


def test_another_definition_changes_history(tmp_path: Path, built_in: Callable[..., dora.Delivery]) -> None:
    """With a window of four hours the incident, six hours after its deployment, is nobody's: 1 of 2 → 0 of 2."""
    built_in(tmp_path, deployments=OLD, incidents=INCIDENTS, as_of=AS_OF).close()
    settings = tmp_path / "strict.toml"
    settings.write_text("[definitions]\nfailure_window_hours = 4\n")
    before = (tmp_path / "dora.duckdb").read_bytes()
    moved = {
        row.metric: row
        for row in build_diff.compare_builds(tmp_path / "dora.duckdb", settings, Config(data=tmp_path), Scope())
    }
    rate = moved["change_failure_rate"]
    assert (rate.before.value, rate.now.value, rate.observations) == (0.5, 0.0, {"value changed": 1})
    assert rate.examples == ["shop, shop/2@files: value changed, 1 → 0 (failure_window_hours, E3)"]
    assert moved["time_to_restore"].observations == {"exclusion changed": 1}
    assert moved["time_to_restore"].examples == [
        "shop, i: exclusion changed, excluded (attributed to a deployment) → 1 (failure_window_hours, E3)"
    ]
    assert (tmp_path / "dora.duckdb").read_bytes() == before


def test_a_build_that_is_not_there_is_named(tmp_path: Path, built_in: Callable[..., dora.Delivery]) -> None:
    """Neither side is guessed."""
    built_in(tmp_path, deployments=OLD, as_of=AS_OF).close()
    for pair in (
        (tmp_path / "dora.duckdb", tmp_path / "no.duckdb"),
        (tmp_path / "no.duckdb", tmp_path / "dora.duckdb"),
    ):
        with pytest.raises(UsageError, match=r"no\.duckdb"):
            build_diff.compare_builds(*pair, Config(data=tmp_path), Scope())
