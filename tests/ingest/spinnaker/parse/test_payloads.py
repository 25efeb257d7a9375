"""Payloads of our own: one for each strategy and each place of a commit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.ingest.spinnaker.conftest import T, fields_of, tables

PAYLOADS = Path(__file__).resolve().parents[3] / "payloads" / "spinnaker"
SHA = "4f2a6c1e9b7d3f5081a2c4e6b8d0f1a3c5e7092b"
GROUP = "billing-main-api"

# File → for each rollout: strategy, cluster, first and full traffic in milliseconds after T.
STRATEGIES: dict[str, list[tuple[Any, ...]]] = {
    "cloud_run": [("none", "receipts", 31_000, 31_000)],
    "istio_weights": [("weights", "checkout-v7", 64_000, 304_000), ("weights", "checkout", 64_000, 304_000)],
    "kubernetes_bluegreen": [("bluegreen", "checkout", 8_500, 31_000)],
    "kubernetes_dark_then_enabled": [("dark", "checkout", 306_000, 306_000)],
    "kubernetes_highlander": [("highlander", "checkout", 8_500, 31_000)],
    "kubernetes_plain": [("none", "checkout", 11_000, 41_000)],
    "lambda_weighted": [("weights", "billing-invoice", 63_000, 153_000)],
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


@pytest.mark.parametrize("name", STRATEGIES)
def test_traffic_of_each_strategy(name: str) -> None:
    """One rollout a target, with first and full traffic."""
    fields = ("strategy", "cluster", "first_traffic_at", "full_traffic_at")
    rows = [fields_of(row, *fields) for row in read(f"strategies/{name}")["rollout"]]
    assert [(*row[:2], *(at // 1000 - T for at in row[2:])) for row in rows] == STRATEGIES[name]


@pytest.mark.parametrize("name", STRATEGIES)
def test_traffic_ends_no_later_than_its_execution(name: str) -> None:
    """Clean-up after it belongs to the execution and to the rollout's end, not to its traffic."""
    rows = read(f"strategies/{name}")
    (execution,) = rows["execution"]
    for row in rows["rollout"]:
        assert row.started_at <= row.first_traffic_at <= row.full_traffic_at <= row.finished_at <= execution.finished_at


@pytest.mark.parametrize("name", COMMITS)
def test_each_place_of_a_commit(name: str) -> None:
    """The commit, its repository if known, and the place that names it."""
    (execution,) = read(f"commits/{name}")["execution"]
    assert fields_of(execution, "commit", "repository", "commit_origin") == COMMITS[name]


def test_a_child_belongs_to_what_started_it() -> None:
    """A strategy's child and the deploy after a bake are in the tree of the execution above them."""
    root_by_file = {"strategies/vm_custom.child": "01JV7CUSTOM", "commits/8_image_that_a_parent_found": "01JV7BAKE"}
    for name, root in root_by_file.items():
        (execution,) = read(name)["execution"]
        assert execution.root_id == execution.parent_id
        assert execution.root_id.startswith(root)


def test_every_payload_is_in_a_table() -> None:
    """Every payload of these folders is in a table above."""
    for folder, table in (("strategies", STRATEGIES), ("commits", COMMITS)):
        assert {file.name.removesuffix(".json") for file in (PAYLOADS / folder).iterdir()} == set(table)
