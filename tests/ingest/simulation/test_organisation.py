from __future__ import annotations

import csv
import hashlib
import json
import subprocess
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from dora.config.definitions import resolve, validate
from dora.config.settings import Config
from ingest.simulation.model.company import PEOPLE, company, teams
from ingest.simulation.model.execution import BEFORE_TARGETS, OUTCOMES
from ingest.simulation.organisation import Organisation, simulate
from ingest.simulation.story.scenarios import SCENARIOS
from tests.simulation.expected import expected_results

END = datetime(2026, 6, 10, 14, 30, tzinfo=UTC)
DAY = 86_400_000


def tips(organisation: Organisation) -> dict[str, str]:
    command = ["git", "rev-parse", "refs/heads/main"]
    return {
        name: subprocess.run(command, cwd=path, check=True, capture_output=True, text=True).stdout.strip()
        for name, path in organisation.repositories.items()
    }


def fingerprint(organisation: Organisation) -> str:
    text = hashlib.sha256()
    for stub in organisation.world.executions:
        text.update(json.dumps(stub.payload(), sort_keys=True).encode())
    text.update(json.dumps(organisation.world.canary_results, sort_keys=True).encode())
    text.update(
        json.dumps(
            [organisation.world.applications, organisation.world.pipeline_configs, organisation.settings]
        ).encode()
    )
    text.update(organisation.incidents.read_bytes() + organisation.change_requests.read_bytes())
    truth = expected_results(organisation)
    text.update(repr(sorted(truth.deployments, key=lambda d: (d.application, d.root_id))).encode())
    text.update(repr(sorted(truth.shipped)).encode() + repr(sorted(truth.open_changes | truth.reverted)).encode())
    failures = [(k, sorted(f.evidence), f.recovered_at) for k, f in sorted(truth.failures.items())]
    text.update(repr(failures).encode() + repr(sorted(truth.canaries.items())).encode())
    return text.hexdigest()


def test_the_same_seed_gives_the_same_organisation_to_the_byte(organisation: Organisation, tmp_path: Path) -> None:
    """Payloads, results, incidents, commit ids and truth depend on the arguments alone."""
    again = simulate(tmp_path, end=END, scale=0.05)
    assert tips(again) == tips(organisation)
    assert fingerprint(again) == fingerprint(organisation)


def test_another_seed_gives_another_one(organisation: Organisation, tmp_path: Path) -> None:
    """A seed changes commits and executions, not what kind of company it is."""
    other = simulate(tmp_path, end=END, scale=0.05, seed=8)
    assert other.repositories.keys() == organisation.repositories.keys()
    assert set(tips(other).values()).isdisjoint(tips(organisation).values())
    assert {s.id for s in other.world.executions}.isdisjoint(s.id for s in organisation.world.executions)


def test_the_full_company_is_as_large_as_promised() -> None:
    """Thirty engineers, six teams, twelve core services and eighteen smaller applications, one shared repository."""
    apps, volume = company(1.0)
    assert (len(PEOPLE), len(apps), sum(app.core for app in apps), volume) == (30, 30, 12, 1.0)
    assert len(teams(apps)) == 6
    assert len({app.name for app in apps}) == 30
    assert [app.name for app in apps if app.shared] == ["gateway", "scheduler", "mailer", "flags"]
    assert sum(app.vm for app in apps) == 2


@pytest.mark.parametrize("scale", [0.01, 0.05, 0.3, 1.0])
def test_every_scale_keeps_each_way_of_delivering(scale: float) -> None:
    """A small company still has every pipeline shape, trigger, staging style, and a slow team."""
    apps, volume = company(scale)
    assert {app.shape for app in apps} == {"direct", "release", "vm"}
    assert {app.trigger for app in apps} == {"git", "jenkins", "docker"}
    assert {app.canary for app in apps} == {"never", "always", "template"}
    assert {app.template for app in apps} == {"adopts", "lags", "none"}
    assert any(app.slow for app in apps)
    assert sum(app.shared for app in apps) >= 2
    assert volume * len(apps) == pytest.approx(30 * scale)


def test_volumes_are_in_range(organisation: Organisation) -> None:
    """A twentieth of a full year is some hundred executions, deployments and changes."""
    assert 600 <= len(organisation.world.executions) <= 1200
    assert 400 <= len(expected_results(organisation).deployments) <= 900
    assert 400 <= len(expected_results(organisation).shipped) <= 900


def test_every_kind_outcome_evidence_and_verdict_occurs(organisation: Organisation) -> None:
    """Each kind of event has cases to compute wrongly."""
    truth = expected_results(organisation)
    evidence = {piece for failure in truth.failures.values() for piece in failure.evidence}
    assert {d.kind for d in truth.deployments} >= {"release", "hotfix", "rollback", "redeploy", "config"}
    assert {d.outcome for d in truth.deployments} == {*OUTCOMES.values(), "in_progress"}
    assert evidence == {"rollback", "fix_forward", "incident", "deploy"}
    assert set(truth.canaries.values()) == {"pass", "marginal", "fail", "error", "canceled"}
    assert truth.open_changes
    assert truth.reverted
    assert any(failure.recovered_at is None for failure in truth.failures.values())


def test_scenarios_and_endings_are_consistent() -> None:
    """Each scenario happens at full scale; endings before production are endings."""
    assert set(OUTCOMES) >= BEFORE_TARGETS
    assert all(scenario.times > 0 for scenario in SCENARIOS)


