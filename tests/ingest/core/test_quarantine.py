"""An input in quarantine is open until it is read without an error; the check counts open inputs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dora
from dora.build.run import build
from dora.config.settings import Config
from dora.storage import database
from dora.storage.rows.bookkeeping import Quarantine
from ingest import files, spinnaker
from ingest.core.pipeline import dismiss, pull
from ingest.core.quarantine import OpenQuarantine
from ingest.core.source import Request
from ingest.doctor.run import run_checks
from tests.conftest import fresh, landed

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HEAD = "id,application,opened_at,resolved_at\n"
GOOD, BAD = "a,shop,2026-03-02T10:00Z,\n", "b,shop,yesterday,\n"


def pull_file(data: Path, text: str | None, name: str = "incidents.csv") -> None:
    if text is not None:
        (data / name).write_text(HEAD + text)
    source = files.SOURCE.from_settings({}, data)
    pull(source, fresh(data), Request(paths=(data / name,)), replaying=text is None)


def quarantine(data: Path) -> dict[str, bool]:
    """Whether each row of quarantine is open, by the name of its input."""
    rows = landed(data, "SELECT id, resolved_at IS NULL FROM quarantine")
    return {Path(id_).name: still_open for id_, still_open in rows}


def count_open(data: Path) -> Any:
    build(Config(data=data))
    delivery = dora.open(data / database.PUBLISHED)
    (row,) = delivery.sql("SELECT rows FROM check_results WHERE name = 'quarantined_documents'")
    delivery.close()
    return row["rows"]


@pytest.mark.parametrize(
    "corrected",
    [GOOD + "b,shop,2026-03-03T10:00Z,\n", GOOD, GOOD * 2],
    ids=["the line is corrected", "the line is removed", "another line is in its place"],
)
def test_a_corrected_file_leaves_quarantine(tmp_path: Path, corrected: str) -> None:
    """A line that was corrected or removed is resolved by the next run and no longer counted; its row stays."""
    pull_file(tmp_path, GOOD + BAD)
    assert quarantine(tmp_path) == {"incidents.csv:3": True}
    assert count_open(tmp_path) == 1
    pull_file(tmp_path, corrected)
    assert quarantine(tmp_path) == {"incidents.csv:3": False}
    assert count_open(tmp_path) == 0


def test_an_input_can_fail_again(tmp_path: Path) -> None:
    """The last attempt counts; an input that fails every night has one open row."""
    for text, still_open in ((BAD, True), (BAD, True), (GOOD, False), (BAD, True)):
        pull_file(tmp_path, text)
        assert quarantine(tmp_path) == {"incidents.csv:2": still_open}


def test_another_file_resolves_nothing(tmp_path: Path) -> None:
    """Files whose names only begin alike do not resolve each other's inputs."""
    pull_file(tmp_path, BAD)
    pull_file(tmp_path, GOOD, "incidents.csv.old-incidents.csv")
    pull_file(tmp_path, GOOD, "more-incidents.csv")
    assert quarantine(tmp_path) == {"incidents.csv:2": True}


def test_a_contradiction_is_open_though_both_lines_can_be_read(tmp_path: Path) -> None:
    """Two lines with one id stay in quarantine until one of them is removed."""
    other = GOOD.replace(",\n", ",2026-03-02T11:00Z\n")
    for _ in range(2):
        pull_file(tmp_path, GOOD + other)
        assert quarantine(tmp_path) == {"incidents.csv:3": True}
    pull_file(tmp_path, other)
    assert quarantine(tmp_path) == {"incidents.csv:3": False}


def test_a_dismissed_input_stays_dismissed(tmp_path: Path) -> None:
    """It is no longer counted, also if the file is read again or a replay reads it; its row stays open."""
    pull_file(tmp_path, GOOD + BAD)
    dismiss(tmp_path, "files", [f"{tmp_path}/incidents.csv:3"])
    assert count_open(tmp_path) == 0
    pull_file(tmp_path, GOOD + BAD)
    assert count_open(tmp_path) == 0
    (tmp_path / database.LANDING).unlink()
    pull_file(tmp_path, None)
    assert (quarantine(tmp_path), count_open(tmp_path)) == ({"incidents.csv:3": True}, 0)


