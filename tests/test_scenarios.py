"""Stories that a lead can read, in rows, with the numbers worked out by hand in the file."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

import dora
from tests.orca.executions import commit_id

HERE = Path(__file__).parent
RULES = HERE / "scenarios" / "rules"
# What is production where a scenario of a rule does not say it.
PRODUCTION = {"production_accounts": ["prod*"], "production_environments": ["prod*"]}


def read_stories() -> dict[str, Any]:
    """Return every scenario by its name; a file of several has them numbered from 1."""
    stories = {
        path.stem: yaml.load(path.read_text(), yaml.CSafeLoader) for path in sorted((HERE / "scenarios").glob("*.yaml"))
    }
    for path in sorted(RULES.glob("*.yaml")):
        for number, story in enumerate(yaml.load_all(path.read_text(), yaml.CSafeLoader), 1):
            stories[f"{path.stem}-{number}"] = story
    return stories


STORIES = read_stories()


@pytest.mark.parametrize("name", STORIES)
def test_story(name: str, facts: Callable[..., dora.Delivery]) -> None:
    """The models tell each story as its file does: every deployment's kind and outcome, every number."""
    expected = deepcopy(STORIES[name]["expect"])
    delivery = facts(**read_facts(name))
    check_kinds(delivery, expected.pop("deployments", {}), are_all="rules" in STORIES[name])
    check_facts(delivery, expected.pop("facts", {}))
    check_audit(delivery, expected.pop("audit", {}))
    check_shipped(delivery, expected.pop("shipped", None))
    check_evidence(delivery, expected.pop("failed", None))
    check_confidence(delivery, expected.pop("confidence", None))
    check_verdicts(delivery, expected.pop("canaries", None))
    check_deciding_metrics(delivery, expected.pop("canary_metrics", {}))
    check_sentences(delivery, expected.pop("canary_summary", []))
    compare_check_results(delivery, expected.pop("check_results", {}))
    check_moves(delivery, expected.pop("moves", {}))
    check_positions(delivery, expected.pop("positions", {}))
    check_ends(delivery, expected.pop("stale", None))
    check_goals(delivery, expected.pop("goals", {}))
    check_tables(delivery, expected.pop("tables", {}))
    check_exceptions(delivery, expected.pop("exceptions", {}))
    check_rollbacks(delivery, expected.pop("rollbacks", []))
    for metric, counts in expected.pop("by_assistance", {}).items():
        rows = delivery.metric(metric, by="assistance").dicts()
        assert {row["assistance"]: row["n"] for row in rows} == counts, metric
    for metric, numbers in expected.items():
        check_numbers(delivery, metric, numbers)


def read_facts(name: str) -> dict[str, Any]:
    """Return what happened in a scenario, as the fields of ``Facts``."""
    story = {key: value for key, value in deepcopy(STORIES[name]).items() if key not in ("expect", "title")}
    if story.pop("rules", None):
        story = {"settings": {"definitions": PRODUCTION}} | story
    if trunk := story.pop("trunk", None):
        story["changes"] = list_changes(trunk)
    as_of = story.pop("as_of", None)
    return story | {"as_of": as_of.replace(tzinfo=UTC) if as_of else None}


def list_changes(trunk: dict[str, dict[object, str]]) -> str:
    """Return the file of changes of a trunk on which each commit follows the one before; times are in UTC.

    A message may follow the time; ``{1}`` in it is the id of the commit 1.
    """
    lines = ["repository | sha | parents | authored_at | committed_at | message"]
    for repository, commits in trunk.items():
        parents = ["", *map(commit_id, commits)]
        for (name, entry), parent in zip(commits.items(), parents, strict=False):
            merged_at, _, message = str(entry).partition(" ")
            message = re.sub(r"\{(\w+)\}", lambda match: commit_id(match[1]), message)
            lines.append(f"{repository} | {commit_id(name)} | {parent} | {merged_at} | {merged_at} | {message}")
    return "\n".join(lines)


def check_kinds(delivery: dora.Delivery, expected: dict[str, str], *, are_all: bool) -> None:
    rows = delivery.sql("SELECT application, root_id, kind, outcome FROM deployments")
    kinds = {}
    for row in rows:
        name = f"{row['application']}/{row['root_id']}"
        kinds[name if name in expected else row["root_id"]] = f"{row['outcome']} {row['kind']}"
    assert (kinds if are_all else {key: kinds.get(key) for key in expected}) == expected


def check_facts(delivery: dora.Delivery, expected: dict[str, dict[str, Any]]) -> None:
    """Compare fields of deployments; other deployments are meant by their roots, times without their seconds."""
    rows = {row["root_id"]: row for row in delivery.sql("SELECT * FROM deployments")}
    for root, fields in expected.items():
        assert {name: _short(rows[root][name]) for name in fields} == fields, root


