"""How fast git history is read and walked: ours, the limit, the ratio; other readers of git in the same run.

Run: ``python -m tests.benchmarks.git [COMMITS]``
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import duckdb

from dora import lineage, warehouse
from ingest import run, source
from ingest.archive import Archive, Document
from ingest.git import SOURCE
from ingest.git.log import OPTIONS
from tests.benchmarks.memory import peak

COMMITS, DEPLOYMENTS, SAMPLE = 100_000, 10_000, 100
LIMIT_MB, AGAIN_SECONDS = 300, 1.0
ATTEMPTS = """
CREATE TABLE attempts (deployment_id VARCHAR, application VARCHAR, repository VARCHAR, commit VARCHAR, version VARCHAR,
  took_traffic BOOLEAN, succeeded BOOLEAN, alters BOOLEAN, explicit_rollback BOOLEAN, restores VARCHAR,
  server_group VARCHAR, steps_back INTEGER, undone_at TIMESTAMP, traffic_at TIMESTAMP)
"""


def stream(commits: int) -> Iterator[str]:
    """A git fast-import stream: a trunk of which every fourth entry merges a branch of one to three commits."""
    chance, mark, trunk, moment = random.Random(1), 0, 0, 1_400_000_000
    while mark < commits:
        branch, length = trunk, chance.randint(1, 3) if trunk and chance.random() < 0.25 else 0
        for step in range(length + 1):
            mark, moment = mark + 1, moment + chance.randint(60, 7200)
            merges = step == length and length
            text = f"Merge pull request #{mark} from acme/topic" if merges else f"change {mark} of it (#{mark})"
            body = f"{text}\n\n{'Some lines that say why this was needed. ' * chance.randint(0, 8)}\n"
            yield f"commit refs/heads/main\nmark :{mark}\nauthor dev{mark % 97} <d@x> {moment - 900} +0000\n"
            yield f"committer dev{mark % 89} <d@x> {moment} +0000\ndata {len(body)}\n{body}"
            yield f"from :{trunk if merges else branch}\n" if branch else ""
            yield f"merge :{branch}\n" if merges else ""
            yield f"M 100644 inline service{mark % 40}/file{mark % 900}\ndata {len(str(mark))}\n{mark}\n\n"
            branch = mark
        trunk = mark
    yield "done\n"


def build(path: Path, commits: int) -> list[str]:
    """Import the stream into a bare repository and return its trunk, oldest first."""
    subprocess.run(["git", "init", "--bare", "--quiet", "--initial-branch=main", path], check=True)
    text = "".join(stream(commits)).encode()
    subprocess.run(["git", "-C", path, "fast-import", "--done", "--quiet", "--force"], input=text, check=True)
    return output(path, "rev-list", "--first-parent", "--reverse", "main").split()


def output(path: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", path, *arguments], check=True, capture_output=True, text=True).stdout


class Taken(NamedTuple):
    """Seconds by the clock, and of processors: our own, and those of the commands that were run."""

    wall: float
    own: float
    theirs: float


def now() -> Taken:
    used = os.times()
    return Taken(time.perf_counter(), used.user + used.system, used.children_user + used.children_system)


def measured(work: Callable[[], object], times: int = 3) -> Taken:
    """The least of some runs, each second for itself."""
    runs = []
    for _ in range(times):
        start = now()
        work()
        runs.append([after - before for after, before in zip(now(), start, strict=True)])
    return Taken(*map(min, zip(*runs, strict=True)))


def best(work: Callable[[], object], times: int = 3) -> float:
    """Seconds of the fastest of some runs."""
    return measured(work, times).wall


def show(what: str, ours: float, limit: float, peer: str) -> None:
    print(f"{what:<42} ours {ours:8.3f} s   {peer} {limit:8.3f} s   ratio {ours / limit:6.2f}", flush=True)


def ingest(repository: Path, data: Path) -> None:
    """Time a whole ingest over an existing mirror against the bare ``git log`` that it runs."""
    settings = {"repositories": [{"url": str(repository), "name": "acme/service"}]}
    git = SOURCE.configured(settings, data)

    def pull() -> None:
        (data / warehouse.LANDING).unlink(missing_ok=True)
        run.pull(git, data, source.Request())

    def read() -> None:
        for _ in git.fetch(source.Request(), source.State({}, [])):
            pass

    def log() -> None:
        subprocess.run(raw(data), input=b"main\n", stdout=subprocess.DEVNULL, env=unhurried(), check=True)

    print(f"first run, clone included: {best(pull, 1):.2f} s", flush=True)
    limit = measured(log)
    for what, ours in (
        ("fetch: read into documents", measured(read)),
        ("whole ingest, archived and landed", measured(pull)),
    ):
        show(what, ours.wall, limit.wall, "git log")
        show(f"  in processor seconds, git's {ours.theirs:.2f} apart", ours.own, limit.theirs, "git log")
    least(data, limit, list(git.fetch(source.Request(), source.State({}, []))))
    show("a run with nothing new", best(lambda: run.pull(git, data, source.Request())), AGAIN_SECONDS, "allowed")


def raw(data: Path) -> list[str]:
    return ["git", "-C", str(data / "mirrors" / "acme__service.git"), "log", *OPTIONS]


def unhurried() -> dict[str, str]:
    return os.environ | {"GIT_FLUSH": "0"}


def least(data: Path, limit: Taken, items: list[source.Item]) -> None:
    """What no ingest can leave out, each for itself: git's output in memory, payloads on disk, rows in a table."""
    documents = [item for item in items if isinstance(item, Document)]
    with duckdb.connect(str(data / warehouse.LANDING), read_only=True) as con:
        tables = {name: con.sql(f'FROM "{name}"').to_arrow_table() for name in ("commit", "change")}

    def output_read() -> None:
        subprocess.run(raw(data), input=b"main\n", capture_output=True, env=unhurried(), check=True)

    def kept() -> None:
        with tempfile.TemporaryDirectory() as folder, closing(Archive(Path(folder), "git", "20260101")) as archive:
            archive.append(documents)
            archive.sync()

    def inserted() -> None:
        with tempfile.TemporaryDirectory() as folder, duckdb.connect(f"{folder}/bare.duckdb") as con:
            for name, table in tables.items():
                con.register("batch", table)
                con.execute(f'CREATE TABLE "{name}" AS FROM batch')
            con.execute("CHECKPOINT")

    parts = {"git log in memory": output_read, "payloads compressed": kept, "bare INSERT and CHECKPOINT": inserted}
    spent = {what: measured(work) for what, work in parts.items()}
    told = ", ".join(f"{what} {taken.own + taken.theirs:.2f}" for what, taken in spent.items())
    whole = sum(taken.own + taken.theirs for taken in spent.values())
    print(f"  of which no ingest can leave out, in processor seconds: {told}; {whole / limit.theirs:.2f} times git log")


