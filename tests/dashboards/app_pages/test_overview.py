"""The overview and what all pages share, run by Streamlit without a browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from streamlit.proto.Metric_pb2 import Metric as Colour
from streamlit.testing.v1 import AppTest

import dora
from tests.dashboards.page_text import header, page_text, table

Build = Callable[..., Path]
Run = Callable[..., AppTest]


def test_cards_show_the_values_of_the_api(run: Run, organisation: Path) -> None:
    """Each card shows the value and the evidence that ``dora show`` prints for the same window."""
    page = run(organisation)
    delivery = dora.open(organisation)
    cards = {metric.label: metric.value for metric in page.metric}
    for name, metric in ((name, dora.metrics()[name]) for name in dora.Delivery.key_metrics):
        value = delivery.metric(name, since="90d").rows[0]
        assert cards[metric.title] == value.text
        assert value.evidence in [caption.value for caption in page.caption]
    assert len(cards) == 6


def test_the_header_describes_the_selection(run: Run, organisation: Path, midnight: datetime) -> None:
    """It shows deployments, applications, window, comparison and the end of the data."""
    n = dora.open(organisation).metric("deployment_frequency", since="90d").rows[0].n
    assert header(run(organisation)) == (
        f"{n:,} production deployments of 5 applications in the last 90 days, compared with the previous 90 days"
        f" · data through {midnight:%-d %b %Y %H:%M} UTC"
    )


def test_only_significant_changes_are_coloured(run: Run, organisation: Path) -> None:
    """A change is green or vermilion if it is significant and relevant, else grey."""
    delivery, colours = dora.open(organisation), {Colour.GREEN: 1, Colour.RED: -1, Colour.GRAY: 0}
    cards = {metric.label: metric for metric in run(organisation).metric}
    for name, metric in ((name, dora.metrics()[name]) for name in dora.Delivery.key_metrics):
        now, before = (delivery.metric(name, since=a, until=b).rows[0] for a, b in (("90d", None), ("180d", "90d")))
        move = now.compare_to(before)
        assert move is not None
        (change,) = delivery.judge_changes(name, dora.Scope("90d"), dora.Scope("180d", "90d"))
        improvement = {"better": 1, "worse": -1}.get(change.verdict, 0)
        assert cards[metric.title].delta == move.text
        assert colours[cards[metric.title].color] == improvement


def test_the_address_filters(run: Run, organisation: Path) -> None:
    """Teams, applications and window of the address decide every number on the page."""
    page = run(organisation, team=["money", "finding"], application="ledger", window="30d")
    value = dora.open(organisation).metric("lead_time", since="30d", where={"application": "ledger"}).rows[0]
    assert (
        header(page)
        .split(" · ")[0]
        .endswith("of 1 application in the last 30 days, compared with the previous 30 days")
    )
    assert value.text in [metric.value for metric in page.metric]
    assert set(table(page, "happened_at")["application"]) == {"ledger"}


@pytest.mark.parametrize(
    "address",
    [{"team": "nobody"}, {"application": ["nope"]}, {"window": "3x"}, {"period": "2019-01-07"}, {"period": "x"}],
)
def test_unknown_values_of_the_address_are_ignored(
    run: Run, organisation: Path, address: dict[str, str | list[str]]
) -> None:
    """An old or mistyped link shows the page without that filter."""
    assert header(run(organisation, **address)) == header(run(organisation))


def test_selecting_a_team_drops_applications_of_other_teams(run: Run, organisation: Path) -> None:
    """The selection never contains an application of another team."""
    page = run(organisation, application="search")
    page.multiselect(key="team").select("money").run()
    assert not page.exception
    assert page.multiselect(key="application").value == []
    assert "of 2 applications" in header(page)


def test_a_period_of_the_address_filters_the_list_only(run: Run, organisation: Path) -> None:
    """The list has the deployments of that week; the cards keep the window."""
    delivery = dora.open(organisation)
    week = delivery.metric("deployment_frequency", since="90d", every="week").rows[3].period
    assert week is not None
    page = run(organisation, period=f"{week:%Y-%m-%d}")
    listed = table(page, "happened_at")["happened_at"]
    assert week <= listed.min() <= listed.max() < week + timedelta(days=7)
    until = (week + timedelta(days=7)).isoformat()
    assert len(listed) == len(delivery.observations("rework_rate", dora.Scope(week.isoformat(), until)))
    assert header(page) == header(run(organisation))


def test_the_list_starts_with_the_latest_and_has_100_rows(run: Run, organisation: Path) -> None:
    """Latest first, at most 100 rows, and the caption says how many there are."""
    page = run(organisation)
    times = table(page, "happened_at")["happened_at"]
    total = len(dora.open(organisation).observations("rework_rate", dora.Scope("90d")))
    assert len(table(page, "happened_at")) == 100 < total
    assert times.is_monotonic_decreasing
    assert f"{total:,} deployments, latest first" in page_text(page)


def test_only_web_links_are_links(run: Run, organisation: Path) -> None:
    """A script in place of a link does not become one."""
    links = table(run(organisation), "happened_at")["url"]
    assert links.dropna().str.startswith("https://deck.example/").all()
    assert links.isna().any()


def test_a_window_without_a_previous_period_is_not_compared(run: Run, organisation: Path) -> None:
    """430 days hold no year before the last: no deltas, and the header says why."""
    page = run(organisation, window="1y")
    assert "without comparison: history does not cover the previous period" in header(page)
    assert {metric.delta for metric in page.metric} == {""}


def test_a_custom_period_of_the_address_is_compared(run: Run, organisation: Path) -> None:
    """Both periods come from a copied address; the change is that between the two values of the API."""
    ends = dora.open(organisation).about()["as_of"].date()
    first, last = ends - timedelta(days=300), ends - timedelta(days=201)
    page = run(organisation, compare="custom period", then=[f"{first}", f"{last}"])
    assert f"compared with {first:%-d %b %Y} to {last:%-d %b %Y}" in header(page)
    now, before = (
        dora.open(organisation).values("change_failure_rate", scope).rows[0]
        for scope in (dora.Scope("90d"), dora.Scope(f"{first}", f"{last + timedelta(days=1)}"))
    )
    move = now.compare_to(before)
    assert move is not None
    assert [metric.delta for metric in page.metric if metric.label == "Change failure rate"] == [move.text]


def test_all_of_history_is_drawn_by_month(run: Run, organisation: Path) -> None:
    """More than a year is cut into months, and the choice of a period offers them."""
    page = run(organisation, window="all")
    assert page.selectbox(key="period").label == "Month of"
    assert all(option.endswith("-01") for option in page.selectbox(key="period").options[1:])


def test_a_metric_without_observations_is_a_dash_with_its_reason(run: Run, organisation: Path) -> None:
    """An application without canaries has no pass rate: a dash and the reason, never zero."""
    page = run(organisation, application="maps")
    canary = next(metric for metric in page.metric if metric.label == "Canary pass rate")
    assert (canary.value, canary.delta) == ("–", "")
    assert "no canaries to count" in page_text(page)


def test_without_a_build_the_page_shows_the_next_command(run: Run, tmp_path: Path) -> None:
    """A missing file gives no numbers and no traceback, but the next command."""
    page = run(tmp_path / "dora.duckdb")
    assert "dora build" in page_text(page)
    assert "dora demo" in page.code[0].value
    assert not page.metric


def test_an_unreadable_build_shows_the_next_command(run: Run, tmp_path: Path) -> None:
    """A file that is no build gives a message and no traceback."""
    (tmp_path / "dora.duckdb").write_bytes(b"not a database" * 99)
    page = run(tmp_path / "dora.duckdb")
    assert "dora.duckdb is damaged" in page_text(page)
    assert "run `dora build`" in page_text(page)
    assert "dora build" in page.code[0].value


def test_a_build_without_deployments_shows_a_message(
    run: Run, build_of: Build, tmp_path: Path, midnight: datetime
) -> None:
    """An organisation before its first deployment gets a sentence and not six zeros."""
    page = run(build_of(tmp_path, end=midnight, days=0))
    assert "No production deployments yet" in page_text(page)
    assert not page.metric


@pytest.mark.parametrize("days", [0, 2])
def test_stale_data_has_a_warning(run: Run, build_of: Build, tmp_path: Path, midnight: datetime, days: int) -> None:
    """Above data that is older than 36 hours stands a warning with the command that updates it."""
    page = run(build_of(tmp_path, end=midnight - timedelta(days=days), days=40))
    assert ["dora nightly" in warning.value for warning in page.warning] == [True] * bool(days)


def test_times_are_in_the_organisations_zone(run: Run, build_of: Build, tmp_path: Path, midnight: datetime) -> None:
    """Header and table use the time zone that weeks are split by."""
    build = build_of(tmp_path, end=midnight, days=30, timezone="Asia/Tokyo")
    page = run(build, window="30d")
    last = dora.open(build).sql("SELECT max(coalesce(traffic_at, finished_at)) AS utc FROM deployments")[0]["utc"]
    assert f"data through {midnight:%-d %b %Y} 09:00 Asia/Tokyo" in header(page)
    assert table(page, "happened_at")["happened_at"].max() == last + timedelta(hours=9)


def test_a_replaced_build_is_used_without_a_restart(
    run: Run, build_of: Build, tmp_path: Path, midnight: datetime
) -> None:
    """The next run of a page uses the build that replaced the file."""
    current, other = tmp_path / "current", tmp_path / "other"
    page = run(build_of(current, end=midnight, days=200, teams={"ledger": "money"}))
    before = header(page)
    build_of(other, end=midnight, days=200, teams={"ledger": "money", "search": "finding"}).replace(
        current / "dora.duckdb"
    )
    page.run()
    assert "of 1 application " in before
    assert "of 2 applications " in header(page)


def test_the_page_begins_with_the_brief_and_the_scorecard(run: Run, organisation: Path) -> None:
    """It is the brief of the page's scope: the same sentences, and a row for each team with its numbers."""
    page = run(organisation, window="180d")
    earlier = dora.Scope(since="360d", until="180d")
    brief = dora.open(organisation).brief(dora.Scope(since="180d"), earlier)
    html = next(block.value for block in page.get("html"))
    text = unescape(html)
    assert page.header[0].value == "Brief"
    for sentence in brief.sentences:
        assert sentence.headline in text
    for row in brief.scorecard.rows:
        assert f">{row.name}</a>" in text
        assert all(row.cells[name].value.text in text for name in brief.scorecard.metrics)


def test_a_card_has_its_goal_and_its_tier(run: Run, short: Path) -> None:
    """Met or missed in the words of ``dora goals``, and the tier where the survey has one; other cards have none."""
    chips = [element.value for element in run(short, window="all").markdown if "-badge[" in element.value]
    goals = [chip for chip in chips if "goal" in chip]
    assert len(goals) == 2
    assert ":green-badge[goal ≤ 1,000 d: met]" in goals[0]
    assert "-badge[goal ≥ 999 / day: missed]" in goals[1]
    assert "2024 survey" in goals[1]
