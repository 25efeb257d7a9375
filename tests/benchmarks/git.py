"""How fast git history is read and walked: ours, the limit, the ratio; other readers of git in the same run.

Run: ``python -m tests.benchmarks.git [COMMITS]``
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from itertools import islice, pairwise
from pathlib import Path
from typing import NamedTuple

import duckdb

from dora.lineage import table as lineage
from dora.memory import paused_garbage_collection
from dora.sql import catalog
from dora.storage import database
from ingest.core import pipeline, source
from ingest.git import SOURCE
from ingest.git.history.log import FIELDS, LOG_OPTIONS
from ingest.payloads.archive import Archive, Document
from tests.benchmarks.history import build, output
from tests.benchmarks.memory import peak

COMMITS, DEPLOYMENTS, SAMPLE = 100_000, 10_000, 100
LIMIT_MB, AGAIN_SECONDS, WALK_SECONDS, ASKED = 300, 1.0, 0.05, 1.5
SOME = 5_000  # commits that the slowest reader reads
# What the walk reads of models: plain deployments of one target, each of a commit.
MODELS = """
CREATE TABLE attempts AS SELECT 'd' || n AS deployment_id, 'service' AS application, true AS took_traffic,
  true AS succeeded, 'deploy' AS governing_class, false AS explicit_rollback, NULL::VARCHAR AS explicit_kind,
  TIMESTAMP '2020-01-01' + to_seconds(n) AS traffic_at
FROM (SELECT unnest($n) AS n);
CREATE TABLE deciding_rollouts AS SELECT deployment_id, 'files' AS source, deployment_id AS source_rollout_id,
  'production' AS target, governing_class, 'deploy' AS part, traffic_at AS started_at, traffic_at AS accepted_at,
  traffic_at AS first_traffic_at, traffic_at AS full_traffic_at
FROM attempts;
CREATE TABLE content_parts AS SELECT 'files' AS source, 'd' || n AS rollout_id, '' AS slot,
  'acme/service' AS repository, sha AS commit, NULL::VARCHAR AS identity, 'commit' AS origin
