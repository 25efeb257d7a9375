"""CDEvents: the rows of each, in any order, bare or in a CloudEvent, and the events that are skipped."""

from __future__ import annotations

import copy
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dora
from dora.build.run import build
from dora.config.settings import Config
from dora.storage.rows.base import Row
from dora.storage.rows.changes import Change, ChangeRequest
from dora.storage.rows.executions import Execution, Rollout
from dora.storage.rows.incidents import IncidentEvent
from ingest.core.pipeline import Summary, pull
from ingest.core.source import Request
from ingest.files import SOURCE
from ingest.files.kinds import cdevents
from ingest.files.records import Conventions
from tests.conftest import fresh
from tests.conftest import landed as query

SHA = "4f2a" * 10
AT = "2026-03-02T10:00:00.123456Z"
AT_US = 1_772_445_600_123_456
LINK = {"linkType": "RELATION", "linkKind": "CAUSE", "target": {"contextId": "d1"}}


def event(kind: str, subject: str = "shop", at: str = AT, id: str | None = None, **content: Any) -> dict[str, Any]:
    """An event as the specification's version 0.4 writes it."""
    return {
        "context": {
            "version": "0.4.1",
            "id": id or f"{kind}-{subject}-{at}",
            "source": "/argo/prod",
            "type": f"dev.cdevents.{kind}.0.2.0",
            "timestamp": at,
        },
        "subject": {"id": subject, "source": "/argo/prod", "content": content},
    }


def deployment_event(
    kind: str = "service.deployed", at: str = AT, commit: str | None = SHA, **more: Any
) -> dict[str, Any]:
    event_ = event(kind, at=at, environment={"id": "prod"}, artifactId="pkg:oci/shop@sha256%3Aabc", **more)
    return event_ | ({"customData": {"commit": commit, "repository": "acme/shop"}} if commit else {})


def incident_event(kind: str, at: str, name: str = "i1") -> dict[str, Any]:
    event_ = event(f"incident.{kind}", name, at, description="checkout is slow", service={"id": "shop"})
    event_["context"]["links"] = [LINK]
    return event_


def to_rows(cells: dict[str, Any]) -> list[Row]:
    return cdevents.read_event(cells, Conventions()).to_rows(None)


def replaced(event_: dict[str, Any], value: object, *path: str) -> dict[str, Any]:
    """The event with another value in one field."""
    *parents, name = path
    part = event_
    for parent in parents:
        part = part[parent]
    part[name] = value
    return event_


def land_events(folder: Path, *lines: dict[str, Any], name: str = "cdevents.jsonl") -> Summary:
    path = folder / name
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return pull(SOURCE.from_settings({}, folder), fresh(folder), Request(paths=(path,)))


def open_delivery(folder: Path) -> dora.Delivery:
    build(Config(data=folder))
    return dora.open(folder / "dora.duckdb")


@pytest.mark.parametrize("kind", ["service.deployed", "service.upgraded"])
def test_a_new_version_that_serves_is_a_deployment(kind: str) -> None:
    """The service is the application; its only time is that of its traffic."""
    execution, rollout = to_rows(deployment_event(kind))
    assert isinstance(execution, Execution)
    assert isinstance(rollout, Rollout)
    assert (execution.application, execution.commit, execution.repository) == ("shop", SHA, "acme/shop")
    assert (rollout.environment, rollout.action, rollout.kind, rollout.full_traffic_at) == (
        "prod",
        "deploy",
        None,
        AT_US,
    )
    assert rollout.version == "pkg:oci/shop@sha256%3Aabc"


def test_a_rolled_back_service_is_a_rollback() -> None:
    """``service.rolledback`` is a deployment of kind rollback."""
    _, rollout = to_rows(deployment_event("service.rolledback"))
    assert isinstance(rollout, Rollout)
    assert (rollout.action, rollout.kind) == ("rollback", "rollback")


def test_the_package_url_may_contain_the_commit() -> None:
    """Its ``vcs_url`` has repository and commit if customData has none."""
    event_ = deployment_event(commit=None)
    event_["subject"]["content"]["artifactId"] = (
        f"pkg:golang/shop@1.2?vcs_url=git%2Bhttps%3A%2F%2Fgit.acme.dev%2Facme%2Fshop.git%40{SHA}"
    )
    execution, _ = to_rows(event_)
    assert isinstance(execution, Execution)
    assert (execution.repository, execution.commit) == ("acme/shop", SHA)


