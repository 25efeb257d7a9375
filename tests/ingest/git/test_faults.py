"""Faults of repositories, by their number in the list of faults; the other files of this folder have the rest."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.git.mirror import Mirror
from ingest.git.settings import Repository
from tests.ingest.git.conftest import NOON, Ingested, Upstream


def repository(upstream: Any, **more: Any) -> dict[str, Any]:
    return {"url": str(upstream.path), **more}


def mirror_of(ingested: Any) -> Path:
    found: Path = ingested.data / "mirrors" / "acme__shop.git"
    return found


def imported(upstream: Any, parents: list[list[int]], trunk: int) -> None:
    """Write commits with these parents; every leaf has a branch, and main is at ``trunk``."""
    lines = []
    for number, parents_of in enumerate(parents):
        lines += [f"commit refs/heads/b{number}", f"mark :{number + 1}", f"committer a <a> {NOON + number} +0000"]
        lines += ["data 1", str(number % 9)]
        lines += [f"{'merge' if place else 'from'} :{parent + 1}" for place, parent in enumerate(parents_of)]
        lines.append("")
    lines.append(f"reset refs/heads/main\nfrom :{trunk + 1}\n\ndone\n")
    upstream.git("fast-import", "--done", "--quiet", "--force", stdin="\n".join(lines).encode())


def test_v3_a_corrupt_mirror_is_reported_and_loses_no_row(upstream: Any, ingested: Any) -> None:
    """Flipped bytes in the mirror are a partial failure, and a new mirror repairs it."""
    imported(upstream, [[number - 1] if number else [] for number in range(150)], 149)
    ingested.run(repository(upstream))
    before = ingested.changes()
    assert len(before) == 150
    packs = list(mirror_of(ingested).rglob("*.pack"))
    for pack in packs:
        pack.chmod(0o644)
        raw = pack.read_bytes()
        pack.write_bytes(raw[:20] + bytes(byte ^ 0xFF for byte in raw[20:-20]) + raw[-20:])
    assert packs
    imported(upstream, [[number - 1] if number else [] for number in range(151)], 150)
    (ingested.data / "landing.duckdb").rename(ingested.data / "before.duckdb")
    (failure,) = ingested.run(repository(upstream)).partial_failures
    assert "git" in failure
    mirror_of(ingested).rename(ingested.data / "broken")
    assert ingested.run(repository(upstream)).partial_failures == []
    assert ingested.changes() > before


@st.composite
def histories(draw: st.DrawFn) -> list[list[int]]:
    size = draw(st.integers(1, 12))
    return [draw(st.lists(st.integers(0, n - 1), max_size=3, unique=True)) if n else [] for n in range(size)]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(runs=st.lists(histories(), min_size=1, max_size=2), data=st.data())
def test_v5_any_graph_gives_what_git_says(
    tmp_path_factory: Any, runs: list[list[list[int]]], data: st.DataObject
) -> None:
    """Octopus and criss-cross merges, several roots, then a force-push: changes and counts are git's."""
    folder = tmp_path_factory.mktemp("graph")
    upstream, ingested = Upstream(folder / "acme" / "shop"), Ingested(folder / "data")
    for parents in runs:
        imported(upstream, parents, data.draw(st.integers(0, len(parents) - 1)))
        assert ingested.run(repository(upstream)).partial_failures == []
        line = upstream.revs("--first-parent", "main")
        assert ingested.changes() == set(line)
        assert set(upstream.revs("--all")) <= set(ingested.column("SELECT sha FROM commit"))
        if parents is runs[0]:
            counted = dict(ingested.sql("SELECT sha, commits FROM change"))
            for sha, parent in zip(line, [*line[1:], None], strict=True):
                assert counted[sha] == len(upstream.revs(sha, *([f"^{parent}"] if parent else [])))


def test_v8_a_change_is_dated_by_its_committer_time(upstream: Any, ingested: Any) -> None:
    """A rebased commit keeps its author time; merged_at is the committer time on trunk."""
    upstream.commit("base")
    upstream.git("checkout", "--quiet", "-b", "topic")
    upstream.commit("rebased", "topic", GIT_AUTHOR_DATE="1690000000 +0000")
    upstream.git("checkout", "--quiet", "main")
    upstream.commit("other")
    upstream.now += 6000
    upstream.git("rebase", "--quiet", "main", "topic")
    upstream.git("checkout", "--quiet", "main")
    upstream.git("merge", "--quiet", "--ff-only", "topic")
    ingested.run(repository(upstream))
    query = "SELECT epoch(c.authored_at)::BIGINT, epoch(h.merged_at)::BIGINT, epoch(h.first_commit_at)::BIGINT"
    found = ingested.sql(f"{query} FROM commit c JOIN change h USING (sha) WHERE subject = 'rebased'")
    assert found == [(1_690_000_000, upstream.now, 1_690_000_000)]


