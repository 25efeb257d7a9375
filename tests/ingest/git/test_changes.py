"""What lands of each change beside its commit: how it came, what it undoes and repeats, whose it is, how large."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SHARED


def repository(upstream: Any, **more: Any) -> dict[str, Any]:
    return {"url": str(upstream.path), **more}


def told(ingested: Any, columns: str) -> dict[str, Any]:
    """The given columns of each change, by its subject; one column alone is its value."""
    rows = ingested.sql(f"SELECT c.subject, {columns} FROM change h JOIN commit c USING (repository, sha)")
    return {row[0]: row[1] if len(row) == 2 else row[1:] for row in rows}


def branch(upstream: Any, name: str, at: str = "HEAD") -> None:
    upstream.git("checkout", "--quiet", "-b", name, at)


def test_a_change_says_how_it_came(upstream: Any, ingested: Any) -> None:
    """Merged, squashed, or pushed and rebased; how many commits it brought, and when the first was written."""
    upstream.commit("one")
    branch(upstream, "topic")
    upstream.commit("two", "topic", GIT_AUTHOR_DATE="1690000000 +0000")
    upstream.commit("three", "topic")
    upstream.git("checkout", "--quiet", "main")
    upstream.commit("four (#4)")
    upstream.merge("topic", "Merge pull request #7 from acme/topic")
    ingested.run(repository(upstream))
    assert told(ingested, "kind, commits, branch, merge_time_issue") == {
        "one": ("direct", 1, "main", None),
        "four (#4)": ("squash", 1, "main", None),
        "Merge pull request #7 from acme/topic": ("merge", 3, "main", None),
    }
    first = told(ingested, "epoch(first_commit_at)::BIGINT")
    assert first["Merge pull request #7 from acme/topic"] == 1_690_000_000


def test_a_branch_known_before_its_merge_is_counted_with_it(upstream: Any, ingested: Any) -> None:
    """What a change brought does not depend on the night at which its branch was first seen."""
    upstream.commit("one")
    branch(upstream, "topic")
    upstream.commit("two", "topic")
    upstream.git("checkout", "--quiet", "main")
    ingested.run(repository(upstream))
    upstream.merge("topic", "Merge pull request #7 from acme/topic")
    ingested.run(repository(upstream))
    assert told(ingested, "commits")["Merge pull request #7 from acme/topic"] == 2


def test_reverts_are_found_whatever_they_say(upstream: Any, ingested: Any) -> None:
    """By id, by the start of one, by request, by subject; a re-revert undoes the revert; also a night later."""
    one, two = upstream.commit("one (#1)"), upstream.commit("two (#2)")
    three, four = upstream.commit("three"), upstream.commit("four")
    ingested.run(repository(upstream))
    first = upstream.commit(f'Revert "three"\n\nThis reverts commit {three}.')
    upstream.commit(f"Undo four\n\nThis reverts commit {four[:9]}.")
    upstream.commit('Revert "one (#1)" (#5)\n\nReverts acme/shop#1')
    upstream.commit('Revert "two (#2)" (#6)')
    upstream.commit('Reapply "three"')
    ingested.run(repository(upstream))
    assert {s: r for s, r in told(ingested, "c.reverts").items() if r} == {
        'Revert "three"': three, "Undo four": four, 'Revert "one (#1)" (#5)': one,
        'Revert "two (#2)" (#6)': two, 'Reapply "three"': first,
    }  # fmt: skip
    assert told(ingested, "labels")["Undo four"] == ["revert"]


def test_a_merged_revert_undoes_by_its_merge(upstream: Any, ingested: Any) -> None:
    """The commit that reverts is on a branch; the change that undoes is the merge, of a merge too."""
    upstream.commit("one")
    branch(upstream, "topic")
    upstream.commit("two", "topic")
    upstream.git("checkout", "--quiet", "main")
    merged = upstream.merge("topic", "Merge pull request #7 from acme/topic")
    branch(upstream, "revert-7-topic")
    upstream.now += 60
    upstream.git("revert", "--no-edit", "-m", "1", merged)
    upstream.git("checkout", "--quiet", "main")
    upstream.merge("revert-7-topic", "Merge pull request #8 from acme/revert-7-topic")
    ingested.run(repository(upstream))
    found = told(ingested, "h.reverts, labels")
    assert found["Merge pull request #8 from acme/revert-7-topic"] == (merged, ["revert"])


def released(upstream: Any) -> tuple[str, str]:
    """A trunk of three and a release line from the first; the ids of the second and third."""
    upstream.commit("one")
    upstream.git("branch", "release/1")
    two, three = upstream.commit("two", "two"), upstream.commit("three", "three")
    upstream.git("checkout", "--quiet", "release/1")
    upstream.now += 600
    return two, three


def test_release_lines_are_read_beside_the_trunk(upstream: Any, ingested: Any) -> None:
    """What lies on both is the trunk's; what only a release line has is its own, and stays when the line is deleted."""
    released(upstream)
    upstream.commit("fix")
    settings = repository(upstream, trunk=["main", "release/*"])
    ingested.run(settings)
    expected = {"one": "main", "two": "main", "three": "main", "fix": "release/1"}
    assert told(ingested, "branch") == expected
    upstream.git("checkout", "--quiet", "main")
    upstream.git("branch", "-D", "release/1")
    upstream.commit("four")
    assert ingested.run(settings).notes == []
    assert told(ingested, "branch") == {**expected, "four": "main"}
    assert told(ingested, "on_trunk")["fix"]
    ingested.run(repository(upstream))
    assert told(ingested, "on_trunk") == {**dict.fromkeys([*expected, "four"], True), "fix": False}


