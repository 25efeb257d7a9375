"""The query path: in any scope, a number is the statistic of the rows behind it."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from scipy.stats import binom, chi2
from statsmodels.stats.proportion import proportion_confint

import dora
from dora import periods
from dora.errors import UsageError
from dora.query.metric import compute_metric
from dora.query.value import RATES, Scope

START = datetime(2026, 1, 1)
AS_OF = datetime(2026, 4, 1, tzinfo=UTC)
ZONE = "Europe/Berlin"
METRICS = sorted(dora.metrics())
SCOPES = st.builds(
    Scope,
    since=st.sampled_from([None, "2026-01-15", "45d", "2026-03-29"]),
    until=st.sampled_from([None, "2026-03-30", "2026-03-31T12:00"]),
    by=st.sampled_from([None, "application", "team", "group"]),
    every=st.sampled_from([None, "day", "week", "month"]),
    applications=st.sampled_from([(), ("shop",), ("cart", "shop")]),
)


def _history() -> dict[str, str]:
    """Three months of two busy services and a quiet one: deployments, failures, incidents, open changes."""
    dice = random.Random(11)
    changes = ["repository | sha | parents | authored_at | committed_at"]
    deployments = ["id | application | environment | status | started_at | finished_at | repository | commit"]
    incidents = ["id | application | opened_at | resolved_at"]
    for application, gap in (("shop", 9), ("cart", 14), ("blog", 200)):
        at, parent, number = START + timedelta(hours=dice.random() * 9), "", 0
        while at < AS_OF.replace(tzinfo=None):
            number += 1
            sha = f"{number:08x}{application.encode().hex():0<32}"
            changes.append(f"acme/{application} | {sha} | {parent} | {at} | {at}")
            parent, done = sha, at + timedelta(minutes=dice.expovariate(1 / 50))
            status = dice.choices(["succeeded", "failed"], [9, 1])[0]
            if dice.random() < 0.8 and done < AS_OF.replace(tzinfo=None):
                row = f"{application}-{number} | {application} | production | {status} | {at} | {done}"
                deployments.append(f"{row} | acme/{application} | {sha}")
                if dice.random() < 0.15:
                    over = done + timedelta(minutes=dice.expovariate(1 / 90))
                    incidents.append(f"i-{application}-{number} | {application} | {done} | {over}")
            at += timedelta(hours=dice.expovariate(1 / gap))
    return {
        "changes": "\n".join(changes),
        "deployments": "\n".join(deployments),
        "incidents": "\n".join(incidents),
    }


@pytest.fixture(scope="module")
def history(
    tmp_path_factory: pytest.TempPathFactory, built_in: Callable[..., dora.Delivery]
) -> Iterator[dora.Delivery]:
    config = {"timezone": ZONE, "teams": {"store/front": ["shop"], "store/back": ["cart"]}}
    delivery = built_in(tmp_path_factory.mktemp("history"), as_of=AS_OF, settings=config, **_history())
    yield delivery
    delivery.close()


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(METRICS), scope=SCOPES)
def test_every_number_is_the_statistic_of_its_rows(history: dora.Delivery, name: str, scope: Scope) -> None:
    """For every metric, period, group and filter, independent libraries compute the same from observations()."""
    rows = pd.DataFrame(history.observations(name, scope), columns=_columns(history))
    for value in history.values(name, scope):
        selected = rows[
            (rows["grp"].isna() if value.group is None else rows["grp"] == value.group)
            & (rows["period"].isna() if value.period is None else rows["period"] == value.period)
        ]
        counted = selected[selected["excluded"].isna()]
        assert (value.n, value.open) == (len(counted), int(counted["censored"].sum()))
        assert value.excluded == Counter(selected["excluded"].dropna())
        ORACLES[value.statistic](value, counted)


def _columns(history: dora.Delivery) -> list[str]:
    return list(history.observations("lead_time")[0])


def _median(value: dora.Value, counted: pd.DataFrame) -> None:
    if not len(counted):
        assert value.value is None
        return
    fitted = KaplanMeierFitter().fit(counted["value"], ~counted["censored"].astype(bool))
    curve = fitted.survival_function_.iloc[:, 0]
    limits = fitted.confidence_interval_[curve > 0]  # at zero lifelines calls its limits exact
    lines = (curve, limits.iloc[:, 0], limits.iloc[:, 1])
    crossed = [line.index[line <= 0.5 + 1e-9] for line in lines]
    median, *ends = (times[0] if len(times) else None for times in crossed)
    if median is not None and abs(curve[median] - 0.5) < 1e-9:
        later = [hours for hours in counted[~counted["censored"].astype(bool)]["value"] if hours > median]
        median = (median + min(later, default=median)) / 2
    assert value.value == (None if median is None else pytest.approx(median))
    expected = ends if len(counted) >= 6 else [None, None]
    assert [value.low, value.high] == [None if end is None else pytest.approx(end) for end in expected]


def _share(value: dora.Value, counted: pd.DataFrame) -> None:
    if not len(counted):
        assert (value.value, value.low, value.high) == (None, None, None)
        return
    assert value.value == pytest.approx(counted["value"].mean())
    expected = proportion_confint(int(counted["value"].sum()), len(counted), method="wilson")
    assert (value.low, value.high) == pytest.approx(expected, abs=1e-9)


def _count(value: dora.Value, counted: pd.DataFrame) -> None:
    if value.value is None:
        assert not len(counted)
        return
    low = chi2.ppf(0.025, 2 * value.n) / 2 if value.n else 0.0
    high = chi2.ppf(0.975, 2 * value.n + 2) / 2
    assert value.scatter is not None
    wider = value.scatter**0.5
    assert value.value == pytest.approx(value.n / value.days)
    limits = (max(0.0, value.n - wider * (value.n - low)), value.n + wider * (high - value.n))
    assert [value.low, value.high] == pytest.approx([end / value.days for end in limits], rel=1e-6)


def _plain(value: dora.Value, counted: pd.DataFrame) -> None:
    if not len(counted):
        assert value.value is None
        return
    ordered = sorted(counted["value"])
    assert value.value == pytest.approx(float(pd.Series(ordered).quantile(0.5)))
    lower, upper = (int(binom.ppf(end, len(ordered), 0.5)) for end in (0.025, 0.975))
    expected = [ordered[lower - 1] if lower else None, ordered[upper] if upper < len(ordered) else None]
    assert [value.low, value.high] == expected


def _days(value: dora.Value, counted: pd.DataFrame) -> None:
    if value.value is None:
        return
    days = {periods.floor(periods.to_local(at.to_pydatetime(), ZONE), "day") for at in counted["happened_at"]}
    length = max(math.ceil(value.days), len(days))
    expected = proportion_confint(len(days), length, method="wilson")
    assert value.value == pytest.approx(7 * len(days) / length)
    assert (value.low, value.high) == pytest.approx((7 * expected[0], 7 * expected[1]), abs=1e-9)


ORACLES: dict[str, Callable[[dora.Value, pd.DataFrame], None]] = {
    "median": _median,
    "share": _share,
    "count": _count,
    "plain_median": _plain,
    "days": _days,
}


@settings(max_examples=30, deadline=None)
@given(name=st.sampled_from(METRICS), scope=SCOPES)
def test_only_observed_leaves_out_what_has_no_observation(history: dora.Delivery, name: str, scope: Scope) -> None:
    """The other values are the same, and a rate is kept: it is zero where nothing happened."""
    observed = compute_metric(history.connection(), name, scope, only_observed=True)
    values = history.values(name, scope)
    assert observed == [value for value in values if value.n or value.excluded or value.statistic in RATES]


def test_moving_the_window_changes_no_link(history: dora.Delivery) -> None:
    """A deployment failed or did not, whatever the window."""
    everything = {row["subject"]: row["value"] for row in history.observations("change_failure_rate")}
    for day in range(1, 28, 5):
        part = history.observations("change_failure_rate", Scope(since=f"2026-02-{day:02}", until="2026-03-15"))
        assert part
        assert {row["subject"]: row["value"] for row in part}.items() <= everything.items()


def test_periods_add_up_to_the_window(history: dora.Delivery) -> None:
    """Each observation is in exactly one period, over a clock change too."""
    for grain in ("day", "week", "month"):
        values = history.metric("deployment_frequency", every=grain, since="2026-02-01")
        assert sum(value.n for value in values) == history.metric("deployment_frequency", since="2026-02-01").rows[0].n


def test_the_first_and_last_period_are_partial(history: dora.Delivery) -> None:
    """The first and the current period are partial; those between are not."""
    weeks = history.metric("lead_time", every="week", since="2026-02-04").rows
    assert [value.partial for value in weeks] == [True, *[False] * (len(weeks) - 2), True]
    assert all(value.period and value.period.weekday() == 0 for value in weeks)


def test_zero_and_no_number_are_different(history: dora.Delivery) -> None:
    """An application that deployed before and not now has 0 with an upper limit; without any observation ever, null."""
    (quiet,) = history.metric("deployment_frequency", since="1h", where={"application": "blog"})
    assert (quiet.value, quiet.n, quiet.low) == (0, 0, 0)
    assert quiet.high
    assert quiet.high > 80
    (none,) = history.metric("canary_pass_rate")
    assert (none.value, none.reason) == (None, "no canaries to count in all of history")


def test_a_group_without_a_team_is_null_not_lost(history: dora.Delivery) -> None:
    """Values by team include every application, those without a team under null."""
    by_team = history.metric("deployment_frequency", by="team")
    assert [value.group for value in by_team] == ["store/back", "store/front", None]
    assert sum(value.n for value in by_team) == history.metric("deployment_frequency").rows[0].n


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"by": "colour"}, "colour"),
        ({"every": "minute"}, "minute"),
        ({"since": "soon"}, "soon"),
        ({"where": {"application": "nobody"}}, "nobody"),
        ({"where": {"colour": "red"}}, "colour"),
        ({"where": {"team": "nobody"}}, "nobody"),
        ({"statistic": "mode"}, "mode"),
        ({"since": "2026-03-01", "until": "2026-02-01"}, "before it starts"),
    ],
)
def test_what_does_not_exist_is_named(history: dora.Delivery, arguments: dict[str, Any], message: str) -> None:
    """A misspelt name or date raises an error that quotes it."""
    with pytest.raises(UsageError, match=message):
        history.metric("lead_time", **arguments)
    with pytest.raises(UsageError, match="lead_tme"):
        history.metric("lead_tme")


def test_hostile_input_is_never_sql(history: dora.Delivery) -> None:
    """User input reaches SQL as bound values alone."""
    for text in ("x'; DROP TABLE deployments; --", "read_text('/etc/passwd')", '"', "\x00"):
        with pytest.raises(UsageError):
            history.metric("lead_time", where={"application": text})
        with pytest.raises(UsageError):
            history.metric(text)
        with pytest.raises(UsageError):
            history.metric("lead_time", since=text)
    assert history.sql("SELECT count(*) > 0 AS there FROM deployments") == [{"there": True}]


def test_explain_lists_the_rows_behind_the_number(history: dora.Delivery) -> None:
    """explain() has one row per observation, with the evidence of each failure."""
    result = history.metric("change_failure_rate", since="60d", where={"application": ["shop"]})
    rows = result.explain()
    counted = [row for row in rows if row["excluded"] is None]
    assert len(counted) == result.rows[0].n
    assert sum(row["value"] for row in counted) / len(counted) == result.rows[0].value
    assert {row["failure_evidence"] is not None for row in counted if row["value"] == 1} == {True}
    assert {row["failure_evidence"] for row in counted if row["value"] == 0} == {None}


def test_query_observations_selects_the_same_rows(history: dora.Delivery) -> None:
    """A query of the user counts, by team and week, what the values count; its own parameters follow."""
    scope = dora.Scope(since="60d", by="team", every="week")
    sql = "SELECT grp, period, count(*) AS n FROM $observations WHERE excluded IS NULL GROUP BY ALL HAVING n > ?"
    counted = {
        (row["grp"], row["period"]): row["n"] for row in history.query_observations("lead_time", scope, sql, (0,))
    }
    assert counted == {(v.group, v.period): v.n for v in history.values("lead_time", scope) if v.n}
    assert len(counted) > 5
    with pytest.raises(UsageError):
        history.query_observations("no_metric", scope, sql, (0,))


def test_the_same_under_any_zone_of_the_machine(history: dora.Delivery, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number does not depend on the time zone of the machine."""
    import time

    expected = history.metric("lead_time", every="week").dicts()
    for zone in ("Asia/Kolkata", "America/New_York"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        assert dora.open(history.path).metric("lead_time", every="week").dicts() == expected
    monkeypatch.undo()
    time.tzset()


def test_local_days_are_the_organisations(history: dora.Delivery) -> None:
    """An observation belongs to the local day of its instant."""
    for row in history.observations("deployment_frequency", Scope(every="day")):
        assert row["period"] == periods.floor(periods.to_local(row["happened_at"], ZONE), "day")


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_a_time_zone_moves_days_and_no_instant(
    history: dora.Delivery, zone: str, tmp_path: Path, built_in: Callable[..., dora.Delivery]
) -> None:
    """The same facts elsewhere have the same instants and values; days and weeks are those of the clocks there,
    through the weeks in which they change."""
    there = built_in(tmp_path, as_of=AS_OF, settings={"timezone": zone}, **_history())
    columns = ("application", "happened_at", "subject", "value", "censored", "excluded")
    for name in ("deployment_frequency", "lead_time", "change_failure_rate", "recovery_time"):
        theirs, ours = (
            {tuple(row[column] for column in columns): row["period"] for row in rows}
            for rows in (delivery.observations(name, Scope(every="week")) for delivery in (there, history))
        )
        assert theirs.keys() == ours.keys()
        for (_, at, *_), week in theirs.items():
            local = at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
            assert week == datetime(local.year, local.month, local.day) - timedelta(days=local.weekday())
    weeks = there.metric("deployment_frequency", every="week").rows
    assert [week.days for week in weeks if not week.partial] == [7.0] * (len(weeks) - 2)
    there.close()


@pytest.mark.parametrize("metric", ["deployment_frequency", "change_failure_rate", "lead_time"])
def test_a_window_holds_its_start_and_not_its_end(history: dora.Delivery, metric: str) -> None:
    """An observation exactly at ``since`` is in the window, one exactly at ``until`` is not: in numbers and in rows."""
    counted = [row for row in history.observations(metric) if row["excluded"] is None]
    at = counted[len(counted) // 2]["happened_at"]
    edge = at.replace(tzinfo=UTC).astimezone(ZoneInfo(ZONE)).replace(tzinfo=None).isoformat()
    begins, ends = Scope(since=edge), Scope(until=edge)
    for scope, is_inside in ((begins, True), (ends, False)):
        rows = [row for row in history.observations(metric, scope) if row["excluded"] is None]
        assert (at in {row["happened_at"] for row in rows}) is is_inside
        assert history.values(metric, scope).rows[0].n == len(rows)
        if metric == "lead_time":
            ended = [row["value"] for row in rows if not row["censored"]]
            mean = history.values(metric, replace(scope, statistic="mean")).rows[0].value
            assert mean == pytest.approx(sum(ended) / len(ended))