def test_a_merge_is_a_change() -> None:
    """The commit is the subject, or in customData if the subject is the number of the request."""
    (bare_change,) = to_rows(event("change.merged", SHA, repository={"id": "acme/shop"}))
    numbered = event("change.merged", "17", repository={"id": "acme/shop"}) | {"customData": {"commit": SHA}}
    (numbered_change,) = to_rows(numbered)
    assert isinstance(bare_change, Change)
    assert isinstance(numbered_change, Change)
    assert (bare_change.id, bare_change.merged_at, bare_change.change_request) == (f"acme/shop@{SHA}", AT_US, None)
    assert (numbered_change.id, numbered_change.change_request) == (f"acme/shop@{SHA}", "17")


def test_a_merge_without_a_commit_is_a_request() -> None:
    """It has the number of its subject and the time of the merge, and belongs to the change of git with that number."""
    for subject in ("17", "#17", "acme/shop/pull/17"):
        (request,) = to_rows(event("change.merged", subject, repository={"id": "acme/shop"}))
        assert isinstance(request, ChangeRequest)
        assert (request.id, request.number, request.merged_at, request.opened_at) == (
            "acme/shop#17", "17", AT_US, None,
        )  # fmt: skip


def test_kind_and_failure_may_be_in_custom_data() -> None:
    """As `dora export --cdevents` writes them; another word is no kind."""
    for custom, expected in (
        ({"kind": "hotfix", "outcome": "failed"}, ("hotfix", "failed")),
        ({"kind": "Release 7", "outcome": "great"}, (None, "succeeded")),
    ):
        _, rollout = to_rows(deployment_event() | {"customData": custom})
        assert isinstance(rollout, Rollout)
        assert (rollout.kind, rollout.status) == expected


def test_an_incident_is_opened_and_resolved() -> None:
    """Detected and reported open it, resolved closes it, and a link has the deployment."""
    rows = [row for kind in ("detected", "reported", "resolved") for row in to_rows(incident_event(kind, AT))]
    assert [row.event for row in rows if isinstance(row, IncidentEvent)] == ["opened", "opened", "resolved"]
    assert isinstance(rows[0], IncidentEvent)
    assert (rows[0].incident, rows[0].application, rows[0].deployment) == ("i1", "shop", "d1")


def test_an_incident_has_an_environment() -> None:
    """The event may say where it is; its id is unique in the source of the subject, else of the event."""
    event_ = incident_event("detected", AT)
    event_["subject"]["content"]["environment"] = {"id": "staging"}
    (in_staging,), (anywhere,) = to_rows(event_), to_rows(incident_event("resolved", AT))
    assert isinstance(in_staging, IncidentEvent)
    assert isinstance(anywhere, IncidentEvent)
    assert (in_staging.environment, anywhere.environment, anywhere.system) == ("staging", None, "/argo/prod")


def test_a_cloud_event_has_the_same_rows() -> None:
    """The data of a CloudEvent is an event."""
    wrapped = {
        "specversion": "1.0",
        "id": "x",
        "type": "dev.cdevents.service.deployed.0.2.0",
        "data": deployment_event(),
    }
    assert to_rows(wrapped) == to_rows(deployment_event())


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"a": 1}, "not a CDEvent"),
        ({"context": {"type": "com.github.push"}}, "not a CDEvent"),
        (deployment_event(at="yesterday"), "is not a time"),
        (event("service.deployed"), "subject.content.environment.id must not be empty"),
        (event("incident.detected", "i1"), "subject.content.service.id must not be empty"),
        (event("change.merged", " / ", repository={"id": "acme/shop"}), "no number of a request: subject.id"),
        (
            event("change.merged", "17", repository={"id": "acme/shop"}) | {"customData": {"commit": "4f2a"}},
            "customData.commit is not a full commit id",
        ),
        (event("approval.closed", "a1", status="maybe"), "subject.content.status is none of approved, rejected"),
        (event("approval.created", ""), "subject.id must not be empty"),
        (event("change.merged", SHA), "subject.content.repository.id must not be empty"),
    ],
)
def test_the_reason_of_an_unreadable_event(broken: dict[str, Any], message: str) -> None:
    """It has the path of the missing field."""
    with pytest.raises(ValueError, match=message):
        to_rows(broken)


