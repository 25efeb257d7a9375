"""Laws of every source of incidents: what is open is read again, what changes is read, and nothing is lost unsaid."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dora.errors import UsageError
from ingest import configure_source
from ingest.core.source import Request
from ingest.doctor.finding import SourceContext
from ingest.rebuild import rebuild_landing
from tests.ingest.incidents.conftest import Landing
from tests.simulation.api_double import TOKEN, hours_ago
from tests.simulation.fault_injection import Fault

STATE = "SELECT application, epoch(opened_at)::BIGINT, epoch(resolved_at)::BIGINT, exclusion FROM incident"


def seconds(hours: float | None) -> int | None:
    return None if hours is None else int(hours_ago(hours).timestamp())


def test_an_incident_has_its_facts(tracker: Any, landing: Landing) -> None:
    """Application of its service, opened, resolved, severity, title and page."""
    tracker.add(tracker.make_id(1), opened=5, resolved=3, severity="P1")
    summary = landing.run(tracker, severity_labels=["P*"]) if "github" in tracker.source else landing.run(tracker)
    assert (summary.partial_failures, summary.notes, summary.requests is not None) == ([], [], True)
    assert landing.sql(STATE) == [("shop", seconds(5), seconds(3), None)]
    ((severity, title, url),) = landing.sql("SELECT severity, title, url FROM incident")
    assert severity == "P1"
    assert title
    assert url.startswith("http")


def test_what_is_open_is_read_until_it_is_resolved(tracker: Any, landing: Landing) -> None:
    """Also if nothing says that it changed: it is read by its id."""
    id_ = tracker.make_id(1)
    tracker.add(id_, opened=5)
    landing.run(tracker)
    assert landing.sql(STATE) == [("shop", seconds(5), None, None)]
    tracker.things[id_].resolved = hours_ago(2)
    landing.run(tracker, overlap_minutes=0)
    assert landing.sql(STATE) == [("shop", seconds(5), seconds(2), None)]


def test_a_reopened_incident_is_open_again(tracker: Any, landing: Landing) -> None:
    """A resolution is final only as long as its system says so."""
    id_ = tracker.make_id(1)
    tracker.add(id_, opened=5, resolved=3)
    landing.run(tracker)
    tracker.change(id_, resolved=None)
    landing.run(tracker)
    assert landing.sql(STATE) == [("shop", seconds(5), None, None)]
    tracker.change(id_, resolved=hours_ago(1))
    landing.run(tracker)
    assert landing.sql(STATE) == [("shop", seconds(5), seconds(1), None)]


def test_a_deleted_open_incident_does_not_stay_open(tracker: Any, landing: Landing) -> None:
    """It is kept, with the reason why it does not count, and is not requested again."""
    id_ = tracker.make_id(1)
    tracker.add(id_)
    landing.run(tracker)
    del tracker.things[id_]
    landing.run(tracker)
    assert landing.sql("SELECT exclusion FROM incident") == [("deleted",)]
    tracker.requests.clear()
    landing.run(tracker)
    assert not [path for path in tracker.requests if path.endswith(f"/{id_.rpartition('#')[2]}")]


def test_a_dismissed_incident_does_not_count(tracker: Any, landing: Landing) -> None:
    """Merged into another one, closed as not planned, resolved as a duplicate."""
    tracker.add(tracker.make_id(1), opened=5, resolved=3, closed_as=tracker.dismissal)
    tracker.add(tracker.make_id(2), opened=5, resolved=3)
    landing.run(tracker)
    assert landing.ids("exclusion IS NOT NULL") == ([tracker.make_id(1)] if tracker.dismissal else [])


def test_a_service_without_application_is_named_and_kept(tracker: Any, landing: Landing) -> None:
    """With the nearest names; once it is mapped, the next run reads what it left out."""
    tracker.add(tracker.make_id(1), service="Shopp", opened=50, resolved=40)
    tracker.add(tracker.make_id(2), service="Shop", opened=50, resolved=40)
    summary = landing.run(tracker)
    (note,) = summary.notes
    assert note.startswith("services without an application, whose incidents are kept and not counted: ")
    if tracker.source != "github_issues":  # any of its labels may be a service
        assert "Shopp (1 incident; nearest: Shop)" in note
    assert landing.ids("exclusion = 'no application'") == [tracker.make_id(1)]
    assert landing.run(tracker, services={"Shop*": "shop"}).notes == []
    assert landing.sql("SELECT application, exclusion FROM incident") == [("shop", None)] * 2


def test_an_ambiguous_service_is_a_clear_error(tracker: Any, landing: Landing) -> None:
    """Two globs with two applications: the run is partial, and says which; a name that is written out decides."""
    tracker.add(tracker.make_id(1), opened=50, resolved=40)
    services = {"Sh*": "shop", "*op": "other"}
    (failure,) = landing.run(tracker, services=services).partial_failures
    assert "'Shop' matches 'Sh*' (shop), '*op' (other)" in failure
    assert landing.ids("exclusion = 'ambiguous service'") == [tracker.make_id(1)]
    assert landing.run(tracker, services={**services, "shop": "web"}).partial_failures == []
    assert landing.sql("SELECT application, exclusion FROM incident") == [("web", None)]


def test_globs_name_applications(tracker: Any, landing: Landing) -> None:
    """``*`` in an application is what the glob's ``*`` matched."""
    tracker.add(tracker.make_id(1), service="svc-ledger")
    landing.run(tracker, services={"svc-*": "*-api"})
    assert landing.sql("SELECT application FROM incident") == [("ledger-api",)]


