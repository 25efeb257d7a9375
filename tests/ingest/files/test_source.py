"""Files of other systems: the rows of each column, the files and lines that are refused, and the others."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from dora.errors import UsageError
from dora.storage import database
from dora.storage.rows.base import CONTENT_BITS, Row
from dora.storage.rows.changes import Change, Commit
from dora.storage.rows.executions import Execution, Rollout
from dora.storage.rows.incidents import Incident
from ingest.core.pipeline import Summary, pull
from ingest.core.source import AsOf, Item, Note, PartialFailure, Request, SourceState, Unreadable
from ingest.files import SOURCE
from ingest.files.settings import Settings, read_settings
from ingest.files.timestamps import Timestamp
from ingest.payloads.archive import Document
from ingest.rebuild import rebuild_landing
from tests.conftest import fresh
from tests.conftest import landed as query

START, END = "2026-01-01T10:00:00Z", "2026-01-01T10:07:00Z"
START_US, END_US = 1_767_261_600_000_000, 1_767_262_020_000_000
DEPLOYMENT = {
    "id": "d1",
    "application": "shop",
    "environment": "prod",
    "status": "succeeded",
    "started_at": START,
    "finished_at": END,
}
CHANGE = {"repository": "acme/shop", "sha": "a" * 40, "parents": "", "authored_at": START, "committed_at": END}
INCIDENT = {"id": "i1", "application": "shop", "opened_at": START, "resolved_at": END}
Cells = dict[str, Any]


def write_csv(path: Path, lines: Sequence[Cells]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    return path


def write_json(path: Path, lines: Sequence[Cells]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def write_parquet(path: Path, lines: Sequence[Cells]) -> Path:
    parquet.write_table(pa.Table.from_pylist(list(lines)), path)
    return path


FORMATS = {"csv": write_csv, "jsonl": write_json, "ndjson": write_json, "json": write_json, "parquet": write_parquet}


def fetch(*paths: Path, kind: str | None = None) -> list[Item]:
    return list(SOURCE(Settings()).fetch(Request(paths=paths, kind=kind), SourceState()))


def items_of(items: Sequence[Item], cls: type) -> list[Any]:
    return [item for item in items if isinstance(item, cls)]


def rows(*paths: Path) -> list[Row]:
    """The rows of every readable line."""
    parsed: list[Row] = []
    for document in items_of(fetch(*paths), Document):
        parsed += SOURCE(Settings()).parse(document)
    return parsed


def rows_of_line(folder: Path, kind: str, line: Cells) -> dict[type, Any]:
    """The rows of one line, by class."""
    return {type(row): row for row in rows(write_csv(folder / f"{kind}.csv", [line]))}


def read_refusal(folder: Path, kind: str, line: Cells) -> str:
    """The reason why a line can not be read."""
    (document,) = items_of(fetch(write_csv(folder / f"{kind}.csv", [line])), Document)
    with pytest.raises(ValueError, match=":2: ") as error:
        SOURCE(Settings()).parse(document)
    return str(error.value)


def land_files(data: Path, *paths: Path) -> Summary:
    return pull(SOURCE(Settings()), fresh(data), Request(paths=paths))


# --- deployments ----------------------------------------------------------------------------------


def test_a_deployment_is_an_execution_and_a_rollout(tmp_path: Path) -> None:
    """A line of deployments becomes one execution and its one rollout, value for value."""
    more = {
        "repository": "acme/shop",
        "commit": "abc1234",
        "version": "1.4",
        "url": "https://ci/1",
        "triggered_by": "ann",
    }
    execution, rollout = rows(write_csv(tmp_path / "deployments.csv", [DEPLOYMENT | more]))
    assert execution == Execution(
        id="d1",
        revision=1 << CONTENT_BITS,
        external_id="d1",
        application="shop",
        root_id="d1",
        status="succeeded",
        started_at=START_US,
        finished_at=END_US,
        triggered_by="ann",
        repository="acme/shop",
        commit="abc1234",
        commit_origin="file",
        url="https://ci/1",
    )
    assert rollout == Rollout(
        id="d1",
        revision=1 << CONTENT_BITS,
        execution_id="d1",
        application="shop",
        action="deploy",
        environment="prod",
        status="succeeded",
        started_at=START_US,
        accepted_at=END_US,
        earliest_traffic_at=START_US,
        first_traffic_at=END_US,
        full_traffic_at=END_US,
        finished_at=END_US,
        version="1.4",
    )


F, T = "first_traffic_at", "full_traffic_at"
MID = "2026-01-01T10:03:00Z"
MID_US = START_US + 180_000_000


@pytest.mark.parametrize(
    ("status", "traffic", "expected"),
    [
        ("succeeded", {}, (END_US, END_US)),
        ("succeeded", {F: MID}, (MID_US, END_US)),
        ("succeeded", {T: MID}, (MID_US, MID_US)),
        ("succeeded", {F: "", T: ""}, (END_US, END_US)),
        ("failed", {}, (END_US, None)),
        ("failed", {F: ""}, (None, None)),
        ("failed", {F: MID}, (MID_US, None)),
        ("failed", {T: ""}, (None, None)),
        ("failed", {T: MID}, (MID_US, MID_US)),
        ("failed", {F: "", T: ""}, (None, None)),
        ("canceled", {}, (None, None)),
        ("canceled", {F: ""}, (None, None)),
        ("canceled", {F: MID}, (MID_US, None)),
        ("canceled", {T: MID}, (MID_US, MID_US)),
        ("in_progress", {}, (None, None)),
        ("in_progress", {F: MID}, (MID_US, None)),
    ],
)
def test_when_a_deployment_took_traffic(
    tmp_path: Path, status: str, traffic: Cells, expected: tuple[int | None, int | None]
) -> None:
    """A success takes traffic at its end by default; a failure only if the file says so or has no such column.

    What took traffic was accepted by then.
    """
    rollout = rows_of_line(tmp_path, "deployments", DEPLOYMENT | {"status": status} | traffic)[Rollout]
    assert (rollout.first_traffic_at, rollout.full_traffic_at) == expected
    assert rollout.accepted_at == rollout.first_traffic_at


def test_a_target_is_a_part_of_an_environment(tmp_path: Path) -> None:
    """The column is landed as it is; without it there is none."""
    assert rows_of_line(tmp_path, "deployments", DEPLOYMENT | {"target": "cell-3"})[Rollout].target == "cell-3"
    assert rows_of_line(tmp_path, "deployments", DEPLOYMENT)[Rollout].target is None


def test_in_progress_is_running(tmp_path: Path) -> None:
    """A deployment in progress has no end and is running."""
    parsed = rows_of_line(tmp_path, "deployments", DEPLOYMENT | {"status": "in_progress", "finished_at": ""})
    assert (parsed[Execution].status, parsed[Rollout].status) == ("running", "running")
    assert parsed[Rollout].finished_at is None


@pytest.mark.parametrize(
    ("kind", "action"), [("release", "deploy"), ("hotfix", "deploy"), ("rollback", "rollback"), ("", "deploy")]
)
def test_kind_of_a_deployment(tmp_path: Path, kind: str, action: str) -> None:
    """The kind of the file is kept, and the action of a rollback is rollback."""
    rollout = rows_of_line(tmp_path, "deployments", DEPLOYMENT | {"kind": kind})[Rollout]
    assert (rollout.kind, rollout.action) == (kind or None, action)


def test_a_group_joins_lines(tmp_path: Path) -> None:
    """Three regions with one group are three executions with one root."""
    lines = [DEPLOYMENT | {"id": f"d{n}", "group": "release-7"} for n in range(3)]
    parsed = [row for row in rows(write_csv(tmp_path / "deployments.csv", lines)) if isinstance(row, Execution)]
    assert [(row.id, row.root_id) for row in parsed] == [(f"d{n}", "release-7") for n in range(3)]


def test_the_start_is_optional(tmp_path: Path) -> None:
    """Without its column it is null."""
    line = {name: value for name, value in DEPLOYMENT.items() if name != "started_at"}
    assert rows_of_line(tmp_path, "deployments", line)[Execution].started_at is None


# --- changes --------------------------------------------------------------------------------------


def test_a_change_is_a_commit_and_a_change_on_trunk(tmp_path: Path) -> None:
    """Without a column of merge times every line is merged at its committer time."""
    more = {"parents": "p1 p2", "author": "ann", "subject": "Fix, again", "change_request": "17", "applications": "a b"}
    parsed = rows_of_line(tmp_path, "changes", CHANGE | more)
    name, sha = "acme/shop@" + "a" * 40, "a" * 40
    assert parsed[Commit] == Commit(
        id=name,
        repository="acme/shop",
        sha=sha,
        parents=["p1", "p2"],
        authored_at=START_US,
        committed_at=END_US,
        author="ann",
        subject="Fix, again",
    )
    assert parsed[Change] == Change(
        id=name,
        repository="acme/shop",
        sha=sha,
        merged_at=END_US,
        change_request="17",
        applications=["a", "b"],
    )


def test_only_merged_commits_are_changes_if_there_is_a_column(tmp_path: Path) -> None:
    """A line without a merge time is a commit of a branch, not a change."""
    lines = [CHANGE | {"merged_at": MID}, CHANGE | {"sha": "b" * 40, "merged_at": ""}]
    parsed = rows(write_csv(tmp_path / "changes.csv", lines))
    assert [(type(row), row.id[-1]) for row in parsed] == [(Commit, "a"), (Change, "a"), (Commit, "b")]
    assert [row.merged_at for row in parsed if isinstance(row, Change)] == [MID_US]


def test_json_may_leave_out_nulls(tmp_path: Path) -> None:
    """A key of any line is a column of the file: no line is on trunk because its null is left out."""
    lines = [CHANGE, CHANGE | {"sha": "b" * 40, "merged_at": MID}]
    parsed = rows(write_json(tmp_path / "changes.jsonl", lines))
    assert [(type(row), row.id[-1]) for row in parsed] == [(Commit, "a"), (Commit, "b"), (Change, "b")]


# --- incidents ------------------------------------------------------------------------------------


def test_an_incident(tmp_path: Path) -> None:
    """A line of incidents is an incident, value for value."""
    more = {"deployment": "d1", "commit": "abc", "severity": "high", "title": "Down", "url": "https://pager/1"}
    more |= {"environment": "prod", "system": "pager"}
    parsed = rows_of_line(tmp_path, "incidents", INCIDENT | more)[Incident]
    assert parsed == Incident(
        id="i1",
        external_id="i1",
        revision=1 << CONTENT_BITS,
        application="shop",
        opened_at=START_US,
        resolved_at=END_US,
        **more,
    )


def test_an_open_incident(tmp_path: Path) -> None:
    """An incident with an empty end is open."""
    assert rows_of_line(tmp_path, "incidents", INCIDENT | {"resolved_at": ""})[Incident].resolved_at is None


# --- formats --------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(
    ("kind", "line"),
    [("deployments", DEPLOYMENT), ("changes", CHANGE), ("incidents", INCIDENT | {"title": 'a "b", c'})],
)
def test_every_format_has_the_same_rows(tmp_path: Path, suffix: str, kind: str, line: Cells) -> None:
    """CSV, JSON Lines and Parquet."""
    lines = [line | {"id": f"x{n}", "sha": f"{n:040x}"} for n in range(3)]
    expected = rows(write_csv(tmp_path / f"{kind}-expected.csv", lines))
    assert rows(FORMATS[suffix](tmp_path / f"my-{kind}.{suffix}", lines)) == expected
    assert expected


def test_parquet_types(tmp_path: Path) -> None:
    """Timestamps of any unit and zone, integers, lists and nulls mean the same as in text."""
    at = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    table = pa.table(
        {
            "repository": ["r", "r"],
            "sha": pa.array([1, 2], pa.int64()),
            "parents": pa.array([["7", "8"], None], pa.list_(pa.string())),
            "authored_at": pa.array([at, at], pa.timestamp("ns", "Europe/Berlin")),
            "committed_at": pa.array([at.astimezone(UTC).replace(tzinfo=None)] * 2, pa.timestamp("us")),
            "merged_at": pa.array([int(at.timestamp() * 1000), None], pa.int64()),
            "change_request": pa.array([12.0, None], pa.float64()),
        }
    )
    parquet.write_table(table, tmp_path / "changes.parquet")
    parsed = rows(tmp_path / "changes.parquet")
    micros = START_US + 123_456
    assert [row.id for row in parsed] == ["r@1", "r@1", "r@2"]
    assert [(c.parents, c.authored_at, c.committed_at) for c in parsed if isinstance(c, Commit)] == [
        (["7", "8"], micros, micros),
        ([], micros, micros),
    ]
    assert [(c.merged_at, c.change_request) for c in parsed if isinstance(c, Change)] == [(micros // 1000 * 1000, "12")]


def test_a_date_without_a_time_of_day_is_refused(tmp_path: Path) -> None:
    """A Parquet date would mean midnight: it is refused like one in text."""
    line = INCIDENT | {"opened_at": datetime(2026, 1, 1).date()}
    (document,) = items_of(fetch(write_parquet(tmp_path / "incidents.parquet", [line])), Document)
    with pytest.raises(ValueError, match="time of day"):
        SOURCE(Settings()).parse(document)


def test_a_parquet_time_beyond_python_spoils_one_line(tmp_path: Path) -> None:
    """The year 30,000 in one line does not change the others."""
    table = pa.table(
        {
            "id": ["a", "b"],
            "application": ["s", "s"],
            "opened_at": pa.array([884_541_340_800_000, 1_767_261_600_000], pa.timestamp("ms")),
            "resolved_at": pa.array([None, None], pa.timestamp("ms")),
        }
    )
    parquet.write_table(table, tmp_path / "incidents.parquet")
    summary = land_files(tmp_path / "data", tmp_path / "incidents.parquet")
    assert (summary.documents, summary.quarantined) == (2, 1)
    assert query(tmp_path / "data", "SELECT id, epoch_us(opened_at) FROM incident") == [("b", START_US)]


def test_csv_as_spreadsheets_write_it(tmp_path: Path) -> None:
    """A byte-order mark, Windows line ends, blanks in the header, empty lines and quoted line breaks are read."""
    text = '\ufeffid, application ,opened_at,resolved_at,title\r\n\r\ni1,shop,2026-01-01 10:00,,"two\r\nlines"\r\n\r\n'
    path = tmp_path / "incidents.csv"
    path.write_bytes(text.encode())
    incident = Incident(id="i1", external_id="i1", application="shop", opened_at=START_US, title="two\r\nlines")
    assert rows(path) == [incident]


# --- times ----------------------------------------------------------------------------------------


@given(st.datetimes(datetime(1990, 1, 2), datetime(2099, 12, 30)), st.integers(-14 * 60, 14 * 60))
@example(datetime(2026, 3, 29, 1, 30), 60)
def test_iso_times_keep_every_microsecond(at: datetime, offset: int) -> None:
    """ISO 8601 with any offset, ``Z`` or none (UTC) is exact."""
    exact = (at - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    zoned = at.replace(tzinfo=timezone(timedelta(minutes=offset)))
    assert Timestamp(zoned.isoformat()) == exact - offset * 60_000_000
    assert Timestamp(at.isoformat() + "Z") == exact
    assert Timestamp(at.isoformat(" ")) == exact


@given(st.integers(631_152_000_000, 4_102_444_799_999))
def test_epoch_milliseconds(millis: int) -> None:
    """Integers are epoch milliseconds; a fraction keeps its microseconds."""
    assert Timestamp(str(millis)) == millis * 1000
    assert Timestamp(f"{millis}.125") == millis * 1000 + 125


@given(st.text(max_size=40))
@example("1767261600")
@example("20260101")
@example("2026-01-01")
@example("2026-W01-1")
@example("01/02/2026 10:00")
@example("1989-12-31T23:59:59Z")
@example("2100-01-01T00:00:00Z")
@example("2026-02-30T00:00:00Z")
@example("2026-01-01T23:59:60Z")
@example("9" * 5000)
@example("-0")
@example("nan")
@example("١٢٣٤٥٦٧٨٩٠١٢٣")
def test_any_text_is_a_plausible_time_or_an_error(text: str) -> None:
    """Any text is a time between 1990 and 2100 or a ``ValueError``."""
    try:
        micros = Timestamp(text)
    except ValueError:
        return
    assert datetime(1990, 1, 1).timestamp() - 86_400 <= micros / 1e6 <= datetime(2100, 1, 1).timestamp() + 86_400


def test_a_time_without_an_offset_is_utc_on_any_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time zone of the machine does not matter."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    assert Timestamp("2026-01-01T10:00:00") == START_US
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("text", ["1767261600", "20260101", "2026-01-01", "01/02/2026 10:00", "2026-02-30T00:00Z", "0"])
def test_what_is_not_a_time(text: str) -> None:
    """Epoch seconds, dates without time and days that do not exist are refused."""
    with pytest.raises(ValueError, match=r"time|1990|day|ISO|isoformat"):
        Timestamp(text)


# --- files that are refused --------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", FORMATS)
def test_missing_columns_are_reported(tmp_path: Path, suffix: str) -> None:
    """The error has the names of the missing columns and the line of the header."""
    path = FORMATS[suffix](tmp_path / f"deployments.{suffix}", [{"id": "1", "application": "a", "when": "x"}])
    with pytest.raises(UsageError, match=rf"deployments.{suffix}:1: .* environment, status, finished_at; it has id"):
        fetch(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("deployments.xlsx", b"PK", "not a file of type .csv"),
        ("deployments.csv", b"", "it has none"),
        ("deployments.parquet", b"PAR1", "can not be read"),
        ("deployments.csv", b'"id', "can not be read: not CSV"),
        ("deployments.csv", b"id,\xff\n", "its header is not UTF-8, perhaps Latin-1"),
        ("deployments.csv", b"id,id\n", "duplicate columns: id"),
        ("deployments.json", b"[]\n", "it has none"),
        ("alerts.csv", b"id\n", "does not name one of"),
        ("change-incidents.csv", b"id\n", "does not name one of"),
    ],
)
def test_unsupported_files(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    """Another kind, format or encoding is refused with the reason and the next step."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=message) as error:
        fetch(tmp_path / name)
    assert "nothing was landed" in error.value.happened.lower()
    assert error.value.next_step