def test_v9_paths_are_those_of_git_log(upstream: Any, ingested: Any) -> None:
    """A change touches a folder if ``git log -- folder`` lists it; a rename touches both folders."""
    for number, path in enumerate(["pay/a", "web/a", "lib/x", "pay/deep/b", "web/a"]):
        upstream.commit(f"{number}", path)
    upstream.git("mv", "pay/a", "web/moved")
    upstream.commit("renamed", "lib/x")
    upstream.git("rm", "--quiet", "web/a")
    upstream.commit("removed", "lib/y")
    ingested.run(repository(upstream, paths=True))
    landed = dict(ingested.sql("SELECT sha, paths FROM change"))
    for folder in ("pay", "web", "lib", "pay/deep"):
        touched = {sha for sha, paths in landed.items() if any(path.startswith(f"{folder}/") for path in paths)}
        assert touched == set(upstream.git("log", "--format=%H", "--", folder).split())


def test_v10_submodules_pointers_and_symlinks_are_only_paths(upstream: Any, ingested: Any, tmp_path: Path) -> None:
    """Git neither follows nor fetches any of them."""
    (upstream.path / ".gitmodules").write_text(
        f'[submodule "s"]\npath = s\nurl = ext::sh -c "touch {tmp_path}/canary"\n'
    )
    (upstream.path / ".gitattributes").write_text("*.bin filter=lfs diff=lfs\n")
    (upstream.path / "large.bin").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    (upstream.path / "link").symlink_to("/etc/passwd")
    upstream.git("add", ".")
    upstream.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},s")
    upstream.commit("all of it", "plain")
    summary = ingested.run(repository(upstream, paths=True, sizes=True))
    assert (summary.partial_failures, summary.notes) == ([], [])
    (paths,) = ingested.column("SELECT paths FROM change")
    assert set(paths) == {".gitattributes", ".gitmodules", "large.bin", "link", "plain", "s"}
    assert not (tmp_path / "canary").exists()


def test_v11_garbage_collection_and_stale_locks_lose_nothing(upstream: Any, ingested: Any) -> None:
    """Every run is complete while the upstream collects garbage, and after a git was killed."""
    stop = threading.Event()

    def collect() -> None:
        while not stop.is_set():
            upstream.git("gc", "--quiet", "--prune=5.minutes.ago")  # git itself: sooner may take what is being written

    upstream.commit("first")
    beside = threading.Thread(target=collect)
    beside.start()
    try:
        for number in range(6):
            tree = upstream.git("rev-parse", "HEAD^{tree}").encode()
            upstream.raw(b"tree " + tree + b"\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\n%d" % number)
            for lock in ("packed-refs.lock", "HEAD.lock", "refs/heads/main.lock", "config.lock"):
                if mirror_of(ingested).exists():
                    (mirror_of(ingested) / lock).touch()
            assert ingested.run(repository(upstream)).partial_failures == []
            assert ingested.changes() == set(upstream.revs("--first-parent", "main"))
    finally:
        stop.set()
        beside.join()


def test_v15_a_moved_tag_is_told_and_what_it_named_stays(upstream: Any, ingested: Any) -> None:
    """A tag that means another commit than last night is a note; the commit it named then is still there."""
    upstream.commit("one")
    upstream.git("checkout", "--quiet", "--detach")
    before = upstream.commit("released")
    upstream.git("tag", "v1")
    upstream.git("checkout", "--quiet", "main")
    assert ingested.run(repository(upstream)).notes == []
    upstream.git("tag", "--force", "v1", "main")
    (note,) = ingested.run(repository(upstream)).notes
    assert "v1 was moved" in note
    assert upstream.git("-C", str(mirror_of(ingested)), "cat-file", "-t", before) == "commit"
    assert ingested.run(repository(upstream)).notes == []


def test_v15_a_short_id_is_one_commit_or_none(upstream: Any, tmp_path: Path) -> None:
    """What begins two ids, or none, or is a branch's name, means no commit."""
    imported(upstream, [[number - 1] if number else [] for number in range(900)], 899)
    every = upstream.revs("--all")
    starts = [sha[:4] for sha in every]
    sha = next(sha for sha in every if starts.count(sha[:4]) > 1)
    upstream.git("branch", "deadbeef1", "main")
    mirror = Mirror(Repository(url=str(upstream.path), name="acme/shop", protocol="file"), tmp_path, 30)
    mirror.git.path = upstream.path / ".git"
    assert mirror.resolve_short_sha(sha[:4]) is None
    assert mirror.resolve_short_sha(sha[:12]) == sha
    assert mirror.resolve_short_sha("0" * 12) is None
    assert mirror.resolve_short_sha("deadbeef1") is None


@pytest.mark.parametrize("number", range(1, 16))
def test_every_fault_has_a_test(number: int) -> None:
    """V1 to V15 are each named by a test of this folder."""
    texts = [path.read_text() for path in Path(__file__).parent.glob("test_*.py")]
    assert any(f"def test_v{number}_" in text for text in texts)
