"""From a chart to the rows behind its marks: what a mark counts is what its list holds, however it is counted."""

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
from dashboards.queries import text
from dashboards.rows import audit, canaries
from tests.dashboards.reading import said, table

Run = Callable[..., AppTest]
CHART = "vega_lite_chart"
WINDOW = dora.Scope("90d")
SIZES = {0: "none or one change", 2: "two or three changes", 4: "four to seven changes", 8: "eight or more changes"}


@pytest.fixture(scope="module")
def delivery(organisation: Path) -> dora.Delivery:
    return dora.open(organisation)


def listed(page: AppTest) -> set[str]:
    """Commit and time of every deployment that the page lists; each stands in the table."""
    rows = table(page, "outcome")
    return {f"{row.happened_at} {row.commit}" for row in rows.itertuples()}


def of(delivery: dora.Delivery, deployments: Iterable[str]) -> set[str]:
    """The same of deployments by their ids."""
    rows = delivery.sql(
        "SELECT coalesce(traffic_at, finished_at, queued_at) AS at, commit FROM deployments"
        " WHERE list_contains(?, deployment_id)",
        [list(deployments)],
    )
    return {f"{row['at']} {row['commit'][:9]}" for row in rows}


def bars(drawn: Any) -> list[int | None]:
    """How many each mark of a chart stands for."""
    rows = pa.ipc.open_stream(drawn.datasets[0].data.data).read_all().to_pylist() if drawn.datasets else []
    return [row.get("n") for row in rows]


def kept(delivery: dora.Delivery, metric: str) -> list[dict[str, Any]]:
    return [row for row in delivery.observations(metric, WINDOW) if row["excluded"] is None]


@pytest.mark.parametrize(
    ("part", "sizes"),
    [("1 change", {1}), ("2 changes", {2}), ("4–5 changes", {4, 5}), ("10 or more changes", range(10, 99))],
)
def test_a_batch_size_lists_the_deployments_that_brought_so_many(
    run: Run, organisation: Path, delivery: dora.Delivery, part: str, sizes: Container[float]
) -> None:
    """Those of the class, and no others; a class that is empty lists none."""
    those = {row["subject"] for row in kept(delivery, "batch_size") if row["value"] in sizes}
    assert listed(run(organisation, "flow", part=part)) == of(delivery, those)


