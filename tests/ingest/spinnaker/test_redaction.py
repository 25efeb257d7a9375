"""Secrets in the contexts of Orca reach neither the archive nor landing, and parsing finds the same without them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ingest.core.pipeline import pull
from ingest.core.source import Request
from ingest.payloads.archive import Document, read_archive
from ingest.payloads.redaction import redact
from ingest.simulation.model.world import Json
from ingest.spinnaker import SOURCE
from tests.ingest.payloads.test_redaction import CANARY, SECRETS
from tests.ingest.spinnaker.conftest import SHA, T, deploy_stage, loaded, manifest, run, stage, tables
from tests.ingest.spinnaker.test_secrets import read_searchable


def make_execution() -> Json:
    """An execution with each of the secrets in a stage of its own, and in a trigger, an artifact and a failure."""
    stages = [
        {**stage("webhook", payload, name="call"), "id": f"S{number}"} for number, (payload, _) in enumerate(SECRETS)
    ]
    failed = stage("runJobManifest", {"exception": {"details": {"errors": [f"401 of https://u:{CANARY}@h/x"]}}})
    trigger = {
        "type": "manual",
        "user": "ada",
        "parameters": {"commit": SHA, "password": CANARY},
        "artifacts": [{"type": "git/repo", "reference": f"https://bot:{CANARY}@github.com/acme/shop", "version": SHA}],
    }
    stages += [deploy_stage("E", T), {**failed, "id": "F", "status": "TERMINAL"}]
    return run(stages=stages, trigger=trigger, buildTime=T, startTime=T, endTime=T + 60_000)


def test_s6_no_secret_of_a_payload_is_archived_or_landed(tmp_path: Path) -> None:
    """Every secret is counted, no file of the data folder has one, and a replay finds every row unchanged."""
    unreadable = b'{"id":"X","application":7,"password":"' + CANARY.encode() + b'"}'
    summary = loaded(tmp_path, make_execution(), unreadable)
    assert summary.redacted >= sum(count for _, count in SECRETS) + 3
    assert summary.quarantined == 1
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.parent.name != "given"]
    assert {path.suffix for path in files} >= {".duckdb", ".zst"}
    assert [path for path in files if CANARY.encode() in read_searchable(path)] == []
    documents = [item for item in read_archive(tmp_path, "spinnaker") if isinstance(item, Document)]
    assert any(b"redacted-" in document.body for document in documents)
    again = pull(SOURCE.from_settings({}, tmp_path), tmp_path, Request(), replaying=True)
    assert again.redacted == 0
    assert {key: rows for key, rows in again.tables.items() if rows["new"] or rows["changed"]} == {}


def test_parsing_finds_the_same_without_the_secrets() -> None:
    """Rows with commit, user, repository and target are equal; of a failure only its text is."""
    body = msgspec.json.encode(make_execution())
    redacted = redact(body)
    before, after = tables(body), tables(redacted.body)
    assert redacted.secrets > 10
    assert set(before) == set(after)
    assert [row.commit for row in after["execution"]] == [SHA]
    for table, rows in before.items():
        for row, other in zip(rows, after[table], strict=True):
            changed = [name for name in row.__struct_fields__ if getattr(row, name) != getattr(other, name)]
            assert set(changed) <= {"reason", "revision"}, (table, changed)


def test_a_rotated_password_of_a_pod_is_a_change_of_configuration() -> None:
    """The entry of the variable is another one for another password, and the same for the same."""

    def template(password: str) -> list[str]:
        body = manifest("registry/shop:1")
        body["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "DB_PASSWORD", "value": password}]
        deploy = deploy_stage("E", T)
        deploy["context"]["manifests"] = [body]
        (row,) = tables(redact(msgspec.json.encode(run(stages=[deploy]))).body)["rollout"]
        return row.template_keys

    assert template("one") == template("one") != template("two")
