"""What every page shares: filters in the address, comparisons, and what stands above numbers that need care."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from streamlit.testing.v1 import AppTest

import dora
from dora.build import run as build
from dora.config.settings import Config
from ingest.core.pipeline import pull
from ingest.core.source import Item, PartialFailure, Request
from tests.dashboards.reading import header, said

Run = Callable[..., AppTest]


def shown(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


def test_a_custom_window_holds_both_its_days(run: Run, organisation: Path, midnight: datetime) -> None:
    """From and to are local days, both in it; the cards show what the door says of just these."""
    first, last = (f"{midnight - timedelta(days=ago):%Y-%m-%d}" for ago in (60, 31))
    page = run(organisation, window="custom", days=[first, last])
    until = f"{midnight - timedelta(days=30):%Y-%m-%d}"
    value = dora.open(organisation).metric("deployment_frequency", since=first, until=until).rows[0]
    assert shown(page)["Deployment frequency"] == value.text
    assert header(page).startswith(f"{value.n} production deployments")
    assert "compared with the 30 days before" in header(page)


def test_the_other_team_is_what_numbers_are_compared_with(run: Run, organisation: Path) -> None:
    """Money compared with finding: the delta is from finding's value to money's."""
    page = run(organisation, team="money", compare="another team", other="finding")
    frequency = page.metric[0]
    ours, theirs = (
        dora.open(organisation).metric("deployment_frequency", since="90d", where={"team": team}).rows[0].value
        for team in ("money", "finding")
    )
    assert frequency.delta == f"{100 * (ours / theirs - 1):+.0f} %"  # type: ignore[operator]
    assert "compared with the other team in the same time" in header(page)


def test_a_day_divides_the_window_in_two(run: Run, organisation: Path, midnight: datetime) -> None:
    """Numbers count from the day on; what they are compared with ends there."""
    day = f"{midnight - timedelta(days=20):%Y-%m-%d}"
    page = run(organisation, compare="before a day", day=day)
    after = dora.open(organisation).metric("deployment_frequency", since=day).rows[0]
    earlier = dora.open(organisation).metric("deployment_frequency", since="90d", until=day).rows[0]
    assert shown(page)["Deployment frequency"] == after.text
    assert page.metric[0].delta == f"{100 * (after.value / earlier.value - 1):+.0f} %"  # type: ignore[operator]


def test_nothing_to_compare_with_is_said_and_shows_no_deltas(run: Run, organisation: Path) -> None:
    """Who wants no comparison gets none."""
    page = run(organisation, compare="nothing")
    assert "compared with nothing" in header(page)
    assert {metric.delta for metric in page.metric} == {""}


@pytest.mark.parametrize(
    "address",
    [
        {"compare": "nobody"},
        {"window": "custom", "days": ["1999-01-01", "x"]},
        {"window": "custom", "days": "2099-01-01"},
        {"compare": "another team", "other": "nobody"},
        {"compare": "before a day", "day": "1999-01-01"},
        {"deployment": "no-such-deployment"},
    ],
)
def test_unknown_days_and_comparisons_fall_away(
    run: Run, organisation: Path, address: dict[str, str | list[str]]
) -> None:
    """A mistyped link shows the page as if that filter had just been opened."""
    assert len(run(organisation, **address).metric) == 6


def test_an_empty_selection_says_what_to_do(run: Run, organisation: Path, midnight: datetime) -> None:
    """Days without any deployment: dashes, a sentence, and one button to see everything."""
    days = dora.open(organisation).metric("rework_rate", since="60d", every="day", where={"application": "ledger"})
    quiet = next(value.period for value in days if not value.n and not value.excluded)
    page = run(organisation, window="custom", days=f"{quiet:%Y-%m-%d}", application="ledger")
    assert "None of these applications deployed from" in said(page)
    page.button[0].click().run()
    assert "in all of history" in header(page)
    assert "None of these applications" not in said(page)


class _Torn:
    """A source whose run ends with a trouble, or not at all."""

    name: ClassVar[str] = "pager"
    takes: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, breaks: bool) -> None:
        self.breaks = breaks

    def fetch(self, request: Request, state: object) -> Iterator[Item]:
        yield PartialFailure("![](http://beacon.example/t.png) was refused")
        if self.breaks:
            raise RuntimeError

    def parse(self, document: object) -> list[object]:
        return []


@pytest.mark.parametrize(("breaks", "says"), [(True, "did not come to its end"), (False, "was refused")])
def test_a_source_that_failed_is_announced(run: Run, short: Path, tmp_path: Path, breaks: bool, says: str) -> None:
    """Numbers that lack a source say so, and which command mends it."""
    shutil.copytree(short.parent, tmp_path, dirs_exist_ok=True)
    with pytest.raises(RuntimeError) if breaks else contextlib.nullcontext():
        pull(_Torn(breaks), tmp_path, Request())  # type: ignore[arg-type]
    build.build(Config(data=tmp_path))
    page = run(tmp_path / "dora.duckdb")
    assert says in said(page)
    assert "Run `dora" in said(page)
