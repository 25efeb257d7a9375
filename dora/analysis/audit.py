"""Every change of production with the people behind it, what stands out, and the templates that changes went by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from dora import periods
from dora.analysis import audit_text, rollbacks
from dora.analysis.rollbacks import Rollbacks
from dora.config.working_hours import parse_working_hours
from dora.errors import UsageError, counted
from dora.query.lists import Row, list_rows, run_analysis
from dora.query.metric import build_info, compute_metric
from dora.query.value import Scope
from dora.render import text
from dora.statistics.intervals import newcombe, wilson
from dora.storage.database import Connection

BEYOND = "more than chance explains, though more than the template differs between their applications"
COUNTED = ("release", "hotfix", "config")
Test = Callable[[Row], bool]


@dataclass(frozen=True, slots=True)
class AuditException:
    """One thing that an auditor asks for: what, how many of how many rows, and which (ids of deployments)."""

    name: str
    title: str
    count: int
    of: int
    among: str
    deployments: list[str]


@dataclass(frozen=True, slots=True)
class AuditTrail:
    """The changes of production in a scope, the latest first, and what stands out among them.

    A row is one deployment as the model ``audit`` tells it, with ``local_time`` of the change and ``out_of_hours``
    (null where it never took traffic). ``as_code`` has a row an application, ``delivery`` one a version of a template.
    """

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
        """What stands out, in words."""
        told = [_counted(self), *(_said(one) for one in self.exceptions if one.count), self.waits, *self.drift]
        return [sentence for sentence in told if sentence]

    @property
    def drift(self) -> list[str]:
        """How many applications follow which version of a template, and whether that shows, in words."""
        return _templates(self)

    def lines(self) -> list[Row]:
        """The rows as people read them: local times, short commits, what stands out in words."""
        return [audit_text.cells(row) for row in self.rows]

    def code(self) -> list[Row]:
        """How each application's pipelines are made, as people read it."""
        return [audit_text.code(row) for row in self.as_code]

    def versions(self) -> list[Row]:
        """What was deployed by each version of a template, as people read it."""
        return [audit_text.version(row) for row in self.delivery]

    def only(self, name: str | None) -> AuditTrail:
        """The same with none but the rows of one finding; all of them where none is named."""
        if name is None:
            return self
        found = {one.name: set(one.deployments) for one in self.exceptions}
        if name not in found:
            raise UsageError(f"There is no finding {name}.", f"use one of {', '.join(found)}.")
        return replace(self, rows=[row for row in self.rows if row["deployment_id"] in found[name]])

    def dict(self) -> Row:
        """Everything as plain lists and dictionaries, as ``dora audit --json`` prints it."""
        return {**asdict(self), "rollbacks": self.rollbacks.dict(), "sentences": self.sentences}


def _has(name: str) -> Test:
    return lambda row: bool(row[name])


def _is(name: str, value: str) -> Test:
    return lambda row: value in (row[name] or "")


def _moved(row: Row) -> bool:
    return row["changed_at"] is not None


def _any(row: Row) -> bool:
    return True


FINDINGS: list[tuple[str, str, str, Test, Test]] = [  # name, title, among what, of these rows, those
    ("out_of_hours", "came out of hours", "changes of production", _moved, _has("out_of_hours")),
    ("by_hand", "were started by hand", "changes", lambda row: row["by_hand"] is not None, _has("by_hand")),
    ("unasked", "were started by hand and nobody was asked", "releases by hand",
     lambda row: bool(row["by_hand"]) and row["kind"] in COUNTED, lambda row: not row["questions"]),
    ("author_alone", "were approved by nobody but an author", "approved changes", _has("approved_by"),
     _is("four_eyes", "an author alone")),
    ("author_too", "were approved by an author and somebody else", "approved changes", _has("approved_by"),
     _is("four_eyes", "and somebody else")),
    ("trigger_approved", "were approved by who triggered them", "approved changes", _has("approved_by"),
     _is("four_eyes", "who triggered")),
    ("refused", "saw somebody try to decide who may not", "changes with a question", _has("questions"),
     _has("unauthorized_users")),
    ("stopped", "were stopped by a person", "changes with a question", _has("questions"), _has("stopped_by")),
    ("timed_out", "were stopped because nobody answered", "changes with a question", _has("questions"),
     _has("timed_out")),
    ("passed_by_timeout", "went on because nobody answered", "changes with a question", _has("questions"),
     _has("passed_by_timeout")),
    ("skipped", "had a question that was skipped", "changes with a question", _has("questions"), _has("skipped")),
    ("overridden", "went on after their canary had failed", "changes with a canary", _has("verdict"),
     lambda row: row["verdict"] in ("fail", "marginal") and _moved(row)),
    ("unattributed", "shipped nobody can tell which commit", "changes of production", _moved,
     lambda row: not row["commit"]),
]  # fmt: skip