def test_ignored_services_and_severities_do_not_count(tracker: Any, landing: Landing) -> None:
    """They are kept with the reason, without a note."""
    tracker.add(tracker.make_id(1), service="staging-shop", severity="sev1")
    tracker.add(tracker.make_id(2), severity="sev3")
    tracker.add(tracker.make_id(3), severity="sev1")
    summary = landing.run(tracker, services={"*shop": "shop"}, ignore=["staging-*"], severities=["sev1", "sev2"])
    assert summary.notes == []
    reasons = dict(landing.sql("SELECT id, exclusion FROM incident ORDER BY id"))
    assert list(reasons.values()) == ["ignored service", "severity", None]


def test_the_first_run_goes_back_as_far_as_it_is_told(tracker: Any, landing: Landing) -> None:
    """``since_days``, or --since; an earlier --since reads further back, and says since when incidents are known."""
    for number, days in enumerate((400, 100, 10)):
        tracker.add(tracker.make_id(number), opened=24 * days, resolved=24 * days - 1)
    assert is_days_ago(landing.run(tracker).complete_since, 90)
    assert landing.ids() == [tracker.make_id(2)]
    long_ago = datetime.now(UTC) - timedelta(days=500)
    assert landing.run(tracker, request=Request(since=long_ago)).complete_since == long_ago
    assert landing.ids() == [tracker.make_id(number) for number in range(3)]
    assert landing.run(tracker).complete_since == long_ago


def is_days_ago(time: datetime | None, days: float) -> bool:
    """Whether a time is that many days ago, to some minutes."""
    return time is not None and abs(datetime.now(UTC) - timedelta(days=days) - time) < timedelta(minutes=10)


@pytest.mark.parametrize("hours", [-30 * 24, 30 * 24])
def test_a_wrong_clock_of_the_server_skips_nothing(tracker: Any, landing: Landing, hours: float) -> None:
    """A watermark is at most now, by the earlier of both clocks."""
    tracker.clock = timedelta(hours=hours)
    tracker.add(tracker.make_id(1))
    landing.run(tracker)
    tracker.clock = timedelta()
    tracker.add(tracker.make_id(2), opened=0)
    assert landing.run(tracker).as_of <= datetime.now(UTC)
    assert landing.ids() == [tracker.make_id(1), tracker.make_id(2)]


def test_an_incident_that_can_not_be_read_costs_itself(tracker: Any, landing: Landing) -> None:
    """It is in quarantine with the reason, and leaves it once it can be read."""
    tracker.add(tracker.make_id(1))
    tracker.add(tracker.make_id(2), more={"created": "yesterday", "created_at": "yesterday"})
    summary = landing.run(tracker)
    assert (summary.quarantined, landing.ids()) == (1, [tracker.make_id(1)])
    tracker.change(tracker.make_id(2), more={})
    landing.run(tracker)
    assert landing.ids() == [tracker.make_id(1), tracker.make_id(2)]
    assert landing.sql("SELECT count(*) FROM quarantine WHERE resolved_at IS NULL") == [(0,)]


def test_a_replay_gives_the_same_rows(tracker: Any, landing: Landing) -> None:
    """Landing can be made again from the payloads: resolved, deleted, moved and left out."""
    for number in range(4):
        tracker.add(tracker.make_id(number), opened=9 - number)
    tracker.add(tracker.make_id(4), service="Unknown")
    landing.run(tracker)
    tracker.change(tracker.make_id(0), resolved=hours_ago(1))
    tracker.change(tracker.make_id(1), service="Cart")
    del tracker.things[tracker.make_id(2)]
    landing.run(tracker)
    rows = landing.rows()
    (landing.data / "landing.duckdb").unlink()
    landing.run(tracker, replaying=True)
    assert landing.rows() == rows != []


