"""What goes wrong in repositories, by its number in the list of faults; others of the list stand beside their kin."""

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
    for number, those in enumerate(parents):
        lines += [f"commit refs/heads/b{number}", f"mark :{number + 1}", f"committer a <a> {NOON + number} +0000"]
        lines += ["data 1", str(number % 9)]
        lines += [f"{'merge' if place else 'from'} :{parent + 1}" for place, parent in enumerate(those)]
        lines.append("")
    lines.append(f"reset refs/heads/main\nfrom :{trunk + 1}\n\ndone\n")
    upstream.git("fast-import", "--done", "--quiet", "--force", stdin="\n".join(lines).encode())


def test_v3_a_corrupt_mirror_is_told_and_costs_no_row(upstream: Any, ingested: Any) -> None:
    """Bytes that flipped in our own copy end the run as a trouble, and a new mirror mends it."""
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
    (trouble,) = ingested.run(repository(upstream)).partial_failures
    assert "git" in trouble
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
    """Octopus, criss-cross, several roots, then a force-push to another such graph: entries and counts are git's."""
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


def test_v8_the_date_of_a_change_is_when_it_came_to_trunk(upstream: Any, ingested: Any) -> None:
    """Squashed, rebased or picked, a commit keeps its author time; merged_at is the committer time on trunk."""
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


def test_v9_files_are_those_that_git_log_finds_by_path(upstream: Any, ingested: Any) -> None:
    """A change touches a folder exactly where ``git log -- folder`` lists it, a rename both its folders."""
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


def test_v10_what_is_no_file_is_only_a_name(upstream: Any, ingested: Any, tmp_path: Path) -> None:
    """A submodule, a pointer to a large file and a symlink are names; nothing of them is followed or fetched."""
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


def test_v11_collection_beside_it_and_stale_locks_cost_nothing(upstream: Any, ingested: Any) -> None:
    """While the upstream collects its garbage, and over the locks of a git that was killed, every run is whole."""
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
