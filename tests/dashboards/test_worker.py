"""The tests of pages share one build, one server and one browser."""

from __future__ import annotations

import os

import pytest


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process runs all tests")
def test_one_worker_runs_all_of_them(request: pytest.FixtureRequest) -> None:
    """xdist takes the worker from the id of a test; it writes the group there, and did not with pytest 9.2."""
    assert request.node.nodeid.endswith("@dashboards")
