"""The commit of an execution: every place that may name one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingest.payloads.archive import Document
from ingest.spinnaker import SOURCE
from ingest.spinnaker.parse.document import parse_document
from tests.ingest.spinnaker.conftest import fields_of, run, tables

SHA = "4f2a6c1e9b7d3f5081a2c4e6b8d0f1a3c5e7092b"
OTHER = "0123456789abcdef0123456789abcdef01234567"


def scm(sha: str, url: str | None = None) -> dict[str, Any]:
    """The source of a build as Igor writes it."""
    return {"scm": [{"branch": "main", "sha1": sha, "remoteUrl": url}]}


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ({"hash": SHA, "project": "acme", "slug": "shop", "branch": "main"}, (SHA, "acme/shop", "main", "trigger")),
        ({"hash": SHA.upper()}, (SHA, None, None, "trigger")),
        ({"hash": SHA[:7], "buildInfo": scm(OTHER)}, (SHA[:7], None, None, "trigger")),
        ({"buildInfo": scm(SHA, "https://git.example/acme/shop.git")}, (SHA, "acme/shop", "main", "build")),
        ({"buildInfo": scm(SHA, "ssh://git@git.example:7999/acme/shop.git/")}, (SHA, "acme/shop", "main", "build")),
        ({"properties": {"GIT_COMMIT": SHA, "GIT_BRANCH": "main"}}, (SHA, None, "main", "properties")),
        ({"parameters": {"commitSha": SHA, "repository": "acme/shop"}}, (SHA, "acme/shop", None, "parameters")),
        ({"artifacts": [{"type": "git/repo", "version": SHA}]}, (SHA, None, None, "artifact")),
        ({"artifacts": [{"type": "docker/image", "version": SHA[:12]}]}, (SHA[:12], None, None, "image")),
        ({"tag": SHA[:8]}, (SHA[:8], None, None, "image")),
        (
            {"payload": {"head_commit": {"id": SHA}, "ref": "refs/heads/main", "repository": {"full_name": "a/b"}}},
            (SHA, "a/b", "main", "payload"),
        ),
        ({"payload": {"after": SHA}}, (SHA, None, None, "payload")),
        ({"tag": "main-9c1f0e5"}, ("9c1f0e5", None, None, "image")),
        ({"tag": "v1.4.0-12-g9c1f0e5"}, ("9c1f0e5", None, None, "image")),
        ({"tag": "1.4.0-20250611.9c1f0e5-amd64"}, ("9c1f0e5", None, None, "image")),
        ({"tag": "release-1234567"}, (None,) * 4),
        ({"tag": "main-defaced"}, (None,) * 4),
        ({"artifacts": [{"type": "github/file", "version": SHA}]}, (SHA, None, None, "artifact")),
        ({"artifacts": [{"type": "maven/file", "metadata": {"git-sha": SHA}}]}, (SHA, None, None, "artifact")),
        ({"hash": SHA, "branch": "refs/heads/main"}, (SHA, None, "main", "trigger")),
        ({"properties": {"GIT_COMMIT": SHA, "GIT_BRANCH": "origin/hotfix/x"}}, (SHA, None, "hotfix/x", "properties")),
        ({"payload": {"checkout_sha": SHA, "ref": "refs/heads/main"}}, (SHA, None, "main", "payload")),
        ({"payload": {"before": OTHER}}, (None,) * 4),
        ({"tag": "20250611"}, (None,) * 4),
        ({"tag": "v1.2.3", "hash": "main", "artifacts": [{"type": "git/repo", "version": "main"}]}, (None,) * 4),
        ({"hash": None, "buildInfo": None, "artifacts": None, "payload": "text", "parameters": []}, (None,) * 4),
    ],
)
def test_places_of_a_commit(trigger: Any, expected: tuple[Any, ...]) -> None:
    """Best place first; a branch, a version or a date is no commit."""
    (execution,) = tables(run(trigger=trigger))["execution"]
    assert fields_of(execution, "commit", "repository", "branch", "commit_origin") == expected


def test_the_nearest_parent_with_a_commit_counts() -> None:
    """Up through parents, a manual re-run's copy included."""
    top = {"id": "T", "trigger": {"hash": OTHER}}
    middle = {"id": "M", "trigger": {"type": "pipeline", "hash": SHA, "parentExecution": top}}
    (execution,) = tables(run(trigger={"type": "manual", "parentExecution": middle}))["execution"]
    assert execution.commit == SHA


def test_a_build_stage_names_the_commit_of_its_pipeline_and_children() -> None:
    """context.buildInfo of a stage, here or in the parent that built."""
    built = [{"id": "b", "type": "jenkins", "context": {"buildInfo": scm(SHA)}}]
    child = {"type": "pipeline", "parentExecution": {"id": "P", "stages": built}}
    for execution in (run(stages=built), run(trigger=child)):
        assert fields_of(tables(execution)["execution"][0], "commit", "commit_origin") == (SHA, "build stage")


