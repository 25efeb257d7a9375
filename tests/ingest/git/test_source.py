"""The landing rows of a repository, run after run, whatever happens upstream."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.core.archive import Document
from ingest.git import SOURCE


def repository(upstream: Any, **more: Any) -> dict[str, Any]:
    return {"url": str(upstream.path), **more}


def test_every_commit_lands_as_git_shows_it(upstream: Any, ingested: Any) -> None:
    """Branches, merges and a second root: ids, parents, times, author and subject are git's."""
    upstream.commit("one")
    upstream.git("checkout", "--quiet", "-b", "topic")
    upstream.commit("two", GIT_AUTHOR_NAME="Grace", GIT_AUTHOR_DATE="1600000000 +0200")
    upstream.git("checkout", "--quiet", "main")
    upstream.merge("topic", "Merge pull request #7 from acme/topic")
    upstream.git("checkout", "--quiet", "--orphan", "island")
    upstream.commit("three", "other")
    ingested.run(repository(upstream))
    shape = "--format=%H|%P|%at|%ct|%an|%s"
    landed = ingested.sql(
        "SELECT concat_ws('|', sha, array_to_string(parents, ' '), epoch(authored_at)::BIGINT,"
        " epoch(committed_at)::BIGINT, author, subject) FROM commit WHERE repository = 'acme/shop'"
    )
    assert {line for (line,) in landed} == set(upstream.git("log", "--all", shape).splitlines())


def test_changes_are_the_first_parent_line_of_the_trunk(upstream: Any, ingested: Any) -> None:
    """A merge is one change, the commits of its branch are none; it has a number and the committer time."""
    upstream.commit("one (#1)")
    upstream.git("checkout", "--quiet", "-b", "topic")
    upstream.commit("two")
    upstream.git("checkout", "--quiet", "main")
    merge = upstream.merge("topic", "Merge pull request #7 from acme/topic")
    ingested.run(repository(upstream))
    assert ingested.changes() == set(upstream.revs("--first-parent", "main"))
    rows = ingested.sql(f"SELECT change_request, epoch(merged_at)::BIGINT, paths FROM change WHERE sha = '{merge}'")
    assert rows == [("7", upstream.now, None)]
    assert ingested.column("SELECT change_request FROM change ORDER BY 1") == ["1", "7"]


def test_a_second_run_reads_only_what_is_new(upstream: Any, ingested: Any) -> None:
    """Nothing new, no document; one commit more, that commit alone; and replaying the archive gives the same rows."""
    upstream.commit("one")
    assert ingested.run(repository(upstream)).tables["commit"]["new"] == 1
    assert ingested.run(repository(upstream)).documents == 0
    upstream.commit("two")
    again = ingested.run(repository(upstream))
    assert again.tables["commit"] == {"new": 1, "changed": 0, "unchanged": 0}
    everything = "SELECT * EXCLUDE load_id FROM commit ORDER BY id"
    before = ingested.sql(everything)
    (ingested.data / "landing.duckdb").unlink()
    ingested.run(repository(upstream), replaying=True)
    assert ingested.sql(everything) == before


def test_a_lost_landing_or_mirror_is_rebuilt(upstream: Any, ingested: Any) -> None:
    """Either one alone is enough for the same rows."""
    upstream.commit("one")
    upstream.commit("two")
    ingested.run(repository(upstream))
    everything = "SELECT * EXCLUDE load_id FROM change ORDER BY id"
    before = ingested.sql(everything)
    (ingested.data / "mirrors" / "acme__shop.git").rename(ingested.data / "gone")
    upstream.git("commit", "--quiet", "--amend", "-m", "TWO")
    assert ingested.run(repository(upstream)).partial_failures == []
    assert set(upstream.revs("main")) <= ingested.changes()
    (ingested.data / "landing.duckdb").unlink()
    upstream.git("reset", "--quiet", "--hard", before[0][3])
    ingested.run(repository(upstream))
    assert ingested.changes() == set(upstream.revs("main"))


