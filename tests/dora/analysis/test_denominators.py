"""The denominators of a scope add up, from all deployments to what each metric counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import dora
from dora import Scope
from dora.cli import metrics

DEPLOYMENTS = """
id | application | environment | status    | kind     | started_at       | finished_at      | version
d1 | shop        | production  | succeeded |          | 2026-05-20T08:00 | 2026-05-20T09:00 | 1
d2 | shop        | production  | failed    |          | 2026-05-21T08:00 | 2026-05-21T09:00 | 2
d3 | shop        | production  | canceled  |          | 2026-05-22T08:00 | 2026-05-22T09:00 | 3
d4 | shop        | production  | succeeded | rollback | 2026-05-23T08:00 | 2026-05-23T09:00 | 1
d5 | shop        | production  | succeeded |          | 2026-05-24T08:00 | 2026-05-24T09:00 | 4
"""


def test_each_step_has_its_counts_and_reasons(facts: Callable[..., dora.Delivery]) -> None:
    """Five deployments: one took no traffic, one is a rollback, one failed."""
    delivery = facts(deployments=DEPLOYMENTS)
    steps = {step.metric: step for step in delivery.denominators()}
    assert [steps[name].text for name in ("rework_rate", "change_failure_rate", "deployment_frequency")] == [
        "5 deployments − 1 canceled → 4 took traffic",
        "4 took traffic − 1 rollback → 3 could have failed",
        "3 could have failed − 1 failed → 2 succeeded",
    ]
    assert steps["recovery_time"].text == "3 could have failed − 2 did not fail → 1 failed"
    assert {name: step.n for name, step in steps.items()} == {
        name: delivery.metric(name).rows[0].n for name in dora.metrics()
    }


def test_a_metric_has_the_steps_before_it(facts: Callable[..., dora.Delivery]) -> None:
    """One metric is explained from all deployments on, in any window."""
    delivery = facts(deployments=DEPLOYMENTS)
    steps = delivery.denominators(Scope(since="2026-05-22"), ["deployment_frequency"])
    assert [step.text for step in steps] == [
        "3 deployments − 1 canceled → 2 took traffic",
        "2 took traffic − 1 rollback → 1 could have failed",
        "1 could have failed → 1 succeeded",
    ]


def test_the_command_prints_the_steps(
    facts: Callable[..., dora.Delivery], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`dora show --denominators` has a line for each step."""
    facts(deployments=DEPLOYMENTS)
    (tmp_path / "dora.toml").write_text(f'data = "{tmp_path}"\n')
    metrics.show("change_failure_rate", denominators=True, config=tmp_path / "dora.toml")
    lines = capsys.readouterr().out.splitlines()
    assert [line.rstrip().split("  ")[-1] for line in lines[1:]] == ["4 took traffic", "3 could have failed"]
