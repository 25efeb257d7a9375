"""How far an execution had come when a document told of it: a number that orders documents of one execution.

Orca changes executions after they complete (a restart wipes stages and starts the clock anew), lists them in any
order, and its replicas lag. Whatever the order of arrival, the document with the highest revision stays.
"""

from __future__ import annotations

import zlib

from ingest.spinnaker.model.coerce import COMPLETE, EARLIEST, LATEST, as_dict, as_micros, as_status
from ingest.spinnaker.model.payload import EMPTY_CONTEXT, Execution

_TIE_BITS = 19


def compute_revision(execution: Execution, body: bytes) -> int:
    """Latest time in the document, then complete before open, then full before light; ties by content.

    Milliseconds take 41 bits until 2039 and 42 until 2109, the rest fits into 63.
    """
    complete = as_status(execution.status) in COMPLETE
    full = any(stage.tasks or stage.values != EMPTY_CONTEXT for stage in execution.staged())
    rank = (_latest(execution) // 1000) << 2 | complete << 1 | full
    return rank << _TIE_BITS | zlib.crc32(body) & ((1 << _TIE_BITS) - 1)


def _latest(execution: Execution) -> int:
    times = [execution.build_time, execution.start_time, execution.end_time]
    for stage in execution.staged():
        times += (stage.start_time, stage.end_time, as_dict(stage.last_modified).get("lastModifiedTime"))
        times += [task.end_time for task in stage.tasks or ()]
    plain = [time for time in times if type(time) is int and EARLIEST <= time < LATEST]  # nearly all: no call for each
    odd = [found for time in times if type(time) is not int and (found := as_micros(time))]
    return max(max(plain, default=0) * 1000, max(odd, default=0))
