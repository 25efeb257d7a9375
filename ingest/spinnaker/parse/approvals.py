"""Manual judgments as approvals: the prompt, who decided, who was refused, and what ended without a decision."""

from __future__ import annotations

from dora.storage.rows.executions import Approval
from ingest.spinnaker.model.coerce import COMPLETE, as_dict, as_list, as_micros, as_number, as_text, first_person
from ingest.spinnaker.model.payload import EMPTY_CONTEXT, Stage

# A judgment that times out succeeds if `markSuccessfulOnTimeout` is set (RunTaskHandler), and fails otherwise.
_OUTCOMES_WITHOUT_DECISION = {
    "succeeded": "passed_by_timeout",
    "failed": "timed_out",
    "skipped": "skipped",
    "canceled": "canceled",
}
_DECISIONS = {"succeeded": "continue", "failed": "stop"}


def parse_approval(execution_id: str, stage: Stage) -> Approval:
    """Return the approval that a ``manualJudgment`` stage asks for.

    A click after the stage ended decides nothing, but replaces who decided before it.
    """
    context = stage.context
    judgment: str | None = (as_text(context.judgment_status) or "").lower()
    has_judgment = judgment in _DECISIONS.values()
    started_at, modified = as_micros(stage.start_time), as_dict(stage.last_modified)
    finished_at = as_micros(stage.end_time)
    modified_by, modified_at = first_person(modified.get("user")), as_micros(modified.get("lastModifiedTime"))
    if modified_at and started_at and modified_at < started_at:
        modified_by = modified_at = None  # a restart keeps `lastModified` of the attempt before it
    is_late = bool(modified_at and finished_at and modified_at > finished_at)
    # Orca resets the judgment of a user without the role, but leaves their name on the stage, which still runs.
    is_ended = stage.status in COMPLETE and stage.status != "skipped"  # skipped before Orca read the click
    is_decided = has_judgment and is_ended and not (is_late and _may_have_timed_out(stage))
    if is_late:
        judgment, modified_by, modified_at = _DECISIONS.get(stage.status), None, None
    # A listing without contexts has no judgment: a stage that succeeded was almost always decided.
    decided = is_decided or (context == EMPTY_CONTEXT and stage.status == "succeeded")
    unauthorized_user = None if has_judgment or stage.status == "skipped" else modified_by
    roles = as_list(context.selected_stage_roles) or as_list(context.required_judgment_roles)
    return Approval(
        id=stage.id,
        execution_id=execution_id,
        prompt=as_text(context.instructions),
        outcome="decided" if decided else _OUTCOMES_WITHOUT_DECISION.get(stage.status, "waiting"),
        decision=judgment if is_decided else None,
        answer=as_text(context.judgment_input) if is_decided and not is_late else None,
        decided_by=first_person(modified_by, context.last_modified_by) if is_decided and not is_late else None,
        unauthorized_user=unauthorized_user,
        unauthorized_at=modified_at if unauthorized_user else None,
        skipped_by=modified_by if stage.status == "skipped" else None,
        roles=" ".join(role for role in roles if isinstance(role, str)) or None,
        status=stage.status,
        started_at=started_at,
        # Orca polls every 15 seconds, so the stage ends up to that long after the decision.
        decided_at=(modified_at or finished_at) if is_decided else None,
        finished_at=finished_at,
    )


def _may_have_timed_out(stage: Stage) -> bool:
    """Whether a judgment that ended may have run into its timeout, by its settings and its time."""
    if stage.status == "succeeded" and stage.context.mark_successful_on_timeout is not True:
        return False
    start, end, timeout = as_micros(stage.start_time), as_micros(stage.end_time), stage.context.stage_timeout_ms
    milliseconds = as_number(timeout)
    return milliseconds is None or start is None or end is None or end - start >= milliseconds * 1000
