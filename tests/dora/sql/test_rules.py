"""The list of rules names columns and reasons that exist."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from dora.build.run import build
from dora.config.settings import Config
from dora.sql import catalog
from ingest import files
from ingest.core.pipeline import pull
from ingest.core.source import Request

SQL = Path(catalog.__file__).parent
EXCLUDING = ("metrics/*", "models/lead_times", "models/recoveries", "intermediate/commit_lead_times")
INCIDENTS = "id,application,opened_at,resolved_at\n1,shop,2026-03-02T09:00Z,\n"


def test_a_fact_is_a_column_of_the_build(tmp_path: Path) -> None:
    """A rule whose column was renamed would never be named again."""
    (tmp_path / "incidents.csv").write_text(INCIDENTS)
    pull(files.SOURCE.from_settings({}, tmp_path), tmp_path, Request(paths=(tmp_path / "incidents.csv",)))
    build(Config(data=tmp_path))
    with duckdb.connect(str(tmp_path / "dora.duckdb"), read_only=True) as con:
        rows = con.execute("SELECT table_name, column_name FROM duckdb_columns()").fetchall()
    columns = {f"{table}.{column}" for table, column in rows} | {f"{table}.*" for table, _ in rows}
    assert {fact for rule in catalog.rules().values() for fact in rule.facts} <= columns


@pytest.mark.parametrize("field", ["excluded", "evidence"])
def test_a_reason_is_a_text_of_the_queries(field: str) -> None:
    """Words of exclusions and of evidence are those that the SQL writes."""
    sql = "".join(path.read_text() for path in SQL.rglob("*.sql"))
    words = {word for rule in catalog.rules().values() for word in getattr(rule, field)}
    assert [word for word in sorted(words) if f"'{word}'" not in sql] == []


def test_every_reason_of_an_exclusion_belongs_to_a_rule() -> None:
    """Of an observation that is left out for another reason than before, the rule can be named."""
    sql = "".join(path.read_text() for name in EXCLUDING for path in SQL.glob(f"{name}.sql"))
    reasons = {reason for rule in catalog.rules().values() for reason in rule.excluded}
    assert set(re.findall(r"THEN '([^']+)'", sql)) - reasons == set()
