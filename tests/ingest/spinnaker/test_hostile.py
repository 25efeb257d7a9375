"""Invalid or hostile payloads: a reason or rows, never a crash."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.payloads.archive import Document
from ingest.spinnaker.parse.document import parse_document
from tests.ingest.spinnaker.conftest import rollouts, run, stage, tables


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("execution", b"{"),
        ("execution", b"[]"),
        ("execution", b'{"application":"shop"}'),
        ("execution", b'{"id":"E"}'),
        ("execution", b'{"id":"E","application":"shop","stages":7}'),
        ("execution", b'{"id":"E","application":"\xff"}'),
        ("task", b'{"id":"T"}'),
        ("pipeline", b'{"id":"c"}'),
        ("application", b"{}"),
        ("account", b"{}"),
        ("letter", b"{}"),
    ],
)
def test_the_unreadable_is_refused_with_a_reason(kind: str, body: bytes) -> None:
    """ValueError is what quarantines a document; it says which and why."""
    with pytest.raises(ValueError, match=kind):
        parse_document(Document(kind, body))


def test_deep_nesting_does_not_crash() -> None:
    """200,000 brackets in a part that is skipped are refused."""
    deep = b'{"id":"E","application":"shop","x":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    with pytest.raises((ValueError, RecursionError)):
        parse_document(Document("execution", deep))


def test_a_loop_of_stages_ends() -> None:
    """A parent that is its own child, and two that contain each other."""
    rows = rollouts(
        {**stage("deployManifest"), "id": "a", "parentStageId": "b"},
        {**stage("deployManifest"), "id": "b", "parentStageId": "a"},
        {**stage("kayentaCanary"), "id": "c", "parentStageId": "c"},
    )
    assert [row.id for row in rows] == ["a", "b"]


FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
CONTEXT = (
    "account location region regions availabilityZones cluster moniker clusters manifests outputs.manifests"
    " outputs.manifestNamesByNamespace deploy.server.groups trafficManagement rollbackContext revision exception"
    " kato.tasks failureMessages buildInfo canaryConfig canaryScores judgmentStatus selectedStageRoles patchBody"
    " manifest manifest.name manifestName mode criteria target functionName versionNameA trafficPercentA"
    " deploymentStrategy desiredPercentage remainingEnabledServerGroups"
)
TYPES = (
    "deploy deployManifest createServerGroup rollbackCluster undoRolloutManifest kayentaCanary manualJudgment jenkins"
    " patchManifest enableManifest disableManifest deleteManifest disableCluster destroyServerGroup runJobManifest"
    " deployCloudrunManifest Aws.LambdaTrafficRoutingStage"
)


@given(
    type_=st.sampled_from(TYPES.split()),
    status=st.sampled_from(["SUCCEEDED", "TERMINAL", "NOT_STARTED"]),
    context=st.dictionaries(st.sampled_from(CONTEXT.split()), JUNK, max_size=6),
)
def test_nonsense_in_a_context_never_crashes(type_: str, status: str, context: dict[str, Any]) -> None:
    """Contexts hold what an author wrote: rows come out, or a ValueError that quarantines the one document."""
    try:
        rows = tables(run(stages=[stage(type_, context, status=status)]))
    except ValueError:
        return
    assert rows["stage"][0].id == "S"


SKELETON = (
    "kind metadata name generateName namespace annotations labels spec template containers initContainers image env"
    " envFrom valueFrom value http route destination host subset subsets weight backendRefs backends rules matches"
    " items op path data moniker.spinnaker.io/application"
)
MANIFEST = st.recursive(
    st.none()
    | st.integers()
    | TEXT
    | st.sampled_from(["VirtualService", "Deployment", "List", "/spec/0/image", "HTTPRoute"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(SKELETON.split()), inner, max_size=5),
    max_leaves=20,
)


@given(
    type_=st.sampled_from(["deployManifest", "patchManifest", "runJobManifest"]),
    kind=st.sampled_from(["Deployment", "VirtualService", "DestinationRule", "HTTPRoute", "TrafficSplit", "ConfigMap"]),
    body=MANIFEST,
    applied=MANIFEST,
)
def test_nonsense_in_a_manifest_never_crashes(type_: str, kind: str, body: Any, applied: Any) -> None:
    """Whatever stands where a manifest has an object, a list or a text, a row comes out for the stage."""
    manifests = [{"kind": kind, "metadata": body, "spec": body}, body]
    context = {"manifests": manifests, "manifest": body, "patchBody": body, "outputs.manifests": [applied]}
    assert tables(run(stages=[stage(type_, context)]))["stage"][0].id == "S"


@given(value=JUNK, field=st.sampled_from(["name", "buildTime", "authentication", "cancellationReason", "rootId"]))
def test_nonsense_in_an_execution_never_crashes(value: Any, field: str) -> None:
    """A value of another type is a reason to quarantine it, or null where an author writes it."""
    try:
        rows = tables(run(**{field: value}))
    except ValueError as error:
        assert f"$.{field}" in str(error)  # noqa: PT017
        return
    assert rows["execution"][0].id == "E"