def remember(repository: Path, data: Path) -> None:
    """Say how much memory an ingest takes at its peak, in a process of its own, as a peak never goes down."""
    settings = {"repositories": [{"url": str(repository), "name": "acme/service"}]}
    (data / warehouse.LANDING).unlink(missing_ok=True)
    run.pull(SOURCE.configured(settings, data), data, source.Request())
    taken = peak()
    print(
        f"{'memory at its peak':<42} ours {taken:7.0f} MB   allowed {LIMIT_MB:7.0f} MB   ratio {taken / LIMIT_MB:6.2f}"
    )


def peers(repository: Path) -> None:
    """Time other readers over the same history, those that are installed."""

    def pygit2() -> None:
        walked = importlib.import_module("pygit2").Repository(str(repository))
        commits = walked.walk(walked.head.target)
        deque(((c.id, c.parent_ids, c.commit_time, c.author.name, c.message) for c in commits), maxlen=0)

    def pydriller() -> None:
        commits = importlib.import_module("pydriller").Repository(str(repository)).traverse_commits()
        deque(((c.hash, c.parents, c.committer_date, c.author.name, c.msg) for c in commits), maxlen=0)

    for name, work in (("pygit2", pygit2), ("pydriller", pydriller)):
        if importlib.util.find_spec(name):
            print(f"{name} reads the same commits in {best(work, 1):.3f} s", flush=True)
        else:
            print(f"{name} is not installed")


def walk(repository: Path, data: Path, trunk: list[str]) -> None:
    """Time the walk over many deployments against one ``git rev-list`` for each."""
    chance = random.Random(2)
    places = sorted(chance.randrange(len(trunk)) for _ in range(DEPLOYMENTS))
    deployed = [trunk[max(0, place - chance.choice((0, 0, 0, 40)))] for place in places]
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{data / warehouse.LANDING}' AS landing (READ_ONLY)").execute(ATTEMPTS)
        con.execute(
            "INSERT INTO attempts SELECT 'd' || n, 'service', 'acme/service', sha, NULL, true, true, true, false,"
            " NULL, NULL, NULL, NULL, TIMESTAMP '2020-01-01' + to_seconds(n)"
            " FROM (SELECT unnest($n) n, unnest($sha) sha)",
            {"n": list(range(DEPLOYMENTS)), "sha": deployed},
        )
        start = time.perf_counter()
        lineage.trace(con)
        whole = time.perf_counter() - start
        con.execute(lineage._NODES)
        loading = best(lambda: lineage.load(con), 1)
        graph = lineage.load(con)
        node = dict(con.execute("SELECT sha, rowid FROM lineage_node").fetchall())
    tips = [node[sha] for sha in deployed]

    def mark() -> None:
        marked = bytearray(graph.size)
        for tip in tips:
            graph.mark(tip, marked)

    def generations() -> None:
        graph.__dict__.pop("generation", None)
        assert graph.generation

    pairs = list(pairwise(deployed))[:: DEPLOYMENTS // SAMPLE]
    asked = best(lambda: [output(repository, "rev-list", f"{old}..{new}") for old, new in pairs], 1)
    print(f"graph load {loading:.3f} s, generations {best(generations):.3f} s, whole trace {whole:.3f} s")
    show(f"the walk, {DEPLOYMENTS:,} deployments", best(mark), asked * DEPLOYMENTS / len(pairs), "git rev-list each")


def main() -> None:
    """Build a repository of so many commits in a temporary folder and time everything on it."""
    commits = int(sys.argv[1]) if len(sys.argv) > 1 else COMMITS
    with tempfile.TemporaryDirectory() as folder:
        repository, data = Path(folder, "service.git"), Path(folder, "data")
        trunk = build(repository, commits)
        print(f"{commits:,} commits, {len(trunk):,} of them on the trunk's line")
        ingest(repository, data)
        child = multiprocessing.get_context("spawn").Process(target=remember, args=(repository, data))
        child.start()
        child.join()
        peers(repository)
        walk(repository, data, trunk)


if __name__ == "__main__":
    main()
