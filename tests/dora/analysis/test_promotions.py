"""Promotions, counted beside deployment frequency."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import dora

REGIONS = """
id  | application | environment | status    | started_at       | finished_at      | version
eu1 | shop        | prod-eu     | succeeded | 2026-03-02T09:00 | 2026-03-02T09:10 | v1
us1 | shop        | prod-us     | succeeded | 2026-03-02T15:00 | 2026-03-02T15:10 | v1
eu2 | shop        | prod-eu     | succeeded | 2026-03-03T09:00 | 2026-03-03T09:10 | v2
us2 | shop        | prod-us     | succeeded | 2026-03-03T15:00 | 2026-03-03T15:10 | v2
"""


def test_both_counts_are_there_whichever_is_chosen(facts: Callable[..., dora.Delivery]) -> None:
    """A promotion to a target first seen joins nothing; the next one joins the deployment that brought its content."""
    for choice, frequency in (("counted", 4), ("joined", 3)):
        definitions = {"production_environments": ["prod*"], "promotions": choice}
        delivery = facts(
            deployments=REGIONS, settings={"definitions": definitions}, as_of=datetime(2026, 3, 10, tzinfo=UTC)
        )
        assert delivery.analyse("promotions") == [{"promotions": 2, "joining": 1}]
        assert delivery.metric("deployment_frequency").rows[0].n == frequency
