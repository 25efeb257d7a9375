"""The scorecard's positions, lines and addresses, and what its HTML says."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from dashboards.rows.scorecard import Addresses, Scale, make_scale, sparkline


@pytest.mark.parametrize(
    ("scale", "value", "position"),
    [
        (Scale(0.0, 10.0, is_log=False), 5.0, 0.5),
        (Scale(1.0, 100.0, is_log=True), 10.0, 0.5),
        (Scale(1.0, 100.0, is_log=True), 1000.0, 1.0),
        (Scale(3.0, 3.0, is_log=False), 3.0, 0.5),
        (Scale(0.0, 10.0, is_log=False), None, None),
    ],
)
def test_positions_are_between_both_ends(scale: Scale, value: float | None, position: float | None) -> None:
    """Half-way is the middle of the amounts, or of their logarithms; values outside stay at the ends."""
    assert scale.position(value) == pytest.approx(position)


def test_a_scale_ignores_missing_values() -> None:
    """Limits come from the values that exist; durations are logarithmic."""
    assert make_scale([None, 2.0, 1.0], "hours") == Scale(1.0, 2.0, is_log=True)
    assert make_scale([None], "share") == Scale(0.0, 1.0, is_log=False)


def test_a_sparkline_has_a_gap_where_a_week_has_no_value() -> None:
    """Two stretches are two lines; a week between two gaps is no line, and nothing is no image."""
    image = unquote(sparkline([1.0, 2.0, None, 3.0, None, 1.0, 2.0], "share", attention=False) or "")
    assert image.count("<polyline") == 2
    assert sparkline([None, 1.0, None], "share", attention=True) is None


def test_links_keep_the_filters_of_the_page() -> None:
    """A link adds the group to what is selected, and names the part of the page to show."""
    addresses = Addresses({"window": ["180d"], "team": ["a", "b"]})
    assert addresses.link("flow", "pending", application="shop & co") == (
        "flow?window=180d&team=a&team=b&application=shop+%26+co#pending"
    )
    assert addresses.link("", team="a") == "./?window=180d&team=a"
    assert Addresses({}).link("", team=None) == "./"
