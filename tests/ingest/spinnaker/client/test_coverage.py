"""The periods whose executions were all read: they grow, and end where unread history was deleted."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from dora.storage.rows.executions import Coverage
from ingest.spinnaker.client.coverage import DAY, CoveragePeriod, extend_coverage, find_gap_end, parse_watermark

TIMES = st.integers(0, 2**41)


def test_the_first_run_covers_from_the_oldest_execution() -> None:
    """What the source still had."""
    assert extend_coverage(None, 5, 9, None) == CoveragePeriod(1, 5, 9)


@given(since=TIMES, until=TIMES, oldest=TIMES, now=TIMES)
def test_without_a_gap_a_period_only_grows(since: int, until: int, oldest: int, now: int) -> None:
    """Also if a run reads more history than the one before, or a clock is set back."""
    period = extend_coverage(CoveragePeriod(3, since, until), oldest, now, None)
    assert (period.number, period.since, period.until) == (3, min(since, oldest), max(until, now))


@given(until=TIMES, gap_end=TIMES, now=TIMES)
def test_a_gap_begins_a_period_that_does_not_touch_the_last(until: int, gap_end: int, now: int) -> None:
    """It begins where history is complete again, and never after the run."""
    now = max(now, until)
    period = extend_coverage(CoveragePeriod(1, 0, until), 0, now, gap_end)
    if gap_end > until:
        assert (period.number, period.since, period.until) == (2, min(gap_end, now), now)
    else:
        assert period.number == 1


def test_a_gap_ends_with_the_last_pipeline_that_has_executions_again() -> None:
    """The latest of their first executions; the run itself if a pipeline has none. Other pipelines do not matter."""
    last, now = CoveragePeriod(1, 0, 1000), 1000 + 2 * DAY
    assert find_gap_end(last, now, ["a", "b"], {"a": 2000, "b": 3000, "c": 9000}) == 3000
    assert find_gap_end(last, now, ["a", "d"], {"a": 2000}) == now
    assert find_gap_end(last, now, [], {"a": 2000}) is None


def test_what_is_gone_within_a_day_was_deleted_by_hand() -> None:
    """Retention counts in days: unread executions can not have been deleted with it."""
    assert find_gap_end(CoveragePeriod(1, 0, 1000), 1000 + DAY, ["a"], {}) is None
    assert find_gap_end(None, 10**12, ["a"], {}) is None


@given(number=st.integers(1, 99), since=TIMES, until=TIMES)
def test_a_period_is_stored_as_a_watermark_and_a_row(number: int, since: int, until: int) -> None:
    """To the millisecond, the row in microseconds."""
    period = CoveragePeriod(number, since, until)
    assert parse_watermark(period.watermark) == period
    assert parse_watermark(None) is None
    row = msgspec.json.decode(period.document("shop").body, type=Coverage)
    assert (row.id, row.application) == (f"shop/{number}", "shop")
    assert (row.since, row.until) == (since * 1000, until * 1000)