def test_picks_onto_a_release_line_name_their_origin(upstream: Any, ingested: Any) -> None:
    """By trailer, else as the same patch of the same author and instant; another patch of that instant is no pick."""
    two, three = released(upstream)
    upstream.git("cherry-pick", "-x", two)
    upstream.git("cherry-pick", three)
    impostor = upstream.git("show", "-s", "--format=%at +0000", three)
    upstream.commit("impostor", "other", GIT_AUTHOR_DATE=impostor)
    ingested.run(repository(upstream, trunk=["main", "release/*"]))
    found = dict(ingested.sql("SELECT subject, picked_from FROM commit WHERE picked_from IS NOT NULL"))
    assert found == {"two": two, "three": three}
    assert sorted(ingested.column("SELECT labels FROM change WHERE branch = 'release/1'")) == [
        [], ["backport"], ["backport"]
    ]  # fmt: skip


def test_a_rewritten_trunk_is_told(upstream: Any, ingested: Any) -> None:
    """The number of commits that a force-push dropped is a note; they keep all that was known of them."""
    base = upstream.commit("base")
    upstream.commit("lost (#4)")
    upstream.commit("lost too")
    ingested.run(repository(upstream))
    upstream.git("reset", "--quiet", "--hard", base)
    upstream.commit("kept")
    (note,) = ingested.run(repository(upstream)).notes
    assert "2 trunk commits were rewritten" in note
    assert told(ingested, "kind, commits, on_trunk")["lost (#4)"] == ("squash", 1, False)


def test_a_clock_that_can_not_be_is_kept_and_flagged(upstream: Any, ingested: Any) -> None:
    """1970, 2099 and a time long before the parent's land as they are, with the reason for the doubt."""
    upstream.commit("fine")
    for subject, date in {"old": "0", "new": "4102444800", "back": "1600000000", "skewed": "1699990000"}.items():
        upstream.commit(subject, GIT_COMMITTER_DATE=f"@{date} +0000")
    ingested.run(repository(upstream))
    assert told(ingested, "merge_time_issue, epoch(merged_at)::BIGINT") == {
        "fine": (None, 1_700_000_060), "old": ("too_early", 0), "new": ("in_future", 4_102_444_800),
        "back": ("before_parent", 1_600_000_000), "skewed": (None, 1_699_990_000),
    }  # fmt: skip
    ingested.run(repository(upstream, name="acme/strict"), clock_skew_hours=0)
    assert ingested.column(
        "SELECT count(*) FROM change WHERE merge_time_issue IS NOT NULL AND repository = 'acme/strict'"
    ) == [4]


def test_owners_say_whose_a_change_is(upstream: Any, ingested: Any) -> None:
    """The CODEOWNERS in force at each change decides; before there was one, nobody knows."""
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
    ingested.run(repository(upstream, codeowners=owners))
    assert told(ingested, "applications, paths") == {
        "before": (None, None), "owners": (None, None), "pay": (["billing", "ledger"], None),
        "moved": (["shop"], None), "renamed": (["shop"], None),
    }  # fmt: skip
    # of the two teams only front owns anything at the tip
    assert ingested.sql("SELECT application, team FROM application") == [("shop", "front")]


def test_sizes_are_counted_on_request(upstream: Any, ingested: Any) -> None:
    """Files and lines against the first parent; a binary file has no lines; without the setting nobody counts."""
    upstream.commit("one", "a")
    (upstream.path / "blob").write_bytes(b"\0\1\2")
    (upstream.path / "text\tname").write_text("x\ny\n")
    upstream.git("add", ".")
    upstream.commit("two", "a")
    ingested.run(repository(upstream))
    assert set(told(ingested, "files").values()) == {None}
    (ingested.data / "landing.duckdb").unlink()
    ingested.run(repository(upstream, sizes=True))
    assert told(ingested, "files, lines_added, lines_removed") == {"one": (1, 1, 0), "two": (3, 3, 1)}


@pytest.mark.shared
def test_real_changes_brought_what_git_says(ingested: Any, tmp_path: Path) -> None:
    """On a real graph each merge brought as many commits as ``git rev-list M ^M^1`` counts."""
    path = tmp_path / "orca.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=master", path], check=True)
    packed = subprocess.run(["gzip", "-dc", SHARED / "git/orca.fast-import.gz"], check=True, capture_output=True).stdout
    subprocess.run(["git", "-C", path, "fast-import", "--done", "--quiet"], input=packed, check=True)
    ingested.run({"url": str(path), "name": "spinnaker/orca"})
    merges = ingested.sql("SELECT sha, commits FROM change WHERE kind = 'merge' ORDER BY sha LIMIT 60")
    assert len(merges) == 60
    for sha, commits in merges:
        asked = ["git", "-C", path, "rev-list", "--count", sha, f"^{sha}^1"]
        assert int(subprocess.run(asked, check=True, capture_output=True).stdout) == commits
    total = ingested.column("SELECT sum(commits) FROM change WHERE on_trunk")
    asked = ["git", "-C", path, "rev-list", "--count", "master"]
    assert int(subprocess.run(asked, check=True, capture_output=True).stdout) == total[0]
