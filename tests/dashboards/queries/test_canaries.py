"""Canaries are counted and thinned out by the build, not by the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboards.queries import canaries
from dashboards.queries.builds import Build
from dora import Scope

WINDOW = Scope("400d")


@pytest.fixture(scope="module")
def build(organisation: Path) -> Build:
    return Build(str(organisation), 0, 0)


def test_too_many_scores_keep_the_rare_outcomes(build: Build) -> None:
    """Beyond the limit only healthy ones are left out, evenly."""
    every = canaries.points(build, WINDOW, 10_000)
    rare = [row for row in every if row["outcome"] != "healthy"]
    limit = len(rare) + 20
    assert len(every) > limit
    few = canaries.points(build, WINDOW, limit)
    assert len(few) <= limit
    assert [row for row in few if row["outcome"] != "healthy"] == rare
    assert [row["happened_at"] for row in rare] == sorted((row["happened_at"] for row in rare), reverse=True)


def test_a_list_fetches_its_first_rows_alone(build: Build) -> None:
    """However many canaries a scope has, the page reads as many rows as it shows, and their number."""
    summary = canaries.summary(build, WINDOW)
    rows = canaries.list_canaries(build, WINDOW, canaries.EVERYTHING, 3)
    assert summary.rows == []
    assert len(rows) == 3
    assert rows[0]["listed"] == summary.canaries
    assert sum(canaries.count_outcomes(build, WINDOW, canaries.EVERYTHING).values()) == summary.canaries
