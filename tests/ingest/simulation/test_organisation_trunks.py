from __future__ import annotations

import csv
import re
import subprocess
from collections import Counter
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.simulation.model.company import company
from ingest.simulation.model.repository import Change, order_trunk, write_trunk
from ingest.simulation.organisation import Organisation
from tests.simulation.expected import expected_results


def git(path: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=path, check=True, capture_output=True, text=True).stdout


def change(at: int, style: str = "squash", **other: object) -> Change:
    fields = {
        "author": "ada",
        "title": f"change {at}",
        "branch": f"b-{at}",
        "paths": ("src/a.py",),
        "applications": ("x",),
    }
    return Change(at=at, style=style, **{**fields, **other})  # type: ignore[arg-type]


def test_repositories_are_sound(organisation: Organisation) -> None:
    """Each is a complete bare repository with one branch, the trunk."""
    for path in organisation.repositories.values():
        assert git(path, "fsck", "--full", "--strict") == ""
        assert git(path, "for-each-ref", "--format=%(refname)").split() == ["refs/heads/main"]
        assert git(path, "rev-parse", "--is-bare-repository").strip() == "true"
        assert git(path, "symbolic-ref", "HEAD").strip() == "refs/heads/main"
        assert not (path / "marks").exists()


def test_trunks_have_all_styles(organisation: Organisation) -> None:
    """There are merges of one to three commits, squashes with their number, direct pushes and hotfix branches."""
    subjects, branch_sizes = [], Counter[int]()
    for path in organisation.repositories.values():
        for line in git(path, "log", "--first-parent", "--format=%P|%s", "main").splitlines():
            parents, subject = line.split("|", 1)
            subjects.append(subject)
            if " " in parents:
                first, second = parents.split()
                branch_sizes[int(git(path, "rev-list", "--count", f"{first}..{second}"))] += 1
    merges = [s for s in subjects if re.fullmatch(r"Merge pull request #\d+ from acme/\S+", s)]
    squashes = [s for s in subjects if re.search(r" \(#\d+\)$", s)]
    assert set(branch_sizes) == {1, 2, 3}
    assert len(merges) > len(squashes) > len(subjects) - len(merges) - len(squashes) > 0
    assert any("from acme/hotfix/" in subject for subject in merges)


def test_first_parent_times_rise_and_authors_are_before(organisation: Organisation) -> None:
    """The trunk's committer times rise strictly, and no commit is older than its author time."""
    for path in organisation.repositories.values():
        times = [int(at) for at in git(path, "log", "--first-parent", "--reverse", "--format=%ct", "main").split()]
        assert all(earlier < later for earlier, later in pairwise(times))
        pairs = [line.split() for line in git(path, "log", "--format=%at %ct", "main").splitlines()]
        assert all(int(authored) <= int(committed) for authored, committed in pairs)


def test_a_fix_deployed_from_its_branch_is_merged_later(organisation: Organisation) -> None:
    """The deployed commit is the second parent of a hotfix merge, made on the broken commit, not on trunk."""
    deployment_by_commit = {d.content: d for d in expected_results(organisation).deployments if d.repository}
    count = 0
    for path in organisation.repositories.values():
        merges = git(path, "rev-list", "--first-parent", "--merges", "--parents", "main").splitlines()
        for tip in (line.split()[-1] for line in merges if line.split()[-1] in deployment_by_commit):
            count += 1
            base = git(path, "rev-parse", f"{tip}^").strip()
            deployment = deployment_by_commit[tip]
            assert deployment.kind == "hotfix"
            assert deployment_by_commit[base].application == deployment.application
            assert int(git(path, "show", "-s", "--format=%ct", tip)) * 1000 < (deployment.first_traffic_at or 0)
    assert count


def test_reverts_name_a_commit_of_the_same_trunk(organisation: Organisation) -> None:
    """A revert's message names the full id of an earlier trunk commit."""
    count = 0
    for path in organisation.repositories.values():
        trunk = git(path, "rev-list", "--first-parent", "--reverse", "main").split()
        for sha in trunk:
            reverted = re.search(r"This reverts commit ([0-9a-f]{40})\.", git(path, "log", "-1", "--format=%B", sha))
            if reverted:
                count += 1
                assert trunk.index(reverted[1]) < trunk.index(sha)
    assert count >= 4


def test_the_shared_repository_is_laid_out_by_application(organisation: Organisation) -> None:
    """Its changes touch a service, the shared libraries, or documents of no application."""
    touched = git(organisation.repositories["acme/platform"], "ls-tree", "-r", "--name-only", "main").split()
    assert {path.split("/")[0] for path in touched} == {"services", "libs", "docs"}
    assert {path.split("/")[1] for path in touched if path.startswith("services/")} == {"gateway", "scheduler"}


