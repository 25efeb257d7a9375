"""The deployments without known commits, by repository and reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.doctor import attribution, run

A, TWIN = "a" * 40, "aaaaaaa" + "b" * 33


def deployments(*commits: tuple[str, str]) -> str:
    """One succeeded deployment a day of each repository and commit."""
    rows = ["id | application | environment | status | started_at | finished_at | repository | commit"]
    for day, (repository, commit) in enumerate(commits, 1):
        when = f"2026-03-{day:02}T08:00 | 2026-03-{day:02}T09:00"
        rows.append(f"d{day} | shop | production | succeeded | {when} | {repository} | {commit}")
    return "\n".join(rows)


def changes(*shas: str) -> str:
    rows = ["repository | sha | parents | authored_at | committed_at"]
    return "\n".join(rows + [f"acme/shop | {sha} | | 2026-03-01T07:00 | 2026-03-01T07:00" for sha in shas])


def test_each_reason_has_its_share(facts: Callable[..., Any], tmp_path: Path) -> None:
    """Never ingested, not in the repository, too short or missing; a redeploy of the same commit does not count."""
    commits = [("acme/shop", A)] * 2 + [("acme/web", "c" * 40)] * 3 + [("acme/shop", "d" * 40)] * 2
    commits += [("acme/shop", "aaaaaaa")] * 2 + [("", "")]
    facts(deployments=deployments(*commits), changes=changes(A, TWIN), as_of=datetime(2026, 4, 1, tzinfo=UTC))
    findings = list(attribution.check_attribution(tmp_path / "dora.duckdb"))
    assert {(finding.check, finding.message.split(" deployments ")[0]) for finding in findings} >= {
        ("commits of shop in acme/web", "1 of 5"),
        ("commits of shop in acme/shop", "1 of 5"),
        ("commits of shop in no repository", "1 of 5"),
    }
    (finding,) = [finding for finding in findings if "acme/web" in finding.check]
    assert ("(20%)" in finding.message, "never ingested" in finding.message, "[sources.git]" in finding.next) == (
        True,
        True,
        True,
    )
    assert {finding.state for finding in findings} == {"warn"}
    assert set(findings) <= set(run.run_checks(tmp_path, {}, 36.0))


def test_commits_in_landing_give_no_finding(facts: Callable[..., Any], tmp_path: Path) -> None:
    """Neither does a folder without a build."""
    assert list(attribution.check_attribution(tmp_path / "dora.duckdb")) == []
    facts(deployments=deployments(("acme/shop", A)), changes=changes(A), as_of=datetime(2026, 4, 1, tzinfo=UTC))
    assert list(attribution.check_attribution(tmp_path / "dora.duckdb")) == []
