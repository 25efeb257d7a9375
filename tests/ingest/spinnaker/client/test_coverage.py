"""Stretches of time that were seen whole: they grow, and end where something was lost unseen."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.rows import Coverage
from ingest.spinnaker.client.coverage import DAY, CoveragePeriod, extend_coverage, find_gap_end, parse_watermark

TIMES = st.integers(0, 2**41)


def test_the_first_run_covers_from_the_oldest_execution_on() -> None:
    """What the source still had."""
    assert extend_coverage(None, 5, 9, None) == CoveragePeriod(1, 5, 9)


@given(since=TIMES, until=TIMES, oldest=TIMES, now=TIMES)
def test_without_a_gap_a_stretch_only_grows(since: int, until: int, oldest: int, now: int) -> None:
    """Also where a run is asked for more history than the one before, or a clock goes back."""
    grown = extend_coverage(CoveragePeriod(3, since, until), oldest, now, None)
    assert (grown.number, grown.since, grown.until) == (3, min(since, oldest), max(until, now))


@given(until=TIMES, resumed=TIMES, now=TIMES)
def test_a_gap_begins_a_stretch_that_does_not_touch_the_last(until: int, resumed: int, now: int) -> None:
    """It begins where history is whole again, and never after the run."""
    now = max(now, until)
    found = extend_coverage(CoveragePeriod(1, 0, until), 0, now, resumed)
    if resumed > until:
        assert (found.number, found.since, found.until) == (2, min(resumed, now), now)
    else:
        assert found.number == 1


def test_history_resumes_where_each_pipeline_that_lost_some_does() -> None:
    """The latest of their first executions; the run itself where one has none. Others do not matter."""
    last, now = CoveragePeriod(1, 0, 1000), 1000 + 2 * DAY
    assert find_gap_end(last, now, ["a", "b"], {"a": 2000, "b": 3000, "c": 9000}) == 3000
    assert find_gap_end(last, now, ["a", "d"], {"a": 2000}) == now
    assert find_gap_end(last, now, [], {"a": 2000}) is None


def test_what_goes_within_a_day_was_deleted_by_hand() -> None:
    """Retention counts in days: nothing that nobody saw can have gone with it."""
    assert find_gap_end(CoveragePeriod(1, 0, 1000), 1000 + DAY, ["a"], {}) is None
    assert find_gap_end(None, 10**12, ["a"], {}) is None


@given(number=st.integers(1, 99), since=TIMES, until=TIMES)
def test_a_watermark_keeps_it_and_a_document_tells_it(number: int, since: int, until: int) -> None:
    """To the millisecond, as a row in microseconds."""
    period = CoveragePeriod(number, since, until)
    assert parse_watermark(period.watermark) == period
    assert parse_watermark(None) is None
    row = msgspec.json.decode(period.document("shop").body, type=Coverage)
    assert (row.id, row.application) == (f"shop/{number}", "shop")
    assert (row.since, row.until) == (since * 1000, until * 1000)
