"""What each deployment shipped, from landed commits and attempts to the two tables, with git as the judge."""

from __future__ import annotations

import csv
import gzip
import random
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from dora.lineage import table
from ingest.core.pipeline import pull
from ingest.core.source import Request
from ingest.git import SOURCE

SHARED = Path(__file__).resolve().parents[4] / "shared" / "git"
# What ``trace`` reads of each table; a commit of another repository is a part with another slot.
TABLES = {
    "attempts": "deployment_id, application, took_traffic, succeeded, governing_class, explicit_rollback,"
    " explicit_kind, traffic_at",
    "deciding_rollouts": "deployment_id, source, source_rollout_id, target, governing_class, part, started_at,"
    " accepted_at, first_traffic_at, full_traffic_at",
    "content_parts": "source, rollout_id, application, slot, repository, commit, identity, origin",
    "rollout_templates": "source, rollout_id, template",
    "served_targets": "deployment_id, target, reverted_at",
    "request_changes": "repository, sha, change_sha",
}
USUAL = {
    "application": "shop", "repository": "acme/shop", "took_traffic": True, "succeeded": True, "target": "eu",
    "governing_class": "deploy", "explicit_rollback": False, "source": "files", "part": "deploy", "slot": "",
    "origin": "commit",
}  # fmt: skip
A, B, C = "a" * 40, "b" * 40, "c" * 40


