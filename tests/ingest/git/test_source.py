"""The landing rows of a repository, run after run, whatever happens upstream."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.git import SOURCE
from ingest.payloads.archive import Document


def repository(upstream: Any, **more: Any) -> dict[str, Any]:
    return {"url": str(upstream.path), **more}


def test_every_commit_lands_as_git_shows_it(upstream: Any, git_landing: Any) -> None:
    """Branches, merges and a second root: ids, parents, times, author and subject are git's."""
    upstream.commit("one")
    upstream.git("checkout", "--quiet", "-b", "topic")
    upstream.commit("two", GIT_AUTHOR_NAME="Grace", GIT_AUTHOR_DATE="1600000000 +0200")
    upstream.git("checkout", "--quiet", "main")
    upstream.merge("topic", "Merge pull request #7 from acme/topic")
    upstream.git("checkout", "--quiet", "--orphan", "island")
    upstream.commit("three", "other")
    git_landing.run(repository(upstream))
    shape = "--format=%H|%P|%at|%ct|%an|%s"
    landed = git_landing.sql(
        "SELECT concat_ws('|', sha, array_to_string(parents, ' '), epoch(authored_at)::BIGINT,"
        " epoch(committed_at)::BIGINT, author, subject) FROM commit WHERE repository = 'acme/shop'"
    )
    assert {line for (line,) in landed} == set(upstream.git("log", "--all", shape).splitlines())


def test_changes_are_the_first_parent_line_of_the_trunk(upstream: Any, git_landing: Any) -> None:
    """A merge is one change, the commits of its branch are none; it has a number and the committer time."""
    upstream.commit("one (#1)")
    upstream.git("checkout", "--quiet", "-b", "topic")
    upstream.commit("two")
    upstream.git("checkout", "--quiet", "main")
    merge = upstream.merge("topic", "Merge pull request #7 from acme/topic")
    git_landing.run(repository(upstream))
    assert git_landing.changes() == set(upstream.revs("--first-parent", "main"))
    rows = git_landing.sql(f"SELECT change_request, epoch(merged_at)::BIGINT, paths FROM change WHERE sha = '{merge}'")
    assert rows == [("7", upstream.now, None)]
    assert git_landing.column("SELECT change_request FROM change ORDER BY 1") == ["1", "7"]


def test_a_second_run_reads_only_what_is_new(upstream: Any, git_landing: Any) -> None:
    """Nothing new, no document; one commit more, that commit alone; and replaying the archive gives the same rows."""
    upstream.commit("one")
    assert git_landing.run(repository(upstream)).tables["commit"]["new"] == 1
    assert git_landing.run(repository(upstream)).documents == 0
    upstream.commit("two")
    again = git_landing.run(repository(upstream))
    assert again.tables["commit"] == {"new": 1, "changed": 0, "unchanged": 0}
    everything = "SELECT * EXCLUDE load_id FROM commit ORDER BY id"
    before = git_landing.sql(everything)
    (git_landing.data / "landing.duckdb").unlink()
    git_landing.run(repository(upstream), replaying=True)
    assert git_landing.sql(everything) == before


def test_a_lost_landing_or_mirror_is_rebuilt(upstream: Any, git_landing: Any) -> None:
    """Either one alone is enough for the same rows."""
    upstream.commit("one")
    upstream.commit("two")
    git_landing.run(repository(upstream))
    everything = "SELECT * EXCLUDE load_id FROM change ORDER BY id"
    before = git_landing.sql(everything)
    (git_landing.data / "mirrors" / "acme__shop.git").rename(git_landing.data / "gone")
    upstream.git("commit", "--quiet", "--amend", "-m", "TWO")
    assert git_landing.run(repository(upstream)).partial_failures == []
    assert set(upstream.revs("main")) <= git_landing.changes()
    (git_landing.data / "landing.duckdb").unlink()
    upstream.git("reset", "--quiet", "--hard", before[0][3])
    git_landing.run(repository(upstream))
    assert git_landing.changes() == set(upstream.revs("main"))


