"""Rollbacks by hand-made rows: what was rolled back, and the bound of a zero."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

import dora
from dora.query.value import Scope
from tests.dora.analysis.audit_story import SETTINGS, START, audit_rows


@pytest.fixture(scope="module")
def delivery(
    built_in: Callable[..., dora.Delivery], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dora.Delivery]:
    folder = tmp_path_factory.mktemp("rollbacks")
    opened = built_in(folder, rows=audit_rows(), as_of=START + timedelta(days=9), settings=SETTINGS)
    yield opened
    opened.close()


def test_a_rollback_and_the_deployment_that_it_rolled_back(delivery: dora.Delivery) -> None:
    """It has a user, the time live of what it rolled back, and what it restored."""
    (row,) = delivery.rollbacks().rows
    assert (row["application"], row["team"]) == ("shop", "store")
    assert (row["triggered_by"], row["started_manually"]) == ("eve@x.example", True)
    assert row["rolled_back_id"].startswith("shop/bare@")
    assert row["live_minutes"] == pytest.approx(60)
    assert row["restored_commit"] == f"{5:040x}"


def test_rollbacks_have_a_denominator_and_coverage(delivery: dora.Delivery) -> None:
    """1 of 7 deployments of two applications, since when history is complete, and that it was read afterwards."""
    rollbacks = delivery.rollbacks()
    assert (rollbacks.deployments, rollbacks.applications, rollbacks.idle, rollbacks.attempts) == (7, 2, [], 0)
    assert rollbacks.limits == pytest.approx((0.0257, 0.5131), abs=1e-4)  # Wilson of 1 in 7
    assert str(rollbacks.complete_since) == "2026-03-02 08:00:00"
    rate, history, observed = rollbacks.sentences
    assert "1 rollback in 9 days (2–11 March 2026) among 7 deployments of 2 applications: 14.3 %" in rate
    assert history == "History of all applications is complete since 2 March 2026."
    assert observed.startswith("Events before 11 March 2026 were read on that day")


def test_no_rollback_is_a_zero_with_its_bound(delivery: dora.Delivery) -> None:
    """Zero of 5 has the upper limit; without deployments the sentence says so; idle applications are listed."""
    quiet = delivery.rollbacks(Scope(until="2026-03-04"))
    assert quiet.rows == []
    assert quiet.sentences[0].endswith(
        "among 5 deployments of 2 applications: at most 43.4 % of deployments are rolled back (95 % CI)."
    )
    assert delivery.rollbacks(Scope(since="2026-03-03", applications=("mail",))).sentences == [
        "There were no deployments, so nothing could be rolled back.",
        "History of all applications is complete since 2 March 2026.",
        "Events before 11 March 2026 were read on that day: manual operations that the source had deleted by then are"
        " missing.",
        "1 application had no deployments: mail.",
    ]
    early = delivery.rollbacks(Scope(since="2026-02-20", applications=("mail",)))
    assert "mail: no data before 2 March 2026" in early.sentences[1] or "after the start" in early.sentences[1]


def test_five_names_are_listed_and_the_others_counted(delivery: dora.Delivery) -> None:
    """Those with most rollbacks first; with exactly five there is nothing to count."""
    rollbacks = delivery.rollbacks()
    names = [*"gfedcba", "a", "b"]
    many = replace(rollbacks, rows=[{"application": name} for name in names], idle=list("uvwxyz"))
    assert many.sentences[0].endswith("By application: b 2, a 2, g 1, f 1, e 1 and 2 more.")
    assert many.sentences[-1] == "6 applications had no deployments: u, v, w, x, y and 1 more."
    assert replace(rollbacks, idle=list("uvwxy")).sentences[-1].endswith("no deployments: u, v, w, x, y.")


@pytest.mark.parametrize(
    ("rolled_back", "restored", "printed"),
    [
        ((None, "acme/shop:2026.03.02-2"), (None, "acme/shop:2026.03.02-1"), ("2026.03.02-2", "2026.03.02-1")),
        ((None, "acme/shop@sha256:" + "ab" * 32), (None, "acme/shop@sha256:" + "a" * 64), ("ab" * 6, "a" * 12)),
        ((None, "acme/shop:2 acme/cart:7"), (None, "acme/shop:1 acme/cart:7"), ("shop:2 cart:7", "shop:1 cart:7")),
        (("c" * 40, "acme/shop:2"), ("d" * 40, "acme/shop:1"), ("c" * 9, "d" * 9)),
        (("c" * 40, "acme/shop:2"), ("c" * 40, "acme/shop:1"), ("2", "1")),
        ((None, None), (None, None), (None, None)),
    ],
)
def test_what_was_rolled_back_and_restored_can_be_told_apart(
    delivery: dora.Delivery,
    rolled_back: tuple[str | None, str | None],
    restored: tuple[str | None, str | None],
    printed: tuple[str | None, str | None],
) -> None:
    """Commits are printed where they differ, else the tag or digest of the own images, never a shared beginning."""
    rollbacks = delivery.rollbacks()
    row = rollbacks.rows[0] | {
        "rolled_back_commit": rolled_back[0], "rolled_back_version": rolled_back[1],
        "restored_commit": restored[0], "restored_version": restored[1],
    }  # fmt: skip
    (line,) = replace(rollbacks, rows=[row]).lines()
    assert (line["rolled back"], line["to"]) == printed
