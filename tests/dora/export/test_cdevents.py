"""Exported CDEvents: their schema, their links, and that reading them again gives the same numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packageurl import PackageURL

import dora
from dora.errors import DoraError, UsageError
from dora.export import cdevents
from dora.query.value import EVERYTHING, Scope

AS_OF = datetime(2026, 3, 20, tzinfo=UTC)
SHA = "4f2a" * 10
FACTS = {
    "deployments": f"""
id | application | environment | status    | started_at        | finished_at       | version       | kind     | commit
d1 | shop        | prod        | succeeded | 2026-03-02T08:00Z | 2026-03-02T08:10Z | reg.io/shop:1 |          | {SHA}
d2 | shop        | prod        | succeeded | 2026-03-03T08:00Z | 2026-03-03T08:10Z | reg.io/shop:2 |          |
d3 | shop        | prod        | succeeded | 2026-03-03T09:00Z | 2026-03-03T09:10Z | reg.io/shop:1 | rollback |
d4 | pay         | prod        | succeeded | 2026-03-04T08:00Z | 2026-03-04T08:10Z | 1.4           |          |
d5 | pay         | prod        | failed    | 2026-03-05T08:00Z | 2026-03-05T08:10Z | 1.5           |          |
d6 | pay         | prod        | succeeded | 2026-03-05T09:00Z | 2026-03-05T09:10Z | 1.6           | hotfix   |
d7 | pay         | staging     | succeeded | 2026-03-05T10:00Z | 2026-03-05T10:10Z | 1.7           |          |
d8 | pay         | prod        | canceled  | 2026-03-06T10:00Z | 2026-03-06T10:10Z | 1.7           |          |
""",
    "incidents": """
