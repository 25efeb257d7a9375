"""Manual judgments → approvals: who was asked what, who decided, who may not, and what happened without anybody."""

from __future__ import annotations

from ingest.core.rows import Approval, Micros
from ingest.spinnaker.model.coerce import COMPLETE, as_dict, as_list, as_micros, as_text, first_person
from ingest.spinnaker.model.payload import EMPTY_CONTEXT, Stage

_WITHOUT_DECISION = {
    "succeeded": "passed_by_timeout",
    "failed": "timed_out",
    "skipped": "skipped",
    "canceled": "canceled",
}


def parse_approval(execution_id: str, stage: Stage) -> Approval:
    """The question of a ``manualJudgment`` stage.

    A decision counts only where the stage is complete: a refused judge leaves their name on a stage that still
    runs. The wait ends with the decision; the stage's end follows it by up to fifteen seconds.
    """
    context = stage.values
    decision = (as_text(context.judgment_status) or "").lower()
    judged = decision in ("continue", "stop")
    decided = judged and stage.state in COMPLETE
    who, when = _modified(stage)
    roles = as_list(context.selected_stage_roles) or as_list(context.required_judgment_roles)
    ended = as_micros(stage.end_time)
    return Approval(
        id=stage.id,
        execution_id=execution_id,
        prompt=as_text(context.instructions),
        outcome=_outcome(stage, decided),
        decision=decision if decided else None,
        answer=as_text(context.judgment_input) if decided else None,
        decided_by=first_person(who, context.last_modified_by) if decided else None,
        unauthorized_user=None if judged or stage.state == "skipped" else who,
        roles=" ".join(role for role in roles if isinstance(role, str)) or None,
        status=stage.state,
        started_at=as_micros(stage.start_time),
        decided_at=(when or ended) if decided else None,
        finished_at=ended,
    )


def _outcome(stage: Stage, decided: bool) -> str:
    """How it ended; of a listing without contexts, which does not tell, that it was decided."""
    if decided or (stage.values == EMPTY_CONTEXT and stage.state == "succeeded"):
        return "decided"
    return _WITHOUT_DECISION.get(stage.state, "waiting")


def _modified(stage: Stage) -> tuple[str | None, Micros]:
    """Who touched the stage last, and when; nobody where that was before a restart put the question again."""
    modified, began = as_dict(stage.last_modified), as_micros(stage.start_time)
    when = as_micros(modified.get("lastModifiedTime"))
    if when and began and when < began:
        return None, None
    return first_person(modified.get("user")), when
