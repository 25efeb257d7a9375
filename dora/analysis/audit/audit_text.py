"""Rows of the audit trail as cells of tables: local times, short commits, exceptions in words."""

from __future__ import annotations

from typing import Any

from dora.render import text

Row = dict[str, Any]
SHORT_COMMIT = 9  # digits
EVIDENCE = {
    "rollback": "rolled back", "fix_forward": "fixed forward", "deploy": "deploy failed",
    "verification": "not confirmed by its verification",
}  # fmt: skip
MARKS: dict[str, str | dict[str, str]] = {  # column of the row: exception in words, by code if it has codes
    "outside_business_hours": "outside business hours",
    "self_merged": "merged by its author without an approval",
    "unauthorized_users": "unauthorized: {}",
    "stopped_by": "rejected by {}",
    "restarted_by": "restarted by {}",
    "prompts_skipped": "approval skipped",
    "verification_stopped_by": "stopped after it served by {}",
    "prompts_timed_out": "approval timed out",
    "prompts_passed_by_timeout": "passed by timeout",
    "author_approval": {
        "alone": "approved by an author alone",
        "shared": "approved by an author and another person",
        "unknown": "approver may be an author",
    },
    "approved_by_trigger_user": "approved by the person who triggered it",
}
COLUMNS = {  # of every list of production changes: terminal, file and page
    "local_time": "Deployed", "application": "Application", "why": "Why", "marks": "Exceptions",
    "team": "Team", "kind": "Kind", "outcome": "Outcome",
    "commit": "Commit", "changes": "Changes", "authors": "Authors", "reviewers": "Reviewers", "merged_by": "Merged by",
    "started": "Started by",
    "prompts": "Approval prompt", "roles": "Roles required", "approved_by": "Approved by", "waited": "Approval wait",
    "canary": "Canary result", "template": "Template", "url": "Execution",
}  # fmt: skip
TERMINAL_COLUMNS = ("local_time", "application", "why", "kind", "outcome", "commit", "authors", "started",
                    "approved_by", "waited", "marks")  # fmt: skip


def terminal_line(row: Row) -> Row:
    """Return a change as one row of a terminal's table, which has room for some of the columns."""
    cells = change_cells(row)
    return {COLUMNS[name].lower(): cells[name] for name in TERMINAL_COLUMNS}


def change_cells(row: Row) -> Row:
    """Return a change with the cells of ``COLUMNS``."""
    manual = " (manual)" if row["started_manually"] else ""
    has_score = row["verdict"] and row["score"] is not None
    minutes = row["waited_minutes"]
    return row | {
        "local_time": f"{row['local_time']:%Y-%m-%d %H:%M}",
        "outcome": outcome(row),
        "commit": (row["commit"] or "")[:SHORT_COMMIT] or None,
        "started": row["triggered_by"] and f"{row['triggered_by']}{manual}",
        "waited": None if minutes is None else text.quantity(minutes / 60, "hours"),
        "canary": f"{row['verdict']} {row['score']:.0f}" if has_score else row["verdict"] or _no_canary(row),
        "marks": ", ".join(marks(row)) or None,
        "template": " ".join(filter(None, (row["template"], row["template_version"]))) or None,
    }


def outcome(row: Row) -> str:
    """Return how a deployment ended; if it failed later, the evidence of that."""
    if row["evidence"]:
        return "failed: " + ", ".join(EVIDENCE.get(word, word) for word in row["evidence"].split())
    return str(row["outcome"]).replace("_", " ")


def _no_canary(row: Row) -> str | None:
    return "configured, never ran" if row["canary_configured"] else None


def marks(row: Row) -> list[str]:
    """Return the exceptions of a change in words."""
    # The same conditions as dora/sql/exceptions, for one row: here they are read side by side, there counted.
    words = [
        phrase[row[column]] if isinstance(phrase, dict) else phrase.format(row[column])
        for column, phrase in MARKS.items()
        if row[column]
    ]
    if (
        row["started_manually"]
        and not row["prompt_count"]
        and row["kind"] in ("release", "hotfix", "config", "promotion")
    ):
        words.append("manual, no approval prompt")
    if row["verdict"] in ("fail", "marginal") and row["changed_at"]:
        words.append(f"canary overridden ({row['verdict']})")
    if row["canary_configured"] and not row["verdict"] and row["changed_at"]:
        words.append("canary never ran")
    if row["versions_behind"]:
        words.append("older template")
    return words


def template_cells(row: Row) -> Row:
    """Return how an application's pipelines are made."""
    template = f"{row['template']} {row['template_version'] or ''}".strip() if row["template"] else None
    return {
        "application": row["application"],
        "pipelines": row["pipelines"],
        "from a template": row["from_template"],
        "by convention": row["by_convention"],
        "production template": template,
        "newest version": row["newest_version"],
        "pipelines behind": row["behind"],
        "protected": row["protected"],
        "canary configured": row["has_canary"],
        "canary ran": f"{row['with_canary']:,} of {row['deployments']:,}" if row["deployments"] else None,
        "approval": row["has_approval"],
        "rollback pipeline": row["has_rollback"],
    }


def version_cells(row: Row) -> Row:
    """Return the deployments of one template version and the share that failed."""
    return {
        "template": row["template"] or "none",
        "version": row["template_version"],
        "applications": row["applications"],
        "deployments": row["deployments"],
        "failed": row["failed"],
        "share failed": text.quantity(row["share_failed"], "share"),
        "95 % CI": text.interval(row["low"], row["high"], "share").removeprefix("95 % CI "),
        "mean lead time": text.quantity(row["mean_lead_hours"], "hours"),
    }