def test_a_source_that_dora_toml_no_longer_has_is_rebuilt(tracker: Any, landing: Landing) -> None:
    """Under any name; without settings its incidents are kept and belong to no application."""
    tracker.add(tracker.make_id(1))
    landing.run(tracker)
    payloads = landing.data / "payloads"
    (payloads / tracker.source).rename(payloads / "renamed")
    (summary,) = rebuild_landing(landing.data, {})
    assert (summary.source, summary.quarantined) == ("renamed", 0)
    assert landing.sql("SELECT exclusion FROM incident") == [("no application",)]


def test_what_did_not_change_is_not_archived_again(tracker: Any, landing: Landing) -> None:
    """A second run over the same incidents adds no document but its position."""
    tracker.add(tracker.make_id(1), opened=1)
    landing.run(tracker)
    assert landing.run(tracker).tables["incident"] == {"new": 0, "changed": 0, "unchanged": 1}


def test_s6_the_token_is_nowhere(tracker: Any, landing: Landing, tmp_path: Path) -> None:
    """Neither in landing nor in payloads; a file of it that others can read is named."""
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o644)
    tracker.add(tracker.make_id(1))
    (note,) = landing.run(tracker, token_file=str(file), token_env="NONE").notes
    assert "chmod 600" in note
    files = [path for path in landing.data.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert files == []
    assert not [path for path in tracker.requests if TOKEN in path]


def test_the_token_is_missing(tracker: Any, landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unset variable is named as unset, before a request."""
    monkeypatch.delenv(configure_source(tracker.source, tracker.settings(), landing.data).settings.token_env)
    with pytest.raises(UsageError, match="is not set"):
        landing.run(tracker)
    assert tracker.requests == []


WRONG = {
    "token": ("x", "holds a secret under 'token'"),
    "token_evn": ("X", "did you mean token_env"),
    "servces": ({}, "did you mean services"),
    "since_days": (-1, "since_days"),
    "services": ({"a": "x", "A": "y"}, "both 'x' and 'y'"),
    "endpoint": ("http://example.com", "https"),
}


@pytest.mark.parametrize("key", WRONG)
def test_a_wrong_setting_is_named(tracker: Any, landing: Landing, key: str) -> None:
    """With what was meant; nothing is sent."""
    value, says = WRONG[key]
    with pytest.raises(UsageError) as raised:
        landing.run(tracker, **{key: value})
    assert says in str(raised.value)
    assert f"[sources.{tracker.source}]" in str(raised.value)
    assert tracker.requests == []


@pytest.mark.parametrize("endpoint", ["https://u:p@h", "ftp://h", "https://", "https://h/?token=x"])
def test_an_endpoint_that_could_leak_the_token_is_refused(tracker: Any, landing: Landing, endpoint: str) -> None:
    """No plain http except to this machine, no credentials and no query in the address."""
    with pytest.raises(UsageError, match="endpoint"):
        landing.run(tracker, endpoint=endpoint)


def test_the_doctor_reads_access_and_services(tracker: Any, landing: Landing) -> None:
    """It accepts the token, or says which to renew; it writes nothing."""
    tracker.add(tracker.make_id(1))
    source: Any = configure_source(tracker.source, tracker.settings(), landing.data)
    findings = list(source.doctor(SourceContext()))
    assert {finding.state for finding in findings} <= {"ok", "warn"}
    assert "ok" in {finding.state for finding in findings}
    tracker.faults.add(Fault("/", 401, times=100))
    (failure,) = source.doctor(SourceContext())
    assert (failure.state, failure.auth_failed) == ("fail", True)
    assert "renew the token" in failure.next


def test_two_systems_of_one_kind_have_names_of_their_own(tracker: Any, landing: Landing) -> None:
    """``type`` says of which kind a source is; messages name its section."""
    tracker.add(tracker.make_id(1), service="Unknown")
    settings = {"type": tracker.source, **tracker.settings()}
    source: Any = configure_source("pager2", settings, landing.data)
    assert source.name == "pager2"
    with pytest.raises(UsageError, match=r"\[sources.pager2\]"):
        configure_source("pager2", {**settings, "servces": {}}, landing.data)
