"""The page's logic, run by Streamlit itself without a browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from streamlit.proto.Metric_pb2 import Metric as Colour
from streamlit.testing.v1 import AppTest

import dora
from dashboards.components.metric_card import KEYS
from tests.dashboards.reading import header, said, table

Built = Callable[..., Path]


def test_cards_are_the_doors_numbers(run: Callable[..., AppTest], organisation: Path) -> None:
    """Each key's card shows the value and the evidence that ``dora show`` prints for the same window."""
    page = run(organisation)
    delivery = dora.open(organisation)
    shown = {metric.label: metric.value for metric in page.metric}
    for name, metric in ((name, dora.metrics()[name]) for name in KEYS):
        value = delivery.metric(name, since="90d").rows[0]
        assert shown[metric.title] == value.text
        assert value.evidence in [caption.value for caption in page.caption]
    assert len(shown) == 6


def test_the_header_says_what_the_numbers_stand_on(
    run: Callable[..., AppTest], organisation: Path, midnight: datetime
) -> None:
    """How many deployments of how many applications, which window, what it is compared with, how far the data goes."""
    n = dora.open(organisation).metric("deployment_frequency", since="90d").rows[0].n
    assert header(run(organisation)) == (
        f"{n:,} production deployments of 5 applications in the last 90 days, compared with the 90 days before"
        f" · data to {midnight:%-d %b %Y %H:%M} UTC"
    )


def test_only_what_moved_beyond_noise_is_coloured(run: Callable[..., AppTest], organisation: Path) -> None:
    """A delta is green or vermilion where the intervals of both windows say so, and grey within noise."""
    delivery, colours = dora.open(organisation), {Colour.GREEN: 1, Colour.RED: -1, Colour.GRAY: 0}
    shown = {metric.label: metric for metric in run(organisation).metric}
    for name, metric in ((name, dora.metrics()[name]) for name in KEYS):
        now, before = (delivery.metric(name, since=a, until=b).rows[0] for a, b in (("90d", None), ("180d", "90d")))
        moved = now.compare_to(before)
        assert moved is not None
        good = moved.direction * (1 if metric.better == "higher" else -1) * moved.significant
        assert shown[metric.title].delta == moved.text
        assert colours[shown[metric.title].color] == good


def test_the_address_filters(run: Callable[..., AppTest], organisation: Path) -> None:
    """Teams, applications and window of the address decide every number on the page."""
    page = run(organisation, team=["money", "finding"], application="ledger", window="30d")
    value = dora.open(organisation).metric("lead_time", since="30d", where={"application": "ledger"}).rows[0]
    assert (
        header(page).split(" · ")[0].endswith("of 1 application in the last 30 days, compared with the 30 days before")
    )
    assert value.text in [metric.value for metric in page.metric]
    assert set(table(page, "happened_at")["application"]) == {"ledger"}


@pytest.mark.parametrize(
    "address",
    [{"team": "nobody"}, {"application": ["nope"]}, {"window": "3d"}, {"period": "2019-01-07"}, {"period": "x"}],
)
def test_unknown_values_fall_away_quietly(
    run: Callable[..., AppTest], organisation: Path, address: dict[str, str | list[str]]
) -> None:
    """An old or mistyped link shows the page without that filter."""
    assert header(run(organisation, **address)) == header(run(organisation))


def test_an_application_of_another_team_falls_away_with_it(run: Callable[..., AppTest], organisation: Path) -> None:
    """Choosing a team drops applications that are not its own, and never shows an empty selection."""
    page = run(organisation, application="search")
    page.multiselect(key="team").select("money").run()
    assert not page.exception
    assert page.multiselect(key="application").value == []
    assert "of 2 applications" in header(page)


def test_a_period_of_the_address_narrows_the_table_only(run: Callable[..., AppTest], organisation: Path) -> None:
    """The table lists the very deployments of that week; the cards keep the window."""
    delivery = dora.open(organisation)
    week = delivery.metric("deployment_frequency", since="90d", every="week").rows[3].period
    assert week is not None
    page = run(organisation, period=f"{week:%Y-%m-%d}")
    listed = table(page, "happened_at")["happened_at"]
    assert week <= listed.min() <= listed.max() < week + timedelta(days=7)
    until = (week + timedelta(days=7)).isoformat()
    assert len(listed) == len(delivery.observations("rework_rate", dora.Scope(week.isoformat(), until)))
    assert header(page) == header(run(organisation))


def test_the_table_begins_with_the_slowest_and_ends_at_two_hundred(
    run: Callable[..., AppTest], organisation: Path
) -> None:
    """Slowest change first, 200 rows at the most, and the sentence above says how many there are."""
    page = run(organisation)
    hours = table(page, "happened_at")["hours"].dropna()
    everything = len(dora.open(organisation).observations("rework_rate", dora.Scope("90d")))
    assert len(table(page, "happened_at")) == 200 < everything
    assert hours.is_monotonic_decreasing
    assert f"{everything:,} deployments, slowest change first" in said(page)