def test_v1_a_force_push_loses_nothing_that_was_deployed(upstream: Any, ingested: Any) -> None:
    """Dropped changes stay with on_trunk false; their commits stay in landing and in the mirror, also after git gc."""
    base = upstream.commit("base")
    lost = upstream.commit("lost (#4)")
    ingested.run(repository(upstream))
    upstream.git("reset", "--quiet", "--hard", base)
    new = upstream.commit("kept")
    summary = ingested.run(repository(upstream))
    assert summary.tables["change"] == {"new": 1, "changed": 1, "unchanged": 0}
    assert ingested.sql("SELECT sha, change_request FROM change WHERE NOT on_trunk") == [(lost, "4")]
    assert ingested.changes() == {base, new}
    assert set(ingested.column("SELECT sha FROM commit")) == {base, lost, new}
    mirror = str(ingested.data / "mirrors" / "acme__shop.git")
    upstream.git("-C", mirror, "gc", "--quiet", "--prune=now")
    assert upstream.git("-C", mirror, "cat-file", "-t", lost) == "commit"


def test_a_change_that_returns_is_on_trunk_again(upstream: Any, ingested: Any) -> None:
    """The current trunk decides, however often it was rewritten."""
    base = upstream.commit("base")
    other = upstream.commit("other")
    for tip in (base, other, base, other):
        upstream.git("reset", "--quiet", "--hard", tip)
        ingested.run(repository(upstream))
        assert ingested.changes() == set(upstream.revs("main"))


def test_a_deleted_branch_keeps_its_commits(upstream: Any, ingested: Any) -> None:
    """A release branch that was deleted upstream can still be deployed."""
    upstream.commit("base")
    upstream.git("checkout", "--quiet", "-b", "release")
    release = upstream.commit("patch")
    ingested.run(repository(upstream))
    upstream.git("checkout", "--quiet", "main")
    upstream.git("branch", "-D", "release")
    ingested.run(repository(upstream))
    assert release in upstream.git("-C", str(ingested.data / "mirrors" / "acme__shop.git"), "for-each-ref")
    assert release in ingested.column("SELECT sha FROM commit")


def test_a_commit_that_only_a_tag_names_lands(upstream: Any, ingested: Any) -> None:
    """Light and annotated tags are read; a tag of a tree is ignored."""
    upstream.commit("base")
    upstream.git("checkout", "--quiet", "--detach")
    light = upstream.commit("light")
    upstream.git("tag", "light")
    annotated = upstream.commit("annotated")
    upstream.git("tag", "-m", "why", "annotated")
    upstream.git("tag", "tree", "HEAD^{tree}")
    upstream.git("checkout", "--quiet", "main")
    ingested.run(repository(upstream))
    assert {light, annotated} <= set(ingested.column("SELECT sha FROM commit"))


def test_v4_a_renamed_default_branch_is_followed(upstream: Any, ingested: Any) -> None:
    """The trunk is the branch of HEAD; under a new name its line continues, and no change is rewritten."""
    upstream.commit("one")
    ingested.run(repository(upstream))
    upstream.git("branch", "-m", "main", "trunk")
    upstream.commit("two")
    summary = ingested.run(repository(upstream))
    assert ingested.changes() == set(upstream.revs("trunk"))
    assert summary.tables["change"]["changed"] == 0


def test_a_configured_trunk_wins_over_head(upstream: Any, ingested: Any) -> None:
    """The changes are those of the branch ``trunk``; one that does not exist is a partial failure."""
    upstream.commit("one")
    upstream.git("checkout", "--quiet", "-b", "stable")
    upstream.commit("two")
    upstream.git("checkout", "--quiet", "main")
    upstream.commit("three")
    ingested.run(repository(upstream, trunk="stable"))
    assert ingested.changes() == set(upstream.revs("stable"))
    (failure,) = ingested.run(repository(upstream, trunk="nope")).partial_failures
    assert "no branch nope" in failure


def test_a_fast_forward_makes_changes_of_commits_already_landed(upstream: Any, ingested: Any) -> None:
    """Commits first seen on a branch become changes when the trunk moves onto them."""
    upstream.commit("one")
    upstream.git("checkout", "--quiet", "-b", "topic")
    upstream.commit("two (#2)")
    ingested.run(repository(upstream))
    upstream.git("checkout", "--quiet", "main")
    ingested.run(repository(upstream))
    upstream.git("merge", "--quiet", "--ff-only", "topic")
    summary = ingested.run(repository(upstream))
    assert summary.tables["commit"] == {"new": 0, "changed": 0, "unchanged": 1}
    assert ingested.changes() == set(upstream.revs("main"))
    assert "2" in ingested.column("SELECT change_request FROM change")