def test_core_services_deploy_within_the_hour_and_rest_at_the_weekend(organisation: Organisation) -> None:
    """Merge to full traffic of core services is under an hour in the median; weekends see nearly nothing."""
    core = {app.name for app in company(0.05)[0] if app.core}
    merged = merge_times(organisation)
    waits = [
        d.full_traffic_at - merged[d.commit]
        for d in expected_results(organisation).deployments
        if d.application in core and d.kind == "release" and d.full_traffic_at and d.commit
    ]
    assert median(waits) < 3_600_000
    assert min(waits) > 0
    weekend = [s for s in organisation.world.executions if (s.build_time // DAY + 3) % 7 > 4]
    assert len(weekend) < 0.05 * len(organisation.world.executions)


def merge_times(organisation: Organisation) -> dict[str, int]:
    times: dict[str, int] = {}
    for path in organisation.repositories.values():
        log = subprocess.run(
            ["git", "log", "--first-parent", "--format=%H %ct", "main"],
            cwd=path,
            check=True,
            capture_output=True,
            text=True,
        )
        times |= {sha: int(at) * 1000 for sha, at in (line.split() for line in log.stdout.splitlines())}
    return times


def test_core_services_were_not_rolled_back_in_the_last_three_months(organisation: Organisation) -> None:
    """Rollbacks of core services lie more than ninety days back; elsewhere and before there are some."""
    core = {app.name for app in company(0.05)[0] if app.core}
    rolled = [d for d in expected_results(organisation).deployments if d.kind == "rollback" and d.first_traffic_at]
    recent = organisation.world.now - 92 * DAY
    assert not [d for d in rolled if d.application in core and (d.first_traffic_at or 0) > recent]
    assert [d for d in rolled if d.application in core]
    assert [d for d in rolled if d.application not in core]


def test_nothing_happens_after_the_end(organisation: Organisation) -> None:
    """Neither a build, a stage, a commit nor an incident lies beyond the clock of Gate."""
    now = organisation.world.now
    for stub in organisation.world.executions:
        document = stub.payload()
        times = [document["buildTime"], document.get("startTime", 0), document.get("endTime", 0)]
        times += [stage.get(key, 0) for stage in document["stages"] for key in ("startTime", "endTime")]
        times += [t.get("endTime", 0) for stage in document["stages"] for t in stage["tasks"]]
        assert max(times) <= now
    assert max(merge_times(organisation).values()) <= now


def test_production_deployments_of_one_application_never_overlap(organisation: Organisation) -> None:
    """A deployment has full traffic before the next one of the same application takes any."""
    by_app: dict[str, list[tuple[int, int]]] = {}
    for d in expected_results(organisation).deployments:
        if d.first_traffic_at:
            by_app.setdefault(d.application, []).append((d.first_traffic_at, d.full_traffic_at or d.first_traffic_at))
    for spans in by_app.values():
        ordered = sorted(spans)
        assert all(full < first for (_, full), (first, _) in pairwise(ordered))


def test_incidents_are_a_readable_file(organisation: Organisation) -> None:
    """Times are UTC, most have no link, some name a deployment or a commit, one is not resolved."""
    with organisation.incidents.open(newline="") as file:
        assert file.readline().startswith("# as of 2026-")
        rows = list(csv.DictReader(file))
    roots = {d.root_id for d in expected_results(organisation).deployments}
    for row in rows:
        opened = datetime.strptime(row["opened_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        assert END - timedelta(days=366) < opened < END
        assert not row["resolved_at"] or row["resolved_at"] > row["opened_at"]
        assert not row["deployment"] or row["deployment"] in roots
    links = Counter((bool(row["deployment"]), bool(row["commit"])) for row in rows)
    assert links[False, False] > links[True, False] >= 1
    assert links[False, True] >= 1
    assert any(not row["resolved_at"] for row in rows)
    assert len({row["id"] for row in rows}) == len(rows)


def test_the_settings_are_valid_definitions(organisation: Organisation) -> None:
    """They name every application's team once, production, and the paths within the shared repository."""
    settings = organisation.settings
    config = Config(**settings)
    validate(config)
    application_names = [name for globs in settings["teams"].values() for name in globs]
    assert sorted(application_names) == sorted(app["name"] for app in organisation.world.applications)
    assert resolve(config, "gateway").paths == ("services/gateway/**", "libs/**")
    assert resolve(config, "checkout").production_accounts == ("prod-*",)


def test_what_is_configured_covers_what_ran(organisation: Organisation) -> None:
    """Every execution's pipeline exists, templates are referred to by version, staging is not production."""
    configs = {config["id"]: config for config in organisation.world.pipeline_configs}
    for stub in organisation.world.executions:
        if stub.orchestration:
            assert stub.config_id is None
        else:
            assert stub.config_id is not None
            assert (configs[stub.config_id]["name"], configs[stub.config_id]["application"]) == (
                stub.name,
                stub.application,
            )
    references = {c["template"]["reference"] for c in configs.values() if "template" in c}
    assert references == {"spinnaker://acme-delivery:v1", "spinnaker://acme-delivery:v2"}
    environments = {a["name"]: a["environment"] for a in organisation.world.credentials}
    assert environments["prod-eu"] == "prod"
    assert environments["staging"] == "staging"