FROM (SELECT unnest($n) AS n, unnest($sha) AS sha);
CREATE TABLE rollout_templates (source VARCHAR, rollout_id VARCHAR, template VARCHAR);
CREATE TABLE served_targets (deployment_id VARCHAR, target VARCHAR, undone_at TIMESTAMP);
CREATE TABLE request_changes (repository VARCHAR, sha VARCHAR, change_sha VARCHAR)
"""


class Usage(NamedTuple):
    """Seconds by the clock, and of processors: our own, and those of the commands that were run."""

    wall: float
    own: float
    theirs: float


def read_usage() -> Usage:
    own, theirs = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return Usage(time.perf_counter(), own.ru_utime + own.ru_stime, theirs.ru_utime + theirs.ru_stime)


def measure(work: Callable[[], object], times: int = 3) -> Usage:
    """The least of some runs, each second for itself."""
    runs = []
    for _ in range(times):
        start = read_usage()
        work()
        runs.append([after - before for after, before in zip(read_usage(), start, strict=True)])
    return Usage(*map(min, zip(*runs, strict=True)))


def measure_wall_time(work: Callable[[], object], times: int = 3) -> float:
    """Seconds of the fastest of some runs."""
    return measure(work, times).wall


def show(what: str, ours: float, limit: float, peer: str, target: float | None = None) -> None:
    note = f" (target {target:g})" if target else ""
    print(f"{what:<42} ours {ours:8.3f} s   {peer} {limit:8.3f} s   ratio {ours / limit:6.2f}{note}", flush=True)


def clear(data: Path) -> None:
    """Remove what was landed, and keep the mirror."""
    (data / database.LANDING).unlink(missing_ok=True)
    shutil.rmtree(data / "payloads", ignore_errors=True)


def ingest(repository: Path, data: Path) -> Usage:
    """Time a whole ingest over an existing mirror against the ``git log`` that it runs, bare and parsed."""
    settings = {"repositories": [{"url": str(repository), "name": "acme/service"}]}
    git = SOURCE.from_settings(settings, data)

    def pull() -> None:
        clear(data)
        pipeline.pull(git, data, source.Request())

    def read() -> None:
        for _ in git.fetch(source.Request(), source.SourceState()):
            pass

    def log() -> None:
        subprocess.run(log_command(data), input=b"main\n", stdout=subprocess.DEVNULL, env=log_environment(), check=True)

    print(f"first run, clone included: {measure_wall_time(pull, 1):.2f} s", flush=True)
    bare, parsed, documents, total = map(measure, (log, lambda: parse_log(data), read, pull))
    show("fetch: read into documents", documents.wall, bare.wall, "git log, bare,")
    show("whole ingest, archived and landed", total.wall, bare.wall, "git log, bare,", ASKED)
    show("  the same", total.wall, parsed.wall, "git log, parsed", ASKED)
    spent, all_parsed = total.own + total.theirs, parsed.own + parsed.theirs
    show(f"  processors, {total.theirs:.2f} of it git's", spent, bare.theirs, "git log, bare,", ASKED)
    show("  the same", spent, all_parsed, "git log, parsed", ASKED)
    measure_minimum(data, bare, list(git.fetch(source.Request(), source.SourceState())))
    show(
        "a run with nothing new",
        measure_wall_time(lambda: pipeline.pull(git, data, source.Request())),
        AGAIN_SECONDS,
        "allowed",
    )
    return total


def log_command(data: Path) -> list[str]:
    return ["git", "-C", str(data / "mirrors" / "acme__service.git"), "log", *LOG_OPTIONS]


def log_environment() -> dict[str, str]:
    return os.environ | {"GIT_FLUSH": "0"}


def parse_log(data: Path) -> list[tuple[str, ...]]:
    """``git log`` parsed: its output read and cut into one tuple of fields for each commit, and nothing else done."""
    output = subprocess.run(
        log_command(data), input=b"main\n", capture_output=True, env=log_environment(), check=True
    ).stdout
    fields = output.decode("utf-8", "replace").split("\0")
    return list(zip(*(fields[column::FIELDS] for column in range(1, FIELDS)), strict=False))


def measure_minimum(data: Path, limit: Usage, items: list[source.Item]) -> None:
    """What no ingest can leave out, each for itself: git's output in memory, payloads on disk, rows in a table."""
    documents = [item for item in items if isinstance(item, Document)]
    with duckdb.connect(str(data / database.LANDING), read_only=True) as con:
        tables = {name: con.sql(f'FROM "{name}"').to_arrow_table() for name in ("commit", "change")}

    def read_output() -> None:
        subprocess.run(log_command(data), input=b"main\n", capture_output=True, env=log_environment(), check=True)

    def compress_payloads() -> None:
        with tempfile.TemporaryDirectory() as folder, closing(Archive(Path(folder), "git", "20260101")) as archive:
            archive.append(documents)
            archive.sync()

    def insert_rows() -> None:
        with tempfile.TemporaryDirectory() as folder, duckdb.connect(f"{folder}/bare.duckdb") as con:
            con.execute("SET threads = 1").execute("SET force_compression = 'uncompressed'")
            for name, table in tables.items():
                con.register("batch", table)
                con.execute(f'CREATE TABLE "{name}" AS FROM batch')
            con.execute("CHECKPOINT")

    parts = {
        "git log in memory": read_output,
        "payloads compressed": compress_payloads,
        "bare INSERT, not compressed": insert_rows,
    }
    spent = {what: measure(work) for what, work in parts.items()}
    parts_text = ", ".join(f"{what} {taken.own + taken.theirs:.2f}" for what, taken in spent.items())
    total = sum(taken.own + taken.theirs for taken in spent.values())
    print(f"  unavoidable for any ingest, in processor seconds: {parts_text}; {total / limit.theirs:.2f} times git log")


def remember(repository: Path, data: Path) -> None:
    """Say how much memory an ingest takes at its peak, in a process of its own, as a peak never goes down."""
    settings = {"repositories": [{"url": str(repository), "name": "acme/service"}]}
    clear(data)
    pipeline.pull(SOURCE.from_settings(settings, data), data, source.Request())
    taken = peak()
    print(
        f"{'memory at its peak':<42} ours {taken:7.0f} MB   allowed {LIMIT_MB:7.0f} MB   ratio {taken / LIMIT_MB:6.2f}"
    )


