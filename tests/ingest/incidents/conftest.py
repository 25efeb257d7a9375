"""A data folder into which the sources of incidents read their doubles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest import configure_source
from ingest.core.pipeline import Summary, pull
from ingest.core.source import Request
from tests.conftest import fresh, landed
from tests.simulation.api_double import TOKEN, ApiDouble, serve_double
from tests.simulation.trackers import DOUBLES


class Landing:
    """A data folder, and queries of its landing."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def run(
        self, double: ApiDouble, *, request: Request | None = None, replaying: bool = False, **more: Any
    ) -> Summary:
        source = configure_source(double.source, double.settings(**more), self.data)
        return pull(source, fresh(self.data), request or Request(), replaying=replaying)

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        return landed(self.data, query)

    def ids(self, where: str = "true") -> list[str]:
        return [id_ for (id_,) in self.sql(f"SELECT id FROM incident WHERE {where} ORDER BY id")]

    def rows(self) -> list[tuple[Any, ...]]:
        """What a run landed, whichever load it was."""
        return self.sql("SELECT * EXCLUDE (load_id) FROM incident ORDER BY ALL")

    def watermarks(self) -> list[str]:
        return [value for (value,) in self.sql("SELECT value FROM watermark ORDER BY ALL")]


@pytest.fixture
def landing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Landing:
    for source in ("PAGERDUTY", "JIRA", "GITHUB", "GITLAB"):
        monkeypatch.setenv(f"DORA_{source}_TOKEN", TOKEN)
    monkeypatch.setattr("ingest.http.session.MAX_WAIT", 0.05)
    monkeypatch.setattr("ingest.http.rate_limit.MAX_WAIT", 0.05)
    return Landing(tmp_path / "data")


@pytest.fixture(params=DOUBLES)
def tracker(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each double in turn, served."""
    with serve_double(DOUBLES[request.param]()) as double:
        yield double
