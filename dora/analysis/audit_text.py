"""The audit trail as people read it: one line a change, one page for whoever asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dora.render import text

if TYPE_CHECKING:
    from dora.query.lists import Row

SHORT = 9
EVIDENCE = {
    "rollback": "rolled back",
    "fix_forward": "fixed forward",
    "incident": "incident",
    "deploy": "deploy failed",
}
MARKS = {
    "out_of_hours": "out of hours",
    "unauthorized_users": "refused: {}",
    "stopped_by": "stopped by {}",
    "skipped": "question skipped",
    "timed_out": "nobody answered",
    "passed_by_timeout": "went on unanswered",
    "four_eyes": "{}",
}
COLUMNS = {
    "local_time": "Changed", "application": "Application", "team": "Team", "kind": "Kind", "outcome": "Outcome",
    "commit": "Commit", "changes": "Changes", "authors": "Authors", "started": "Started by", "prompts": "Asked",
    "roles": "Roles required", "approved_by": "Approved by", "waited": "Waited", "canary": "Canary",
    "marks": "What stands out", "template": "Template", "url": "Execution",
}  # fmt: skip


def line(row: Row) -> Row:
    """A change as one line of a terminal's table."""
    told = cells(row)
    names = ("local_time", "application", "kind", "outcome", "commit", "authors", "started", "approved_by", "waited")
    return {name.replace("_", " "): told[name] for name in names} | {"stands out": told["marks"]}


def cells(row: Row) -> Row:
    """A change as cells of the page: local time, short commit, words."""
    template = " ".join(filter(None, (row["template"], row["template_version"])))
    return row | {
        "local_time": f"{row['local_time']:%Y-%m-%d %H:%M}",
        "outcome": outcome(row),
        "commit": (row["commit"] or "")[:SHORT] or None,
        "started": row["triggered_by"] and f"{row['triggered_by']}{' by hand' if row['by_hand'] else ''}",
        "waited": _minutes(row["waited_minutes"]),
        "canary": _canary(row),
        "marks": ", ".join(marks(row)) or None,
        "template": template or None,
    }


def _canary(row: Row) -> str | None:
    scored = row["verdict"] and row["score"] is not None
    return f"{row['verdict']} {row['score']:.0f}" if scored else row["verdict"]


def outcome(row: Row) -> str:
    """How it ended, with the evidence where it failed later."""
    ended = str(row["outcome"]).replace("_", " ")
    if not row["evidence"]:
        return ended
    return "failed: " + ", ".join(EVIDENCE.get(word, word) for word in row["evidence"].split())


def marks(row: Row) -> list[str]:
    """What an auditor would stop at."""
    told = [words.format(row[name]) for name, words in MARKS.items() if row[name]]
    if row["by_hand"] and not row["questions"] and row["kind"] in ("release", "hotfix", "config"):
        told.append("by hand, nobody asked")
    if row["versions_behind"]:
        told.append("older template")
    return told


def _minutes(minutes: float | None) -> str | None:
    return None if minutes is None else text.quantity(minutes / 60, "hours")


def code(row: Row) -> dict[str, Any]:
    """How an application's pipelines are made, as one line."""
    template = f"{row['template']} {row['template_version'] or ''}".strip() if row["template"] else None
    return {
        "application": row["application"],
        "pipelines": row["pipelines"],
        "from a template": row["from_template"],
        "by convention": row["by_convention"],
        "template to production": template,
        "newest version": row["newest_version"],
        "behind": row["behind"],
        "protected": row["protected"],
        "canary": row["has_canary"],
        "asks a person": row["has_approval"],
        "rollback pipeline": row["has_rollback"],
    }


def version(row: Row) -> dict[str, Any]:
    """What was deployed by one version of a template, as one line."""
    limits = f"{text.quantity(row['low'], 'share')} to {text.quantity(row['high'], 'share')}"
    return {
        "template": row["template"] or "none",
        "version": row["template_version"],
        "applications": row["applications"],
        "deployments": row["deployments"],
        "failed": row["failed"],
        "share": text.quantity(row["share_failed"], "share"),
        "95 %": limits,
        "mean lead time": text.quantity(row["mean_lead_hours"], "hours"),
    }