def test_v1_a_force_push_loses_nothing_that_was_deployed(upstream: Any, git_landing: Any) -> None:
    """Dropped changes stay with on_trunk false; their commits stay in landing and in the mirror, also after git gc."""
    base = upstream.commit("base")
    lost = upstream.commit("lost (#4)")
    git_landing.run(repository(upstream))
    upstream.git("reset", "--quiet", "--hard", base)
    new = upstream.commit("kept")
    summary = git_landing.run(repository(upstream))
    assert summary.tables["change"] == {"new": 1, "changed": 1, "unchanged": 0}
    assert git_landing.sql("SELECT sha, change_request FROM change WHERE NOT on_trunk") == [(lost, "4")]
    assert git_landing.changes() == {base, new}
    assert set(git_landing.column("SELECT sha FROM commit")) == {base, lost, new}
    mirror = str(git_landing.data / "mirrors" / "acme__shop.git")
    upstream.git("-C", mirror, "gc", "--quiet", "--prune=now")
    assert upstream.git("-C", mirror, "cat-file", "-t", lost) == "commit"


def test_a_mirror_has_no_file_for_each_object(upstream: Any, git_landing: Any) -> None:
    """Nights add a pack each, of which git makes one; without that a mirror gathers thousands of files."""
    for message in ("first", "second", "third"):
        upstream.commit(message)
        git_landing.run(repository(upstream))
    mirror = str(git_landing.data / "mirrors" / "acme__shop.git")
    assert upstream.git("-C", mirror, "count-objects", "-v").splitlines()[0] == "count: 0"


def test_a_change_that_returns_is_on_trunk_again(upstream: Any, git_landing: Any) -> None:
    """The current trunk decides, however often it was rewritten."""
    base = upstream.commit("base")
    other = upstream.commit("other")
    for tip in (base, other, base, other):
        upstream.git("reset", "--quiet", "--hard", tip)
        git_landing.run(repository(upstream))
        assert git_landing.changes() == set(upstream.revs("main"))


def test_a_deleted_branch_keeps_its_commits(upstream: Any, git_landing: Any) -> None:
    """A release branch that was deleted upstream can still be deployed."""
    upstream.commit("base")
    upstream.git("checkout", "--quiet", "-b", "release")
    release = upstream.commit("patch")
    git_landing.run(repository(upstream))
    upstream.git("checkout", "--quiet", "main")
    upstream.git("branch", "-D", "release")
    git_landing.run(repository(upstream))
    assert release in upstream.git("-C", str(git_landing.data / "mirrors" / "acme__shop.git"), "for-each-ref")
    assert release in git_landing.column("SELECT sha FROM commit")


def test_a_commit_that_only_a_tag_names_lands(upstream: Any, git_landing: Any) -> None:
    """Light and annotated tags are read; a tag of a tree is ignored."""
    upstream.commit("base")
    upstream.git("checkout", "--quiet", "--detach")
    light = upstream.commit("light")
    upstream.git("tag", "light")
    annotated = upstream.commit("annotated")
    upstream.git("tag", "-m", "why", "annotated")
    upstream.git("tag", "tree", "HEAD^{tree}")
    upstream.git("checkout", "--quiet", "main")
    git_landing.run(repository(upstream))
    assert {light, annotated} <= set(git_landing.column("SELECT sha FROM commit"))


def test_v4_a_renamed_default_branch_is_followed(upstream: Any, git_landing: Any) -> None:
    """The trunk is the branch of HEAD; under a new name its line continues, and no change is rewritten."""
    upstream.commit("one")
    git_landing.run(repository(upstream))
    upstream.git("branch", "-m", "main", "trunk")
    upstream.commit("two")
    summary = git_landing.run(repository(upstream))
    assert git_landing.changes() == set(upstream.revs("trunk"))
    assert summary.tables["change"]["changed"] == 0


def test_a_configured_trunk_wins_over_head(upstream: Any, git_landing: Any) -> None:
    """The changes are those of the branch ``trunk``; one that does not exist is a partial failure."""
    upstream.commit("one")
    upstream.git("checkout", "--quiet", "-b", "stable")
    upstream.commit("two")
    upstream.git("checkout", "--quiet", "main")
    upstream.commit("three")
    git_landing.run(repository(upstream, trunk="stable"))
    assert git_landing.changes() == set(upstream.revs("stable"))
    (failure,) = git_landing.run(repository(upstream, trunk="nope")).partial_failures
    assert "no branch nope" in failure


def test_a_fast_forward_makes_changes_of_commits_already_landed(upstream: Any, git_landing: Any) -> None:
    """Commits first seen on a branch become changes when the trunk moves onto them."""
    upstream.commit("one")
    upstream.git("checkout", "--quiet", "-b", "topic")
    upstream.commit("two (#2)")
    git_landing.run(repository(upstream))
    upstream.git("checkout", "--quiet", "main")
    git_landing.run(repository(upstream))
    upstream.git("merge", "--quiet", "--ff-only", "topic")
    summary = git_landing.run(repository(upstream))
    assert summary.tables["commit"] == {"new": 0, "changed": 0, "unchanged": 1}
    assert git_landing.changes() == set(upstream.revs("main"))
    assert "2" in git_landing.column("SELECT change_request FROM change")


