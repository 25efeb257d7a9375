"""A list is narrowed over all of its rows: by a text, and by outcomes whose numbers stand in their pills."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import dora
from tests.dashboards.page_text import header, page_text, table

Run = Callable[..., AppTest]
DEPLOYMENTS = (
    "SELECT d.deployment_id, d.application, d.commit, d.outcome, r.evidence,"
    " coalesce(d.traffic_at, d.finished_at) AS at,"
    " (SELECT list(sha) FROM changes c WHERE c.shipped_by = d.deployment_id) AS shas,"
    " (SELECT list(decided_by) FROM approvals a WHERE a.deployment_id = d.deployment_id) AS approvers"
    " FROM deployments d LEFT JOIN recoveries r USING (deployment_id)"
)


@pytest.fixture(scope="module")
def deployments(organisation: Path) -> list[dict[str, Any]]:
    """Every deployment of the window with what a search looks at, latest first."""
    delivery = dora.open(organisation)
    window = {row["subject"] for row in delivery.observations("rework_rate", dora.Scope("90d"))}
    rows = [row for row in delivery.sql(DEPLOYMENTS) if row["deployment_id"] in window]
    return sorted(rows, key=lambda row: (-row["at"].timestamp(), row["deployment_id"]))


def pills(page: AppTest) -> dict[str, int]:
    """The pills of the outcomes with their numbers."""
    (group,) = (group for group in page.get("button_group") if group.label == "Outcome")
    labels = (label.rsplit(" ", 1) for label in group.options)
    return {name: int(count.replace(",", "")) for name, count in labels}


def test_a_text_is_searched_in_every_deployment(
    run: Run, organisation: Path, deployments: list[dict[str, Any]]
) -> None:
    """A commit that was shipped, an application and an approver, in any case; the text is in the address."""
    shipped = next(sha for row in deployments for sha in row["shas"] or ())
    for text, matches in {
        shipped[:12].upper(): lambda row: shipped in (row["shas"] or ()) or row["commit"] == shipped,
        "payout": lambda row: row["application"] == "payout",
        "GRACE": lambda row: "grace" in (row["approvers"] or ()),
        "nobody at all": lambda row: False,
    }.items():
        count = sum(map(matches, deployments))
        assert f"{count} deployment{'' if count == 1 else 's'}, latest first" in page_text(
            run(organisation, search=text)
        )


def test_pills_count_what_they_select(run: Run, organisation: Path, deployments: list[dict[str, Any]]) -> None:
    """All, failed with the rolled back among them, stopped and succeeded; each has the rows that it counts."""
    page = run(organisation)
    failed = [row for row in deployments if row["evidence"] or row["outcome"] == "failed"]
    rolled_back = [row for row in failed if "rollback" in (row["evidence"] or "")]
    counts = pills(page)
    assert counts["all"] == len(deployments) == sum(counts.values()) - counts["all"] - counts["rolled back"]
    assert (counts["failed"], counts["rolled back"]) == (len(failed), len(rolled_back))
    page = run(organisation, outcome="rolled back")
    rows = table(page, "outcome")
    assert [*rows["happened_at"]] == [row["at"] for row in rolled_back]
    assert all("rolled back" in outcome for outcome in rows["outcome"])
    assert pills(page) == counts


def test_an_unknown_outcome_lists_all(run: Run, organisation: Path) -> None:
    """A mistyped address has the list without it."""
    page = run(organisation, outcome="nonsense")
    assert f"{pills(page)['all']:,} deployments, latest first" in page_text(page)


def test_a_search_leaves_the_numbers_of_the_page(run: Run, organisation: Path) -> None:
    """It narrows the list alone."""
    assert header(run(organisation, search="payout")) == header(run(organisation))


def test_failed_deployments_canaries_and_waiting_changes_are_searched(run: Run, organisation: Path) -> None:
    """Each list has its own text in the address."""
    page = run(organisation, "stability", search_failed="ledger", evidence="incident")
    rows = table(page, "what")
    assert len(rows)
    assert {*rows["application"]} == {"ledger"}
    assert all("incident" in what for what in rows["what"])
    assert {*table(run(organisation, "canary", search_canaries="search"), "verdict")["application"]} == {"search"}
    rows = table(run(organisation, "flow", search_waiting="payout"), "days")
    assert {*rows["application"]} == {"payout"}
