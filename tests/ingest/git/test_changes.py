"""The columns of a change: kind, cherry-picks, owners, size, plausible times."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SHARED


def repository(upstream: Any, **more: Any) -> dict[str, Any]:
    return {"url": str(upstream.path), **more}


def changes_by_subject(git_landing: Any, columns: str) -> dict[str, Any]:
    """The columns of each change by its subject; a single column is its value."""
    rows = git_landing.sql(f"SELECT c.subject, {columns} FROM change h JOIN commit c USING (repository, sha)")
    return {row[0]: row[1] if len(row) == 2 else row[1:] for row in rows}


def branch(upstream: Any, name: str, at: str = "HEAD") -> None:
    upstream.git("checkout", "--quiet", "-b", name, at)


def test_a_change_has_a_kind(upstream: Any, git_landing: Any) -> None:
    """Merged, squashed or direct; the number of its commits, and the author time of the first."""
    upstream.commit("one")
    branch(upstream, "topic")
    upstream.commit("two", "topic", GIT_AUTHOR_DATE="1690000000 +0000")
    upstream.commit("three", "topic")
    upstream.git("checkout", "--quiet", "main")
    upstream.commit("four (#4)")
    upstream.merge("topic", "Merge pull request #7 from acme/topic")
    git_landing.run(repository(upstream))
    assert changes_by_subject(git_landing, "kind, commits, branch, merge_time_issue") == {
        "one": ("direct", 1, "main", None),
        "four (#4)": ("squash", 1, "main", None),
        "Merge pull request #7 from acme/topic": ("merge", 3, "main", None),
    }
    first = changes_by_subject(git_landing, "epoch(first_commit_at)::BIGINT")
    assert first["Merge pull request #7 from acme/topic"] == 1_690_000_000


def test_a_branch_read_before_its_merge_is_counted_with_it(upstream: Any, git_landing: Any) -> None:
    """The commits of a change do not depend on the run that first read its branch."""
    upstream.commit("one")
    branch(upstream, "topic")
    upstream.commit("two", "topic")
    upstream.git("checkout", "--quiet", "main")
    git_landing.run(repository(upstream))
    upstream.merge("topic", "Merge pull request #7 from acme/topic")
    git_landing.run(repository(upstream))
    assert changes_by_subject(git_landing, "commits")["Merge pull request #7 from acme/topic"] == 2


def released(upstream: Any) -> tuple[str, str]:
    """A trunk of three and a release line from the first; the ids of the second and third."""
    upstream.commit("one")
    upstream.git("branch", "release/1")
    two, three = upstream.commit("two", "two"), upstream.commit("three", "three")
    upstream.git("checkout", "--quiet", "release/1")
    upstream.now += 600
    return two, three


def test_release_branches_are_trunks_too(upstream: Any, git_landing: Any) -> None:
    """A commit on both belongs to the trunk; one on a release branch alone stays when the branch is deleted."""
    released(upstream)
    upstream.commit("fix")
    settings = repository(upstream, trunk=["main", "release/*"])
    git_landing.run(settings)
    expected = {"one": "main", "two": "main", "three": "main", "fix": "release/1"}
    assert changes_by_subject(git_landing, "branch") == expected
    upstream.git("checkout", "--quiet", "main")
    upstream.git("branch", "-D", "release/1")
    upstream.commit("four")
    assert git_landing.run(settings).notes == []
    assert changes_by_subject(git_landing, "branch") == {**expected, "four": "main"}
    assert changes_by_subject(git_landing, "on_trunk")["fix"]
    git_landing.run(repository(upstream))
    assert changes_by_subject(git_landing, "on_trunk") == {**dict.fromkeys([*expected, "four"], True), "fix": False}


def test_picks_onto_a_release_line_name_their_origin(upstream: Any, git_landing: Any) -> None:
    """By trailer, else by patch, author and author time; another patch of that time is not a cherry-pick."""
    two, three = released(upstream)
    upstream.git("cherry-pick", "-x", two)
    upstream.git("cherry-pick", three)
    impostor = upstream.git("show", "-s", "--format=%at +0000", three)
    upstream.commit("impostor", "other", GIT_AUTHOR_DATE=impostor)
    git_landing.run(repository(upstream, trunk=["main", "release/*"]))
    rows = dict(git_landing.sql("SELECT subject, picked_from FROM commit WHERE picked_from IS NOT NULL"))
    assert rows == {"two": two, "three": three}
    assert sorted(git_landing.column("SELECT labels FROM change WHERE branch = 'release/1'")) == [
        [], ["backport"], ["backport"]
    ]  # fmt: skip


def test_a_rewritten_trunk_is_a_note(upstream: Any, git_landing: Any) -> None:
    """A note counts the commits that a force-push dropped; their changes keep their columns."""
    base = upstream.commit("base")
    upstream.commit("lost (#4)")
    upstream.commit("lost too")
    git_landing.run(repository(upstream))
    upstream.git("reset", "--quiet", "--hard", base)
    upstream.commit("kept")
    (note,) = git_landing.run(repository(upstream)).notes
    assert "2 trunk commits were rewritten" in note
    assert changes_by_subject(git_landing, "kind, commits, on_trunk")["lost (#4)"] == ("squash", 1, False)


def test_an_implausible_time_is_stored_and_flagged(upstream: Any, git_landing: Any) -> None:
    """1970, 2099 and a time long before the parent's land unchanged, with the reason why they are not plausible."""
    upstream.commit("fine")
    for subject, date in {"old": "0", "new": "4102444800", "back": "1600000000", "skewed": "1699990000"}.items():
        upstream.commit(subject, GIT_COMMITTER_DATE=f"@{date} +0000")
    git_landing.run(repository(upstream))
    assert changes_by_subject(git_landing, "merge_time_issue, epoch(merged_at)::BIGINT") == {
        "fine": (None, 1_700_000_060), "old": ("too_early", 0), "new": ("in_future", 4_102_444_800),
        "back": ("before_parent", 1_600_000_000), "skewed": (None, 1_699_990_000),
    }  # fmt: skip
    git_landing.run(repository(upstream, name="acme/strict"), clock_skew_hours=0)
    assert git_landing.column(
        "SELECT count(*) FROM change WHERE merge_time_issue IS NOT NULL AND repository = 'acme/strict'"
    ) == [4]


