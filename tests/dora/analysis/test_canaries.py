"""The models of canary analyses, their metrics, and the pipelines that run them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import dora

Facts = Callable[..., dora.Delivery]
Row = dict[str, Any]
AT = "2026-03-02T08:30:00Z"
LATER = "2026-03-02T08:40:00Z"


def canary_rows(**more: list[Row]) -> dict[str, list[Row]]:
    """One execution with one analysis of two intervals, and what else there is."""
    return {
        "execution": [{"id": "e", "application": "shop", "root_id": "e", "status": "succeeded", "queued_at": AT}],
        "canary": [{"id": "c", "execution_id": "e", "score": 90.0, "status": "succeeded", "finished_at": LATER}],
        "canary_interval": [interval("i1", "j1", AT), interval("i2", "j2", LATER)],
        **more,
    }


def interval(identity: str, judgment: str, at: str, **more: Any) -> Row:
    """One interval that scored 90."""
    defaults = {"id": identity, "canary_id": "c", "execution_id": "e", "judgment_id": judgment, "score": 90.0}
    return {**defaults, "status": "succeeded", "started_at": at, **more}


def judgment(identity: str, **more: Any) -> Row:
    """What the canary service says of one interval."""
    return {"id": identity, "execution_id": "e", "status": "succeeded", **more}


def metric(of: str, name: str, classification: str, **more: Any) -> Row:
    """One metric of a judgment."""
    defaults = {"id": f"{of}/{name}", "judgment_id": of, "metric": name, "classification": classification}
    return {**defaults, "critical": False, "muted": False, **more}


def verdict(delivery: dora.Delivery) -> tuple[str, float | None]:
    """Verdict and score of the only analysis."""
    (row,) = delivery.sql("SELECT verdict, score FROM canaries")
    return row["verdict"], row["score"]


@pytest.mark.parametrize(
    ("judgments", "expected"),
    [
        ([], ("pass", 90.0)),
        ([judgment("j2", score=74.99)], ("marginal", 74.99)),
        ([judgment("j1", score=10.0)], ("pass", 90.0)),
        ([judgment("j1", score=10.0), judgment("j2", score=75.0)], ("pass", 75.0)),
        ([judgment("j2", score=50.0)], ("fail", 50.0)),
        ([judgment("j2", score=50.99)], ("fail", 50.99)),
        ([judgment("j2", score=51.0)], ("marginal", 51.0)),
        ([judgment("j2", score=90.0, pass_threshold=91.0)], ("marginal", 90.0)),
        ([judgment("j2", score=90.0, no_data_groups=1)], ("no_data", 90.0)),
        ([judgment("j2", score=40.0, no_data_groups=1)], ("fail", 40.0)),
        ([judgment("j2", score=100.0, classification="nodata")], ("no_data", 100.0)),
        ([judgment("j2", score=0.0, classification="error")], ("error", 0.0)),
    ],
)
def test_the_exact_score_of_the_last_interval_decides(
    judgments: list[Row], expected: tuple[str, float], facts: Facts
) -> None:
    """By the thresholds in force and truncated, as Orca does; a failure needs no more data, what lets pass does."""
    assert verdict(facts(rows=canary_rows(canary_judgment=judgments))) == expected


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ({"status": "failed"}, ("error", None)),
        ({"status": "canceled"}, ("canceled", None)),
        ({"status": "not_started"}, ("pass", 90.0)),
        ({"status": "skipped"}, ("pass", 90.0)),
    ],
)
def test_an_interval_without_a_score(last: Row, expected: tuple[str, float | None], facts: Facts) -> None:
    """One that could not be judged ends the analysis without a verdict, one that never ran changes nothing."""
    intervals = [interval("i1", "j1", AT), interval("i2", "j2", LATER, score=None, **last)]
    assert verdict(facts(rows=canary_rows(canary_interval=intervals))) == expected


def test_metrics_of_each_judgment(facts: Facts) -> None:
    """Each with its analysis and verdict; those of the last interval are what the verdict rests on."""
    delivery = facts(
        rows=canary_rows(
            canary_judgment=[judgment("j1", score=60.0), judgment("j2", score=90.0), judgment("j9", score=1.0)],
            canary_metric=[
                metric("j1", "latency", "high", provider="istio", ratio=2.5),
                metric("j2", "latency", "pass", provider="istio", ratio=1.0),
                metric("j9", "latency", "low"),
            ],
        )
    )
    rows = delivery.sql(
        "SELECT canary_id, application, verdict, decisive, metric, provider, classification, ratio"
        " FROM canary_metrics ORDER BY metric_id"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("c", "shop", "pass", False, "latency", "istio", "high", 2.5),
        ("c", "shop", "pass", True, "latency", "istio", "pass", 1.0),
    ]


def pipeline(application: str, name: str, **more: Any) -> Row:
    """One pipeline as it is configured."""
    made = {"has_canary": True, "has_approval": False, "has_rollback": False}
    return {"id": f"{application}/{name}", "application": application, "pipeline": name, **made, **more}


def test_a_name_that_several_applications_share_is_a_template_by_convention(facts: Facts) -> None:
    """Three applications with a pipeline of one name and make-up follow one convention; a named template stays."""
    pipelines = [pipeline(name, "release") for name in ("cart", "mail", "shop")]
    pipelines += [
        pipeline("odd", "release", has_canary=False),
        pipeline("cart", "nightly"),
        pipeline("mail", "nightly"),
    ]
    managed = {"template_kind": "v2", "template": "web"}
    pipelines += [pipeline(name, "managed", **managed) for name in ("cart", "mail", "shop")]
    pipelines += [pipeline("odd", "managed"), pipeline("odd", "nightly", **managed)]
    delivery = facts(rows={"pipeline": pipelines})
    rows = {row["pipeline_id"]: (row["template_kind"], row["template"]) for row in delivery.sql("FROM pipelines")}
    assert {rows[f"{name}/release"] for name in ("cart", "mail", "shop")} == {("convention", "release")}
    alone = ("odd/release", "cart/nightly", "mail/nightly", "odd/managed")  # what is managed is no example for others
    assert {rows[key] for key in alone} == {(None, None)}
    assert {rows[f"{name}/managed"] for name in ("cart", "mail", "shop")} == {("v2", "web")}
