"""The summary at the end of an ingest, and what it counts."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from dora.cli.runs import ingest_summary
from dora.storage import database
from ingest.core.pipeline import Summary


def test_labelled_tables_come_first_and_none_is_missing() -> None:
    """Tables with a label lead in a fixed order; every other table of the load follows."""
    tables = {name: {"new": 1, "changed": 0, "unchanged": 2} for name in ("stage", "approval", "execution", "commit")}
    row_counts = {"stage": 3, "approval": 3, "execution": 3, "commit": 3, "rollbacks": 1, "deployments": 2}
    rows = ingest_summary.table_rows(tables, row_counts)
    assert [row["rows of"] for row in rows] == [*ingest_summary.LABELS.values(), "stage", "commit"]
    assert rows[1] == {"rows of": "executions", "new": 1, "changed": 0, "unchanged": 2, "in landing": 3}
    assert rows[3] == {"rows of": "rollbacks (all environments)", "in landing": 1}


def test_a_source_of_executions_lists_zeros() -> None:
    """Without any execution or canary the row says 0; a source without executions has no such row."""
    rows = ingest_summary.table_rows({"coverage": {"new": 1}}, {"coverage": 1})
    in_landing = {row["rows of"]: row["in landing"] for row in rows}
    assert in_landing == dict.fromkeys(ingest_summary.LABELS.values(), 0) | {"coverage": 1}
    rows = ingest_summary.table_rows({"commit": {"new": 1}}, {"commit": 1})
    assert [row["rows of"] for row in rows] == ["commit"]


def test_requests_are_printed_for_sources_with_a_server() -> None:
    """A source without a server has no number of requests, which is not the same as 0."""
    git = Summary(source="git", load_id="l1", documents=1234, quarantined=0)
    assert ingest_summary.title(git) == "git: 1,234 documents, 0 quarantined"
    gate = Summary(source="spinnaker", load_id="l2", documents=1, quarantined=2, requests=0)
    assert ingest_summary.title(gate) == "spinnaker: 1 document, 2 quarantined, 0 requests"


def rollout(identity: str, execution: str, action: str, status: str = "succeeded") -> dict[str, object]:
    fields = {"id": identity, "execution_id": execution, "application": "shop", "action": action, "status": status}
    return {"source": "spinnaker", "load_id": "l", "revision": 0, **fields}


def test_a_deployment_is_an_execution_that_rolled_out(tmp_path: Path) -> None:
    """Three regions of one execution are one deployment; what was planned and never reached is none."""
    rollouts = [rollout(f"r{region}", "e1", "deploy") for region in range(3)]
    rollouts += [rollout("r4", "e2", "deploy", "not_started"), rollout("r5", "e3", "rollback")]
    with database.open_load(tmp_path, "spinnaker") as load:
        load.commit({"rollout": pa.Table.from_pylist(rollouts)})
        assert database.count_rows(load.con, load.source) == {"rollout": 5, "deployments": 1, "rollbacks": 1}
    with database.open_load(tmp_path, "other") as load:
        assert database.count_rows(load.con, load.source) == {}
    with database.open_load(tmp_path, "spinnaker") as load:
        assert database.count_rows(load.con, load.source)["rollout"] == 5


def test_gaps_are_between_stretches_of_coverage(tmp_path: Path) -> None:
    """Coverage spans all applications, and each stretch beyond the first of an application is a gap."""
    days = [("a", 1, 3), ("a", 5, 9), ("b", 2, 9)]
    stretches = [
        {"source": "s", "id": f"{app}{since}", "load_id": "l", "application": app,
         "since": datetime(2026, 1, since), "until": datetime(2026, 1, until)}
        for app, since, until in days
    ]  # fmt: skip
    with database.open_load(tmp_path, "s") as load:
        assert database.read_coverage(load.con, load.source) is None
        load.commit({"coverage": pa.Table.from_pylist(stretches)})
        coverage = database.read_coverage(load.con, load.source)
    assert coverage == {"applications": 2, "since": datetime(2026, 1, 1), "until": datetime(2026, 1, 9), "gaps": 1}
    assert (
        ingest_summary.coverage_line(coverage)
        == "coverage: 2 applications, 2026-01-01 to 2026-01-09 00:00 UTC, 1 history gap"
    )


def test_the_table_is_on_stdout_and_warnings_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """People get a table, with notes, what is missing and what could not be read beside it; programs get JSON alone."""
    summary = Summary(
        source="board",
        load_id="l1",
        documents=3,
        quarantined=1,
        notes=["one column ignored"],
        partial_failures=["no answer"],
    )
    ingest_summary.print_summary(summary)
    out, err = capsys.readouterr()
    assert out.startswith("board: 3 documents, 1 quarantined\n")
    assert err.splitlines()[:2] == ["board: one column ignored", "board: missing: no answer"]
    assert "board: 1 could not be read and are in quarantine" in err
    ingest_summary.print_warnings(summary)
    assert capsys.readouterr() == ("", err)
    ingest_summary.print_summary(summary, json=True)
    out, err = capsys.readouterr()
    assert (json.loads(out)["partial_failures"], err) == (["no answer"], "")
