"""What a doctor says of each repository: how its mirror is, how old, how far ahead, and what it explains."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from ingest.doctor import run

LOST = "name it whose commits are not known"


def table(*carried: str) -> str:
    """One deployment a day of each ``repository | commit``."""
    rows = ["id | application | environment | status | started_at | finished_at | repository | commit"]
    for day, one in enumerate(carried, 1):
        rows.append(f"d{day} | shop | production | succeeded | 2026-03-0{day}T08:00 | 2026-03-0{day}T09:00 | {one}")
    return "\n".join(rows)


@pytest.fixture
def said(upstream: Any, ingested: Any, built_in: Callable[..., Any]) -> Callable[..., list[str]]:
    """Build deployments that carry these, and what is then said of the repository."""

    def told(*carried: str) -> list[str]:
        ingested.data.mkdir(exist_ok=True)
        if carried:
            built_in(ingested.data, deployments=table(*carried)).close()
        found = run.run_checks(ingested.data, {"git": {"repositories": [{"url": str(upstream.path)}]}}, 36.0)
        return [f"{one.state}: {one.message}" for one in found if one.check == "git acme/shop"]

    return told


def test_every_line_says_what_the_repository_explains(
    upstream: Any, ingested: Any, said: Callable[..., list[str]]
) -> None:
    """Missing, well, old, behind, shallow or out of reach: the share of deployments, and how far the trunk is ahead."""
    first, tip = upstream.commit("one"), upstream.commit("two")
    carried = [f"ACME/shop | {first}", f"acme/shop | {'f' * 40}", f"acme/web | {'c' * 40}"]
    assert said() == ["warn: it has no mirror yet; no deployment was built yet that it could explain"]
    assert said(*carried) == [f"warn: it has no mirror yet; it explains 0 of 3 deployments (0%), and 2 more {LOST}"]
    ingested.run({"url": str(upstream.path)})
    mirror = ingested.data / "mirrors" / "acme__shop.git"
    ahead = f"main is at {tip[:12]}, 1 change ahead of {first[:12]}, which was deployed last"
    rest = f" h ago; {ahead}; it explains 1 of 3 deployments (33%), and 1 more {LOST}"
    (well,) = said(*carried)
    assert well.startswith("ok: its mirror is there and up to date; fetched 20")
    assert well.endswith(f" UTC, 0{rest}")
    os.utime(mirror / "dora-fetched", (time.time() - 72 * 3600,) * 2)
    (mirror / "shallow").write_text(f"{first}\n")
    shallow, old = said()
    assert shallow.startswith("fail: its mirror is shallow: ")
    assert all(one.endswith(f" UTC, 72{rest}") for one in (shallow, old))
    (mirror / "shallow").unlink()
    upstream.commit("three")
    (behind,) = said()
    assert behind.startswith("warn: its mirror is behind on 1 branch; ")
    upstream.path.rename(upstream.path.with_name("moved"))
    (lost,) = said()
    assert lost.startswith("fail: it can not be compared: ")
    assert all(one.endswith(rest) for one in (behind, lost))


def test_a_mirror_without_a_whole_fetch_or_the_deployed_commit_says_so(
    upstream: Any, ingested: Any, said: Callable[..., list[str]]
) -> None:
    """An age that nobody knows is not 0, and a commit that only landing still knows is not counted from."""
    first, mirror = upstream.commit("one"), ingested.data / "mirrors" / "acme__shop.git"
    ingested.run({"url": str(upstream.path)})
    assert f"main is at {first[:12]}, 0 changes ahead of {first[:12]}" in said(f"acme/shop | {first}")[0]
    (mirror / "dora-fetched").unlink()
    mirror.rename(mirror.with_name("before"))
    upstream.git("init", "--quiet", "--bare", str(mirror))
    (line,) = said()
    assert line.startswith("warn: its mirror is behind on 1 branch; no fetch of it has ended well; ")
    assert line.endswith(
        f"; {first[:12]}, which was deployed last, is not in it; it explains 1 of 1 deployments (100%)"
    )