GOOD = {
    "service": deployment_event(),
    "change": event("change.merged", SHA, repository={"id": "acme/shop"}),
    "incident": incident_event("detected", AT),
    "approval": event("approval.closed", "a1", status="approved", responder="mailto:ada@acme.dev"),
    "environment": event("environment.created", "e1", name="production"),
}


@pytest.mark.parametrize(
    ("kind", "path", "value", "message"),
    [
        ("service", "context.id", 2, "must be text"),
        ("service", "context.source", ["/argo"], "must be text"),
        ("service", "context.chainId", 7, "must be text"),
        ("service", "context.timestamp", 1_772_445_600_000, "must be text"),
        ("service", "subject.id", None, "must not be empty"),
        ("service", "subject.id", {"name": "shop"}, "must be text"),
        ("service", "subject.content", ["v1"], "must be an object"),
        ("service", "subject.content.environment", "prod", "must be an object"),
        ("service", "subject.content.artifactId", ["v1"], "must be text"),
        ("service", "customData", ["abc"], "must be an object"),
        ("service", "customData.commit", {"sha": SHA}, "must be text"),
        ("service", "customData.repository", ["acme/shop"], "must be text"),
        ("change", "subject.content.repository", "acme/shop", "must be an object"),
        ("incident", "subject.id", None, "must not be empty"),
        ("incident", "subject.content.description", {"en": "x"}, "must be text"),
        ("incident", "subject.content.environment", "staging", "must be an object"),
        ("incident", "context.links", {"target": 1}, "must be a list"),
        ("incident", "context.links", ["d1"], "must be an object"),
        ("approval", "subject.content.responder", ["ada"], "must be text"),
        ("approval", "context.chainId", 7, "must be text"),
        ("environment", "subject.content.name", {"en": "x"}, "must be text"),
        ("incident", "context.links", [LINK | {"linkType": 1}], "linkType must be text"),
        ("incident", "context.links", [LINK | {"target": "d1"}], "target must be an object"),
    ],
)
def test_a_field_of_the_wrong_type(kind: str, path: str, value: object, message: str) -> None:
    """The event is unreadable, and the reason has the path of the field."""
    broken = replaced(copy.deepcopy(GOOD[kind]), value, *path.split("."))
    with pytest.raises(ValueError, match=rf"^{path}.*{message}"):
        to_rows(broken)


def test_a_request_without_a_number_has_none() -> None:
    """A merge whose commit is in customData needs no subject."""
    event_ = event("change.merged", repository={"id": "acme/shop"}) | {"customData": {"commit": SHA}}
    (change,) = to_rows(replaced(event_, None, "subject", "id"))
    assert isinstance(change, Change)
    assert (change.sha, change.change_request) == (SHA, None)


def test_custom_data_may_be_text() -> None:
    """The specification allows any text there, which then has no commit."""
    execution, _ = to_rows(replaced(deployment_event(), "c29tZSBieXRlcw==", "customData"))
    assert isinstance(execution, Execution)
    assert execution.commit is None


def test_an_unreadable_event_spoils_no_other(tmp_path: Path) -> None:
    """Its neighbours land, and the quarantine has its line and field."""
    bad = replaced(deployment_event(), ["v1"], "subject", "content", "artifactId")
    summary = land_events(
        tmp_path, event("service.deployed", id="a", environment={"id": "prod"}), bad, incident_event("detected", AT)
    )
    assert (summary.documents, summary.quarantined) == (3, 1)
    assert query(tmp_path, "SELECT (SELECT count(*) FROM rollout), (SELECT count(*) FROM incident_event)") == [(1, 1)]
    ((reason,),) = query(tmp_path, "SELECT reason FROM quarantine")
    assert reason.endswith("cdevents.jsonl:2: subject.content.artifactId must be text")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
