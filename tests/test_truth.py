"""Ingest + build find out exactly what happened in a simulated organisation, over real HTTP and real git."""

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
from tests.simulation.expected import Truth, expected_results
from tests.simulation.gate import serve

END = datetime(2026, 11, 20, tzinfo=UTC)
SCALE = float(os.environ.get("DORA_TRUTH_SCALE", "0.3"))  # of the organisation; `make truth` proves it at full size
FORGETS = timedelta(days=14)


@dataclass
class Told:
    """What the tool tells of an organisation, beside what is so."""

    delivery: dora.Delivery
    truth: Truth


def _backfilled(folder: Path) -> Told:
    """One first run at the end: Gate no longer tells of operations by hand older than 14 days."""
    made = simulate(folder, end=END, scale=SCALE)
    _ingest(made, folder, ["spinnaker", "git", "files"])
    return Told(dora.open(folder / "dora.duckdb"), expected_results(made, ui_operations_since=END - FORGETS))


def _nightly(folder: Path) -> Told:
    """A run every twelve days for a year: nothing is forgotten, and every run goes on from the one before."""
    made = simulate(folder, end=END, scale=0.03)
    now = made.world.now
    for days in range(360, 0, -12):
        made.world.now = now - days * 86_400_000
        _ingest(made, folder, ["spinnaker"])
    made.world.now = now
    _ingest(made, folder, ["spinnaker", "git", "files"])
    return Told(dora.open(folder / "dora.duckdb"), expected_results(made))


def _ingest(made: Organisation, folder: Path, names: list[str]) -> None:
    with serve(made.world) as gate:
        (folder / "dora.toml").write_text(settings_text(made, gate.url))
        config = read(folder / "dora.toml")
        for name in names:
            summary = pull(sources()[name].from_settings(config.sources[name], config.data), config.data, Request())
            assert (summary.quarantined, summary.partial_failures) == (0, [])
    if len(names) > 1:
        build(config)


