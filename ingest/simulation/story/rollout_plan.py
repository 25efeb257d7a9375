"""The part of a run that touches production: canary, rollouts by region, rollbacks, restarts."""

from __future__ import annotations

from ingest.simulation.model import canary as kayenta
from ingest.simulation.model.clock import MINUTE, SECOND
from ingest.simulation.model.execution import Run
from ingest.simulation.model.stage import Stage
from ingest.simulation.story.timeline import Timeline, hand_over, judge, prepare

_SHORT = frozenset({"rollback", "config", "groups", "restart", "undo"})
_INTERVALS = 3


def unfold(run: Run) -> Timeline:
    """The whole course of a run."""
    line = Timeline(run)
    if run.action == "nightly":
        line.add("jenkins", "Build", line.lasts(4, 9))
        line.add("runJobManifest", "Nightly tests", line.lasts(12, 40))
    elif run.action == "staging":
        line.add("bakeManifest", "Bake", line.lasts(0.6, 1.6))
        line.add("deployManifest", "Deploy to staging", line.lasts(1.2, 3), account="staging", location="shop")
    else:
        _to_production(line)
    return line


def _to_production(line: Timeline) -> None:
    run = line.run
    if run.action not in _SHORT and not run.parent:
        prepare(line)
    if run.hands_over:
        hand_over(line)
        return
    if run.canary:
        _canary(line)
    if run.judged or run.ending == "canary_overridden":
        judge(line)
    {"undo": _undo, "restart": _restart, "groups": _roll_back_groups}.get(
        run.action, _server_groups if run.app.vm else _manifests
    )(line)


def _manifests(line: Timeline) -> None:
    ending, stages = line.run.ending, []
    for nth, (account, location) in enumerate(line.run.app.targets):
        lasts, fate, stuck = line.lasts(2.2, 5.5), "SUCCEEDED", ""
        if ending == "deploy_fails":
            lasts, fate, stuck = line.lasts(0.2, 0.5), "TERMINAL", "deployManifest"
        elif ending == "unstable" and nth == 0:
            lasts, fate, stuck = line.lasts(12, 16), "TERMINAL", "waitForManifestToStabilize"
        name = f"Deploy to {account}"
        stages.append(
            line.put("deployManifest", name, lasts, fate=fate, stuck=stuck, account=account, location=location)
        )
    _note(line, stages, "monitorDeploy", "waitForManifestToStabilize")
    line.join(stages)


def _note(line: Timeline, stages: list[Stage], first: str, full: str) -> None:
    if not line.alive:
        return
    for stage in stages:
        if stage.stuck != "deployManifest":
            line.traffic.append(stage.ends(first))
        line.served.append(stage.ends(full) if stage.status == "SUCCEEDED" else None)


def _undo(line: Timeline) -> None:
    ((account, location),) = line.run.app.targets
    stage = line.add("undoRolloutManifest", "undoRolloutManifest", line.lasts(1, 3), account=account, location=location)
    _note(line, [stage], "monitorUndoRollout", "waitForManifestToStabilize")


def _restart(line: Timeline) -> None:
    stages = []
    for account, location in line.run.app.targets:
        name = f"Restart in {account}"
        stages.append(line.put("rollingRestartManifest", name, line.lasts(1, 3), account=account, location=location))
    for stage in stages:
        line.traffic += [stage.end or 0]
        line.served += [stage.end]
    line.join(stages)


def _server_groups(line: Timeline) -> None:
    run, begin, alive = line.run, line.at, line.alive
    deploy = line.put("deploy", "Deploy", 0)
    for nth, (account, region) in enumerate(run.app.targets):
        create = line.put("createServerGroup", f"Deploy in {region}", line.lasts(5, 8), account=account, region=region)
        line.inside(deploy, f"{deploy.ref}<{nth + 1}", "STAGE_BEFORE", create)
        disable = line.put("disableCluster", "disableCluster", line.lasts(1, 2), account=account, region=region)
        line.inside(create, f"{create.ref}>1", "STAGE_AFTER", disable)
        if alive:
            _swap(line, create, disable, broken=nth == 0)
    if alive:
        deploy.end = max(stage.end or begin for stage in line.stages if stage.parent == deploy.ref) + 2 * SECOND
        deploy.work = (deploy.end - 2 * SECOND, deploy.end)
        if run.ending in {"deploy_fails", "unstable"}:
            deploy.status, deploy.work = "TERMINAL", (deploy.end + 1, deploy.end + 1)
    line.join([deploy])


