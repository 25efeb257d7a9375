"""The audit trail: every production change with the people behind it, audit exceptions, and pipeline templates."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import ClassVar

from dora import periods
from dora.analysis import audit_text, rollbacks
from dora.analysis.rollbacks import Rollbacks
from dora.config.working_hours import parse_working_hours
from dora.errors import UsageError, counted
from dora.query.lists import Row, list_rows, run_analysis, run_in_scope
from dora.query.metric import build_info, compute_metric
from dora.query.value import Scope
from dora.render import text
from dora.sql import catalog
from dora.statistics.intervals import newcombe, wilson
from dora.storage.database import Connection

IN_SCOPE = "WITH audit_trail_in_scope AS MATERIALIZED (SELECT * FROM $audit_trail)"
COUNT_EXCEPTIONS = """
SELECT '{name}' AS name, count(*) AS total, coalesce(list(deployment_id) FILTER (found), []) AS found FROM (
{sql})"""


@dataclass(frozen=True, slots=True)
class AuditException:
    """One kind of exception: ``count`` of ``total`` rows ("1 of 3 approved changes were self-approved")."""

    name: str
    title: str
    among: str
    count: int
    total: int
    deployments: list[str]

    @property
    def sentence(self) -> str:
        """The exception as a sentence."""
        return f"{self.count:,} of {self.total:,} {self.among} {self.title}."


@dataclass(frozen=True, slots=True)
class AuditTrail:
    """The production changes of a scope, the latest first, and their exceptions.

    rows         one row per deployment of the model ``audit_trail``, with ``local_time`` and
                 ``outside_business_hours`` (null if it never took traffic)
    as_code      one row per application: how its pipelines are made
    delivery     one row per template version: its deployments and how many of them failed
    waits        the approval time as a sentence
    columns      the label of each column of ``lines``
    """

    columns: ClassVar[dict[str, str]] = audit_text.COLUMNS
    rows: list[Row]
    exceptions: list[AuditException]
    rollbacks: Rollbacks
    as_code: list[Row]
    delivery: list[Row]
    waits: str
    timezone: str
    as_of: datetime | None

    @property
    def sentences(self) -> list[str]:
        """The summary: production changes, exceptions that occur, approval time, templates."""
        took_traffic = sum(row["changed_at"] is not None for row in self.rows)
        users = {row["triggered_by"] for row in self.rows if row["started_manually"] and row["triggered_by"]}
        changes = f"{counted(len(self.rows), 'production change')} ({took_traffic:,} took traffic)"
        manual = f"{counted(len(users), 'user')} started changes manually."
        exceptions = [exception.sentence for exception in self.exceptions if exception.count]
        return [f"{changes}; {manual}", *exceptions, *filter(None, [self.waits]), *self.drift]

    @property
    def drift(self) -> list[str]:
        """How many applications follow an older version of their template, and whether it fails more often."""
        if not self.as_code:
            return []
        managed = sum(1 for row in self.as_code if row["managed"])
        behind = [row["application"] for row in self.as_code if row["behind"]]
        older = f"; {len(behind)} use an older version of it: {', '.join(behind)}" if behind else ""
        use = f"{managed} of {len(self.as_code)} applications deploy to production with a managed template{older}."
        # Reversed, so that the first of several newest versions counts.
        newest = {row["template"]: row for row in reversed(self.delivery) if row["versions_behind"] == 0}
        outdated = [row for row in self.delivery if row["versions_behind"] and row["template"] in newest]
        return [use, *(_version_sentence(row, newest[row["template"]]) for row in outdated)]

    def lines(self) -> list[Row]:
        """Return the rows for a table: local times, short commits, exceptions in words."""
        return [audit_text.change_cells(row) for row in self.rows]

    def code(self) -> list[Row]:
        """Return how each application's pipelines are made, for a table."""
        return [audit_text.template_cells(row) for row in self.as_code]

    def versions(self) -> list[Row]:
        """Return the deployments of each template version, for a table."""
        return [audit_text.version_cells(row) for row in self.delivery]

    def only(self, name: str | None) -> AuditTrail:
        """Return the trail with only the rows of one exception; with all rows if ``name`` is None."""
        if name is None:
            return self
        deployments = {exception.name: set(exception.deployments) for exception in self.exceptions}
        if name not in deployments:
            raise UsageError(f"There is no audit exception {name}.", f"use one of {', '.join(deployments)}.")
        return replace(self, rows=[row for row in self.rows if row["deployment_id"] in deployments[name]])

    def dict(self) -> Row:
        """Everything as plain lists and dictionaries, as ``dora audit --json`` prints it."""
        return {**asdict(self), "rollbacks": self.rollbacks.dict(), "sentences": self.sentences}