def test_links_that_are_not_of_the_web_are_left_out(run: Callable[..., AppTest], organisation: Path) -> None:
    """A script in place of a link never becomes one."""
    links = table(run(organisation), "happened_at")["url"]
    assert links.dropna().str.startswith("https://deck.example/").all()
    assert links.isna().any()


def test_windows_without_an_equal_one_before_are_not_compared(run: Callable[..., AppTest], organisation: Path) -> None:
    """430 days hold no year before the last: no deltas, and the header says why."""
    page = run(organisation, window="1y")
    assert "with no equal window before to compare" in header(page)
    assert {metric.delta for metric in page.metric} == {""}


def test_two_times_are_compared_as_the_address_names_them(run: Callable[..., AppTest], organisation: Path) -> None:
    """The days before and now come from a copied address; the move is that between the door's two values."""
    ends = dora.open(organisation).about()["as_of"].date()
    first, last = ends - timedelta(days=300), ends - timedelta(days=201)
    page = run(organisation, compare="another time", then=[f"{first}", f"{last}"])
    assert f"compared with {first:%-d %b %Y} to {last:%-d %b %Y}" in header(page)
    now, before = (
        dora.open(organisation).values("change_failure_rate", scope).rows[0]
        for scope in (dora.Scope("90d"), dora.Scope(f"{first}", f"{last + timedelta(days=1)}"))
    )
    moved = now.compare_to(before)
    assert moved is not None
    assert [metric.delta for metric in page.metric if metric.label == "Change failure rate"] == [moved.text]


def test_all_of_history_is_drawn_by_month(run: Callable[..., AppTest], organisation: Path) -> None:
    """More than a year is cut into months, and the choice of a period offers them."""
    page = run(organisation, window="all")
    assert page.selectbox(key="period").label == "Month from"
    assert all(option.endswith("-01") for option in page.selectbox(key="period").options[1:])


def test_a_key_without_anything_to_count_is_a_dash_with_its_reason(
    run: Callable[..., AppTest], organisation: Path
) -> None:
    """An application without canaries has no pass rate: a dash and why, never zero."""
    page = run(organisation, application="maps")
    canary = next(metric for metric in page.metric if metric.label == "Canary pass rate")
    assert (canary.value, canary.delta) == ("–", "")
    assert "no canaries to count" in said(page)


def test_without_a_build_the_page_says_what_to_run(run: Callable[..., AppTest], tmp_path: Path) -> None:
    """No file: no numbers, no traceback, but the next command."""
    page = run(tmp_path / "dora.duckdb")
    assert "nothing was built yet" in said(page)
    assert "dora demo" in page.code[0].value
    assert not page.metric


def test_a_file_that_is_no_build_says_what_to_run(run: Callable[..., AppTest], tmp_path: Path) -> None:
    """Rubbish in place of a build is told from a build, without a traceback."""
    (tmp_path / "dora.duckdb").write_bytes(b"not a database" * 99)
    page = run(tmp_path / "dora.duckdb")
    assert "can not be read" in said(page)
    assert "dora build" in page.code[0].value


def test_a_build_without_deployments_says_so(
    run: Callable[..., AppTest], build_of: Built, tmp_path: Path, midnight: datetime
) -> None:
    """An organisation before its first deployment sees a sentence and not six zeros."""
    page = run(build_of(tmp_path, end=midnight, days=0))
    assert "No deployment has reached production yet" in said(page)
    assert not page.metric


@pytest.mark.parametrize("days", [0, 2])
def test_old_data_is_announced(
    run: Callable[..., AppTest], build_of: Built, tmp_path: Path, midnight: datetime, days: int
) -> None:
    """Data older than promised (36 hours) stands under a warning that names the command."""
    page = run(build_of(tmp_path, end=midnight - timedelta(days=days), days=40))
    assert ["dora nightly" in warning.value for warning in page.warning] == [True] * bool(days)


def test_times_are_shown_in_the_organisations_zone(
    run: Callable[..., AppTest], build_of: Built, tmp_path: Path, midnight: datetime
) -> None:
    """Header and table speak the time zone in which weeks are cut."""
    build = build_of(tmp_path, end=midnight, days=30, timezone="Asia/Tokyo")
    page = run(build, window="30d")
    last = dora.open(build).sql("SELECT max(coalesce(traffic_at, finished_at)) AS utc FROM deployments")[0]["utc"]
    assert f"data to {midnight:%-d %b %Y} 09:00 Asia/Tokyo" in header(page)
    assert table(page, "happened_at")["happened_at"].max() == last + timedelta(hours=9)


def test_a_swapped_build_shows_without_a_restart(
    run: Callable[..., AppTest], build_of: Built, tmp_path: Path, midnight: datetime
) -> None:
    """What `os.replace` put in place of the file is what the next run of the same page shows."""
    shown, other = tmp_path / "shown", tmp_path / "other"
    page = run(build_of(shown, end=midnight, days=200, teams={"ledger": "money"}))
    before = header(page)
    build_of(other, end=midnight, days=200, teams={"ledger": "money", "search": "finding"}).replace(
        shown / "dora.duckdb"
    )
    page.run()
    assert "of 1 application " in before
    assert "of 2 applications " in header(page)
