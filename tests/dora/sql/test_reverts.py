"""Which change each change reverts, whatever its host writes, told by git or by files."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

import dora
from ingest import files
from ingest.core.pipeline import pull
from ingest.core.source import Request
from ingest.git import SOURCE
from tests.conftest import Facts, built, fresh
from tests.ingest.git.conftest import Upstream


class Entry(NamedTuple):
    """A trunk entry: its message, the messages of the branch that it merged, and the earlier entry that it reverts.

    ``{name}`` in a message is the id of an entry, ``{name.1}`` that of its first commit of a branch.
    """

    name: str
    message: str
    branch: tuple[str, ...] = ()
    reverts: str | None = None


HISTORY = (
    Entry("root", "Begin"),
    Entry("github", "Merge pull request #1 from acme/a\n\nPrices", ("work",)),
    Entry("squash", "Cart (#2)"),
    Entry("bors", "Merge #3 #4\n\n3: Search r=bo a=ada\n\n4: Login r=bo", ("work", "more work")),
    Entry("homu", "Auto merge of #5 - ada:a, r=bo\n\nTax", ("Rollup merge of #6 - ada:b, r=bo\n\nVat",)),
    Entry("gitea", "Merge pull request 'Menu' (#7) from a into main", ("work",)),
    Entry("azure", "Merged PR 8: Footer"),
    Entry("gerrit", 'Merge "Header" into main\n\nReviewed-on: https://gerrit.example.com/c/acme/shop/+/9', ("work",)),
    Entry("gitlab", "Merge branch 'a' into 'main'\n\nLogo\n\nSee merge request acme/shop!10", ("work",)),
    Entry("bitbucket", "Merged in a (pull request #11)\n\nFont", ("work",)),
    Entry("batch", "Merge #12 #13\n\n12: Zoom r=bo a=ada\n\n13: Scroll r=bo", ("work", "more work")),
    Entry("direct", "Colour"),
    Entry("again", "Colour"),
    Entry("r1", "Take it back\n\nReverts acme/shop#1", (), "github"),
    Entry("r2", 'Revert "Cart (#2)" (#20)\n\nReverts acme/shop#2', (), "squash"),
    Entry("r3", "Merge #21\n\n21: Back r=bo", ("Back\n\nReverts acme/shop#4",), "bors"),
    Entry("r5", 'Revert "Vat" (#22)', (), "homu"),
    Entry("r7", "Merge pull request 'Revert \"Menu\"' (#23) from r into main", ("undo",), "gitea"),
    Entry("r8", "Merged PR 24: Revert 'Footer'", (), "azure"),
    Entry("r9", 'Revert "Header"\n\nThis reverts commit {gerrit}.\n\nReason for revert: slow', (), "gerrit"),
    Entry("r10", "Merge branch 'r' into 'main'", ('Revert "Logo"\n\nThis reverts merge request !10',), "gitlab"),
    Entry("r11", 'Revert "Font (pull request #11)"', (), "bitbucket"),
    Entry("r13", 'Merge #14 #15\n\n14: Pan r=bo\n\n15: Revert "Scroll" r=bo', ("undo",), "batch"),
    Entry("later", 'Revert "Colour"', (), "again"),
    Entry("branch", "Undo work (#25)\n\nThis reverts commit {gitea.1}.", (), "gitea"),
    Entry("own", "Merge pull request #26 from acme/b", ("Draft", 'Revert "Draft"\n\nThis reverts commit {own.1}.')),
    Entry("other", 'Undo that\n\nReverts acme/website#2'),
    Entry("number", 'Revert "Words that changed" (#9)', (), "gerrit"),
    Entry("unknown", 'Revert "Nothing known"\n\nThis reverts commit 0123456789.'),
    Entry("gerrit2", 'Revert^2 "Header"\n\nRevert submission 9', (), "r9"),
    Entry("reapply", 'Reapply "Cart (#2)" (#27)', (), "r2"),
)  # fmt: skip


def commit_history(upstream: Upstream) -> dict[str, str]:
    """Make the repository; return the id of each entry."""
    ids: dict[str, str] = {}
    for number, entry in enumerate(HISTORY):
        if entry.branch:
            upstream.git("checkout", "--quiet", "-b", entry.name)
            for position, message in enumerate(entry.branch, 1):
                ids[f"{entry.name}.{position}"] = upstream.commit(_fill(message, ids), f"{number}")
            upstream.git("checkout", "--quiet", "main")
            ids[entry.name] = upstream.merge(entry.name, _fill(entry.message, ids))
        else:
            ids[entry.name] = upstream.commit(_fill(entry.message, ids), f"{number}")
    return {entry.name: ids[entry.name] for entry in HISTORY}


def _fill(message: str, ids: dict[str, str]) -> str:
    for name, sha in ids.items():
        message = message.replace(f"{{{name}}}", sha)
    return message


def ingest_git(upstream: Upstream, folder: Path) -> None:
    source = SOURCE.from_settings({"repositories": [{"url": str(upstream.path), "name": "acme/shop"}]}, folder)
    pull(source, fresh(folder), Request())


def ingest_files(upstream: Upstream, folder: Path) -> None:
    """Write what ``git log`` says into a file of changes, and ingest that."""
    trunk, path = set(upstream.revs("--first-parent", "main")), folder / "changes.jsonl"
    fresh(folder)
    lines = []
    for sha in upstream.revs("--reverse", "main"):
        parents, time, message = upstream.git("show", "--no-patch", "--format=%P|%cI|%B", sha).split("|", 2)
        cells = {"repository": "acme/shop", "sha": sha, "parents": parents, "authored_at": time, "committed_at": time}
        lines.append({**cells, "message": message, "merged_at": time if sha in trunk else None})
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    pull(files.SOURCE.from_settings({}, folder), folder, Request(paths=(path,)))


@pytest.mark.parametrize("ingest", [ingest_git, ingest_files])
def test_every_host_is_understood(tmp_path: Path, ingest: Callable[[Upstream, Path], None]) -> None:
    """A revert is found by id, number, title or subject; not within its own request, nor of another repository."""
    upstream = Upstream(tmp_path / "acme" / "shop")
    ids = commit_history(upstream)
    ingest(upstream, tmp_path / "data")
    delivery = build(tmp_path / "data", ids)
    names = {sha: name for name, sha in ids.items()}
    rows = delivery.sql("SELECT sha, reverts, reverted_by FROM changes")
    assert {names[row["sha"]]: names.get(row["reverts"]) for row in rows} == {
        entry.name: entry.reverts for entry in HISTORY
    }
    assert {names[row["sha"]]: names.get(row["reverted_by"]) for row in rows if row["reverted_by"]} == {
        **{entry.reverts: entry.name for entry in HISTORY if entry.reverts}
    }


def build(data: Path, ids: dict[str, str]) -> dora.Delivery:
    """Deploy the first and the last entry."""
    lines = ["id | application | environment | status | finished_at | repository | commit"]
    for hour, name in enumerate(("root", "reapply"), 1):
        lines.append(f"{name} | shop | production | succeeded | 2026-03-02T0{hour}:10 | acme/shop | {ids[name]}")
    return built(data, Facts(deployments="\n".join(lines), as_of=datetime(2026, 3, 10, tzinfo=UTC)))
