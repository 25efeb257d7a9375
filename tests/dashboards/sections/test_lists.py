"""The pages Canary and Audit show the analyses of ``dora.Delivery``, and names in them stay text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

import dora

Run = Callable[..., AppTest]
WINDOW = dora.Scope(since="90d")


def texts(page: AppTest) -> list[str]:
    return [str(element.value) for element in page.text]


def test_canary_shows_every_sentence_chart_and_list(run: Run, organisation: Path) -> None:
    """Each sentence of the summary, six titled charts, and the list of all canaries."""
    page = run(organisation, "canary")
    canaries = dora.open(organisation).canaries(WINDOW)
    assert set(canaries.sentences) <= set(texts(page))
    titles = [str(heading.value) for heading in page.subheader]
    assert titles == [
        "Summary",
        "Canary result vs. production outcome",
        "Canary score over time",
        "Failure rate by canary score",
        "Deciding metrics",
        "Lead-time cost",
        "Coverage",
        "Canaries",
    ]
    assert any(f"of {canaries.canaries:,} canaries" in str(caption.value) for caption in page.caption)


def test_canary_of_an_application_without_canaries(run: Run, organisation: Path) -> None:
    """Each chart says why it is empty."""
    page = run(organisation, "canary", application="maps")
    assert "No canary analysis." in texts(page)
    assert "No source reports the metrics of its canaries." in texts(page)
    assert not page.exception


def test_audit_shows_exceptions_changes_and_rollbacks(run: Run, organisation: Path) -> None:
    """Every sentence of the audit trail, every rollback, and the changes at their local times; no script becomes a
    link."""
    page = run(organisation, "audit")
    trail = dora.open(organisation).audit(WINDOW)
    assert set(trail.sentences) | set(trail.rollbacks.sentences) <= set(texts(page))
    frames = [frame.value for frame in page.dataframe]
    assert len(frames[0]) == min(200, len(trail.rows))
    assert list(frames[0]["application"][:3]) == [row["application"] for row in trail.rows[:3]]
    assert list(frames[0]["local_time"][:3]) == [row["local_time"].replace(tzinfo=None) for row in trail.rows[:3]]
    assert len(frames[1]) == len(trail.rollbacks.rows)
    assert not any(str(url).startswith("javascript:") for url in frames[0]["url"])


def test_an_exception_in_the_address_filters_the_list(run: Run, organisation: Path) -> None:
    """The list has only the changes with that exception; an unknown one is ignored."""
    trail = dora.open(organisation).audit(WINDOW)
    (outside_business_hours,) = [
        exception for exception in trail.exceptions if exception.name == "outside_business_hours"
    ]
    assert outside_business_hours.count
    page = run(organisation, "audit", finding=outside_business_hours.title)
    assert len(page.dataframe[0].value) == min(200, outside_business_hours.count)
    assert len(run(organisation, "audit", finding="nonsense").dataframe[0].value) == min(200, len(trail.rows))
