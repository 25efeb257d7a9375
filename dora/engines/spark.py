"""Carry out tasks on a server of Spark Connect: that of Spark, Databricks, EMR or Dataproc, or Sail.

Each task is a row that goes to a worker. The worker has the same version of this program, reads and writes the store,
and returns a row with the outcome.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import traceback
import warnings
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, NamedTuple

from dora.config.engine import EngineSettings
from dora.engines.task import Task, Work
from dora.errors import AuthError, DoraError, UsageError, counted, install_extra

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.errors import PySparkException
    from pyspark.sql.connect.session import SparkSession

ATTEMPTS = 2  # of a task; Spark itself repeats a task whose worker is lost
CONNECT_RETRIES, JOB_RETRIES = 4, 6  # of a request to the server: for 4 seconds, for a minute
MAX_TEXT = 300  # characters of an error of the program
TOKEN = "DORA_SPARK_TOKEN"  # noqa: S105 - the name of a variable
PACKAGES = ("delivery-metrics", "duckdb")  # another version of these may build other rows
SAME_VERSIONS = "install on its workers what is installed here, then repeat."
NO_ADDRESS = "set remote under [engine] or $SPARK_REMOTE, such as sc://host:15002."
RESULT = "part long, outcome string, message string"


class Outcome(NamedTuple):
    """How a task ended: ``done``, ``failed``, ``lost`` (no result) or ``refused`` (other versions), and why."""

    outcome: str
    message: str = ""


def run(tasks: Sequence[Task], work: Work, settings: EngineSettings) -> None:
    """Call ``work`` for each task on the workers of the engine; tasks that failed are tried once more.

    Raises ``UsageError`` if the engine is not installed or has no address, ``AuthError`` if it refuses the token, and
    ``DoraError`` if it can not be reached, its workers have other versions, or parts failed.
    """
    if not tasks:
        return
    failures: dict[int, str] = {}
    with _connect(settings.remote) as (spark, place):
        for _ in range(ATTEMPTS):
            outcomes = _run_once(spark, tasks, work, settings.workers or len(tasks))
            failures = {part: message for part, (outcome, message) in outcomes.items() if outcome != "done"}
            if not failures:
                return
            tasks = [task._replace(attempt=task.attempt + 1) for task in tasks if task.part in failures]
    parts = f"{counted(len(failures), 'part')} ({', '.join(map(str, sorted(failures)))})"
    part, message = min(failures.items())
    raise DoraError(
        f"{parts} could not be built at {place}; the last build is kept. Part {part}: {message}",
        "correct that, or see the log of the workers, then repeat.",
    )


def describe(settings: EngineSettings) -> str:
    """Return the version and the place of the engine. Raises what ``run`` raises before it sends a task."""
    with _connect(settings.remote) as (spark, place):
        return f"Spark Connect {spark.version} at {place}"


def _run_once(spark: SparkSession, tasks: Sequence[Task], work: Work, workers: int) -> dict[int, Outcome]:
    """Return the outcome of each part. Raises ``DoraError`` if workers refuse a task for their versions."""
    # Sail runs every partition at once, Spark as many as it has cores.
    frame = spark.createDataFrame(_tabulate(tasks, work)).repartition(min(len(tasks), workers))
    rows = frame.mapInArrow(carry_out, RESULT).toArrow().to_pylist()
    outcomes = {row["part"]: Outcome(row["outcome"], row["message"]) for row in rows}
    for outcome, message in outcomes.values():
        if outcome == "refused":
            raise DoraError(f"{message} Nothing was built.", SAME_VERSIONS)
    return {task.part: outcomes.get(task.part, Outcome("lost", "The engine returned no result.")) for task in tasks}


def _tabulate(tasks: Sequence[Task], work: Work) -> pa.Table:
    """Return the rows that workers need: strings and numbers alone, with the name of the function and the versions."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    constants = {"module": work.__module__, "function": work.__name__, "versions": _describe_versions()}
    return pa.Table.from_pylist([task._asdict() | constants for task in tasks])


