"""What other systems write otherwise: times without an offset, words, encodings, separators, several systems."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from dora.errors import UsageError
from ingest.core.pipeline import Summary, pull
from ingest.core.source import Request
from ingest.files import SOURCE
from ingest.files.records import STATUS_BY_WORD
from ingest.files.settings import read_settings
from tests.conftest import fresh
from tests.conftest import landed as query

HEADER = "id,application,opened_at,resolved_at"
DEPLOYMENTS = "id,application,environment,status,finished_at,kind\n"
UMLAUT = f"{HEADER},title\ni1,shop,2026-01-01T10:00:00Z,,Störung\ni2,shop,2026-01-01T11:00:00Z,,down\n"


def land_file(data: Path, name: str, content: str | bytes, **settings: object) -> Summary:
    """Land one file by the settings of the source."""
    path = fresh(data) / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return pull(SOURCE(read_settings(settings)), data, Request(paths=(path,)))


def list_starts(data: Path) -> list[datetime]:
    return [at for (at,) in query(data, "SELECT opened_at FROM incident ORDER BY id")]


# --- times without an offset ----------------------------------------------------------------------


def test_a_time_without_an_offset_is_of_the_zone_of_the_settings(tmp_path: Path) -> None:
    """In summer and in winter; a time with an offset keeps its own, and no note is needed."""
    text = f"{HEADER}\na,s,2026-01-01T10:00,\nb,s,2026-07-01 10:00:00,\nc,s,2026-07-01T10:00Z,\n"
    summary = land_file(tmp_path, "incidents.csv", text, timezone="Europe/Berlin")
    assert [at.hour for at in list_starts(tmp_path)] == [9, 8, 10]
    assert summary.notes == []
    assert summary.as_of == datetime(2026, 7, 1, 10, tzinfo=UTC)


def test_without_a_zone_it_is_utc_with_a_note(tmp_path: Path) -> None:
    """The note counts the times and names the setting."""
    summary = land_file(tmp_path, "incidents.csv", f"{HEADER}\na,s,2026-01-01T10:00,2026-01-01T11:00\n")
    assert [at.hour for at in list_starts(tmp_path)] == [10]
    (note,) = summary.notes
    assert note.startswith("2 times without an offset are read as UTC; set `timezone` in [sources.files]")


def test_hours_that_clocks_repeat_or_skip_are_counted(tmp_path: Path) -> None:
    """What such a time means is unknown: its first meaning is used, and a note says so."""
    text = f"{HEADER}\na,s,2026-10-25T02:30,\nb,s,2026-03-29T02:30,\nc,s,2026-10-25T03:30,\n"
    summary = land_file(tmp_path, "incidents.csv", text, timezone="Europe/Berlin")
    assert [(at.hour, at.minute) for at in list_starts(tmp_path)] == [(0, 30), (1, 30), (2, 30)]
    (note,) = summary.notes
    assert note.startswith("2 times in hours that Europe/Berlin repeats or skips")


def test_a_parquet_time_without_a_zone_is_local(tmp_path: Path) -> None:
    """As in text; one with a zone is an instant."""
    at = datetime(2026, 7, 1, 10)
    zoned = pa.array([at.replace(tzinfo=UTC)], pa.timestamp("us", "UTC"))
    rows = {"id": ["a"], "application": ["s"], "opened_at": pa.array([at], pa.timestamp("ns")), "resolved_at": zoned}
    parquet.write_table(pa.table(rows), fresh(tmp_path) / "incidents.parquet")
    source = SOURCE(read_settings({"timezone": "Europe/Berlin"}))
    pull(source, tmp_path, Request(paths=(tmp_path / "incidents.parquet",)))
    assert query(tmp_path, "SELECT hour(opened_at), hour(resolved_at) FROM incident") == [(8, 10)]


def test_a_corrected_zone_heals_on_replay(tmp_path: Path) -> None:
    """The archive has the times as they were written."""
    land_file(tmp_path, "incidents.csv", f"{HEADER}\na,s,2026-01-01T10:00,\n")
    pull(SOURCE(read_settings({"timezone": "Asia/Tokyo"})), tmp_path, Request(), replaying=True)
    assert [at.hour for at in list_starts(tmp_path)] == [1]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"timezone": "Berlin"}, "'Berlin' is not a time zone"),
        ({"complete_since": "soon"}, "complete_since: 'soon' is not a date"),
        ({"statuses": {"done": "fine"}}, "Invalid enum value 'fine'"),
    ],
)
def test_wrong_settings(table: dict[str, object], message: str) -> None:
    """The error has the key, and what to write."""
    with pytest.raises(UsageError, match=message) as error:
        read_settings(table)
    assert "statuses = {" in error.value.next_step


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", [*STATUS_BY_WORD, "SUCCESS", "In Progress", "inProgress", " timed-out ", "Cancelled"])
def test_statuses_of_other_tools(tmp_path: Path, word: str) -> None:
    """In any case, with blanks or hyphens."""
    land_file(tmp_path, "deployments.csv", f"{DEPLOYMENTS}1,shop,prod,{word},2026-01-01T10:00:00Z,\n")
    ((status,),) = query(tmp_path, "SELECT status FROM execution")
    assert status in ("succeeded", "failed", "canceled", "running")


def test_the_settings_say_what_other_words_mean(tmp_path: Path) -> None:
    """Theirs win over ours; a word that nobody explains is refused with the setting to write."""
    text = f"{DEPLOYMENTS}1,s,prod,DONE,2026-01-01T10:00Z,\n2,s,prod,Killed,2026-01-01T10:00Z,\n"
    text += "3,s,prod,unstable,2026-01-01T10:00Z,\n"
    land_file(tmp_path, "deployments.csv", text, statuses={"Done": "succeeded", "killed": "failed"})
    assert query(tmp_path, "SELECT status FROM execution ORDER BY id") == [("succeeded",), ("failed",)]
    ((reason,),) = query(tmp_path, "SELECT reason FROM quarantine")
    assert "'unstable' is none of" in reason
    assert "`statuses` of [sources.files]" in reason


def test_every_kind_of_a_deployment_may_be_written(tmp_path: Path) -> None:
    """In any case; none other."""
    kinds = ("release", "Hotfix", "config", "PROMOTION", "rollback", "redeploy", "big")
    lines = (f"{n},shop,prod,ok,2026-01-01T1{n}:00Z,{kind}\n" for n, kind in enumerate(kinds))
    assert land_file(tmp_path, "deployments.csv", DEPLOYMENTS + "".join(lines)).quarantined == 1
    landed = [kind for (kind,) in query(tmp_path, "SELECT kind FROM rollout ORDER BY id")]
    assert landed == [kind.lower() for kind in kinds[:-1]]


# --- encodings and separators ---------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_csv_of_spreadsheets(tmp_path: Path, encoding: str, separator: str) -> None:
    """In UTF-8 or UTF-16 with a mark, separated as the header is."""
    text = UMLAUT.replace(",", separator)
    assert land_file(tmp_path, "incidents.csv", text.encode(encoding)).quarantined == 0
    assert query(tmp_path, "SELECT title FROM incident ORDER BY id") == [("Störung",), ("down",)]


def test_latin_1_spoils_its_lines_and_says_what_to_do(tmp_path: Path) -> None:
    """Its other lines land."""
    assert land_file(tmp_path, "incidents.csv", UMLAUT.encode("latin-1")).quarantined == 1
    ((reason,),) = query(tmp_path, "SELECT reason FROM quarantine")
    assert reason.endswith("incidents.csv:2: not UTF-8, perhaps Latin-1 or Windows-1252: save the file as UTF-8")
    assert query(tmp_path, "SELECT id FROM incident") == [("i2",)]


@pytest.mark.parametrize("name", ["incidents.csv", "incidents.jsonl"])
def test_utf_16_without_a_mark_is_refused(tmp_path: Path, name: str) -> None:
    """The error says what to do."""
    with pytest.raises(UsageError, match="save it as UTF-8"):
        land_file(tmp_path, name, UMLAUT.encode("utf-16-le"))


INCIDENTS = [
    {"id": "i1", "application": "shop", "opened_at": "2026-01-01T10:00:00Z", "resolved_at": None, "title": "Störung"},
    {"id": "i2", "application": "shop", "opened_at": "2026-01-01T11:00:00Z", "resolved_at": None},
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ["incidents.json", "incidents.jsonl"])
def test_a_json_array(tmp_path: Path, encoding: str, indent: int | None, name: str) -> None:
    """Its items are lines; an item that can not be read is known by its place."""
    items: list[Any] = [*INCIDENTS, 3]
    text = json.dumps(items, indent=indent, ensure_ascii=False)
    assert land_file(tmp_path, name, text.encode(encoding)).quarantined == 1
    assert query(tmp_path, "SELECT id, title FROM incident ORDER BY id") == [("i1", "Störung"), ("i2", None)]
    assert query(tmp_path, "SELECT id FROM quarantine") == [(f"{tmp_path / name}:3",)]


def test_one_json_object_over_several_lines(tmp_path: Path) -> None:
    """It is one line."""
    land_file(tmp_path, "incidents.json", json.dumps(INCIDENTS[0], indent=2))
    assert query(tmp_path, "SELECT id FROM incident") == [("i1",)]


def test_a_json_array_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    """No item of it lands by chance."""
    with pytest.raises(UsageError, match="no complete JSON array"):
        land_file(tmp_path, "incidents.json", json.dumps(INCIDENTS)[:-5])


# --- several systems ------------------------------------------------------------------------------


def test_two_systems_number_their_incidents(tmp_path: Path) -> None:
    """Each keeps its incident 1, in one application and in two."""
    text = (
        f"{HEADER},system\n1,shop,2026-01-01T10:00Z,,eu\n1,shop,2026-01-01T10:00Z,,us\n1,cart,2026-01-01T10:00Z,,us\n"
    )
    assert land_file(tmp_path, "incidents.csv", text).quarantined == 0
    land_file(tmp_path, "incidents.csv", text)
    assert query(tmp_path, "SELECT id, external_id, system, application FROM incident ORDER BY ALL") == [
        ("1", "1", "eu", "shop"),
        ("1~us", "1", "us", "shop"),
        ("1~us~cart", "1", "us", "cart"),
    ]


def test_an_older_export_does_not_reopen_an_incident(tmp_path: Path) -> None:
    """A resolved incident stays resolved; another resolution replaces it."""
    for resolved_at in ("", "2026-01-01T11:00Z", "", "2026-01-01T12:00Z"):
        land_file(tmp_path, "incidents.csv", f"{HEADER}\n1,shop,2026-01-01T10:00Z,{resolved_at}\n")
    assert query(tmp_path, "SELECT id, hour(resolved_at) FROM incident") == [("1", 12)]


# --- which files ----------------------------------------------------------------------------------


def test_a_file_of_the_night_that_can_not_be_used_spoils_no_other(tmp_path: Path) -> None:
    """Nor does a glob that matches nothing: each is a partial failure, and the others land."""
    (fresh(tmp_path) / "incidents.csv").write_text(f"{HEADER}\n1,shop,2026-01-01T10:00Z,\n")
    (tmp_path / "deployments.csv").write_text("id,when\n1,now\n")
    globs = [str(tmp_path / "*.csv"), str(tmp_path / "*.json")]
    summary = pull(SOURCE(read_settings({"paths": globs})), tmp_path, Request())
    assert query(tmp_path, "SELECT id FROM incident") == [("1",)]
    unused, unmatched = sorted(summary.partial_failures, key=len, reverse=True)
    assert "needs the columns application, environment, status, finished_at" in unused
    assert unmatched == f"No file matches {globs[1]}: correct `paths` in [sources.files]."


def test_a_file_of_which_no_line_can_be_read_is_a_partial_failure(tmp_path: Path) -> None:
    """With the first reason; one good line is enough, and a file without lines is none."""
    bad = "1,shop,yesterday,\n2,shop,today,\n"
    (failure,) = land_file(tmp_path, "incidents.csv", f"{HEADER}\n{bad}").partial_failures
    assert failure.startswith(f"{tmp_path}/incidents.csv: of 2 inputs none could be read, the first: ")
    assert "incidents.csv:2: 'yesterday' is not a time" in failure
    good = f"{HEADER}\n{bad}3,shop,2026-01-01T10:00Z,\n"
    assert land_file(tmp_path, "incidents.csv", good).partial_failures == []
    assert land_file(tmp_path, "incidents.csv", f"{HEADER}\n").partial_failures == []
