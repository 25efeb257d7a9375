"""The pages Flow, Stability and Data, and the view of one deployment, against the rows of the build."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

import dora
from dashboards.queries import text as wording
from tests.dashboards.page_text import header, page_text, table

Run = Callable[..., AppTest]


@pytest.fixture(scope="session")
def delivery(organisation: Path) -> dora.Delivery:
    return dora.open(organisation)


def charts(page: AppTest) -> dict[str, Any]:
    """The specifications of a page's charts by title."""
    return {element.proto.alt.partition(".")[0]: element.proto for element in page.get("vega_lite_chart")}


@pytest.mark.parametrize("page", ["flow", "stability", "canary", "audit", "data"])
@pytest.mark.parametrize("address", [{}, {"window": "all"}, {"application": "ledger", "window": "30d"}])
def test_every_page_has_the_same_header(run: Run, organisation: Path, page: str, address: dict[str, str]) -> None:
    """The line under the title describes the same selection on every page."""
    assert header(run(organisation, page, **address)) == header(run(organisation, **address))


@pytest.mark.parametrize("page", ["flow", "stability", "canary", "audit", "data"])
def test_pages_without_data_have_no_errors(run: Run, short: Path, page: str) -> None:
    """One application over twenty days has no canaries, no approvals and hardly a failure."""
    assert not run(short, page, window="custom", days="2001-01-01").exception
    assert not run(short, page).exception


def test_every_chart_and_table_has_an_alternative_text(run: Run, organisation: Path) -> None:
    """Screen readers get a description of each chart and table."""
    for name in ("overview", "flow", "stability", "canary", "audit", "data"):
        page = run(organisation, name)
        elements = [*page.get("vega_lite_chart"), *page.dataframe]
        assert len(elements) > 3
        assert all(len(element.proto.alt) > 10 for element in elements)