def check_audit(delivery: dora.Delivery, expected: dict[str, dict[str, Any]]) -> None:
    """Compare fields of the audit trail of deployments, by root or by application/root."""
    rows = {row["deployment_id"].rpartition("@")[0]: row for row in delivery.sql("SELECT * FROM audit_trail")}
    by_root = {name.partition("/")[2]: row for name, row in rows.items()} | rows
    for name, fields in expected.items():
        assert {field: by_root[name][field] for field in fields} == fields, name


def check_shipped(delivery: dora.Delivery, expected: dict[object, str | None] | None) -> None:
    if expected is not None:
        rows = delivery.sql("SELECT sha, shipped_by FROM changes")
        assert {row["sha"]: _short(row["shipped_by"]) for row in rows} == {
            commit_id(name): root for name, root in expected.items()
        }


def _short(value: object) -> object:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M}"
    if not isinstance(value, str) or "@" not in value:
        return value
    return " ".join(deployment.rpartition("@")[0].partition("/")[2] for deployment in value.split())


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
        verdicts = {row["canary_id"]: row for row in delivery.sql("FROM canaries")}
        with_scores = any(" " in verdict for verdict in expected.values())
        scores = {id_: "null" if row["score"] is None else f"{row['score']:g}" for id_, row in verdicts.items()}
        assert {
            id_: f"{row['verdict']} {scores[id_]}" if with_scores else row["verdict"] for id_, row in verdicts.items()
        } == expected


def check_deciding_metrics(delivery: dora.Delivery, expected: dict[str, dict[str, int]]) -> None:
    metrics = {metric.metric: metric for metric in delivery.canaries().metrics}
    for name, counts in expected.items():
        assert {key: getattr(metrics[name], key) for key in counts} == counts, name


def check_sentences(delivery: dora.Delivery, expected: list[str]) -> None:
    told = "\n".join(delivery.canaries().sentences) if expected else ""
    assert [sentence for sentence in expected if sentence not in told] == [], told


def check_ends(delivery: dora.Delivery, expected: dict[str, str] | None) -> None:
    if expected is not None:
        assert {source: _short(end) for source, end in delivery.stale_sources().items()} == expected


def compare_check_results(delivery: dora.Delivery, expected: dict[str, int]) -> None:
    row_counts = {
        row["name"]: row["row_count"] for row in delivery.sql("SELECT name, rows AS row_count FROM check_results")
    }
    assert {name: row_counts[name] for name in expected} == expected


def check_exceptions(delivery: dora.Delivery, expected: dict[str, str]) -> None:
    exceptions = {row.name: f"{row.count} of {row.total}" for row in delivery.audit().exceptions} if expected else {}
    assert {name: exceptions[name] for name in expected} == expected


def check_rollbacks(delivery: dora.Delivery, expected: list[str]) -> None:
    if expected:
        assert delivery.rollbacks().sentences == expected


def check_tables(delivery: dora.Delivery, expected: dict[str, list[dict[str, Any]]]) -> None:
    """Compare tables, of the columns that their first row names; deployments are meant by their roots."""
    for table, rows in expected.items():
        columns = list(rows[0])
        actual = delivery.sql(f"SELECT {', '.join(columns)} FROM {table}")
        texts = [str([_round(row[column]) for column in columns]) for row in actual]
        assert sorted(texts) == sorted(str([_round(row[column]) for column in columns]) for row in rows), table


def _round(value: object) -> object:
    return round(float(value), 4) if isinstance(value, int | float) and not isinstance(value, bool) else _short(value)


def check_goals(delivery: dora.Delivery, expected: dict[str, str]) -> None:
    rows = delivery.goals(dora.Scope(by="application")) if expected else []
    assert {f"{row.value.group} {row.value.metric}": row.verdict for row in rows} == expected


def check_moves(delivery: dora.Delivery, expected: dict[str, dict[str, Any]]) -> None:
    """Compare what `dora compare` says of a metric in a ``scope``, in total."""
    for metric, fields in expected.items():
        (row,) = delivery.compare(metric, dora.Scope(**fields.pop("scope")))
        assert {name: getattr(row, name) for name in fields} == fields, metric


def check_positions(delivery: dora.Delivery, expected: dict[str, dict[str, Any]]) -> None:
    """Compare the positions of metrics in the survey of 2024."""
    for metric, fields in expected.items():
        positions = {row.value.metric: row for row in delivery.benchmark(2024, dora.Scope(**fields.pop("scope", {})))}
        check_row(metric, {name: getattr(positions[metric], name) for name in fields}, fields)


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
