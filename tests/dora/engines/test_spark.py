"""The engine of Spark Connect, with Sail as the server, and what people read if it fails."""

from __future__ import annotations

import re
import subprocess
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import grpc
import pytest

from dora.config.engine import EngineSettings, read_engine_settings
from dora.engines import spark
from dora.engines.task import Task
from dora.errors import AuthError, DoraError, UsageError
from dora.parts.store import Store
from tests.dora.engines import work

ROOT = Path(__file__).resolve().parents[3]
StartSail = Callable[..., EngineSettings]
SECRET = "not-for-anyone"


def make_tasks(folder: Path, parts: int = 5) -> list[Task]:
    return [Task(str(folder), "b1", part) for part in range(parts)]


def test_every_task_is_carried_out_once(spark_settings: EngineSettings, tmp_path: Path) -> None:
    """Each task runs once at its first attempt, also if there are more tasks than workers."""
    assert re.fullmatch(r"Spark Connect [\d.]+ at 127\.0\.0\.1:\d+", spark.describe(spark_settings))
    spark.run(make_tasks(tmp_path), work.write_part, spark_settings)
    assert Store(str(tmp_path)).names() == [f"builds/b1/part={part:02}/attempt=1/control.json" for part in range(5)]


def test_no_tasks_need_no_engine() -> None:
    """A build in which no part changed does not ask for a server."""
    spark.run([], work.write_part, EngineSettings(kind="spark", remote="sc://127.0.0.1:1"))


def test_a_task_that_failed_is_tried_again(spark_settings: EngineSettings, tmp_path: Path) -> None:
    """A task that fails half-way is repeated as another attempt; the others are not."""
    spark.run(make_tasks(tmp_path, 3), work.fail_at_first, spark_settings)
    attempts = [
        f"builds/b1/part={part:02}/attempt={attempt}/control.json" for part, attempt in [(0, 1), (1, 2), (2, 1)]
    ]
    assert [name for name in Store(str(tmp_path)).names() if name.endswith("control.json")] == attempts


def test_a_part_that_can_not_be_built_is_named(spark_settings: EngineSettings, tmp_path: Path) -> None:
    """The error of a part that fails twice names the part and its error; the other parts are there."""
    with pytest.raises(DoraError, match=r"1 part \(1\) could not be built .* Part 1: main.deployments of"):
        spark.run(make_tasks(tmp_path, 3), work.fail_always, spark_settings)
    assert len(Store(str(tmp_path)).names()) == 2


def test_a_worker_of_another_version_is_refused(start_sail: StartSail, tmp_path: Path) -> None:
    """A worker that has another DuckDB than the driver does nothing, and both versions are named."""
    metadata = tmp_path / "duckdb-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: duckdb\nVersion: 0.1.0\n")
    here = version("duckdb")
    with pytest.raises(DoraError, match=rf"A worker has .*duckdb 0\.1\.0, this machine has .*duckdb {here}\. Nothing"):
        spark.run(make_tasks(tmp_path / "store"), work.write_part, start_sail(tmp_path))
    assert Store(str(tmp_path / "store")).names() == []


def test_a_worker_without_this_program_is_reported(start_sail: StartSail, tmp_path: Path) -> None:
    """Workers that can not import this program are named as the reason."""
    (tmp_path / "dora").mkdir()
    (tmp_path / "dora/__init__.py").touch()
    with pytest.raises(DoraError, match="lack delivery-metrics"):
        spark.run(make_tasks(tmp_path), work.write_part, start_sail(tmp_path))


def test_a_killed_engine_is_reported(start_sail: StartSail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the engine is killed half-way, the run ends with an error; the same tasks at another one are carried out."""
    monkeypatch.setattr(spark, "JOB_RETRIES", 2)  # a minute is long for a test
    with pytest.raises(DoraError, match=r"The engine at 127\.0\.0\.1:\d+ can not be reached"):
        spark.run(make_tasks(tmp_path, 2), work.kill_worker, start_sail())
    spark.run(make_tasks(tmp_path, 2), work.write_part, start_sail())
    controls = [name for name in Store(str(tmp_path)).names() if name.endswith("control.json")]
    assert controls == [f"builds/b1/part={part:02}/attempt=1/control.json" for part in range(2)]


class Refusal(grpc.GenericRpcHandler):
    """A server that refuses every request and keeps what it says of its user."""

    def __init__(self) -> None:
        self.authorizations: list[str] = []

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        def refuse(_: bytes, context: grpc.ServicerContext) -> bytes:
            self.authorizations.append(str(dict(context.invocation_metadata()).get("authorization")))
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "no such token")

        return grpc.unary_unary_rpc_method_handler(refuse)


def test_the_token_is_sent_and_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token goes to the engine as a bearer token; the error of an engine that refuses it does not quote it."""
    monkeypatch.setenv("DORA_SPARK_TOKEN", SECRET)
    server, refusal = grpc.server(ThreadPoolExecutor(1)), Refusal()
    server.add_generic_rpc_handlers((refusal,))
    port = server.add_secure_port("localhost:0", grpc.local_server_credentials())
    server.start()
    settings = EngineSettings(kind="spark", remote=f"sc://localhost:{port}")
    with pytest.raises(AuthError, match="rejects the credentials") as error:
        spark.run(make_tasks(tmp_path), work.write_part, settings)
    server.stop(None)
    assert set(refusal.authorizations) == {f"Bearer {SECRET}"}
    assert SECRET not in "".join(traceback.format_exception(error.value))


def test_a_token_stays_out_of_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address with a token is refused, from the file and from the environment, and not quoted."""
    address = f"sc://host:15002/;use_ssl=true;token={SECRET}"
    with pytest.raises(UsageError, match="has a token in it") as error:
        read_engine_settings({"remote": address})
    assert SECRET not in str(error.value)
    monkeypatch.setenv("SPARK_REMOTE", address)
    with pytest.raises(UsageError, match="has a token in it"):
        read_engine_settings({})


@pytest.mark.parametrize(
    ("remote", "message"),
    [
        (None, "The engine spark has no address.*set remote under"),
        ("http://host", "is not of Spark Connect"),
        ("sc://127.0.0.1:1", r"The engine at 127\.0\.0\.1:1 can not be reached"),
    ],
)
def test_an_engine_that_is_not_there(
    remote: str | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an address, or with one where nothing listens, the error says what to set or to start."""
    monkeypatch.setattr(spark, "CONNECT_RETRIES", 1)
    with pytest.raises(DoraError, match=message):
        spark.run(make_tasks(tmp_path), work.write_part, EngineSettings(kind="spark", remote=remote))


def test_an_engine_that_is_not_installed(tmp_path: Path) -> None:
    """Without pyspark the error names the extra."""
    settings = "EngineSettings(kind='spark', remote='sc://127.0.0.1:1')"
    code = (
        "import sys; sys.modules['pyspark'] = None\n"
        "from dora.config.engine import EngineSettings; from dora.engines import spark\n"
        f"spark.run([0], print, {settings})"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "The engine spark is not installed" in done.stderr
    assert "[spark]'" in done.stderr
