"""A trunk that was pushed with force: what came again keeps its time and its deployment, what did not is new."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

WRITTEN = "1690000000 +0000"


@pytest.fixture
def pushed(upstream: Any, ingested: Any) -> tuple[dict[str, str], dict[str, str]]:
    """A line rebased over an amended root, ingested before and after: its commits by subject, old and new."""
    old = {"root": upstream.commit("root")}
    upstream.git("checkout", "--quiet", "-b", "topic")
    old["part"] = upstream.commit("part", "topic")
    upstream.git("checkout", "--quiet", "main")
    upstream.git("merge", "--quiet", "--no-ff", "-m", "merge", "topic", GIT_AUTHOR_DATE=WRITTEN)
    old |= {"merge": upstream.head(), "same": upstream.commit("same", "a"), "amended": upstream.commit("amended", "b")}
    old |= {f"twin{side}": upstream.commit("twin", side, GIT_AUTHOR_DATE=WRITTEN) for side in "cd"}
    ingested.run({"url": str(upstream.path)})
    upstream.now += 86_400
    upstream.git("reset", "--quiet", "--hard", old["root"])
    new = {"root": amended(upstream)}
    upstream.git("checkout", "--quiet", "-B", "topic")
    new["part"] = picked(upstream, old["part"])
    upstream.git("checkout", "--quiet", "main")
    upstream.git("merge", "--quiet", "--no-ff", "-m", "merge", "topic", GIT_AUTHOR_DATE=WRITTEN)
    new |= {"merge": upstream.head(), "same": picked(upstream, old["same"])}
    picked(upstream, old["amended"])
    new["amended"] = amended(upstream)
    return old, new | {f"twin{side}": picked(upstream, old[f"twin{side}"]) for side in "cd"}


def amended(upstream: Any) -> str:
    (upstream.path / "more").write_text(f"{upstream.now}")
    upstream.git("add", "more")
    upstream.git("commit", "--quiet", "--amend", "--no-edit")
    return str(upstream.head())


def picked(upstream: Any, sha: str) -> str:
    upstream.now += 60
    upstream.git("cherry-pick", sha)
    return str(upstream.head())


def test_what_is_the_same_patch_is_the_same_change(
    ingested: Any, upstream: Any, pushed: tuple[dict[str, str], dict[str, str]]
) -> None:
    """The old commit is named where the patch is the same; an amended one, a merge and a root have no such origin."""
    old, new = pushed
    (note,) = ingested.run({"url": str(upstream.path)}).notes
    assert "6 trunk commits were rewritten, 4 of them are on trunk again with a new id" in note
    origins = dict(ingested.sql("SELECT sha, picked_from FROM commit"))
    named = {subject: origins[new[subject]] for subject in ("root", "part", "merge", "same", "amended")}
    assert named == {"root": None, "part": old["part"], "merge": None, "same": old["same"], "amended": None}
    assert {origins[sha] for sha in old.values()} == {None}
    assert ingested.column("SELECT DISTINCT labels FROM change") == [[]]


def test_what_came_again_keeps_the_time_at_which_it_first_came(
    ingested: Any, upstream: Any, pushed: tuple[dict[str, str], dict[str, str]]
) -> None:
    """By author, instant and subject; of two that share all three nobody knows which is which."""
    old, new = pushed
    ingested.run({"url": str(upstream.path)})
    times = dict(ingested.sql("SELECT sha, merged_at FROM change"))
    for subject in ("root", "merge", "same", "amended"):
        assert times[new[subject]] == times[old[subject]]
    assert all(times[new[twin]] - times[old[twin]] > timedelta(hours=23) for twin in ("twinc", "twind"))
    before = ingested.sql("SELECT * EXCLUDE load_id FROM change ORDER BY id")
    (ingested.data / "landing.duckdb").unlink()
    ingested.run({"url": str(upstream.path)}, replaying=True)
    assert ingested.sql("SELECT * EXCLUDE load_id FROM change ORDER BY id") == before


def test_what_was_shipped_before_a_rewrite_is_shipped_after_it(
    ingested: Any, upstream: Any, built_in: Callable[..., Any], pushed: tuple[dict[str, str], dict[str, str]]
) -> None:
    """A merge whose commits were shipped as they were before is not shipped again; what was amended is."""
    old, new = pushed
    ingested.run({"url": str(upstream.path)})
    rows = ["id | application | environment | status | started_at | finished_at | repository | commit"]
    for day, sha in enumerate((old["root"], old["amended"], new["twind"]), 1):
        rows.append(
            f"d{day} | shop | production | succeeded | 2026-03-0{day}T08:00 | 2026-03-0{day}T09:00 | acme/shop | {sha}"
        )
    delivery = built_in(ingested.data, deployments="\n".join(rows))
    shipped = {row["sha"]: row["shipped_by"] for row in delivery.sql("SELECT sha, shipped_by FROM changes")}
    delivery.close()
    subjects = ("root", "merge", "same", "amended", "twinc")
    found = [(shipped[new[subject]] or "").removeprefix("shop/").removesuffix("@files") for subject in subjects]
    assert found == ["d3", "d2", "d2", "d3", "d3"]
