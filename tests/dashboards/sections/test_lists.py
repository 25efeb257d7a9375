"""The pages Canary and Audit show the analyses of ``dora.Delivery``, and names in them stay text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

import dora
from dashboards.sections import audit

Run = Callable[..., AppTest]
WINDOW = dora.Scope(since="90d")


def texts(page: AppTest) -> list[str]:
    return [str(element.value) for element in page.text]


def test_canary_shows_every_sentence_chart_and_list(run: Run, organisation: Path) -> None:
    """The summary as tiles with evidence and, folded, as sentences; six titled charts, the list of all canaries."""
    page = run(organisation, "canary")
    canaries = dora.open(organisation).canaries(WINDOW)
    tiles = {str(metric.label): str(metric.value) for metric in page.metric}
    assert {figure.label: figure.value for figure in canaries.figures}.items() <= tiles.items()
    assert all(figure.evidence for figure in canaries.figures)
    folded = {str(element.value) for expander in page.expander for element in expander.text}
    assert set(canaries.sentences) <= folded
    assert set(canaries.sentences) <= set(texts(page))
    titles = [str(heading.value) for heading in page.header]
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
    """Every exception as a tile with its evidence, every rollback, and the latest changes at their local times; no
    script becomes a link."""
    page = run(organisation, "audit")
    trail = dora.open(organisation).audit(WINDOW)
    assert {trail.waits, *trail.drift, *trail.rollbacks.sentences} - {""} <= set(texts(page))
    numbers = {str(metric.label): str(metric.value) for metric in page.metric}
    assert numbers["Production changes"] == f"{len(trail.rows):,}"
    for exception in trail.exceptions:
        if exception.name in audit.TILES or exception.count:
            number = f"{exception.count:,} of {exception.total:,}" if exception.total else "–"
            assert numbers[exception.label] == number
    captions = "".join(str(caption.value) for caption in page.caption)
    provenance = trail.provenance
    assert all(part in captions for part in (provenance.definitions_hash, provenance.build_id, provenance.version))
    frames = [frame.value for frame in page.dataframe]
    assert len(frames[0]) == min(audit.TOP, len(trail.rows))
    assert list(frames[0].columns[:5]) == ["open", "local_time", "application", "why", "marks"]
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
    assert len(page.dataframe[0].value) == min(audit.TOP, outside_business_hours.count)
    assert len(run(organisation, "audit", finding="nonsense").dataframe[0].value) == min(audit.TOP, len(trail.rows))


def test_a_tile_filters_the_list_and_back(run: Run, organisation: Path) -> None:
    """A click on an exception lists as many changes as its tile counts; a second one lists all of them again."""
    trail = dora.open(organisation).audit(WINDOW, limit=0)
    counts = {exception.name: exception.count for exception in trail.exceptions}
    titles = {exception.name: exception.label for exception in trail.exceptions}
    name = max((name for name in audit.TILES if counts[name] < trail.changes), key=counts.__getitem__)
    page = run(organisation, "audit")
    for count in (counts[name], trail.changes):
        page = page.button(key=f"tile {titles[name]}").click().run(timeout=60)
        assert any(f"{count:,} change" in str(caption.value) for caption in page.caption)
        assert len(page.dataframe[0].value) == min(audit.TOP, count)


def test_a_search_reads_every_change(run: Run, organisation: Path) -> None:
    """A text finds the oldest change of the window too, by its commit, which the first rows do not have."""
    oldest = next(row for row in reversed(dora.open(organisation).audit(WINDOW).rows) if row["commit"])
    page = run(organisation, "audit", search_changes=oldest["commit"][:12].upper())
    assert page.dataframe[0].value["commit"].iloc[-1] == oldest["commit"][:9]
    assert len(page.dataframe[0].value) < audit.TOP
