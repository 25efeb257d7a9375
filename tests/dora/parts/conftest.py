"""An object store over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulation.object_store import ACCESS_KEY, ObjectStore, serve_object_store

SECRET = "wr0ng_and_s3cret"


@pytest.fixture
def object_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """An empty bucket, and the credentials for it in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    with serve_object_store() as server:
        yield server