def test_a_dismissed_input_that_changes_returns(tmp_path: Path) -> None:
    """Another line in its place is another input."""
    pull_file(tmp_path, GOOD + BAD)
    dismiss(tmp_path, "files", [f"{tmp_path}/incidents.csv:3"])
    pull_file(tmp_path, GOOD + BAD.replace("b,", "c,"))
    assert count_open(tmp_path) == 1


def test_dismissing_hides_no_failure_of_the_last_run(tmp_path: Path) -> None:
    """Doctor still names what that run missed, and the end of the data stays."""
    pull_file(tmp_path, BAD)
    dismiss(tmp_path, "files", [f"{tmp_path}/incidents.csv:2"])
    messages = [finding.message for finding in run_checks(tmp_path, {"files": {"paths": ["x"]}}, 36)]
    assert any("the last run missed 1 part" in message for message in messages)
    assert landed(tmp_path, "SELECT count(*) FROM load WHERE as_of IS NOT NULL") == [(0,)]


def test_a_replay_gives_the_same_quarantine(tmp_path: Path) -> None:
    """A replay of the archive leaves the same inputs open as the last run."""
    for text in (GOOD + BAD, BAD + BAD, GOOD + BAD):
        pull_file(tmp_path, text)
    before = quarantine(tmp_path)
    (tmp_path / database.LANDING).unlink()
    pull_file(tmp_path, None)
    assert quarantine(tmp_path) == before == {"incidents.csv:2": False, "incidents.csv:3": True}


def test_an_execution_leaves_quarantine(tmp_path: Path) -> None:
    """A Spinnaker document is identified by its kind and id, however its text changes."""
    source = spinnaker.SOURCE.from_settings({"endpoint": "http://127.0.0.1:9"}, tmp_path)
    for field, still_open in (("", True), (', "application": "shop"', False)):
        (tmp_path / "runs.json").write_text(f'{{"id": "E1", "status": "SUCCEEDED"{field}}}')
        pull(source, tmp_path, Request(load=(tmp_path / "runs.json",)))
        assert quarantine(tmp_path) == {"E1": still_open}


def test_doctor_warns_about_open_inputs(tmp_path: Path) -> None:
    """Doctor warns only while an input is open."""
    for text, warned in ((BAD, 1), (GOOD, 0)):
        pull_file(tmp_path, text)
        warnings = [
            finding for finding in run_checks(tmp_path, {"files": {}}, 1e6) if "could not be read" in finding.message
        ]
        assert len(warnings) == warned


INPUTS = st.sampled_from(["f:1", "f:2", "f#1", "f", "ff:1", "g:1"])


@given(st.lists(st.tuples(st.sampled_from(["unreadable", "read", "file f complete"]), INPUTS)))
def test_open_inputs_are_those_last_unreadable(events: list[tuple[str, str]]) -> None:
    """In any order of events: open are inputs last unreadable, except those that a later complete file lacks."""
    quarantined, expected, since_complete = OpenQuarantine([]), set(), set()
    is_open: dict[str, bool] = {}
    for event, name in events:
        if event == "unreadable":
            rows = [Quarantine(id=name, kind="line", reason="why")]
            quarantined.add(rows[0])
            expected.add(name)
            since_complete.add(name)
        elif event == "read":
            rows = quarantined.resolve(name, NOW)
            expected.discard(name)
            since_complete.discard(name)
        else:
            rows = quarantined.resolve_file("f", NOW)
            of_file = {input_ for input_ in expected if input_.split(":")[0].split("#")[0] == "f"}
            expected -= of_file - since_complete
            since_complete -= of_file
        is_open |= {row.id: row.resolved_at is None for row in rows}
    assert {name for name, still_open in is_open.items() if still_open} == expected
    assert bool(quarantined) == bool(expected)
