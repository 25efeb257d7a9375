"""Claims of a brief as plain sentences, each with its number, its interval and the rows behind it."""

from __future__ import annotations

import math
import shlex
from dataclasses import dataclass
from typing import Literal

from dora.analysis.brief.claims import Claim
from dora.analysis.brief.scorecard import NO_TEAM, Groups
from dora.errors import counted
from dora.query.value import Value
from dora.render import text
from dora.sql import catalog

Rows = Literal["pending changes", "changes", "failed deployments", "deployments", "canaries", "weeks"]
ROWS_OF: dict[str, Rows] = {
    "lead_time": "changes",
    "change_failure_rate": "failed deployments",
    "recovery_time": "failed deployments",
    "canary_pass_rate": "canaries",
}  # fmt: skip; of other metrics deployments
NOUNS = {"weeks": "control chart"}


@dataclass(frozen=True, slots=True)
class RowLink:
    """The rows behind a sentence: what they are, whose, how many, and the command that lists them."""

    rows: Rows
    metric: str
    by: Groups
    group: str | None
    count: int | None
    command: str

    @property
    def label(self) -> str:
        """The text of the link: ``23 pending changes``."""
        if self.count is None:
            return NOUNS.get(self.rows, self.rows)
        return (
            counted(self.count, self.rows.removesuffix("s")) if self.rows != "canaries" else f"{self.count:,} canaries"
        )


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: its ``headline`` with the number, the ``rest`` with interval and reason, and the rows behind it."""

    headline: str
    rest: str
    claim: Claim
    link: RowLink

    @property
    def text(self) -> str:
        """The whole sentence."""
        return f"{self.headline}{self.rest}"


@dataclass(frozen=True, slots=True)
class Context:
    """What a sentence adds to the numbers of its claim; null where it is not known.

    ``stage`` and ``stage_share`` are the longest stage of a lead time and its part of it, ``oldest_hours`` the age of
    the oldest pending change, ``event`` a known event at the time of a shift.
    """

    stage: str | None = None
    stage_share: float | None = None
    pending: int = 0
    oldest_hours: float | None = None
    event: str | None = None


def write_sentence(claim: Claim, by: Groups, context: Context, window: str) -> Sentence:
    """Return the sentence of a claim. ``window`` has the options of a command that select its window."""
    subject = _subject(claim, by)
    match claim.kind:
        case "outlier":
            headline, rest = f"{subject} is {claim.now.text}", _outlier_rest(claim, context)
        case "waiting":
            headline, rest = _waiting(claim, by, context)
        case "goal":
            headline, rest = f"{subject} misses its goal", _goal_rest(claim)
        case _:
            headline, rest = _move(claim, subject), _move_rest(claim, context)
    return Sentence(headline, f"{rest}.", claim, _link(claim, by, context, window))


def _subject(claim: Claim, by: Groups) -> str:
    title = catalog.metrics()[claim.now.metric].title
    if claim.total:
        return title
    name = claim.now.group or (NO_TEAM if by == "team" else "")
    return f"{name}'s {title[0].lower()}{title[1:]}" if claim.now.group else f"{title} of applications {NO_TEAM}"


def _limits(value: Value) -> str:
    return text.interval(value.low, value.high, value.unit)


def _outlier_rest(claim: Claim, context: Context) -> str:
    before = claim.before
    elsewhere = f"; all others together have {before.text}" if before else ""
    parts = [f" ({_limits(claim.now)}, n = {claim.now.n:,}){elsewhere}"]
    if claim.now.metric == "lead_time":
        if context.stage and context.stage_share:
            parts.append(f"{100 * context.stage_share:.0f} % of it is {context.stage}")
        if context.pending and context.oldest_hours:
            oldest = text.quantity(context.oldest_hours, "hours")
            parts.append(f"{counted(context.pending, 'change')} await deployment, the oldest for {oldest}")
    return ". ".join(parts)


def _waiting(claim: Claim, by: Groups, context: Context) -> tuple[str, str]:
    now, before = claim.now, claim.before
    name = claim.now.group or f"applications {NO_TEAM}"
    headline = f"{now.open:,} of {now.n:,} changes of {name} await deployment"
    oldest = f", the oldest for {text.quantity(context.oldest_hours, 'hours')}" if context.oldest_hours else ""
    elsewhere = f"; of all others {before.open:,} of {before.n:,}" if before else ""
    return headline, f"{oldest} ({now.text}, {_limits(now)}){elsewhere}"


def _goal_rest(claim: Claim) -> str:
    goal = claim.goal.text if claim.goal else ""
    return f" of {goal}: {claim.now.text} ({_limits(claim.now)}, n = {claim.now.n:,})"


def _move(claim: Claim, subject: str) -> str:
    before = claim.before.text if claim.before else text.NOTHING
    verb = "rose" if claim.move and claim.move.direction > 0 else "fell"
    return f"{subject} {verb} from {before} to {claim.now.text}"


def _move_rest(claim: Claim, context: Context) -> str:
    when = ""
    if claim.week:
        week = f"in the week of {claim.week:%-d %B %Y}"
        when = f" {week} and has stayed there" if claim.kind == "shift" else f", most likely {week}"
    event = f", since “{context.event}”" if context.event else ""
    return f"{when}{event} ({_change(claim)}; n = {claim.now.n:,})"


def _change(claim: Claim) -> str:
    move = claim.move
    if move is None:
        return ""
    if move.low is None or move.high is None:
        return move.text
    if claim.now.statistic == "share":
        return f"{move.text}, 95 % CI {text.signed(100 * move.low)} to {text.signed(100 * move.high)}"
    low, high = (text.signed(100 * (limit - 1), 0) if math.isfinite(limit) else "∞" for limit in (move.low, move.high))
    return f"{move.text}, 95 % CI {low} to {high} %"


def _link(claim: Claim, by: Groups, context: Context, window: str) -> RowLink:
    metric, group = claim.now.metric, claim.now.group
    option = f" --{by} {shlex.quote(group)}" if group and not claim.total else ""
    if claim.kind == "shift":
        return RowLink("weeks", metric, by, group, None, f"dora signals {metric}{option}{window}")
    if claim.kind == "waiting" or (claim.kind == "outlier" and metric == "lead_time" and context.pending):
        return RowLink("pending changes", metric, by, group, context.pending, f"dora changes --open{option}")
    rows = ROWS_OF.get(metric, "deployments")
    value = claim.now
    count = round((value.value or 0.0) * value.n) if metric == "change_failure_rate" else value.n
    failed = " --failed" if metric == "change_failure_rate" else ""
    return RowLink(rows, metric, by, group, count, f"dora explain {metric}{failed}{option}{window}")
