"""Executions that are read by id or by pipeline, because no search returns them, or not in time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from ingest.core.source import Item, PartialFailure
from ingest.http.session import RequestError
from ingest.payloads.archive import Document
from ingest.spinnaker.client.gate import Gate, ListedExecution
from ingest.spinnaker.client.paging import get_batches

PIPELINES_PER_REQUEST = 20
FIRST_LIMIT, UNFINISHED_LIMIT, LIMIT_GROWTH = 10, 50, 4
MAX_FAILURES = 3


def deleted_execution(id_: str, now: int) -> Document:
    """Return the landing row of an execution that Gate no longer has at ``now`` (epoch ms)."""
    return Document("gone", msgspec.json.encode({"id": id_, "noticed_at": now * 1000}))


def refetch_executions(gate: Gate, ids: Sequence[str], now: int) -> Iterator[Item]:
    """Yield the current state of executions and operations; those that no longer exist are deleted.

    After three failures in a row the rest waits for the next run.
    """
    failures = 0
    for batch, bodies in get_batches(gate, ids):
        for id_ in batch:
            try:
                # A listing omits what it may not show and what a lagging replica does not have yet.
                yield Document("execution", bodies[id_]) if id_ in bodies else _refetch_one(gate, id_, now)
                failures = 0
            except RequestError as error:
                failures += 1
                yield PartialFailure(f"execution {id_} was not read again: {error.happened}")
                if failures == MAX_FAILURES:
                    return


def _refetch_one(gate: Gate, id_: str, now: int) -> Document:
    if execution := gate.get_execution(id_):
        return Document("execution", execution.body)
    body = gate.get_task(id_)
    return Document("task", body) if body is not None else deleted_execution(id_, now)


def list_unfinished(gate: Gate, application: str) -> list[ListedExecution]:
    """Return all executions that have not ended, of configured pipelines and strategies."""
    limit = UNFINISHED_LIMIT
    while True:
        executions = gate.list_unfinished(application, limit)
        if max(Counter(execution.pipeline_id for execution in executions).values(), default=0) < limit:
            return executions
        limit *= LIMIT_GROWTH


def list_unfinished_of_pipelines(gate: Gate, pipeline_ids: Sequence[str]) -> Iterator[ListedExecution]:
    """Yield the newest executions of disabled pipelines that have not ended.

    Orca can omit them elsewhere (``tasks.controller.excludeExecutionsOfDisabledPipelines``).
    """
    for start in range(0, len(pipeline_ids), PIPELINES_PER_REQUEST):
        batch = pipeline_ids[start : start + PIPELINES_PER_REQUEST]
        yield from gate.list_by_pipeline(batch, UNFINISHED_LIMIT, unfinished=True)


def list_unsearchable(gate: Gate, since_by_pipeline: Mapping[str, int]) -> Iterator[ListedExecution]:
    """Yield executions of the last 14 days of pipelines that no search returns, each since its time (epoch ms)."""
    all_ids = sorted(since_by_pipeline)
    for start in range(0, len(all_ids), PIPELINES_PER_REQUEST):
        ids, limit = all_ids[start : start + PIPELINES_PER_REQUEST], FIRST_LIMIT
        while ids:
            executions = _list_by_pipeline(gate, ids, limit)
            yield from executions
            ids = [id_ for id_ in ids if _has_more(executions, id_, limit, since_by_pipeline[id_])]
            limit *= LIMIT_GROWTH


def _has_more(executions: Sequence[ListedExecution], pipeline_id: str, limit: int, since: int) -> bool:
    times = [execution.build_time for execution in executions if execution.pipeline_id == pipeline_id]
    return len(times) >= limit and min(times) >= since


def _list_by_pipeline(gate: Gate, ids: Sequence[str], limit: int) -> list[ListedExecution]:
    """Return executions of pipelines; a request that is too large is split."""
    try:
        return gate.list_by_pipeline(ids, limit)
    except RequestError:
        if len(ids) == 1:
            raise
        half = len(ids) // 2
        return _list_by_pipeline(gate, ids[:half], limit) + _list_by_pipeline(gate, ids[half:], limit)
