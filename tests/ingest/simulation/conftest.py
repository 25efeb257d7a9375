"""One small simulated organisation, made once and only read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingest.simulation.organisation import Organisation, simulate

END = datetime(2026, 6, 10, 14, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Organisation:
    return simulate(tmp_path_factory.mktemp("organisation"), end=END, scale=0.05)