fields = st.fixed_dictionaries({}, optional=dict.fromkeys(("context", "subject", "customData", "data"), json_values))
kinds = sorted(cdevents._DEPLOYMENTS.union(cdevents._ROWS))
paths = st.sampled_from([
    ("context",), ("context", "id"), ("context", "source"), ("context", "chainId"), ("context", "links"),
    ("context", "timestamp"), ("subject",), ("subject", "id"), ("subject", "source"), ("subject", "content"),
    ("subject", "content", "environment"), ("subject", "content", "artifactId"), ("subject", "content", "service"),
    ("subject", "content", "repository"), ("subject", "content", "description"), ("customData",),
])  # fmt: skip


@given(st.sampled_from(sorted(GOOD)), paths, json_values)
def test_any_value_of_a_field_is_rows_of_text_or_an_error(kind: str, path: tuple[str, ...], value: object) -> None:
    """No field of a row is a list, an object or the name of a null, whatever the event has there."""
    try:
        rows = to_rows(replaced(copy.deepcopy(GOOD[kind]), value, *path))
        cells = [getattr(row, name) for row in rows for name in row.__struct_fields__]
    except ValueError:
        return
    assert all(isinstance(cell, str | int | None) for cell in cells)
    assert "None" not in cells


@given(fields, st.sampled_from(kinds), st.booleans())
def test_any_json_is_rows_or_an_error(cells: dict[str, Any], kind: str, typed: bool) -> None:
    """An event with any JSON in its fields has rows or raises ``ValueError``."""
    if typed:
        cells = cells | {"context": {"type": f"dev.cdevents.{kind}.0.2.0", "id": "x", "timestamp": AT}}
    try:
        to_rows(cells)
    except ValueError:
        return


def test_events_give_the_metrics(tmp_path: Path) -> None:
    """Two deployments and an incident in two files, its resolution first: one failure, recovered in 1 h."""
    first, second = (
        deployment_event(at="2026-03-02T10:00:00Z"),
        deployment_event(at="2026-03-03T10:00:00Z", commit="5" * 40),
    )
    first["context"]["id"] = "d1"
    second["subject"]["content"]["artifactId"] = "pkg:oci/shop@sha256%3Adef"
    land_events(tmp_path, incident_event("resolved", "2026-03-02T11:00:00Z"), second)
    land_events(tmp_path, first, incident_event("detected", "2026-03-02T10:30:00Z"), name="cdevents-2.jsonl")
    delivery = open_delivery(tmp_path)
    (failures,) = delivery.metric("change_failure_rate").rows
    (recovery,) = delivery.metric("recovery_time").rows
    assert (failures.n, failures.value) == (2, 0.5)
    assert (recovery.n, recovery.value, recovery.open) == (1, 1.0, 0)


def test_two_sources_number_their_events(tmp_path: Path) -> None:
    """Each keeps all of its events: of one service or of two, in one file or in two."""
    lines = []
    for source, other in (("/argo/eu", "mail"), ("/argo/us", "search")):
        lines += [
            event("service.deployed", "shop", id="0", environment={"id": "prod"}),
            event("service.deployed", other, id="1", environment={"id": "prod"}),
            event("incident.detected", "i1", id="2", service={"id": "shop"}),
        ]
        for line in lines[-3:]:
            line["context"]["source"] = line["subject"]["source"] = source
    assert land_events(tmp_path, *lines, *lines[:2]).quarantined == 0
    land_events(tmp_path, *lines[3:], name="us-cdevents.jsonl")
    assert query(tmp_path, "SELECT application, external_id, system FROM execution ORDER BY ALL") == [
        ("mail", "1", "/argo/eu"),
        ("search", "1", "/argo/us"),
        ("shop", "0", "/argo/eu"),
        ("shop", "0", "/argo/us"),
    ]
    assert query(tmp_path, "SELECT id, system FROM incident_event ORDER BY ALL") == [
        ("/argo/eu#2", "/argo/eu"),
        ("/argo/us#2", "/argo/us"),
    ]