def peers(repository: Path, commits: int, total: Usage) -> None:
    """Time what other readers need to tell of each commit its id, parents, time, author and message, and no more."""
    pydriller_commits = min(commits, SOME)

    def pygit2() -> None:
        walked = importlib.import_module("pygit2").Repository(str(repository))
        read = ((c.id, c.parent_ids, c.commit_time, c.author.name, c.message) for c in walked.walk(walked.head.target))
        deque(read, maxlen=0)

    def pydriller() -> None:
        importlib.import_module("git")  # what pydriller imports puts our folder first, where another git.py lies
        read = importlib.import_module("pydriller").Repository(str(repository)).traverse_commits()
        deque(
            ((c.hash, c.parents, c.committer_date, c.author.name, c.msg) for c in islice(read, pydriller_commits)),
            maxlen=0,
        )

    for name, work, count in (("pygit2", pygit2, commits), ("pydriller", pydriller, pydriller_commits)):
        if importlib.util.find_spec(name):
            show(
                f"whole ingest, for {count:,} commits",
                total.wall * count / commits,
                measure_wall_time(work, 1),
                f"{name} reading",
            )
        else:
            print(f"{name} is not installed; `make bench` does it")


def walk(repository: Path, data: Path, trunk: list[str]) -> None:
    """Time the walk over many plain deployments against one ``git rev-list`` for each."""
    chance = random.Random(2)
    deployed = [trunk[place] for place in sorted(chance.sample(range(len(trunk)), min(DEPLOYMENTS, len(trunk))))]
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{data / database.LANDING}' AS landing (READ_ONLY)")
        values = {"n": list(range(len(deployed))), "sha": deployed}
        for statement in MODELS.split(";"):
            con.execute(statement, {name: each for name, each in values.items() if f"${name}" in statement})
        start = time.perf_counter()
        lineage.trace(con)
        total = time.perf_counter() - start
        queries = catalog.queries("lineage")
        for name in lineage._SCRATCH:
            con.execute(f"CREATE TEMP TABLE {name} AS {queries[name]}")
        loading = measure_wall_time(lambda: lineage.load(con), 1)
        graph, contents, attempts = lineage.load(con), lineage._load_contents(con), lineage._load_attempts(con)

    def walk_attempts() -> None:
        with paused_garbage_collection():
            _, shipped = lineage.walk.walk_attempts(graph, contents, attempts)
        assert len(set(shipped["attempt"].tolist())) == len(deployed)

    def generations() -> None:
        graph.__dict__.pop("generation", None)
        assert graph.generation

    pairs = list(pairwise(deployed))[:: max(1, len(deployed) // SAMPLE)]
    per_pair = measure_wall_time(lambda: [output(repository, "rev-list", f"{old}..{new}") for old, new in pairs], 1)
    print(f"graph load {loading:.3f} s, generations {measure_wall_time(generations):.3f} s, whole trace {total:.3f} s")
    took = measure_wall_time(walk_attempts, 5)
    show(f"the walk, {len(deployed):,} deployments", took, WALK_SECONDS, "allowed")
    show("  the same", took, per_pair * len(deployed) / len(pairs), "git rev-list each")


def main() -> None:
    """Build a repository of so many commits in a temporary folder and time everything on it."""
    commits = int(sys.argv[1]) if len(sys.argv) > 1 else COMMITS
    with tempfile.TemporaryDirectory() as folder:
        repository, data = Path(folder, "service.git"), Path(folder, "data")
        trunk = build(repository, commits)
        print(f"{commits:,} commits, {len(trunk):,} of them on the trunk's line")
        total = ingest(repository, data)
        child = multiprocessing.get_context("spawn").Process(target=remember, args=(repository, data))
        child.start()
        child.join()
        peers(repository, commits, total)
        walk(repository, data, trunk)


if __name__ == "__main__":
    main()
