"""The pages Canary and Audit, run by Streamlit itself: what they say is what the door says, and names stay text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

import dora

Run = Callable[..., AppTest]
WINDOW = dora.Scope(since="90d")


def texts(page: AppTest) -> list[str]:
    return [str(element.value) for element in page.text]


def test_canary_says_what_the_door_says(run: Run, organisation: Path) -> None:
    """Each sentence of the reading, six titled figures, and the table of what was overridden."""
    page = run(organisation, "canary")
    told = dora.open(organisation).canaries(WINDOW)
    assert set(told.sentences) <= set(texts(page))
    titles = [str(heading.value) for heading in page.subheader]
    assert titles == [
        "What they are worth",
        "Verdict against outcome",
        "Score and what became of it",
        "Whether a lower score means more failures",
        "Which metrics decide",
        "What it costs",
        "Who has one",
        "Canaries",
    ]
    assert any(f"of {told.canaries:,} canaries" in str(caption.value) for caption in page.caption)


def test_canary_of_an_application_without_any(run: Run, organisation: Path) -> None:
    """Nothing is drawn where there is nothing, and each figure says why."""
    page = run(organisation, "canary", application="maps")
    assert "No canary analysis ran." in texts(page)
    assert "No source told how the metrics came out." in texts(page)
    assert not page.exception


def test_audit_says_what_the_door_says(run: Run, organisation: Path) -> None:
    """What stands out, every rollback, and the changes themselves."""
    page = run(organisation, "audit")
    told = dora.open(organisation).audit(WINDOW)
    assert set(told.sentences) | set(told.rollbacks.sentences) <= set(texts(page))
    frames = [frame.value for frame in page.dataframe]
    assert len(frames[0]) == min(200, len(told.rows))
    assert list(frames[0]["application"][:3]) == [row["application"] for row in told.rows[:3]]
    assert len(frames[1]) == len(told.rollbacks.rows)
    assert not any(str(url).startswith("javascript:") for url in frames[0]["url"])


def test_a_finding_in_the_address_narrows_the_list(run: Run, organisation: Path) -> None:
    """Only the changes that it names are listed; one that does not exist falls away."""
    told = dora.open(organisation).audit(WINDOW)
    (late,) = [one for one in told.exceptions if one.name == "out_of_hours"]
    assert late.count
    page = run(organisation, "audit", finding="came out of hours")
    assert len(page.dataframe[0].value) == min(200, late.count)
    assert len(run(organisation, "audit", finding="nonsense").dataframe[0].value) == min(200, len(told.rows))