def test_codeowners_give_the_applications_of_a_change(upstream: Any, git_landing: Any) -> None:
    """The CODEOWNERS in force at each change decides; without one the applications are null."""
    upstream.commit("before", "pay/a")
    (upstream.path / "CODEOWNERS").write_text("/pay @acme/money\n/web @acme/front\n")
    upstream.commit("owners", "readme")
    upstream.git("add", "CODEOWNERS")
    upstream.commit("pay", "pay/b")
    (upstream.path / "CODEOWNERS").write_text("/pay @acme/front\n")
    upstream.git("add", "CODEOWNERS")
    upstream.commit("moved", "pay/c")
    upstream.git("mv", "pay/c", "web")
    upstream.commit("renamed", "nobody")
    owners = {"@acme/money": ["ledger", "billing"], "@acme/front": ["shop"]}
    git_landing.run(repository(upstream, codeowners=owners))
    assert changes_by_subject(git_landing, "applications, paths") == {
        "before": (None, None), "owners": (None, None), "pay": (["billing", "ledger"], None),
        "moved": (["shop"], None), "renamed": (["shop"], None),
    }  # fmt: skip
    # of the two teams only front owns anything at the tip
    assert git_landing.sql("SELECT application, team FROM application") == [("shop", "front")]


def test_sizes_are_counted_on_request(upstream: Any, git_landing: Any) -> None:
    """Files and lines against the first parent; a binary file has no lines; without the setting they are null."""
    upstream.commit("one", "a")
    (upstream.path / "blob").write_bytes(b"\0\1\2")
    (upstream.path / "text\tname").write_text("x\ny\n")
    upstream.git("add", ".")
    upstream.commit("two", "a")
    git_landing.run(repository(upstream))
    assert set(changes_by_subject(git_landing, "files").values()) == {None}
    (git_landing.data / "landing.duckdb").unlink()
    shutil.rmtree(git_landing.data / "payloads")
    git_landing.run(repository(upstream, sizes=True))
    assert changes_by_subject(git_landing, "files, lines_added, lines_removed") == {"one": (1, 1, 0), "two": (3, 3, 1)}


@pytest.mark.shared
def test_real_merges_include_the_commits_that_git_counts(git_landing: Any, tmp_path: Path) -> None:
    """On a real graph each merge includes as many commits as ``git rev-list M ^M^1`` counts."""
    path = tmp_path / "orca.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=master", path], check=True)
    packed = subprocess.run(["gzip", "-dc", SHARED / "git/orca.fast-import.gz"], check=True, capture_output=True).stdout
    subprocess.run(["git", "-C", path, "fast-import", "--done", "--quiet"], input=packed, check=True)
    git_landing.run({"url": str(path), "name": "spinnaker/orca"})
    merges = git_landing.sql("SELECT sha, commits FROM change WHERE kind = 'merge' ORDER BY sha LIMIT 60")
    assert len(merges) == 60
    for sha, commits in merges:
        command = ["git", "-C", path, "rev-list", "--count", sha, f"^{sha}^1"]
        assert int(subprocess.run(command, check=True, capture_output=True).stdout) == commits
    total = git_landing.column("SELECT sum(commits) FROM change WHERE on_trunk")
    command = ["git", "-C", path, "rev-list", "--count", "master"]
    assert int(subprocess.run(command, check=True, capture_output=True).stdout) == total[0]
