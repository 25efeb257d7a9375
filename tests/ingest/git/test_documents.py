"""What is kept of commits and changes, and the rows that come of it, whichever version kept it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.core.archive import Document
from ingest.core.rows import Columns
from ingest.git import documents
from ingest.git.documents import ChangeColumns
from ingest.git.log import Commits

TIMES = [1_700_000_000, None, 1_700_000_060]


def columns(document: Document) -> Columns:
    (told,) = documents.parse_document(document)
    assert isinstance(told, Columns)
    return told


def batch(**more: Any) -> Commits:
    told = [["a", "b", "c"], ["b c", "c", ""], TIMES, TIMES, ["ada"] * 3, ["x", "y", "z"], [None] * 3]
    return Commits(*told, **{"reverts": [None] * 3, "picked_from": [None] * 3} | more)


def test_commits_come_back_as_they_were_read() -> None:
    """Parents in their order, a root without any, times to the microsecond, null where nobody knows."""
    told = columns(documents.encode_commits("acme/shop", batch(reverts=[None, "c", None]))).values
    assert told["parents"] == [["b", "c"], ["c"], []]
    assert told["committed_at"] == [1_700_000_000_000_000, None, 1_700_000_060_000_000]
    assert (told["reverts"], told["picked_from"]) == ([None, "c", None], None)
    assert told["id"] == ["acme/shop@a", "acme/shop@b", "acme/shop@c"]


def test_parents_that_an_earlier_version_kept_are_read() -> None:
    """An archive of before holds a list of ids for each commit, and gives the same rows."""
    now = documents.encode_commits("acme/shop", batch())
    old = json.loads(now.body) | {"parents": [["b", "c"], ["c"], []]}
    assert columns(Document("commit", json.dumps(old).encode())) == columns(now)


@pytest.mark.parametrize(
    ("branch", "kept", "read"),
    [(["main"] * 3, "main", "main"), (["main", "r", "r"], ["main", "r", "r"], ["main", "r", "r"]), (None, None, None)],
)
def test_a_text_that_all_share_is_kept_once(branch: Any, kept: Any, read: Any) -> None:
    """One text for all, a text each, or none; columns without a value are left out."""
    came = ChangeColumns(
        sha=["a", "b", "c"], branch=branch, change_request=[None] * 3, commits=[1, 1, 1], labels=[("bot",), (), ()]
    )
    document = documents.encode_changes("acme/shop", came, on_trunk=True)
    body = json.loads(document.body)
    assert body.get("branch") == kept
    assert set(body) <= {"sha", "branch", "commits", "labels", "repository", "on_trunk"}
    told = columns(document).values
    assert (told["branch"], told["commits"], told["labels"]) == (read, [1, 1, 1], [("bot",), (), ()])
