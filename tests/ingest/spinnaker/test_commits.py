"""Which commit an execution carried: every place where one may lie."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.archive import Document
from ingest.rows import Row
from ingest.spinnaker.parse import parse

T = 1_747_000_000_000
SHA = "4f2a6c1e9b7d3f5081a2c4e6b8d0f1a3c5e7092b"
OTHER = "0123456789abcdef0123456789abcdef01234567"
Rows = dict[str, list[Any]]


def tables(body: Any, kind: str = "execution") -> Rows:
    """Rows of a payload by table."""
    found: Rows = {}
    for row in parse(Document(kind, body if isinstance(body, bytes) else json.dumps(body).encode())):
        found.setdefault(row.table, []).append(row)
    return found


def run(**more: Any) -> dict[str, Any]:
    """The smallest execution."""
    return {"id": "E", "application": "shop", "status": "SUCCEEDED", **more}


def said(row: Row, *names: str) -> tuple[Any, ...]:
    """Some fields of a row."""
    return tuple(getattr(row, name) for name in names)


def scm(sha: str, url: str | None = None) -> dict[str, Any]:
    """What Igor says of a build's source."""
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
        ({"tag": "20250611"}, (None,) * 4),
        ({"tag": "v1.2.3", "hash": "main", "artifacts": [{"type": "git/repo", "version": "main"}]}, (None,) * 4),
        ({"hash": None, "buildInfo": None, "artifacts": None, "payload": "text", "parameters": []}, (None,) * 4),
    ],
)
def test_where_commits_are_found(trigger: Any, expected: tuple[Any, ...]) -> None:
    """Best place first; a branch, a version or a date is no commit."""
    (execution,) = tables(run(trigger=trigger))["execution"]
    assert said(execution, "commit", "repository", "branch", "commit_origin") == expected


def test_the_nearest_parent_with_a_commit_tells_it() -> None:
    """Up through parents, a manual re-run's copy included."""
    top = {"id": "T", "trigger": {"hash": OTHER}}
    middle = {"id": "M", "trigger": {"type": "pipeline", "hash": SHA, "parentExecution": top}}
    (execution,) = tables(run(trigger={"type": "manual", "parentExecution": middle}))["execution"]
    assert execution.commit == SHA


def test_a_build_stage_tells_the_commit_of_its_pipeline_and_of_its_children() -> None:
    """context.buildInfo of a stage, here or in the parent that built."""
    built = [{"id": "b", "type": "jenkins", "context": {"buildInfo": scm(SHA)}}]
    child = {"type": "pipeline", "parentExecution": {"id": "P", "stages": built}}
    for execution in (run(stages=built), run(trigger=child)):
        assert said(tables(execution)["execution"][0], "commit", "commit_origin") == (SHA, "build stage")
