"""Which periods are complete: a history gap, and the end of the data, make one partial with a reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dora
from dora.periods import GRAINS, Grain, Period, floor, local_time_sql, split, to_local
from dora.query.coverage import Coverage, Gap
from tests.conftest import engine

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]
MISSING = "history is missing"
# an hour each side of the nights when clocks change, and anywhere else
NIGHTS = [datetime(2026, 3, 29), datetime(2026, 10, 25), datetime(2026, 3, 8), datetime(2026, 11, 1)]
MOMENTS = st.one_of(
    st.datetimes(datetime(2026, 2, 1), datetime(2026, 12, 1)),
    st.tuples(st.sampled_from(NIGHTS), st.integers(-180, 600)).map(lambda at: at[0] + timedelta(minutes=at[1])),
)


@given(since=MOMENTS, minutes=st.integers(1, 40 * 1440), zone=st.sampled_from(ZONES), grain=st.sampled_from(GRAINS))
def test_sql_and_python_agree_on_incomplete_periods(since: datetime, minutes: int, zone: str, grain: Grain) -> None:
    """A period is incomplete if SQL puts an instant of the gap in it, over clock changes too."""
    since = since.replace(second=0, microsecond=0)
    until = since + timedelta(minutes=minutes)
    coverage = Coverage(["pay"], [Gap("pay", since, until)], zone, datetime(2027, 6, 1))
    around = Period(to_local(since, zone) - timedelta(days=70), to_local(until, zone) + timedelta(days=70))
    months = Period(floor(around.start, "month"), floor(around.end, "month"))
    incomplete = {period.start for period in split(months, grain) if coverage.incomplete_reason(period, period)}
    steps = f"SELECT unnest(range(TIMESTAMP '{since}', TIMESTAMP '{until}', INTERVAL 15 MINUTE)) AS moment"
    last = f"SELECT TIMESTAMP '{until}' - INTERVAL 1 MICROSECOND"
    moment = local_time_sql("moment", zone, since, until)
    cut = f"SELECT DISTINCT date_trunc('{grain}', {moment})::TIMESTAMP FROM ({steps} UNION ALL {last})"
    touched = {start for (start,) in engine().execute(cut).fetchall()}
    assert incomplete - {floor(months.start, grain)} == touched - {floor(months.start, grain)}


def landed(**coverage: list[tuple[str, str]]) -> dict[str, Any]:
    """Rows of complete history by application; each has one execution, so that it exists."""
    return {
        "execution": [{"id": name, "application": name, "root_id": name, "status": "succeeded"} for name in coverage],
        "coverage": [
            {"id": f"{name}/{number}", "application": name, "since": f"{since}Z", "until": f"{until}Z"}
            for name, stretches in coverage.items()
            for number, (since, until) in enumerate(stretches)
        ],
    }


def test_gaps_lie_between_stretches_and_before_the_first(facts: Callable[..., dora.Delivery]) -> None:
    """Adjacent stretches have no gap; an application that appears after the first run of its source is new."""
    rows = landed(
        pay=[("2026-05-01T00:00", "2026-05-03T00:00"), ("2026-05-09T00:00", "2026-05-20T00:00")],
        shop=[("2026-05-02T00:00", "2026-05-09T00:00"), ("2026-05-09T00:00", "2026-05-20T00:00")],
        new=[("2026-06-02T00:00", "2026-06-03T00:00")],
    )
    gaps = facts(rows=rows, as_of=datetime(2026, 6, 1, tzinfo=UTC)).sql(
        "SELECT * FROM history_gaps ORDER BY until, application"
    )
    assert [(row["application"], row["since"], row["until"].day, row["reason"]) for row in gaps] == [
        ("pay", None, 1, "history begins"),
        ("shop", None, 2, "history begins"),
        ("pay", datetime(2026, 5, 3), 9, MISSING),
    ]


def test_sources_without_coverage_have_no_gaps(facts: Callable[..., dora.Delivery]) -> None:
    """Files and repositories report no coverage, so no gap is guessed."""
    header = "id | application | environment | status | started_at | finished_at | version\n"
    row = "d1 | shop | production | succeeded | 2026-05-20T08:00 | 2026-05-20T09:00 | 1.0"
    delivery = facts(deployments=header + row)
    assert delivery.sql("SELECT count(*) AS n FROM history_gaps") == [{"n": 0}]
    days = delivery.metric("deployment_frequency", every="day", since="2026-05-20", until="2026-05-23")
    assert [(value.partial, value.incomplete) for value in days] == [(False, None)] * 3


WEEK = Period(datetime(2026, 3, 2), datetime(2026, 3, 9))
AS_OF = datetime(2026, 4, 1)


@pytest.mark.parametrize(
    ("gaps", "reason"),
    [
        ([], None),
        ([("pay", datetime(2026, 3, 3), datetime(2026, 3, 4))], "pay: history gap 3 March 2026"),
        ([("pay", datetime(2026, 3, 3), datetime(2026, 3, 9, 1))], "pay: history gap 3–9 March 2026"),
        ([("pay", datetime(2026, 2, 9), datetime(2026, 3, 4))], "pay: history gap 9 February – 3 March 2026"),
        ([("pay", datetime(2025, 12, 30), datetime(2026, 3, 4))],
         "pay: history gap 30 December 2025 – 3 March 2026"),
        # next to the week, and not in it
        ([("pay", datetime(2026, 2, 9), datetime(2026, 3, 2)), ("pay", datetime(2026, 3, 9), AS_OF)], None),
        ([("pay", None, datetime(2026, 3, 4))], "pay: no data before 4 March 2026"),
        # shop has history: a later start of pay is named in the week where it starts
        ([("pay", None, datetime(2026, 3, 9))], None),
        ([("pay", None, datetime(2026, 3, 2))], None),
        ([(f"a{n}", datetime(2026, 3, 3), datetime(2026, 3, 4)) for n in range(5)],
         "; ".join(f"a{n}: history gap 3 March 2026" for n in range(3)) + "; and 2 more"),
    ],
)  # fmt: skip
def test_the_reason_names_local_days(gaps: list[tuple[str, datetime | None, datetime]], reason: str | None) -> None:
    """It names the application and the local days of its gap, the last one included."""
    assert Coverage(["pay", "shop"], [Gap(*gap) for gap in gaps], "UTC", AS_OF).incomplete_reason(WEEK, WEEK) == reason


def test_a_period_is_over_when_its_last_local_instant_is() -> None:
    """The end of the data is an instant: a day ends in Kolkata before it ends in UTC."""
    day = Period(datetime(2026, 3, 2), datetime(2026, 3, 3))
    for zone, over in (("Asia/Kolkata", True), ("UTC", False), ("America/New_York", False)):
        reason = Coverage([], [], zone, datetime(2026, 3, 2, 18, 30)).incomplete_reason(day, day)
        assert reason == (None if over else "the data ends before the period ends")
    assert Coverage([], [], "UTC", None).incomplete_reason(day, day)
    morning = Period(datetime(2026, 3, 2, 6), day.end)
    assert Coverage([], [], "UTC", AS_OF).incomplete_reason(day, morning) == "cut by the window"


def test_a_period_beyond_the_data_is_incomplete(facts: Callable[..., dora.Delivery]) -> None:
    """A window beyond the end of the data has no complete period there."""
    delivery = facts(
        rows=landed(pay=[("2026-05-01T00:00", "2026-05-20T00:00")]), as_of=datetime(2026, 5, 20, tzinfo=UTC)
    )
    days = delivery.metric("rework_rate", every="day", since="2026-05-18", until="2026-05-22")
    assert [value.partial for value in days] == [False, False, True, True]


def test_without_history_there_is_no_number(facts: Callable[..., dora.Delivery]) -> None:
    """A day in the gap of its only application is null with the reason; beside one with history it is 0."""
    rows = landed(pay=[("2026-05-01T00:00", "2026-05-03T00:00"), ("2026-05-09T00:00", "2026-05-20T00:00")], shop=[])
    for name in ("pay", "shop"):
        at = "2026-05-02T00:00:00Z"
        rows.setdefault("rollout", []).append(
            {"id": name, "execution_id": name, "application": name, "action": "deploy", "environment": "prod",
             "status": "succeeded", "first_traffic_at": at, "full_traffic_at": at, "version": "1"}
        )  # fmt: skip
    day = {"since": "2026-05-05", "until": "2026-05-06"}
    delivery = facts(rows=rows, as_of=datetime(2026, 5, 20, tzinfo=UTC))
    pay, shop = delivery.metric("deployment_frequency", by="application", **day)
    assert (pay.value, pay.low, pay.text, pay.evidence) == (None, None, "–", "pay: history gap 3–8 May 2026")
    assert (shop.value, shop.incomplete) == (0, None)
    (both,) = delivery.metric("deployment_frequency", **day)
    assert (both.value, both.partial, both.incomplete) == (0, True, "pay: history gap 3–8 May 2026")