@pytest.fixture(scope="module", params=[_backfilled, _nightly], ids=["backfill", "nightly"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    make: Callable[[Path], Told] = request.param
    found = make(tmp_path_factory.mktemp("organisation"))
    yield found
    found.delivery.close()


def millis(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.replace(tzinfo=UTC).timestamp() * 1000)


def test_every_deployment(told: Told) -> None:
    """0 deployments missing, extra, of another outcome or kind, with another commit; times equal to the millisecond."""
    rows = told.delivery.sql(
        "SELECT application, root_id, outcome, kind, first_traffic_at, full_traffic_at, took_traffic FROM deployments"
    )
    found = {
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
        for d in told.truth.deployments
    }
    assert len(found) == len(rows)
    assert found == expected


def test_every_commit(told: Told) -> None:
    """Each deployment that carries a commit is known by that commit."""
    rows = told.delivery.sql("SELECT application, root_id, commit FROM deployments WHERE took_traffic")
    found = {(row["application"], row["root_id"]): row["commit"] for row in rows}
    expected = {
        (d.application, d.root_id): d.commit for d in told.truth.deployments if d.outcome in ("succeeded", "failed")
    }
    assert {key: found[key] for key, commit in expected.items() if commit} == {k: c for k, c in expected.items() if c}


def test_every_link_from_change_to_deployment(told: Told) -> None:
    """0 wrong links: each change is shipped by the deployment that shipped it, and waits where none did."""
    rows = told.delivery.sql(
        "SELECT c.*, d.root_id FROM changes c LEFT JOIN deployments d ON c.shipped_by = d.deployment_id"
        " WHERE NOT c.baseline"
    )
    shipped = {(r["application"], r["repository"], r["sha"], r["root_id"]) for r in rows if r["root_id"]}
    waiting = {
        (r["application"], r["repository"], r["sha"])
        for r in rows
        if not r["root_id"] and not r["reverted_before_shipping"]
    }
    assert shipped == told.truth.shipped
    assert waiting == told.truth.open_changes
    assert {
        (r["application"], r["repository"], r["sha"]) for r in rows if r["reverted_before_shipping"]
    } == told.truth.reverted


def test_every_failure_and_recovery(told: Told) -> None:
    """Each failed deployment is found with all its evidence and the instant of recovery, and no other one."""
    rows = told.delivery.sql(
        "SELECT d.application, d.root_id, r.evidence, r.recovered_at"
        " FROM recoveries r JOIN deployments d ON r.deployment_id = d.deployment_id"
    )
    found = {
        (row["application"], row["root_id"]): (frozenset(row["evidence"].split()), millis(row["recovered_at"]))
        for row in rows
    }
    expected = {key: (failure.evidence, failure.recovered_at) for key, failure in told.truth.failures.items()}
    assert found == expected


def test_every_canary(told: Told) -> None:
    """Each canary analysis that ended has its verdict."""
    rows = told.delivery.sql("SELECT canary_id, verdict FROM canaries WHERE verdict <> 'in_progress'")
    assert {row["canary_id"]: row["verdict"] for row in rows} == told.truth.canaries


def test_what_became_of_every_canary(told: Told) -> None:
    """Each failed one was overridden where its deployment took traffic all the same, and each that went on is known to
    have failed later exactly where it did."""
    fates = {(d.application, d.root_id): d for d in told.truth.deployments}
    rows = told.delivery.sql(
        "SELECT o.*, c.root_id FROM canary_outcomes o JOIN canaries c USING (canary_id) WHERE action_taken <> 'running'"
    )
    for row in rows:
        served = fates[row["application"], row["root_id"]].first_traffic_at is not None
        alarmed = told.truth.canaries[row["canary_id"]] in ("fail", "marginal")
        ways = ("overridden", "stopped") if alarmed else ("promoted", "not deployed")
        assert row["action_taken"] == ways[0 if served else 1], row
        assert bool(row["deployment_failed"]) == ((row["application"], row["root_id"]) in told.truth.failures), row
    counts = told.delivery.canaries().counts
    assert counts.stopped == sum(row["action_taken"] == "stopped" for row in rows)
    assert counts.overridden_bad == sum(
        row["action_taken"] == "overridden" and bool(row["deployment_failed"]) for row in rows
    )
    assert counts.overridden_bad
    assert counts.overridden_good


def test_every_rollback(told: Told) -> None:
    """Each return to older content is listed once and nothing else is; the core has none in its last three months, and
    that zero stands among its deployments."""
    rows = told.delivery.sql(
        "SELECT r.application, d.root_id FROM rollbacks r JOIN deployments d USING (deployment_id)"
    )
    expected = [
        (d.application, d.root_id)
        for d in told.truth.deployments
        if d.kind == "rollback" and d.outcome in ("succeeded", "failed")
    ]
    assert sorted((row["application"], row["root_id"]) for row in rows) == sorted(expected)
    core = {app.name for app in company(1)[0] if app.core} & {d.application for d in told.truth.deployments}
    quiet = told.delivery.rollbacks(dora.Scope(since="90d", applications=tuple(sorted(core))))
    assert (quiet.rows, quiet.incomplete) == ([], None)
    assert quiet.sentences[0].startswith("0 rollbacks in 90 days")
    assert quiet.deployments > 30


def test_who_approved_what_they_wrote(told: Told) -> None:
    """An author alone approved exactly those changes of which the only approver wrote one that they shipped."""
    wrote = {(r["repository"], r["sha"]): r["author"].lower() for r in told.delivery.sql("FROM changes")}
    authors: dict[tuple[str, str], set[str]] = {}
    for application, repository, sha, root in told.truth.shipped:
        authors.setdefault((application, root), set()).add(wrote[repository, sha])
    rows = told.delivery.sql(
        "SELECT a.*, d.root_id FROM audit_trail a JOIN deployments d USING (deployment_id)"
        " WHERE approved_by IS NOT NULL"
    )
    assert rows
    for row in rows:
        approver = row["approved_by"].partition("@")[0]
        alone = approver in authors.get((row["application"], row["root_id"]), set())
        assert ("approved by an author alone" in (row["self_approval"] or "")) == alone, row


def test_the_story_has_everything(told: Told) -> None:
    """The organisation is rich enough to be wrong about: every kind, outcome, verdict and evidence occurs."""
    kinds = {d.kind for d in told.truth.deployments}
    outcomes = {d.outcome for d in told.truth.deployments}
    evidence = {piece for failure in told.truth.failures.values() for piece in failure.evidence}
    assert kinds == {"release", "hotfix", "rollback", "redeploy", "config"}
    assert outcomes >= {"succeeded", "failed", "not_deployed", "stopped_by_canary", "rejected", "canceled"}
    assert evidence == {"rollback", "fix_forward", "incident", "deploy"}
    assert set(told.truth.canaries.values()) >= {"pass", "marginal", "fail", "error"}
    assert told.truth.open_changes
    roots = [d.root_id for d in told.truth.deployments]
    assert len(roots) > len(set(roots)), "two applications by one tree"
