"""Report, audit and mail open in a browser without network, in both themes, on a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair as alt
import pytest

import dora
from dashboards.report import chart_images
from dora.cli import audit
from dora.cli.dashboard import report

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def files(organisation: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files of an organisation with a hostile application name."""
    folder = tmp_path_factory.mktemp("offline")
    (folder / "dora.toml").write_text(f"data = '{organisation.parent}'\n")
    audit.audit(config=folder / "dora.toml", since="120d", out=folder / "audit.html")
    report(config=folder / "dora.toml", since="120d", out=folder / "report.html", charts=folder / "charts")
    report(config=folder / "dora.toml", since="120d", out=folder / "mail.html", email=True, team=["money"])
    return {name: folder / f"{name}.html" for name in ("audit", "report", "mail")}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["audit", "report", "mail"])
def test_files_make_no_requests_and_fit_a_phone(name: str, scheme: str, files: dict[str, Path], browser: Any) -> None:
    """No request, no script but the filter of the audit; on a phone tables scroll and the page does not."""
    context = browser.new_context(viewport={"width": 390, "height": 800}, color_scheme=scheme, offline=True)
    page, requests, errors = context.new_page(), [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: errors.append(message.text))
    page.on("dialog", lambda dialog: errors.append(dialog.message))
    page.goto(files[name].as_uri())
    assert [url for url in requests if not url.startswith("data:")] == [files[name].as_uri()]
    assert errors == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.scripts.length") == (name == "audit")
    back, ink = (page.evaluate(f"getComputedStyle(document.body).{style}") for style in ("backgroundColor", "color"))
    assert (sum(map(int, back[4:-1].split(","))) > sum(map(int, ink[4:-1].split(",")))) == (
        scheme == "light" or name == "mail"
    )
    context.close()


def test_the_audit_is_filtered_offline(files: dict[str, Path], browser: Any) -> None:
    """Every row is on the page without a scroll box; typed words leave the rows that have all of them."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    page = context.new_page()
    page.goto(files["audit"].as_uri())
    changes = page.locator(".filtered").last
    every = changes.locator("tbody tr:visible").count()
    assert every > 20
    assert changes.locator(".wide").evaluate("box => box.scrollHeight <= box.clientHeight + 20")
    application = changes.locator("tbody tr").first.locator("td").nth(1).inner_text()
    changes.get_by_label("Filter rows").fill(f"{application.upper()} RELEASE")
    rows = changes.locator("tbody tr:visible").all_inner_texts()
    assert 0 < len(rows) < every
    assert all(application in row and "release" in row for row in rows)
    assert changes.locator("output").inner_text() == f"{len(rows)} of {every} rows"
    changes.get_by_label("Filter rows").fill("")
    assert changes.locator("tbody tr:visible").count() == every
    context.close()


@pytest.mark.parametrize(("name", "kind"), [("report", "svg+xml"), ("mail", "png")])
def test_pictures_are_embedded_and_drawn(name: str, kind: str, files: dict[str, Path], browser: Any) -> None:
    """Four pictures of the expected kind, each of which the browser decodes."""
    page = browser.new_page()
    page.goto(files[name].as_uri())
    images = page.evaluate(
        "[...document.images].map(image => [image.src.split(';')[0], image.naturalWidth, image.alt.length > 20])"
    )
    assert [(source, width > 500, has_alt) for source, width, has_alt in images] == [
        (f"data:image/{kind}", True, True)
    ] * 4
    page.close()


def test_single_charts_are_written(files: dict[str, Path]) -> None:
    """Each chart as SVG and PNG, with its labels drawn."""
    folder = files["report"].parent / "charts"
    names = {path.stem for path in folder.iterdir()}
    assert len(names) == 4
    assert {path.suffix for path in folder.iterdir()} == {".svg", ".png"}
    svg = (folder / "lead-time-for-changes.svg").read_text()
    assert "Lead time for changes" in svg
    assert "<script" not in svg
    chart = alt.Chart(alt.InlineData(values=[{"x": "week"}])).mark_bar()
    assert chart_images.render(chart.encode(x="x:N"), "png") != chart_images.render(
        chart.encode(x=alt.X("x:N", axis=None)), "png"
    )


def test_the_audit_has_every_change(files: dict[str, Path], organisation: Path, browser: Any) -> None:
    """Its last table has one row per change."""
    page = browser.new_page()
    page.goto(files["audit"].as_uri())
    rows = page.locator("table").last.locator("tbody tr").count()
    assert rows == len(dora.open(organisation).audit(dora.Scope(since="120d")).rows) > 50
    page.close()
