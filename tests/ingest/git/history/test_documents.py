"""Archive documents of commits and changes, and their rows; documents of earlier versions too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.core.columns import Columns
from ingest.git.history import documents
from ingest.git.history.documents import ChangeColumns
from ingest.git.history.log import Commits
from ingest.payloads.archive import Document

TIMES = [1_700_000_000, None, 1_700_000_060]


def columns(document: Document) -> Columns:
    (columns_read,) = documents.parse_document(document)
    assert isinstance(columns_read, Columns)
    return columns_read


def batch(**more: Any) -> Commits:
    people = {"author": ["ada", "bob", "ada"], "author_email": ["a@x"] * 3, "committer_email": ["a@x", "b@x", "a@x"]}
    columns_read: dict[str, Any] = {
        "sha": ["a", "b", "c"], "parents": ["b c", "c", ""], "tree": ["s", "t", "t"], "subject": ["x", "y", "z"],
        "authored_at": TIMES, "committed_at": TIMES,
    }  # fmt: skip
    rare = ("request", "title", "reverts", "is_revert", "picked_from", "trailers")
    return Commits(**columns_read | people | dict.fromkeys(rare, [None] * 3) | more)


def test_commits_come_back_as_they_were_read() -> None:
    """Parents in their order, a root without any, times in microseconds, null for an unknown time."""
    reverts = [None, ["subject x", "request 3"], None]
    columns_read = columns(documents.encode_commits("acme/shop", batch(reverts=reverts))).values
    assert columns_read["parents"] == [["b", "c"], ["c"], []]
    assert columns_read["committed_at"] == [1_700_000_000_000_000, None, 1_700_000_060_000_000]
    assert (columns_read["reverts"], columns_read["picked_from"]) == (reverts, None)
    assert columns_read["id"] == ["acme/shop@a", "acme/shop@b", "acme/shop@c"]
    assert columns_read["tree"] == ["s", "t", "t"]
    assert (columns_read["author"], columns_read["author_email"]) == (["ada", "bob", "ada"], ["a@x"] * 3)
    assert columns_read["committer_email"] == ["a@x", "b@x", "a@x"]


def test_co_authors_are_those_that_trailers_name() -> None:
    """A line that names a tool without saying that it is an author is a trailer and no co-author."""
    lines = [["Co-authored-by: Bob B <b@x>", "Generated with a tool"], None, ["Assisted-by: a model"]]
    columns_read = columns(documents.encode_commits("acme/shop", batch(trailers=lines))).values
    assert columns_read["trailers"] == lines
    assert columns_read["co_authors"] == [["Bob B <b@x>"], None, []]


def test_a_row_of_a_text_that_is_missing_is_refused() -> None:
    """A damaged document never gives a commit to another author."""
    body = json.loads(documents.encode_commits("acme/shop", batch()).body)
    for rows in ([0, 1, 9], [0, -1, 0]):
        damaged = body | {"author": body["author"] | {"rows": rows}}
        with pytest.raises(ValueError, match="missing"):
            columns(Document("commit", json.dumps(damaged).encode()))


@pytest.mark.parametrize(
    ("earlier", "reverts"), [([None, "c", None], [None, ["commit c"], None]), ("c", [["commit c"]] * 3)]
)
def test_commits_of_an_earlier_version_are_read(earlier: Any, reverts: Any) -> None:
    """Earlier archives contain lists of parents, authors and the reverted id of each commit; the rows are the same."""
    now = documents.encode_commits("acme/shop", batch(reverts=reverts))
    author = ["ada", "bob", "ada"]
    old = json.loads(now.body) | {"parents": [["b", "c"], ["c"], []], "reverts": earlier, "author": author}
    assert columns(Document("commit", json.dumps(old).encode())) == columns(now)


@pytest.mark.parametrize(
    ("branch", "stored", "parsed"),
    [(["main"] * 3, "main", "main"), (["main", "r", "r"], ["main", "r", "r"], ["main", "r", "r"]), (None, None, None)],
)
def test_a_text_that_all_share_is_stored_once(branch: Any, stored: Any, parsed: Any) -> None:
    """One text for all, a text each, or none; columns without a value are left out."""
    changes = ChangeColumns(
        sha=["a", "b", "c"], branch=branch, change_request=[None] * 3, commits=[1, 1, 1], labels=[("bot",), (), ()]
    )
    document = documents.encode_changes("acme/shop", changes, on_trunk=True)
    body = json.loads(document.body)
    assert body.get("branch") == stored
    assert set(body) <= {"sha", "branch", "commits", "labels", "repository", "on_trunk"}
    columns_read = columns(document).values
    assert (columns_read["branch"], columns_read["commits"], columns_read["labels"]) == (
        parsed,
        [1, 1, 1],
        [("bot",), (), ()],
    )
