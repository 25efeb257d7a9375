from __future__ import annotations

import subprocess
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.simulation.model.clock import MINUTE
from ingest.simulation.model.company import company
from ingest.simulation.model.execution import Run
from ingest.simulation.model.repository import Change, order_trunk
from ingest.simulation.organisation import Organisation
from ingest.simulation.story.script import Incident, Script
from tests.simulation.deployment import PlannedDeployment
from tests.simulation.expected import ExpectedDeployment, Truth, add_repository, expected_results
from tests.simulation.failure_evidence import evidence_by_deployment

END = datetime(2026, 6, 10, 14, 30, tzinfo=UTC)
T0, HOUR, DAY = 1_700_000_000_000, 3_600_000, 86_400_000
APP = company(1.0)[0][0]
VERDICTS = {"succeeded", "failed"}


def git(path: Path, *arguments: str) -> list[str]:
    return subprocess.run(["git", *arguments], cwd=path, check=True, capture_output=True, text=True).stdout.split("\n")


def scope(organisation: Organisation, application: str) -> list[str]:
    """Pathspecs of an application within its repository."""
    for override in organisation.settings["applications"]:
        if application in override["match"]:
            return [path.removesuffix("/**") for path in override["paths"]]
    return []


def by_application(organisation: Organisation) -> dict[str, list[ExpectedDeployment]]:
    """Deployments that took traffic, in its order."""
    by_name = defaultdict(list)
    for deployment in expected_results(organisation).deployments:
        if deployment.first_traffic_at:
            by_name[deployment.application].append(deployment)
    for deployments in by_name.values():
        deployments.sort(key=lambda d: d.full_traffic_at or d.first_traffic_at or 0)
    return by_name


def test_shipped_is_what_git_says(organisation: Organisation) -> None:
    """Each success ships the rev-list of its commit without what earlier successes contain, on trunk, by path.

    The last commit of a branch also ships the merge that brings it later.
    """
    expected = set()
    for application, deployments in by_application(organisation).items():
        repository = next(d.repository for d in deployments if d.repository)
        path, paths = organisation.repositories[repository], scope(organisation, application)
        trunk = set(git(path, "rev-list", "--first-parent", "main"))
        touching = set(git(path, "rev-list", "--first-parent", "main", "--", *paths)) if paths else trunk
        merges = map(str.split, git(path, "rev-list", "--first-parent", "--merges", "--parents", "main"))
        merge_of = {line[2]: line[0] for line in merges if line}
        reached: set[str] = set()
        for deployment in (d for d in deployments if d.outcome == "succeeded"):
            now = set(git(path, "rev-list", deployment.content)) | {merge_of.get(deployment.content, "")}
            new = now - reached if reached else {deployment.content}
            reached |= now
            expected |= {(application, repository, sha, deployment.root_id) for sha in new & trunk & touching if sha}
    assert expected_results(organisation).shipped == expected


def test_open_and_reverted_are_the_rest_of_the_trunk(organisation: Organisation) -> None:
    """After the baseline each change of an application is shipped, open or reverted; none is open and shipped."""
    truth = expected_results(organisation)
    shipped = {row[:3] for row in truth.shipped}
    assert not truth.open_changes & shipped
    assert not truth.open_changes & truth.reverted
    for application, deployments in by_application(organisation).items():
        repository = next(d.repository for d in deployments if d.repository)
        path, paths = organisation.repositories[repository], scope(organisation, application)
        since = f"{deployments[0].content}..main"
        later = [sha for sha in git(path, "rev-list", "--first-parent", since, "--", *paths) if sha]
        explained = shipped | truth.open_changes | truth.reverted
        assert all((application, repository, sha) in explained for sha in later)


def test_every_failure_is_of_a_deployment_that_can_fail(organisation: Organisation) -> None:
    """Only releases, hotfixes and configurations that took traffic fail, and they recover later."""
    by_id = {(d.application, d.root_id): d for d in expected_results(organisation).deployments}
    for key, failure in expected_results(organisation).failures.items():
        deployment = by_id[key]
        assert deployment.kind in {"release", "hotfix", "config"}
        assert deployment.first_traffic_at
        assert failure.evidence
        assert failure.recovered_at is None or failure.recovered_at > deployment.first_traffic_at


