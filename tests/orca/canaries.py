"""Canary analyses as Orca and Kayenta write them: the intervals of a stage, and the judgment of each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Protocol

from tests.orca.manifests import Json, Spec

DEFAULTS = {"pass": 75, "marginal": 50}
LOW = "Canary score is not above the marginal score threshold."
FETCH = "Status: 500, URL: http://10.0.0.9:9090/api/v1/query?query=sum, Message: Internal Server Error"
EXCEPTION = {"operation": "prometheusFetch", "details": {"kind": "HTTP", "status": 500, "error": FETCH, "errors": []}}


class Analysed(Protocol):
    """What an analysis needs of its stage."""

    id: str
    spec: Spec
    application: str
    begin: Any


def intervals_of(stage: Analysed) -> list[Spec]:
    """Return the intervals of an analysis; one that is told by its score alone has none."""
    canary = stage.spec["canary"]
    if not isinstance(canary, dict):
        return []
    return [{**canary, **interval} for interval in canary.get("intervals", [{}])]


def thresholds_of(canary: object) -> Json:
    """Return the thresholds in force."""
    return {name: canary.get(name, value) if isinstance(canary, dict) else value for name, value in DEFAULTS.items()}


def run_documents(stage: Analysed) -> Iterator[Json]:
    """Yield the ``runCanary`` stage of each interval, a minute after the last; what follows a failure is planned."""
    stopped = False
    for number, interval in enumerate(intervals_of(stage)):
        thresholds, ended = thresholds_of(interval), interval.get("ended", "succeeded")
        begin = int((stage.begin + timedelta(minutes=number)).timestamp() * 1000)
        low = ended == "succeeded" and int(interval["score"]) <= thresholds["marginal"]
        context: Json = {"scoreThresholds": thresholds, "storageAccountName": "s3"}
        status = "NOT_STARTED" if stopped else "TERMINAL" if low or ended != "succeeded" else "SUCCEEDED"
        if not stopped:
            context |= {"canaryPipelineExecutionId": judgment_id(stage, number)}
            context |= {"canaryPipelineStatus": "CANCELED" if ended == "canceled" else ended.upper()}
            context |= {"canaryScore": int(interval["score"])} if ended == "succeeded" else {}
            context |= {"canaryScoreMessage": LOW} if low else {}
            context |= {"exception": EXCEPTION} if ended == "terminal" else {}
        times = {"startTime": begin, "endTime": begin + 50_000} if not stopped else {}
        stopped = stopped or status == "TERMINAL"
        yield {
            "id": f"{judgment_id(stage, number)}-run",
            "type": "runCanary",
            "status": status,
            "context": context,
            "parentStageId": stage.id,
            "tasks": [],
            **times,
        }


def judgment_documents(stage: Analysed) -> Iterator[Json]:
    """Yield what Kayenta has of each interval, but of those that it has lost."""
    runs = [run for run in run_documents(stage) if run["status"] != "NOT_STARTED"]
    for number, (interval, run) in enumerate(zip(intervals_of(stage), runs, strict=False)):
        ended = interval.get("ended", "succeeded")
        if interval.get("lost"):
            continue
        document: Json = {
            "application": stage.application,
            "pipelineId": judgment_id(stage, number),
            "stageStatus": {},
            "status": ended,
            "config": _config(interval),
            "canaryConfigId": interval.get("config", "errors"),
            "canaryExecutionRequest": {"thresholds": thresholds_of(interval)},
            "startTimeMillis": run["startTime"],
            "endTimeMillis": run["endTime"],
        }
        if ended == "succeeded":
            score = {"score": interval["score"], "classification": "", "classificationReason": ""}
            results = [_result(name, *told) for name, told in interval.get("metrics", {}).items()]
            document["result"] = {"judgeResult": {"results": results, "score": score}}
        elif ended == "terminal":
            document["exception"] = EXCEPTION
        yield document


def judgment_id(stage: Analysed, number: int) -> str:
    """Return Kayenta's id of an interval; a restart has other intervals."""
    return f"{stage.id}@{int(stage.begin.timestamp())}-{number}"


def _config(interval: Spec) -> Json:
    metrics = [
        {"name": name, "groups": [group], "analysisConfigurations": {"canary": dict.fromkeys(flags, True)}}
        for name, (group, _, *flags) in interval.get("metrics", {}).items()
    ]
    return {
        "name": interval.get("config", "errors"),
        "metrics": metrics,
        "classifier": {"groupWeights": interval.get("weights", {})},
    }


def _result(name: str, group: str, word: str, *flags: str) -> Json:
    count = 0 if word.startswith("Nodata") else 60
    stats = {"stats": {"count": count, "mean": 0.0 if count == 0 else 2.0}}
    return {
        "name": name,
        "classification": word,
        "groups": [group],
        "critical": "critical" in flags and word != "Pass",
        "muted": "muted" in flags,
        "experimentMetadata": stats,
        "controlMetadata": stats,
        "resultMetadata": {"ratio": 1.0},
    }
