"""What changed beyond noise: as one of many comparisons, a move has to be larger to be called one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from streamlit.testing.v1 import AppTest

import dora
from dashboards.components.metric_card import KEYS
from tests.dashboards.reading import said, table

Run = Callable[..., AppTest]


def test_the_list_names_who_moved_and_what_got_worse_first(run: Run, organisation: Path) -> None:
    """A day that parts before from after: its rows are judged, worse before better."""
    page = run(organisation, window="all", compare="before a day")
    readings = list(table(page, "reading").get("reading", []))
    assert readings == sorted(readings, reverse=True)
    assert set(readings) <= {"worse", "better"}
    assert ("says more than chance" in said(page)) == (not readings)


def test_nothing_is_listed_where_nothing_is_compared(run: Run, organisation: Path) -> None:
    """Without a window before, and against another team, there is no such list."""
    for address in ({"compare": "nothing"}, {"team": "money", "compare": "another team", "other": "finding"}):
        page = run(organisation, **address)
        assert table(page, "reading").empty
        assert "says more than chance" not in said(page)


def test_signals_are_the_doors_strong_ones_of_the_window(run: Run, organisation: Path) -> None:
    """What is listed is what the door finds in the window, the latest week first, none of them weak."""
    delivery = dora.open(organisation)
    starts = delivery.about()["as_of"] - timedelta(days=180)
    series = [one for name in KEYS for one in delivery.signals(name, dora.Scope(since="180d", by="team"))]
    strong = sorted(
        (one.weeks[finding.last].period for one in series for finding in one.alerts if not finding.weak), reverse=True
    )
    listed = table(run(organisation, window="180d"), "signal")
    assert list(listed.get("week", [])) == [f"{week:%-d %b %Y}" for week in strong][:8]
    assert all(week >= starts - timedelta(days=7) for week in strong)