def test_stages_add_up_to_the_mean_lead_time(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """The caption shows the mean lead time of the changes behind the median."""
    rows = delivery.observations("lead_time", dora.Scope("90d"))
    shipped = [row["value"] for row in rows if row["excluded"] is None and not row["censored"]]
    mean = sum(shipped) / len(shipped)
    assert f"add up to the mean lead time of {mean:.1f} h;" in page_text(run(organisation, "flow"))


def test_changes_awaiting_deployment_are_listed_oldest_first(
    run: Run, organisation: Path, delivery: dora.Delivery
) -> None:
    """The list includes changes that were merged before the window."""
    rows = delivery.observations("lead_time")
    ages = sorted((row["value"] / 24 for row in rows if row["censored"] and row["excluded"] is None), reverse=True)
    page = run(organisation, "flow", window="30d")
    assert list(table(page, "days")["days"]) == pytest.approx(ages[:20])
    assert f"{len(ages)} changes, oldest first" in page_text(page)


def test_the_longest_approvals_open_their_deployment(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """The longest wait is that of the observations; an approval prompt stays text whatever it contains."""
    rows = [row for row in delivery.observations("approval_wait", dora.Scope("90d")) if row["excluded"] is None]
    waits = table(run(organisation, "flow"), "prompt")
    assert waits["hours"].max() == pytest.approx(max(row["value"] for row in rows))
    assert waits["prompt"][0] == "![](http://beacon.example/a.png) to production?"
    assert set(waits["open"]) == {"Open"}


def test_failed_deployments_are_those_of_the_failure_rate(
    run: Run, organisation: Path, delivery: dora.Delivery
) -> None:
    """There are as many as the numerator of the change failure rate, each with its evidence."""
    value = delivery.metric("change_failure_rate", since="90d").rows[0]
    page = run(organisation, "stability")
    failed = table(page, "what")
    assert len(failed) == round((value.value or 0) * value.n)
    assert set(" ".join(failed["what"]).replace(",", "").split()) <= {
        "incident", "rolled", "back", "fixed", "forward", "deploy", "failed",
    }  # fmt: skip


def test_the_recovery_curve_crosses_one_half_at_the_median(organisation: Path, delivery: dora.Delivery) -> None:
    """The curve and the median on the card agree, pending recoveries included; where the curve stays at exactly one
    half, the median is the middle of that step."""
    for since in ("90d", None):
        value = delivery.metric("recovery_time", since=since).rows[0].value
        steps = delivery.curve("recovery_time", dora.Scope(since))
        first = next(step["value"] for step in steps if step["left"] <= 0.5 + 1e-12)
        below = next(step["value"] for step in steps if step["left"] < 0.5 - 1e-12)
        assert value == pytest.approx((first + below) / 2)
        assert all(step["low"] <= step["left"] <= step["high"] for step in steps)


def test_deployments_stopped_before_production_are_no_failures(
    run: Run, organisation: Path, delivery: dora.Delivery
) -> None:
    """The chart counts as many stopped canaries as the change failure rate excludes."""
    excluded = delivery.metric("change_failure_rate", since="90d").rows[0].excluded
    assert excluded["stopped_by_canary"] > 0
    chart = charts(run(organisation, "stability"))["Stopped before production"]
    rows = pa.ipc.open_stream(chart.datasets[0].data.data).read_all().to_pylist()
    assert {row["name"]: row["n"] for row in rows}["stopped by canary"] == excluded["stopped_by_canary"]


def test_speed_and_safety_shows_every_reading_and_caveat(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """The page lists every statement and every condition of the analysis."""
    page = run(organisation, "stability")
    markdown = " ".join(element.value for element in page.markdown)
    analysis = delivery.speed_and_safety(dora.Scope("90d"))
    assert all(sentence in markdown for sentence in [*analysis.readings.values(), *analysis.caveats])
    silent = {analysis.readings[name] for name in analysis.without_evidence}
    (folded,) = [expander for expander in page.expander if expander.label.endswith("without evidence either way")]
    folded_text = " ".join(element.value for element in folded.markdown)
    assert {sentence for sentence in analysis.readings.values() if sentence in folded_text} == silent != set()


def test_canary_coverage_is_the_share_of_deployments_with_an_analysis(
    run: Run, organisation: Path, delivery: dora.Delivery
) -> None:
    """Deployments with an analysis over deployments that received traffic."""
    page = run(organisation, "data")
    deployments = [
        row["subject"] for row in delivery.observations("rework_rate", dora.Scope("90d")) if not row["excluded"]
    ]
    analysed = {row["deployment_id"] for row in delivery.sql("SELECT deployment_id FROM canaries")}
    share = sum(deployment in analysed for deployment in deployments) / len(deployments)
    metrics = {metric.label: metric.value for metric in page.metric}
    assert metrics["Canary coverage"] == f"{100 * share:.1f} %"


def test_every_definition_that_is_set_is_listed(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """Key, value and description as the build recorded them, and the metrics that each affects."""
    listed = table(run(organisation, "data"), "description").set_index("key")
    in_force = delivery.sql("SELECT DISTINCT key, value, description FROM definitions_in_force WHERE value <> ''")
    assert {row["key"]: (row["value"], row["description"]) for row in in_force} == {
        key: (row["value"], row["description"]) for key, row in listed.iterrows()
    }
    assert "Change failure rate" in listed.loc["failure_window_hours", "metrics"]


def test_sources_are_listed_with_their_state(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """One row per source, with its documents and its state."""
    sources = table(run(organisation, "data"), "documents")
    assert list(sources["source"]) == ["organisation"]
    assert list(sources["state"]) == ["ok"]
    assert sources["documents"][0] == delivery.sql("SELECT sum(documents)::BIGINT AS n FROM loads")[0]["n"]


def rolled_back_deployment(delivery: dora.Delivery) -> dict[str, Any]:
    """The latest deployment that was rolled back and recovered."""
    return delivery.sql(
        "SELECT deployments.*, epoch(recovered_at - failed_at) / 3600 AS hours"
        " FROM recoveries JOIN deployments USING (deployment_id)"
        " WHERE recoveries.evidence = 'rollback' AND recovered_at IS NOT NULL ORDER BY traffic_at DESC LIMIT 1"
    )[0]


def test_a_deployment_shows_changes_rollouts_and_failure(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """The address alone opens a deployment with its changes, rollouts and the rollback that resolved its failure."""
    failed = rolled_back_deployment(delivery)
    page = run(organisation, deployment=failed["deployment_id"])
    metrics = {metric.label: metric.value for metric in page.metric}
    assert metrics["Outcome"] == "failed"
    assert f"after {wording.format_hours(failed['hours'])}" in page_text(page)
    assert set(table(page, "what")["what"]) == {"rolled back"}
    changes = delivery.sql("SELECT sha FROM changes WHERE NOT baseline AND shipped_by = ?", [failed["deployment_id"]])
    assert set(table(page, "short_sha")["short_sha"]) == {row["sha"][:9] for row in changes}
    assert len(table(page, "cluster")) == 1
    assert failed["application"] in page_text(page)


def test_a_deployment_opens_on_any_page_and_closes_again(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """The back button returns to the page and the filters that the deployment was opened from."""
    page = run(organisation, "flow", window="30d", deployment=rolled_back_deployment(delivery)["deployment_id"])
    assert page.title[0].value == "Deployment"
    (back,) = [button for button in page.button if button.label == "Back to flow"]
    back.click().run()
    assert page.title[0].value == "Flow"
    assert "in the last 30 days" in header(page)


def test_a_deployment_without_approval_canary_and_failure_says_so(
    run: Run, organisation: Path, delivery: dora.Delivery
) -> None:
    """Sentences take the place of empty tables."""
    plain = delivery.sql(
        "SELECT deployment_id FROM deployments WHERE application = 'payout' AND succeeded"
        " AND deployment_id NOT IN (SELECT deployment_id FROM recoveries) AND traffic_at < ? LIMIT 1",
        [delivery.about()["as_of"] - timedelta(days=9)],
    )[0]["deployment_id"]
    text = page_text(run(organisation, deployment=plain))
    assert "No approval was required." in text
    assert "No canary analysis." in text
    assert "No failure: no rollback" in text


def test_a_stopped_canary_shows_score_and_thresholds(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """A stopped deployment shows its canary score and the thresholds; without traffic it did not fail."""
    stopped = delivery.sql("SELECT deployment_id, score FROM canaries WHERE verdict = 'fail' LIMIT 1")[0]
    text = page_text(run(organisation, deployment=stopped["deployment_id"]))
    assert (
        f"The analysis failed with a score of {stopped['score']:.0f} (pass threshold 75, marginal threshold 50)" in text
    )
    assert "It never received traffic" in text


def test_only_web_links_lead_out(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """A script in place of a link is no button."""
    for like, buttons in (("javascript:%", 0), ("https:%", 1)):
        row = delivery.sql("SELECT deployment_id FROM deployments WHERE url LIKE ? LIMIT 1", [like])[0]
        page = run(organisation, deployment=row["deployment_id"])
        assert len(page.get("link_button")) == buttons