def test_a_merge_in_the_wrong_direction_follows_first_parents(upstream: Any, ingested: Any) -> None:
    """The trunk was merged into a branch, and the branch pushed as trunk."""
    upstream.commit("one")
    upstream.git("checkout", "--quiet", "-b", "topic")
    upstream.commit("topic", "topic")
    upstream.git("checkout", "--quiet", "main")
    upstream.commit("two")
    ingested.run(repository(upstream))
    upstream.git("checkout", "--quiet", "topic")
    upstream.merge("main", "Merge branch 'main' into topic")
    upstream.git("branch", "-f", "main", "topic")
    ingested.run(repository(upstream))
    assert ingested.changes() == set(upstream.revs("--first-parent", "main"))


def test_paths_are_those_against_the_first_parent(upstream: Any, ingested: Any) -> None:
    """With ``paths``, each change has the paths it touched, a merge those of its branch, named as in git."""
    upstream.commit("one", "api/a")
    upstream.git("checkout", "--quiet", "-b", "topic")
    upstream.commit("two", "web/strange\nname é")
    upstream.git("checkout", "--quiet", "main")
    upstream.commit("three", "api/b")
    merge = upstream.merge("topic", "Merge")
    ingested.run(repository(upstream, paths=True))
    landed = dict(ingested.sql("SELECT sha, paths FROM change"))
    assert landed[merge] == ["web/strange\nname é"]
    assert sorted(path for paths in landed.values() for path in paths) == ["api/a", "api/b", "web/strange\nname é"]


def test_paths_configured_later_are_filled_in(upstream: Any, ingested: Any) -> None:
    """With ``paths`` switched on, changes that landed without them are read again."""
    upstream.commit("one", "api/a")
    ingested.run(repository(upstream))
    ingested.run(repository(upstream, paths=True))
    assert ingested.column("SELECT paths FROM change") == [["api/a"]]


def test_one_repository_that_fails_does_not_stop_the_others(upstream: Any, ingested: Any, tmp_path: Any) -> None:
    """A missing repository is a partial failure; the others are read."""
    upstream.commit("one")
    missing = {"url": str(tmp_path / "missing.git"), "name": "acme/missing"}
    summary = ingested.run(missing, repository(upstream))
    (failure,) = summary.partial_failures
    assert "acme/missing" in failure
    assert "does not appear to be a git repository" in failure
    assert summary.tables["commit"]["new"] == 1


def test_an_empty_repository_is_a_partial_failure(upstream: Any, ingested: Any) -> None:
    """It has no trunk, and the message says what to set."""
    (failure,) = ingested.run(repository(upstream)).partial_failures
    assert "set `trunk`" in failure


def test_v2_a_shallow_repository_is_refused(upstream: Any, ingested: Any, tmp_path: Any) -> None:
    """An incomplete history is a partial failure and never a history with another root."""
    upstream.commit("one")
    upstream.commit("two")
    upstream.git("clone", "--quiet", "--depth=1", f"file://{upstream.path}", str(tmp_path / "shallow"))
    summary = ingested.run({"url": str(tmp_path / "shallow"), "name": "acme/shop"})
    assert "shallow" in summary.partial_failures[0]
    assert ingested.column("SELECT sha FROM commit") == []


def test_v3_a_missing_object_is_named(upstream: Any, ingested: Any) -> None:
    """A partial failure names the missing object."""
    upstream.commit("one")
    hole = upstream.commit("two")
    upstream.commit("three")
    (upstream.path / ".git" / "objects" / hole[:2] / hole[2:]).unlink()
    (failure,) = ingested.run(repository(upstream)).partial_failures
    assert hole in failure


def test_an_unknown_document_is_refused() -> None:
    """Another kind, missing columns and columns of other lengths are errors."""
    git = SOURCE.from_settings({"repositories": []}, None)
    with pytest.raises(ValueError, match="kind"):
        git.parse(Document("tag", b"{}"))
    with pytest.raises(ValueError, match="sha"):
        git.parse(Document("commit", b'{"repository":"a/b"}'))
    with pytest.raises(ValueError, match="0 values of merged_at in 1 rows of change"):
        git.parse(Document("change", b'{"repository":"a/b","on_trunk":true,"sha":["c"],"merged":[]}'))