id | application | opened_at         | resolved_at       | deployment | title          | url
i1 | shop        | 2026-03-03T08:30Z | 2026-03-03T09:20Z | d2         | login fails    | https://pager.acme.dev/i1
i2 | pay         | 2026-03-10T08:00Z |                   |            | slow           | not an address
i3 | pay         | 2026-03-06T10:05Z | 2026-03-06T11:00Z | d8         |                |
""",
    "as_of": AS_OF,
}  # fmt: skip

TEXT = {"type": "string", "minLength": 1}


def closed(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    """The schema of an object that has these fields and no others."""
    return {
        "type": "object", "properties": required | optional, "required": list(required), "additionalProperties": False,
    }  # fmt: skip


def event_schema(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    """The field contract of an event of CDEvents 0.5."""
    reference = TEXT | {"format": "uri-reference"}
    link = closed({"linkType": {"const": "RELATION"}, "linkKind": TEXT, "target": closed({"contextId": TEXT})})
    context = closed(
        {
            "specversion": {"const": "0.5.0"}, "id": TEXT, "source": reference,
            "type": {"const": f"dev.cdevents.{kind}.0.3.0"}, "timestamp": TEXT | {"format": "date-time"},
        },
        chainId=TEXT, links={"type": "array", "items": link},
    )  # fmt: skip
    subject = closed({"id": TEXT, "content": content}, source=reference)
    return closed({"context": context, "subject": subject}, customData={"type": "object"}, customDataContentType=TEXT)


REFERENCE = closed({"id": TEXT}, source=TEXT)
SERVICE = closed({"environment": REFERENCE, "artifactId": TEXT | {"pattern": "^pkg:[a-z]+/."}})
INCIDENT = {"description": {"type": "string"}, "service": REFERENCE, "artifactId": TEXT}
SCHEMAS = {
    f"dev.cdevents.{kind}.0.3.0": event_schema(kind, content)
    for kind, content in {
        "service.deployed": SERVICE,
        "service.rolledback": SERVICE,
        "incident.detected": closed({"environment": REFERENCE}, **INCIDENT),
        "incident.resolved": closed({"environment": REFERENCE}, **INCIDENT),
        "incident.reported": closed({"environment": REFERENCE, "ticketURI": TEXT | {"format": "uri"}}, **INCIDENT),
    }.items()
}


@pytest.fixture(scope="module")
def delivery(built_in: Callable[..., dora.Delivery], tmp_path_factory: pytest.TempPathFactory) -> dora.Delivery:
    return built_in(tmp_path_factory.mktemp("cdevents"), **FACTS)


def export(delivery: dora.Delivery, path: Path, scope: Scope = EVERYTHING) -> list[dict[str, Any]]:
    """The exported events, each valid by its schema."""
    count = cdevents.write(delivery, path, scope)
    events = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(events) == count
    for event in events:
        jsonschema.validate(event, SCHEMAS[event["context"]["type"]], format_checker=jsonschema.FormatChecker())
    return events


def summary(event: dict[str, Any]) -> tuple[str, str, str, list[str]]:
    context = event["context"]
    links = [link["target"]["contextId"] for link in context.get("links", [])]
    return context["type"].split(".", 2)[2].removesuffix(".0.3.0"), context["id"], context["timestamp"][:16], links


def test_what_took_production_traffic_is_an_event(delivery: dora.Delivery, tmp_path: Path) -> None:
    """The earliest first; rollbacks link to what they took back, incidents to the deployment that caused them."""
    events = export(delivery, tmp_path / "cdevents.jsonl")
    assert [summary(event) for event in events] == [
        ("service.deployed", "shop/d1@files", "2026-03-02T08:10", []),
        ("service.deployed", "shop/d2@files", "2026-03-03T08:10", []),
        ("incident.reported", "shop/i1@files/opened", "2026-03-03T08:30", ["shop/d2@files"]),
        ("service.rolledback", "shop/d3@files", "2026-03-03T09:10", ["shop/d2@files"]),
        ("incident.resolved", "shop/i1@files/resolved", "2026-03-03T09:20", ["shop/d2@files"]),
        ("service.deployed", "pay/d4@files", "2026-03-04T08:10", []),
        ("service.deployed", "pay/d5@files", "2026-03-05T08:10", []),
        ("service.deployed", "pay/d6@files", "2026-03-05T09:10", []),
        ("incident.detected", "pay/i3@files/opened", "2026-03-06T10:05", []),
        ("incident.resolved", "pay/i3@files/resolved", "2026-03-06T11:00", []),
        ("incident.detected", "pay/i2@files/opened", "2026-03-10T08:00", []),
    ]
    custom = [event["customData"] for event in events if "customData" in event]
    assert custom[0] == {"commit": SHA, "kind": "release", "outcome": "succeeded"}
    assert [data["outcome"] for data in custom] == ["succeeded"] * 4 + ["failed", "succeeded"]


def test_read_again_it_has_the_same_numbers(
    delivery: dora.Delivery, built_in: Callable[..., dora.Delivery], tmp_path: Path
) -> None:
    """The events of a build, ingested and built elsewhere, give its metrics of deployments and failures."""
    events = export(delivery, tmp_path / "cdevents.jsonl")
    again = built_in(tmp_path / "again", cdevents=events, as_of=AS_OF)
    for metric in ("deployment_frequency", "change_failure_rate", "recovery_time", "time_to_restore", "rework_rate"):
        for scope in (Scope(since="2026-03-01"), Scope(since="2026-03-01", by="application")):
            (before, after) = (
                [(value.group, value.value, value.n, value.open) for value in build.values(metric, scope)]
                for build in (delivery, again)
            )
            assert before == after, metric


def test_a_window_and_applications_select_events(delivery: dora.Delivery, tmp_path: Path) -> None:
    """An event is in the window by its own time, and its id is the same in every export."""
    path = tmp_path / "cdevents.jsonl"
    every = {event["context"]["id"]: event for event in export(delivery, path)}
    some = export(delivery, path, Scope(since="2026-03-03T09:00", until="2026-03-05", applications=("shop",)))
    assert [event["context"]["id"] for event in some] == ["shop/d3@files", "shop/i1@files/resolved"]
    assert all(every[event["context"]["id"]] == event for event in some)
    with pytest.raises(UsageError, match="no application"):
        export(delivery, path, Scope(applications=("nothing",)))
    assert len(path.read_text().splitlines()) == 2


def test_a_long_history_is_read_by_months(facts: Callable[..., dora.Delivery], tmp_path: Path) -> None:
    """Each event is there once and in order, also at the cuts and before the first deployment."""
    times = ["2025-11-30T00:00Z", "2025-12-29T23:59Z", "2025-12-30T00:00Z", "2026-01-29T00:00Z", "2026-03-01T00:00Z"]
    header = "id | application | environment | status | started_at | finished_at"
    rows = [f"d{number} | shop | prod | succeeded | {time} | {time}" for number, time in enumerate(times)]
    incident = "id | application | opened_at | resolved_at\ni1 | shop | 2025-10-01T00:00Z | 2026-03-09T00:00Z"
    delivery = facts(deployments="\n".join([header, *rows]), incidents=incident, as_of=AS_OF)
    for scope in (EVERYTHING, Scope(since="2025-09-01", until="2026-03-19")):
        events = [event["context"]["id"].split("@")[0] for event in export(delivery, tmp_path / "e.jsonl", scope)]
        assert events == ["shop/i1", *(f"shop/d{number}" for number in range(5)), "shop/i1"]


def test_an_unwritable_file_is_an_error(delivery: dora.Delivery, tmp_path: Path) -> None:
    """Nothing is left beside it."""
    with pytest.raises(DoraError, match="cannot be written"):
        cdevents.write(delivery, tmp_path / "missing" / "cdevents.jsonl", Scope())
    assert list(tmp_path.iterdir()) == []


def test_no_data_is_an_empty_file(facts: Callable[..., dora.Delivery], tmp_path: Path) -> None:
    """It replaces an earlier one."""
    (tmp_path / "cdevents.jsonl").write_text("{}\n")
    assert export(facts(as_of=None), tmp_path / "cdevents.jsonl") == []


@pytest.mark.parametrize(
    ("version", "url"),
    [
        ("reg.acme.dev/team/shop:1.2", "pkg:oci/shop?repository_url=reg.acme.dev/team/shop&tag=1.2"),
        ("reg:5000/shop@sha256:ab", "pkg:oci/shop@sha256:ab?repository_url=reg:5000/shop"),
        ("1.4", "pkg:generic/shop@1.4"),
        (None, f"pkg:generic/shop@{SHA}"),
    ],
)
def test_the_package_url_of_a_version(version: str | None, url: str) -> None:
    """An image is of type oci; all else is generic, of the version or the commit."""
    assert cdevents.package_url("shop", version, SHA) == url


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda text: text.strip(" /") and text.isprintable()
)


@given(NAMES, st.none() | NAMES, st.none() | st.just(SHA))
def test_any_version_is_a_package_url(application: str, version: str | None, commit: str | None) -> None:
    """The library of package URLs reads it."""
    assert PackageURL.from_string(cdevents.package_url(application, version, commit)).name