def test_a_merge_in_the_wrong_direction_follows_first_parents(upstream: Any, git_landing: Any) -> None:
    """The trunk was merged into a branch, and the branch pushed as trunk."""
    upstream.commit("one")
    upstream.git("checkout", "--quiet", "-b", "topic")
    upstream.commit("topic", "topic")
    upstream.git("checkout", "--quiet", "main")
    upstream.commit("two")
    git_landing.run(repository(upstream))
    upstream.git("checkout", "--quiet", "topic")
    upstream.merge("main", "Merge branch 'main' into topic")
    upstream.git("branch", "-f", "main", "topic")
    git_landing.run(repository(upstream))
    assert git_landing.changes() == set(upstream.revs("--first-parent", "main"))


def test_paths_are_those_against_the_first_parent(upstream: Any, git_landing: Any) -> None:
    """With ``paths``, each change has the paths it touched, a merge those of its branch, named as in git."""
    upstream.commit("one", "api/a")
    upstream.git("checkout", "--quiet", "-b", "topic")
    upstream.commit("two", "web/strange\nname é")
    upstream.git("checkout", "--quiet", "main")
    upstream.commit("three", "api/b")
    merge = upstream.merge("topic", "Merge")
    git_landing.run(repository(upstream, paths=True))
    landed = dict(git_landing.sql("SELECT sha, paths FROM change"))
    assert landed[merge] == ["web/strange\nname é"]
    assert sorted(path for paths in landed.values() for path in paths) == ["api/a", "api/b", "web/strange\nname é"]


def test_paths_configured_later_are_filled_in(upstream: Any, git_landing: Any) -> None:
    """With ``paths`` switched on, changes that landed without them are read again."""
    upstream.commit("one", "api/a")
    git_landing.run(repository(upstream))
    git_landing.run(repository(upstream, paths=True))
    assert git_landing.column("SELECT paths FROM change") == [["api/a"]]


def test_one_repository_that_fails_does_not_stop_the_others(upstream: Any, git_landing: Any, tmp_path: Any) -> None:
    """A missing repository is a partial failure; the others are read."""
    upstream.commit("one")
    missing = {"url": str(tmp_path / "missing.git"), "name": "acme/missing"}
    summary = git_landing.run(missing, repository(upstream))
    (failure,) = summary.partial_failures
    assert "acme/missing" in failure
    assert "does not appear to be a git repository" in failure
    assert summary.tables["commit"]["new"] == 1


def test_an_empty_repository_is_a_partial_failure(upstream: Any, git_landing: Any) -> None:
    """It has no trunk, and the message says what to set."""
    (failure,) = git_landing.run(repository(upstream)).partial_failures
    assert "set `trunk`" in failure


def test_v2_a_shallow_repository_is_refused(upstream: Any, git_landing: Any, tmp_path: Any) -> None:
    """An incomplete history is a partial failure and never a history with another root."""
    upstream.commit("one")
    upstream.commit("two")
    upstream.git("clone", "--quiet", "--depth=1", f"file://{upstream.path}", str(tmp_path / "shallow"))
    summary = git_landing.run({"url": str(tmp_path / "shallow"), "name": "acme/shop"})
    assert "shallow" in summary.partial_failures[0]
    assert git_landing.column("SELECT sha FROM commit") == []


def test_v3_a_missing_object_is_reported(upstream: Any, git_landing: Any) -> None:
    """A partial failure names the missing object."""
    upstream.commit("one")
    hole = upstream.commit("two")
    upstream.commit("three")
    (upstream.path / ".git" / "objects" / hole[:2] / hole[2:]).unlink()
    (failure,) = git_landing.run(repository(upstream)).partial_failures
    assert hole in failure


def test_an_unknown_document_is_refused() -> None:
    """Another kind, missing columns and columns of other lengths are errors."""
    git = SOURCE.from_settings({"repositories": []}, None)
    with pytest.raises(ValueError, match="kind"):
        git.parse(Document("branch", b"{}"))
    with pytest.raises(ValueError, match="sha"):
        git.parse(Document("commit", b'{"repository":"a/b"}'))
    with pytest.raises(ValueError, match="0 values of merged_at in 1 rows of change"):
        git.parse(Document("change", b'{"repository":"a/b","on_trunk":true,"sha":["c"],"merged":[]}'))