def test_a_chain_is_one_deployment(tmp_path: Path) -> None:
    """Events of one chain, service and artifact have one root, whatever their source; a rollback has its own."""
    lines = []
    for chain, source, kind, artifact in (
        ("c1", "/argo/eu", "deployed", "v1"),
        ("c1", "/argo/us", "upgraded", "v1"),
        ("c1", "/argo/us", "upgraded", "v2"),
        ("c1", "/argo/us", "rolledback", "v1"),
        ("c2", "/argo/us", "deployed", "v1"),
        (None, "/argo/us", "deployed", "v1"),
    ):
        event_ = event(f"service.{kind}", id=f"d{len(lines)}", environment={"id": "prod"}, artifactId=artifact)
        lines.append(event_ | {"context": event_["context"] | {"source": source, "chainId": chain}})
    land_events(tmp_path, *lines)
    assert query(tmp_path, "SELECT id, root_id FROM execution ORDER BY id") == [
        ("d0", "c1/shop/v1"),
        ("d1", "c1/shop/v1"),
        ("d2", "c1/shop/v2"),
        ("d3", "c1/shop/v1/rollback"),
        ("d4", "c2/shop/v1"),
        ("d5", "d5"),
    ]


def approval_event(kind: str, at: str, chain: str | None = None, **content: str) -> dict[str, Any]:
    """An approval as the specification has it since 0.5."""
    event_ = event(f"approval.{kind}", "a1", at, approvalDetailsUrl="https://acme.dev/a1", **content)
    event_["context"] |= {"specversion": "0.5.0"} | ({"chainId": chain} if chain else {})
    return event_


def test_approvals_are_those_of_the_deployments_of_their_chain(tmp_path: Path) -> None:
    """Opened and closed, in any order; without a chain a link names one; after its traffic it is a verification."""
    deployments = []
    for id_, chain, at in (("d1", "c1", "2026-03-02T10:00:00Z"), ("d2", None, "2026-03-03T10:00:00Z")):
        event_ = event("service.deployed", at=at, id=id_, environment={"id": "prod"}, artifactId=f"v-{id_}")
        deployments.append(event_ | {"context": event_["context"] | {"chainId": chain}})
    closed = approval_event("closed", "2026-03-02T09:30:00Z", "c1", status="approved", responder="mailto:ada@acme.dev")
    after = approval_event("closed", "2026-03-03T11:00:00Z", status="rejected", responder="urn:acme:bo")
    after["subject"]["id"] = "a2"
    after["context"]["links"] = [LINK | {"target": {"contextId": "d2"}}]
    waiting = approval_event("created", "2026-03-02T08:00:00Z", "other chain")
    waiting["subject"]["id"] = "a3"
    land_events(tmp_path, closed, *deployments, after, waiting, approval_event("created", "2026-03-02T09:00:00Z", "c1"))
    delivery = open_delivery(tmp_path)
    columns = "approval_id, deployment_id, role, outcome, decision, decided_by, prompt, waited_minutes"
    assert [tuple(row.values()) for row in delivery.sql(f"SELECT {columns} FROM approvals ORDER BY 1")] == [
        (
            "a1", "shop/c1/shop/v-d1@files", "approval", "decided", "continue", "ada@acme.dev",
            "https://acme.dev/a1", 30.0,
        ),
        ("a2", "shop/d2@files", "verification", "decided", "stop", "urn:acme:bo", "https://acme.dev/a1", None),
    ]  # fmt: skip
    (wait,) = delivery.metric("approval_wait").rows
    assert (wait.n, wait.value) == (1, 0.5)


def test_an_environment_has_a_name(tmp_path: Path) -> None:
    """Deployments and incidents that have its id are those of its latest name, if all systems agree on it."""
    lines = [
        event("environment.created", "e1", "2026-03-01T10:00:00Z", name="preview"),
        event("service.deployed", "shop", "2026-03-02T10:00:00Z", environment={"id": "e1"}, artifactId="v1"),
        event("service.deployed", "mail", "2026-03-02T10:00:00Z", environment={"id": "e2"}, artifactId="v1"),
        event("service.deployed", "auth", "2026-03-02T10:00:00Z", environment={"id": "e3"}, artifactId="v1"),
        event("environment.modified", "e1", "2026-03-01T11:00:00Z", name="production"),
        event("environment.created", "e2", "2026-03-01T10:00:00Z", name="staging"),
        event("environment.created", "e3", "2026-03-01T10:00:00Z", name="production"),
        event("environment.deleted", "e1", "2026-03-05T11:00:00Z"),
    ]
    other = event("environment.created", "e3", "2026-03-01T10:30:00Z", name="production of another cloud")
    other["subject"]["source"] = "/another"
    assert land_events(tmp_path, *lines, other).quarantined == 0
    assert open_delivery(tmp_path).sql("SELECT deployment_id FROM deployments") == [
        {"deployment_id": f"shop/{lines[1]['context']['id']}@files"}
    ]


