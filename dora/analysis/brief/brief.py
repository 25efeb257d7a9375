"""The brief: at most three sentences that say which group needs attention, what changed and why, over a scorecard.

Overview, the report and the digest show the same one. A brief claims only what is significant among everything that it
looked at (false discovery rate 5 %, Benjamini and Hochberg 1995) and relevant by the definitions; else it is silent.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache, partial
from typing import Any, Literal

from dora.analysis.brief.claims import (
    OUTLIER_METRICS,
    Claim,
    ClaimReader,
    ReadSignals,
    find_missed_goals,
    find_moves,
    find_outliers,
    find_shifts,
    find_waiting,
    rank_claims,
    significant_claims,
)
from dora.analysis.brief.scorecard import Groups, Scorecard, read_scorecard
from dora.analysis.brief.sentences import Context, Sentence, write_sentence
from dora.analysis.events import list_events
from dora.analysis.goals import evaluate_goals
from dora.analysis.period_comparison import (
    MetricChange,
    covered_previous_period,
    name_end,
    significant_changes,
)
from dora.analysis.weekly_signals import find_signals
from dora.query.metric import compute_metric, query_observations
from dora.query.plan import select_applications
from dora.query.value import ReadValues, Scope, Value
from dora.storage.database import Connection

PREVIOUS: Literal["previous"] = "previous"
LONGEST_STAGE = """
SELECT lead_stages.stage, sum(lead_stages.hours) / nullif(sum(sum(lead_stages.hours)) OVER (), 0) AS share
FROM (SELECT application, subject FROM $observations WHERE excluded IS NULL AND NOT censored) AS shipped
INNER JOIN lead_stages ON shipped.application = lead_stages.application AND shipped.subject = lead_stages.change_id
GROUP BY lead_stages.stage
ORDER BY share DESC
LIMIT 1
"""
PENDING = "SELECT count(*) AS n, max(value) AS oldest FROM $observations WHERE excluded IS NULL AND censored"


@dataclass(frozen=True, slots=True)
class Brief:
    """The brief of a scope.

    ``sentences`` are ranked, at most three. ``candidates`` says how many differences were judged, ``significant``
    how many of them are significant and relevant. ``earlier`` is the scope that moves are measured from, null if
    history does not cover it.
    """

    sentences: list[Sentence]
    scorecard: Scorecard
    significant: int
    candidates: int
    earlier: Scope | None

    @property
    def summary(self) -> str:
        """How many differences are behind the sentences, for the line under them."""
        count = f"{self.significant:,} of {self.candidates:,} differences are significant and relevant"
        more = f", the first {len(self.sentences)} as sentences" if self.significant > len(self.sentences) else ""
        return f"{count}{more}; false discovery rate 5 %"

    def plain(self) -> dict[str, Any]:
        """Return everything as plain data, as ``dora digest --json`` prints it."""
        return {
            "sentences": [_plain_sentence(sentence) for sentence in self.sentences],
            "significant": self.significant,
            "candidates": self.candidates,
            "scorecard": self.scorecard.plain(),
        }


def _plain_sentence(sentence: Sentence) -> dict[str, Any]:
    claim, value = sentence.claim, sentence.claim.now
    return {
        "text": sentence.text, "kind": claim.kind, "verdict": claim.verdict, "metric": value.metric,
        "group": value.group, "value": value.value, "unit": value.unit, "low": value.low, "high": value.high,
        "n": value.n, "before": claim.before.value if claim.before else None, "p": claim.p,
        "week": f"{claim.week:%Y-%m-%d}" if claim.week else None, "rows": sentence.link.label,
        "command": sentence.link.command,
    }  # fmt: skip


def write_brief(
    con: Connection,
    scope: Scope,
    earlier: Scope | Literal["previous"] | None = PREVIOUS,
    read_values: ReadValues | None = None,
    read_signals: ReadSignals | None = None,
) -> Brief:
    """Return the brief of a scope, by team, or by application if the scope selects teams or applications.

    Moves are measured from ``earlier``, by default from the equal period before. ``read_values`` and ``read_signals``
    replace ``compute_metric`` and ``find_signals``, for callers that hold values already. Raises ``UsageError`` for an
    application, team or date that does not exist.
    """
    values = read_values or cache(partial(compute_metric, con))
    signals = read_signals or partial(find_signals, con)
    by: Groups = "application" if scope.teams or scope.applications else "team"
    before = covered_previous_period(con, scope, values) if isinstance(earlier, str) else earlier
    changes = significant_changes(values, scope, before, by) if before else []
    claims = find_claims(con, scope, by, changes, ClaimReader(values, signals))
    significant = significant_claims(claims)
    sentences = [_sentence(con, scope, by, claim) for claim in rank_claims(significant, claims)]
    outliers = {(claim.now.metric, claim.now.group) for claim in significant if claim.kind == "outlier"}
    scorecard = read_scorecard(con, scope, by, values, changes=changes, outliers=outliers)
    return Brief(sentences, scorecard, len(significant), len(claims), before)


def find_claims(
    con: Connection, scope: Scope, by: Groups, changes: Iterable[MetricChange], reader: ClaimReader
) -> list[Claim]:
    """Return every candidate for a sentence about a scope, whether it is significant or not."""
    grouped = replace(scope, by=by)
    claims = [*find_moves(changes), *find_shifts(reader, scope, grouped, name_end(con, scope).until)]
    others = _other_applications(con, grouped)
    for name in OUTLIER_METRICS:
        read_others = partial(_read_others, reader.values, scope, others, name)
        claims += find_outliers(list(reader.values(name, grouped)), read_others)
    share = next(iter(reader.values("change_failure_rate", scope)))
    claims += find_waiting(list(reader.values("lead_time", grouped)), share.relevant_change)
    for goal_scope in (scope, grouped):
        claims += find_missed_goals(evaluate_goals(con, goal_scope), total=goal_scope.by is None)
    return claims


def _other_applications(con: Connection, scope: Scope) -> dict[str | None, tuple[str, ...]]:
    """Return by group the applications that are in other groups only."""
    applications, _ = select_applications(con, scope)
    everything = {name for members in applications.values() for name in members}
    return {group: tuple(sorted(everything - set(members))) for group, members in applications.items()}


def _read_others(
    read_values: ReadValues, scope: Scope, others: Mapping[str | None, tuple[str, ...]], name: str, group: str | None
) -> Value:
    (value,) = read_values(name, replace(scope, applications=others[group]))
    return value


def _sentence(con: Connection, scope: Scope, by: Groups, claim: Claim) -> Sentence:
    own = scope
    if claim.now.group is not None and not claim.total:
        names = (claim.now.group,)
        own = replace(scope, teams=names) if by == "team" else replace(scope, applications=names)
    context = Context()
    if claim.now.metric == "lead_time" and claim.kind in ("outlier", "waiting"):
        stages: Iterable[dict[str, Any]] = query_observations(con, "lead_time", own, LONGEST_STAGE)
        stage = next(iter(stages), {"stage": None, "share": None})
        # A change that is pending today can have been merged before the window.
        (pending,) = query_observations(con, "lead_time", replace(own, since=None, until=None), PENDING)
        context = Context(stage["stage"], stage["share"], pending["n"], pending["oldest"])
    if claim.week:
        context = replace(context, event=_event_at(con, own, claim))
    options = ((name, moment) for name, moment in (("since", scope.since), ("until", scope.until)) if moment)
    window = "".join(f" --{name} {shlex.quote(moment)}" for name, moment in options)
    return write_sentence(claim, by, context, window)


def _event_at(con: Connection, scope: Scope, claim: Claim) -> str | None:
    """Return the title of the event nearest to the start of a claim's week, at most a week away; null without one."""
    if claim.week is None:
        return None
    week = claim.week
    first, last = (week + timedelta(weeks=weeks) for weeks in (-1, 2))
    events = list_events(con, replace(scope, since=first.isoformat(), until=last.isoformat()))
    # What all applications did together is not explained by an event of some.
    known = [event for event in events if not claim.total or not (event["applications"] or event["teams"])]
    nearest = min(known, key=lambda event: abs(event["happened_at"] - week), default=None)
    return nearest["title"] if nearest else None