def revision(name: str, branch: str, sha: str) -> dict[str, Any]:
    """One source of a build that has several."""
    return {"branch": branch, "sha1": sha, "remoteUrl": f"https://git.example/acme/{name}.git"}


@pytest.mark.parametrize(
    ("scm", "commit"),
    [
        ([revision("pipeline-library", "main", OTHER), revision("shop", "release/7", SHA)], SHA),
        ([revision("charts", "production", OTHER), revision("web", "origin/main", SHA)], SHA),
        ([revision("a", "x", SHA), revision("b", "y", OTHER)], SHA),
        ([revision("shop", "main", ""), revision("b", "y", OTHER)], OTHER),
        (["text", None, revision("b", "y", OTHER)], OTHER),
    ],
)
def test_of_several_repositories_the_applications_own(scm: list[Any], commit: str) -> None:
    """A build checks out libraries and charts too: the repository named like the application, else a trunk's."""
    (execution,) = tables(run(trigger={"buildInfo": {"scm": scm}}))["execution"]
    assert execution.commit == commit


def deployed_manifest(metadata: dict[str, Any], **pod: Any) -> dict[str, Any]:
    """A deployManifest stage of a manifest with this metadata."""
    template = {"spec": {"containers": [{"name": "shop", "image": "shop:1", **pod}]}}
    manifest = {"kind": "Deployment", "metadata": {"name": "shop", **metadata}, "spec": {"template": template}}
    return {"id": "S", "type": "deployManifest", "context": {"manifests": [manifest]}}


@pytest.mark.parametrize(
    ("stage", "commit"),
    [
        (deployed_manifest({"annotations": {"git-sha": SHA}}), SHA),
        (deployed_manifest({"annotations": {"acme.example/git-commit": SHA[:7]}}), SHA[:7]),
        (deployed_manifest({"labels": {"commit": SHA[:10]}}), SHA[:10]),
        (deployed_manifest({"labels": {"app.kubernetes.io/version": "main-9c1f0e5"}}), "9c1f0e5"),
        (deployed_manifest({"labels": {"app.kubernetes.io/version": "0badcafe", "commit": SHA}}), SHA),
        (deployed_manifest({}, env=[{"name": "GIT_COMMIT", "value": SHA}]), SHA),
        (deployed_manifest({"annotations": {"deployment.kubernetes.io/revision": "1234567"}}), None),
        (deployed_manifest({"labels": {"app.kubernetes.io/version": "1.4.0", "commit": "main"}}), None),
        (deployed_manifest({"labels": None, "annotations": "text"}, env=["x", {"value": SHA}]), None),
    ],
)
def test_labels_annotations_and_variables_of_a_manifest(stage: dict[str, Any], commit: str | None) -> None:
    """Labels, annotations and variables of teams: a named commit goes before a version."""
    (execution,) = tables(run(stages=[stage]))["execution"]
    assert fields_of(execution, "commit", "commit_origin") == (commit, "manifest" if commit else None)


def image_stage(*images: str) -> dict[str, Any]:
    """A deployManifest stage that runs these images."""
    pod = {"spec": {"containers": [{"image": image} for image in images]}}
    context = {"manifests": [{"kind": "Deployment", "spec": {"template": pod}}]}
    return {"id": "S", "type": "deployManifest", "context": context}


@pytest.mark.parametrize(
    ("images", "commit"),
    [
        (["registry.example:5000/acme/shop:9c1f0e5"], "9c1f0e5"),
        (["registry.example/acme/other:main-9c1f0e5"], "9c1f0e5"),
        (["acme/shop:9c1f0e5", "istio/proxy:1.2-0badf00d1"], "9c1f0e5"),
        (["acme/shop:1.4.0", "istio/proxy:1.2-0badf00d1"], None),
        (["acme/shop@sha256:" + "ab" * 32], None),
        (["registry.example:5000/acme/shop:9c1f0e5@sha256:" + "ab" * 32], "9c1f0e5"),
        (["acme/shop:20250611", ""], None),
    ],
)
def test_the_tag_of_the_image_that_is_deployed(images: list[str], commit: str | None) -> None:
    """That of the application's own image, or of the only one; not a sidecar's, and not a digest."""
    (execution,) = tables(run(stages=[image_stage(*images)]))["execution"]
    assert fields_of(execution, "commit", "commit_origin") == (commit, "image" if commit else None)


def test_artifacts_that_an_execution_was_bound_to() -> None:
    """What Spinnaker resolved counts as what the trigger brought."""
    bound = {"boundArtifact": {"type": "docker/image", "version": SHA[:12]}, "matchArtifact": {"version": OTHER}}
    (execution,) = tables(run(trigger={"resolvedExpectedArtifacts": [None, bound]}))["execution"]
    assert fields_of(execution, "commit", "commit_origin") == (SHA[:12], "image")