def read_audit_trail(con: Connection, scope: Scope) -> AuditTrail:
    """The audit trail of a scope. Raises ``UsageError`` for an application, team or moment that does not exist."""
    about = build_info(con)
    rows = [_timed(row, about["timezone"]) for row in list_rows(con, "audit_trail", scope)]
    return AuditTrail(
        rows=rows,
        exceptions=[_found(rows, *asked) for asked in FINDINGS],
        rollbacks=rollbacks.list_rollbacks(con, scope),
        as_code=run_analysis(con, "as_code", scope),
        delivery=[_limited(row) for row in run_analysis(con, "template_delivery", scope)],
        waits=_waits(con, scope),
        timezone=about["timezone"],
        as_of=about["as_of"],
    )


def _timed(row: Row, zone: str) -> Row:
    """The row with its local time and whether that is out of hours."""
    local = periods.to_local(row["changed_at"] or row["happened_at"], zone)
    out = not parse_working_hours(row["working_hours"]).contains(local) if row["changed_at"] else None
    return row | {"local_time": local, "out_of_hours": out}


def _found(rows: list[Row], name: str, title: str, among: str, of: Test, those: Test) -> AuditException:  # noqa: PLR0913, PLR0917
    asked = [row for row in rows if of(row)]
    found = [row["deployment_id"] for row in asked if those(row)]
    return AuditException(name, title, len(found), len(asked), among, found)


def _limited(row: Row) -> Row:
    low, high = wilson(row["failed"], row["deployments"]) or (None, None)
    return row | {"share_failed": row["failed"] / row["deployments"], "low": low, "high": high}


def _waits(con: Connection, scope: Scope) -> str:
    value = compute_metric(con, "approval_wait", scope)[0]
    return f"A question waits {value.text} (median; {value.evidence})." if value.value is not None else ""


def _counted(told: AuditTrail) -> str:
    moved = sum(1 for row in told.rows if _moved(row))
    by_hand = {row["triggered_by"] for row in told.rows if row["by_hand"] and row["triggered_by"]}
    attempts = f"{len(told.rows):,} changes of production, {moved:,} of which took traffic"
    return f"{attempts}; {counted(len(by_hand), 'person', 'people')} started some by hand."


def _said(one: AuditException) -> str:
    return f"{one.count:,} of {one.of:,} {one.among} {one.title}."


def _templates(told: AuditTrail) -> list[str]:
    lagging = [row["application"] for row in told.as_code if row["behind"]]
    managed = sum(1 for row in told.as_code if row["managed"])
    if not told.as_code:
        return []
    said = f"{managed} of {len(told.as_code)} applications change production by a managed template"
    behind = f"; {len(lagging)} follow an older version of it: {', '.join(lagging)}" if lagging else ""
    return [f"{said}{behind}.", *_compared(told.delivery)]


def _compared(delivery: list[Row]) -> list[str]:
    """Whether deployments by an older version of a template fail more often, beyond what chance explains."""
    told = []
    for old in delivery:
        new = next(
            (row for row in delivery if row["template"] == old["template"] and row["versions_behind"] == 0), None
        )
        if new is None or not old["versions_behind"]:
            continue
        limits = newcombe((new["failed"], new["deployments"]), (old["failed"], old["deployments"]))
        beyond = limits is not None and (limits[0] > 0 or limits[1] < 0)
        told.append(
            f"Through {old['template']} {old['template_version']} {_rate(old)} of deployments fail, through"
            f" {new['template_version']} {_rate(new)}: {BEYOND if beyond else 'within noise'}."
        )
    return told


def _rate(row: Row) -> str:
    return f"{text.quantity(row['share_failed'], 'share')} ({row['failed']:,} of {row['deployments']:,})"
