"""What the doctor reports on each repository: access, age of the mirror, distance to production, deployments."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from ingest.doctor import run

# Builds deployments of these ``repository | commit`` and returns the doctor's findings on acme/shop.
CheckMirror = Callable[..., list[str]]


def deployment_table(*commits: str) -> str:
    """One deployment a day of each ``repository | commit``."""
    rows = ["id | application | environment | status | started_at | finished_at | repository | commit"]
    for day, commit in enumerate(commits, 1):
        rows.append(f"d{day} | shop | production | succeeded | 2026-03-0{day}T08:00 | 2026-03-0{day}T09:00 | {commit}")
    return "\n".join(rows)


@pytest.fixture
def check_mirror(upstream: Any, git_landing: Any, built_in: Callable[..., Any]) -> CheckMirror:
    def check(*commits: str) -> list[str]:
        git_landing.data.mkdir(exist_ok=True)
        if commits:
            built_in(git_landing.data, deployments=deployment_table(*commits)).close()
        findings = run.run_checks(git_landing.data, {"git": {"repositories": [{"url": str(upstream.path)}]}}, 36.0)
        return [f"{finding.state}: {finding.message}" for finding in findings if finding.check == "git acme/shop"]

    return check


def test_every_finding_names_the_share_of_deployments(
    upstream: Any, git_landing: Any, check_mirror: CheckMirror
) -> None:
    """Not fetched, current, old, outdated, shallow or out of reach: the share, and how far the trunk is ahead."""
    first, tip = upstream.commit("one"), upstream.commit("two")
    commits = [f"ACME/shop | {first}", f"acme/shop | {'f' * 40}", f"acme/web | {'c' * 40}"]
    assert check_mirror() == ["warn: not fetched yet; its share of the deployments is unknown until the first build"]
    none = "contains the commits of 0 of 3 deployments (0%), lacks those of 2 that name it"
    assert check_mirror(*commits) == [f"warn: not fetched yet; {none}"]
    git_landing.run({"url": str(upstream.path)})
    mirror = git_landing.data / "mirrors" / "acme__shop.git"
    share = "contains the commits of 1 of 3 deployments (33%), lacks those of 1 that name it"
    details = f" h ago; main is at {tip[:12]}, 1 change ahead of the last deployed {first[:12]}; {share}"
    (current,) = check_mirror(*commits)
    assert current.startswith("ok: the mirror is up to date; fetched 20")
    assert current.endswith(f" UTC, 0{details}")
    os.utime(mirror / "dora-fetched", (time.time() - 72 * 3600,) * 2)
    (mirror / "shallow").write_text(f"{first}\n")
    shallow, old = check_mirror()
    assert shallow.startswith("fail: the mirror is shallow: ")
    assert all(message.endswith(f" UTC, 72{details}") for message in (shallow, old))
    (mirror / "shallow").unlink()
    upstream.commit("three")
    (outdated,) = check_mirror()
    assert outdated.startswith("warn: the mirror is behind on 1 branch; ")
    upstream.path.rename(upstream.path.with_name("moved"))
    (unreachable,) = check_mirror()
    assert unreachable.startswith("fail: the repository can not be read: ")
    assert all(message.endswith(details) for message in (outdated, unreachable))


def test_an_unknown_age_or_distance_is_not_zero(upstream: Any, git_landing: Any, check_mirror: CheckMirror) -> None:
    """A mirror without a successful fetch has no age; a commit that only landing contains has no distance."""
    first, mirror = upstream.commit("one"), git_landing.data / "mirrors" / "acme__shop.git"
    git_landing.run({"url": str(upstream.path)})
    (current,) = check_mirror(f"acme/shop | {first}")
    assert f"main is at {first[:12]}, 0 changes ahead of the last deployed {first[:12]}" in current
    (mirror / "dora-fetched").unlink()
    mirror.rename(mirror.with_name("before"))
    upstream.git("init", "--quiet", "--bare", str(mirror))
    (message,) = check_mirror()
    assert message.startswith("warn: the mirror is behind on 1 branch; never fetched successfully; ")
    share = "contains the commits of 1 of 1 deployments (100%)"
    assert message.endswith(f"; the last deployed commit {first[:12]} is not in the mirror; {share}")
