"""One document of Spinnaker → rows. Pure: the archive can be parsed again at any time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any
from urllib.parse import quote

import msgspec

from ingest.core import rows
from ingest.core.archive import Document
from ingest.core.rows import Row
from ingest.spinnaker.commits import find
from ingest.spinnaker.commits.sha import Found
from ingest.spinnaker.model.coerce import COMPLETE, as_dict, as_micros, as_status, as_text, first_person, first_text
from ingest.spinnaker.model.failure_reason import failure_reason
from ingest.spinnaker.model.payload import Execution, PolicyRequest, Stage, TaskView, Trigger
from ingest.spinnaker.model.revision import compute_revision
from ingest.spinnaker.model.stage_kinds import stage_kind
from ingest.spinnaker.model.stage_tree import StageTree
from ingest.spinnaker.parse import canary_judgments, configs
from ingest.spinnaker.parse.approvals import parse_approval
from ingest.spinnaker.parse.canaries import parse_canary
from ingest.spinnaker.parse.failed_attempts import list_failed_attempts
from ingest.spinnaker.parse.legacy import parse_legacy_canary
from ingest.spinnaker.recognise.rollouts import recognise_rollouts

_EXECUTION = msgspec.json.Decoder(Execution)
_VIEW = msgspec.json.Decoder(TaskView)
_POLICY = msgspec.json.Decoder(PolicyRequest)
_CONFIG = msgspec.json.Decoder(configs.PipelineConfig)
_TEMPLATED = msgspec.json.Decoder(configs.TemplatedPipeline)
_OBJECT = msgspec.json.Decoder(dict[str, Any])

_WORDS = {
    "git": "git",
    "jenkins travis wercker concourse gcb codebuild build": "build",
    "docker": "image",
    "manual": "manual",
    "pipeline pipelineRef": "pipeline",
    "webhook": "webhook",
    "cron": "schedule",
}
_WORD = {type_: word for types, word in _WORDS.items() for type_ in types.split()}


def parse_document(document: Document, deck: str | None = None, keys: Collection[str] = ()) -> Iterable[Row]:
    """The rows of one document; ``deck`` is the address of the user interface, for links.

    ``keys`` are names of labels, annotations and parameters under which a team writes its commit.
    Raises ``ValueError`` where the document can not be read.
    """
    try:
        return list(_rows(document, deck, keys))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(f"{document.kind}: {error}") from error


_READ: dict[str, Callable[[bytes], Iterable[Row]]] = {
    "canary": lambda body: canary_judgments.parse_judgment(_OBJECT.decode(body)),
    "pipeline": lambda body: configs.parse_pipeline(_CONFIG.decode(body)),
    "templated": lambda body: configs.parse_templated_pipeline(_TEMPLATED.decode(body)),
    "pipeline_revision": lambda body: [configs.parse_revision(_CONFIG.decode(body))],
    "application": lambda body: [configs.parse_application(_OBJECT.decode(body))],
    "account": lambda body: [configs.parse_account(_OBJECT.decode(body))],
    "gone": lambda body: [msgspec.json.decode(body, type=rows.DeletedExecution)],
    "coverage": lambda body: [msgspec.json.decode(body, type=rows.Coverage)],
}


def _rows(document: Document, deck: str | None, keys: Collection[str]) -> Iterable[Row]:
    match document.kind:
        case "execution":
            return _told(_EXECUTION.decode(document.body), document.body, deck, keys)
        case "task":
            return _told(_VIEW.decode(document.body).execution, document.body, deck, keys)
        case "policy":
            return _told(_asked(_POLICY.decode(document.body)), document.body, deck, keys)
    if read := _READ.get(document.kind):
        return read(document.body)
    raise ValueError(f"no document of Spinnaker is called {document.kind!r}")


def _asked(policy: PolicyRequest) -> Execution:
    """The execution of a policy question, with the stage in question in its place."""
    execution, stage = policy.input.pipeline, policy.input.stage
    others = [other for other in execution.staged() if stage is None or other.id != stage.id]
    return msgspec.structs.replace(execution, stages=[*others, *([stage] if stage else [])])


def _told(execution: Execution, body: bytes, deck: str | None, keys: Collection[str]) -> Iterator[Row]:
    """The rows of an execution, with the revision of the document that tells them."""
    told = compute_revision(execution, body)
    for row in _executed(execution, deck, keys):
        if hasattr(row, "revision"):
            msgspec.structs.force_setattr(row, "revision", told)  # nobody else has seen it yet
        yield row


def _executed(execution: Execution, deck: str | None, keys: Collection[str]) -> Iterator[Row]:
    application = as_text(execution.application)
    if application is None:
        raise ValueError(f"execution {execution.id} without an application")
    tree = StageTree(execution.staged())
    yield _execution(execution, application, tree, deck, find.find_commit(execution, keys))
    for stage in tree.stages:
        yield _stage(execution.id, stage)
        if stage.type == "manualJudgment":
            yield parse_approval(execution.id, stage)
        elif stage.type == "kayentaCanary":
            yield from parse_canary(execution.id, stage, tree)
        elif stage.type == "monitorCanary":
            yield from parse_legacy_canary(execution.id, stage)
    yield from _paused(execution)
    changes = list(recognise_rollouts(execution, application, tree))
    yield from changes
    yield from list_failed_attempts(execution.id, tree, changes)


def _execution(
    execution: Execution, application: str, tree: StageTree, deck: str | None, found: Found | None
) -> rows.Execution:
    trigger = execution.trigger or Trigger()
    root, parent = _family(execution, trigger)
    return rows.Execution(
        id=execution.id,
        application=application,
        pipeline=first_text(execution.name, execution.description),
        pipeline_id=as_text(execution.pipeline_config_id),
        root_id=root,
        parent_id=parent,
        status=as_status(execution.status),
        queued_at=as_micros(execution.build_time),
        started_at=as_micros(execution.start_time),
        finished_at=_finished(execution),
        trigger=_word(trigger) if execution.trigger else None,
        triggered_by=first_person(trigger.user, as_dict(execution.authentication).get("user")),
        dry_run=trigger.dry_run is True or trigger.is_dry_run is True or trigger.type == "dryrun",
        repository=found.repository if found else None,
        commit=found.commit if found else None,
        branch=found.branch if found else None,
        commit_origin=found.origin if found else None,
        reason=_canceled(execution) or next(filter(None, map(failure_reason, tree.stages)), None),
        url=_url(execution, application, deck),
    )


def _canceled(execution: Execution) -> str | None:
    """Why and by whom it was canceled, as far as that is told."""
    why, who = as_text(execution.cancellation_reason), first_person(execution.canceled_by)
    named = f"canceled by {who}" if who and as_status(execution.status) == "canceled" else None
    return f"{why} ({named})" if why and named else why or named


def _paused(execution: Execution) -> Iterator[rows.Stage]:
    """The last time that somebody held an execution: a wait that was meant, beside those of its stages."""
    paused = as_dict(execution.paused)
    if began := as_micros(paused.get("pauseTime")):
        ended, who = as_micros(paused.get("resumeTime")), first_person(paused.get("pausedBy"))
        yield rows.Stage(
            id=f"{execution.id}/paused",
            execution_id=execution.id,
            name=f"Paused by {who}" if who else "Paused",
            kind="wait",
            status="succeeded" if ended else "running",
            started_at=began,
            finished_at=ended,
        )


def _finished(execution: Execution) -> int | None:
    """When it completed; a restarted execution that runs again still carries the end of its first run."""
    return as_micros(execution.end_time) if as_status(execution.status) in COMPLETE else None


def _family(execution: Execution, trigger: Trigger) -> tuple[str, str | None]:
    """Root and parent. Only a pipeline trigger makes a child: a manual re-run merely copies ``parentExecution``."""
    above = list(_above(trigger))
    if not above:
        return execution.id, None
    told = as_text(execution.root_id) if trigger.parent_execution is None else None
    return (told if told and told != execution.id else above[-1]), above[0]


def _above(trigger: Trigger | None) -> Iterator[str]:
    """The executions that started one, nearest first, as far as their documents are nested or named."""
    while trigger and _WORD.get(as_text(trigger.type) or "") == "pipeline":
        parent = trigger.parent_execution
        if named := first_text(parent and parent.id, trigger.parent_pipeline_id, trigger.parent_execution_id):
            yield named
        trigger = parent.trigger if parent else None


def _word(trigger: Trigger) -> str:
    """What triggered it: its type where that is one of the known, else the fields it carries."""
    if word := _WORD.get(as_text(trigger.type) or ""):
        return word
    shapes = {
        "git": as_text(trigger.hash) and as_text(trigger.slug),
        "build": as_text(trigger.build_number),
        "image": as_text(trigger.repository) and as_text(trigger.tag),
    }
    return next((word for word, carried in shapes.items() if carried), "other")


def _url(execution: Execution, application: str, deck: str | None) -> str | None:
    if not deck:
        return None
    room = "executions/details" if as_text(execution.pipeline_config_id) else "tasks"
    return f"{deck.rstrip('/')}/#/applications/{quote(application, safe='')}/{room}/{quote(execution.id, safe='')}"


def _stage(execution_id: str, stage: Stage) -> rows.Stage:
    return rows.Stage(
        id=stage.id,
        execution_id=execution_id,
        parent_id=stage.parent_stage_id,
        name=as_text(stage.name),
        kind=stage_kind(stage.type),
        status=stage.state,
        started_at=as_micros(stage.start_time),
        finished_at=as_micros(stage.end_time),
        reason=failure_reason(stage),
    )