def carry_out(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Do the tasks of one partition, one after another; runs on a worker."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    for batch in batches:
        for row in batch.to_pylist():
            outcome = _carry_out_task(Task(*(row[name] for name in Task._fields)), row)
            yield pa.RecordBatch.from_pylist([{"part": row["part"], **outcome._asdict()}])


def _carry_out_task(task: Task, row: dict[str, str]) -> Outcome:
    # What a worker raises ends the whole job, and the words of the engine around it do not name the part.
    if (installed := _describe_versions()) != row["versions"]:
        return Outcome("refused", f"A worker has {installed}, this machine has {row['versions']}.")
    try:
        getattr(importlib.import_module(row["module"]), row["function"])(*task)
    except DoraError as error:
        return Outcome("failed", error.happened)
    except Exception as error:
        traceback.print_exc()  # into the log of the worker
        return Outcome("failed", f"{type(error).__name__}: {' '.join(str(error).split())[:MAX_TEXT]}")
    return Outcome("done")


def _describe_versions() -> str:
    return ", ".join(f"{package} {_find_version(package)}" for package in PACKAGES)


def _find_version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(none)"


@contextlib.contextmanager
def _connect(remote: str | None) -> Iterator[tuple[SparkSession, str]]:
    """Yield a session on the server, and host and port of it; what the engine raises in the block becomes our error."""
    if not remote:
        raise UsageError("The engine spark has no address; nothing was built.", NO_ADDRESS)
    try:
        from pyspark.errors import PySparkException  # noqa: PLC0415 - an extra
        from pyspark.sql.connect.client import DefaultChannelBuilder  # noqa: PLC0415
        from pyspark.sql.connect.session import SparkSession  # noqa: PLC0415
    except ImportError as error:
        raise UsageError("The engine spark is not installed; nothing was built.", install_extra("spark")) from error
    try:
        channel = DefaultChannelBuilder(remote)
    except (PySparkException, ValueError) as error:
        raise UsageError("The address of the engine is not of Spark Connect; nothing was built.", NO_ADDRESS) from error
    if token := os.environ.get(TOKEN):
        channel.set(channel.PARAM_TOKEN, token)
    warnings.filterwarnings("ignore", r"\[RETRIES_EXCEEDED\]")  # the error says it
    spark = SparkSession.builder.channelBuilder(channel).create()
    try:
        _set_retries(spark, CONNECT_RETRIES)
        spark.version  # noqa: B018 - the first request
        _set_retries(spark, JOB_RETRIES)
        yield spark, channel.endpoint
    except PySparkException as error:
        raise _explain(error, channel.endpoint) from error
    finally:
        _set_retries(spark, 0)
        spark.stop()
        # Its finalizer would close it again, and waits for ever if it runs while another session sends a request.
        spark.client.close = lambda: None  # type: ignore[method-assign]


def _set_retries(spark: SparkSession, retries: int) -> None:
    """Let a request that finds no server be repeated so often, with a wait that grows from 50 ms to a minute."""
    from pyspark.sql.connect.client.retries import DefaultPolicy  # noqa: PLC0415 - an extra

    spark.client.set_retry_policies([DefaultPolicy(max_retries=retries)])


def _explain(error: PySparkException, place: str) -> DoraError:
    """Return an error of the engine in our words."""
    code = getattr(error, "getGrpcStatusCode", lambda: None)()
    name, text = getattr(code, "name", ""), str(error)
    if name == "UNAVAILABLE":
        return DoraError(f"The engine at {place} can not be reached; the last build is kept.", "start it, then repeat.")
    if name in ("UNAUTHENTICATED", "PERMISSION_DENIED"):
        return AuthError(
            f"The engine at {place} rejects the credentials; the last build is kept.", f"set its token in ${TOKEN}."
        )
    if "No module named 'dora" in text:
        return DoraError(f"Workers of {place} lack delivery-metrics; the last build is kept.", SAME_VERSIONS)
    reason = text.strip().splitlines()[-1][:MAX_TEXT] if text.strip() else type(error).__name__
    return DoraError(f"The engine at {place} failed: {reason}; the last build is kept.", "see its log, then repeat.")