def test_merges_without_a_commit_are_counted(tmp_path: Path) -> None:
    """A note says what becomes of them; the change of git with their number keeps what else is known of its request."""
    lines = [event("change.merged", number, repository={"id": "acme/shop"}) for number in ("17", "18")]
    summary = land_events(tmp_path, *lines)
    assert summary.quarantined == 0
    assert [note for note in summary.notes if "without a commit id" in note] == [
        f"{tmp_path}/cdevents.jsonl: 2 {cdevents.NO_COMMIT}"
    ]


def test_an_incident_outside_production_is_none(tmp_path: Path) -> None:
    """An incident of staging blames no deployment; one of production does, and so does one of no environment."""
    event_ = event("service.deployed", at="2026-03-02T10:00:00Z", id="d1", environment={"id": "production"})
    lines = [event_]
    for name, environment in (("i1", {"id": "staging"}), ("i2", {"id": "Production"}), ("i3", None)):
        lines.append(incident_event("detected", "2026-03-02T11:00:00Z", name))
        lines[-1]["subject"]["content"]["environment"] = environment
        lines.append(incident_event("resolved", "2026-03-02T12:00:00Z", name))
    land_events(tmp_path, *lines)
    rows = open_delivery(tmp_path).sql("SELECT incident_id, deployment_id FROM incidents ORDER BY 1")
    assert [tuple(row.values()) for row in rows] == [("i2", "shop/d1@files"), ("i3", "shop/d1@files")]


def test_any_order_of_events_has_the_same_rows(tmp_path: Path) -> None:
    """Shuffled, repeated and split over files, the incidents are the same."""
    lines = [
        incident_event(kind, f"2026-03-0{day}T10:00:00Z", f"i{day}")
        for day in (2, 3)
        for kind in ("detected", "resolved")
    ]
    lines += [
        incident_event("detected", "2026-03-04T10:00:00Z", "i4"),
        incident_event("resolved", "2026-03-05T10:00:00Z", "i5"),
    ]
    incidents = []
    for seed in range(3):
        folder = tmp_path / str(seed)
        folder.mkdir()
        draw = random.Random(seed)
        shuffled = draw.sample(lines + lines[:2], len(lines) + 2)
        land_events(folder, *shuffled[:3], name="a-cdevents.jsonl")
        land_events(folder, *shuffled[3:], name="b-cdevents.jsonl")
        incidents.append(
            open_delivery(folder).sql("SELECT incident_id, opened_at, resolved_at FROM incidents ORDER BY 1")
        )
    assert incidents[0] == incidents[1] == incidents[2]
    assert [(row["incident_id"], row["resolved_at"] is None) for row in incidents[0]] == [
        ("i2", False),
        ("i3", False),
        ("i4", True),
    ]
    assert incidents[0][0]["opened_at"].replace(tzinfo=UTC) == datetime(2026, 3, 2, 10, tzinfo=UTC)


def test_skipped_events_are_counted(tmp_path: Path) -> None:
    """A note counts the events of other kinds; what is not an event is quarantined."""
    summary = land_events(
        tmp_path, event("build.started"), event("build.started", "b"), event("testcase.finished"), {"a": 1}
    )
    assert summary.quarantined == 1
    assert [note for note in summary.notes if "skipped events" in note] == [
        f"{tmp_path}/cdevents.jsonl: skipped events of other kinds: 2 build.started, 1 testcase.finished"
    ]
    assert not [note for note in summary.notes if "ignored columns" in note and "context" in note]
