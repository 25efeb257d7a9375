"""The detail of old deployments, changes and canaries, which a build leaves to the store.

Detail is what the dialog of a deployment and the list of changes show: targets, stages, commits. Metrics, daily counts,
definitions and tables with one row for a deployment, canary or failure are of all history, as numbers, the audit and
rollbacks rest on them. The results of the parts have all detail before any of it is left out of dora.duckdb.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from dora.storage.database import Connection

OF_DEPLOYMENT = "deployment_id IN (FROM kept_deployments)"
OF_CHANGE = "(application, change_id) IN (SELECT (application, change_id) FROM kept_changes)"
SERVES = "coalesce(until >= $until, true)"
# The tables of detail, with the rows that are kept.
DETAIL = {
    **dict.fromkeys(("deployment_contents", "deployment_stages", "shipped_commits"), OF_DEPLOYMENT),
    "canary_metrics": f"coalesce({OF_DEPLOYMENT}, judged_at >= $until, true)",
    "rollouts": f"coalesce({OF_DEPLOYMENT}, started_at >= $until, true)",
    **dict.fromkeys(("change_timeline", "changes", "lead_stages", "lead_times"), OF_CHANGE),
    "included_commits": "(repository, change_sha) NOT IN (SELECT (repository, sha) FROM old_changes)",
    "serving_intervals": SERVES,
}
# What serves now may be years old, and its page shows the deployment that brought it.
KEPT_DEPLOYMENTS = f"""
SELECT deployment_id FROM deployments
WHERE coalesce(coalesce(finished_at, traffic_at, queued_at) >= $until, true)
UNION
SELECT deployment_id FROM serving_intervals WHERE {SERVES}
"""  # noqa: S608 - our constant
KEPT_CHANGES = """
SELECT application, change_id, repository, sha FROM changes
WHERE coalesce(merged_at >= $until, true) OR shipped_by IS NULL OR shipped_by IN (FROM kept_deployments)
"""
# A repository that nobody deploys has no changes, but commits.
OLD_CHANGES = "SELECT repository, sha FROM changes EXCEPT SELECT repository, sha FROM kept_changes"


class DetailLimit(NamedTuple):
    """How many days of detail a build keeps, and the address of the store that has all of it."""

    days: int
    store: str


def write_recent(con: Connection, limit: DetailLimit) -> None:
    """Create the tables of detail out of temporary views with all rows: the rows of the last days.

    ``older_detail`` says from when there is detail, if rows are left out.
    """
    ((as_of,),) = con.execute("SELECT as_of FROM build").fetchall()
    until = (as_of or datetime.max) - timedelta(days=limit.days)
    instant = f"TIMESTAMP '{until:%Y-%m-%d}'"  # midnight
    basis = {"kept_deployments": KEPT_DEPLOYMENTS, "kept_changes": KEPT_CHANGES, "old_changes": OLD_CHANGES}
    for name, query in basis.items():
        con.execute(f"CREATE TEMP TABLE {name} AS {query.replace('$until', instant)}")
    left_out = 0
    for name, condition in DETAIL.items():
        con.execute(f"CREATE TABLE {name} AS SELECT * FROM temp.{name} WHERE {condition.replace('$until', instant)}")  # noqa: S608 - our names
        counts = con.execute(f"SELECT count(*) FROM temp.{name} UNION ALL SELECT count(*) FROM new_build.{name}")  # noqa: S608 - our names
        (of_all,), (kept,) = counts.fetchall()
        left_out += of_all - kept
        con.execute(f"DROP VIEW temp.{name}")
    if left_out:
        con.execute(f"INSERT INTO older_detail VALUES ({instant}, ?)", [limit.store])  # noqa: S608 - a date