def test_writing_twice_gives_the_same_ids(tmp_path: Path) -> None:
    """Commit ids follow from the changes alone."""
    ids = []
    for name in ("one", "two"):
        changes = order_trunk(
            [change(10**12 + n * 60_000, style) for n, style in enumerate(["direct", "merge", "squash"])]
        )
        write_trunk(tmp_path / name, changes)
        ids.append([c.sha for c in changes])
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 3


def test_ids_are_those_of_the_trunk_in_order(tmp_path: Path) -> None:
    """Every change has the id that git gave it, and a revert names the id of the reverted change."""
    changes = [change(10**12 + n * 600_000, "merge" if n % 2 else "squash", commits=1 + n % 3) for n in range(7)]
    changes.append(change(10**12 + 10**7, reverts=changes[3]))
    path = tmp_path / "r.git"
    write_trunk(path, order_trunk(changes))
    assert [c.sha for c in changes] == git(path, "rev-list", "--first-parent", "--reverse", "main").split()
    assert f"This reverts commit {changes[3].sha}." in git(path, "log", "-1", "--format=%B", "main")
    assert git(path, "log", "-1", "--format=%s", "main").strip().startswith('Revert "change ')


def test_a_stream_that_git_refuses_is_an_error(tmp_path: Path) -> None:
    """A failed import raises an error."""
    bad = order_trunk([change(10**12, author="bro>ken<")])
    with pytest.raises((subprocess.CalledProcessError, BrokenPipeError)):
        write_trunk(tmp_path / "bad.git", bad)


@given(st.lists(st.integers(10**12, 10**12 + 10**5), min_size=1, max_size=30))
def test_order_is_strict_and_numbers_are_unique(times: list[int]) -> None:
    """However close changes are, the trunk has them in strictly rising whole seconds, each with its own number."""
    ordered = order_trunk(change(at) for at in times)
    assert all(c.at % 1000 == 0 for c in ordered)
    assert all(a.at < b.at for a, b in pairwise(ordered))
    assert [c.index for c in ordered] == list(range(len(times)))
    assert len({c.number for c in ordered}) == len(times)


def test_requests_are_those_of_the_trunks(organisation: Organisation) -> None:
    """Every number that a subject names has one request: its times rise to the merge, others reviewed it, and its first
    commit is the one in git; one team waits longest for a review, and a few merge without one."""
    teams = {app.repo: app.team for app in company(0.05)[0]}
    with organisation.change_requests.open(newline="") as file:
        requests = {(row["repository"], row["sha"]): row for row in csv.DictReader(file)}
    named, pickups = set(), dict[str, list[float]]()
    for repository, path in organisation.repositories.items():
        for line in git(path, "log", "--first-parent", "--format=%H %ct %s", "main").splitlines():
            sha, merged, subject = line.split(" ", 2)
            if not (number := re.search(r"#(\d+)", subject)):
                continue
            named.add((repository, sha))
            row = requests[repository, sha]
            steps = ("first_commit_at", "opened_at", "first_review_at", "approved_at", "merged_at")
            times = [datetime.fromisoformat(row[step]).timestamp() for step in steps if row[step]]
            assert (row["number"], times[-1], times) == (number[1], int(merged), sorted(times))
            assert row["author"] not in row["reviewers"].split(";")
            if row["approved_at"]:
                pickups.setdefault(teams[repository], []).append(times[2] - times[1])
            else:
                assert (row["merged_by"], row["reviewers"]) == (row["author"], "")
    assert named == requests.keys()
    slow = organisation.story.reviewed_slowly_team
    assert min(pickups, key=lambda team: -median(pickups[team])) == slow
    assert 0 < sum(not row["approved_at"] for row in requests.values()) < len(requests) / 20


def test_first_commits_of_requests_are_those_of_git(organisation: Organisation) -> None:
    """The branch of a merge begins with the commit that its request names."""
    with organisation.change_requests.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["repository"] == "acme/platform"]
    path = organisation.repositories["acme/platform"]
    merges = git(path, "log", "--first-parent", "--merges", "--format=%H", "main").split()
    firsts = {sha: min(git(path, "log", "--format=%at", f"{sha}^1..{sha}").split()) for sha in merges[:20]}
    named = {row["sha"]: datetime.fromisoformat(row["first_commit_at"]).timestamp() for row in rows}
    assert {sha: named[sha] for sha in firsts} == {sha: int(first) for sha, first in firsts.items()}