def read_audit_trail(con: Connection, scope: Scope) -> AuditTrail:
    """Return the audit trail of a scope. Raises ``UsageError`` for an unknown application or team, or invalid date."""
    about = build_info(con)
    rows = [_add_local_time(row, about["timezone"]) for row in list_rows(con, "audit_trail", scope)]
    approval_wait = compute_metric(con, "approval_wait", scope)[0]
    wait = f"Median approval time: {approval_wait.text} ({approval_wait.evidence})."
    return AuditTrail(
        rows=rows,
        exceptions=find_exceptions(con, scope, rows),
        rollbacks=rollbacks.list_rollbacks(con, scope),
        as_code=run_analysis(con, "as_code", scope),
        delivery=[_add_share_failed(row) for row in run_analysis(con, "template_delivery", scope)],
        waits=wait if approval_wait.value is not None else "",
        timezone=about["timezone"],
        as_of=about["as_of"],
    )


def find_exceptions(con: Connection, scope: Scope, rows: list[Row]) -> list[AuditException]:
    """Count every exception of ``dora/sql/exceptions``; ``rows`` are the production changes of the scope."""
    queries = catalog.queries("exceptions")
    # SQL has no time zones here, see dora.periods; the local hour of a change is known in Python only.
    outside_hours = [row["deployment_id"] for row in rows if row["outside_business_hours"]]
    # One statement, so that the scope is computed once and not for each exception.
    selects = [COUNT_EXCEPTIONS.format(name=name, sql=sql) for name, sql in queries.items()]
    statement = IN_SCOPE + " UNION ALL ".join(selects)
    counts = run_in_scope(con, statement, scope, outside_business_hours=outside_hours)
    counts_by_name = {count["name"]: count for count in counts}
    exceptions = []
    for name, sql in queries.items():
        found, total = set(counts_by_name[name]["found"]), counts_by_name[name]["total"]
        deployments = [row["deployment_id"] for row in rows if row["deployment_id"] in found]
        words = catalog.header(sql)
        exceptions.append(AuditException(name, **words, count=len(found), total=total, deployments=deployments))
    return exceptions


def _add_local_time(row: Row, zone: str) -> Row:
    local = periods.with_offset(row["changed_at"] or row["happened_at"], zone)
    outside = not parse_working_hours(row["working_hours"]).contains(local) if row["changed_at"] else None
    return row | {"local_time": local, "outside_business_hours": outside}


def _add_share_failed(row: Row) -> Row:
    low, high = wilson(row["failed"], row["deployments"]) or (None, None)
    return row | {"share_failed": row["failed"] / row["deployments"], "low": low, "high": high}


def _version_sentence(old: Row, new: Row) -> str:
    limits = newcombe((new["failed"], new["deployments"]), (old["failed"], old["deployments"]))
    significant = limits is not None and (limits[0] > 0 or limits[1] < 0)
    # Applications choose when to upgrade, so a difference may be theirs and not the template's.
    verdict = "significant, but the applications differ in more than the template" if significant else "not significant"
    old_version, new_version = f"{old['template']} {old['template_version']}", new["template_version"]
    rates = f"{old_version} fail {_failure_rate(old)}, with {new_version} {_failure_rate(new)}"
    return f"Deployments with {rates}: {verdict}."


def _failure_rate(row: Row) -> str:
    return f"{text.quantity(row['share_failed'], 'share')} ({row['failed']:,} of {row['deployments']:,})"
