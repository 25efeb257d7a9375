"""Canary results against production outcomes, over deployments whose outcomes are stated by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import dora
from dora.analysis.canaries.canary_summary import count_verdicts
from dora.cli.audit import canaries
from dora.query.value import Scope
from dora.statistics.diagnostic_test import Verdicts

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
AS_OF = START + timedelta(days=20)
Row = dict[str, Any]
GONE = None


def at(minutes: float) -> str:
    return (START + timedelta(minutes=minutes)).isoformat()


def canary_run(
    name: str, day: int, score: float | None, traffic: bool, by: str | None = None, *, bad: bool = False, **more: Any
) -> dict[str, list[Row]]:
    """Return a deployment with a canary from minute 5 to 15, an approval at 20 if ``by``, and traffic at 30."""
    begun = 24 * 60 * day
    application = more.get("application", "shop")
    of = {"execution_id": name}
    served = at(begun + 30) if traffic else None
    status = "succeeded" if traffic else "failed"
    times = {"queued_at": at(begun), "started_at": at(begun), "finished_at": at(begun + 31)}
    canary = {"id": f"{name}-c", **of, "score": score, "status": "succeeded", "started_at": at(begun + 5)}
    rows: dict[str, list[Row]] = {
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
        rows["approval"] = [{"id": f"{name}-a", **of, "prompt": "Go on?", "outcome": "decided", "decision": "continue",
                             "decided_by": by, "status": "succeeded", "started_at": at(begun + 16),
                             "decided_at": at(begun + 20)}]  # fmt: skip
    if bad:
        rows["incident"] = [{"id": f"{name}-i", "application": application, "opened_at": at(begun + 90),
                             "resolved_at": at(begun + 120), "deployment": name}]  # fmt: skip
    return rows


def merge_rows(*row_sets: dict[str, list[Row]]) -> dict[str, list[Row]]:
    names = {name for rows in row_sets for name in rows}
    return {name: [row for rows in row_sets for row in rows.get(name, [])] for name in sorted(names)}


def second_canary(name: str, day: int, score: float) -> dict[str, list[Row]]:
    """Return one more canary of a deployment, from minute 21 to 24."""
    begun = 24 * 60 * day
    return {"canary": [{"id": f"{name}-2", "execution_id": name, "score": score, "status": "succeeded",
                        "started_at": at(begun + 21), "finished_at": at(begun + 24)}]}  # fmt: skip


HISTORY = merge_rows(
    canary_run("p1", 1, 95, True),
    canary_run("p2", 2, 80, True),
    canary_run("p3", 3, 90, True, bad=True),
    canary_run("o1", 4, 20, True, "ada", bad=True),
    canary_run("o2", 5, 60, True, "ada", bad=True),
    canary_run("o3", 6, 40, True, "bob"),
    canary_run("u1", 7, 45, True),
    canary_run("s1", 8, 10, False),
    canary_run("s2", 9, 70, False),
    canary_run("n1", 10, 95, False),
    canary_run("e1", 11, None, False),
    merge_rows(canary_run("a1", 12, 30, True), second_canary("a1", 12, 99)),
    canary_run("l1", 13, 20, True, canary={"started_at": at(13 * 24 * 60 + 29), "finished_at": at(13 * 24 * 60 + 39)}),
    canary_run("d1", 14, 100, True, canary={"status": "succeeded"},
        judgment=[{"id": "j", "execution_id": "d1", "status": "succeeded", "score": 100.0, "groups": 2,
                   "no_data_groups": 1}],
        interval=[{"id": "i", "canary_id": "d1-c", "execution_id": "d1", "judgment_id": "j", "score": 100.0,
                   "status": "succeeded", "started_at": at(14 * 24 * 60 + 14)}]),
    canary_run("new", 19.9, 95, True),  # type: ignore[arg-type]
    {"execution": [{"id": "bare", "application": "mail", "root_id": "bare", "status": "succeeded", "queued_at": at(9)}],
     "rollout": [{"id": "bare-r", "execution_id": "bare", "application": "mail", "action": "deploy",
                  "environment": "production", "status": "succeeded", "started_at": at(9), "first_traffic_at": at(10),
                  "full_traffic_at": at(10), "finished_at": at(10)}]},
)  # fmt: skip


@pytest.fixture(scope="module")
def delivery(
    built_in: Callable[..., dora.Delivery], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dora.Delivery]:
    delivery = built_in(tmp_path_factory.mktemp("canaries"), rows=HISTORY, as_of=AS_OF)
    yield delivery
    delivery.close()


def test_each_canary_has_its_outcome(delivery: dora.Delivery) -> None:
    """Each canary has the action taken, who overrode it, and the deployment's outcome or why it is unknown."""
    rows = delivery.list_rows("canary_outcomes")
    outcomes = {
        r["canary_id"]: (
            r["verdict"],
            r["action_taken"],
            r["overridden_by"],
            r["deployment_failed"],
            r["outcome_unknown_reason"],
        )
        for r in rows
    }
    assert outcomes == {
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
    """Bounds and Begg-Greenes estimates equal those by hand: 4 passed (1 bad), 4 overridden (2 bad), 2 stopped."""
    summary = delivery.canaries()
    assert summary.counts == Verdicts(passed_good=3, passed_bad=1, overridden_good=2, overridden_bad=2, stopped=2)
    assert summary.inconclusive == {"already serving": 1, "analysed again": 1, "may still fail": 1, "not deployed": 1,
                             "verdict error": 1, "verdict no_data": 1}  # fmt: skip
    assert summary.canaries == 16 == sum(summary.inconclusive.values()) + 10
    diagnosis = summary.diagnosis
    assert diagnosis.sensitivity_bounds == pytest.approx((2 / 3, 4 / 5))
    assert diagnosis.specificity_bounds == pytest.approx((3 / 7, 3 / 5))
    assert diagnosis.sensitivity == pytest.approx(3 / 4)  # of 6 failed half are bad: 3 of 3 + 1
    assert diagnosis.specificity == pytest.approx(3 / 6)
    assert [(score_bin.n, score_bin.failed) for score_bin in summary.bins] == [(3, 1), (1, 1), (1, 0), (1, 1), (2, 0)]
    assert sum(outcome.canaries for outcome in summary.outcomes) == summary.canaries
    assert summary.overrides == [{"overridden_by": "ada", "canaries": 2}, {"overridden_by": "bob", "canaries": 1}]
    assert [row["application"] for row in summary.without_data] == ["shop"]


def test_coverage_counts_production_deployments(delivery: dora.Delivery) -> None:
    """Deployments with traffic are counted by application and in total; one without canaries is 0 of n."""
    coverage = {row.application: (row.with_canary, row.deployments) for row in delivery.canaries().coverage}
    assert coverage == {None: (11, 12), "shop": (11, 11), "mail": (0, 1)}


def test_the_sentences(delivery: dora.Delivery) -> None:
    """The sentences have the same figures, and state what is unknown."""
    text = "\n".join(delivery.canaries().sentences)
    assert "16 canaries ran in 1 application; 6 are inconclusive" in text
    assert "Of 4 failed canaries that were overridden, 2 deployments failed (50 %, 95 % CI 15–85 %)." in text
    assert "Overridden by ada (2), bob (1)." in text
    assert "Of 4 passed canaries, 1 deployment failed (25 %, 95 % CI 4.56–69.9 %)." in text
    assert "2 failed canaries stopped a deployment" in text
    assert "sensitivity (recall) is 66.7 % to 80 %, specificity is 42.9 % to 60 %" in text
    assert "sensitivity is 75 % and specificity is 50 %" in text
    assert (
        "1 canary scored without data of some or all metrics, which is no verdict: for example shop on 16 March 2026."
        in text
    )
    assert "11 of 12 production deployments (91.7 %) had a canary; 1 of 2 applications never had one." in text


def test_without_overrides_it_is_not_identifiable(delivery: dora.Delivery) -> None:
    """In a window without overridden canaries there are bounds and no estimate."""
    summary = delivery.canaries(Scope(since=at(7.5 * 24 * 60), until=at(10.5 * 24 * 60)))
    assert (summary.counts, summary.diagnosis.sensitivity) == (Verdicts(stopped=2), None)
    assert (summary.diagnosis.sensitivity_bounds, summary.diagnosis.specificity_bounds) == ((0.0, 1.0), (0.0, 1.0))
    assert "No failed canary was overridden, so the ranges cannot be narrowed." in summary.sentences


def test_an_application_without_canaries(delivery: dora.Delivery) -> None:
    """Without canaries there is no table and no estimate, but still the coverage."""
    summary = delivery.canaries(Scope(applications=("mail",)))
    assert summary.sentences[0] == "No canary analysis ran."
    assert summary.sentences[1].startswith("0 of 1 production deployment (0 %) had a canary")
    assert (summary.outcomes, summary.diagnosis.sensitivity_bounds, summary.cost.median) == ([], None, None)


def test_inconclusive_verdicts_are_counted_by_reason() -> None:
    """A canceled, running or unresolved canary is in no cell and is counted by its reason."""
    row: Row = {
        "canaries": 1,
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
    """The command prints sentences and tables, or one JSON object."""
    config = tmp_path / "dora.toml"
    config.write_text(f"data = '{delivery.path.parent}'\n")
    canaries(config=config)
    output = capsys.readouterr()
    assert output.out.splitlines()[: len(delivery.canaries().sentences)] == delivery.canaries().sentences
    assert "continued without approval" in output.out
    assert "data through 2026-03-22 08:00 UTC" in output.err
    canaries(json=True, config=config)
    payload = json.loads(capsys.readouterr().out)
    assert payload["counts"]["overridden_bad"] == 2
    assert payload["as_of"] == "2026-03-22T08:00:00Z"
