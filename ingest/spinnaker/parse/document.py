"""One document of Spinnaker as rows. Parsing is pure, so that the archive can be parsed again at any time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

import msgspec

from dora.storage.rows import executions
from dora.storage.rows.base import Row
from ingest.payloads.archive import Document
from ingest.spinnaker.model.payload import Execution, PolicyRequest, TaskView
from ingest.spinnaker.parse import canary_judgments, configs, standalone_canaries
from ingest.spinnaker.parse.executions import parse_execution

_EXECUTION = msgspec.json.Decoder(Execution)
_TASK = msgspec.json.Decoder(TaskView)
_POLICY = msgspec.json.Decoder(PolicyRequest)
_PIPELINE = msgspec.json.Decoder(configs.PipelineConfig)
_TEMPLATED = msgspec.json.Decoder(configs.TemplatedPipeline)
_OBJECT = msgspec.json.Decoder(dict[str, Any])


def parse_document(document: Document, deck: str | None = None, keys: Collection[str] = ()) -> Iterable[Row]:
    """Return the rows of one document; raises ``ValueError`` if it can not be read.

    ``deck`` is the address of the user interface, for links. ``keys`` are the names of labels, annotations and
    parameters under which a team writes its commit.
    """
    try:
        if decode := _DECODE_EXECUTION.get(document.kind):
            return list(parse_execution(decode(document.body), document.body, deck, keys))
        if parse := _PARSE.get(document.kind):
            return list(parse(document.body))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(f"{document.kind}: {error}") from error
    raise ValueError(f"Spinnaker has no document of kind {document.kind!r}")


def _policy_execution(request: PolicyRequest) -> Execution:
    """Return the execution of a policy request; the stage beside it is newer than the same stage in it."""
    execution, stage = request.input.pipeline, request.input.stage
    others = [other for other in execution.stages if stage is None or other.id != stage.id]
    return msgspec.structs.replace(execution, raw_stages=[*others, *([stage] if stage else [])])


def _parse_canary(body: dict[str, Any]) -> Iterable[Row]:
    if standalone_canaries.is_standalone(body):
        return standalone_canaries.parse_standalone(body)
    return canary_judgments.parse_judgment(body)


_DECODE_EXECUTION: dict[str, Callable[[bytes], Execution]] = {
    "execution": _EXECUTION.decode,
    "task": lambda body: _TASK.decode(body).execution,
    "policy": lambda body: _policy_execution(_POLICY.decode(body)),
}
# These kinds stand in the archive of payloads: a kind that is renamed can not be replayed.
_PARSE: dict[str, Callable[[bytes], Iterable[Row]]] = {
    "canary": lambda body: _parse_canary(_OBJECT.decode(body)),
    "pipeline": lambda body: configs.parse_pipeline(_PIPELINE.decode(body)),
    "templated": lambda body: configs.parse_pipeline(*msgspec.structs.astuple(_TEMPLATED.decode(body))),
    "pipeline_revision": lambda body: [configs.parse_revision(_PIPELINE.decode(body))],
    "application": lambda body: [configs.parse_application(_OBJECT.decode(body))],
    "account": lambda body: [configs.parse_account(_OBJECT.decode(body))],
    "gone": lambda body: [msgspec.json.decode(body, type=executions.DeletedExecution)],
    "coverage": lambda body: [msgspec.json.decode(body, type=executions.Coverage)],
}
KINDS = frozenset({*_DECODE_EXECUTION, *_PARSE})
