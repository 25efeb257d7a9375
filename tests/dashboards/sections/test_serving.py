"""What ran where, on the overview of one application."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import dora
from tests.conftest import read_scenario
from tests.dashboards.page_text import page_text, table

TITLE = "What ran where"


@pytest.fixture(scope="module")
def shop(built_in: Callable[..., dora.Delivery], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build of an application with three targets."""
    return built_in(tmp_path_factory.mktemp("shop"), **read_scenario("what_serves_where")).path


def test_one_application_has_its_lanes_and_the_same_as_a_table(run: Callable[..., AppTest], shop: Path) -> None:
    """The latest stretch is first in the table, in words; each row names its target, version, kind and outcome."""
    page = run(shop)
    assert TITLE in [heading.value for heading in page.header]
    rows = table(page, "target")
    assert (rows["target"][0], rows["version"][0]) == ("prod-us / shop / web", "v44")
    assert len(rows) == 11 + 2  # stretches of a content, a rollback and a failure
    assert set(rows["target"]) == {"prod-eu / shop / web", "prod-eu / shop / worker", "prod-us / shop / web"}
    assert {"promotion", "rollback"} <= set(rows["kind"])
    assert "waits without traffic" in set(rows["state"])


def test_several_applications_have_none(run: Callable[..., AppTest], organisation: Path) -> None:
    """Lanes are those of one application: they appear when the page is filtered to it."""
    assert TITLE not in [heading.value for heading in run(organisation).header]
    assert TITLE in [heading.value for heading in run(organisation, application="maps").header]


def test_dark_content_names_the_deployment_that_gave_it_traffic(run: Callable[..., AppTest], shop: Path) -> None:
    """The view of a deployment whose content waited says so."""
    assert "waited without traffic" in page_text(page := run(shop, deployment="shop/e8@landed"))
    assert "shop/e9@landed gave its content traffic" in page_text(page)
