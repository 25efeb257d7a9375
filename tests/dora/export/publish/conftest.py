"""A build of a small organisation with the tables to publish of it, and a PostgreSQL server to publish them to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

import dora
from dora.export.publish import parquet, postgres, tables
from dora.export.publish.tables import Part, SourceTable
from tests.dashboards.conftest import build_organisation, free_port
from tests.dora.parts.conftest import object_store
from tests.postgres import PASSWORD, Server, run_server

__all__ = ["object_store"]
END = datetime(2026, 6, 1, tzinfo=UTC)
Sources = dict[str, SourceTable]


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> dora.Delivery:
    """Five applications of three teams over ten weeks, with canaries, failures and hostile names."""
    return dora.open(build_organisation(tmp_path_factory.mktemp("small"), end=END, days=70))


@pytest.fixture(scope="session")
def sources(small: dora.Delivery) -> Sources:
    """The tables to publish by name, each read once; more than 500 rows are many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "ROWS_BY_MONTH", 500)
        return {source.about.name: _keep(source) for source in tables.list_source_tables(small)}


def _keep(source: SourceTable) -> SourceTable:
    parts = [(part.month, list(part.batches)) for part in source.read()]
    return replace(source, read=lambda: (Part(month, iter(batches)) for month, batches in parts))


@pytest.fixture(scope="session")
def whole(sources: Sources) -> Iterator[None]:
    """Let all tables be published without reading them again."""
    with pytest.MonkeyPatch.context() as patch:
        for publisher in (parquet, postgres):
            patch.setattr(publisher, "list_source_tables", lambda _: sources.values())
        yield


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, small: dora.Delivery, sources: Sources) -> dora.Delivery:
    """The same build, of which only three tables are published."""
    some = [sources[name] for name in ("build", "deployments", "goals")]
    for publisher in (parquet, postgres):
        monkeypatch.setattr(publisher, "list_source_tables", lambda _: some)
    return small


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with run_server(free_port()) as running:
        yield running


@pytest.fixture
def password(monkeypatch: pytest.MonkeyPatch) -> str:
    """The password of all users, in the variable that dora reads."""
    monkeypatch.setenv("DORA_POSTGRES_PASSWORD", PASSWORD)
    return PASSWORD
