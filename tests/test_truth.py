"""Ingest and build compute exactly what happens in a simulated organisation, over real HTTP and real git."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import dora
from dora.build.run import build
from dora.config.settings import read
from ingest import sources
from ingest.core.pipeline import pull
from ingest.core.source import Request
from ingest.simulation.demo import settings_text
from ingest.simulation.model.company import company
from ingest.simulation.organisation import Organisation, simulate
from ingest.simulation.story.plot import Story
from tests.simulation.expected import Truth, expected_results
from tests.simulation.gate import serve

END = datetime(2026, 11, 20, tzinfo=UTC)
SCALE = float(os.environ.get("DORA_TRUTH_SCALE", "0.3"))  # of the organisation; `make truth` runs at full size
BY_TEAM = dora.Scope(since="90d", by="team")
FORGETS = timedelta(days=14)


@dataclass
class Comparison:
    """What dora computes of an organisation, and the expected results."""

    delivery: dora.Delivery
    truth: Truth
    story: Story


def _backfilled(folder: Path) -> Comparison:
    """One first run at the end: Gate has forgotten operations from the UI older than 14 days."""
    organisation = simulate(folder, end=END, scale=SCALE)
    _ingest(organisation, folder, ["spinnaker", "git", "files"])
    truth = expected_results(organisation, ui_operations_since=END - FORGETS)
    return Comparison(dora.open(folder / "dora.duckdb"), truth, organisation.story)


def _nightly(folder: Path) -> Comparison:
    """A run every twelve days for a year: nothing is forgotten, and every run continues the one before."""
    organisation = simulate(folder, end=END, scale=0.03)
    now = organisation.world.now
    for days in range(360, 0, -12):
        organisation.world.now = now - days * 86_400_000
        _ingest(organisation, folder, ["spinnaker"])
    organisation.world.now = now
    _ingest(organisation, folder, ["spinnaker", "git", "files"])
    return Comparison(dora.open(folder / "dora.duckdb"), expected_results(organisation), organisation.story)


def _ingest(organisation: Organisation, folder: Path, names: list[str]) -> None:
    with serve(organisation.world) as gate:
        (folder / "dora.toml").write_text(settings_text(organisation, gate.url))
        config = read(folder / "dora.toml")
        for name in names:
            summary = pull(sources()[name].from_settings(config.sources[name], config.data), config.data, Request())
            assert (summary.quarantined, summary.partial_failures) == (0, [])
    if len(names) > 1:
        build(config)


@pytest.fixture(scope="module", params=[_backfilled, _nightly], ids=["backfill", "nightly"])
def comparison(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Comparison]:
    make: Callable[[Path], Comparison] = request.param
    comparison = make(tmp_path_factory.mktemp("organisation"))
    yield comparison
    comparison.delivery.close()


def millis(instant: datetime | None) -> int | None:
    return None if instant is None else round(instant.replace(tzinfo=UTC).timestamp() * 1000)


def test_every_deployment(comparison: Comparison) -> None:
    """0 deployments missing, extra, of another outcome or kind, with another commit; times equal to the millisecond."""
    rows = comparison.delivery.sql(
        "SELECT application, root_id, outcome, kind, first_traffic_at, full_traffic_at, took_traffic FROM deployments"
    )
    actual = {
        (row["application"], row["root_id"]): (
            row["outcome"],
            row["kind"] if row["took_traffic"] else None,
            millis(row["first_traffic_at"]),
            millis(row["full_traffic_at"]),
        )
        for row in rows
    }
    expected = {
        (d.application, d.root_id): (
            d.outcome,
            d.kind if d.outcome in ("succeeded", "failed") else None,
            d.first_traffic_at,
            d.full_traffic_at,
        )
        for d in comparison.truth.deployments
    }
    assert len(actual) == len(rows)
    assert actual == expected


def test_every_commit(comparison: Comparison) -> None:
    """Each deployment whose payload names a commit has that commit."""
    rows = comparison.delivery.sql("SELECT application, root_id, commit FROM deployments WHERE took_traffic")
    actual = {(row["application"], row["root_id"]): row["commit"] for row in rows}
    expected = {
        (d.application, d.root_id): d.commit
        for d in comparison.truth.deployments
        if d.outcome in ("succeeded", "failed")
    }
    assert {key: actual[key] for key, commit in expected.items() if commit} == {k: c for k, c in expected.items() if c}


def test_every_link_from_change_to_deployment(comparison: Comparison) -> None:
    """0 wrong links: each change is shipped by the expected deployment, or awaits deployment."""
    rows = comparison.delivery.sql(
        "SELECT c.*, d.root_id FROM changes c LEFT JOIN deployments d ON c.shipped_by = d.deployment_id"
        " WHERE NOT c.baseline"
    )
    shipped = {(r["application"], r["repository"], r["sha"], r["root_id"]) for r in rows if r["root_id"]}
    open_changes = {
        (r["application"], r["repository"], r["sha"])
        for r in rows
        if not r["root_id"] and not r["reverted_before_shipping"]
    }
    assert shipped == comparison.truth.shipped
    assert open_changes == comparison.truth.open_changes
    assert {
        (r["application"], r["repository"], r["sha"]) for r in rows if r["reverted_before_shipping"]
    } == comparison.truth.reverted


def test_every_failure_and_recovery(comparison: Comparison) -> None:
    """The failed deployments are the expected ones, each with all its evidence and its recovery time."""
    rows = comparison.delivery.sql(
        "SELECT d.application, d.root_id, r.evidence, r.recovered_at"
        " FROM recoveries r JOIN deployments d ON r.deployment_id = d.deployment_id"
    )
    actual = {
        (row["application"], row["root_id"]): (frozenset(row["evidence"].split()), millis(row["recovered_at"]))
        for row in rows
    }
    expected = {key: (failure.evidence, failure.recovered_at) for key, failure in comparison.truth.failures.items()}
    assert actual == expected


def test_every_canary(comparison: Comparison) -> None:
    """Each canary analysis that ended has its verdict."""
    rows = comparison.delivery.sql("SELECT canary_id, verdict FROM canaries WHERE verdict <> 'in_progress'")
    assert {row["canary_id"]: row["verdict"] for row in rows} == comparison.truth.canaries


def test_every_canary_outcome(comparison: Comparison) -> None:
    """A failed canary is overridden if its deployment took traffic; one that is promoted fails later if expected."""
    deployments = {(d.application, d.root_id): d for d in comparison.truth.deployments}
    rows = comparison.delivery.sql(
        "SELECT o.*, c.root_id FROM canary_outcomes o JOIN canaries c USING (canary_id) WHERE action_taken <> 'running'"
    )
    for row in rows:
        served = deployments[row["application"], row["root_id"]].first_traffic_at is not None
        alarmed = comparison.truth.canaries[row["canary_id"]] in ("fail", "marginal")
        ways = ("overridden", "stopped") if alarmed else ("promoted", "not deployed")
        assert row["action_taken"] == ways[0 if served else 1], row
        failed = (row["application"], row["root_id"]) in comparison.truth.failures
        assert bool(row["deployment_failed"]) == failed, row
    counts = comparison.delivery.canaries().counts
    assert counts.stopped == sum(row["action_taken"] == "stopped" for row in rows)
    assert counts.overridden_bad == sum(
        row["action_taken"] == "overridden" and bool(row["deployment_failed"]) for row in rows
    )
    assert counts.overridden_bad
    assert counts.overridden_good


def test_every_rollback(comparison: Comparison) -> None:
    """Each return to older content is listed once and nothing else is; the core has none of late, of 30 deployments."""
    rows = comparison.delivery.sql(
        "SELECT r.application, d.root_id FROM rollbacks r JOIN deployments d USING (deployment_id)"
    )
    expected = [
        (d.application, d.root_id)
        for d in comparison.truth.deployments
        if d.kind == "rollback" and d.outcome in ("succeeded", "failed")
    ]
    assert sorted((row["application"], row["root_id"]) for row in rows) == sorted(expected)
    core = {app.name for app in company(1)[0] if app.core} & {d.application for d in comparison.truth.deployments}
    quiet = comparison.delivery.rollbacks(dora.Scope(since="90d", applications=tuple(sorted(core))))
    assert (quiet.rows, quiet.incomplete) == ([], None)
    assert quiet.sentences[0].startswith("0 rollbacks in 90 days")
    assert quiet.deployments > 30


def test_self_approvals(comparison: Comparison) -> None:
    """An approval is an author's alone exactly if the approver wrote one of the changes shipped."""
    wrote = {(r["repository"], r["sha"]): r["author"].lower() for r in comparison.delivery.sql("FROM changes")}
    authors: dict[tuple[str, str], set[str]] = {}
    for application, repository, sha, root in comparison.truth.shipped:
        authors.setdefault((application, root), set()).add(wrote[repository, sha])
    rows = comparison.delivery.sql(
        "SELECT a.*, d.root_id FROM audit_trail a JOIN deployments d USING (deployment_id)"
        " WHERE approved_by IS NOT NULL"
    )
    assert rows
    for row in rows:
        approver = row["approved_by"].partition("@")[0]
        alone = approver in authors.get((row["application"], row["root_id"]), set())
        assert (row["author_approval"] == "alone") == alone, row