@pytest.mark.parametrize("path", ["missing.csv", "."])
def test_a_missing_file(tmp_path: Path, path: str) -> None:
    """A missing file or a folder is a usage error."""
    with pytest.raises(UsageError, match="There is no file"):
        fetch(tmp_path / path)


def test_no_file_lands_if_one_is_refused(tmp_path: Path) -> None:
    """All files are checked before the first line lands."""
    good = write_csv(tmp_path / "incidents.csv", [INCIDENT])
    with pytest.raises(UsageError):
        land_files(tmp_path / "data", good, tmp_path / "missing.csv")
    assert query(tmp_path / "data", "SELECT count(*) FROM incident") == [(0,)]


@pytest.mark.parametrize("kind", ["incidents", "incident"])
def test_the_kind_may_be_an_option(tmp_path: Path, kind: str) -> None:
    """The option wins over the name of the file."""
    path = write_csv(tmp_path / "deployments-that-hurt.csv", [INCIDENT])
    assert [document.kind for document in items_of(fetch(path, kind=kind), Document)] == ["incidents"]


@pytest.mark.parametrize("kind", ["outages", "dep", "s"])
def test_an_unknown_kind(tmp_path: Path, kind: str) -> None:
    """It is refused."""
    with pytest.raises(UsageError, match="--kind"):
        fetch(write_csv(tmp_path / "incidents.csv", [INCIDENT]), kind=kind)