def test_outcomes_determine_which_times_are_set(organisation: Organisation) -> None:
    """Full traffic means success; first traffic means success or failure; the commit is a full id."""
    for d in expected_results(organisation).deployments:
        assert (d.full_traffic_at is not None) == (d.outcome == "succeeded")
        assert (d.first_traffic_at is not None) == (d.outcome in VERDICTS)
        assert (d.commit is None) == (d.repository is None)
        assert len(d.content) == 40
        assert d.commit in {None, d.content}


def test_missed_ui_operations_change_rollbacks_and_failures_only(organisation: Organisation) -> None:
    """Without UI rollbacks older than two weeks there are fewer rollbacks and failures, and nothing else differs."""
    complete = expected_results(organisation)
    recent = expected_results(organisation, ui_operations_since=END - timedelta(days=14))
    missing = {d for d in complete.deployments if d not in set(recent.deployments)}
    assert missing
    assert all(d.started_from_ui and d.kind == "rollback" for d in missing)
    assert recent.shipped == complete.shipped
    assert recent.canaries == complete.canaries
    assert recent.failures.keys() <= complete.failures.keys()
    older = expected_results(organisation, ui_operations_since=END - timedelta(days=400))
    assert older.failures == complete.failures


def story(*steps: tuple[str, int, int], styles: dict[int, str] | None = None) -> tuple[Script, list[Run]]:
    """A trunk and runs from (action or ending, hours after the start, index of the change)."""
    changes = order_trunk(draft(n) for n in range(1 + max(index for _, _, index in steps)))
    for index, branch in (styles or {}).items():
        changes[index].branch, changes[index].style = branch, "merge"
    script = Script(changes=changes, intents={APP.name: []})
    return script, [run(changes, *step) for step in steps]


def draft(n: int) -> Change:
    return Change(T0 + n * MINUTE, "ada", f"c{n}", f"b{n}", "squash", ("src/a",), (APP.name,), sha=f"{n:040x}")


def run(changes: list[Change], what: str, hours: int, index: int) -> Run:
    at = T0 + hours * HOUR
    action, _, manifest = what.partition("@")
    ending = "unstable" if action == "unstable" else "ok"
    return Run(
        app=APP,
        action="deploy" if action == "unstable" else action,
        ending=ending,
        build=at,
        start=at,
        change=changes[index],
        manifest=int(manifest or 1),
        revision=1,
        user="ada",
        seed=f"{what}{hours}",
        trigger="git",
        end=at + 10 * MINUTE,
        first=at + MINUTE,
        full=at + 5 * MINUTE if ending == "ok" else None,
    )


def expect(script: Script, runs: list[Run]) -> tuple[list[str], Truth]:
    truth = Truth()
    add_repository(truth, script, runs)
    return [d.kind for d in sorted(truth.deployments, key=lambda d: d.first_traffic_at or 0)], truth


def evidence_by_run(truth: Truth, runs: list[Run]) -> dict[int, set[str]]:
    places = {run.id: place for place, run in enumerate(runs)}
    return {places[root]: set(failure.evidence) for (_, root), failure in truth.failures.items()}


@pytest.mark.parametrize(
    ("steps", "kinds", "failures"),
    [
        ([("deploy", 0, 0), ("deploy", 1, 1)], ["release", "release"], {}),
        ([("deploy", 0, 0), ("deploy", 1, 1), ("older", 2, 0)], ["release", "release", "rollback"], {1: {"rollback"}}),
        (
            [("deploy", 0, 0), ("deploy", 1, 1), ("deploy", 2, 2), ("undo", 3, 0)],
            ["release", "release", "release", "rollback"],
            {1: {"rollback"}},
        ),
        ([("deploy", 0, 0), ("again", 1, 0)], ["release", "redeploy"], {}),
        ([("deploy", 0, 0), ("config@2", 1, 0)], ["release", "config"], {}),
        ([("deploy", 0, 0), ("restart", 1, 0), ("config@2", 2, 0)], ["release", "redeploy", "config"], {}),
        ([("deploy", 0, 0), ("unstable", 1, 1), ("again", 2, 1)], ["release", "release", "release"], {1: {"deploy"}}),
        (
            [("deploy", 0, 0), ("deploy", 1, 1), ("hotfix", 2, 2)],
            ["release", "release", "hotfix"],
            {1: {"fix_forward"}},
        ),
        ([("deploy", 0, 0), ("deploy", 1, 1), ("hotfix", 40, 2)], ["release", "release", "hotfix"], {}),
        (
            [("deploy", 0, 0), ("unstable", 1, 1), ("rollback", 2, 0), ("hotfix", 3, 2)],
            ["release", "release", "rollback", "hotfix"],
            {1: {"deploy", "rollback", "fix_forward"}},
        ),
    ],
)
def test_kinds_and_failures(steps: list[tuple[str, int, int]], kinds: list[str], failures: dict[int, set[str]]) -> None:
    """Each short story has the kinds and the failures that the definitions say."""
    script, runs = story(*steps)
    actual_kinds, truth = expect(script, runs)
    assert actual_kinds == kinds
    assert evidence_by_run(truth, runs) == failures


