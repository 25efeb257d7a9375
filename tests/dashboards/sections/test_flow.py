"""The stages of a change on the flow page, from its first commit to traffic."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

import dora
from dashboards import charts
from dashboards.queries import builds, deployment_lists
from dashboards.queries.selection import Selection
from dashboards.queries.view import View
from dashboards.sections import flow
from tests.dora.sql.test_change_timeline import START, at, history

Facts = Callable[..., dora.Delivery]


@pytest.fixture
def view(facts: Facts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> View:
    """A change of the first deployment, then one with a request, opened 60 minutes before START, and one without."""
    rows = history([0, 30, 40], ("d1", 0, 10), ("d2", 2, 50))
    rows["change"][2] |= {"change_request": "7"}
    times = {"opened_at": at(-60), "first_review_at": at(-30), "approved_at": at(0)}
    request = {"id": "acme/shop#7", "repository": "acme/shop", "number": "7", "first_commit_at": at(-90)} | times
    facts(as_of=START + timedelta(minutes=160), rows=rows | {"change_request": [request]})
    monkeypatch.setenv("DORA_DATABASE", str(tmp_path / "dora.duckdb"))
    build = builds.current()
    return View(build, builds.about(build), Selection(window="all"))


def test_the_stages_add_up_from_the_first_commit_to_traffic(view: View) -> None:
    """Means of the lead time are over all three changes, those before the merge over the one with a request."""
    minutes = {row["stage"]: round(row["mean"] * 60) for row in flow.stages(view)}
    # The changes wait 10, 20 and 10 minutes, then 1 + 4 + 3 for their deployment.
    assert minutes == {
        "coding": 30, "pickup": 30, "review": 30, "merge": 40,
        "waiting for deployment": 13, "queue and other": 1, "pre-production stages": 4, "rollout": 3,
    }  # fmt: skip
    (lead_time,) = dora.open(view.build.path).metric("lead_time", statistic="mean")
    assert lead_time.value == pytest.approx((40 / 3 + 1 + 4 + 3) / 60)
    assert flow.stages_caption(flow.stages(view)) == (
        "Mean per shipped change. The means of the stages add up to the mean lead time of 21 min; medians would not."
        " Left of the merge, not part of lead time: 2.2 h, of 1 change with a pull request."
    )


def test_the_strip_meets_at_the_merge(view: View) -> None:
    """Stages follow each other without a gap; those before the merge end at zero."""
    drawn = charts.stage_strip(flow.stages(view)).to_dict()
    bars = drawn["datasets"][drawn["data"]["name"]]
    assert [bar["end"] for bar in bars[:-1]] == [bar["start"] for bar in bars[1:]]
    assert next(bar["start"] for bar in bars if not bar["before_merge"]) == pytest.approx(0)
    assert bars[0]["start"] == pytest.approx(-130 / 60)


def test_the_pareto_starts_with_the_longest_and_ends_with_all(view: View) -> None:
    """Total hours fall from bar to bar, and the line ends at 100 %."""
    rows = flow.stages(view)
    totals = [row["total"] for row in rows]
    assert totals == sorted(totals, reverse=True)
    assert rows[-1]["cumulative"] == pytest.approx(1)
    assert rows[0]["stage"] == "merge"


def test_a_stage_before_the_merge_lists_its_deployment(view: View) -> None:
    """The second deployment is listed by its longest stage before the merge, and by that of its lead time."""
    classes = flow.deployment_classes(view)
    counts = {
        stage: len(
            deployment_lists.list_deployments(
                view.build, view.scope, 9, deployment_lists.Listing(classes[f"longest stage: {stage}"])
            )
        )
        for stage in ("coding", "merge", "waiting for deployment", "rollout")
    }
    assert counts == {"coding": 0, "merge": 1, "waiting for deployment": 2, "rollout": 0}