# --- settings -------------------------------------------------------------------------------------


def configured(tmp_path: Path, **settings: object) -> list[Item]:
    return list(SOURCE.from_settings(settings, tmp_path).fetch(Request(), SourceState()))


def test_paths_of_the_settings_are_globs(tmp_path: Path) -> None:
    """Without paths on the command line the configured globs are read, each file once."""
    for name in ("b", "a"):
        write_csv(tmp_path / f"incidents-{name}.csv", [INCIDENT | {"id": name}])
    (tmp_path / "deep").mkdir()
    write_csv(tmp_path / "deep" / "incidents-c.csv", [INCIDENT | {"id": "c"}])
    items = configured(tmp_path, paths=[str(tmp_path / "**" / "*.csv"), str(tmp_path / "incidents-a.csv")])
    parsed = [row.id for document in items_of(items, Document) for row in SOURCE(Settings()).parse(document)]
    assert sorted(parsed) == ["a", "b", "c"]


def test_relative_globs_are_relative_to_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for every command."""
    write_csv(tmp_path / "incidents.csv", [INCIDENT])
    monkeypatch.chdir(tmp_path)
    assert len(items_of(configured(tmp_path, paths=["*.csv"]), Document)) == 1


@pytest.mark.parametrize(
    ("source_settings", "message"),
    [
        ({}, "No file is configured"),
        ({"paths": "x"}, "Expected `array`"),
    ],
)
def test_no_file_to_read_is_an_error(tmp_path: Path, source_settings: dict[str, object], message: str) -> None:
    """A run without files is a usage error, not a success."""
    with pytest.raises(UsageError, match=message):
        configured(tmp_path, **source_settings)


def test_an_unknown_setting_is_refused(tmp_path: Path) -> None:
    """It is not ignored."""
    with pytest.raises(UsageError, match="path"):
        SOURCE.from_settings({"path": ["x"]}, tmp_path)


# --- lines that can not be read -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "line", "reason"),
    [
        ("deployments", DEPLOYMENT | {"id": ""}, "id must not be empty"),
        ("deployments", DEPLOYMENT | {"application": " ", "environment": ""}, "application, environment must not"),
        ("deployments", DEPLOYMENT | {"status": "unstable"}, "'unstable' is none of succeeded, failed"),
        ("deployments", DEPLOYMENT | {"kind": "big"}, "`$.kind`"),
        ("deployments", DEPLOYMENT | {"finished_at": ""}, "finished_at must not be empty"),
        ("deployments", DEPLOYMENT | {"finished_at": "soon"}, "'soon' is not a time"),
        ("deployments", DEPLOYMENT | {"finished_at": "2026-03-02T8:00:00Z"}, "'2026-03-02T8:00:00Z' is not a time"),
        ("deployments", DEPLOYMENT | {"started_at": "12"}, "not between 1990 and 2100"),
        ("changes", CHANGE | {"sha": ""}, "sha must not be empty"),
        ("changes", CHANGE | {"committed_at": ""}, "committed_at must not be empty"),
        ("changes", CHANGE | {"merged_at": "x"}, "`$.merged_at`"),
        ("incidents", INCIDENT | {"opened_at": ""}, "opened_at must not be empty"),
        ("incidents", INCIDENT | {"resolved_at": "later"}, "'later' is not a time"),
    ],
)
def test_the_reason_of_an_unreadable_line(tmp_path: Path, kind: str, line: Cells, reason: str) -> None:
    """It has file, line, column and what is wrong."""
    message = read_refusal(tmp_path, kind, line)
    assert message.startswith(f"{tmp_path / kind}.csv:2: ")
    assert reason in message


BAD_CSV = b"""id,application,opened_at,resolved_at
a,shop,2026-01-01T10:00:00Z,
b,shop,2026-01-01T10:00:00Z
c,shop,2026-01-01T10:00:00Z,,extra
d,sh\xffop,2026-01-01T10:00:00Z,
e,"sh"op,2026-01-01T10:00:00Z,
f,shop,tomorrow,
g,shop,2026-01-01T10:00:00Z,
h,"shop,2026-01-01T10:00:00Z,
"""


def test_bad_lines_are_quarantined_and_the_others_land(tmp_path: Path) -> None:
    """Too few or too many cells, wrong encoding, wrong quotes, invalid values: each is counted."""
    path = tmp_path / "incidents.csv"
    path.write_bytes(BAD_CSV)
    summary = land_files(tmp_path / "data", path)
    assert query(tmp_path / "data", "SELECT id FROM incident ORDER BY id") == [("a",), ("g",)]
    assert (summary.documents, summary.quarantined, summary.partial_failures) == (3, 6, [])
    reasons = [
        reason.removeprefix(str(path)) for (reason,) in query(tmp_path / "data", "SELECT reason FROM quarantine")
    ]
    assert sorted(reason[:3] for reason in reasons) == [":3:", ":4:", ":5:", ":6:", ":7:", ":9:"]


BAD_JSON = b"""\xef\xbb\xbf{"id": "a", "application": "s", "opened_at": 1767261600000, "resolved_at": null}
{"id": "b", "application": "s", "opened_at": 1767261600000

[1, 2]
"text"
{"id": "c\\ud800", "application": "s", "opened_at": 1767261600000}
{"id": 4, "application": "s", "opened_at": 1767261600000.5}
"""


def test_bad_lines_of_json(tmp_path: Path) -> None:
    """A line that is not a JSON object is counted by its number; optional values may be left out."""
    path = tmp_path / "incidents.jsonl"
    path.write_bytes(BAD_JSON + b"[" * 200_000 + b"\n")
    summary = land_files(tmp_path / "data", path)
    parsed = query(tmp_path / "data", "SELECT id, epoch_us(opened_at) FROM incident ORDER BY id")
    assert parsed == [("4", START_US + 500), ("a", START_US)]
    assert sorted(id for (id,) in query(tmp_path / "data", "SELECT id FROM quarantine")) == [
        f"{path}:{n}" for n in (2, 4, 5, 6, 8)
    ]
    assert summary.quarantined == 5


@pytest.mark.parametrize(
    ("kind", "line", "message"),
    [
        ("deployments", DEPLOYMENT | {"id": ["d1"]}, "id must be text or a number, not list"),
        ("deployments", DEPLOYMENT | {"version": {"tag": "1.0"}}, "version must be text or a number, not dict"),
        ("deployments", DEPLOYMENT | {"commit": ["a" * 40]}, "commit must be text or a number, not list"),
        ("deployments", DEPLOYMENT | {"started_at": True}, "started_at must be text or a number, not bool"),
        ("changes", CHANGE | {"parents": [{"sha": "b"}]}, "an item of parents must be text or a number, not dict"),
        ("incidents", INCIDENT | {"title": {"en": "x"}}, "title must be text or a number, not dict"),
    ],
)
def test_a_value_of_the_wrong_type_spoils_its_line(tmp_path: Path, kind: str, line: Cells, message: str) -> None:
    """The line is quarantined with the column and lands nothing; its neighbours land."""
    good = line | {name: value for name, value in (DEPLOYMENT | CHANGE | INCIDENT).items() if name in line}
    good = {name: value for name, value in good.items() if isinstance(value, str)} | {"id": "g", "sha": "c" * 40}
    path = write_json(tmp_path / f"{kind}.jsonl", [good, line, good | {"id": "h", "sha": "d" * 40}])
    summary = land_files(tmp_path / "data", path)
    ((reason,),) = query(tmp_path / "data", "SELECT reason FROM quarantine")
    assert reason == f"{path}:2: {message}"
    table = {"deployments": "execution", "changes": "change", "incidents": "incident"}[kind]
    assert summary.tables[table] == {"new": 2, "changed": 0, "unchanged": 0}


def test_a_wrong_type_in_an_ignored_column_is_ignored(tmp_path: Path) -> None:
    """What is not read can not be wrong."""
    path = write_json(tmp_path / "deployments.jsonl", [DEPLOYMENT | {"steps": [{"name": "build"}]}])
    assert land_files(tmp_path / "data", path).quarantined == 0


def test_a_duplicate_id_with_other_content(tmp_path: Path) -> None:
    """Of two lines with one id the last one is used, and the other is quarantined unless both are equal."""
    lines = [INCIDENT | {"title": title} for title in ("first", "last", "last")]
    summary = land_files(tmp_path / "data", write_csv(tmp_path / "incidents.csv", lines))
    assert query(tmp_path / "data", "SELECT title FROM incident") == [("last",)]
    assert (summary.documents, summary.quarantined) == (3, 1)
    ((id, reason),) = query(tmp_path / "data", "SELECT id, reason FROM quarantine")
    assert id.endswith("incidents.csv:3")
    assert reason.endswith("incidents.csv:3: i1 has other content on line 2; line 3 is used")


def test_a_change_is_identified_by_repository_and_sha(tmp_path: Path) -> None:
    """The same sha in two repositories is two changes."""
    lines = [CHANGE | {"repository": name} for name in ("acme/a", "acme/b")]
    assert items_of(fetch(write_csv(tmp_path / "changes.csv", lines)), Unreadable) == []


def test_lines_without_an_id_do_not_contradict_each_other(tmp_path: Path) -> None:
    """Each is quarantined for its empty id alone."""
    lines = [INCIDENT | {"id": "", "title": title} for title in "ab"]
    assert items_of(fetch(write_csv(tmp_path / "incidents.csv", lines)), Unreadable) == []


def test_a_damaged_file_is_a_partial_failure(tmp_path: Path) -> None:
    """The lines before the damage land, and the failure names the file."""
    lines = [INCIDENT | {"id": f"{n}", "title": f"{n * 7919}" * 9} for n in range(20_000)]
    path = tmp_path / "incidents.parquet"
    parquet.write_table(pa.Table.from_pylist(lines), path, row_group_size=5000, use_dictionary=False)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 20_000] = b"\xff" * 20_000
    path.write_bytes(content)
    items = fetch(path)
    (failure,) = items_of(items, PartialFailure)
    assert "incidents.parquet could not be read to its end" in failure.message
    assert len(items_of(items, Document)) >= 5000


# --- the run as a whole ---------------------------------------------------------------------------


def test_whatever_is_wrong_with_a_file_the_others_of_a_night_land(tmp_path: Path) -> None:
    """Endless nesting, a day beyond Python's last, a name that is no UTF-8: each is named, and none ends the source."""
    incident = {"id": "i1", "application": "shop", "opened_at": "2026-03-02T10:00:00Z", "resolved_at": None}
    good = json.dumps(incident).encode()
    (tmp_path / "a-incidents.jsonl").write_bytes(b'{"id":' + b"[" * 200_000 + b"\n" + good)
    (tmp_path / os.fsdecode(b"b-\xff-incidents.jsonl")).write_bytes(good)
    (tmp_path / "c-incidents.json").write_bytes(b"[" * 200_000)
    day = pa.array([2_000_000_000], pa.int32()).cast(pa.date32())
    columns = {"id": ["x"], "application": ["shop"], "opened_at": day, "resolved_at": day}
    parquet.write_table(pa.table(columns), tmp_path / "d-incidents.parquet")
    (tmp_path / "e-incidents.jsonl").write_bytes(good.replace(b"i1", b"i2"))
    source = SOURCE.from_settings({"paths": [f"{tmp_path}/*-*"]}, tmp_path)
    summary = pull(source, fresh(tmp_path / "data"), Request())
    assert summary.tables["incident"]["new"] == 2
    assert (summary.quarantined, len(summary.partial_failures)) == (1, 3), summary.partial_failures
    assert all(failure.isprintable() for failure in summary.partial_failures)


def test_ignored_columns_are_a_note(tmp_path: Path) -> None:
    """The note names them once, and the archive has their cells."""
    items = fetch(write_csv(tmp_path / "incidents.csv", [INCIDENT | {"mood": "bad", "Title": "x"}] * 2))
    assert [item.text for item in items_of(items, Note)] == [
        f"{tmp_path / 'incidents.csv'}: ignored columns: Title, mood"
    ]
    assert b'"mood":"bad"' in items_of(items, Document)[0].body


def read_as_of(*paths: Path, **settings: object) -> datetime | None:
    """Up to when the files are complete; null if that is unknown."""
    items = list(SOURCE(read_settings(settings)).fetch(Request(paths=paths), SourceState()))
    return max((item.at for item in items_of(items, AsOf)), default=None)


def test_files_are_complete_up_to_their_newest_time(tmp_path: Path) -> None:
    """The newest time of any file of the run, not the time of the run."""
    deployments = write_csv(tmp_path / "deployments.csv", [DEPLOYMENT, DEPLOYMENT | {"id": "d0", "started_at": MID}])
    assert read_as_of(deployments) == datetime(2026, 1, 1, 10, 7, tzinfo=UTC)
    later = write_csv(tmp_path / "incidents.csv", [INCIDENT | {"resolved_at": "2026-01-04T00:00:00Z"}])
    assert read_as_of(later, deployments) == datetime(2026, 1, 4, tzinfo=UTC)


def test_a_file_tells_no_time_after_it_was_written(tmp_path: Path) -> None:
    """The modification time caps its newest time, and makes nothing newer."""
    path = write_csv(tmp_path / "incidents.csv", [INCIDENT | {"resolved_at": "2099-01-01T00:00:00Z"}])
    written = datetime(2026, 2, 1, tzinfo=UTC)
    os.utime(path, (written.timestamp(), written.timestamp()))
    assert read_as_of(path) == written


@pytest.mark.parametrize("day", ["2026-03-01", "2026-03-01T00:00:00Z", date(2026, 3, 1), datetime(2026, 3, 1)])
def test_the_settings_may_say_until_when_files_are_complete(tmp_path: Path, day: object) -> None:
    """A date is its beginning; what is later, the newest time or this, counts, and nothing after the run."""
    path = write_csv(tmp_path / "incidents.csv", [INCIDENT])
    assert read_as_of(path, complete_until=day) == datetime(2026, 3, 1, tzinfo=UTC)
    assert read_as_of(path, complete_until="2025-03-01") == datetime(2026, 1, 1, 10, 7, tzinfo=UTC)
    future = read_as_of(path, complete_until="2099-01-01")
    assert future is not None
    assert future <= datetime.now(UTC)


@pytest.mark.parametrize("line", ["# As of 2026-03-01T09:00+01:00", '"# As of 2026-03-01T09:00+01:00";;;'])
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "json"])
def test_the_first_line_may_say_until_when_a_file_is_complete(tmp_path: Path, suffix: str, line: str) -> None:
    """Also if nothing happened since, or a spreadsheet quotes the line; the numbers of the lines include it."""
    path = FORMATS[suffix](tmp_path / f"incidents.{suffix}", [INCIDENT | {"opened_at": "x"}, INCIDENT])
    path.write_text(f"{line}\n{path.read_text()}")
    assert read_as_of(path) == datetime(2026, 3, 1, 8, tzinfo=UTC)
    summary = land_files(tmp_path / "data", path)
    assert query(tmp_path / "data", "SELECT id FROM quarantine") == [(f"{path}:{3 if suffix == 'csv' else 2}",)]
    assert summary.as_of == datetime(2026, 3, 1, 8, tzinfo=UTC)


