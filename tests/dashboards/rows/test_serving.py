"""What ran where, as rows of the chart: colours, words, and what is left out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from dashboards.charts.serving import TONES
from dashboards.rows import serving

START, END = datetime(2026, 3, 1), datetime(2026, 3, 11)


def row(day: float, version: str | None = "acme/shop:v1", **other: Any) -> dict[str, Any]:
    interval = {
        "what": "serving", "target": "prod/eu/web", "since": START + timedelta(days=day),
        "until": START + timedelta(days=day + 1), "is_current": False, "content": version, "version": version,
        "commit": None, "deployment_id": f"d{day}", "kind": "release", "outcome": "succeeded", "not_everywhere": False,
        "evidence": None, "still_failing": False, "targets": 1, "drawn_from": START,
    }  # fmt: skip
    return interval | other


def test_a_content_has_one_colour_on_every_target_and_the_next_one_another() -> None:
    """Colours follow the order in which contents came, whatever the order of the rows."""
    rows = [row(2, "acme/shop:v2"), row(0), row(3, "acme/shop:v2", target="prod/us/web"), row(4, "acme/shop:v3")]
    bars = serving.bars_and_marks(rows, START, END, "UTC")
    assert [bar["tone"] for bar in bars] == [TONES[1], TONES[0], TONES[1], TONES[2]]
    assert [bar["label"] for bar in bars] == ["v2", "v1", "v2", "v3"]


def test_bars_end_with_the_window_and_their_texts_say_when_they_really_did() -> None:
    """A bar is cut to the time drawn; its texts have the whole stretch, and what still serves says so."""
    rows = [row(-3, until=START + timedelta(days=1)), row(9, until=END + timedelta(days=5), is_current=True)]
    first, last = serving.bars_and_marks(rows, START, END, "Europe/Berlin")
    assert (first["start"], first["end"]) == ("2026-03-01T01:00:00Z", "2026-03-02T01:00:00Z")
    assert first["start_text"] == "26 Feb 2026 01:00 Europe/Berlin"
    assert (last["end"], last["end_text"]) == ("2026-03-11T01:00:00Z", "still at the end of the data")


def test_labels_name_kinds_and_failures() -> None:
    """A release that was fine needs no word; unknown content is called unknown."""
    rows = [row(0), row(1, kind="promotion"), row(2, evidence="rollback"), row(3, None)]
    bars = serving.bars_and_marks(rows, START, END, "UTC")
    assert [bar["label"] + bar["note"] for bar in bars] == ["v1", "v1 · promotion", "v1 · failed", "unknown"]
    assert bars[3]["tone"] == "grey"


def test_what_is_not_drawn_is_said() -> None:
    """Targets over the limit are counted, and time with too many bars has its end."""
    assert serving.summary([row(0)], START, 20, "UTC") == "1 target, the one that changed last on top."
    many = serving.summary([row(0, targets=213, drawn_from=START + timedelta(days=2))], START, 20, "UTC")
    assert many == (
        "The 20 targets that changed last, of 213. The other 193 are in the table serving_intervals of the build. Drawn"
        " from 3 Mar 2026 00:00 UTC: before that there are too many bars."
    )
    assert serving.target_name("prod/-/web") == "prod / web"
