"""Stages of Orca, each with its tasks and synthetic children, out of the compact description of a scenario."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from tests.orca.canaries import run_documents, thresholds_of
from tests.orca.manifests import Json, Spec, as_applied, manifests_of, workload

# Where a task of a stage ends: its part of the time of the stage; what follows a task that failed did not run.
_DEPLOY_TASKS = {"deployManifest": 0.05, "monitorDeploy": 0.1, "waitForManifestToStabilize": 1.0}
_FAILING_TASKS = {"refused": "monitorDeploy", "unstable": "waitForManifestToStabilize"}
_STATUS = {"succeeded": "SUCCEEDED", "canceled": "CANCELED", "running": "RUNNING", "planned": "NOT_STARTED",
           "skipped": "SKIPPED"}  # fmt: skip


class Owner(Protocol):
    """What a stage needs of what it is in."""

    spec: Spec
    application: str


def moment_of(value: object) -> datetime:
    """Return a time of a scenario, which is in UTC."""
    return datetime.fromisoformat(str(value)).replace(tzinfo=UTC)


def millis(moment: datetime | None) -> int | None:
    """Return milliseconds since 1970, as Orca writes times."""
    return None if moment is None else int(moment.timestamp() * 1000)


class Stage:
    """One stage of an execution, and the synthetic stages in it."""

    def __init__(self, execution: Owner, spec: Spec, number: int, begin: datetime, end: datetime) -> None:
        self.spec, self.begin, self.end = spec, begin, end
        self.id, self.number = f"{execution.spec['id']}-{number}", number
        self.application = execution.application
        self.verb = next(verb for verb in _VERBS if verb in spec)
        self.account = spec.get("account", "prod")
        self.namespace = spec.get("namespace", self.application)

    def documents(self) -> Iterator[Json]:
        """Yield the stage, then its synthetic children."""
        stage_type, context, outputs = _VERBS[self.verb](self)
        state = self.spec.get("status", "succeeded")
        failed = "FAILED_CONTINUE" if self.spec.get("ignored") else "TERMINAL"
        status = _STATUS.get(state, failed)
        error = {"exception": {"details": {"errors": [self.spec["error"]]}}} if "error" in self.spec else {}
        begun = state != "planned"
        yield {
            "id": self.id,
            "refId": str(self.number),
            "type": stage_type,
            "name": f"{self.verb} {self.spec[self.verb]}"[:60],
            "status": status,
            "startTime": millis(self.begin) if begun else None,
            "endTime": millis(self.end) if begun and state != "running" else None,
            "context": {"account": self.account, "cloudProvider": "kubernetes", **context, **error},
            "outputs": outputs if begun else {},
            "tasks": self._tasks(stage_type, state) if begun and not self.spec.get("no_tasks") else [],
            "requisiteStageRefIds": [str(self.number - 1)] if self.number > 1 else [],
            "parentStageId": None,
            **self._modification(),
        }
        if self.verb == "canary":
            yield from run_documents(self)
        for place, child in enumerate(self.spec.get("then", []), 1):
            begin = self.end - timedelta(minutes=child.get("minutes", 1))
            nested = Stage(_Nested(self, place), child, place, begin, self.end)
            yield from (document | {"parentStageId": self.id} for document in nested.documents())

    def _modification(self) -> Json:
        """Return who last changed the stage, by default at its end."""
        if "user" not in self.spec:
            return {}
        moment = moment_of(self.spec["clicked"]) if "clicked" in self.spec else self.end
        return {"lastModified": {"user": self.spec["user"], "allowedAccounts": [], "lastModifiedTime": millis(moment)}}

    def _tasks(self, stage_type: str, state: str) -> list[Json]:
        names = _DEPLOY_TASKS if stage_type in ("deployManifest", "patchManifest") else _TASKS.get(stage_type, {})
        failing, tasks, begin = _FAILING_TASKS.get(state), [], self.begin
        if state == "canceled" and self.spec.get("with_traffic"):
            failing = "waitForManifestToStabilize"
        elif state in ("failed", "canceled"):
            failing = next(iter(names), None)
        for name, part in names.items():
            end = self.begin + (self.end - self.begin) * part
            status = "SUCCEEDED" if name != failing else "CANCELED" if state == "canceled" else "TERMINAL"
            if state == "running" and part == 1.0:
                status = "RUNNING"
            times = {"startTime": millis(begin), "endTime": None if status == "RUNNING" else millis(end)}
            tasks.append({"id": str(len(tasks) + 1), "name": name, "status": status, **times})
            if name == failing:
                break
            begin = end
        return tasks

    def applied(self, manifests: list[Json], **context: Any) -> tuple[str, Json, Json]:
        """Return a stage that applies manifests, with what the cluster answered."""
        outputs = [as_applied(manifest, self.spec, self.namespace) for manifest in manifests]
        is_refused = self.spec.get("status") in ("refused", "failed")
        names = [f"{each['kind'][:1].lower()}{each['kind'][1:]} {each['metadata']['name']}" for each in outputs]
        answer = {"outputs.manifests": outputs, "outputs.manifestNamesByNamespace": {self.namespace: names}}
        answered = {} if is_refused else answer
        moniker = {"moniker": {"app": self.spec.get("moniker", self.application)}}
        management = {"trafficManagement": _TRAFFIC[self.spec["traffic"]]} if "traffic" in self.spec else {}
        body = {"source": "text", "manifests": manifests, **moniker, **management, **answered, **context}
        return "deployManifest", body, {} if is_refused else {"manifests": outputs}

    def named(self, stage_type: str, **context: Any) -> tuple[str, Json, Json]:
        """Return a stage that acts on a manifest by its name."""
        name = self.spec[self.verb]
        kind = "" if " " in str(name) else f"{self.spec.get('kind', 'deployment')} "
        target = {"manifestName": f"{kind}{name}", "location": self.namespace, "mode": "static"}
        if "criteria" in self.spec:
            dynamic = {"criteria": self.spec["criteria"], "cluster": target.pop("manifestName"), "mode": "dynamic"}
            target |= dynamic | ({"manifest.name": self.spec["resolved"]} if "resolved" in self.spec else {})
        return stage_type, {**target, **context}, {}


class _Nested:
    """What a synthetic stage needs of the execution that it is in."""

    def __init__(self, stage: Stage, place: int) -> None:
        self.spec, self.application = {"id": f"{stage.id}-{place}"}, stage.application


_SERVICES = {"services": ["service shop"]}
_TRAFFIC = {
    "bluegreen": {"enabled": True, "options": {"enableTraffic": True, "strategy": "bluegreen", **_SERVICES}},
    "dark": {"enabled": True, "options": {"enableTraffic": False, "strategy": "none", **_SERVICES}},
}
_TASKS = {
    "undoRolloutManifest": {"undoRolloutManifest": 0.05, "monitorUndoRollout": 0.1, "waitForManifestToStabilize": 1.0},
    "rollingRestartManifest": {"rollingRestartManifest": 0.05, "waitForManifestToStabilize": 1.0},
    "createServerGroup": {"createServerGroup": 0.1, "waitForUpInstances": 1.0},
}  # fmt: skip


def _apply(stage: Stage) -> tuple[str, Json, Json]:
    return stage.applied(manifests_of(stage.spec, stage.application))


def _patch(stage: Stage) -> tuple[str, Json, Json]:
    body = {"patchBody": [stage.spec["body"]], "options": {"mergeStrategy": "strategic"}}
    return stage.named("patchManifest", **body)


def _undo(stage: Stage) -> tuple[str, Json, Json]:
    if "revision" in stage.spec:
        return stage.named("undoRolloutManifest", revision=stage.spec["revision"])
    return stage.named("undoRolloutManifest", numRevisionsBack=stage.spec.get("back", 1))


def _job(stage: Stage) -> tuple[str, Json, Json]:
    job = workload({"kind": "Job", **stage.spec}, stage.spec["job"], stage.application)
    _, context, outputs = stage.applied([job])
    return "runJobManifest", {**context, "manifest": context.pop("manifests")[0]}, outputs


def _server_group(stage: Stage) -> tuple[str, Json, Json]:
    group, region = stage.spec["group"], stage.spec.get("region", "us-east-1")
    cluster = group.rpartition("-v")[0]
    is_up = stage.spec.get("status", "succeeded") == "succeeded"
    return (
        "createServerGroup",
        {
            "cloudProvider": "aws",
            "cluster": cluster,
            "imageId": stage.spec["image"],
            "availabilityZones": {region: []},
            "strategy": stage.spec.get("strategy", "none"),
            **({"deploy.server.groups": {region: [group]}} if is_up else {}),
        },
        {},
    )


def _switch_group(stage_type: str) -> Callable[[Stage], tuple[str, Json, Json]]:
    def make(stage: Stage) -> tuple[str, Json, Json]:
        context = {"serverGroupName": stage.spec[stage.verb], "region": stage.spec.get("region", "us-east-1")}
        return stage_type, {"cloudProvider": "aws", **context}, {}

    return make


def _judge(stage: Stage) -> tuple[str, Json, Json]:
    question = {"instructions": stage.spec.get("prompt"), "judgmentStatus": stage.spec["judgment"]}
    return "manualJudgment", question | stage.spec.get("with", {}), {}


def _analyse(stage: Stage) -> tuple[str, Json, Json]:
    canary = stage.spec["canary"]
    thresholds = {name: str(value) for name, value in thresholds_of(canary).items()}
    context: Json = {"canaryConfig": {"canaryConfigId": "errors", "scoreThresholds": thresholds}}
    if "restarted_by" in stage.spec:
        context["restartDetails"] = {"restartedBy": stage.spec["restarted_by"], "restartTime": millis(stage.begin)}
    scores = {} if isinstance(canary, dict) else {"canaryScores": [canary]}
    return "kayentaCanary", context | scores, scores


def _manifest_stage(stage_type: str) -> Callable[[Stage], tuple[str, Json, Json]]:
    return lambda stage: stage.named(stage_type)


_VERBS: dict[str, Callable[[Stage], tuple[str, Json, Json]]] = {
    **dict.fromkeys(("apply", "deploy", "config", "weights", "backends", "subsets"), _apply),
    "patch": _patch,
    "undo": _undo,
    "enable": _manifest_stage("enableManifest"),
    "disable": _manifest_stage("disableManifest"),
    "delete": _manifest_stage("deleteManifest"),
    "restart": _manifest_stage("rollingRestartManifest"),
    "scale": _manifest_stage("scaleManifest"),
    "job": _job,
    "group": _server_group,
    "enable_group": _switch_group("enableServerGroup"),
    "disable_group": _switch_group("disableServerGroup"),
    "judgment": _judge,
    "canary": _analyse,
    "run": lambda stage: ("pipeline", {"pipeline": stage.spec["run"]}, {}),
    "wait": lambda stage: ("wait", {"waitTime": 60}, {}),
}