def test_files_without_a_time_have_no_end(tmp_path: Path) -> None:
    """Lines that can not be read tell none; the load then has none either."""
    path = write_csv(tmp_path / "incidents.csv", [INCIDENT | {"opened_at": "yesterday"}])
    assert land_files(tmp_path / "data", path).as_of is None
    assert query(tmp_path / "data", "SELECT as_of, finished_at IS NULL FROM load") == [(None, False)]


def test_a_skipped_event_says_that_its_file_is_alive(tmp_path: Path) -> None:
    """Its time counts though its kind is not read."""
    context = {"id": "1", "type": "dev.cdevents.build.started.0.1.0", "timestamp": START}
    path = write_json(tmp_path / "cdevents.jsonl", [{"context": context}])
    assert read_as_of(path) == datetime(2026, 1, 1, 10, tzinfo=UTC)


def test_a_run_says_since_when_files_are_complete(tmp_path: Path) -> None:
    """If the settings do, also on a replay."""
    path, data = write_csv(tmp_path / "incidents.csv", [INCIDENT]), fresh(tmp_path / "data")
    pull(SOURCE(read_settings({"complete_since": "2025-06-01"})), data, Request(paths=(path,)))
    pull(SOURCE(Settings()), data, Request(), replaying=True)
    assert query(data, "SELECT DISTINCT complete_since FROM load") == [(datetime(2025, 6, 1),)]