def test_every_kind_of_event_occurs(comparison: Comparison) -> None:
    """Every kind, outcome, verdict and evidence occurs, so that each law above has cases."""
    kinds = {d.kind for d in comparison.truth.deployments}
    outcomes = {d.outcome for d in comparison.truth.deployments}
    evidence = {kind for failure in comparison.truth.failures.values() for kind in failure.evidence}
    assert kinds >= {"release", "hotfix", "rollback", "redeploy", "config"}
    assert outcomes >= {"succeeded", "failed", "not_deployed", "stopped_by_canary", "rejected", "canceled"}
    assert evidence == {"rollback", "fix_forward", "incident", "deploy"}
    assert set(comparison.truth.canaries.values()) >= {"pass", "marginal", "fail", "error"}
    assert comparison.truth.open_changes


def test_the_brief_tells_the_story_and_nothing_else(comparison: Comparison) -> None:
    """Over all of history each sentence is a part of what was simulated; of a full organisation each part has one."""
    story = comparison.story
    claims = [sentence.claim for sentence in comparison.delivery.brief().sentences]
    brief_claims = {(None if claim.total else claim.now.group, claim.now.metric) for claim in claims}
    assert brief_claims <= story.claims
    assert (story.waiting_team, "lead_time") in brief_claims
    if SCALE == 1 and len(comparison.delivery.sql("FROM memberships")) == len(company(1)[0]):
        assert brief_claims >= {(None, "change_failure_rate"), (story.slowed_team, "lead_time")}
    goals = comparison.delivery.goals(BY_TEAM)
    # Of a small company, where scenarios are as many among fewer deployments, too many fail.
    lead_times = [row for row in goals if row.value.metric == "lead_time"]
    assert {(row.value.group, "lead_time") for row in lead_times if row.verdict == "missed"} <= set(story.missed)