def test_a_bar_counts_what_lies_between_its_ends(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """Batch sizes by how many of each there are, open changes by hours; each observation stands in one bar."""
    drawn = {one.proto.alt.partition(".")[0]: bars(one.proto) for one in run(organisation, "flow").get(CHART)}
    sizes = Counter(row["value"] for row in kept(delivery, "batch_size"))
    assert drawn["Batch size"] == [
        *(sizes[n] for n in range(4)), sizes[4] + sizes[5], sum(sizes[n] for n in range(6, 10)),
        sum(count for n, count in sizes.items() if n > 9),
    ]  # fmt: skip
    rows = [row for row in delivery.observations("lead_time") if row["censored"] and row["excluded"] is None]
    ends = [0, 0.25, 1, 4, 24, 72, 168, 1e9]
    counts = [sum(low <= row["value"] < high for row in rows) for low, high in pairwise(ends)]
    assert drawn["Open changes by age"] == counts
    assert sum(counts) == len(rows) > 0


def test_a_stage_lists_the_deployments_that_spent_most_time_in_it(
    run: Run, organisation: Path, delivery: dora.Delivery
) -> None:
    """By adding up the stages of all changes that each deployment shipped."""
    spent: dict[str, Counter[str]] = defaultdict(Counter)
    whenever = delivery.observations("lead_time")
    shipped = {row["subject"] for row in whenever if row["excluded"] is None and not row["censored"]}
    window = {row["subject"] for row in delivery.observations("rework_rate", WINDOW)}
    for row in delivery.sql(
        "SELECT c.change_id, c.shipped_by, s.stage, s.hours FROM changes c"
        " JOIN lead_stages s USING (application, change_id) WHERE NOT c.baseline"
    ):
        if row["change_id"] in shipped:
            spent[row["shipped_by"]][row["stage"]] += row["hours"]
    most = {deployment: hours.most_common(1)[0][0] for deployment, hours in spent.items()}
    assert len({*most.values()}) > 1
    for stage in ("waiting", "rollout"):
        those = {deployment for deployment, found in most.items() if found == stage} & window
        assert those
        page = run(organisation, "flow", part=f"most time in {stage}")
        assert f"{len(those)} deployments, slowest change first" in said(page)
        assert listed(page) <= of(delivery, those)


def test_a_wait_lists_what_waited_so_long(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """The deployments whose question was answered within a quarter to one hour."""
    asked = {row["subject"] for row in kept(delivery, "approval_wait") if 0.25 <= row["value"] < 1}
    rows = delivery.sql("SELECT deployment_id FROM approvals WHERE list_contains(?, approval_id)", [list(asked)])
    assert rows
    assert listed(run(organisation, "flow", part="a yes after < 1 h")) == of(
        delivery, {r["deployment_id"] for r in rows}
    )


def test_an_age_lists_the_open_changes_of_it(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """What is open for thirty hours lies between one day and three, and nothing is a week old."""
    still_open = [row for row in delivery.observations("lead_time") if row["censored"] and row["excluded"] is None]
    some = [row for row in still_open if 24 <= row["value"] < 72]
    assert some
    assert len(table(run(organisation, "flow", age="< 3 d"), "days")) == min(20, len(some))
    assert len(table(run(organisation, "flow", age="< 15 min"), "days")) == 0


@pytest.mark.parametrize(("part", "hours"), [("failed", 0), ("broken for 1 h", 1), ("broken for 1 d", 24)])
def test_a_step_of_the_curve_lists_what_was_still_broken(
    run: Run, organisation: Path, delivery: dora.Delivery, part: str, hours: float
) -> None:
    """Failed deployments that took at least so long to recover, those that have not among them."""
    those = {row["subject"] for row in kept(delivery, "recovery_time") if row["value"] >= hours}
    assert listed(run(organisation, "stability", part=part)) == of(delivery, those)


def test_what_was_caught_is_listed_by_what_ended_it(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """As many attempts as the share leaves out for that reason."""
    left_out = [row for row in delivery.observations("change_failure_rate", WINDOW) if row["excluded"]]
    reasons = Counter(row["excluded"] for row in left_out)
    assert reasons["stopped_by_canary"]
    those = {row["subject"] for row in left_out if row["excluded"] == "stopped_by_canary"}
    assert listed(run(organisation, "stability", part="ended: stopped by canary")) == of(delivery, those)


def test_a_class_of_sizes_lists_as_many_as_its_share_is_of(
    run: Run, organisation: Path, delivery: dora.Delivery
) -> None:
    """The deployments that the claim counts in a class are among those listed, none of another size."""
    sizes = {row["subject"]: row["value"] for row in kept(delivery, "batch_size")}
    for row in delivery.speed_and_safety(WINDOW).sizes:
        those = {s for s, n in sizes.items() if row["least"] <= n < (row["below"] or 99)}
        assert len(those) >= row["deployments"] > 0
        assert listed(run(organisation, "stability", part=SIZES[row["least"]])) == of(delivery, those)


def test_a_part_that_is_none_falls_away(run: Run, organisation: Path) -> None:
    """An address with a word that no chart has shows every deployment."""
    for page in ("flow", "stability"):
        assert listed(run(organisation, page, part="nonsense")) == listed(run(organisation, page))


def test_every_mark_of_the_canary_page_lists_what_it_counts(
    run: Run, organisation: Path, delivery: dora.Delivery
) -> None:
    """Cells, scores and metrics: the list says as many as the mark, of all canaries."""
    told = delivery.canaries(WINDOW)
    counted = {cell["part"]: cell["canaries"] for cell in canaries.against(told.rows) if cell["canaries"]}
    counted |= {row["part"]: one.n for row, one in zip(canaries.bins(told.bins), filter(_some, told.bins), strict=True)}
    counted |= {f"failed: {one.metric}": one.failed for one in told.metrics if one.failed}
    assert sum(counted[cell["part"]] for cell in canaries.against(told.rows) if cell["part"]) == told.canaries
    assert len(counted) > 4
    for kind, count in counted.items():
        page = run(organisation, "canary", canaries=kind)
        assert f"{count:,} of {told.canaries:,} canaries" in said(page)


def _some(one: Any) -> bool:
    return bool(one.n)


def test_an_hour_of_the_week_lists_its_changes(run: Run, organisation: Path, delivery: dora.Delivery) -> None:
    """As many as the hour's cell counts; together with a finding, those that are both."""
    told = delivery.audit(WINDOW)
    cells = audit.hours(told.rows)
    hours = Counter(hour for row in told.rows if (hour := audit.hour(row)))
    assert hours == {cell["part"]: cell["changes"] for cell in cells}
    cell = max(cells, key=lambda cell: cell["changes"])
    page = run(organisation, "audit", hour=cell["part"])
    assert f"{cell['changes']} changes, the latest first" in said(page)
    (late,) = [one for one in told.exceptions if one.name == "out_of_hours"]
    both = [row for row in told.rows if row["deployment_id"] in late.deployments and audit.hour(row) == cell["part"]]
    page = run(organisation, "audit", hour=cell["part"], finding="came out of hours")
    assert f"{text.counted(len(both), 'change')}, the latest first" in said(page)
