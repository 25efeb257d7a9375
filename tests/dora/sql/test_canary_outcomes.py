"""What canaries are worth, over hand-made deployments whose fate is known, and what can not be known of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import dora
from dora.analysis.canary_summary import count_verdicts
from dora.cli.audit import canaries
from dora.query.value import Scope
from dora.statistics.diagnostic_test import Verdicts

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
AS_OF = START + timedelta(days=20)
Row = dict[str, Any]
GONE = None


def at(minutes: float) -> str:
    return (START + timedelta(minutes=minutes)).isoformat()


def run(
    name: str, day: int, score: float | None, traffic: bool, by: str | None = None, *, bad: bool = False, **more: Any
) -> dict[str, list[Row]]:
    """A deployment: canary from its 5th to 15th minute, perhaps a judgment at the 20th, traffic at the 30th."""
    begun = 24 * 60 * day
    application = more.get("application", "shop")
    of = {"execution_id": name}
    served = at(begun + 30) if traffic else None
    status = "succeeded" if traffic else "failed"
    times = {"queued_at": at(begun), "started_at": at(begun), "finished_at": at(begun + 31)}
    canary = {"id": f"{name}-c", **of, "score": score, "status": "succeeded", "started_at": at(begun + 5)}
    told: dict[str, list[Row]] = {
        "execution": [{"id": name, "application": application, "root_id": name, "status": status, **times}],
        "rollout": [
            {"id": f"{name}-r", **of, "application": application, "action": "deploy", "environment": "production",
             "status": status if traffic else "not_started", "started_at": at(begun + 25), "version": name,
             "first_traffic_at": served, "full_traffic_at": served, "finished_at": at(begun + 31)}
        ],
        "canary": [canary | {"finished_at": at(begun + 15)} | more.get("canary", {})],
        "canary_judgment": more.get("judgment", []),
        "canary_interval": more.get("interval", []),
    }  # fmt: skip
    if by:
        told["approval"] = [{"id": f"{name}-a", **of, "prompt": "Go on?", "outcome": "decided", "decision": "continue",
                             "decided_by": by, "status": "succeeded", "started_at": at(begun + 16),
                             "decided_at": at(begun + 20)}]  # fmt: skip
    if bad:
        told["incident"] = [{"id": f"{name}-i", "application": application, "opened_at": at(begun + 90),
                             "resolved_at": at(begun + 120), "deployment": name}]  # fmt: skip
    return told


def together(*told: dict[str, list[Row]]) -> dict[str, list[Row]]:
    names = {name for one in told for name in one}
    return {name: [row for one in told for row in one.get(name, [])] for name in sorted(names)}


def second(name: str, day: int, score: float) -> dict[str, list[Row]]:
    """One more canary of a deployment, from its 21st to its 24th minute."""
    begun = 24 * 60 * day
    return {"canary": [{"id": f"{name}-2", "execution_id": name, "score": score, "status": "succeeded",
                        "started_at": at(begun + 21), "finished_at": at(begun + 24)}]}  # fmt: skip


HISTORY = together(
    run("p1", 1, 95, True),
    run("p2", 2, 80, True),
    run("p3", 3, 90, True, bad=True),
    run("o1", 4, 20, True, "ada", bad=True),
    run("o2", 5, 60, True, "ada", bad=True),
    run("o3", 6, 40, True, "bob"),
    run("u1", 7, 45, True),
    run("s1", 8, 10, False),
    run("s2", 9, 70, False),
    run("n1", 10, 95, False),
    run("e1", 11, None, False),
    together(run("a1", 12, 30, True), second("a1", 12, 99)),
    run("l1", 13, 20, True, canary={"started_at": at(13 * 24 * 60 + 29), "finished_at": at(13 * 24 * 60 + 39)}),
    run("d1", 14, 100, True, canary={"status": "succeeded"},
        judgment=[{"id": "j", "execution_id": "d1", "status": "succeeded", "score": 100.0, "groups": 2,
                   "no_data_groups": 1}],
        interval=[{"id": "i", "canary_id": "d1-c", "execution_id": "d1", "judgment_id": "j", "score": 100.0,
                   "status": "succeeded", "started_at": at(14 * 24 * 60 + 14)}]),
    run("new", 19.9, 95, True),  # type: ignore[arg-type]
    {"execution": [{"id": "bare", "application": "mail", "root_id": "bare", "status": "succeeded", "queued_at": at(9)}],
     "rollout": [{"id": "bare-r", "execution_id": "bare", "application": "mail", "action": "deploy",
                  "environment": "production", "status": "succeeded", "started_at": at(9), "first_traffic_at": at(10),
                  "full_traffic_at": at(10), "finished_at": at(10)}]},
)  # fmt: skip


@pytest.fixture(scope="module")
def delivery(
    built_in: Callable[..., dora.Delivery], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dora.Delivery]:
    found = built_in(tmp_path_factory.mktemp("canaries"), rows=HISTORY, as_of=AS_OF)
    yield found
    found.close()


def test_what_happened_next(delivery: dora.Delivery) -> None:
    """Each canary: whether its deployment went on, by whom, and whether it failed later or why nobody knows."""
    rows = delivery.list_rows("canary_outcomes")
    found = {
        r["canary_id"]: (
            r["verdict"],
            r["action_taken"],
            r["overridden_by"],
            r["deployment_failed"],
            r["outcome_unknown_reason"],
        )
        for r in rows
    }
    assert found == {
        "p1-c": ("pass", "promoted", None, False, None),
        "p2-c": ("pass", "promoted", None, False, None),
        "p3-c": ("pass", "promoted", None, True, None),
        "o1-c": ("fail", "overridden", "ada", True, None),
        "o2-c": ("marginal", "overridden", "ada", True, None),
        "o3-c": ("fail", "overridden", "bob", False, None),
        "u1-c": ("fail", "continued without approval", None, False, None),
        "s1-c": ("fail", "stopped", None, None, "took no traffic"),
        "s2-c": ("marginal", "stopped", None, None, "took no traffic"),
        "n1-c": ("pass", "not deployed", None, None, "took no traffic"),
        "e1-c": ("error", "not deployed", None, None, "took no traffic"),
        "a1-c": ("fail", "analysed again", None, False, None),
        "a1-2": ("pass", "promoted", None, False, None),
        "l1-c": ("fail", "already serving", None, False, None),
        "d1-c": ("no_data", "promoted", None, False, None),
        "new-c": ("pass", "promoted", None, False, "may still fail"),
    }
    assert all(row["minutes"] == pytest.approx(3 if row["canary_id"] == "a1-2" else 10) for row in rows)


def test_the_table_is_a_diagnostic_test(delivery: dora.Delivery) -> None:
    """4 passed and settled (1 bad), 4 failed and went on (2 bad), 2 stopped: bounds, and Begg and Greenes, by hand."""
    told = delivery.canaries()
    assert told.counts == Verdicts(passed_good=3, passed_bad=1, overridden_good=2, overridden_bad=2, stopped=2)
    assert told.inconclusive == {"already serving": 1, "analysed again": 1, "may still fail": 1, "not deployed": 1,
                             "verdict error": 1, "verdict no_data": 1}  # fmt: skip
    assert told.canaries == 16 == sum(told.inconclusive.values()) + 10
    found = told.diagnosis
    assert found.sensitivity_bounds == pytest.approx((2 / 3, 4 / 5))
    assert found.specificity_bounds == pytest.approx((3 / 7, 3 / 5))
    assert found.sensitivity == pytest.approx(3 / 4)  # of 6 failed half are bad: 3 of 3 + 1
    assert found.specificity == pytest.approx(3 / 6)
    assert [(one.n, one.failed) for one in told.bins] == [(3, 1), (1, 1), (1, 0), (1, 1), (2, 0)]
    assert sum(one.canaries for one in told.outcomes) == told.canaries
    assert [(r["overridden_by"]) for r in told.overridden] == [None, "bob", "ada", "ada"]
    assert [row["application"] for row in told.no_data] == ["shop"]


def test_coverage_counts_production_deployments(delivery: dora.Delivery) -> None:
    """Of those that took traffic, by application and in all; what never had a canary stands at 0 of n."""
    found = {one.application: (one.with_canary, one.deployments) for one in delivery.canaries().coverage}
    assert found == {None: (11, 12), "shop": (11, 11), "mail": (0, 1)}


def test_the_reading(delivery: dora.Delivery) -> None:
    """Plain sentences carry the same figures, and say what nobody can know."""
    said = "\n".join(delivery.canaries().sentences)
    assert "16 canaries ran in 1 application; 6 are inconclusive" in said
    assert "Of 4 failed canaries that were overridden, 2 deployments failed (50 %, 95 % CI 15–85 %)." in said
    assert "Overridden by ada (2), bob (1)." in said
    assert "Of 4 passed canaries, 1 deployment failed (25 %, 95 % CI 4.56–69.9 %)." in said
    assert "2 failed canaries stopped a deployment" in said
    assert "sensitivity (recall) is 66.7 % to 80 %, specificity is 42.9 % to 60 %" in said
    assert "sensitivity is 75 % and specificity is 50 %" in said
    assert (
        "1 canary scored with metric groups without data, which is no verdict: for example shop on 16 March 2026."
        in said
    )
    assert "11 of 12 production deployments (91.7 %) had a canary; 1 of 2 applications never had one." in said


def test_without_overrides_it_is_not_identifiable(delivery: dora.Delivery) -> None:
    """In a window where nobody overrode a failed canary there are bounds and no number between them."""
    told = delivery.canaries(Scope(since=at(7.5 * 24 * 60), until=at(10.5 * 24 * 60)))
    assert (told.counts, told.diagnosis.sensitivity) == (Verdicts(stopped=2), None)
    assert (told.diagnosis.sensitivity_bounds, told.diagnosis.specificity_bounds) == ((0.0, 1.0), (0.0, 1.0))
    assert "No failed canary was overridden, so the ranges cannot be narrowed." in told.sentences


def test_an_application_without_canaries(delivery: dora.Delivery) -> None:
    """Nothing ran: no table, no number, and the coverage all the same."""
    told = delivery.canaries(Scope(applications=("mail",)))
    assert told.sentences[0] == "No canary analysis ran."
    assert told.sentences[1].startswith("0 of 1 production deployment (0 %) had a canary")
    assert (told.outcomes, told.diagnosis.sensitivity_bounds, told.cost.median) == ([], None, None)


def test_a_verdict_that_judges_nothing_is_left_out_by_reason() -> None:
    """A canceled canary, one still running and one without a deployment count nowhere and are named."""
    row: Row = {
        "verdict": "pass",
        "action_taken": "promoted",
        "outcome_unknown_reason": None,
        "deployment_failed": False,
    }
    rows = [
        row,
        row | {"verdict": "canceled"},
        row | {"action_taken": "running"},
        row | {"outcome_unknown_reason": "redeploy"},
    ]
    assert count_verdicts(rows) == (Verdicts(passed_good=1), {"redeploy": 1, "running": 1, "verdict canceled": 1})


def test_the_command_prints_the_same(
    delivery: dora.Delivery, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sentences and tables for people, one object for programs."""
    config = tmp_path / "dora.toml"
    config.write_text(f"data = '{delivery.path.parent}'\n")
    canaries(config=config)
    said = capsys.readouterr()
    assert said.out.splitlines()[: len(delivery.canaries().sentences)] == delivery.canaries().sentences
    assert "continued without approval" in said.out
    assert "data through 2026-03-22 08:00 UTC" in said.err
    canaries(json=True, config=config)
    told = json.loads(capsys.readouterr().out)
    assert told["counts"]["overridden_bad"] == 2
    assert told["as_of"] == "2026-03-22T08:00:00Z"
