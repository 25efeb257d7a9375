"""Files of change requests: what a line becomes, which are refused, and whose approvals count."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dora.storage.rows.changes import ChangeRequest as RequestRow
from ingest.core.source import Request, SourceState
from ingest.files import SOURCE
from ingest.files.kinds.catalogue import KINDS
from ingest.files.records import Conventions
from ingest.files.settings import Settings
from ingest.payloads.archive import Document
from tests.conftest import landed
from tests.ingest.files.test_source import FORMATS, land_files, read_refusal, rows

OPENED, OPENED_US = "2026-03-02T09:00:00Z", 1_772_442_000_000_000
HOUR_US = 3_600_000_000
REQUEST = {"repository": "acme/shop", "number": "7", "opened_at": OPENED}
FULL = REQUEST | {
    "author": "ada",
    "first_commit_at": "2026-03-02T08:00:00Z",
    "first_review_at": "2026-03-02T10:00:00Z",
    "approved_at": "2026-03-02T11:00:00Z",
    "merged_at": "2026-03-02T12:00:00Z",
    "merged_by": "ada",
    "reviewers": "grace; Alan T.; ADA",
    "approvers": "grace;ada",
    "sha": "AB" * 20,
    "head_sha": "cd" * 20,
    "labels": "needs docs, bug",
}


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_has_the_same_request(tmp_path: Path, suffix: str) -> None:
    """A line of CSV, JSON Lines or Parquet is a request, value for value; its author is no reviewer of it."""
    (request,) = rows(FORMATS[suffix](tmp_path / f"change-requests.{suffix}", [FULL]))
    assert request == RequestRow(
        id="acme/shop#7",
        repository="acme/shop",
        number="7",
        author="ada",
        opened_at=OPENED_US,
        first_commit_at=OPENED_US - HOUR_US,
        first_review_at=OPENED_US + HOUR_US,
        approved_at=OPENED_US + 2 * HOUR_US,
        merged_at=OPENED_US + 3 * HOUR_US,
        merged_by="ada",
        reviewers=["Alan T.", "grace"],
        approvers=["grace"],
        sha="ab" * 20,
        head_sha="cd" * 20,
        labels=["bug", "needs docs"],
    )


def test_a_request_needs_no_more_than_its_number_and_opening(tmp_path: Path) -> None:
    """What the export has no column for is unknown."""
    (request,) = rows(FORMATS["csv"](tmp_path / "change_requests.csv", [REQUEST | {"number": "!7"}]))
    assert request == RequestRow(id="acme/shop#7", repository="acme/shop", number="7", opened_at=OPENED_US)


@pytest.mark.parametrize(
    ("cells", "approvers"),
    [({"approvers": ""}, []), ({"approved_at": ""}, []), ({"approved_at": OPENED}, None), ({"reviewers": "eve"}, None)],
)
def test_an_empty_cell_is_nobody(tmp_path: Path, cells: dict[str, str], approvers: list[str] | None) -> None:
    """A column of approvals that is empty says that no one approved; without one it is unknown."""
    (request,) = rows(FORMATS["csv"](tmp_path / "change_requests.csv", [REQUEST | cells]))
    assert isinstance(request, RequestRow)
    assert request.approvers == approvers


@pytest.mark.parametrize(
    ("names", "expected"),
    [("grace alan", ["alan", "grace"]), (["Grace H."], ["Grace H."]), (["eve", "alan"], ["alan", "eve"]), ([], [])],
)
def test_names_in_a_list_or_a_text(tmp_path: Path, names: object, expected: list[str]) -> None:
    """Spaces separate names where nothing else does; an item of a list is one name."""
    (request,) = rows(FORMATS["jsonl"](tmp_path / "change_requests.jsonl", [REQUEST | {"reviewers": names}]))
    assert isinstance(request, RequestRow)
    assert request.reviewers == expected


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"repository": ""}, "repository must not be empty"),
        ({"number": "7 8"}, "'7 8' is not the number of one request"),
        ({"number": "#"}, "'#' is not the number of one request"),
        ({"opened_at": "soon"}, "'soon' is not a time"),
        ({"approved_at": "2026-02-30T10:00"}, "`$.approved_at`"),
        ({"merged_at": "2026-03-02T08:59:59Z"}, "merged_at is before opened_at"),
        ({"sha": "abcdef1"}, "sha 'abcdef1' is not a full commit id"),
        ({"head_sha": "x" * 40}, "is not a full commit id"),
    ],
)
def test_the_reason_of_a_line_in_quarantine(tmp_path: Path, cells: dict[str, str], reason: str) -> None:
    """It has file, line, column and what is wrong."""
    assert reason in read_refusal(tmp_path, "change_requests", REQUEST | cells)


def test_a_bad_line_costs_itself_alone(tmp_path: Path) -> None:
    """The others land in the table that the API of GitHub fills."""
    lines = [FULL, FULL | {"number": "8", "merged_at": "2026-03-01T00:00Z"}, FULL | {"number": "9"}]
    path = FORMATS["csv"](tmp_path / "change_requests.csv", lines)
    assert land_files(tmp_path / "data", path).quarantined == 1
    assert landed(tmp_path / "data", "SELECT id FROM quarantine") == [(f"{path}:3",)]
    assert landed(tmp_path / "data", "SELECT number FROM change_request ORDER BY ALL") == [("7",), ("9",)]


@given(
    st.dictionaries(st.sampled_from(KINDS["change_requests"].columns), st.text(max_size=20) | st.lists(st.text())),
    st.booleans(),
)
def test_any_line_is_a_request_or_a_reason(cells: dict[str, object], is_full: bool) -> None:
    """Nothing but a ``ValueError`` comes of any cells."""
    try:
        request = KINDS["change_requests"].read((FULL if is_full else {}) | cells, Conventions())
    except ValueError:
        return
    assert request.to_rows(None)


@pytest.mark.parametrize("name", ["change_requests", "Change-Requests 2026", "acme_change_request"])
def test_the_name_of_a_file_says_changes_or_their_requests(tmp_path: Path, name: str) -> None:
    """A file of change requests is none of changes, though its name has that word in it."""
    path = FORMATS["csv"](tmp_path / f"{name}.csv", [REQUEST])
    items = list(SOURCE(Settings()).fetch(Request(paths=(path,)), SourceState()))
    assert {item.kind for item in items if isinstance(item, Document)} == {"change_requests"}


def test_the_sample_is_read() -> None:
    """``data/samples/change_requests.csv`` has a reviewed, a widely reviewed and a self-merged request."""
    requests = rows(Path(__file__).parents[3] / "data" / "samples" / "change_requests.csv")
    assert [(r.number, r.merged_by, r.reviewers, r.approvers) for r in requests if isinstance(r, RequestRow)] == [
        ("1", "ada", ["grace"], ["grace"]),
        ("2", "ada", ["ada", "alan"], ["ada"]),
        ("3", "ada", [], []),
    ]
