"""To which part each row of each table belongs: the one place that says so."""

from __future__ import annotations

from typing import Literal

from dora.errors import DoraError
from dora.sql.tables import PER_METRIC

# application, repository: the part that has it; part: no two parts can have the same row; whole: written once, when
# the parts are joined.
Owner = Literal["application", "repository", "part", "whole"]

OWNERS: dict[Owner, tuple[str, ...]] = {
    "application": (
        "approvals", "audit_trail", "canaries", "canary_metrics", "canary_outcomes", "change_timeline", "changes",
        "data_ends", "deployed_commits", "deployment_contents", "deployments", "failures", "history_gaps", "incidents",
        "lead_stages", "lead_times", "observed_days", "pipeline_templates", "recoveries", "rollbacks", "rollouts",
        "serving_intervals", "shipped_commits", "verdicts",
    ),
    "repository": ("included_commits",),
    "part": ("deployment_stages",),
    "whole": (
        "application_ends", "build", "check_results", "control_totals", "definitions", "definitions_in_force", "events",
        "globs", "goals", "hints", "image_repositories", "loads", "memberships", "name_spellings", "observations",
        "older_detail", "people", "pipelines", "tag_patterns",
    ),
}  # fmt: skip
# Intermediate tables that checks and facts of the whole read when the parts are joined.
EXPORTED: dict[str, Owner] = {
    "deployment_trees": "application",
    "linked_in_parts": "part",
    "production_rollouts": "application",
    "production_targets": "application",
    "unknown_destinations": "part",
}


def find_owner(schema: str, table: str) -> Owner:
    """Return who owns the rows of a table of a build. Raises ``DoraError`` if no one says."""
    if schema in PER_METRIC:
        return "application"
    for owner, tables in OWNERS.items():
        if table in tables:
            return owner
    raise DoraError(
        f"The table {table} has no owner, so it is unknown which rows of it to take from each part; nothing was built.",
        "name it in OWNERS of dora/parts/owners.py.",
    )
