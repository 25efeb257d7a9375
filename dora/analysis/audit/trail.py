"""The audit trail: every production change with the people behind it, audit exceptions, and pipeline templates."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import ClassVar

from dora.analysis import rollbacks
from dora.analysis.audit import audit_text
from dora.analysis.audit.changes import ChangeFilter, list_changes
from dora.analysis.audit.provenance import Provenance, describe_provenance
from dora.analysis.rollbacks import Rollbacks
from dora.errors import counted
from dora.query.lists import Row, run_analysis, run_in_scope
from dora.query.metric import build_info, compute_metric
from dora.query.value import Scope
from dora.render import text
from dora.sql import catalog
from dora.statistics.intervals import newcombe, wilson
from dora.storage.database import Connection

EVERY_CHANGE = ChangeFilter()
MAX_NAMES = 5  # applications in one sentence
IN_SCOPE = "WITH audit_trail_in_scope AS MATERIALIZED (SELECT * FROM $audit_trail)"
COUNT_EXCEPTIONS = """
SELECT '{name}' AS name, count(*) AS total, count(*) FILTER (found) AS found FROM (
{sql})"""


@dataclass(frozen=True, slots=True)
class AuditException:
    """One kind of exception: ``count`` of ``total`` rows ("1 of 3 approved changes were self-approved").

    ``label`` is its name in two or three words.
    """

    name: str
    label: str
    title: str
    among: str
    count: int
    total: int

    @property
    def sentence(self) -> str:
        """The exception as a sentence."""
        return f"{self.count:,} of {self.total:,} {self.among} {self.title}."

    @property
    def evidence(self) -> str:
        """The share with its 95 % interval; of no rows, what there are none of."""
        limits = wilson(self.count, self.total)
        if limits is None:
            return f"No {self.among}."
        return f"{text.quantity(self.count / self.total, 'share')} · {text.interval(*limits, 'share')}"


@dataclass(frozen=True, slots=True)
class AuditTrail:
    """The production changes of a scope, the latest first, and their exceptions.

    provenance   what the trail is of and rests on
    rows         one row per deployment of the model ``audit_trail`` that is listed, with ``local_time``
    changes      number of all changes; ``took_traffic`` of them did, ``manual_users`` started some by hand
    as_code      one row per application: how its pipelines are made, and how often a canary ran
    delivery     one row per template version: its deployments and how many of them failed
    waits        the approval time as a sentence
    columns      the label of each column of ``lines``
    """

    columns: ClassVar[dict[str, str]] = audit_text.COLUMNS
    provenance: Provenance
    rows: list[Row]
    changes: int
    took_traffic: int
    manual_users: int
    exceptions: list[AuditException]
    rollbacks: Rollbacks
    as_code: list[Row]
    delivery: list[Row]
    waits: str
    timezone: str
    as_of: datetime | None

    @property
    def summary(self) -> str:
        """How many changes there are, and how many users started some by hand."""
        changes = f"{counted(self.changes, 'production change')} ({self.took_traffic:,} took traffic)"
        return f"{changes}; {counted(self.manual_users, 'user')} started changes manually."

    @property
    def sentences(self) -> list[str]:
        """The summary: production changes, exceptions that occur, approval time, templates."""
        exceptions = [exception.sentence for exception in self.exceptions if exception.count]
        return [self.summary, *exceptions, *filter(None, [self.waits]), *self.drift]

    @property
    def drift(self) -> list[str]:
        """How many applications follow an older version of their template, and whether it fails more often."""
        if not self.as_code:
            return []
        managed = sum(1 for row in self.as_code if row["managed"])
        behind = [row["application"] for row in self.as_code if row["behind"]]
        names = ", ".join(behind[:MAX_NAMES]) + (f" and {len(behind) - MAX_NAMES} more" if behind[MAX_NAMES:] else "")
        older = f"; {len(behind)} use an older version of it: {names}" if behind else ""
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

    def dict(self) -> Row:
        """Everything as plain lists and dictionaries, as ``dora audit --json`` prints it."""
        return {**asdict(self), "rollbacks": self.rollbacks.dict(), "sentences": self.sentences}


def read_audit_trail(
    con: Connection, scope: Scope, matching: ChangeFilter = EVERY_CHANGE, limit: int | None = None
) -> AuditTrail:
    """Return the audit trail of a scope; it lists the latest changes that a filter matches, at most ``limit``.

    Raises ``UsageError`` for an unknown exception, application or team, or an invalid date.
    """
    about = build_info(con)
    approval_wait = compute_metric(con, "approval_wait", scope)[0]
    wait = f"Median approval time: {approval_wait.text} ({approval_wait.evidence})."
    return AuditTrail(
        provenance=describe_provenance(con, scope),
        rows=list_changes(con, scope, matching, limit).rows if limit != 0 else [],
        **run_analysis(con, "audit_counts", scope)[0],
        exceptions=count_exceptions(con, scope),
        rollbacks=rollbacks.list_rollbacks(con, scope),
        as_code=_list_pipelines_as_code(con, scope),
        delivery=[_add_share_failed(row) for row in run_analysis(con, "template_delivery", scope)],
        waits=wait if approval_wait.value is not None else "",
        timezone=about["timezone"],
        as_of=about["as_of"],
    )


def count_exceptions(con: Connection, scope: Scope) -> list[AuditException]:
    """Count every exception of ``dora/sql/exceptions`` among the production changes of a scope."""
    queries = catalog.queries("exceptions")
    # One statement, so that the scope is computed once and not for each exception.
    selects = [COUNT_EXCEPTIONS.format(name=name, sql=sql) for name, sql in queries.items()]
    counts = {row["name"]: row for row in run_in_scope(con, IN_SCOPE + " UNION ALL ".join(selects), scope)}
    return [
        AuditException(name, **catalog.header(sql), count=counts[name]["found"], total=counts[name]["total"])
        for name, sql in queries.items()
    ]


def _list_pipelines_as_code(con: Connection, scope: Scope) -> list[Row]:
    """Return how each application's pipelines are made, and in how many of its deployments a canary ran."""
    coverage = {row["application"]: row for row in run_analysis(con, "canary_coverage", scope)}
    none = {"with_canary": 0, "deployments": 0}
    counts = ("with_canary", "deployments")
    return [
        row | {name: coverage.get(row["application"], none)[name] for name in counts}
        for row in run_analysis(con, "as_code", scope)
    ]


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
