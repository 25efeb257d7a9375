"""Exports of other systems as they are: columns by their own names, words by their meanings, nested JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dora.errors import UsageError
from ingest.core.mapping import AmbiguousNameError, GlobMapping
from ingest.core.pipeline import Summary, pull
from ingest.core.source import Request
from ingest.files import SOURCE
from ingest.files.settings import read_settings
from tests.conftest import fresh
from tests.conftest import landed as query

PAGERDUTY = """Incident Number,Title,Service,Urgency,Created On,Resolved On,Resolved By
4711,Checkout is down,Ledger API (prod),High,2026-03-02 10:00:00 -0500,2026-03-02 11:30:00 -0500,Ada
4712,Slow carts,Payments EU,Low,2026-03-03 09:00:00 UTC,,
"""
JIRA = """Issue key,Summary,Created,Resolved,Component/s,Component/s,Custom field (Severity),Labels,Labels
PAY-1,Checkout is down,02/Mar/26 10:04 AM,02/Mar/26 1:30 PM,,Ledger,SEV1,a,b
PAY-2,"Carts, slow",03/Mar/26 9:00 AM,,Cart,,SEV3,,
"""
GITHUB = [
    {"id": 1, "sha": "a" * 40, "ref": "main", "environment": "production", "created_at": "2026-03-02T10:00:00Z",
     "creator": {"login": "ada"}, "payload": {"version": "v7"}, "repository_url": "https://api.github.com/repos/acme/shop",
     "statuses": [{"state": "success", "created_at": "2026-03-02T10:05:00Z"}], "updated_at": "2026-03-02T10:05:00Z"},
    {"id": 2, "sha": "b" * 40, "ref": "main", "environment": "production", "created_at": "2026-03-03T10:00:00Z",
     "creator": {"login": "bob"}, "payload": {}, "repository_url": "https://api.github.com/repos/acme/shop",
     "statuses": [{"state": "error", "created_at": "2026-03-03T10:02:00Z"}], "updated_at": "2026-03-03T10:02:00Z"},
]  # fmt: skip


def land(data: Path, name: str, content: str, **settings: Any) -> Summary:
    path = fresh(data) / name
    path.write_text(content)
    return pull(SOURCE(read_settings(settings)), data, Request(paths=(path,)))


PAGERDUTY_COLUMNS = {
    "id": "Incident Number", "application": "Service", "opened_at": "Created On", "resolved_at": "Resolved On",
    "title": "Title", "severity": "Urgency",
}  # fmt: skip


def test_an_export_of_pagerduty_is_read_as_it_is(tmp_path: Path) -> None:
    """Its columns by their names, its services as applications; offsets after a blank and the name of UTC."""
    values = {"application": {"Ledger*": "ledger", "Payments *": "pay-*"}}
    summary = land(tmp_path, "incidents.csv", PAGERDUTY, columns=PAGERDUTY_COLUMNS, values=values)
    assert (summary.quarantined, summary.partial_failures) == (0, [])
    assert [note.partition(": ")[2] for note in summary.notes] == ["ignored columns: Resolved By"]
    rows = query(tmp_path, "SELECT id, application, opened_at::VARCHAR, resolved_at::VARCHAR, severity FROM incident")
    assert sorted(rows) == [
        ("4711", "ledger", "2026-03-02 15:00:00", "2026-03-02 16:30:00", "High"),
        ("4712", "pay-EU", "2026-03-03 09:00:00", None, "Low"),
    ]


def test_an_export_of_jira_is_read_as_it_is(tmp_path: Path) -> None:
    """Its columns repeat, its times have a format of their own and no zone; the kind is in the settings."""
    columns = {
        "id": "Issue key", "application": "Component/s", "opened_at": "Created", "resolved_at": "Resolved",
        "severity": "Custom field (Severity)", "title": "Summary",
    }  # fmt: skip
    summary = land(
        tmp_path, "Jira.csv", JIRA, kind="incidents", time_format="%d/%b/%y %I:%M %p", timezone="Europe/Berlin",
        columns={"incidents": columns}, values={"incidents": {"application": {"Ledger": "ledger", "cart": "cart"}}},
    )  # fmt: skip
    assert (summary.quarantined, summary.partial_failures) == (0, [])
    rows = query(tmp_path, "SELECT id, application, opened_at::VARCHAR, resolved_at::VARCHAR, title FROM incident")
    assert sorted(rows) == [
        ("PAY-1", "ledger", "2026-03-02 09:04:00", "2026-03-02 12:30:00", "Checkout is down"),
        ("PAY-2", "cart", "2026-03-03 08:00:00", None, "Carts, slow"),
    ]


def test_deployments_of_github_are_read_as_they_are(tmp_path: Path) -> None:
    """Nested values by their path, also in a list; a constant; several places, of which the first not empty counts."""
    columns = {
        "application": {"value": "shop"}, "status": "statuses.state", "finished_at": ["deployed_at", "updated_at"],
        "started_at": "created_at", "commit": "sha", "version": ["payload.version", "ref"],
        "triggered_by": "creator.login", "repository": "repository_url", "environment": "environment",
    }  # fmt: skip
    values = {"repository": {"https://api.github.com/repos/*": "*"}, "status": {"success": "succeeded"}}
    summary = land(tmp_path, "deployments.json", json.dumps(GITHUB), columns=columns, values=values)
    assert (summary.quarantined, summary.partial_failures) == (0, [])
    read = "e.status, e.triggered_by, e.repository, e.commit, r.version, e.finished_at::VARCHAR"
    assert query(tmp_path, f"SELECT {read} FROM execution e JOIN rollout r USING (source, id) ORDER BY e.id") == [
        ("succeeded", "ada", "acme/shop", "a" * 40, "v7", "2026-03-02 10:05:00"),
        ("failed", "bob", "acme/shop", "b" * 40, "main", "2026-03-03 10:02:00"),
    ]


def test_the_rows_of_a_reply_are_inside_of_it(tmp_path: Path) -> None:
    """As the APIs of trackers and GraphQL answer; a file without that list is refused."""
    issue = {"key": "PAY-1", "fields": {"created": "2026-03-02T10:00:00.000+0100", "components": [{"name": "shop"}]}}
    columns = {"id": "key", "application": "fields.components.name", "opened_at": "fields.created"}
    columns["resolved_at"] = "fields.resolutiondate"
    settings = {"kind": "incidents", "columns": columns}
    text = json.dumps({"data": {"issues": [issue, 7]}})
    assert land(tmp_path, "search.json", text, **settings, records="data.issues").quarantined == 1
    assert query(tmp_path, "SELECT id, application, opened_at::VARCHAR, resolved_at FROM incident") == [
        ("PAY-1", "shop", "2026-03-02 09:00:00", None)
    ]
    with pytest.raises(UsageError, match="it has no list at issues"):
        land(tmp_path, "search.json", text, **settings, records="issues")


def test_a_replay_reads_payloads_by_the_mapping_of_today(tmp_path: Path) -> None:
    """Payloads have the cells of the export: another mapping gives other rows without the file."""
    land(tmp_path, "incidents.csv", PAGERDUTY, columns=PAGERDUTY_COLUMNS)
    assert query(tmp_path, "SELECT application FROM incident WHERE id = '4711'") == [("Ledger API (prod)",)]
    settings = read_settings({"columns": PAGERDUTY_COLUMNS, "values": {"application": {"ledger*": "ledger"}}})
    pull(SOURCE(settings), tmp_path, Request(), replaying=True)
    assert query(tmp_path, "SELECT application FROM incident WHERE id = '4711'") == [("ledger",)]


def test_a_place_that_the_file_does_not_have_is_named(tmp_path: Path) -> None:
    """With the nearest of its columns: of a required one the file is refused, of another one a note says it."""
    with pytest.raises(UsageError, match=r"reads opened_at = 'Created' \(did you mean 'Created On'\?\)"):
        land(tmp_path, "incidents.csv", PAGERDUTY, columns={**PAGERDUTY_COLUMNS, "opened_at": "Created"})
    summary = land(tmp_path, "incidents.csv", PAGERDUTY, columns={**PAGERDUTY_COLUMNS, "title": "Titel"})
    assert any("title = 'Titel' (did you mean 'Title'?)" in note for note in summary.notes)


def test_an_absent_column_is_not_an_empty_one(tmp_path: Path) -> None:
    """A failure without any column of traffic took traffic when it finished, also with a mapping that names one."""
    text = "Build,app,environment,status,finished_at\n1,shop,prod,failed,2026-03-02T10:00Z\n"
    columns = {"id": "Build", "application": "app", "first_traffic_at": "Live"}
    land(tmp_path, "deployments.csv", text, columns=columns)
    assert query(tmp_path, "SELECT first_traffic_at IS NOT NULL FROM rollout") == [(True,)]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "column": ({"columns": {"aplication": "Service"}}, "did you mean application?"),
    "column of a kind": ({"columns": {"incidents": {"status": "State"}}}, "columns.incidents has status"),
    "place": ({"columns": {"id": 3}}, "columns.id must be"),
    "constant": ({"columns": {"id": {"valu": "x"}}}, "columns.id must be"),
    "words": ({"values": {"status": "done"}}, "values.status must be a table"),
    "meanings": ({"values": {"status": {"Done": "failed", "done": "succeeded"}}}, "both 'failed' and 'succeeded'"),
    "setting": ({"colums": {}}, "did you mean columns?"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_mapping_is_an_error_that_says_what_was_meant(wrong: str) -> None:
    """Before a file is read."""
    settings, says = WRONG[wrong]
    with pytest.raises(UsageError) as raised:
        read_settings(settings)
    assert says in str(raised.value)


def test_a_word_that_means_two_things_costs_its_line(tmp_path: Path) -> None:
    """It is in quarantine with both globs; a word that is written out decides."""
    values = {"application": {"Ledger*": "ledger", "*(prod)": "prod"}}
    summary = land(tmp_path, "incidents.csv", PAGERDUTY, columns=PAGERDUTY_COLUMNS, values=values)
    assert summary.quarantined == 1
    ((reason,),) = query(tmp_path, "SELECT reason FROM quarantine")
    assert "matches 'Ledger*' (ledger), '*(prod)' (prod)" in reason


@given(st.text(max_size=8), st.text(max_size=8), st.text(max_size=8))
def test_a_glob_matches_its_ends_and_gives_its_middle(before: str, middle: str, after: str) -> None:
    """Whatever is around ``*`` is literal text, brackets too."""
    literal = [text.replace("*", "").replace("?", "") for text in (before, after)]
    glob, name = "*".join(literal), middle.join(literal)
    value = GlobMapping({glob: "<*>"}).find(name)
    assert value is not None
    if not any(literal):
        assert value == f"<{middle}>"
    assert GlobMapping({glob: "a", f"{glob}": "a"}).find(name) == "a"


def test_two_globs_with_one_value_are_not_ambiguous() -> None:
    """Only two values are; a name that is written out takes precedence."""
    mapping = GlobMapping({"pay-*": "pay", "*-eu": "pay", "*": "rest"})
    with pytest.raises(AmbiguousNameError, match="pay-eu"):
        mapping.find("pay-eu")
    assert GlobMapping({"pay-*": "pay", "*-eu": "pay", "PAY-EU": "x"}).find("pay-eu") == "x"
    assert GlobMapping({"pay-*": "pay", "*-eu": "pay"}).find("Pay-EU") == "pay"
    assert mapping.list_unused(["other"]) == ["pay-*", "*-eu"]
