"""Executions that are asked for by id or by pipeline, because no search shows them or shows them too late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from ingest.core.archive import Document
from ingest.core.source import Item, PartialFailure
from ingest.http.session import FailedError
from ingest.spinnaker.client.gate import Gate
from ingest.spinnaker.client.paging import details
from ingest.spinnaker.client.time_search import Listed

IDS, PIPELINES, FIRST_LIMIT, PATIENCE = 50, 20, 10, 3
AT_ONCE = 50


def gone(identity: str, now: int) -> Document:
    """The row that says that an execution is no longer given since ``now`` (epoch ms)."""
    return Document("gone", msgspec.json.encode({"id": identity, "noticed_at": now * 1000}))


def again(gate: Gate, ids: Sequence[str], now: int) -> Iterator[Item]:
    """Executions and operations as they are now; what there is none of any more is gone.

    A listing leaves out what it may not show and what its replica has not yet, so each id that is missing is asked
    for alone. After three failures in a row the rest waits for the next run.
    """
    failures = 0
    for start in range(0, len(ids), IDS):
        batch = ids[start : start + IDS]
        found = {listed.id: listed for listed in details(gate, batch)}
        for identity in batch:
            try:
                yield Document("execution", found[identity].body) if identity in found else _alone(gate, identity, now)
                failures = 0
            except FailedError as error:
                failures += 1
                yield PartialFailure(f"execution {identity} was not read again: {error.happened}")
                if failures == PATIENCE:
                    return


def _alone(gate: Gate, identity: str, now: int) -> Document:
    if listed := gate.execution(identity):
        return Document("execution", listed.body)
    body = gate.task(identity)
    return Document("task", body) if body is not None else gone(identity, now)


def unfinished(gate: Gate, application: str) -> list[Listed]:
    """All that has not completed, of pipelines and strategies that are configured.

    Gate gives the newest of each pipeline: where one may have more, more are asked for.
    """
    limit = AT_ONCE
    while True:
        listed = gate.unfinished(application, limit)
        if max(Counter(one.pipeline for one in listed).values(), default=0) < limit:
            return listed
        limit *= 4


def disabled(gate: Gate, pipelines: Sequence[str]) -> Iterator[Listed]:
    """What has not completed of disabled pipelines, the newest of each: Orca can be told to list none of them."""
    for start in range(0, len(pipelines), PIPELINES):
        yield from gate.unfinished_of(pipelines[start : start + PIPELINES], AT_ONCE)


def unsearched(gate: Gate, pipelines: Mapping[str, int]) -> Iterator[Listed]:
    """Executions of pipelines that no search knows, each since its own instant (epoch ms), of the last 14 days."""
    ids = sorted(pipelines)
    for start in range(0, len(ids), PIPELINES):
        asked, limit = ids[start : start + PIPELINES], FIRST_LIMIT
        while asked:
            listed = _of(gate, asked, limit)
            yield from listed
            asked = [id_ for id_ in asked if _more(listed, id_, limit, pipelines[id_])]
            limit *= 4


def _more(listed: Sequence[Listed], pipeline: str, limit: int, since: int) -> bool:
    times = [one.build_time for one in listed if one.pipeline == pipeline]
    return len(times) >= limit and min(times) >= since


def _of(gate: Gate, ids: Sequence[str], limit: int) -> list[Listed]:
    """Executions of some pipelines; a request that is too large is split."""
    try:
        return gate.of_pipelines(ids, limit)
    except FailedError:
        if len(ids) == 1:
            raise
        half = len(ids) // 2
        return _of(gate, ids[:half], limit) + _of(gate, ids[half:], limit)
