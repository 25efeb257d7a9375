"""How far an execution had come when a document was read: a number that orders the documents of one execution.

Orca changes executions after they complete (RestartStageHandler resets stages and the start time), lists them in any
order, and its read replicas lag. Whatever the order of arrival, the document that had come furthest stays; of two that
had come equally far the last one.
"""

from __future__ import annotations

import zlib

from dora.storage.rows.base import CONTENT_BITS
from ingest.spinnaker.model.coerce import COMPLETE, EARLIEST, LATEST, as_micros, get_nested
from ingest.spinnaker.model.payload import EMPTY_CONTEXT, Execution


def compute_revision(execution: Execution, body: bytes) -> int:
    """Rank a document by its latest time, then complete before open, then full before light; then hash its content."""
    stages = execution.stages
    # `expand=false` empties contexts and tasks (TaskController): such a document must not replace a full one.
    full = any(stage.tasks or stage.context != EMPTY_CONTEXT for stage in stages)
    times = [execution.build_time, execution.start_time, execution.end_time]
    for stage in stages:
        times += (stage.start_time, stage.end_time, get_nested(stage.last_modified, "lastModifiedTime"))
        times += [task.end_time for task in stage.tasks or ()]
    # Nearly all are plain integers: they are compared without a call for each, as every document passes here.
    integers = [time for time in times if type(time) is int and EARLIEST <= time < LATEST]
    others = [micros // 1000 for time in times if type(time) is not int and (micros := as_micros(time))]
    latest = max(max(integers, default=0), max(others, default=0))
    rank = latest << 2 | (execution.status in COMPLETE) << 1 | full
    # Milliseconds take 41 bits until 2039 and 42 until 2109: with 2 for the rank and 19 for the hash it fits a BIGINT.
    return rank << CONTENT_BITS | zlib.crc32(body) & ((1 << CONTENT_BITS) - 1)
