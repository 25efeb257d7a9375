"""Secrets in payloads are replaced before anything is written; all other bytes stay."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.payloads.redaction import PLACEHOLDER, redact
from ingest.payloads.secret_words import find_suspects

CANARY = "c4nary-s3cret"
KEY = f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n-----END RSA PRIVATE KEY-----"
MANIFEST = {"kind": "Secret", "metadata": {"name": "db"}, "data": {"user": CANARY}, "stringData": {"a": CANARY + "{}"}}
# What contexts of Orca, triggers of Echo and configurations of pipelines hold, and how many secrets are in it.
SECRETS: list[tuple[Any, int]] = [
    ({"type": "webhook", "customHeaders": {"Authorization": f"Bearer {CANARY}", "Accept": "json"}}, 1),
    ({"customHeaders": {"Authorization": [f"Basic {CANARY}", CANARY], "X-Api-Key": [CANARY], "Cookie": CANARY}}, 4),
    ({"trigger": {"parameters": {"DB_PASSWORD": CANARY, "apiToken": CANARY, "client_secret": CANARY, "env": "x"}}}, 3),
    ({"parameters": {"password": f'{CANARY}"\\quoted'}, "PRIVATE-KEY": CANARY, "awsSecretAccessKey": CANARY}, 3),
    ({"env": [{"name": "SPRING_DATASOURCE_PASSWORD", "value": CANARY + "{}"}, {"name": "REGION", "value": "x"}]}, 1),
    ({"parameterConfig": [{"default": CANARY, "description": "", "name": "registryToken", "required": True}]}, 1),
    ({"manifests": [MANIFEST]}, 2),
    ({"annotations": {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(MANIFEST)}}, 2),
    ({"payload": json.dumps({"password": CANARY, "other": 1})}, 1),
    ({"args": ["-c", f"curl -H 'Authorization: Bearer {CANARY}' https://x"]}, 1),
    ({"url": f"https://user:{CANARY}@host/a", "source": f"https://{CANARY}@host", "git": f"ssh://git:{CANARY}@h/x"}, 3),
    ({"files": {"id_rsa": KEY, "nested": json.dumps({"key": KEY})}}, 2),
    ({"message": f"failed: https://bot:{CANARY}@host/x returned 401"}, 1),
]
HARMLESS: list[Any] = [
    {"credentials": "prod-eu", "secretName": "db", "tokenUrl": "https://x", "passwordFile": "/etc/x"},
    {"maxTokens": 12, "tokens": None, "isSecret": True, "secret": {"key": "x"}, "password": ""},
    {"instructions": "Is the password, token or secret rotated?", "name": "token", "type": "secret"},
    {"repository": "ssh://git@github.com/acme/shop", "image": "registry/x@sha256:12", "url": "https://host/a@b"},
    {"secretKeyRef": {"name": "db", "key": "password"}, "volumes": [{"secret": {"secretName": "token"}}]},
]


@pytest.mark.parametrize(("payload", "count"), SECRETS)
@pytest.mark.parametrize("indent", [None, 2])
def test_s6_secrets_of_payloads_are_replaced_and_counted(payload: Any, count: int, indent: int | None) -> None:
    """No byte of one is left, the rest is still JSON of the same shape, and a second time changes nothing."""
    body = json.dumps(payload, indent=indent).encode()
    assert list(find_suspects([b"{}", body])) == [1]
    redacted = redact(body)
    assert redacted.secrets == count
    assert CANARY.encode() not in redacted.body
    assert shape(msgspec.json.decode(redacted.body)) == shape(payload)
    assert redact(redacted.body) == (redacted.body, 0)


@pytest.mark.parametrize("payload", HARMLESS)
def test_what_only_looks_like_a_secret_stays(payload: Any) -> None:
    """Names of accounts, references, numbers, questions to people and addresses without a password."""
    body = json.dumps(payload).encode()
    assert redact(body) == (body, 0)


def test_a_changed_secret_still_shows() -> None:
    """The same secret has the same replacement, another one another: a rotated password is a change."""
    bodies = [json.dumps({"password": value}).encode() for value in ("one", "one", "two")]
    first, again, other = (redact(body).body for body in bodies)
    assert first == again != other
    assert PLACEHOLDER in first


def test_an_excerpt_that_ends_within_a_secret_has_none() -> None:
    """What could not be read is shown cut off."""
    assert CANARY.encode() not in redact(f'{{"a":1,"password":"{CANARY}'.encode()).body
    assert CANARY.encode() not in redact(f'"-----BEGIN PRIVATE KEY-----\\n{CANARY}'.encode()).body


def shape(value: Any) -> Any:
    """A value without its texts."""
    if isinstance(value, dict):
        return {key: shape(child) for key, child in value.items()}
    return [shape(child) for child in value] if isinstance(value, list) else None if isinstance(value, str) else value


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["password", "token", '"', "\\", '"password":"x"', "://u:p@h", "{", "}", "Secret", "data", "kind", "name", "value"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_any_json_stays_json_of_the_same_shape(value: Any) -> None:
    """Whatever stands where, only texts change, and a document that is not suspect has no secret."""
    body = msgspec.json.encode(value)
    redacted = redact(body)
    assert shape_of_all(msgspec.json.decode(redacted.body)) == shape_of_all(value)
    assert redact(redacted.body).secrets == 0
    if not find_suspects([body]):
        assert redacted == (body, 0)


def shape_of_all(value: Any) -> Any:
    """The shape of a value without the names of its fields, in which a URL may be."""
    if isinstance(value, dict):
        return [shape_of_all(child) for child in value.values()] if len(value) == len({*map(str, value)}) else None
    return [shape_of_all(child) for child in value] if isinstance(value, list) else shape(value)
