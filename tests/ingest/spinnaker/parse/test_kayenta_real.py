"""Canaries that a real Kayenta judged and a real Orca ran: each verdict, score, reason and deciding metric."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import dora
from dora.build.run import build
from dora.config.settings import Config
from ingest.core.pipeline import pull
from ingest.core.source import Request
from ingest.spinnaker import SOURCE
from tests.conftest import SHARED, fresh, landed

REAL = SHARED / "spinnaker" / "kayenta-real"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not REAL.exists(), reason="the real payloads are not beside the project"),
]
LOW = "Canary score is not above the marginal score threshold."
PASSED = "Final canary score 100.0 met or exceeded the pass score threshold."
BELOW = "Final canary score 83.0 is below the pass score threshold."
CRITICAL = "Canary Failed: The metric {} was classified as High (Critical)"
EMPTY = "No data in 1 of 3 metric groups."
# Execution → verdict, score, reason and the metrics that decided of each analysis, in their order.
Analysis = tuple[str, float | None, str, set[str]]
VERDICTS: dict[str, list[Analysis]] = {
    "k01": [("canceled", None, "Canary execution was canceled.", set())],
    "k02": [("canceled", None, "no more (canceled by bob)", set())],
    "c01": [("pass", 100, PASSED, set())],
    "c02": [("marginal", 83.33, BELOW, {"p99"})],
    "c03": [("fail", 40, LOW, {"5xx rate"})],
    "c04": [("fail", 30, LOW, {"success rate"})],
    "c05": [("fail", 0, CRITICAL.format("5xx rate"), {"5xx rate"})],
    "c06": [("pass", 100, PASSED, set())],
    "c07": [("no_data", 100, EMPTY, set())],
    "c08": [("pass", 100, PASSED, set())],
    "c09": [("no_data", 0, "No data in 1 of 2 metric groups.", set())],
    "c10": [("fail", 60, LOW, {"5xx rate"})],
    "c11": [("no_data", 100, EMPTY, set())],
    "c13": [("fail", 60, LOW, set())],
    "c16": [("fail", 0, CRITICAL.format("p99"), {"p99"})],
    "c19": [("error", None, "prometheusFetch: HTTP 500", set())],
    "c22": [("fail", 0, "Canary Failed: Missing data for 5xx rate", {"5xx rate"})],
    "c24": [("pass", 100, PASSED, set())],
    "c28": [("no_data", 0, "All metrics are muted.", set())],
    "c32": [("fail", 50, LOW, {"5xx rate"})],
    "c36": [("pass", 100, PASSED, set())],
    "c38": [("pass", 120, PASSED.replace("100", "120"), set())],
    "i01": [("fail", 40, LOW, {"5xx rate"})],
    "i02": [("fail", 40, LOW, {"5xx rate"})],
    "i02-continue": [("fail", 40, LOW, {"5xx rate"})],
    "c03-continue": [("fail", 40, LOW, {"5xx rate"})],
    "c02-ignore": [("marginal", 83.33, BELOW, {"p99"})],
    "override": [("fail", 40, LOW, {"5xx rate"})],
    "two": [("pass", 100, PASSED, set()), ("marginal", 83.33, BELOW, {"p99"})],
    "restart": [("fail", 40, LOW, set()), ("pass", 100, PASSED, set())],
    "byname": [("pass", 100, PASSED, set())],
    "nothresholds": [("pass", 100, PASSED, set())],
    "w1-n": [("pass", 100, PASSED, set())],
    "w1-e": [("marginal", 50, BELOW.replace("83", "50"), {"5xx"})],
    "w1-l": [("marginal", 70, BELOW.replace("83", "70"), {"p99"})],
    "w1-s": [("marginal", 80, BELOW.replace("83", "80"), {"cpu"})],
    "w1-ls": [("marginal", 50, BELOW.replace("83", "50"), set())],
}
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dora.Delivery]:
    """All of them, the execution that was restarted as it was before, too."""
    data = tmp_path_factory.mktemp("kayenta")
    pull(SOURCE.from_settings({}, data), fresh(data), Request(load=(REAL,)))
    build(Config(data=data, definitions={"production_accounts": ["prod*"]}))
    delivery = dora.open(data / "dora.duckdb")
    yield delivery
    delivery.close()


def names() -> dict[str, str]:
    """Return the file of each execution by its id."""
    files = (REAL / "executions").glob("*.json")
    return {json.loads(file.read_text())["id"]: file.stem.partition(".")[0] for file in files}


def test_every_file_is_in_the_table() -> None:
    """No execution is forgotten."""
    assert set(names().values()) == set(VERDICTS)


def test_verdicts_scores_reasons_and_deciding_metrics(delivery: dora.Delivery) -> None:
    """Of each analysis as its execution and its judgment say; a restart shows the earlier one as well."""
    decided: dict[str, set[str]] = {}
    for row in delivery.sql("SELECT canary_id, metric FROM canary_metrics WHERE decisive AND decided"):
        decided.setdefault(row["canary_id"], set()).add(row["metric"])
    found: dict[str, list[Analysis]] = {}
    by_id = names()
    for row in delivery.sql("FROM canaries WHERE analysis <> 'standalone' ORDER BY started_at"):
        analysis = (row["verdict"], row["score"], row["reason"], decided.get(row["canary_id"], set()))
        found.setdefault(by_id[row["root_id"]], []).append(analysis)
    assert found == VERDICTS


def test_nothing_that_failed_is_unexplained(delivery: dora.Delivery) -> None:
    """Every failure has its deciding metrics, or those that decided together, or weights that allow no pass."""
    (row,) = delivery.sql(
        "SELECT count(*) AS unknown FROM canary_metrics WHERE failed AND decided IS NULL AND decisive"
    )
    assert row["unknown"] == 0
    (alone,) = delivery.sql("SELECT root_id FROM canaries WHERE could_pass IS FALSE AND verdict = 'fail'")
    assert names()[alone["root_id"]] == "c13"
    (both,) = [metric for metric in delivery.canaries().metrics if metric.metric == "cpu"]
    assert (both.failed, both.decided, both.together, both.unknown) == (2, 1, 1, 0)


def test_one_configuration_has_one_name(delivery: dora.Delivery) -> None:
    """Whether a pipeline names it by id or by name, and where the judgment can not be read."""
    configs = {row["config"] for row in delivery.sql("SELECT config FROM canaries")}
    assert not [name for name in configs if name.count("-") == 4 and len(name) == 36]
    assert sum(name.startswith("c01") for name in configs) == 1


def test_a_judgment_that_can_not_be_read_is_told(delivery: dora.Delivery) -> None:
    """That of the analysis before the restart: its verdict rests on the score of the pipeline."""
    (unread,) = delivery.sql("SELECT verdict, score FROM canaries WHERE unread_judgment")
    assert unread == {"verdict": "fail", "score": 40}
    assert any(
        sentence.startswith("1 judgment could not be read: 1 fail ") for sentence in delivery.canaries().sentences
    )


def test_only_a_bad_result_stops_by_a_canary(delivery: dora.Delivery) -> None:
    """A stop for lack of data, for an error or by a person is no catch of the canary."""
    rows = delivery.sql("SELECT root_id FROM deployments WHERE outcome = 'stopped_by_canary'")
    stopped = {names()[row["root_id"]] for row in rows}
    assert stopped == {
        name for name, analyses in VERDICTS.items() if analyses[-1][0] in ("marginal", "fail")
    } - {"i02-continue", "c03-continue", "override"}  # fmt: skip


def test_standalone_analyses_are_what_they_are(delivery: dora.Delivery) -> None:
    """An error is no fail with the score 0, and an analysis of two intervals counts once."""
    rows = delivery.sql("FROM canaries WHERE analysis = 'standalone' ORDER BY started_at")
    assert [(row["verdict"], row["score"], row["intervals"]) for row in rows] == [
        ("pass", 100, 2),
        ("fail", 40, 1),
        ("error", None, 0),
    ]


def test_no_reason_has_an_address_or_a_query(delivery: dora.Delivery) -> None:
    """In no table, wherever Orca copied the exception of the metric source."""
    for table in ("execution", "stage", "canary", "canary_interval", "canary_judgment", "execution_attempt"):
        reasons = [reason for (reason,) in landed(delivery.path.parent, f"SELECT coalesce(reason, '') FROM {table}")]
        assert not [reason for reason in reasons if "http" in reason or "127.0.0.1" in reason or "istio" in reason]


def test_no_data_is_null(delivery: dora.Delivery) -> None:
    """A side without values has no mean, a metric without data no ratio; true values stay."""
    rows: Rows = delivery.sql("FROM canary_metrics WHERE classification IN ('nodata', 'nodata_fail')")
    assert len(rows) >= 5
    assert {row["ratio"] for row in rows} == {row["experiment_mean"] for row in rows} == {None}
    (zeros,) = delivery.sql("SELECT metric, ratio FROM canary_metrics WHERE all_zero")
    assert zeros == {"metric": "5xx rate", "ratio": 1.0}


def test_who_restarted_it(delivery: dora.Delivery) -> None:
    """The later analysis says so, and the earlier one was analysed again."""
    rows = delivery.sql("SELECT restarted_by FROM canaries WHERE restarted_by IS NOT NULL")
    assert rows == [{"restarted_by": "bob"}]
    (earlier,) = delivery.sql("SELECT verdict FROM canary_outcomes WHERE action_taken = 'analysed again'")
    assert earlier == {"verdict": "fail"}
