"""The overview in a real Chromium against a real server."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import dora
from tests.dashboards.browser.page_driver import (
    CHART,
    find_resting_box,
    foreign_requests,
    header,
    open_page,
    wait_until_idle,
)

pytestmark = pytest.mark.browser
BLUE, VERMILION, LIGHT_BLUE = "#0072B2", "#D55E00", "#56B4E9"


def read_list_length(page: Any) -> int:
    """The number of deployments in the caption of the list."""
    text = page.get_by_text("latest first, including rollbacks").inner_text()
    return int(re.match(r"[\d,]+", text)[0].replace(",", ""))  # type: ignore[index]


def test_every_chart_draws_a_mark_per_period(page: Any, server: str, organisation: Path) -> None:
    """Bars, dots and whiskers are drawn for every week, not only axes and text."""
    open_page(page, server)
    weeks = dora.open(organisation).metric("deployment_frequency", since="90d", every="week").rows
    count = len([week for week in weeks if week.n])
    charts = page.locator(CHART)
    assert charts.count() == 9
    lead_time, failures, bars = (charts.nth(place).locator("svg") for place in (6, 7, 8))
    assert lead_time.locator(f".mark-symbol path[fill='{BLUE}']").count() >= count - 1
    assert failures.locator(f".mark-symbol path[fill='{VERMILION}']").count() >= count - 1
    assert failures.locator(f".mark-rule line[stroke='{VERMILION}']").count() >= count
    assert bars.locator(f"path[fill='{BLUE}']").count() >= count - 1
    assert max(box["height"] for box in bounding_boxes(bars.locator(f"path[fill='{BLUE}']"))) > 80


def bounding_boxes(marks: Any) -> list[dict[str, float]]:
    return [marks.nth(place).bounding_box() for place in range(marks.count())]


def test_a_filter_changes_the_address_and_a_copied_address_shows_the_same(
    window: Callable[..., Any], server: str
) -> None:
    """A selected window changes numbers and address; the address alone restores the numbers."""
    page = open_page(window(), server)
    before = header(page)
    page.get_by_role("radio", name="30d").click()
    page.wait_for_url("**window=30d**")
    wait_until_idle(page)
    after = header(page)
    assert "last 30 days" in after
    assert after.split()[0] != before.split()[0]
    assert header(open_page(window(), page.url)) == after


def test_a_click_on_a_week_lists_its_deployments_and_a_second_click_all(
    page: Any, server: str, organisation: Path
) -> None:
    """A click anywhere in the column of a week filters the list to that week; a second click removes the filter."""
    open_page(page, server)
    total = read_list_length(page)
    click(page, page.locator(CHART).nth(8))
    page.wait_for_url("**period=**")
    wait_until_idle(page)
    start = re.search(r"period=(\d{4}-\d\d-\d\d)", page.url)[1]  # type: ignore[index]
    until = dora.open(organisation).period(start, "week")[1]
    assert read_list_length(page) == len(dora.open(organisation).observations("rework_rate", dora.Scope(start, until)))
    assert read_list_length(page) < total
    click(page, page.locator(CHART).nth(8))
    page.wait_for_url(lambda url: "period" not in url)
    wait_until_idle(page)
    assert read_list_length(page) == total


def click(page: Any, chart: Any) -> None:
    box = find_resting_box(page, chart)
    page.mouse.click(box["x"] + box["width"] * 0.55, box["y"] + box["height"] * 0.3)


def test_s3_every_request_goes_to_the_dashboard(page: Any, server: str) -> None:
    """Names that Markdown would draw as images stay text."""
    open_page(page, f"{server}?window=all")
    page.get_by_label("Applications").click()
    page.get_by_text("beacon.example").first.wait_for()
    assert len(page.requests) > 20
    assert foreign_requests(page.requests, server) == []


def test_s4_the_csv_file_has_all_rows_and_no_formula(page: Any, server: str, organisation: Path) -> None:
    """The file has a line for each listed deployment, and a hostile team name cannot run in a spreadsheet."""
    open_page(page, server)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    window = dora.open(organisation).about()["as_of"].date()
    first, last = window - timedelta(days=90), window - timedelta(days=1)
    assert download.value.suggested_filename == f"deployments_{first}_{last}.csv"
    rows = list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))
    assert len(rows) == read_list_length(page)
    assert {row["team"] for row in rows} == {"money", "finding", "'=cmd|'/c calc'!A0"}


def test_the_dark_theme_is_dark_and_charts_follow(window: Callable[..., Any], server: str, tmp_path: Path) -> None:
    """A dark preference gives a dark page, bars in the dark palette, and the same marks."""
    page = open_page(window(color_scheme="dark"), server)
    assert page.locator("[data-testid=stApp]").evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(17, 22, 28)"
    assert page.locator(CHART).nth(8).locator(f"svg path[fill='{LIGHT_BLUE}']").count() > 5
    assert len(page.screenshot(path=tmp_path / "dark.png")) > 50_000


def test_a_phone_shows_the_page_without_sideways_scrolling(
    window: Callable[..., Any], server: str, tmp_path: Path
) -> None:
    """At 390 pixels all content stacks into one column that fits the screen."""
    page = open_page(window(390), server)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    assert all(box["x"] + box["width"] <= 390 for box in bounding_boxes(page.locator(CHART)))
    assert len(page.screenshot(path=tmp_path / "phone.png")) > 20_000