def test_a_replay_gives_the_same_rows(tmp_path: Path) -> None:
    """Rows, quarantine and as-of time come from the archive alone, after the files are deleted."""
    paths = [tmp_path / "incidents.csv", write_csv(tmp_path / "deployments.csv", [DEPLOYMENT | {"group": "g"}])]
    paths[0].write_bytes(BAD_CSV)
    paths.append(write_json(tmp_path / "changes.jsonl", [CHANGE, CHANGE | {"sha": "b", "merged_at": MID}]))
    data = tmp_path / "data"
    land_files(data, *paths)
    tables = {name: f'SELECT * EXCLUDE (load_id) FROM "{name}" ORDER BY ALL' for name in database.fact_tables()}
    last = "FROM load ORDER BY load_id DESC LIMIT 1"
    tables["load"] = f"SELECT as_of, documents, quarantined, partial_failures {last}"
    before = {name: query(data, sql) for name, sql in tables.items()}
    for path in [*paths, data / database.LANDING]:
        path.unlink()
    rebuild_landing(data, {})
    assert {name: query(data, sql) for name, sql in tables.items()} == before
    assert all(before[name] for name in ("incident", "execution", "rollout", "commit", "change", "quarantine"))


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    """The same file again has only unchanged rows; a longer one adds its new lines."""
    path = write_csv(tmp_path / "incidents.csv", [INCIDENT])
    land_files(tmp_path / "data", path)
    assert land_files(tmp_path / "data", path).tables["incident"] == {"new": 0, "changed": 0, "unchanged": 1}
    write_csv(path, [INCIDENT, INCIDENT | {"id": "i2"}])
    assert land_files(tmp_path / "data", path).tables["incident"] == {"new": 1, "changed": 0, "unchanged": 1}


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
@example(b'"\n"')
@example(b"\x00,,,\n")
def test_no_bytes_end_a_run(tmp_path_factory: pytest.TempPathFactory, tail: bytes) -> None:
    """After the header every line becomes rows or a reason, and the valid first line lands."""
    folder = tmp_path_factory.mktemp("bytes")
    for name, start in (
        ("incidents.csv", b"id,application,opened_at,resolved_at\na,s,2026-01-01T10:00:00Z,\n"),
        ("incidents.jsonl", b'{"id":"a","application":"s","opened_at":"2026-01-01T10:00:00Z","resolved_at":""}\n'),
    ):
        (folder / name).write_bytes(start + tail)
        good = 0
        for document in items_of(fetch(folder / name), Document):
            try:
                good += len(list(SOURCE(Settings()).parse(document)))
            except ValueError as error:
                assert f"{name}:" in str(error)  # noqa: PT017
        assert good >= 1


