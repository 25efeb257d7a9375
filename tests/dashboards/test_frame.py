"""What all pages share: filters in the address, comparisons, and banners."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

import dora
from dora.build import run as build
from dora.config.settings import Config
from ingest.core.pipeline import pull
from ingest.core.source import Item, PartialFailure, Request
from tests.dashboards.page_text import header, page_text

Run = Callable[..., AppTest]


def cards(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


def changes(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.delta for metric in page.metric}


def percent(value: float, earlier: float) -> str:
    """Write a relative change as a card does: a true minus, and no sign of direction for none."""
    return f"{100 * (value / earlier - 1):+.0f} %".replace("-", "−").replace("+0 ", "±0 ").replace("−0 ", "±0 ")


def test_a_custom_window_includes_both_days(run: Run, organisation: Path, midnight: datetime) -> None:
    """The first and the last local day are part of the window."""
    first, last = (f"{midnight - timedelta(days=ago):%Y-%m-%d}" for ago in (60, 31))
    page = run(organisation, window="custom", days=[first, last])
    until = f"{midnight - timedelta(days=30):%Y-%m-%d}"
    value = dora.open(organisation).metric("deployment_frequency", since=first, until=until).rows[0]
    assert cards(page)["Deployment frequency"] == value.text
    assert header(page).startswith(f"{value.n} production deployments")
    assert "compared with the previous 30 days" in header(page)


def test_numbers_are_compared_with_another_team(run: Run, organisation: Path) -> None:
    """Money compared with finding: the change is from finding's value to money's."""
    page = run(organisation, team="money", compare="another team", other="finding")
    money, finding = (
        dora.open(organisation).metric("deployment_frequency", since="90d", where={"team": team}).rows[0].value
        for team in ("money", "finding")
    )
    assert changes(page)["Deployment frequency"] == percent(money, finding)  # type: ignore[arg-type]
    assert "compared with the other team in the same period" in header(page)


def test_a_date_splits_the_window_in_two(run: Run, organisation: Path, midnight: datetime) -> None:
    """Numbers count from that date; the part before it is what they are compared with."""
    day = f"{midnight - timedelta(days=20):%Y-%m-%d}"
    page = run(organisation, compare="before a date", day=day)
    after = dora.open(organisation).metric("deployment_frequency", since=day).rows[0]
    earlier = dora.open(organisation).metric("deployment_frequency", since="90d", until=day).rows[0]
    assert cards(page)["Deployment frequency"] == after.text
    change = percent(after.value, earlier.value)  # type: ignore[arg-type]
    assert changes(page)["Deployment frequency"] == change


def test_without_comparison_there_are_no_changes(run: Run, organisation: Path) -> None:
    """The header says so, and no card has a change."""
    page = run(organisation, compare="nothing")
    assert "without comparison" in header(page)
    assert {metric.delta for metric in page.metric} == {""}


@pytest.mark.parametrize(
    "address",
    [
        {"compare": "nobody"},
        {"window": "custom", "days": ["1999-01-01", "x"]},
        {"window": "custom", "days": "2099-01-01"},
        {"compare": "another team", "other": "nobody"},
        {"compare": "before a date", "day": "1999-01-01"},
    ],
)
def test_unknown_days_and_comparisons_are_ignored(
    run: Run, organisation: Path, address: dict[str, str | list[str]]
) -> None:
    """A mistyped link shows the page with that filter at its default."""
    assert len(run(organisation, **address).metric) == 6


def test_a_dead_link_says_so_and_leads_back(run: Run, organisation: Path) -> None:
    """A deployment that the build does not have is named, as text, and the button returns to the page."""
    page = run(organisation, "flow", deployment="![](http://beacon.example/d.png)")
    assert "Deployment ![](http://beacon.example/d.png) not found" in page_text(page)
    assert not page.metric
    (back,) = page.button
    assert back.label == "Back to flow"
    assert back.click().run().title[0].value == "Flow"


def test_a_deployment_has_those_of_its_application_before_and_after_it(run: Run, organisation: Path) -> None:
    """Its view has no filters, and leads to the previous and the next deployment, up to the first and the last."""
    sql = "SELECT deployment_id FROM deployments WHERE application = 'ledger' ORDER BY queued_at, deployment_id"
    first, second, *_ = (row["deployment_id"] for row in dora.open(organisation).sql(sql))
    page = run(organisation, deployment=second)
    assert not page.multiselect
    buttons = {button.label: button for button in page.button}
    buttons["Previous deployment"].click().run()
    assert page.query_params["deployment"] in (first, [first])
    assert [button.label for button in page.button if button.disabled] == ["Previous deployment"]
    next(button for button in page.button if button.label == "Next deployment").click().run()
    assert page.query_params["deployment"] in (second, [second])


def test_an_empty_selection_offers_all_time(run: Run, organisation: Path, midnight: datetime) -> None:
    """A window without deployments has a sentence and a button that widens it."""
    days = dora.open(organisation).metric("rework_rate", since="60d", every="day", where={"application": "ledger"})
    quiet = next(value.period for value in days if not value.n and not value.excluded)
    page = run(organisation, window="custom", days=f"{quiet:%Y-%m-%d}", application="ledger")
    assert "The selected applications have no deployments from" in page_text(page)
    page.button[0].click().run()
    assert "over all time" in header(page)
    assert "The selected applications have no deployments" not in page_text(page)


class _PartialSource:
    """A source whose run is partial, or does not finish."""

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


@pytest.mark.parametrize(("breaks", "message"), [(True, "did not finish"), (False, "was refused")])
def test_a_failed_source_has_a_banner(run: Run, short: Path, tmp_path: Path, breaks: bool, message: str) -> None:
    """The banner names the failure and the command that repairs it."""
    shutil.copytree(short.parent, tmp_path, dirs_exist_ok=True)
    with pytest.raises(RuntimeError) if breaks else contextlib.nullcontext():
        pull(_PartialSource(breaks), tmp_path, Request())  # type: ignore[arg-type]
    build.build(Config(data=tmp_path))
    page = run(tmp_path / "dora.duckdb")
    assert message in page_text(page)
    assert "Run `dora" in page_text(page)


def test_older_detail_in_a_store_has_a_banner(run: Run, short: Path, tmp_path: Path, midnight: datetime) -> None:
    """Where the window reaches it, with the command that reads it."""
    path = shutil.copy(short, tmp_path)
    with duckdb.connect(path) as con:
        con.execute("INSERT INTO older_detail VALUES (?, 's3://metrics/dora')", [midnight - timedelta(days=12)])
    day = f"{midnight - timedelta(days=12):%Y-%m-%d}"
    expected = f"commits before {day} are in s3://metrics/dora: `dora rows TABLE --until {day}` reads them."
    assert expected in page_text(run(Path(path), window="14d"))
    assert expected not in page_text(run(Path(path), window="7d"))
