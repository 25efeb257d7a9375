"""Faults G26 and G31: scores that are none, and two servers that give the same id."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dora
from ingest import configure_source
from ingest.core.pipeline import Summary, pull
from ingest.core.source import Request
from tests.ingest.spinnaker.conftest import HOUR, NOW, Make, delivered, facts_of
from tests.simulation.gate import serve

Json = dict[str, Any]


def canary_stages(score: Any) -> list[Json]:
    """A canary analysis of one interval with this score, which Orca let pass."""
    run = {"canaryScore": score, "canaryPipelineExecutionId": "J1", "scoreThresholds": {"pass": 75, "marginal": 50}}
    times = {"status": "SUCCEEDED", "startTime": NOW - HOUR, "endTime": NOW - HOUR + 60_000}
    return [
        {"id": "C", "type": "kayentaCanary", "context": {"canaryConfig": {"canaryConfigId": "x"}}, **times},
        {"id": "R", "type": "runCanary", "parentStageId": "C", "context": run, **times},
    ]


def judgment(score: Any, *groups: str, classification: str = "Pass") -> Json:
    """A judgment of Kayenta: one metric in each group, classified so."""
    results = [{"name": f"m{nth}", "groups": [f"g{nth}"], "classification": word} for nth, word in enumerate(groups)]
    score = {"score": score, "classification": classification}
    result = {"judgeResult": {"results": results, "score": score}}
    return {"pipelineId": "J1", "status": "succeeded", "parentPipelineExecutionId": "E", "result": result}


SCORES: dict[str, tuple[Any, Json | None, str]] = {
    "100 with data everywhere": (100, judgment(100.0, "Pass", "Pass"), "pass"),
    "100 because a group has no data": (100, judgment(100.0, "Pass", "Pass", "Nodata"), "no_data"),
    "100 because all have none": (100, judgment(100.0, "Nodata", "Nodata"), "no_data"),
    "100 because metrics could not be judged": (100, judgment(100.0, "Pass", "Pass", "Error"), "no_data"),
    "0 because most have none": (0, judgment(0.0, "Nodata", "Nodata", "Pass"), "no_data"),
    "no data by its own word": (100, judgment(100.0, "Pass", classification="Nodata"), "no_data"),
    "NaN as a word": ("NaN", judgment("NaN", "Pass", classification=""), "error"),
    "Infinity as a word": ("Infinity", judgment("Infinity", "Pass", classification=""), "error"),
    "below 0, as weights above 100 allow": (-1, judgment(-1, "Pass", classification=""), "fail"),
    "above 100, as the weights sum to": (101, judgment(101, "Pass", classification=""), "pass"),
    "missing": (None, judgment(None, "Pass", classification=""), "error"),
    "no number, and nothing of Kayenta": ("NaN", None, "error"),
    "truncated by Orca": (74, judgment(74.99, "Pass", "High"), "marginal"),
}


@pytest.mark.parametrize("name", SCORES)
def test_g26_only_a_score_that_rests_on_data_passes(
    name: str, make: Make, ingest: Callable[..., Summary], tmp_path: Path
) -> None:
    """100 because of groups without data is inconclusive, an invalid score is an error; neither is a pass."""
    score, judgment, verdict = SCORES[name]
    world = make.world(make.execution("E", NOW - HOUR, stages=canary_stages(score)))
    world.canary_results = {"J1": judgment} if judgment else {}
    with serve(world) as gate:
        assert ingest(gate.url).quarantined == 0
    delivery, _ = delivered(tmp_path)
    assert [row["verdict"] for row in delivery.sql("SELECT verdict FROM canaries")] == [verdict]
    counted = delivery.sql("SELECT value FROM metrics.canary_pass_rate WHERE excluded IS NULL AND value = 1")
    assert bool(counted) is (verdict == "pass")


def test_g31_two_gates_may_give_the_same_id(make: Make, tmp_path: Path) -> None:
    """Each keeps its own rows and watermarks; both deployments count, and a second night changes nothing."""
    ours, theirs = make.execution("E", NOW), make.execution("E", NOW - HOUR, status="TERMINAL", name="other")
    with serve(make.world(ours)) as first, serve(make.world(theirs)) as second:
        for _ in range(2):
            for name, url in (("spinnaker", first.url), ("spinnaker-eu", second.url)):
                options = {"type": "spinnaker", "endpoint": url, "requests_per_10s": 0}
                assert pull(configure_source(name, options, tmp_path), tmp_path, Request()).partial_failures == []
    rows = facts_of(tmp_path, "SELECT source, id, pipeline, status FROM execution ORDER BY source")
    assert rows == [("spinnaker", "E", "release", "succeeded"), ("spinnaker-eu", "E", "other", "failed")]
    marks = "SELECT source, value FROM watermark WHERE stream = 'executions/shop' ORDER BY source"
    assert facts_of(tmp_path, marks) == [("spinnaker", str(NOW)), ("spinnaker-eu", str(NOW - HOUR))]
    delivery, _ = delivered(tmp_path)
    outcomes = delivery.sql("SELECT deployment_id, outcome FROM deployments ORDER BY 1")
    assert [(row["deployment_id"], row["outcome"]) for row in outcomes] == [
        ("shop/E@spinnaker", "succeeded"),
        ("shop/E@spinnaker-eu", "not_deployed"),
    ]


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("spinnaker-eu", {}, "set `type`"),
        ("eu", {"type": "spinnaker "}, "no source spinnaker "),
        ("../eu", {"type": "spinnaker"}, "not a valid source name"),
        ("", {"type": "spinnaker"}, "not a valid source name"),
    ],
)
def test_g31_a_second_gate_needs_a_type(name: str, options: Json, says: str, tmp_path: Path) -> None:
    """Without a known type, or by a name that could leave the folder of payloads, nothing is read."""
    with pytest.raises(dora.DoraError, match=says):
        configure_source(name, options, tmp_path)