MEMORY = """
import re, sys
from pathlib import Path
from ingest.files import SOURCE
from ingest.files.settings import Settings, read_settings
from ingest.core.source import Request, SourceState
count = sum(1 for _ in SOURCE(Settings()).fetch(Request(paths=(Path(sys.argv[1]),)), SourceState()))
print(count, re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def long_csv(path: Path, count: int) -> Path:
    with path.open("w") as file:
        file.write("id,application,opened_at,resolved_at,title\n")
        file.writelines(f"{n},shop,{1_767_261_600_000 + n},,{'t' * 2000}\n" for n in range(count))
    return path


def long_parquet(path: Path, count: int) -> Path:
    numbers = pa.array(range(count), pa.int64())
    titles = pa.array(["t" * 2000]).take(pa.array([0] * count))
    shop = pa.array(["shop"]).take(pa.array([0] * count))
    at = pa.array([1_767_261_600_000] * count)
    table = pa.table({"id": numbers, "application": shop, "opened_at": at, "resolved_at": at, "title": titles})
    parquet.write_table(table, path, row_group_size=2000)
    return path


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux reports the peak memory")
@pytest.mark.parametrize(("suffix", "write"), [("csv", long_csv), ("parquet", long_parquet)])
def test_a_long_file_is_not_read_into_memory(tmp_path: Path, suffix: str, write: Callable[[Path, int], Path]) -> None:
    """Of 40,000 lines (80 MB) only a number per line stays in memory."""

    def measure(count: int) -> Iterator[int]:
        path = write(tmp_path / f"incidents-{count}.{suffix}", count)
        done = subprocess.run([sys.executable, "-c", MEMORY, str(path)], capture_output=True, text=True, check=True)
        yield from map(int, done.stdout.split())

    _, small = measure(1000)
    count, large = measure(40_000)
    assert count == 40_002  # the as-of time, the lines, the end
    assert large - small < 60_000


def test_any_cell_survives_csv(tmp_path: Path) -> None:
    """A CSV by Python's own writer is read back cell for cell."""
    title = 'a,b;c\t"d"\n=HYPERLINK("x") ☃ \x00'
    out = io.StringIO()
    csv.writer(out).writerows([[*INCIDENT, "title"], [*INCIDENT.values(), title]])
    path = tmp_path / "incidents.csv"
    path.write_text(out.getvalue())
    land_files(tmp_path / "data", path)
    assert query(tmp_path / "data", "SELECT title FROM incident") == [(title,)]
