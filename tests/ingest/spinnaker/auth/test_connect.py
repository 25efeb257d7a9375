"""Who may read a Gate, and which applications and period a run requests."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dora.errors import AuthError, UsageError
from tests.ingest.spinnaker.conftest import HOUR, NOW, Ingest, Landed, Make
from tests.simulation.gate import serve


@pytest.mark.parametrize("token", [None, "wrong"])
def test_a_refused_login_ends_the_run(
    make: Make, token: str | None, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login page or a 401 ends the run with AuthError; no token is in the message."""
    monkeypatch.delenv("DORA_GATE_TOKEN", raising=False)
    if token:
        monkeypatch.setenv("DORA_GATE_TOKEN", token)
    with serve(make.world(), auth="right") as gate, pytest.raises(AuthError) as raised:
        ingest(gate.url)
    assert "wrong" not in str(raised.value)


def test_tokens_come_from_the_environment_or_a_file(
    make: Make, ingest: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Either authenticates; a file takes precedence over the environment."""
    (tmp_path / "token").write_text("right\n")
    with serve(make.world(), auth="right") as gate:
        monkeypatch.setenv("MY_TOKEN", "right")
        assert not ingest(gate.url, token_env="MY_TOKEN").partial_failures
        monkeypatch.setenv("DORA_GATE_TOKEN", "wrong")
        assert not ingest(gate.url, token_file=str(tmp_path / "token")).partial_failures


def test_a_token_that_expires_midway_keeps_what_is_landed(make: Make, ingest: Ingest, landed: Landed) -> None:
    """A 401 in the middle ends the run; the next run continues from there."""
    with serve(make.world(make.execution("E", NOW))) as gate:
        gate.error_statuses = {"/applications/shop/executions": 401}
        with pytest.raises(AuthError):
            ingest(gate.url)
        gate.error_statuses = {}
        ingest(gate.url)
    assert landed("SELECT id FROM execution") == [("E",)]


def test_refused_applications_are_one_message(make: Make, ingest: Ingest, landed: Landed) -> None:
    """The refused applications are one message with their number and names; the others are landed."""
    with serve(make.world(applications=("shop", "mail", "cart"))) as gate:
        gate.error_statuses = {"/applications/mail/": 403, "/applications/cart/": 403}
        (partial_failure,) = ingest(gate.url).partial_failures
    assert "refuses 2 of 3 applications (403): cart, mail; request READ" in partial_failure
    assert len(landed("SELECT * FROM coverage")) == 1


def test_a_gate_that_refuses_everything_is_an_error(make: Make, ingest: Ingest) -> None:
    """The run exits with 4 and the number of refused applications."""
    with serve(make.world(applications=("shop", "mail"))) as gate:
        gate.error_statuses = {"/applications/": 403}
        with pytest.raises(AuthError, match="2 of 2 applications") as raised:
            ingest(gate.url)
    assert raised.value.exit_code == 4


def test_hidden_applications_are_reported_each_run(make: Make, ingest: Ingest) -> None:
    """The first run reports a partial failure by name, later ones a note, until the application is visible again."""
    world = make.world(applications=("shop", "mail"))
    with serve(world) as gate:
        ingest(gate.url)
        hidden = world.applications.pop()
        first, second = ingest(gate.url), ingest(gate.url)
        world.applications.append(hidden)
        third = ingest(gate.url)
    assert ["no longer shows 1 of 2 applications: mail" in failure for failure in first.partial_failures] == [True]
    assert (second.partial_failures, ["1 application of earlier runs" in note for note in second.notes]) == ([], [True])
    assert (first.notes, third.partial_failures, third.notes) == ([], [], [])


def test_since_bounds_the_first_run_and_widens_a_later_one(make: Make, ingest: Ingest, landed: Landed) -> None:
    """A ``since`` after the watermark changes nothing, so that there is never a gap."""
    world = make.world(*(make.execution(f"E{n}", NOW - n * 24 * HOUR) for n in range(10)))

    def count(days: float) -> int:
        since = datetime.fromtimestamp((NOW - days * 24 * HOUR) / 1000, UTC)
        ingest(gate.url, since=since)
        return int(landed("SELECT count(*) FROM execution")[0][0])

    with serve(world) as gate:
        assert count(2.5) == 3
        assert count(0) == 3
        assert count(5.5) == 6


def test_applications_are_selected_by_glob(make: Make, ingest: Ingest, landed: Landed) -> None:
    """A glob selects applications; a name that Gate does not list is an error."""
    with serve(make.world(applications=("shop-web", "shop-api", "mail"))) as gate:
        ingest(gate.url, applications=("shop-*",))
        assert landed("SELECT id FROM application ORDER BY id") == [("shop-api",), ("shop-web",)]
        with pytest.raises(UsageError, match="no application shp"):
            ingest(gate.url, applications=("shp",))
