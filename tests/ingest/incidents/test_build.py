"""From a pager to a number: which incidents make a deployment a failure, and which do not."""

from __future__ import annotations

from pathlib import Path

import dora
from dora.build.run import build
from dora.config.settings import Config
from ingest import files
from ingest.core.pipeline import pull
from ingest.core.source import Request
from tests.ingest.incidents.conftest import Landing
from tests.simulation.api_double import hours_ago, serve_double
from tests.simulation.trackers import DOUBLES

HEADER = "id,application,environment,status,started_at,finished_at\n"


def write_deployments(folder: Path) -> Path:
    """Four deployments of the shop, a day apart, the last one a day ago."""
    lines = []
    for day in range(4, 0, -1):
        started, finished = (hours_ago(24 * day + more).isoformat() for more in (1, 0.5))
        lines.append(f"d{day},shop,prod,succeeded,{started},{finished}\n")
    path = folder / "deployments.csv"
    path.write_text(HEADER + "".join(lines))
    return path


def test_only_incidents_that_count_make_a_failure(landing: Landing, tmp_path: Path) -> None:
    """Of four deployments one has an incident; one that was merged, one of low severity and one without application
    make none, and no application either. A resolution becomes the recovery.
    """
    with serve_double(DOUBLES["pagerduty"]()) as pagerduty:
        pagerduty.add("P1", opened=24 * 4, resolved=24 * 4 - 2, severity="P1")
        pagerduty.add("P2", opened=24 * 3, resolved=24 * 3 - 2, severity="P1", closed_as="merged")
        pagerduty.add("P3", opened=24 * 2, resolved=24 * 2 - 2, severity="P5")
        pagerduty.add("P4", opened=24, resolved=22, severity="P1", service="Nobody's")
        landing.run(pagerduty, severities=["P1"])
    pull(files.SOURCE.from_settings({}, landing.data), landing.data, Request(paths=(write_deployments(tmp_path),)))
    results = {result.check: result.rows for result in build(Config(data=landing.data))}
    delivery = dora.open(landing.data / "dora.duckdb")
    (rate,) = delivery.metric("change_failure_rate")
    (recovery,) = delivery.metric("recovery_time")
    assert (rate.value, rate.n) == (0.25, 4)
    assert recovery.value is not None
    assert round(recovery.value, 2) == 2.5  # from full traffic, half an hour before it was noticed
    assert results["incidents_without_application"] == 1
    applications = delivery.sql("SELECT DISTINCT application FROM definitions_in_force")
    assert applications == [{"application": "shop"}]
