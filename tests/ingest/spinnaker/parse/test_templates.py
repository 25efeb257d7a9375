"""The template of a pipeline, the stages it inherits, and the configurations that it had."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.payloads.archive import Document
from ingest.simulation.model.company import TEMPLATE
from ingest.simulation.payload import catalogue
from ingest.spinnaker.parse.document import parse_document
from ingest.spinnaker.parse.templates import Reference, select_template, template_reference
from tests.ingest.spinnaker.conftest import Ingest, Landed
from tests.simulation.gate import serve

T = 1_747_000_000_000
Json = dict[str, Any]
DIGEST = "sha256:" + "ab" * 32


def v2(source: str, **more: Any) -> Json:
    """A pipeline made from a v2 template."""
    made = {"schema": "v2", "type": "templatedPipeline", "template": {"reference": source}}
    return {"id": "c", "application": "shop", "name": "release", **made, **more}


def template(identity: str, *types: str, **more: Any) -> Json:
    """A v2 template with stages of these types."""
    stages = [{"type": type_} for type_ in types]
    return {"id": identity, "schema": "v2", "metadata": {}, "variables": [], "pipeline": {"stages": stages}, **more}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (v2("spinnaker://web"), ("v2", "web", None)),
        (v2("spinnaker://web:stable"), ("v2", "web", "stable")),
        (v2(f"spinnaker://web@{DIGEST}"), ("v2", "web", DIGEST)),
        (v2("https://x.example/t.yml"), ("v2", "https://x.example/t.yml", None)),
        (
            {"type": "templatedPipeline", "config": {"pipeline": {"template": {"source": "spinnaker://old"}}}},
            ("v1", "old", None),
        ),
        ({"type": "templatedPipeline", "config": {}}, ("v1", None, None)),
        ({"type": "templatedPipeline", "schema": "v2", "template": {}}, ("v2", None, None)),
        ({"schema": "1", "stages": []}, (None, None, None)),
        ({"template": "web", "config": ["x"]}, (None, None, None)),
    ],
)
def test_the_template_that_a_pipeline_names(config: Json, expected: tuple[Any, ...]) -> None:
    """Kind, id, and tag or digest; a pipeline that was rendered before it was saved names none."""
    assert template_reference(*map(config.get, ("type", "schema", "template", "config"))) == expected


NAME = st.text("abcdefgh-_.", min_size=1, max_size=12)


@given(NAME, st.none() | NAME)
def test_a_reference_is_read_back(identity: str, tag: str | None) -> None:
    """Id and tag come back as they were written."""
    written = f"spinnaker://{identity}" + (f":{tag}" if tag else "")
    assert template_reference(None, "v2", {"reference": written}, None) == ("v2", identity, tag)


LISTED = [
    b"7",
    json.dumps(template("web", tag="stable")).encode(),
    json.dumps(template("web", digest="ab" * 32, tag="old")).encode(),
    json.dumps(template("web", "wait")).encode(),
]


@pytest.mark.parametrize(
    ("ref", "nth"),
    [
        (Reference("v2", "web"), 3),
        (Reference("v2", "web", "stable"), 1),
        (Reference("v2", "web", DIGEST), 2),
        (Reference("v2", "web", "newest"), None),
        (Reference("v2", "app"), None),
    ],
)
def test_the_version_of_a_template_is_selected(ref: Reference, nth: int | None) -> None:
    """That of the tag or digest, or the untagged one; another version never replaces it."""
    assert select_template(LISTED, ref) == (None if nth is None else LISTED[nth])


def test_a_pipeline_inherits_the_stages_of_its_template() -> None:
    """Whether it forbids changes, and the stages that the pipeline has from it, beside its own."""
    both = {"pipeline": v2("spinnaker://web", stages=[{"type": "manualJudgment"}])}
    both["template"] = template("web", "kayentaCanary", protect=True)
    (row,) = parse_document(Document("templated", json.dumps(both).encode()))
    assert [getattr(row, name) for name in ("protected", "has_canary", "has_approval", "has_rollback")] == [
        True,
        True,
        True,
        False,
    ]


def test_a_v1_template_keeps_its_stages_beside_its_name() -> None:
    """The older shape, where protect is missing, forbids nothing."""
    both = {"pipeline": v2("spinnaker://web"), "template": {"id": "web", "stages": [{"type": "undoRolloutManifest"}]}}
    (row,) = parse_document(Document("templated", json.dumps(both).encode()))
    assert (row.protected, row.has_rollback, row.has_canary) == (False, True, False)  # type: ignore[attr-defined]


def canary_if(expression: str | None, **more: Any) -> Json:
    """A canary stage under a condition."""
    return {"type": "kayentaCanary", "stageEnabled": {"type": "expression", "expression": expression}, **more}


CONDITIONS: list[tuple[str | None, bool | None]] = [
    (None, True),
    ("true", True),
    ("false", False),
    ("${ false }", False),
    ("${ templateVariables.canary }", False),
    ("templateVariables['canary']", False),
    ("${!templateVariables.canary}", True),
    ("${ templateVariables.usual }", True),
    ("${ templateVariables.missing }", None),
    ("${ parameters.canary == 'yes' }", None),
    ("1 == 2", None),
]


@pytest.mark.parametrize(("expression", "expected"), CONDITIONS)
def test_a_stage_under_a_condition_is_configured_where_it_can_run(
    expression: str | None, expected: bool | None
) -> None:
    """A pipeline's variable counts before the template's default; what executions decide is unknown, never true."""
    variables = [{"name": "canary", "defaultValue": True}, {"name": "usual", "defaultValue": "true"}]
    both = {"pipeline": v2("spinnaker://web", variables={"canary": False})}
    both["template"] = template("web", variables=variables, pipeline={"stages": [canary_if(expression)]})
    (row,) = parse_document(Document("templated", json.dumps(both).encode()))
    assert row.has_canary is expected  # type: ignore[attr-defined]


def test_one_stage_without_a_condition_decides() -> None:
    """Beside a stage that runs always, a conditional one changes nothing; ``when`` of version 1 is a condition."""
    conditional = {"type": "kayentaCanary", "when": ["{{ canary }}"]}
    for stages, expected in (([conditional], None), ([conditional, {"type": "kayentaCanary"}], True)):
        both = {"pipeline": v2("spinnaker://web"), "template": {"id": "web", "stages": stages}}
        (row,) = parse_document(Document("templated", json.dumps(both).encode()))
        assert row.has_canary is expected  # type: ignore[attr-defined]


def requests_to(gate: Any, prefix: str) -> list[str]:
    """Requests to one part of Gate."""
    return [path for path in gate.requests if path.startswith(prefix)]


def test_templates_are_requested_once_if_a_pipeline_names_one(
    make: SimpleNamespace, ingest: Ingest, landed: Landed
) -> None:
    """One request a run, however many pipelines are made from them."""
    world = make.world()
    with serve(world) as gate:
        ingest(gate.url)
        assert requests_to(gate, "/v2/pipelineTemplates") == []
        world.templates = [template("web", "kayentaCanary", protect=True)]
        world.pipeline_configs = [v2("spinnaker://web", id=f"c{n}") for n in range(3)]
        ingest(gate.url)
        assert len(requests_to(gate, "/v2/pipelineTemplates")) == 1
    query = (
        "SELECT DISTINCT template_kind, template, protected, has_canary, has_rollback FROM pipeline WHERE id LIKE 'c_'"
    )
    assert landed(query) == [("v2", "web", True, True, False)]


def test_templates_of_version_1_have_a_list_of_their_own(make: SimpleNamespace, ingest: Ingest, landed: Landed) -> None:
    """Requested if a v1 pipeline names one: whether it is protected, and its stages."""
    world = make.world()
    world.templates = [{"schema": "1", "id": "old", "protect": True, "stages": [{"type": "manualJudgment"}]}]
    made = {"pipeline": {"template": {"source": "spinnaker://old"}}}
    world.pipeline_configs = [
        {"id": "c", "application": "shop", "name": "ship", "type": "templatedPipeline", "config": made}
    ]
    with serve(world) as gate:
        ingest(gate.url)
        assert (requests_to(gate, "/v2/pipelineTemplates"), len(requests_to(gate, "/pipelineTemplates"))) == ([], 1)
    query = "SELECT template_kind, template, protected, has_approval, has_canary FROM pipeline"
    assert landed(query) == [("v1", "old", True, True, False)]


def test_without_templates_a_pipeline_still_lands(make: SimpleNamespace, ingest: Ingest, landed: Landed) -> None:
    """If Gate has none, the stages of the template stay unknown; that is no partial failure."""
    world = make.world()
    world.pipeline_configs = [v2("spinnaker://web")]
    with serve(world) as gate:
        gate.error_statuses = {"/v2/pipelineTemplates": 404}
        assert ingest(gate.url).partial_failures == []
    assert landed("SELECT template, protected, has_canary FROM pipeline") == [("web", None, None)]


REVISIONS = (
    "SELECT template, template_version, epoch_ms(updated_at), updated_by FROM pipeline_revision ORDER BY updated_at"
)


def test_history_is_read_when_a_configuration_changes(make: SimpleNamespace, ingest: Ingest, landed: Landed) -> None:
    """Every configuration that Gate still has, with its author; requested again only after the next change."""
    world = make.world()
    world.pipeline_configs = [v2("spinnaker://web:2", updateTs=str(T + 2), lastModifiedBy="ada")]
    world.revisions["c"] = [
        v2("spinnaker://web:1", updateTs=T + 1, lastModifiedBy="anonymous"),
        {"id": "c", "application": "shop"},
    ]
    with serve(world) as gate:
        ingest(gate.url)
        ingest(gate.url)
        assert requests_to(gate, "/pipelineConfigs/") == ["/pipelineConfigs/c/history?limit=20"]
        world.pipeline_configs = [v2("spinnaker://web:3", updateTs=T + 3, lastModifiedBy="bo")]
        world.revisions = {}
        summary = ingest(gate.url)
        assert len(requests_to(gate, "/pipelineConfigs/")) == 2
    assert landed("SELECT kind, reason, excerpt FROM quarantine WHERE kind LIKE 'pipeline%'") == []
    assert summary.partial_failures == []
    assert landed(REVISIONS) == [("web", "1", T + 1, None), ("web", "2", T + 2, "ada"), ("web", "3", T + 3, "bo")]
    assert landed("SELECT template_version FROM pipeline") == [("3",)]


@pytest.mark.parametrize(("status", "partial_failures"), [(404, 0), (400, 1), (403, 1)])
def test_a_history_that_gate_refuses(
    status: int, partial_failures: int, make: SimpleNamespace, ingest: Ingest, landed: Landed
) -> None:
    """It is requested once; the present configuration is landed as a revision anyway."""
    world = make.world()
    world.pipeline_configs = [v2("spinnaker://web", id=f"c{n}", updateTs=T) for n in range(3)]
    with serve(world) as gate:
        gate.error_statuses = {"/pipelineConfigs/": status}
        summary = ingest(gate.url)
        assert len(requests_to(gate, "/pipelineConfigs/")) == 1
    assert len(summary.partial_failures) == partial_failures
    assert landed("SELECT id FROM pipeline_revision ORDER BY id") == [(f"c{n}@{T}",) for n in range(3)]


def test_a_revision_without_its_time_is_refused() -> None:
    """It could not be told from another one."""
    with pytest.raises(ValueError, match="without its time"):
        parse_document(Document("pipeline_revision", json.dumps(v2("spinnaker://web")).encode()))


def test_the_simulated_templates_are_those_that_its_pipelines_name() -> None:
    """Each of the two tags is found; the second adds a canary that is protected, for pipelines that want it."""
    listed = [json.dumps(body).encode() for body in catalogue.templates(T)]
    for tag, wanted, protected, canary in (
        ("v1", True, False, False),
        ("v2", True, True, True),
        ("v2", False, True, False),
    ):
        config = v2(f"spinnaker://{TEMPLATE}:{tag}", variables={"canary": wanted})
        selected = select_template(listed, Reference("v2", TEMPLATE, tag))
        assert selected is not None
        both = {"pipeline": config, "template": json.loads(selected)}
        (row,) = parse_document(Document("templated", json.dumps(both).encode()))
        assert (row.protected, row.has_canary) == (protected, canary)  # type: ignore[attr-defined]