def test_a_merge_from_a_hotfix_branch_makes_a_hotfix() -> None:
    """An ordinary run that ships a merge from hotfix/ is a hotfix; one that ships it again is not."""
    script, runs = story(("deploy", 0, 0), ("deploy", 1, 1), ("deploy", 2, 2), styles={1: "hotfix/x"})
    assert expect(script, runs)[0] == ["release", "hotfix", "release"]


@pytest.mark.parametrize(("hours", "expected"), [(20, {1: {"fix_forward"}}), (30, {})])
def test_a_revert_counts_within_a_day(hours: int, expected: dict[int, set[str]]) -> None:
    """The revert of a change shipped at most 24 hours before is evidence against the deployment that shipped it."""
    script, runs = story(("deploy", 0, 0), ("deploy", 1, 1), ("deploy", 1 + hours, 2))
    script.changes[2].reverts = script.changes[1]
    assert evidence_by_run(expect(script, runs)[1], runs) == expected


def test_a_change_reverted_in_the_same_deployment_is_no_failure() -> None:
    """It never took traffic."""
    script, runs = story(("deploy", 0, 0), ("deploy", 1, 2))
    script.changes[2].reverts = script.changes[1]
    _, truth = expect(script, runs)
    assert not truth.failures
    assert {sha for _, _, sha in truth.reverted} == {script.changes[1].sha}


def test_open_changes_are_those_after_the_baseline_that_no_success_reached() -> None:
    """A failed deployment ships nothing; changes before the first deployment belong to none."""
    script, runs = story(("deploy", 0, 1), ("unstable", 1, 3))
    _, truth = expect(script, runs)
    assert {sha for *_, sha in truth.open_changes} == {script.changes[2].sha, script.changes[3].sha}
    assert {row[2] for row in truth.shipped} == {script.changes[1].sha}


@pytest.mark.parametrize(
    ("hours", "linked", "failed_run"), [(2, None, 1), (23, None, 1), (26, None, None), (26, 0, 0), (0, None, None)]
)
def test_incidents_are_attributed_by_link_else_by_time(hours: int, linked: int | None, failed_run: int | None) -> None:
    """A link wins at any distance; without one it is the latest deployment within a day before, or none."""
    script, runs = story(("deploy", 0, 0), ("deploy", 1, 1))
    opened = T0 + hours * HOUR + (1 if hours else -MINUTE)
    linked_change = None if linked is None else script.changes[linked]
    deployments = [PlannedDeployment(run) for run in runs]
    incident = Incident(APP.name, opened, opened + HOUR, "SEV2", "x", linked_change)
    failed = evidence_by_deployment(deployments, [incident])
    assert {deployments.index(deployment) for deployment in failed} == (set() if failed_run is None else {failed_run})


def test_recovery_is_the_earliest_of_all_evidence() -> None:
    """Rollback before the incident was resolved: the rollback's full traffic is the end."""
    script, runs = story(("deploy", 0, 0), ("deploy", 1, 1), ("rollback", 2, 0))
    script.incidents.append(Incident(APP.name, T0 + 90 * MINUTE, T0 + 5 * HOUR, "SEV1", "x"))
    (failure,) = expect(script, runs)[1].failures.values()
    assert failure.evidence == {"rollback", "incident"}
    assert failure.recovered_at == runs[2].full


def test_a_failure_with_an_open_incident_is_not_recovered() -> None:
    """An incident without an end has no recovery time."""
    script, runs = story(("deploy", 0, 0))
    script.incidents.append(Incident(APP.name, T0 + HOUR, None, "SEV1", "x"))
    (failure,) = expect(script, runs)[1].failures.values()
    assert failure.recovered_at is None
