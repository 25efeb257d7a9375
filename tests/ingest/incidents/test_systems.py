"""What only one system has: the limits of PagerDuty's lists, Jira's JQL and components, GitHub's labels."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from dora.errors import DoraError, UsageError
from ingest import configure_source
from ingest.doctor.finding import DoctorFinding, SourceContext
from tests.conftest import ROOT
from tests.ingest.incidents.conftest import Landing
from tests.simulation.api_double import hours_ago, serve_double
from tests.simulation.fault_injection import Fault
from tests.simulation.trackers import DOUBLES

DAY = 24


@contextmanager
def served(name: str) -> Iterator[Any]:
    with serve_double(DOUBLES[name]()) as double:
        yield double


def diagnose(double: Any, landing: Landing, **more: Any) -> list[DoctorFinding]:
    source: Any = configure_source(double.source, double.settings(**more), landing.data)
    return list(source.doctor(SourceContext()))


# --- all ------------------------------------------------------------------------------------------


def test_the_examples_of_the_documents_are_settings(landing: Landing) -> None:
    """Each source of docs/incidents.md, and of the example file without its comment signs."""
    page, example = ((ROOT / name).read_text() for name in ("docs/incidents.md", "dora.example.toml"))
    example = example[example.index("# Incidents where they live") : example.index("[definitions]")]
    lines = [re.sub(r"^# (?=\[|[\w\"* -]+ = )", "", line) for line in example.splitlines()]
    configured = set()
    for text in (*re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL), "\n".join(lines)):
        for name, settings in tomllib.loads(text)["sources"].items():
            configured.add(configure_source(name, settings, landing.data).name)
    assert configured >= {"pagerduty", "jira", "github_issues", "pagerduty-export", "jira-export", "github-deployments"}


# --- PagerDuty ------------------------------------------------------------------------------------


def test_pagerduty_reads_more_than_its_lists_show(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    """A window with more entries than the API pages through is halved, several times if it must be."""
    monkeypatch.setattr("ingest.pagerduty.MAX_ENTRIES", 100)
    with served("pagerduty") as pagerduty:
        pagerduty.max_entries = 100  # the double refuses higher offsets, as PagerDuty does from 10,000 on
        for number in range(320):
            pagerduty.add(pagerduty.make_id(number), opened=2 + number / 500, resolved=1 + number / 500)
        landing.run(pagerduty)
        assert len(landing.ids()) == 320


def test_pagerduty_is_asked_for_less_than_six_months(landing: Landing) -> None:
    """Two years are read in windows that the API allows; an old incident that is resolved now is in the log."""
    with served("pagerduty") as pagerduty:
        pagerduty.add("P1", opened=700 * DAY, resolved=699 * DAY)
        pagerduty.add("P2", opened=300 * DAY)
        landing.run(pagerduty, since_days=730)
        assert landing.ids() == ["P1", "P2"]
        pagerduty.change("P2", resolved=hours_ago(0), severity="P1")
        pagerduty.change("P1", severity="P3")
        landing.run(pagerduty, since_days=730)
        assert landing.sql("SELECT severity, resolved_at IS NULL FROM incident ORDER BY id") == [
            ("P3", False), ("P1", False)
        ]  # fmt: skip


def test_the_first_run_needs_no_log_of_pagerduty(landing: Landing) -> None:
    """The incidents that it lists are as they are now; the next run asks the log what happened to older ones."""
    with served("pagerduty") as pagerduty:
        pagerduty.add("P1", opened=5, resolved=4)
        for reads_log in (False, True):
            pagerduty.requests.clear()
            landing.run(pagerduty)
            assert any("/log_entries" in path for path in pagerduty.requests) == reads_log


def test_a_service_of_pagerduty_may_be_written_out_by_its_id(landing: Landing) -> None:
    """An id is a name where it is written out; no glob matches it."""
    with served("pagerduty") as pagerduty:
        pagerduty.add("P1", service="Shop")
        pagerduty.add("P2", service="Cart")
        landing.run(pagerduty, services={"PSHOP": "shop", "P*": "wrong", "cart": "cart"})
        assert landing.sql("SELECT application FROM incident ORDER BY id") == [("shop",), ("cart",)]


def test_the_doctor_names_services_and_globs_that_do_not_meet(landing: Landing) -> None:
    """A service without application, a name without service, each with the nearest; several applications fail."""
    with served("pagerduty") as pagerduty:
        findings = diagnose(pagerduty, landing, services={"Shoop": "shop", "C*": "cart", "*rt": "basket"})
    messages = [finding.message for finding in findings]
    assert messages == [
        f"{pagerduty.url} accepts the token",
        "several applications: 'Cart' matches 'C*' (cart), '*rt' (basket)",
        "1 service of 2 without an application: Shop; nearest: Shoop",
        "names that match no service: Shoop; nearest: Shop",
    ]
    assert [finding.state for finding in findings] == ["ok", "fail", "warn", "warn"]


# --- Jira -----------------------------------------------------------------------------------------


def test_an_issue_of_two_components_is_an_incident_of_both(landing: Landing) -> None:
    """Each application has a row; one that it is taken from has none that counts."""
    with served("jira") as jira:
        components = [{"name": "Shop"}, {"name": "Cart"}]
        jira.add("10001", opened=5, more={"components": components})
        services = {"Shop": "shop", "Cart": "cart"}
        landing.run(jira, services=services)
        state = "SELECT id, application, exclusion FROM incident ORDER BY id"
        assert landing.sql(state) == [("10001", "cart", None), ("10001~shop", "shop", None)]
        jira.change("10001", more={"components": components[1:]}, resolved=hours_ago(1))
        landing.run(jira, services=services)
        assert landing.sql(state) == [("10001", "cart", None), ("10001~shop", "shop", "moved")]


def test_an_issue_without_a_known_component_belongs_to_its_project(landing: Landing) -> None:
    """By the key or the name of the project."""
    with served("jira") as jira:
        jira.add("10001", service="Unknown")
        landing.run(jira, services={"Payments": "pay"})
        assert landing.sql("SELECT application FROM incident") == [("pay",)]


def test_an_open_issue_that_the_query_no_longer_finds_is_no_incident(landing: Landing) -> None:
    """Its type has changed: it does not stay open for ever."""
    with served("jira") as jira:
        jira.add("10001", opened=5)
        jira.add("10002", opened=5)
        landing.run(jira)
        jira.change("10001", more={"no_incident": True})
        landing.run(jira)
        assert landing.sql("SELECT id, exclusion FROM incident ORDER BY id") == [
            ("10001", "not an incident"), ("10002", None)
        ]  # fmt: skip


def test_fields_of_ones_own_take_precedence(landing: Landing) -> None:
    """When it began and ended, how severe it is, which deployment and commit caused it."""
    with served("jira") as jira:
        jira.add("10001", opened=5, resolved=1, more={
            "customfield_1": "2026-03-02T10:00:00.000+0100", "customfield_2": "2026-03-02T11:00:00.000+0100",
            "customfield_3": {"value": "SEV1"}, "customfield_4": "4f2a6c1", "customfield_5": ["01JV0DEP"],
        })  # fmt: skip
        names = ("opened", "resolved", "severity", "commit", "deployment")
        fields = {f"{name}_field": f"customfield_{number}" for number, name in enumerate(names, 1)}
        landing.run(jira, since_days=9999, **fields)
    columns = "opened_at::VARCHAR, resolved_at::VARCHAR, severity, commit, deployment"
    assert landing.sql(f"SELECT {columns} FROM incident") == [
        ("2026-03-02 09:00:00", "2026-03-02 10:00:00", "SEV1", "4f2a6c1", "01JV0DEP")
    ]


def test_a_server_that_counts_more_than_it_shows_is_not_believed(landing: Landing) -> None:
    """Issues that leave the list between two pages move the others: the list is read again."""
    with served("jira server") as jira:
        for number in range(120):
            jira.add(jira.make_id(number), opened=200 - number, resolved=1)

        def delete(path: str) -> None:
            if "startAt=49" in path:
                for number in range(3):
                    jira.things.pop(jira.make_id(number), None)

        jira.before = delete
        landing.run(jira)
        assert landing.ids() == [jira.make_id(number) for number in range(120)]


@pytest.mark.parametrize("jql", ["", " ", "project = PAY ORDER BY created"])
def test_a_query_has_no_order(landing: Landing, jql: str) -> None:
    """The source adds its own."""
    with served("jira") as jira, pytest.raises(UsageError, match="jql"):
        landing.run(jira, jql=jql)


def test_a_wrong_query_is_named(landing: Landing) -> None:
    """By the run and by the doctor."""
    with served("jira") as jira:
        with pytest.raises(DoraError, match="answered 400"):
            landing.run(jira, jql="type = ")
        assert diagnose(jira, landing, jql="type = ")[-1].state == "fail"


# --- GitHub ---------------------------------------------------------------------------------------


def test_an_issue_that_loses_its_label_is_no_incident(landing: Landing) -> None:
    """And counts again once it has it back; pull requests and other issues are never read."""
    with served("github_issues") as github:
        github.add("acme/shop#1", opened=5, resolved=4)
        github.add("acme/shop#2", more={"labels": ["bug"]})
        github.add("acme/shop#3", more={"pull": True})
        landing.run(github)
        assert landing.ids() == ["acme/shop#1"]
        github.change("acme/shop#1", more={"labels": ["Shop"]})
        landing.run(github)
        assert landing.sql("SELECT exclusion FROM incident") == [("not an incident",)]
        github.change("acme/shop#1", more={})
        landing.run(github)
        assert landing.sql("SELECT exclusion FROM incident") == [(None,)]


def test_an_issue_belongs_to_its_label_else_to_its_repository(landing: Landing) -> None:
    """Several labels may name several applications."""
    with served("github_issues") as github:
        github.add("acme/shop#1", more={"labels": ["incident", "service:cart"]})
        github.add("acme/shop#2", more={"labels": ["incident"]})
        landing.run(github, services={"service:*": "*", "acme/*": "*"})
        assert landing.sql("SELECT application FROM incident ORDER BY id") == [("cart",), ("shop",)]


def test_pages_without_links_are_read_by_number(landing: Landing) -> None:
    """Where a proxy removes the header that names the next page."""
    with served("github_issues") as github:
        github.links = False
        for number in range(120):
            github.add(github.make_id(number), opened=2 + number, resolved=1)
        landing.run(github)
        assert len(landing.ids()) == 120


def test_a_transferred_issue_does_not_stay_open(landing: Landing) -> None:
    """GitHub redirects to its new place, which is not followed."""
    with served("github_issues") as github:
        github.add("acme/shop#1")
        landing.run(github)
        github.transferred.add("acme/shop#1")
        del github.things["acme/shop#1"]
        landing.run(github)
        assert landing.sql("SELECT exclusion FROM incident") == [("transferred",)]


def test_a_repository_that_fails_does_not_stop_the_others(landing: Landing) -> None:
    """It is named, its position stays, and the incidents are known up to where all were read."""
    with served("github_issues") as github:
        github.add("acme/shop#1", opened=5, resolved=4)
        summary = landing.run(github, repositories=["acme/none", "acme/shop"])
        assert [failure[:10] for failure in summary.partial_failures] == ["acme/none:"]
        assert (landing.ids(), summary.as_of, len(landing.watermarks())) == (["acme/shop#1"], None, 1)


def test_a_rate_limit_of_github_is_waited_out(landing: Landing) -> None:
    """Its primary limit is a 403 without a time to wait, which is no refusal of the repository."""
    with served("github_issues") as github:
        github.add("acme/shop#1")
        github.faults.add(Fault("/", 403, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}))
        assert landing.run(github).partial_failures == []
        assert landing.ids() == ["acme/shop#1"]


def test_a_repository_that_only_holds_incidents_needs_no_label(landing: Landing) -> None:
    """``labels = ["*"]`` matches an issue without labels too."""
    with served("github_issues") as github:
        github.add("acme/shop#1", more={"labels": []})
        landing.run(github, labels=["*"], services={"acme/shop": "shop"})
        assert landing.sql("SELECT application FROM incident") == [("shop",)]


@pytest.mark.parametrize("slug", ["acme", "acme/..", "-a/b", "a/b/c", "a/b?x=1"])
def test_a_repository_is_only_a_name(landing: Landing, slug: str) -> None:
    """A name that leads to another page of the API is refused."""
    with served("github_issues") as github, pytest.raises(UsageError, match="owner/name"):
        landing.run(github, repositories=[slug])
