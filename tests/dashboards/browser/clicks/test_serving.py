"""What ran where, in a real Chromium: a lane per target, a bar per content, and the deployment behind a bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import dora
from tests.conftest import read_scenario
from tests.dashboards.browser.page_driver import find_charts, open_page, wait_until_idle
from tests.dashboards.conftest import serve_dashboard

pytestmark = pytest.mark.browser
TITLE = "What ran where"
FAILED = "#D55E00"


@pytest.fixture(scope="module")
def delivery(
    built_in: Callable[..., dora.Delivery], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dora.Delivery]:
    """Three targets of one application, as the scenario tells their history."""
    opened = built_in(tmp_path_factory.mktemp("serving"), **read_scenario("what_serves_where"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def address(delivery: dora.Delivery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve_dashboard(delivery.path, tmp_path_factory.mktemp("elsewhere")) as server:
        yield server


def test_every_target_has_a_lane_with_its_contents(page: Any, address: str, delivery: dora.Delivery) -> None:
    """There is a lane per target, a bar per interval, one colour per content, and a mark of the failure."""
    open_page(page, address)
    chart = find_charts(page)[TITLE]
    targets = {row["target"].replace("/", " / ") for row in delivery.sql("SELECT target FROM serving_intervals")}
    names = chart.locator("svg .role-axis-label text").all_text_contents()
    assert len(targets) == 3
    assert targets <= set(names)
    intervals = delivery.sql("SELECT content, is_dark FROM serving_intervals")
    serving, waiting = (chart.locator("svg .mark-rect.role-mark").nth(place).locator("path") for place in (0, 1))
    assert serving.count() == sum(not row["is_dark"] for row in intervals)
    assert waiting.count() == sum(row["is_dark"] for row in intervals) == 1
    colors = serving.evaluate_all("all => all.map(bar => bar.getAttribute('fill'))")
    assert len(set(colors)) == len({row["content"] for row in intervals})
    assert chart.locator(f"svg .mark-symbol path[stroke='{FAILED}']").count() == 1
    assert {"v43 · failed", "v42 · rollback"} <= set(chart.locator("svg .mark-text text").all_text_contents())


def test_a_click_on_a_bar_opens_its_deployment(page: Any, address: str, delivery: dora.Delivery) -> None:
    """The bar of v43 opens the deployment that brought it, whose outcome is shown."""
    open_page(page, address)
    find_charts(page)[TITLE].locator("svg .mark-rect path[aria-label*='v43']").first.click(force=True)
    page.wait_for_url("**deployment=**")
    page.get_by_role("heading", name="Deployment", exact=True).wait_for()
    wait_until_idle(page)
    (row,) = delivery.sql("SELECT deployment_id FROM deployments WHERE root_id = 'e4'")
    assert parse_qs(urlsplit(page.url).query)["deployment"] == [row["deployment_id"]]
    assert page.locator("[data-testid=stException]").count() == 0
    assert "release of v43" in page.locator("[data-testid=stText]").first.inner_text()
