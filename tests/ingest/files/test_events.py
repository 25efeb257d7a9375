"""Files of events: what a line becomes, which are refused, and that notes make no data newer."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dora.storage.rows.events import Event as EventRow
from ingest.core.pipeline import pull
from ingest.core.source import AsOf, Request, SourceState
from ingest.doctor.run import run_checks
from ingest.files import SOURCE
from ingest.files.kinds.catalogue import KINDS
from ingest.files.kinds.events import Event
from ingest.files.records import Conventions, read_record
from ingest.files.settings import Settings
from ingest.payloads.archive import Document
from tests.conftest import fresh, landed
from tests.ingest.files.test_source import FORMATS, read_refusal, rows

AT, AT_US = "2026-03-02T09:00:00Z", 1_772_442_000_000_000
EVENT = {"id": "e1", "at": AT, "title": "Deploy template 2"}
NAMES = st.text("abcdefgh-ä/", min_size=1, max_size=8)


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_has_the_same_event(tmp_path: Path, suffix: str) -> None:
    """A line of CSV, JSON Lines or Parquet is an event, value for value."""
    more = {"until": "2026-03-04", "applications": "shop, ledger", "teams": "Team A;pay", "kind": "Template"}
    (event,) = rows(FORMATS[suffix](tmp_path / f"events.{suffix}", [EVENT | more | {"url": "https://wiki/1"}]))
    assert event == EventRow(
        id="e1",
        began_at=AT_US,
        ended_at=AT_US + 39 * 3_600_000_000,
        kind="template",
        title="Deploy template 2",
        applications=["shop", "ledger"],
        teams=["Team A", "pay"],
        url="https://wiki/1",
    )


def test_an_event_needs_no_more_than_id_time_and_title(tmp_path: Path) -> None:
    """It is of the kind other, a moment, and of the whole organisation."""
    (event,) = rows(FORMATS["csv"](tmp_path / "events.csv", [EVENT]))
    assert event == EventRow(id="e1", began_at=AT_US, kind="other", title="Deploy template 2")


def test_lists_of_json_keep_names_with_spaces(tmp_path: Path) -> None:
    """A team is one item."""
    (event,) = rows(FORMATS["jsonl"](tmp_path / "events.jsonl", [EVENT | {"teams": ["Team A", "b"]}]))
    assert isinstance(event, EventRow)
    assert event.teams == ["Team A", "b"]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"id": ""}, "id must not be empty"),
        ({"at": "soon"}, "'soon' is not a time"),
        ({"at": "2026-02-30"}, "`$.at`"),
        ({"title": " "}, "title must not be empty"),
        ({"until": "2026-03-01"}, "until is before at"),
        ({"kind": "party"}, "'party' is none of freeze, migration, reorganisation, template, other"),
    ],
)
def test_the_reason_of_a_line_in_quarantine(tmp_path: Path, cells: dict[str, str], reason: str) -> None:
    """It has file, line, column and what is wrong."""
    assert reason in read_refusal(tmp_path, "events", EVENT | cells)


@given(
    st.datetimes(datetime(1991, 1, 1), datetime(2098, 1, 1)),
    st.none() | st.timedeltas(timedelta(0), timedelta(days=400)),
    st.sets(NAMES),
    st.sets(NAMES),
    st.sampled_from(["", "FREEZE", "Reorganization", "other"]),
)
def test_what_is_written_is_read(
    at: datetime, lasts: timedelta | None, applications: set[str], teams: set[str], kind: str
) -> None:
    """Any time, span, names and kind of an event come back, in any case and spelling of the kind."""
    zone = ZoneInfo("Europe/Berlin")
    until = at + lasts if lasts is not None else None
    cells = {
        "id": "e",
        "at": at.replace(tzinfo=UTC).isoformat(),
        "title": "t",
        "until": until.replace(tzinfo=UTC).isoformat() if until else None,
        "applications": " ".join(sorted(applications)),
        "teams": ",".join(sorted(teams)),
        "kind": kind,
    }
    (event,) = read_record(Event, cells, Conventions(zone)).to_rows(None)
    assert isinstance(event, EventRow)
    assert datetime(1970, 1, 1) + timedelta(microseconds=event.began_at) == at
    assert (event.ended_at is None) == (until is None)
    assert event.ended_at is None or event.ended_at >= event.began_at
    assert set(event.applications or ()) == applications
    assert set(event.teams or ()) == teams
    assert event.kind == (kind.lower().replace("iz", "is") or "other")


@given(st.dates(datetime(1991, 1, 1).date(), datetime(2098, 1, 1).date()))
def test_a_day_is_its_local_beginning(day: datetime) -> None:
    """A date is midnight in the zone of the files, as that midnight written out is."""
    conventions = Conventions(ZoneInfo("Europe/Berlin"))
    days, times = (
        read_record(Event, {"id": "e", "at": text, "title": "t"}, conventions).at
        for text in (day.isoformat(), f"{day.isoformat()}T00:00")
    )
    assert int(days) == int(times)


@given(st.dictionaries(st.sampled_from(KINDS["events"].columns), st.text(max_size=20) | st.lists(st.text())))
def test_any_line_is_an_event_or_a_reason(cells: dict[str, object]) -> None:
    """Nothing but a ``ValueError`` comes of any cells."""
    try:
        event = KINDS["events"].read(cells, Conventions())
    except ValueError:
        return
    assert event.to_rows(None)


def test_the_name_of_a_file_says_events_or_cdevents(tmp_path: Path) -> None:
    """A file of cdevents is none of events, though its name has that word in it."""
    lines = [{"context": {"id": "1", "type": "dev.cdevents.build.started.0.1.0", "timestamp": AT}}]
    path = FORMATS["jsonl"](tmp_path / "cdevents.jsonl", lines)
    items = list(SOURCE(Settings()).fetch(Request(paths=(path,)), SourceState()))
    assert {item.kind for item in items if isinstance(item, Document)} == {"cdevents"}


def test_notes_make_no_data_newer(tmp_path: Path) -> None:
    """A freeze of next year says nothing of how far deployments are known, and events alone never turn stale."""
    path = FORMATS["csv"](tmp_path / "events.csv", [EVENT, EVENT | {"id": "e2", "at": "2098-01-01"}])
    items = list(SOURCE(Settings()).fetch(Request(paths=(path,)), SourceState()))
    assert not [item for item in items if isinstance(item, AsOf)]
    data = fresh(tmp_path / "data")
    pull(SOURCE(Settings()), data, Request(paths=(path,)))
    assert landed(data, "SELECT count(*), count(DISTINCT id) FROM event") == [(2, 2)]
    findings = {finding.message for finding in run_checks(data, {"files": {"paths": [str(path)]}}, 48)}
    assert "events only, which do not age" in findings


def test_the_sample_is_read() -> None:
    """``data/samples/events.csv`` has one event of an application and one of all."""
    events = rows(Path(__file__).parents[3] / "data" / "samples" / "events.csv")
    assert [(event.kind, event.applications) for event in events if isinstance(event, EventRow)] == [
        ("template", ["shop"]),
        ("freeze", None),
    ]
    assert re.fullmatch(r"[a-z]+-\d", events[0].id)
