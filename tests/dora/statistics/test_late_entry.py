"""Work that was under way when observation began is at risk from its age then, as lifelines has it.

lifelines refuses curves that reach zero early; a curve in exact fractions does not.
"""

from __future__ import annotations

import math
import random
from fractions import Fraction

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter

from dora.statistics import survival_curve_sql
from dora.statistics.quantiles import Samples, sort_samples
from dora.statistics.survival import Survival

Row = tuple[float, bool, float]  # value, still open, entry
ROWS = st.lists(
    st.tuples(st.integers(0, 8), st.integers(1, 30), st.booleans()).map(
        lambda row: (float(row[0] + row[1]), row[2], float(row[0]))
    ),
    min_size=1,
    max_size=60,
)


def samples_of(*groups: list[Row]) -> Samples:
    rows = [(number, *row) for number, group in enumerate(groups) for row in group]
    numbers, values, censored, entries = (np.array(column) for column in zip(*rows, strict=True))
    return sort_samples(numbers, values, censored, len(groups), entries)


def fit(rows: list[Row]) -> KaplanMeierFitter:
    values, censored, entries = (list(column) for column in zip(*rows, strict=True))
    return KaplanMeierFitter().fit(values, [not still_open for still_open in censored], entry=entries)


def exact_curve(rows: list[Row]) -> dict[float, Fraction]:
    """The share that is left after each event."""
    left, curve = Fraction(1), {}
    for t in sorted({value for value, still_open, _ in rows if not still_open}):
        ended = sum(value == t and not still_open for value, still_open, _ in rows)
        left *= 1 - Fraction(ended, at_risk(rows, t))
        curve[t] = left
    return curve


def at_risk(rows: list[Row], t: float) -> int:
    return sum(entry < t <= value for value, _, entry in rows)


@given(ROWS)
@settings(deadline=None, max_examples=60)
def test_the_curve_with_late_entry_is_exact(rows: list[Row]) -> None:
    """After each event the share that is left is that of fractions."""
    columns = [pa.array(column) for column in zip(*rows, strict=True)]
    with duckdb.connect() as con:
        con.register("observations", pa.table(columns, names=["value", "censored", "entry"]))
        curve = con.execute(survival_curve_sql("observations")).fetchall()
    assert {t: left for t, left, _, _ in curve} == pytest.approx(
        {t: float(left) for t, left in exact_curve(rows).items()}
    )


@given(ROWS, ROWS)
@settings(deadline=None, max_examples=80)
def test_the_median_with_late_entry_is_that_of_the_curve(rows: list[Row], others: list[Row]) -> None:
    """It is where the exact curve falls below one half, in each group by itself; there are no limits while fewer than
    six are at risk."""
    survival = Survival(samples_of(rows, others))
    for group, members in enumerate((rows, others)):
        curve = exact_curve(members)
        below = [t for t, left in curve.items() if left < Fraction(1, 2)]
        exact = [t for t, left in curve.items() if left == Fraction(1, 2)]
        later = [t for t in curve if exact and t > exact[0]]
        expected = (exact[0] + min(later, default=exact[0])) / 2 if exact else min(below, default=math.nan)
        assert survival.quantile(0.5)[group] == pytest.approx(expected, nan_ok=True)
        until = [t for t in curve if t <= min(exact or below, default=math.inf)]
        if any(entry for _, _, entry in members) and (not until or min(at_risk(members, t) for t in until) < 6):
            assert np.isnan([limit[group] for limit in survival.limits(0.5)]).all()


def test_limits_with_late_entry_are_lifelines() -> None:
    """With many at risk the limits are where those of lifelines cross one half."""
    dice = random.Random(3)
    for _ in range(10):
        rows = []
        while len(rows) < 120:
            entry, value, end = dice.choice([0.0, dice.uniform(0, 2)]), dice.expovariate(0.2), dice.uniform(5, 12)
            if value > entry:
                rows.append((min(value, end), value > end, entry))
        fitter = fit(rows)
        theirs = fitter.survival_function_.iloc[:, 0]
        assert {t: theirs[t] for t in exact_curve(rows)} == pytest.approx(
            {t: float(left) for t, left in exact_curve(rows).items()}
        )
        limits = fitter.confidence_interval_
        crossed = [line.index[line <= 0.5] for line in (limits.iloc[:, 0], limits.iloc[:, 1])]
        expected = [times[0] if len(times) else math.nan for times in crossed]
        ours = [limit[0] for limit in Survival(samples_of(rows)).limits(0.5)]
        assert ours == pytest.approx(expected, nan_ok=True)


def test_ignoring_late_entry_overstates_the_median() -> None:
    """Of work with a median of 8 that was open when observation began, only long work is seen: the curve knows."""
    dice = random.Random(5)
    rows = []
    while len(rows) < 4000:
        age, value = dice.uniform(0, 30), dice.expovariate(math.log(2) / 8)
        if value > age:
            rows.append((value, False, age))
    everything = samples_of(rows)
    naive = samples_of([(value, still_open, 0.0) for value, still_open, _ in rows])
    assert Survival(everything).quantile(0.5)[0] == pytest.approx(8, rel=0.1)
    assert Survival(naive).quantile(0.5)[0] > 12
