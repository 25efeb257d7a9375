"""Which repositories keep deployments from being followed to their commits, and how many each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.doctor import attribution, run

A, TWIN = "a" * 40, "aaaaaaa" + "b" * 33


def deployments(*carried: tuple[str, str]) -> str:
    """One succeeded deployment a day of each (repository, commit)."""
    rows = ["id | application | environment | status | started_at | finished_at | repository | commit"]
    for day, (repository, commit) in enumerate(carried, 1):
        when = f"2026-03-{day:02}T08:00 | 2026-03-{day:02}T09:00"
        rows.append(f"d{day} | shop | production | succeeded | {when} | {repository} | {commit}")
    return "\n".join(rows)


def changes(*shas: str) -> str:
    rows = ["repository | sha | parents | authored_at | committed_at"]
    return "\n".join(rows + [f"acme/shop | {sha} | | 2026-03-01T07:00 | 2026-03-01T07:00" for sha in shas])


def test_each_reason_is_named_with_its_share(facts: Callable[..., Any], tmp_path: Path) -> None:
    """Never ingested, not in it, cut too short or not told: each has its share of the nine, the redeploy apart."""
    carried = [("acme/shop", A)] * 2 + [("acme/web", "c" * 40)] * 3 + [("acme/shop", "d" * 40)] * 2
    carried += [("acme/shop", "aaaaaaa")] * 2 + [("", "")]
    facts(deployments=deployments(*carried), changes=changes(A, TWIN), as_of=datetime(2026, 4, 1, tzinfo=UTC))
    found = list(attribution.check_attribution(tmp_path / "dora.duckdb"))
    assert {(one.check, one.message.split(" deployments ")[0]) for one in found} >= {
        ("commits of acme/web", "3 of 9"),
        ("commits of acme/shop", "2 of 9"),
        ("commits of no repository", "1 of 9"),
    }
    (never,) = [one for one in found if "acme/web" in one.check]
    assert ("(33%)" in never.message, "never ingested" in never.message, "[sources.git]" in never.next) == (
        True,
        True,
        True,
    )
    assert {one.state for one in found} == {"warn"}
    assert set(found) <= set(run.run_checks(tmp_path, {}, 36.0))


def test_where_all_is_known_nothing_is_said(facts: Callable[..., Any], tmp_path: Path) -> None:
    """A build whose every deployment has its commit, and no build at all, give no finding."""
    assert list(attribution.check_attribution(tmp_path / "dora.duckdb")) == []
    facts(deployments=deployments(("acme/shop", A)), changes=changes(A), as_of=datetime(2026, 4, 1, tzinfo=UTC))
    assert list(attribution.check_attribution(tmp_path / "dora.duckdb")) == []
