"""Why one deployment is what it is: its targets, its content, its kind and outcome, each with the rule that decides.

The rules are those of ``docs/what-serves.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dora.errors import UsageError
from dora.query.metric import fetch_rows
from dora.render import text
from dora.sql import catalog
from dora.storage.database import Connection

Row = dict[str, Any]
SHORT_COMMIT = 9  # digits
# By the word of `content_change` in `deployments`, what happened on the targets that decided the kind.
KINDS = {
    "new": ("D5.2", "a target gets content that has served no target of the application in full"),
    "back": ("D5.3", "a target goes back to older content"),
    "promotion": ("D5.4", "a target gets content that has served another target in full and never this one"),
    "forward": ("D5.5", "a target goes ahead again to content that it served before; it ships nothing"),
    "template": ("D5.6", "the own images are the same, the pod template around them is another"),
    "same": ("D5.7", "nothing that serves changes: a restart, a scaling, the same again"),
}
OUTCOMES = {
    "succeeded": ("D4", "every target that was started serves all traffic"),
    "failed": ("D4", "it took traffic, and a target that was started does not serve in full"),
    "stopped_by_canary": ("D4", "an analysis stopped it before it served in full"),
    "canceled": ("D4", "a user or another execution canceled it"),
    "rejected": ("D4", "an approval was refused before any traffic"),
    "not_deployed": ("D4", "it took no traffic"),
    "in_progress": ("D4", "it has not ended"),
    "dark": ("D3", "its content was accepted and waits for traffic that another deployment gives it"),
}
COMMIT_KNOWN_BY = {
    "commit": "named by its image, manifest or trigger (G1)",
    "version": "that of an earlier deployment of the same version (G1)",
    "missing": "not known (G1)",
    "ambiguous": "not known: several commits begin like it (G1)",
    "unknown": "in no repository that was ingested (G1)",
}
CHOSEN_BY = {
    "definition": "by the definition `images` (C2)",
    "name": "by its name (C2)",
    "first container": "first container, no name matches (C2)",
}


@dataclass(frozen=True, slots=True)
class DeploymentExplanation:
    """One deployment with the rules that decided about it.

    ``deployment`` is its row of the table ``deployments``; ``targets`` has a row per target with what served before
    and after, ``contents`` one per target and own image; ``kind`` and ``outcome`` are (rule, reason).
    """

    deployment: Row
    targets: list[Row]
    contents: list[Row]
    kind: tuple[str, str]
    outcome: tuple[str, str]

    @property
    def sentences(self) -> list[str]:
        """What it is and why, one fact a line."""
        row = self.deployment
        related = {
            "prepared by": (row["prepared_by"], "D3"),
            "prepared for": (row["prepared_for_id"], "D3"),
            "may be a later rollout of": (row["joins_id"], "D6"),
            "restored": (row["restored_id"], "E1"),
            "blames": (_blamed(row), "E1"),
            "failed by": (row["failure_evidence"], "E0"),
            "verdict": (row["verdict"], "E5"),
            "silenced evidence": (row["silenced_evidence"], "E5"),
            "failed at": (row["failed_at"], "R1"),
            "incident opened at": (row["detected_at"], "R2"),
            "recovered at": (row["recovered_at"], "R1"),
        }
        facts = [("kind", row["kind"], *self.kind), ("outcome", row["outcome"], *self.outcome)]
        lines = [f"{name}: {word} ({rule}: {reason})" for name, word, rule, reason in facts]
        return [*lines, *(f"{name}: {ids} ({rule})" for name, (ids, rule) in related.items() if ids)]

    def target_lines(self) -> list[Row]:
        """Return one row per target for a table."""
        pairs = [(row["version_before"], row["version_after"]) for row in self.targets]
        short = iter(text.short_versions(version for pair in pairs for version in pair))
        return [
            {
                "target": row["target"],
                "before": _content(next(short), row["commit_before"]) or "nothing",
                "after": _content(next(short), row["commit_after"]) or _traffic(row),
                "full traffic at": row["full_traffic_at"],
                "did": row["parts"],
            }
            for row in self.targets
        ]

    def content_lines(self) -> list[Row]:
        """Return one row per target and own image for a table."""
        return [
            {
                "target": row["target"],
                "version": row["version"],
                "chosen": CHOSEN_BY.get(row["chosen_by"]),
                "repository": row["repository"],
                "commit": (row["commit"] or "")[:SHORT_COMMIT] or None,
                "commit known by": COMMIT_KNOWN_BY.get(row["attribution"], row["attribution"]),
            }
            for row in self.contents
        ]

    def dict(self) -> Row:
        """Everything as plain lists and dictionaries, as ``dora explain deployment --json`` prints it."""
        return {
            "deployment": self.deployment,
            "kind_rule": self.kind[0], "kind_reason": self.kind[1],
            "outcome_rule": self.outcome[0], "outcome_reason": self.outcome[1],
            "targets": self.targets, "contents": self.contents,
        }  # fmt: skip


def explain_deployment(con: Connection, deployment_id: str) -> DeploymentExplanation:
    """Return why a deployment is what it is. Its id may be that of its execution, if that has one deployment.

    Raises ``UsageError`` for an id that names no deployment, or several.
    """
    queries = catalog.queries("analyses")
    matches = fetch_rows(con, queries["deployment_facts"], {"deployment_id": deployment_id})
    if not matches:
        raise UsageError(f"There is no deployment {deployment_id}.", "list ids with `dora audit --csv`.")
    if len(matches) > 1:
        names = ", ".join(row["deployment_id"] for row in matches)
        raise UsageError(f"{deployment_id} has {len(matches)} deployments.", f"name one of them: {names}.")
    (row,) = matches
    kind = _kind_rule(row)
    shaping = ("by_rollback_pipeline", "has_undo", "stated_kind")
    parameters = {"deployment_id": row["deployment_id"]}
    return DeploymentExplanation(
        deployment={name: value for name, value in row.items() if name not in shaping},
        targets=fetch_rows(con, queries["deployment_targets"], parameters),
        contents=fetch_rows(
            con,
            "SELECT * FROM deployment_contents WHERE deployment_id = $deployment_id ORDER BY target, image",
            parameters,
        ),
        kind=kind,
        outcome=_outcome_rule(row),
    )


def _kind_rule(row: Row) -> tuple[str, str]:
    is_rollback = row["kind"] == "rollback"
    explicit = {
        "its source says so": row["stated_kind"] is not None,
        "it has an undo or rollback stage": is_rollback and row["has_undo"],
        # The pipeline above, which started this one, is not in the row; nothing else makes such a rollback.
        "its pipeline, or the one above, is one of `rollback_pipelines`": row["by_rollback_pipeline"]
        or (is_rollback and row["content_change"] != "back"),
    }
    if reason := next((reason for reason, applies in explicit.items() if applies), None):
        return "D5.1", reason
    if row["kind"] == "config" and row["content_change"] != "template":
        return "D5.6", "it changes configuration beside the workloads and no own content (C5)"
    if row["kind"] == "redeploy":
        return KINDS["same"]
    if row["content_change"] is None:
        return "D5.2", "it brings content; it is compared with nothing, because it took no traffic of its own"
    rule, reason = KINDS[row["content_change"]]
    return rule, f"{reason}; it matches a rule of hotfixes" if row["kind"] == "hotfix" else reason


def _outcome_rule(row: Row) -> tuple[str, str]:
    rule, reason = OUTCOMES[row["outcome"]]
    return rule, f"{reason}, but one was planned and never started" if row["not_everywhere"] else reason


def _blamed(row: Row) -> str | None:
    first, last = row["blamed_first_id"], row["blamed_last_id"]
    return first if first == last or not last else f'{first}, or with `rollback_blames = "last"` {last}'


def _content(version: str | None, commit: str | None) -> str | None:
    return " ".join(part for part in (version, (commit or "")[:SHORT_COMMIT]) if part) or None


def _traffic(row: Row) -> str:
    return "unchanged: no traffic" if row["first_traffic_at"] is None else "a part of the traffic only"
