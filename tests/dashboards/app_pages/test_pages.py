"""Flow, stability, data and one deployment's own view: what each shows is what the build says, seen another way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

import dora
from tests.dashboards.reading import header, said, table

Run = Callable[..., AppTest]


@pytest.fixture(scope="session")
def delivery(organisation: Path) -> dora.Delivery:
    return dora.open(organisation)


def charts(page: AppTest) -> dict[str, Any]:
    """The specifications of a page's charts with the rows they draw, by the description that a screen reader gets."""
    return {element.proto.alt.partition(".")[0]: element.proto for element in page.get("vega_lite_chart")}


@pytest.mark.parametrize("page", ["flow", "stability", "canary", "audit", "data"])
@pytest.mark.parametrize("address", [{}, {"window": "all"}, {"application": "ledger", "window": "30d"}])
def test_every_page_says_what_it_is_of(run: Run, organisation: Path, page: str, address: dict[str, str]) -> None:
    """The line under the title, and so the selection, is one and the same on every page."""
    assert header(run(organisation, page, **address)) == header(run(organisation, **address))


@pytest.mark.parametrize("page", ["flow", "stability", "canary", "audit", "data"])
def test_pages_without_anything_to_show_say_so(run: Run, short: Path, page: str) -> None:
    """A single application of twenty days has no canary, no approval, hardly a failure: sentences and no errors."""
    assert not run(short, page, window="custom", days="2001-01-01").exception
    assert not run(short, page).exception


def test_every_chart_and_table_can_be_heard(run: Run, organisation: Path) -> None:
    """Whoever can not see a page is told what each chart and table shows."""
    for name in ("overview", "flow", "stability", "canary", "audit", "data"):
        page = run(organisation, name)
        drawn = [*page.get("vega_lite_chart"), *page.dataframe]
        assert len(drawn) > 3
        assert all(len(element.proto.alt) > 10 for element in drawn)