def _swap(line: Timeline, create: Stage, disable: Stage, *, broken: bool) -> None:
    """The new group comes up, then the old one is disabled, which both belong to the creating stage's time."""
    create.work = create.span
    _, up = create.span
    begin, end = disable.span
    if line.run.ending == "deploy_fails":
        create.status, create.stuck = "TERMINAL", "waitForUpInstances"
        disable.status, disable.start, disable.end = "NOT_STARTED", None, None
        return
    disable.start, disable.end = up + 200, up + 200 + end - begin
    if broken and line.run.ending == "unstable":
        disable.status, disable.stuck, create.status = "TERMINAL", "waitForClusterDisable", "TERMINAL"
    line.traffic.append(create.ends("waitForUpInstances"))
    create.end = disable.end + 300
    line.served.append(disable.end if disable.status == "SUCCEEDED" else None)


def _roll_back_groups(line: Timeline) -> None:
    cluster = line.put("rollbackCluster", "Rollback Cluster", 3 * SECOND)
    cluster.work = cluster.span
    line.at = cluster.work[1]
    for nth, (account, region) in enumerate(line.run.app.targets):
        back = line.put("rollbackServerGroup", f"Rollback {region}", 0, account=account, region=region)
        line.inside(cluster, f"{cluster.ref}>{nth + 1}", "STAGE_AFTER", back)
        enable = line.put("enableServerGroup", "Enable", line.lasts(2, 4), account=account, region=region)
        line.inside(back, f"{back.ref}>1", "STAGE_AFTER", enable)
        disable = line.put("disableServerGroup", "Disable", line.lasts(1, 2), account=account, region=region)
        line.inside(back, f"{back.ref}>2", "STAGE_AFTER", disable)
        (_, enabled), (begin, end) = enable.span, disable.span
        disable.start, disable.end = enabled + 100, enabled + 100 + end - begin
        back.end = disable.end + 200
        line.traffic.append(back.end)
        line.served.append(back.end)
    cluster.end = max(line.traffic) + 500
    line.join([cluster])


def _canary(line: Timeline) -> None:
    account, location = line.run.app.targets[0]
    pair = [
        line.put(
            "deployManifest", f"Deploy {role}", line.lasts(0.8, 1.6), account=account, location=location, role=role
        )
        for role in ("baseline", "canary")
    ]
    line.join(pair)
    canary = line.put("kayentaCanary", "Canary Analysis", 0, account=account, location=location)
    before = line.put("runCanaryIntervals", "Run Canary Intervals", 0)
    line.inside(canary, f"{canary.ref}<1", "STAGE_BEFORE", before)
    alive = line.alive
    _intervals(line, canary, before)
    if alive:
        _conclude(line, canary, before)
    line.join([canary])
    for role in ("canary", "baseline"):
        line.add(
            "deleteManifest", f"Clean up {role}", line.lasts(0.1, 0.2), account=account, location=location, role=role
        )


def _intervals(line: Timeline, canary: Stage, before: Stage) -> None:
    """Warm up, then wait and judge some times; the first bad score, error or cancelation is the last."""
    ending, alive = line.run.ending, line.alive
    fates = {"canary_error": (1, "TERMINAL"), "canary_canceled": (2, "CANCELED")}
    fates |= dict.fromkeys(("canary_fail", "canary_overridden"), (2, "TERMINAL"))
    last, fate = fates.get(ending, (_INTERVALS, "SUCCEEDED"))
    steps = [("wait", "Warmup Wait", 2 * MINUTE, 0)]
    for nth in range(1, (last if alive else _INTERVALS) + 1):
        steps += [
            ("wait", f"Interval Wait #{nth}", 5 * MINUTE, 0),
            ("runCanary", f"Run Canary #{nth}", 25 * SECOND, nth),
        ]
    for place, (kind, name, lasts, nth) in enumerate(steps):
        ended = fate if nth == last and alive else "SUCCEEDED"
        stuck = "monitorCanary" if ended != "SUCCEEDED" else ""
        stage = line.put(kind, name, lasts, fate=ended, stuck=stuck, nth=nth, last=nth == last)
        line.inside(before, f"{before.ref}<{place + 1}", "STAGE_BEFORE", stage)
        line.at = stage.end or line.at
    if alive:
        before.end, before.status = line.at + 100, "SUCCEEDED" if fate == "SUCCEEDED" else fate
        before.work = (before.end, before.end)


def _conclude(line: Timeline, canary: Stage, before: Stage) -> None:
    ending, (_, judged_at) = line.run.ending, before.span
    canary.end, canary.status = judged_at + 700, before.status
    canary.work = (judged_at, canary.end)
    if before.status == "SUCCEEDED":
        judged = [stage for stage in line.stages if stage.type == "runCanary"]
        canary.detail["scores"] = [kayenta.score(kayenta.bad_metrics(line.run, stage)) for stage in judged]
    else:
        canary.work = (canary.end + 1, canary.end + 1)
    if ending == "canary_marginal":
        canary.status, canary.stuck = "TERMINAL", "aggregateCanaryResults"
    if ending == "canary_overridden":
        canary.status = before.status = "FAILED_CONTINUE"
