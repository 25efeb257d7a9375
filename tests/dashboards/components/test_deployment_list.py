"""The list of a chart's mark has exactly the rows that the mark counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

import dora
from dashboards.components import deployment_list
from dashboards.queries import builds, text
from dashboards.queries import canaries as queries
from dashboards.rows import audit, canaries
from tests.dashboards.page_text import page_text, table

Run = Callable[..., AppTest]
CHART = "vega_lite_chart"
WINDOW = dora.Scope("90d")
SIZES = {0: "none or one change", 2: "two or three changes", 4: "four to seven changes", 8: "eight or more changes"}


@pytest.fixture(scope="module")
def delivery(organisation: Path) -> dora.Delivery:
    return dora.open(organisation)


def read_deployments(page: AppTest) -> set[str]:
    """Return time and commit of every deployment that the page lists."""
    rows = table(page, "outcome")
    return {f"{row.happened_at} {row.commit}" for row in rows.itertuples()}


def times_and_commits(delivery: dora.Delivery, deployments: Iterable[str]) -> set[str]:
    """Return time and commit of the deployments with these ids."""
    rows = delivery.sql(
        "SELECT coalesce(traffic_at, finished_at, queued_at) AS at, commit FROM deployments"
        " WHERE list_contains(?, deployment_id)",
        [list(deployments)],
    )
    return {f"{row['at']} {row['commit'][:9]}" for row in rows}


def assert_lists(page: AppTest, delivery: dora.Delivery, deployments: set[str]) -> None:
    """A page lists exactly these deployments; of more than it has room for, the latest, and their number."""
    expected = times_and_commits(delivery, deployments)
    assert read_deployments(page) == set(sorted(expected)[-deployment_list.TOP :])
    if deployments:
        assert f"{len(deployments):,} deployment" in page_text(page)


def mark_counts(chart: Any) -> list[int | None]:
    """Return the count of each mark of a chart."""
    rows = pa.ipc.open_stream(chart.datasets[0].data.data).read_all().to_pylist() if chart.datasets else []
    return [row.get("n") for row in rows]


def included_observations(delivery: dora.Delivery, metric: str) -> list[dict[str, Any]]:
    return [row for row in delivery.observations(metric, WINDOW) if row["excluded"] is None]


@pytest.mark.parametrize(
    ("part", "sizes"),
    [("1 change", {1}), ("2 changes", {2}), ("4–5 changes", {4, 5}), ("10 or more changes", range(10, 99))],
)
def test_a_batch_size_lists_its_deployments(
    run: Run, organisation: Path, delivery: dora.Delivery, part: str, sizes: Container[float]
) -> None:
    """A class lists exactly its deployments; an empty class lists none."""
    deployments = {row["subject"] for row in included_observations(delivery, "batch_size") if row["value"] in sizes}
    assert_lists(run(organisation, "flow", part=part), delivery, deployments)


def test_a_bar_counts_the_values_of_its_class(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """Each batch size and each age of a pending change is counted in one bar."""
    charts = run(organisation, "flow").get(CHART)
    counts = {chart.proto.alt.partition(".")[0]: mark_counts(chart.proto) for chart in charts}
    sizes = Counter(row["value"] for row in included_observations(delivery, "batch_size"))
    assert counts["Batch size"] == [
        *(sizes[n] for n in range(4)), sizes[4] + sizes[5], sum(sizes[n] for n in range(6, 10)),
        sum(count for n, count in sizes.items() if n > 9),
    ]  # fmt: skip
    rows = [row for row in delivery.observations("lead_time") if row["censored"] and row["excluded"] is None]
    bounds = [0, 0.25, 1, 4, 24, 72, 168, 1e9]
    pending = [sum(low <= row["value"] < high for row in rows) for low, high in pairwise(bounds)]
    assert counts["Changes awaiting deployment"] == pending
    assert sum(pending) == len(rows) > 0


def test_a_stage_lists_the_deployments_whose_longest_stage_it_is(
    run: Run, organisation: Path, delivery: dora.Delivery
) -> None:
    """A deployment's longest stage is the one with the largest sum over its changes."""
    stage_hours: dict[str, Counter[str]] = defaultdict(Counter)
    observations = delivery.observations("lead_time")
    shipped = {row["subject"] for row in observations if row["excluded"] is None and not row["censored"]}
    window = {row["subject"] for row in delivery.observations("rework_rate", WINDOW)}
    for row in delivery.sql(
        "SELECT c.change_id, c.shipped_by, s.stage, s.hours FROM changes c"
        " JOIN lead_stages s USING (application, change_id) WHERE NOT c.baseline"
    ):
        if row["change_id"] in shipped:
            stage_hours[row["shipped_by"]][row["stage"]] += row["hours"]
    longest = {deployment: hours.most_common(1)[0][0] for deployment, hours in stage_hours.items()}
    assert len({*longest.values()}) > 1
    for stage in ("waiting for deployment", "rollout"):
        deployments = {deployment for deployment, name in longest.items() if name == stage} & window
        assert deployments
        page = run(organisation, "flow", part=f"longest stage: {stage}")
        assert f"{len(deployments)} deployments, latest first" in page_text(page)
        assert read_deployments(page) <= times_and_commits(delivery, deployments)


