"""Manual judgments → approvals: who was asked what, who decided, who may not, and what happened without anybody."""

from __future__ import annotations

from ingest.core.rows import Approval, Micros
from ingest.spinnaker.model.coerce import COMPLETE, items, mapping, micros, person, text
from ingest.spinnaker.model.payload import EMPTY, Stage

_WITHOUT_DECISION = {
    "succeeded": "passed_by_timeout",
    "failed": "timed_out",
    "skipped": "skipped",
    "canceled": "canceled",
}


def approval(execution_id: str, stage: Stage) -> Approval:
    """The question of a ``manualJudgment`` stage.

    A decision counts only where the stage is complete: a refused judge leaves their name on a stage that still
    runs. The wait ends with the decision; the stage's end follows it by up to fifteen seconds.
    """
    context = stage.values
    decision = (text(context.judgment_status) or "").lower()
    judged = decision in ("continue", "stop")
    decided = judged and stage.state in COMPLETE
    who, when = _modified(stage)
    roles = items(context.selected_stage_roles) or items(context.required_judgment_roles)
    ended = micros(stage.end_time)
    return Approval(
        id=stage.id,
        execution_id=execution_id,
        prompt=text(context.instructions),
        outcome=_outcome(stage, decided),
        decision=decision if decided else None,
        answer=text(context.judgment_input) if decided else None,
        decided_by=person(who, context.last_modified_by) if decided else None,
        unauthorized_user=None if judged or stage.state == "skipped" else who,
        roles=" ".join(role for role in roles if isinstance(role, str)) or None,
        status=stage.state,
        started_at=micros(stage.start_time),
        decided_at=(when or ended) if decided else None,
        finished_at=ended,
    )


def _outcome(stage: Stage, decided: bool) -> str:
    """How it ended; of a listing without contexts, which does not tell, that it was decided."""
    if decided or (stage.values == EMPTY and stage.state == "succeeded"):
        return "decided"
    return _WITHOUT_DECISION.get(stage.state, "waiting")


def _modified(stage: Stage) -> tuple[str | None, Micros]:
    """Who touched the stage last, and when; nobody where that was before a restart put the question again."""
    modified, began = mapping(stage.last_modified), micros(stage.start_time)
    when = micros(modified.get("lastModifiedTime"))
    if when and began and when < began:
        return None, None
    return person(modified.get("user")), when