def test_stages_add_up_to_the_mean_lead_time(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """What the stages say they add up to is the mean of the very changes behind the median."""
    rows = delivery.observations("lead_time", dora.Scope("90d"))
    shipped = [row["value"] for row in rows if row["excluded"] is None and not row["censored"]]
    mean = sum(shipped) / len(shipped)
    assert f"means add up (to {mean:.1f} h)" in said(run(organisation, "flow"))


def test_open_changes_are_all_open_ones_and_the_oldest_first(
    run: Run, organisation: Path, delivery: dora.Delivery
) -> None:
    """Also those merged long before the window are listed, by age."""
    rows = delivery.observations("lead_time")
    ages = sorted((row["value"] / 24 for row in rows if row["censored"] and row["excluded"] is None), reverse=True)
    page = run(organisation, "flow", window="30d")
    assert list(table(page, "days")["days"]) == pytest.approx(ages[:20])
    assert f"{len(ages)} changes merged and not in production" in said(page)


def test_questions_that_waited_longest_open_their_deployment(
    run: Run, organisation: Path, delivery: dora.Delivery
) -> None:
    """The longest wait is that of the door; what was asked is text whatever it looks like."""
    rows = [row for row in delivery.observations("approval_wait", dora.Scope("90d")) if row["excluded"] is None]
    waits = table(run(organisation, "flow"), "prompt")
    assert waits["hours"].max() == pytest.approx(max(row["value"] for row in rows))
    assert waits["prompt"][0] == "![](http://beacon.example/a.png) to production?"
    assert set(waits["open"]) == {"Open"}


def test_failed_deployments_are_those_of_the_rate(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """As many as the numerator of the change failure rate, each with the evidence that made it one."""
    value = delivery.metric("change_failure_rate", since="90d").rows[0]
    page = run(organisation, "stability")
    failed = table(page, "what")
    assert len(failed) == round((value.value or 0) * value.n)
    assert set(" ".join(failed["what"]).replace(",", "").split()) <= {
        "incident", "rolled", "back", "fixed", "forward", "deploy", "failed",
    }  # fmt: skip


def test_the_recovery_curve_crosses_one_half_at_the_median(organisation: Path, delivery: dora.Delivery) -> None:
    """The curve is the one whose median the card shows, open failures included."""
    for since in ("90d", None):
        value = delivery.metric("recovery_time", since=since).rows[0].value
        steps = delivery.curve("recovery_time", dora.Scope(since))
        assert value == next(step["value"] for step in steps if step["left"] <= 0.5 + 1e-12)
        assert all(step["low"] <= step["left"] <= step["high"] for step in steps)


def test_what_was_caught_is_no_failure(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """Stopped canaries are drawn apart, as many as the rate leaves out."""
    out = delivery.metric("change_failure_rate", since="90d").rows[0].excluded
    assert out["stopped_by_canary"] > 0
    drawn = charts(run(organisation, "stability"))["Caught before they served"]
    rows = pa.ipc.open_stream(drawn.datasets[0].data.data).read_all().to_pylist()
    assert {row["name"]: row["n"] for row in rows}["stopped by canary"] == out["stopped_by_canary"]


def test_the_claim_is_read_out_with_its_evidence(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """Every reading of the door stands on the page, and so does what would have to be true."""
    page = run(organisation, "stability")
    listed = " ".join(element.value for element in page.markdown)
    found = delivery.speed_and_safety(dora.Scope("90d"))
    assert all(reading in listed for reading in [*found.readings.values(), *found.caveats])


def test_coverage_counts_what_is_known(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """Canary coverage is deployments with an analysis over deployments that served."""
    page = run(organisation, "data")
    served = [row["subject"] for row in delivery.observations("rework_rate", dora.Scope("90d")) if not row["excluded"]]
    judged = {row["deployment_id"] for row in delivery.sql("SELECT deployment_id FROM canaries")}
    share = sum(name in judged for name in served) / len(served)
    shown = {metric.label: metric.value for metric in page.metric}
    assert shown["Canary coverage"] == f"{100 * share:.1f} %"


def test_every_definition_that_is_set_stands_with_its_sentence(
    run: Run, organisation: Path, delivery: dora.Delivery
) -> None:
    """Key, value and meaning as the build recorded them; what each shapes is named."""
    shown = table(run(organisation, "data"), "says").set_index("key")
    known = delivery.sql("SELECT DISTINCT key, value, says FROM definitions_in_force WHERE value <> ''")
    assert {row["key"]: (row["value"], row["says"]) for row in known} == {
        key: (row["value"], row["says"]) for key, row in shown.iterrows()
    }
    assert "Change failure rate" in shown.loc["failure_window_hours", "metrics"]


def test_the_sources_say_how_fresh_they_are(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """One line a source, with its documents and its state."""
    sources = table(run(organisation, "data"), "documents")
    assert list(sources["source"]) == ["organisation"]
    assert list(sources["state"]) == ["ok"]
    assert sources["documents"][0] == delivery.sql("SELECT sum(documents)::BIGINT AS n FROM loads")[0]["n"]


def failure(delivery: dora.Delivery) -> dict[str, Any]:
    """A deployment that was rolled back, and recovered."""
    return delivery.sql(
        "SELECT p.*, epoch(r.recovered_at - r.failed_at) / 3600 AS hours"
        " FROM recoveries r JOIN deployments p USING (deployment_id)"
        " WHERE r.evidence = 'rollback' AND r.recovered_at IS NOT NULL ORDER BY p.traffic_at DESC LIMIT 1"
    )[0]


def test_a_deployment_tells_its_whole_story(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """Changes, rollouts and the rollback that mended it, all reached by the address alone."""
    failed = failure(delivery)
    page = run(organisation, deployment=failed["deployment_id"])
    shown = {metric.label: metric.value for metric in page.metric}
    assert shown["Outcome"] == "failed"
    assert f"after {failed['hours']:.1f} h" in said(page) or f"after {failed['hours'] * 60:.0f} min" in said(page)
    assert set(table(page, "what")["what"]) == {"rolled back"}
    changes = delivery.sql("SELECT sha FROM changes WHERE NOT baseline AND shipped_by = ?", [failed["deployment_id"]])
    assert set(table(page, "short_sha")["short_sha"]) == {row["sha"][:9] for row in changes}
    assert len(table(page, "cluster")) == 1
    assert failed["application"] in said(page)


def test_a_deployment_opens_on_any_page_and_closes_again(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """The way back leads to the page and the filters that it was opened from."""
    page = run(organisation, "flow", window="30d", deployment=failure(delivery)["deployment_id"])
    assert page.title[0].value == "Deployment"
    (back,) = [button for button in page.button if button.label == "Back to flow"]
    back.click().run()
    assert page.title[0].value == "Flow"
    assert "in the last 30 days" in header(page)


def test_a_deployment_without_anything_says_so(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """Nobody asked, no canary, no failure: sentences in place of empty tables."""
    plain = delivery.sql(
        "SELECT deployment_id FROM deployments WHERE application = 'payout' AND succeeded"
        " AND deployment_id NOT IN (SELECT deployment_id FROM recoveries) AND traffic_at < ? LIMIT 1",
        [delivery.about()["as_of"] - timedelta(days=9)],
    )[0]["deployment_id"]
    text = said(run(organisation, deployment=plain))
    assert "Nobody was asked." in text
    assert "No canary analysis ran." in text
    assert "Nothing says so: no rollback" in text


def test_a_stopped_canary_says_why_it_stopped(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """The verdict stands with its score and the marks it was held to; it never took traffic, so it did not fail."""
    stopped = delivery.sql("SELECT deployment_id, score FROM canaries WHERE verdict = 'fail' LIMIT 1")[0]
    text = said(run(organisation, deployment=stopped["deployment_id"]))
    assert f"The analysis failed with {stopped['score']:.0f}, where 75 passes and up to 50 fails" in text
    assert "It never took traffic" in text


def test_only_web_links_lead_out(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """A script in the place of a link is no button."""
    for like, buttons in (("javascript:%", 0), ("https:%", 1)):
        one = delivery.sql("SELECT deployment_id FROM deployments WHERE url LIKE ? LIMIT 1", [like])[0]["deployment_id"]
        page = run(organisation, deployment=one)
        assert len(page.get("link_button")) == buttons
