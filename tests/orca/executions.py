"""Executions as Orca writes them, out of the compact description of a scenario; ``tests/README.md`` has its keys."""

from __future__ import annotations

from datetime import timedelta

from tests.orca.canaries import judgment_documents
from tests.orca.manifests import Json, Spec
from tests.orca.stages import Stage, millis, moment_of


def make_executions(specs: list[Spec]) -> list[Json]:
    """Return the documents of a scenario, in its order: executions, each after the judgments of its canaries.

    An execution that is told twice is read twice, as before and after a restart.
    """
    made: dict[str, Json] = {}
    documents = []
    for spec in specs:
        execution = _Execution(spec, made)
        made[spec["id"]] = execution.document()
        documents += [*execution.judgments, made[spec["id"]]]
    return documents


def commit_id(value: object) -> str:
    """Return a full commit id: ``3`` stands for forty times 3."""
    text = str(value)
    return text * 40 if len(text) == 1 else text


class _Execution:
    """One execution; its stages run one after the other, each for ten minutes, unless they say when and how long."""

    def __init__(self, spec: Spec, made: dict[str, Json]) -> None:
        self.spec, self.made = spec, made
        self.application = spec.get("app", "shop")
        self.start = moment_of(spec["at"])
        stages, now = [], self.start
        self.judgments: list[Json] = []
        for number, stage in enumerate(spec.get("stages") or [spec], 1):
            begin = moment_of(stage["at"]) if "at" in stage and stage is not spec else now
            now = begin + timedelta(minutes=stage.get("minutes", 10))
            analysed = Stage(self, stage, number, begin, now)
            stages += analysed.documents()
            if "canary" in stage:
                self.judgments += judgment_documents(analysed)
        self.stages, self.end = stages, max([now, self.start])

    def document(self) -> Json:
        """Return the whole execution."""
        spec, status = self.spec, self._status()
        is_by_hand = spec.get("by_hand", False)
        name = spec.get("pipeline", "Deploy")
        return {
            "type": "ORCHESTRATION" if is_by_hand else "PIPELINE",
            "id": spec["id"],
            "application": self.application,
            "name": None if is_by_hand else name,
            "description": name if is_by_hand else None,
            "pipelineConfigId": None if is_by_hand else f"config of {name}",
            "buildTime": millis(self.start),
            "startTime": millis(self.start),
            "endTime": None if status == "RUNNING" else millis(self.end),
            "status": status,
            "canceled": status == "CANCELED",
            "canceledBy": spec.get("canceled_by"),
            "authentication": {"user": spec.get("by", "ada@example.org")},
            "trigger": self._trigger(),
            "stages": self.stages,
        }

    def _status(self) -> str:
        stages = {stage["status"] for stage in self.stages if stage["parentStageId"] is None}
        worst = (status for status in ("TERMINAL", "CANCELED", "RUNNING") if status in stages)
        stated = self.spec.get("execution_status")
        return stated.upper() if stated else next(worst, "SUCCEEDED")

    def _trigger(self) -> Json:
        spec = self.spec
        trigger: Json = {"type": "manual", "user": spec.get("by", "ada@example.org"), "parameters": {}, "artifacts": []}
        if "commit" in spec:
            project, _, slug = spec.get("repository", f"acme/{self.application}").partition("/")
            push = {"project": project, "slug": slug, "branch": spec.get("branch", "main")}
            trigger |= {"type": "git", "source": "github", "hash": commit_id(spec["commit"]), **push}
        if parent := spec.get("child_of") or spec.get("after"):
            document = {key: value for key, value in self.made[parent].items() if key != "stages"} | {"stages": []}
            trigger |= {"type": "pipeline", "parentExecution": document}
            if "child_of" in spec:  # a stage of the parent started it; what its completion triggers has no stage
                trigger["parentPipelineStageId"] = f"{parent}-1"
        if spec.get("dry_run"):
            trigger["dryRun"] = True
        return trigger
