"""What could not be read is open until the same input is read well: then it says when, and no check counts it."""

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
from ingest import files, spinnaker
from ingest.core.pipeline import pull
from ingest.core.quarantine import OpenQuarantine
from ingest.core.rows import Quarantine
from ingest.core.source import Request
from ingest.doctor.run import run_checks
from tests.conftest import fresh, landed

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HEAD = "id,application,opened_at,resolved_at\n"
GOOD, BAD = "a,shop,2026-03-02T10:00Z,\n", "b,shop,yesterday,\n"


def pulled(data: Path, text: str | None, name: str = "incidents.csv") -> None:
    if text is not None:
        (data / name).write_text(HEAD + text)
    source = files.SOURCE.from_settings({}, data)
    pull(source, fresh(data), Request(paths=(data / name,)), replaying=text is None)


def quarantine(data: Path) -> dict[str, bool]:
    """Whether each row of quarantine is open, by the name of its input."""
    rows = landed(data, "SELECT id, resolved_at IS NULL FROM quarantine")
    return {Path(id_).name: still_open for id_, still_open in rows}


def found(data: Path) -> Any:
    build(Config(data=data))
    delivery = dora.open(data / database.PUBLISHED)
    (row,) = delivery.sql("SELECT rows AS found FROM check_results WHERE name = 'quarantined_documents'")
    delivery.close()
    return row["found"]


@pytest.mark.parametrize(
    "corrected",
    [GOOD + "b,shop,2026-03-03T10:00Z,\n", GOOD, GOOD * 2],
    ids=["the line is mended", "the line is gone", "another line stands there"],
)
def test_a_corrected_file_leaves_quarantine(tmp_path: Path, corrected: str) -> None:
    """A line that was mended or taken out is resolved by the next run, and counted no more; the record stays."""
    pulled(tmp_path, GOOD + BAD)
    assert quarantine(tmp_path) == {"incidents.csv:3": True}
    assert found(tmp_path) == 1
    pulled(tmp_path, corrected)
    assert quarantine(tmp_path) == {"incidents.csv:3": False}
    assert found(tmp_path) == 0


def test_what_breaks_again_is_open_again(tmp_path: Path) -> None:
    """The last thing that was told of an input counts; what still fails every night stays one open row."""
    for text, still_open in ((BAD, True), (BAD, True), (GOOD, False), (BAD, True)):
        pulled(tmp_path, text)
        assert quarantine(tmp_path) == {"incidents.csv:2": still_open}


def test_another_file_resolves_nothing(tmp_path: Path) -> None:
    """A name that begins alike is another file, and one that is not read to its end says nothing of its rest."""
    pulled(tmp_path, BAD)
    pulled(tmp_path, GOOD, "incidents.csv.old-incidents.csv")
    pulled(tmp_path, GOOD, "more-incidents.csv")
    assert quarantine(tmp_path) == {"incidents.csv:2": True}


def test_a_contradiction_is_open_though_both_lines_can_be_read(tmp_path: Path) -> None:
    """Two lines with one id stay told until one of them goes."""
    other = GOOD.replace("shop", "cart")
    for _ in range(2):
        pulled(tmp_path, GOOD + other)
        assert quarantine(tmp_path) == {"incidents.csv:3": True}
    pulled(tmp_path, other)
    assert quarantine(tmp_path) == {"incidents.csv:3": False}


def test_a_replay_comes_to_the_same_end(tmp_path: Path) -> None:
    """From the archive of all runs alone, what is open is what was open after the last of them."""
    for text in (GOOD + BAD, BAD + BAD, GOOD + BAD):
        pulled(tmp_path, text)
    before = quarantine(tmp_path)
    (tmp_path / database.LANDING).unlink()
    pulled(tmp_path, None)
    assert quarantine(tmp_path) == before == {"incidents.csv:2": False, "incidents.csv:3": True}


def test_an_execution_that_is_read_well_later_leaves_quarantine(tmp_path: Path) -> None:
    """A Spinnaker document is known by its kind and id, however its text changes."""
    source = spinnaker.SOURCE.from_settings({"endpoint": "http://127.0.0.1:9"}, tmp_path)
    for known, still_open in (("", True), (', "application": "shop"', False)):
        (tmp_path / "runs.json").write_text(f'{{"id": "E1", "status": "SUCCEEDED"{known}}}')
        pull(source, tmp_path, Request(load=(tmp_path / "runs.json",)))
        assert quarantine(tmp_path) == {"E1": still_open}


def test_doctor_counts_what_is_open(tmp_path: Path) -> None:
    """It warns while something is open, and no longer."""
    for text, warned in ((BAD, 1), (GOOD, 0)):
        pulled(tmp_path, text)
        told = [one for one in run_checks(tmp_path, {"files": {}}, 1e6) if "could not be read" in one.message]
        assert len(told) == warned


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