def test_an_approval_wait_lists_its_deployments(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """The deployments whose approval took from a quarter of an hour to one hour."""
    approvals = {row["subject"] for row in included_observations(delivery, "approval_wait") if 0.25 <= row["value"] < 1}
    rows = delivery.sql(
        "SELECT deployment_id FROM approvals WHERE role = 'approval' AND list_contains(?, approval_id)",
        [list(approvals)],
    )
    assert rows
    assert read_deployments(run(organisation, "flow", part="approval wait < 1 h")) == times_and_commits(
        delivery, {row["deployment_id"] for row in rows}
    )


def test_an_age_lists_its_pending_changes(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """A change that waits for thirty hours is between one and three days old."""
    pending = [row for row in delivery.observations("lead_time") if row["censored"] and row["excluded"] is None]
    one_to_three_days = [row for row in pending if 24 <= row["value"] < 72]
    assert one_to_three_days
    assert len(table(run(organisation, "flow", age="< 3 d"), "days")) == min(20, len(one_to_three_days))
    assert len(table(run(organisation, "flow", age="< 15 min"), "days")) == 0


@pytest.mark.parametrize(
    ("part", "hours"), [("failed", 0), ("not recovered after 1 h", 1), ("not recovered after 1 d", 24)]
)
def test_a_step_of_the_curve_lists_what_had_not_recovered(
    run: Run, organisation: Path, delivery: dora.Delivery, part: str, hours: float
) -> None:
    """A step lists the failed deployments that took at least this long to recover."""
    deployments = {row["subject"] for row in included_observations(delivery, "recovery_time") if row["value"] >= hours}
    assert read_deployments(run(organisation, "stability", part=part)) == times_and_commits(delivery, deployments)


def test_deployments_stopped_before_production_are_listed_by_outcome(
    run: Run, organisation: Path, delivery: dora.Delivery
) -> None:
    """An outcome lists the deployments that the change failure rate excludes for that reason."""
    excluded = [row for row in delivery.observations("change_failure_rate", WINDOW) if row["excluded"]]
    reasons = Counter(row["excluded"] for row in excluded)
    assert reasons["stopped_by_canary"]
    deployments = {row["subject"] for row in excluded if row["excluded"] == "stopped_by_canary"}
    assert read_deployments(run(organisation, "stability", part="outcome: stopped by canary")) == times_and_commits(
        delivery, deployments
    )


def test_a_batch_size_of_the_failure_rates_lists_its_deployments(
    run: Run, organisation: Path, delivery: dora.Delivery
) -> None:
    """The list has the deployments that the failure rate counts, and none of another size."""
    sizes = {row["subject"]: row["value"] for row in included_observations(delivery, "batch_size")}
    for row in delivery.speed_and_safety(WINDOW).sizes:
        deployments = {subject for subject, size in sizes.items() if row["least"] <= size < (row["below"] or 99)}
        assert len(deployments) >= row["deployments"] > 0
        assert_lists(run(organisation, "stability", part=SIZES[row["least"]]), delivery, deployments)


def test_an_unknown_class_is_ignored(run: Run, organisation: Path) -> None:
    """An address with an unknown class lists all deployments."""
    for page in ("flow", "stability"):
        assert read_deployments(run(organisation, page, part="nonsense")) == read_deployments(run(organisation, page))


def test_every_mark_of_the_canary_page_lists_its_canaries(
    run: Run, organisation: Path, delivery: dora.Delivery
) -> None:
    """The list of a cell, score or metric is as long as its mark's count."""
    analysis = delivery.canaries(WINDOW)
    build = builds.Build(str(organisation), 0, 0)
    cells = canaries.results_by_outcome(queries.cells(build, WINDOW))
    counts = {cell["part"]: cell["canaries"] for cell in cells if cell["canaries"]}
    assert sum(counts.values()) == analysis.canaries
    scores = [scores for scores in analysis.bins if scores.n]
    rates = canaries.failure_rates(analysis.bins)
    counts |= {rate["part"]: bin_.n for rate, bin_ in zip(rates, scores, strict=True)}
    counts |= {f"failed: {metric.metric}": metric.failed for metric in analysis.metrics if metric.failed}
    assert len(counts) > 4
    for name, count in counts.items():
        page = run(organisation, "canary", canaries=name)
        assert f"{count:,} of {analysis.canaries:,} canaries" in page_text(page)


def test_an_hour_of_the_week_lists_its_changes(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """An hour lists as many changes as its cell counts; with an exception, only the changes of both."""
    cells = audit.hours(delivery.analyse("changes_by_hour", WINDOW))
    cell = max(cells, key=lambda cell: cell["changes"])
    page = run(organisation, "audit", hour=cell["part"])
    assert f"{cell['changes']} changes, latest first" in page_text(page)
    exceptions = {exception.name: exception for exception in delivery.audit(WINDOW, limit=0).exceptions}
    outside_hours = exceptions["outside_business_hours"]
    rows = delivery.audit(WINDOW, outside_hours.name).rows
    both = [row for row in rows if audit.hour_name(row["hour_of_week"]) == cell["part"]]
    page = run(organisation, "audit", hour=cell["part"], finding=outside_hours.title)
    assert f"{text.format_count(len(both), 'change')}, latest first" in page_text(page)