def own_commit(execution: dict[str, Any], *keys: str) -> str | None:
    """The commit of an execution for a team with keys of its own."""
    (execution_row, *_) = parse_document(Document("execution", json.dumps(execution).encode()), None, keys)
    return execution_row.commit  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "execution",
    [
        run(stages=[deployed_manifest({"annotations": {"acme.example/built-from": SHA[:9]}})]),
        run(stages=[deployed_manifest({"labels": {"built_from": f"v1.2-g{SHA[:9]}"}})]),
        run(stages=[deployed_manifest({}, env=[{"name": "BUILT_FROM", "value": SHA[:9]}])]),
        run(trigger={"parameters": {"builtFrom": SHA[:9]}}),
        run(trigger={"artifacts": [{"type": "maven/file", "metadata": {"built-from": SHA[:9]}}]}),
    ],
)
def test_a_team_names_its_own_keys(execution: dict[str, Any]) -> None:
    """Labels, annotations, variables, parameters and metadata, however they are spelt; unnamed they say nothing."""
    assert own_commit(execution, "acme.example/built-from") == SHA[:9]
    assert own_commit(execution) is None


def test_its_keys_are_a_setting(tmp_path: Path) -> None:
    """``commit_keys`` of [sources.spinnaker]."""
    source = SOURCE.from_settings({"commit_keys": ["built-from"]}, tmp_path)
    body = json.dumps(run(trigger={"parameters": {"built-from": SHA}})).encode()
    (execution,) = source.parse(Document("execution", body))
    assert execution.commit == SHA  # type: ignore[attr-defined]


def test_the_newest_of_the_commits_between_two_machine_images() -> None:
    """context.commits, in whatever order, with the repository from their addresses."""
    url = "https://stash.example/projects/ACME/repos/shop/commits/x"
    commits = [{"id": OTHER, "timestamp": 1, "commitUrl": url}, {"id": SHA, "timestamp": 2, "commitUrl": url}]
    stage = {"id": "S", "type": "createServerGroup", "context": {"commits": commits}}
    (execution,) = tables(run(stages=[stage]))["execution"]
    assert fields_of(execution, "commit", "repository", "commit_origin") == (SHA, "ACME/shop", "commits")


@pytest.mark.parametrize(
    "image",
    [
        {"tags": {"appversion": f"shop-1.4.0-h7.{SHA[:7]}/SHOP-build/7"}},
        {"tags": {"git_commit": SHA[:7]}},
        {"imageName": f"shop-1.4.0-h7.{SHA[:7]}-x86_64-20250611-xenial"},
    ],
)
def test_a_machine_image_in_a_parent(image: dict[str, Any]) -> None:
    """Two executions up, where a find-image stage kept its details: the last place to look."""
    grandparent = {"id": "G", "stages": [{"id": "f", "type": "findImage", "context": {"amiDetails": [image]}}]}
    parent = {"id": "P", "trigger": {"type": "pipeline", "parentExecution": grandparent}}
    (execution,) = tables(run(trigger={"type": "pipeline", "parentExecution": parent}))["execution"]
    assert fields_of(execution, "commit", "commit_origin") == (SHA[:7], "machine image")


def test_outputs_name_a_commit_only_if_a_build_or_author_wrote_them() -> None:
    """A script's outputs and evaluated variables do; outputs of other stages do not."""
    for type_, commit in (("script", SHA), ("evaluateVariables", SHA), ("findArtifactsFromResource", None)):
        stages = [{"id": "S", "type": type_, "outputs": {"commitSha": SHA}}]
        assert tables(run(stages=stages))["execution"][0].commit == commit


def test_places_are_tried_in_order() -> None:
    """Without the best place the next one counts, down to the last."""
    trigger = {
        "hash": "1" * 40,
        "buildInfo": scm("2" * 40),
        "properties": {"GIT_COMMIT": "3" * 40},
        "artifacts": [{"type": "git/repo", "version": "5" * 40}],
        "payload": {"after": "8" * 40},
    }
    stages = [
        {"id": "b", "type": "jenkins", "context": {"buildInfo": scm("4" * 40)}},
        {**deployed_manifest({"labels": {"commit": "6" * 40}}), "id": "d"},
        {"id": "c", "type": "createServerGroup", "context": {"commits": [{"id": "7" * 40}]}},
        {"id": "f", "type": "findImage", "context": {"amiDetails": [{"tags": {"commit": "9" * 40}}]}},
    ]
    first_digits = []
    for place in ("hash", "buildInfo", "properties", "b", "artifacts", "d", "c", "payload", "f"):
        first_digits.append(tables(run(trigger=trigger, stages=stages))["execution"][0].commit[0])
        trigger.pop(place, None)
        stages = [stage for stage in stages if stage["id"] != place]
    assert "".join(first_digits) == "123456789"
