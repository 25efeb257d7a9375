"""The stages of a run: canary, rollouts by region, rollbacks, restarts."""

from __future__ import annotations

from ingest.simulation.model import canary as kayenta
from ingest.simulation.model.clock import MINUTE, SECOND
from ingest.simulation.model.execution import Run
from ingest.simulation.model.stage import Stage
from ingest.simulation.story.timeline import Timeline, add_approval, add_child_pipeline, add_pre_production

_PRODUCTION_ONLY = frozenset({"rollback", "config", "groups", "restart", "undo"})
_INTERVALS = 3


def plan_stages(run: Run) -> Timeline:
    """All stages of a run, with their times."""
    line = Timeline(run)
    if run.action == "nightly":
        line.add("jenkins", "Build", line.duration(4, 9))
        line.add("runJobManifest", "Nightly tests", line.duration(12, 40))
        return line
    if run.action == "staging":
        line.add("bakeManifest", "Bake", line.duration(0.6, 1.6))
        line.add("deployManifest", "Deploy to staging", line.duration(1.2, 3), account="staging", location="shop")
        return line
    if run.action not in _PRODUCTION_ONLY and not run.parent:
        add_pre_production(line)
    if run.hands_over:
        add_child_pipeline(line)
        return line
    if run.canary:
        _add_canary(line)
    if run.needs_approval or run.ending == "canary_overridden":
        add_approval(line)
    special = {"undo": _add_undo, "restart": _add_restarts, "groups": _add_group_rollback}
    special.get(run.action, _add_server_groups if run.app.vm else _add_manifests)(line)
    return line


def _add_manifests(line: Timeline) -> None:
    ending, stages = line.run.ending, []
    for nth, (account, location) in enumerate(line.run.app.targets):
        duration, status, stuck = line.duration(2.2, 5.5), "SUCCEEDED", ""
        if ending == "deploy_fails":
            duration, status, stuck = line.duration(0.2, 0.5), "TERMINAL", "deployManifest"
        elif ending == "unstable" and nth == 0:
            duration, status, stuck = line.duration(12, 16), "TERMINAL", "waitForManifestToStabilize"
        target = {"account": account, "location": location}
        name = f"Deploy to {account}"
        stages.append(line.put("deployManifest", name, duration, status=status, stuck=stuck, **target))
    _record_traffic(line, stages, "monitorDeploy")
    line.join(stages)


def _record_traffic(line: Timeline, stages: list[Stage], applied: str) -> None:
    """A rollout takes traffic when its manifest is applied, and has all of it when the manifest is stable."""
    for stage in stages if line.alive else ():
        if stage.stuck != "deployManifest":
            line.first_traffic.append(stage.task_end(applied))
        stable = stage.status == "SUCCEEDED"
        line.full_traffic.append(stage.task_end("waitForManifestToStabilize") if stable else None)


def _add_undo(line: Timeline) -> None:
    ((account, location),) = line.run.app.targets
    kind = "undoRolloutManifest"
    stage = line.add(kind, kind, line.duration(1, 3), account=account, location=location)
    _record_traffic(line, [stage], "monitorUndoRollout")


def _add_restarts(line: Timeline) -> None:
    stages = []
    for account, location in line.run.app.targets:
        target = {"account": account, "location": location}
        stage = line.put("rollingRestartManifest", f"Restart in {account}", line.duration(1, 3), **target)
        line.first_traffic.append(stage.end or 0)
        line.full_traffic.append(stage.end)
        stages.append(stage)
    line.join(stages)


def _add_server_groups(line: Timeline) -> None:
    run, begin, alive = line.run, line.at, line.alive
    deploy = line.put("deploy", "Deploy", 0)
    for nth, (account, region) in enumerate(run.app.targets):
        target = {"account": account, "region": region}
        create = line.put("createServerGroup", f"Deploy in {region}", line.duration(5, 8), **target)
        create.nest(deploy, f"<{nth + 1}")
        disable = line.put("disableCluster", "disableCluster", line.duration(1, 2), **target)
        disable.nest(create, ">1")
        if alive:
            _replace_group(line, create, disable, breaks=nth == 0)
    if alive:
        deploy.end = max(stage.end or begin for stage in line.stages if stage.parent == deploy.ref) + 2 * SECOND
        # Orca runs the stages before a stage ahead of its own tasks.
        deploy.work = (deploy.end - 2 * SECOND, deploy.end)
        if run.ending in {"deploy_fails", "unstable"}:
            # Tasks that would start after the end of their stage never started.
            deploy.status, deploy.work = "TERMINAL", (deploy.end + 1, deploy.end + 1)
    line.join([deploy])