class Build:
    """A build connection: landed commits on one side, attempts on the other."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        for name, columns in TABLES.items():
            con.execute(f"CREATE TABLE {name} ({', '.join(map(column_type, columns.split(', ')))})")

    def land(self, *commits: tuple[str, str, list[str]], source: str = "git") -> None:
        for repository, sha, parents in commits:
            self.con.execute(
                "INSERT INTO landing.commit BY NAME SELECT ? source, ? repository, ? sha, ? parents",
                [source, repository, sha, parents],
            )

    def merge(self, *changes: tuple[str, str], on_trunk: bool = True) -> None:
        for repository, sha in changes:
            self.con.execute("INSERT INTO landing.change VALUES ('git', ?, ?, ?)", [repository, sha, on_trunk])

    def attempt(self, *attempts: dict[str, Any]) -> None:
        """Add attempts of one target each, a minute apart where they say no time."""
        start = self.con.execute("SELECT count(*) FROM attempts").fetchall()[0][0]
        for number, fields in enumerate(attempts, start):
            name, minute = (
                fields.get("deployment_id", f"d{number}"),
                f"2026-01-01 {number // 60:02}:{number % 60:02}:00",
            )
            row = {"deployment_id": name, "source_rollout_id": name, "rollout_id": name, "traffic_at": minute}
            row |= USUAL | fields
            times = dict.fromkeys(("accepted_at", "first_traffic_at", "full_traffic_at"), row["traffic_at"])
            for table_name, columns in TABLES.items():
                values = [(times | row).get(column) for column in columns.split(", ")]
                self.con.execute(f"INSERT INTO {table_name} VALUES ({', '.join('?' * len(values))})", values)

    def trace(self) -> Build:
        table.trace(self.con)
        return self

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.con.execute(query).fetchall()

    def shipped(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for deployment, sha in self.rows("SELECT deployment_id, sha FROM shipped_commits"):
            found.setdefault(deployment, set()).add(sha)
        return found


def column_type(name: str) -> str:
    """The name and the type of a column."""
    kind = "TIMESTAMP" if name.endswith("_at") else "VARCHAR"
    return f"{name} {'BOOLEAN' if name in {'took_traffic', 'succeeded', 'explicit_rollback'} else kind}"


@pytest.fixture
def build() -> Iterator[Build]:
    with duckdb.connect() as con:
        con.execute("ATTACH ':memory:' AS landing")
        told = "source VARCHAR, repository VARCHAR, sha VARCHAR"
        con.execute(f"CREATE TABLE landing.commit ({told}, parents VARCHAR[], committed_at TIMESTAMP, tree VARCHAR)")
        con.execute(f"CREATE TABLE landing.change ({told}, on_trunk BOOLEAN)")
        yield Build(con)


def test_nothing_gives_empty_tables_of_the_right_types(build: Build) -> None:
    """Without commits and attempts both tables exist, empty and typed, and nothing else is left behind."""
    build.trace()
    kinds = dict(build.rows("SELECT column_name, column_type FROM (DESCRIBE lineage)"))
    others = [f"{name}_id" for name in ("previous", "content", "restored", "blamed_first", "blamed_last", "joins")]
    names = ["deployment_id", "repository", "sha", "commit", "attribution", "change", "direction", *others]
    assert kinds == dict.fromkeys(names, "VARCHAR") | {"turn": "INTEGER"}
    shipped = dict(build.rows("SELECT column_name, column_type FROM (DESCRIBE shipped_commits)"))
    assert shipped == dict.fromkeys(["application", "repository", "sha", "deployment_id"], "VARCHAR") | {
        "baseline": "BOOLEAN"
    }
    assert build.rows("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'lineage_%'") == []


def test_one_row_an_attempt_and_none_lost(build: Build) -> None:
    """Every attempt has its row; one without traffic says only what it carried."""
    build.land(("acme/shop", A, []), ("acme/shop", B, [A]))
    build.attempt({"commit": A}, {"commit": B, "took_traffic": False, "succeeded": False, "traffic_at": None})
    build.attempt({"commit": B})
    rows = build.trace().rows(
        "SELECT deployment_id, turn, repository, sha, attribution, change, direction, previous_id, content_id"
        " FROM lineage ORDER BY deployment_id"
    )
    assert rows == [
        ("d0", 0, "acme/shop", A, "commit", "new", "first", None, "d0"),
        ("d1", 2, "acme/shop", B, "commit", None, None, None, None),
        ("d2", 1, "acme/shop", B, "commit", "new", "ahead", "d0", "d2"),
    ]
    assert build.rows("FROM shipped_commits ORDER BY deployment_id") == [
        ("shop", "acme/shop", A, "d0", True),
        ("shop", "acme/shop", B, "d2", False),
    ]


def test_a_change_brings_what_no_change_below_it_reaches(build: Build) -> None:
    """A merge brings its branch, the oldest commit first; what a line dropped brings nothing of its own."""
    d, e, f = "d" * 40, "e" * 40, "f" * 40
    build.land(("acme/shop", A, []), ("acme/shop", C, [A]), ("acme/shop", B, [C]), ("acme/shop", d, [A, B]))
    build.land(("acme/shop", e, [d]), ("acme/shop", f, [A]))
    build.merge(("acme/shop", A), ("acme/shop", d), ("acme/shop", e))
    build.merge(("acme/shop", f), on_trunk=False)
    rows = build.trace().rows("SELECT change_sha, position, sha FROM included_commits ORDER BY change_sha, position")
    assert rows == [(A, 1, A), (d, 1, C), (d, 2, B), (d, 3, d), (e, 1, e)]


X7, X8 = "abcdef0" + "1" * 33, "abcdef0" + "2" * 33


@pytest.mark.parametrize(
    ("repository", "commit", "expected"),
    [
        ("acme/shop", A, ("acme/shop", A, "commit")),
        ("ACME/Shop", A.upper(), ("acme/shop", A, "commit")),
        ("acme/shop", A[:7], ("acme/shop", A, "commit")),
        ("acme/shop", "abcdef01", ("acme/shop", X7, "commit")),
        ("acme/shop", "abcdef0", (None, None, "ambiguous")),
        (None, "abcdef0", (None, None, "ambiguous")),
        (None, B, ("acme/web", B, "commit")),
        (None, B[:8], ("acme/web", B, "commit")),
        ("acme/shop", B, ("acme/web", B, "commit")),
        ("acme/shop", B[:8], (None, None, "unknown")),
        ("acme/elsewhere", B[:8], ("acme/web", B, "commit")),
        (None, C, ("acme/fork", C, "commit")),
        ("acme/web", C, ("acme/web", C, "commit")),
        (None, C[:7], ("acme/fork", C, "commit")),
        ("acme/shop", "d" * 40, (None, None, "unknown")),
        ("acme/shop", A[:6], (None, None, "unknown")),
        ("acme/shop", "v1.2.3", (None, None, "unknown")),
        ("acme/shop", "%_'\"", (None, None, "unknown")),
        ("acme/shop", "", (None, None, "unknown")),
        ("acme/shop", None, (None, None, "missing")),
    ],
)
def test_a_commit_is_found_or_it_is_said_why_not(
    build: Build, repository: str | None, commit: str | None, expected: tuple[str | None, ...]
) -> None:
    """Full or abbreviated, in its own repository or, where that can not deceive, in another one."""
    build.land(("acme/shop", A, []), ("acme/shop", X7, []), ("acme/shop", X8, []))
    build.land(("acme/web", B, []), ("acme/web", C, []), ("acme/fork", C, []))
    build.attempt({"repository": repository, "commit": commit})
    found = build.trace().rows("SELECT CASE WHEN sha IS NOT NULL THEN repository END, sha, attribution FROM lineage")
    assert found == [expected]


def test_a_commit_landed_by_two_sources_is_one(build: Build) -> None:
    """The same commit from git and from a file is neither ambiguous nor shipped twice."""
    for source in ("git", "files"):
        build.land(("acme/shop", A, []), ("acme/shop", B, [A]), source=source)
    build.attempt({"commit": B[:9]})
    assert build.trace().shipped() == {"d0": {A, B}}


def test_parents_that_are_missing_or_go_in_a_circle_do_no_harm(build: Build) -> None:
    """What is not there is a root; a circle is shipped once."""
    build.land(("acme/shop", A, ["e" * 40]), ("acme/shop", B, [C]), ("acme/shop", C, [B, C, A]))
    build.attempt({"commit": A}, {"commit": B}, {"commit": C}, {"commit": A})
    assert build.trace().shipped() == {"d0": {A}, "d1": {B, C}}
    directions = build.rows("SELECT direction FROM lineage ORDER BY deployment_id")
    assert [direction for (direction,) in directions] == ["first", "ahead", "back", "back"]


def test_applications_of_one_repository_each_ship_for_themselves(build: Build) -> None:
    """A shared repository is walked once for each application, and an application of two has two baselines."""
    build.land(("acme/shop", A, []), ("acme/shop", B, [A]), ("acme/web", C, []))
    build.attempt({"commit": A}, {"commit": B, "application": "web"}, {"commit": B})
    build.attempt({"commit": C, "repository": "acme/web"})
    assert build.trace().shipped() == {"d0": {A}, "d1": {A, B}, "d2": {B}, "d3": {C}}
    baselines = build.rows("SELECT DISTINCT deployment_id FROM shipped_commits WHERE baseline ORDER BY 1")
    assert [deployment for (deployment,) in baselines] == ["d0", "d1", "d3"]


def test_order_is_by_time_and_then_by_id(build: Build) -> None:
    """Attempts at one instant are ordered by their ids, so that a rebuild tells the same story."""
    build.land(("acme/shop", A, []), ("acme/shop", B, [A]))
    same = {"traffic_at": "2026-01-01 00:00:00"}
    build.attempt({"deployment_id": "z", "commit": A} | same, {"deployment_id": "y", "commit": B} | same)
    assert build.trace().rows("SELECT deployment_id, direction FROM lineage ORDER BY 1") == [
        ("y", "first"),
        ("z", "back"),
    ]


def git(repository: Path, *arguments: str, stdin: bytes = b"") -> str:
    done = subprocess.run(["git", "-C", repository, *arguments], input=stdin, check=True, capture_output=True)
    return done.stdout.decode()


def history(seed: int, commits: int) -> Iterator[str]:
    """A fast-import stream of one random history: several roots, branches, octopus and criss-cross merges."""
    chance = random.Random(seed)
    for mark in range(1, commits + 1):
        low = max(1, mark - 12)
        count = chance.choices((0, 1, 2, 3), (2, 60, 30, 8))[0] if mark > 1 else 0
        parents = sorted({chance.randint(low, mark - 1) for _ in range(count)})
        yield f"commit refs/heads/b{mark}\nmark :{mark}\ncommitter a <a> {1_700_000_000 + mark * 60} +0000\n"
        yield f"data {len(str(mark))}\n{mark}\n"
        yield "".join(f"{'merge' if place else 'from'} :{parent}\n" for place, parent in enumerate(parents))
    yield "done\n"


def ingested(build: Build, repository: Path, data: Path, name: str, trunk: str) -> None:
    """Ingest a repository by the real source and give its commits to the build."""
    settings = {"repositories": [{"url": str(repository), "name": name, "trunk": trunk}]}
    assert pull(SOURCE.from_settings(settings, data), data, Request()).partial_failures == []
    build.con.execute(f"ATTACH '{data / 'landing.duckdb'}' AS real (READ_ONLY)")
    build.con.execute(
        "INSERT INTO landing.commit BY NAME SELECT source, repository, sha, parents, committed_at FROM real.commit"
    )


def judged(repository: Path, commits: Iterable[str]) -> Iterator[set[str]]:
    """What git says that each deployed commit brought beyond all deployed before it."""
    before: list[str] = []
    for commit in commits:
        wanted = "\n".join([commit, *(f"^{sha}" for sha in dict.fromkeys(before))])
        yield set(git(repository, "rev-list", "--stdin", stdin=wanted.encode()).split())
        before.append(commit)


@pytest.mark.parametrize("seed", range(3))
def test_git_agrees_on_random_histories(build: Build, tmp_path: Path, seed: int) -> None:
    """Releases, rollbacks and side branches of a real repository: each ships what rev-list says, exactly."""
    repository = tmp_path / "shop.git"
    subprocess.run(["git", "init", "--quiet", "--bare", repository], check=True)
    git(repository, "fast-import", "--quiet", "--done", stdin="".join(history(seed, 150)).encode())
    ingested(build, repository, tmp_path / "data", "acme/shop", "b150")
    shas = git(repository, "rev-list", "--all").split()
    chance = random.Random(seed)
    deployed = [chance.choice(shas) for _ in range(40)]
    build.attempt(*({"commit": sha} for sha in deployed))
    shipped = build.trace().shipped()
    for number, expected in enumerate(judged(repository, deployed)):
        assert shipped.get(f"d{number}", set()) == expected
    found = dict(build.rows("SELECT deployment_id, direction FROM lineage"))
    for number in range(1, 40):
        old, new, direction = deployed[number - 1], deployed[number], found[f"d{number}"]
        back = old != new and new in git(repository, "rev-list", old).split()
        if f"d{number}" in shipped:
            assert direction == "ahead"
        elif old == new:
            assert direction == "same"
        else:
            assert (direction == "back") == back


@pytest.mark.shared
def test_git_agrees_on_every_release_of_a_real_repository(build: Build, tmp_path: Path) -> None:
    """All 1,599 releases of a real history, patches of older lines among them: each ships what rev-list says."""
    repository = tmp_path / "orca.git"
    subprocess.run(["git", "init", "--quiet", "--bare", repository], check=True)
    git(
        repository,
        "fast-import",
        "--quiet",
        "--done",
        stdin=gzip.decompress((SHARED / "orca.fast-import.gz").read_bytes()),
    )
    start = time.perf_counter()
    ingested(build, repository, tmp_path / "data", "spinnaker/orca", "master")
    with (SHARED / "orca-deployments.csv").open() as file:
        releases = sorted(csv.DictReader(file), key=lambda row: (row["finished_at"], row["id"]))
    build.con.register("releases", pa.Table.from_pylist(releases))
    times = "finished_at[:19]::TIMESTAMP"
    build.con.execute(f"""
    INSERT INTO attempts BY NAME SELECT id AS deployment_id, application, true AS took_traffic, true AS succeeded,
      'deploy' AS governing_class, false AS explicit_rollback, {times} AS traffic_at FROM releases;
    INSERT INTO deciding_rollouts BY NAME SELECT id AS deployment_id, 'files' AS source, id AS source_rollout_id,
      'eu' AS target, 'deploy' AS governing_class, 'deploy' AS part, {times} AS accepted_at,
      {times} AS first_traffic_at, {times} AS full_traffic_at FROM releases;
    INSERT INTO content_parts BY NAME SELECT 'files' AS source, id AS rollout_id, application, '' AS slot,
      repository, commit, application || ' ' || version AS identity, 'commit' AS origin FROM releases;
    """)
    traced = time.perf_counter()
    shipped = build.trace().shipped()
    done = time.perf_counter()
    print(f"ingest {traced - start:.2f} s, trace {done - traced:.2f} s")
    assert len(releases) == 1599
    git(repository, "commit-graph", "write", "--reachable")
    expected = dict(
        zip((row["id"] for row in releases), judged(repository, (r["commit"] for r in releases)), strict=True)
    )
    assert {release: shipped.get(release, set()) for release in expected} == expected
    assert build.rows("SELECT count(*) FROM lineage WHERE attribution = 'commit'") == [(1599,)]
    assert {direction for (direction,) in build.rows("SELECT DISTINCT direction FROM lineage")} >= {"ahead", "same"}
