"""Stories that a lead can read, in rows, with the numbers worked out by hand in the file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
import yaml

import dora

HERE = Path(__file__).parent
STORIES = sorted((HERE / "scenarios").glob("*.yaml"))


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_story(path: Path, facts: Callable[..., dora.Delivery]) -> None:
    """The models tell each story as its file does: every deployment's kind and outcome, every number."""
    story = yaml.safe_load(path.read_text())
    expected, _title = story.pop("expect"), story.pop("title")
    delivery = facts(**story | {"as_of": story["as_of"].replace(tzinfo=UTC)})
    check_kinds(delivery, expected.pop("deployments", {}))
    check_evidence(delivery, expected.pop("failed", None))
    check_confidence(delivery, expected.pop("confidence", None))
    check_verdicts(delivery, expected.pop("canaries", None))
    compare_check_results(delivery, expected.pop("check_results", {}))
    for metric, numbers in expected.items():
        check_numbers(delivery, metric, numbers)


def check_kinds(delivery: dora.Delivery, expected: dict[str, str]) -> None:
    rows = delivery.sql("SELECT root_id, kind, outcome FROM deployments")
    kinds = {row["root_id"]: f"{row['outcome']} {row['kind']}" for row in rows}
    assert {key: kinds.get(key) for key in expected} == expected


def check_evidence(delivery: dora.Delivery, expected: dict[str, str] | None) -> None:
    if expected is not None:
        rows = delivery.sql("SELECT d.root_id, r.evidence FROM recoveries r JOIN deployments d USING (deployment_id)")
        assert {row["root_id"]: row["evidence"] for row in rows} == expected


def check_confidence(delivery: dora.Delivery, expected: dict[str, str] | None) -> None:
    if expected is not None:
        rows = delivery.sql("SELECT d.root_id, f.confidence FROM failures f JOIN deployments d USING (deployment_id)")
        assert {row["root_id"]: row["confidence"] for row in rows} == expected


def check_verdicts(delivery: dora.Delivery, expected: dict[str, str] | None) -> None:
    if expected is not None:
        rows = delivery.sql("SELECT canary_id, verdict FROM canaries")
        assert {row["canary_id"]: row["verdict"] for row in rows} == expected


def compare_check_results(delivery: dora.Delivery, expected: dict[str, int]) -> None:
    row_counts = {
        row["name"]: row["row_count"] for row in delivery.sql("SELECT name, rows AS row_count FROM check_results")
    }
    assert {name: row_counts[name] for name in expected} == expected


def check_numbers(delivery: dora.Delivery, metric: str, expected: dict[str, Any]) -> None:
    scope, periods = expected.pop("scope", {}), expected.pop("periods", None)
    rows = delivery.metric(metric, **scope).dicts()
    if periods is None:
        (alone,) = rows
        check_row(metric, alone, expected)
        return
    by_period = {row["period"]: row for row in rows}
    assert list(by_period) == list(periods)
    for start, numbers in periods.items():
        check_row(f"{metric} {start}", by_period[start], numbers)


def check_row(label: str, row: dict[str, Any], expected: dict[str, Any]) -> None:
    for key, number in expected.items():
        expected_number = pytest.approx(number, rel=2e-4) if isinstance(number, float) else number
        assert row[key] == expected_number, f"{label}.{key}: {row}"
