"""Payloads of our own: one for each strategy and each place of a commit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.ingest.spinnaker.conftest import T, fields_of, tables

PAYLOADS = Path(__file__).resolve().parents[3] / "payloads" / "spinnaker"
SHA = "4f2a6c1e9b7d3f5081a2c4e6b8d0f1a3c5e7092b"
GROUP = "billing-main-api"

# File → for each rollout that deploys or enables: strategy, cluster, first and full traffic in milliseconds after T.
STRATEGIES: dict[str, list[tuple[Any, ...]]] = {
    "cloud_run": [("none", "receipts", 31_000, 31_000)],
    "istio_weights": [("none", "checkout-v7", 8_500, 31_000)],
    "kubernetes_bluegreen": [("bluegreen", "checkout", 8_500, 31_000)],
    "kubernetes_dark_then_enabled": [("dark", "checkout", None, None), ("dark", "checkout", 306_000, 306_000)],
    "kubernetes_highlander": [("highlander", "checkout", 8_500, 31_000)],
    "kubernetes_plain": [("none", "checkout", 11_000, 41_000)],
    "lambda_weighted": [(None, "billing-invoice", 21_000, 21_000)],
    "vm_custom.child": [("custom", GROUP, 90_000, 90_000)],
    "vm_highlander": [("highlander", GROUP, 90_000, 130_000)],
    "vm_monitored": [("monitored", GROUP, 160_000, 460_000)],
    "vm_rolling_push": [("rollingpush", GROUP, 180_000, 400_000)],
    "vm_rolling_red_black": [("rollingredblack", GROUP, 160_000, 560_000)],
}
# File → commit, repository, place: the eight places, best first.
COMMITS: dict[str, tuple[str | None, ...]] = {
    "1_trigger_hash": (SHA, "acme/checkout", "trigger"),
    "2_trigger_build": (SHA, "acme/checkout", "build"),
    "3_build_stage": (SHA, "acme/checkout", "build stage"),
    "4_artifact": (SHA[:9], None, "image"),
    "5_manifest_annotation": (SHA, None, "manifest"),
    "6_between_machine_images": (SHA, "ACME/billing", "commits"),
    "7_webhook_payload": (SHA, "acme/checkout", "payload"),
    "8_image_that_a_parent_found": (SHA[:7], None, "machine image"),
}


def read(name: str) -> dict[str, list[Any]]:
    """The rows of one payload."""
    return tables((PAYLOADS / f"{name}.json").read_bytes())


# File → for each destination: host, subset, weight, when it was in force.
ROUTES: dict[str, list[tuple[Any, ...]]] = {
    "istio_weights": [
        ("checkout", version, weight, at)
        for weights, at in (((90, 10), 64_000), ((50, 50), 184_000), ((0, 100), 304_000))
        for version, weight in zip(("v6", "v7"), weights, strict=True)
    ],
    "lambda_weighted": [
        ("billing-invoice", version, weight, at)
        for weights, at in (((20, 80), 63_000), ((100, 0), 153_000))
        for version, weight in zip(("latest", "previous"), weights, strict=True)
    ],
}


def milliseconds(at: int | None) -> int | None:
    """Return a time as milliseconds after T."""
    return None if at is None else at // 1000 - T


def served(rows: dict[str, list[Any]]) -> list[Any]:
    """Return the rollouts that bring traffic."""
    return [row for row in rows["rollout"] if row.action not in ("disable", "delete")]


@pytest.mark.parametrize("name", STRATEGIES)
def test_traffic_of_each_strategy(name: str) -> None:
    """One rollout a stage and target, with first and full traffic as if it served on its own."""
    fields = ("strategy", "cluster", "first_traffic_at", "full_traffic_at")
    rows = [fields_of(row, *fields) for row in served(read(f"strategies/{name}"))]
    assert [(*row[:2], *map(milliseconds, row[2:])) for row in rows] == STRATEGIES[name]


@pytest.mark.parametrize("name", STRATEGIES)
def test_what_each_strategy_routes(name: str) -> None:
    """The shares of each step of a mesh or of a function's alias."""
    rows = read(f"strategies/{name}").get("traffic_route", [])
    routes = [(*fields_of(row, "host", "subset", "weight"), milliseconds(row.applied_at)) for row in rows]
    assert routes == ROUTES.get(name, [])


@pytest.mark.parametrize("name", STRATEGIES)
def test_traffic_ends_no_later_than_its_execution(name: str) -> None:
    """Clean-up after it belongs to the execution and to the rollout's end, not to its traffic."""
    rows = read(f"strategies/{name}")
    (execution,) = rows["execution"]
    for row in rows["rollout"]:
        times = (row.started_at, row.accepted_at, row.first_traffic_at, row.full_traffic_at, row.finished_at)
        reached = [at for at in (*times, execution.finished_at) if at is not None]
        assert reached == sorted(reached)


@pytest.mark.parametrize("name", COMMITS)
def test_each_place_of_a_commit(name: str) -> None:
    """The commit, its repository if known, and the place that names it."""
    (execution,) = read(f"commits/{name}")["execution"]
    assert fields_of(execution, "commit", "repository", "commit_origin") == COMMITS[name]


def test_a_child_belongs_to_what_started_it() -> None:
    """A strategy's child is in the tree of the execution above it; what a completed bake triggers is its own."""
    (child,) = read("strategies/vm_custom.child")["execution"]
    assert (child.root_id, child.parent_id) == ("01JV7CUSTOM000000000000001", "01JV7CUSTOM000000000000001")
    (triggered,) = read("commits/8_image_that_a_parent_found")["execution"]
    assert (triggered.root_id, triggered.parent_id) == (triggered.id, "01JV7BAKE00000000000000001")


def test_every_payload_is_in_a_table() -> None:
    """Every payload of these folders is in a table above."""
    for folder, table in (("strategies", STRATEGIES), ("commits", COMMITS)):
        assert {file.name.removesuffix(".json") for file in (PAYLOADS / folder).iterdir()} == set(table)
