"""The store of parts: what its files do in a folder and in an object store over HTTP."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pyarrow as pa
import pytest

from dora.errors import DoraError, UsageError
from dora.parts.store import Store
from tests.dora.parts.conftest import SECRET
from tests.simulation.object_store import ObjectStore


@pytest.fixture(params=["folder", "file", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    addresses = {"folder": f"{tmp_path}/store", "file": f"file://{tmp_path}/store"}
    return Store(addresses.get(request.param) or request.getfixturevalue("object_store").address)


def test_what_was_written_is_read(store: Store, tmp_path: Path) -> None:
    """Files, tables and uploads come back as they were, and the last write of a name is read."""
    table = pa.table({"id": ["a", "b"], "n": pa.array([1, None], pa.int64())})
    store.write("builds/1/control.json", b"{}")
    store.write("builds/1/control.json", b'{"rows": 1}')
    store.write_table("builds/1/part=00/main.deployments.parquet", table)
    (tmp_path / "sent").write_bytes(b"x" * 100_000)
    store.upload(tmp_path / "sent", "landing/big")
    store.download("landing/big", tmp_path / "received")
    assert store.read("builds/1/control.json") == b'{"rows": 1}'
    assert store.read_table("builds/1/part=00/main.deployments.parquet").equals(table)
    assert (tmp_path / "received").read_bytes() == b"x" * 100_000


def test_names_are_of_complete_files(store: Store) -> None:
    """A list has every file of a folder by its name in the store, and folders of their own."""
    assert store.names("builds") == store.folders() == []
    for name in ("current", "builds/1/part=01/a", "builds/1/_SUCCESS", "builds/2/_SUCCESS"):
        store.write(name, b"1")
    assert store.names() == ["builds/1/_SUCCESS", "builds/1/part=01/a", "builds/2/_SUCCESS", "current"]
    assert store.names("builds/1") == ["builds/1/_SUCCESS", "builds/1/part=01/a"]
    assert store.folders("builds") == ["1", "2"]
    assert (store.exists("current"), store.exists("builds"), store.exists("other")) == (True, False, False)
    store.delete("builds/1")
    store.delete("current")
    store.delete("other")
    assert store.names() == ["builds/2/_SUCCESS"]


def test_an_interrupted_write_leaves_the_file_before_it(store: Store) -> None:
    """A write that ends in the middle leaves the earlier content, and no other file."""
    store.write("current", b"first")
    store.write("landing/1", b"1")
    with contextlib.suppress(KeyboardInterrupt), store.replace("current") as stream:
        stream.write(b"half of it")
        raise KeyboardInterrupt
    assert store.read("current") == b"first"
    assert store.names() == ["current", "landing/1"]


def test_a_missing_or_damaged_file_is_named(store: Store) -> None:
    """To read what is not there or is no Parquet names the file."""
    store.write("builds/1/rows.parquet", b"PAR1 torn")
    with pytest.raises(DoraError, match="There is no builds/2"):
        store.read("builds/2")
    with pytest.raises(DoraError, match=r"builds/1/rows\.parquet of the store .* is damaged"):
        store.read_table("builds/1/rows.parquet")
    with pytest.raises(UsageError, match="is not a name"):
        store.read("../current")


def test_a_folder_is_private(tmp_path: Path) -> None:
    """Only this user can enter the folders and read the files of a folder, whatever the mask of the process."""
    before = os.umask(0)
    try:
        Store(str(tmp_path / "a/b")).write("builds/1/_SUCCESS", b"")
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "a").rglob("*") if path.is_dir()}
    assert modes == {(tmp_path / "a").stat().st_mode & 0o777} == {0o700}
    assert (tmp_path / "a/b/builds/1/_SUCCESS").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "address",
    [
        f"s3://key:{SECRET}@metrics/dora",
        f"s3://metrics/dora?session_token={SECRET}",
        f"abfs://c:{SECRET}@account.dfs.core.windows.net/x",
        f"abfs://c@account.dfs.core.windows.net/x?client_secret={SECRET}",
        "ftp://host/x",
    ],
)
def test_an_address_has_no_credentials(address: str) -> None:
    """An address with a secret or of another kind is refused, and the message has no secret."""
    with pytest.raises(UsageError) as error:
        Store(address)
    assert SECRET not in str(error.value)


def test_an_upload_that_fails_publishes_nothing(object_store: ObjectStore, tmp_path: Path) -> None:
    """A large file whose upload is refused half-way leaves the earlier one, and no object of its own."""
    store, large = Store(object_store.address), tmp_path / "large"
    store.write("big", b"first")
    large.write_bytes(os.urandom(25_000_000))
    object_store.refuse_from = object_store.written + 2
    with pytest.raises(DoraError, match="big"):
        store.upload(large, "big")
    object_store.refuse_from = None
    assert (store.names(), store.read("big")) == (["big"], b"first")
    store.upload(large, "big")
    assert store.read("big") == large.read_bytes()


def test_refused_credentials_are_not_shown(object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that refuses the credentials names itself and what to set, and no credential."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
    with pytest.raises(DoraError, match=r"s3://metrics/dora.*ACCESS_DENIED.*set the credentials in the env") as error:
        Store(object_store.address).write("current", b"1")
    assert SECRET not in str(error.value)
    assert object_store.objects == {}