def _replace_group(line: Timeline, create: Stage, disable: Stage, *, breaks: bool) -> None:
    """Bring the new group up, then disable the old one; the time of the creating stage includes both."""
    create.work = create.span
    _, up = create.span
    begin, end = disable.span
    if line.run.ending == "deploy_fails":
        create.status, create.stuck = "TERMINAL", "waitForUpInstances"
        disable.status, disable.start, disable.end = "NOT_STARTED", None, None
        return
    # Planned beside the new group; only now is it known when that is up.
    disable.start, disable.end = up + 200, up + 200 + end - begin
    if breaks and line.run.ending == "unstable":
        disable.status, disable.stuck, create.status = "TERMINAL", "waitForClusterDisable", "TERMINAL"
    line.first_traffic.append(create.task_end("waitForUpInstances"))
    create.end = disable.end + 300
    line.full_traffic.append(disable.end if disable.status == "SUCCEEDED" else None)


def _add_group_rollback(line: Timeline) -> None:
    cluster = line.put("rollbackCluster", "Rollback Cluster", 3 * SECOND)
    cluster.work = cluster.span
    # Its own task determines the groups; the rollbacks of the regions follow.
    line.at = cluster.work[1]
    for nth, (account, region) in enumerate(line.run.app.targets):
        target = {"account": account, "region": region}
        rollback = line.put("rollbackServerGroup", f"Rollback {region}", 0, **target)
        rollback.nest(cluster, f">{nth + 1}")
        enable = line.put("enableServerGroup", "Enable", line.duration(2, 4), **target)
        enable.nest(rollback, ">1")
        disable = line.put("disableServerGroup", "Disable", line.duration(1, 2), **target)
        disable.nest(rollback, ">2")
        (_, enabled), (begin, end) = enable.span, disable.span
        disable.start, disable.end = enabled + 100, enabled + 100 + end - begin
        rollback.end = disable.end + 200
        # The restored group serves when the other is disabled, at the end of both.
        line.first_traffic.append(rollback.end)
        line.full_traffic.append(rollback.end)
    cluster.end = max(line.first_traffic) + 500
    line.join([cluster])


def _add_canary(line: Timeline) -> None:
    account, location = line.run.app.targets[0]
    target = {"account": account, "location": location}
    roles = ("baseline", "canary")
    line.join(
        [line.put("deployManifest", f"Deploy {role}", line.duration(0.8, 1.6), **target, role=role) for role in roles]
    )
    canary = line.put("kayentaCanary", "Canary Analysis", 0, **target)
    intervals = line.put("runCanaryIntervals", "Run Canary Intervals", 0)
    intervals.nest(canary, "<1")
    alive = line.alive
    _add_intervals(line, intervals)
    if alive:
        _end_canary(line, canary, intervals)
    line.join([canary])
    for role in reversed(roles):
        line.add("deleteManifest", f"Clean up {role}", line.duration(0.1, 0.2), **target, role=role)


def _add_intervals(line: Timeline, intervals: Stage) -> None:
    """Warm up, then wait and analyse, alternately; the first bad score, error or cancelation is the last."""
    last, status = {
        "canary_error": (1, "TERMINAL"),
        "canary_canceled": (2, "CANCELED"),
        "canary_fail": (2, "TERMINAL"),
        "canary_overridden": (2, "TERMINAL"),
    }.get(line.run.ending, (_INTERVALS, "SUCCEEDED"))
    alive = line.alive
    steps = [("wait", "Warmup Wait", 2 * MINUTE, 0)]
    for nth in range(1, (last if alive else _INTERVALS) + 1):
        steps += [
            ("wait", f"Interval Wait #{nth}", 5 * MINUTE, 0),
            ("runCanary", f"Run Canary #{nth}", 25 * SECOND, nth),
        ]
    for place, (kind, name, duration, nth) in enumerate(steps):
        ended = status if nth == last and alive else "SUCCEEDED"
        stuck = "monitorCanary" if ended != "SUCCEEDED" else ""
        stage = line.put(kind, name, duration, status=ended, stuck=stuck, nth=nth, last=nth == last)
        stage.nest(intervals, f"<{place + 1}")
        # Synthetic stages are no part of the main line, so that ``join`` does not wait for them.
        line.at = stage.end or line.at
    if alive:
        intervals.end, intervals.status = line.at + 100, status
        intervals.work = (intervals.end, intervals.end)


def _end_canary(line: Timeline, canary: Stage, intervals: Stage) -> None:
    ending, (_, analysed_at) = line.run.ending, intervals.span
    canary.end, canary.status = analysed_at + 700, intervals.status
    canary.work = (analysed_at, canary.end)
    if intervals.status == "SUCCEEDED":
        analyses = [stage for stage in line.stages if stage.type == "runCanary"]
        canary.detail["scores"] = [kayenta.score(kayenta.bad_metrics(line.run, stage)) for stage in analyses]
    else:
        canary.work = (canary.end + 1, canary.end + 1)
    # Each interval passed the marginal threshold; only the final score must pass the other one.
    if ending == "canary_marginal":
        canary.status, canary.stuck = "TERMINAL", "aggregateCanaryResults"
    if ending == "canary_overridden":
        # The pipeline continues on failure, to a manual judgment.
        canary.status = intervals.status = "FAILED_CONTINUE"
