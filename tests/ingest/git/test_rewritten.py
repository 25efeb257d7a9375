"""A force-pushed trunk: a rewritten change keeps its merge time and deployment, an amended one is new."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

AUTHORED = "1690000000 +0000"


@pytest.fixture
def force_pushed(upstream: Any, git_landing: Any) -> tuple[dict[str, str], dict[str, str]]:
    """A line rebased over an amended root, ingested before: its old and new commits by subject."""
    old = {"root": upstream.commit("root")}
    upstream.git("checkout", "--quiet", "-b", "topic")
    old["part"] = upstream.commit("part", "topic")
    upstream.git("checkout", "--quiet", "main")
    upstream.git("merge", "--quiet", "--no-ff", "-m", "merge", "topic", GIT_AUTHOR_DATE=AUTHORED)
    old |= {"merge": upstream.head(), "same": upstream.commit("same", "a"), "amended": upstream.commit("amended", "b")}
    old |= {f"duplicate{side}": upstream.commit("duplicate", side, GIT_AUTHOR_DATE=AUTHORED) for side in "cd"}
    git_landing.run({"url": str(upstream.path)})
    upstream.now += 86_400
    upstream.git("reset", "--quiet", "--hard", old["root"])
    new = {"root": amend(upstream)}
    upstream.git("checkout", "--quiet", "-B", "topic")
    new["part"] = cherry_pick(upstream, old["part"])
    upstream.git("checkout", "--quiet", "main")
    upstream.git("merge", "--quiet", "--no-ff", "-m", "merge", "topic", GIT_AUTHOR_DATE=AUTHORED)
    new |= {"merge": upstream.head(), "same": cherry_pick(upstream, old["same"])}
    cherry_pick(upstream, old["amended"])
    new["amended"] = amend(upstream)
    return old, new | {f"duplicate{side}": cherry_pick(upstream, old[f"duplicate{side}"]) for side in "cd"}


def amend(upstream: Any) -> str:
    (upstream.path / "more").write_text(f"{upstream.now}")
    upstream.git("add", "more")
    upstream.git("commit", "--quiet", "--amend", "--no-edit")
    return str(upstream.head())


def cherry_pick(upstream: Any, sha: str) -> str:
    upstream.now += 60
    upstream.git("cherry-pick", sha)
    return str(upstream.head())


def test_the_same_patch_is_the_same_change(
    git_landing: Any, upstream: Any, force_pushed: tuple[dict[str, str], dict[str, str]]
) -> None:
    """A rewritten commit names the old one with its patch; an amended one, a merge and a root name none."""
    old, new = force_pushed
    (note,) = git_landing.run({"url": str(upstream.path)}).notes
    assert "6 trunk commits were rewritten, 4 of them are on trunk again with a new id" in note
    origins = dict(git_landing.sql("SELECT sha, picked_from FROM commit"))
    original_of = {subject: origins[new[subject]] for subject in ("root", "part", "merge", "same", "amended")}
    assert original_of == {"root": None, "part": old["part"], "merge": None, "same": old["same"], "amended": None}
    assert {origins[sha] for sha in old.values()} == {None}
    assert git_landing.column("SELECT DISTINCT labels FROM change") == [[]]


def test_a_rewritten_change_keeps_its_merge_time(
    git_landing: Any, upstream: Any, force_pushed: tuple[dict[str, str], dict[str, str]]
) -> None:
    """By author, author time and subject; two that share all three are new changes."""
    old, new = force_pushed
    git_landing.run({"url": str(upstream.path)})
    times = dict(git_landing.sql("SELECT sha, merged_at FROM change"))
    for subject in ("root", "merge", "same", "amended"):
        assert times[new[subject]] == times[old[subject]]
    assert all(
        times[new[duplicate]] - times[old[duplicate]] > timedelta(hours=23)
        for duplicate in ("duplicatec", "duplicated")
    )
    before = git_landing.sql("SELECT * EXCLUDE load_id FROM change ORDER BY id")
    (git_landing.data / "landing.duckdb").unlink()
    git_landing.run({"url": str(upstream.path)}, replaying=True)
    assert git_landing.sql("SELECT * EXCLUDE load_id FROM change ORDER BY id") == before


def test_a_rewritten_change_is_not_shipped_again(
    git_landing: Any, upstream: Any, built_in: Callable[..., Any], force_pushed: tuple[dict[str, str], dict[str, str]]
) -> None:
    """A merge whose old commits were shipped is not shipped again; an amended commit is."""
    old, new = force_pushed
    git_landing.run({"url": str(upstream.path)})
    rows = ["id | application | environment | status | started_at | finished_at | repository | commit"]
    for day, sha in enumerate((old["root"], old["amended"], new["duplicated"]), 1):
        rows.append(
            f"d{day} | shop | production | succeeded | 2026-03-0{day}T08:00 | 2026-03-0{day}T09:00 | acme/shop | {sha}"
        )
    delivery = built_in(git_landing.data, deployments="\n".join(rows))
    shipped = {row["sha"]: row["shipped_by"] for row in delivery.sql("SELECT sha, shipped_by FROM changes")}
    delivery.close()
    subjects = ("root", "merge", "same", "amended", "duplicatec")
    shipped_by = [(shipped[new[subject]] or "").removeprefix("shop/").removesuffix("@files") for subject in subjects]
    assert shipped_by == ["d3", "d2", "d2", "d3", "d3"]


def test_other_people_and_ids_are_the_same_changes(
    git_landing: Any, upstream: Any, built_in: Callable[..., Any]
) -> None:
    """A trunk whose authors are rewritten ships nothing again, and its changes keep their first merge time."""
    old = [upstream.commit(name, name) for name in ("one", "two", "three")]
    git_landing.run({"url": str(upstream.path)})
    upstream.now += 86_400
    upstream.git("checkout", "--quiet", "--orphan", "rewritten")
    for sha in old:
        time, subject = upstream.git("show", "-s", "--format=%at %s", sha).split(" ")
        upstream.git("read-tree", sha)
        upstream.git("commit", "--quiet", "-m", subject, GIT_AUTHOR_NAME="eve", GIT_AUTHOR_DATE=f"{time} +0000")
    new = upstream.git("rev-list", "--reverse", "HEAD").split()
    upstream.git("branch", "--quiet", "--force", "main", "HEAD")
    upstream.git("checkout", "--quiet", "--force", "main")
    git_landing.run({"url": str(upstream.path)})
    rows = ["id | application | environment | status | started_at | finished_at | repository | commit"]
    for day, sha in enumerate((old[0], old[1], new[2]), 1):
        rows.append(
            f"d{day} | shop | production | succeeded | 2026-03-0{day}T08:00 | 2026-03-0{day}T09:00 | acme/shop | {sha}"
        )
    delivery = built_in(git_landing.data, deployments="\n".join(rows))
    shipped = {row["sha"]: row["shipped_by"] for row in delivery.sql("SELECT sha, shipped_by FROM changes")}
    delivery.close()
    assert [shipped[sha] for sha in new] == [f"shop/d{day}@files" for day in (1, 2, 3)]
    merged = "SELECT count(*) FROM change WHERE on_trunk AND epoch(merged_at) < 1700000000 + 86400"
    assert git_landing.column(merged) == [3]


def test_a_merge_the_wrong_way_round_is_told(git_landing: Any, upstream: Any) -> None:
    """Trunk commits that a merge of the trunk into a branch leaves beside the line are counted."""
    upstream.commit("base")
    upstream.git("checkout", "--quiet", "-b", "topic")
    upstream.commit("on a branch", "other")
    upstream.git("checkout", "--quiet", "main")
    upstream.commit("on trunk")
    git_landing.run({"url": str(upstream.path)})
    upstream.git("checkout", "--quiet", "topic")
    upstream.merge("main", "Merge branch 'main' into topic")
    upstream.git("branch", "--quiet", "--force", "main", "topic")
    upstream.git("checkout", "--quiet", "main")
    notes = git_landing.run({"url": str(upstream.path)}).notes
    assert any("1 trunk commits are beside the trunk's line now" in note for note in notes)
