"""Faults of repositories by their number in the list of faults; other files of this folder have the rest."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ingest.git.conftest import NOON, GitLanding, Upstream


def repository(upstream: Any, **more: Any) -> dict[str, Any]:
    return {"url": str(upstream.path), **more}


def mirror_path(git_landing: Any) -> Path:
    path: Path = git_landing.data / "mirrors" / "acme__shop.git"
    return path


def import_graph(upstream: Any, parents: list[list[int]], trunk: int) -> None:
    """Write commits with these parents; every leaf has a branch, and main is at ``trunk``."""
    lines = []
    for number, commit_parents in enumerate(parents):
        lines += [f"commit refs/heads/b{number}", f"mark :{number + 1}", f"committer a <a> {NOON + number} +0000"]
        lines += ["data 1", str(number % 9)]
        lines += [f"{'merge' if place else 'from'} :{parent + 1}" for place, parent in enumerate(commit_parents)]
        lines.append("")
    lines.append(f"reset refs/heads/main\nfrom :{trunk + 1}\n\ndone\n")
    upstream.git("fast-import", "--done", "--quiet", "--force", stdin="\n".join(lines).encode())


def test_v3_a_corrupt_mirror_is_fetched_again_and_loses_no_row(upstream: Any, git_landing: Any) -> None:
    """Flipped bytes in the mirror are a note, and a new mirror takes its place."""
    import_graph(upstream, [[number - 1] if number else [] for number in range(150)], 149)
    git_landing.run(repository(upstream))
    before = git_landing.changes()
    assert len(before) == 150
    packs = list(mirror_path(git_landing).rglob("*.pack"))
    for pack in packs:
        pack.chmod(0o644)
        raw = pack.read_bytes()
        pack.write_bytes(raw[:20] + bytes(byte ^ 0xFF for byte in raw[20:-20]) + raw[-20:])
    assert packs
    import_graph(upstream, [[number - 1] if number else [] for number in range(151)], 150)
    (git_landing.data / "landing.duckdb").rename(git_landing.data / "before.duckdb")
    mirror_path(git_landing).with_name("acme__shop.git.damaged").mkdir()  # a run was killed that began anew
    summary = git_landing.run(repository(upstream))
    assert summary.partial_failures == []
    (note,) = [note for note in summary.notes if "damaged" in note]
    assert "acme/shop: its mirror was damaged and was fetched again: git" in note
    assert git_landing.changes() > before
    assert [path.name for path in mirror_path(git_landing).parent.iterdir()] == ["acme__shop.git"]


def test_v3_a_corrupt_mirror_stays_while_there_is_no_other(upstream: Any, git_landing: Any) -> None:
    """If the repository can not be read either, the mirror is kept as it is, and the failure says what git said."""
    upstream.commit("one")
    git_landing.run(repository(upstream))
    mirror = mirror_path(git_landing)
    (mirror / "HEAD").unlink()
    kept = sorted(path.name for path in mirror.rglob("*"))
    upstream.path.rename(upstream.path.with_name("gone"))
    (failure,) = git_landing.run(repository(upstream)).partial_failures
    assert "acme/shop: git" in failure
    assert sorted(path.name for path in mirror.rglob("*")) == kept
    upstream.path.with_name("gone").rename(upstream.path)
    assert git_landing.run(repository(upstream)).partial_failures == []


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
    upstream, git_landing = Upstream(folder / "acme" / "shop"), GitLanding(folder / "data")
    for parents in runs:
        import_graph(upstream, parents, data.draw(st.integers(0, len(parents) - 1)))
        assert git_landing.run(repository(upstream)).partial_failures == []
        line = upstream.revs("--first-parent", "main")
        assert git_landing.changes() == set(line)
        assert set(upstream.revs("--all")) <= set(git_landing.column("SELECT sha FROM commit"))
        if parents is runs[0]:
            commit_counts = dict(git_landing.sql("SELECT sha, commits FROM change"))
            for sha, parent in zip(line, [*line[1:], None], strict=True):
                assert commit_counts[sha] == len(upstream.revs(sha, *([f"^{parent}"] if parent else [])))


def test_v8_a_change_is_dated_by_its_committer_time(upstream: Any, git_landing: Any) -> None:
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
    git_landing.run(repository(upstream))
    query = "SELECT epoch(c.authored_at)::BIGINT, epoch(h.merged_at)::BIGINT, epoch(h.first_commit_at)::BIGINT"
    times = git_landing.sql(f"{query} FROM commit c JOIN change h USING (sha) WHERE subject = 'rebased'")
    assert times == [(1_690_000_000, upstream.now, 1_690_000_000)]


def test_v9_paths_are_those_of_git_log(upstream: Any, git_landing: Any) -> None:
    """A change touches a folder if ``git log -- folder`` lists it; a rename touches both folders."""
    for number, path in enumerate(["pay/a", "web/a", "lib/x", "pay/deep/b", "web/a"]):
        upstream.commit(f"{number}", path)
    upstream.git("mv", "pay/a", "web/moved")
    upstream.commit("renamed", "lib/x")
    upstream.git("rm", "--quiet", "web/a")
    upstream.commit("removed", "lib/y")
    git_landing.run(repository(upstream, paths=True))
    landed = dict(git_landing.sql("SELECT sha, paths FROM change"))
    for folder in ("pay", "web", "lib", "pay/deep"):
        touched = {sha for sha, paths in landed.items() if any(path.startswith(f"{folder}/") for path in paths)}
        assert touched == set(upstream.git("log", "--format=%H", "--", folder).split())


def test_v10_submodules_pointers_and_symlinks_are_only_paths(upstream: Any, git_landing: Any, tmp_path: Path) -> None:
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
    summary = git_landing.run(repository(upstream, paths=True, sizes=True))
    assert (summary.partial_failures, summary.notes) == ([], [])
    (paths,) = git_landing.column("SELECT paths FROM change")
    assert set(paths) == {".gitattributes", ".gitmodules", "large.bin", "link", "plain", "s"}
    assert not (tmp_path / "canary").exists()


def test_v11_garbage_collection_and_stale_locks_lose_nothing(upstream: Any, git_landing: Any) -> None:
    """Every run is complete while the upstream collects garbage, and after git was killed."""
    stop = threading.Event()

    def collect() -> None:
        while not stop.is_set():
            upstream.git(
                "gc", "--quiet", "--prune=5.minutes.ago"
            )  # an earlier cut may delete objects that are being written

    upstream.commit("first")
    collector = threading.Thread(target=collect)
    collector.start()
    try:
        for number in range(6):
            tree = upstream.git("rev-parse", "HEAD^{tree}").encode()
            upstream.raw(b"tree " + tree + b"\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\n%d" % number)
            for lock in ("packed-refs.lock", "HEAD.lock", "refs/heads/main.lock", "config.lock"):
                if mirror_path(git_landing).exists():
                    (mirror_path(git_landing) / lock).touch()
            assert git_landing.run(repository(upstream)).partial_failures == []
            assert git_landing.changes() == set(upstream.revs("--first-parent", "main"))
    finally:
        stop.set()
        collector.join()


def test_v15_a_moved_tag_is_noted_and_its_commit_stays(upstream: Any, git_landing: Any) -> None:
    """A tag that moved to another commit is a note, and its earlier commit stays in the mirror."""
    upstream.commit("one")
    upstream.git("checkout", "--quiet", "--detach")
    before = upstream.commit("released")
    upstream.git("tag", "v1")
    upstream.git("checkout", "--quiet", "main")
    assert git_landing.run(repository(upstream)).notes == []
    upstream.git("tag", "--force", "v1", "main")
    (note,) = git_landing.run(repository(upstream)).notes
    assert "v1 was moved" in note
    assert upstream.git("-C", str(mirror_path(git_landing)), "cat-file", "-t", before) == "commit"
    assert git_landing.run(repository(upstream)).notes == []


@pytest.mark.parametrize("number", range(1, 16))
def test_every_fault_has_a_test(number: int) -> None:
    """V1 to V15 each have a test in this folder."""
    texts = [path.read_text() for path in Path(__file__).parent.glob("test_*.py")]
    assert any(f"def test_v{number}_" in text for text in texts)
