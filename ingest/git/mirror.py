"""Our own bare mirror of one repository: nothing that was ever deployed is lost, nothing in it is run."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from dora.errors import DoraError
from ingest.git.command import Repo
from ingest.git.log import OPTIONS, SIZED, TOUCHED, Commits, Log, Size, batches, paths, sizes
from ingest.git.settings import Repository

REFSPECS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
HEADS, TAGS = "refs/heads/", "refs/tags/"
FETCHED = "dora-fetched"  # an empty file, as old as the last fetch that ended well
_SHAPE = "%(refname) %(objecttype) %(objectname) %(*objecttype) %(*objectname)"


class Tips(NamedTuple):
    """What a mirror can reach: the newest commit of each line that makes changes, trunk first, and of every ref."""

    lines: Mapping[str, str]
    all: list[str]

    def text(self) -> str:
        """As a watermark: no branch's name holds a space, and no commit's an equals sign."""
        return " ".join([*(f"{branch}={sha}" for branch, sha in self.lines.items()), *self.all])

    @classmethod
    def of(cls, watermark: str) -> Tips:
        """What a watermark says; of an empty one, nothing."""
        words = watermark.split()
        named = [word.rpartition("=") for word in words if "=" in word]
        return cls({branch: sha for branch, _, sha in named}, [word for word in words if "=" not in word])


class Mirror:
    """The mirror of one repository under ``<data>/mirrors``; ``moved`` are the tags that its last fetch moved."""

    def __init__(self, repository: Repository, data: Path, timeout: float) -> None:
        self.repository = repository
        path = (data / "mirrors" / repository.folder).absolute()
        self.git = Repo(path, repository.protocol, timeout, {"remote.origin.url": repository.url})
        self.moved: list[str] = []

    def fetch(self, known: Tips) -> Tips:
        """Bring the mirror up to date, keeping what a force-push, a moved tag or a deleted branch would lose.

        Raises ``DoraError`` where the repository can not be reached or has no trunk.
        """
        if not (self.git.path / "HEAD").exists():
            self.git.path.mkdir(parents=True, exist_ok=True)
            self.git.run("init", "--bare", "--quiet", "--template=")
        self._unlock()
        trunks = self.repository.trunks or (self._head(),)
        before = self._refs()
        # Sizes need the files themselves; a server that can not leave them out sends them, and git only warns.
        whole = self.repository.protocol == "file" or self.repository.sizes
        self.git.run(
            "fetch", "--quiet", "--prune", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules",
            *([] if whole else ["--filter=blob:none"]), "--", "origin", *REFSPECS,
        )  # fmt: skip
        (self.git.path / FETCHED).touch()
        now = self._refs()
        self._keep({*before.values(), *known.all}, set(now.values()))
        self.moved = sorted(ref for ref in before if ref.startswith(TAGS) and now.get(ref, before[ref]) != before[ref])
        return Tips(_lines(trunks, now, known.lines), sorted({*self._refs().values()}))

    def _unlock(self) -> None:
        """Remove the locks of a git that was killed: whoever fetches is alone here, under the writer's lock."""
        for place in ("*.lock", "refs/**/*.lock", "objects/info/**/*.lock"):
            for left in self.git.path.glob(place):
                left.unlink(missing_ok=True)

    def _head(self) -> str:
        answer = self.git.run("ls-remote", "--symref", "--", "origin", "HEAD").decode("utf-8", "replace")
        for line in answer.splitlines():
            name, _, ref = line.partition("\t")
            if ref == "HEAD" and name.startswith(f"ref: {HEADS}"):
                return name.removeprefix(f"ref: {HEADS}")
        raise DoraError("its HEAD names no branch that exists.", "set `trunk` for it in dora.toml.")

    def _refs(self) -> dict[str, str]:
        """The commit that each branch, tag and kept ref names."""
        found = {}
        for line in self.git.run("for-each-ref", f"--format={_SHAPE}").decode("utf-8", "replace").splitlines():
            ref, kind, sha, peeled_kind, peeled = [*line.split(" "), "", ""][:5]
            if "commit" in (kind, peeled_kind):
                found[ref] = sha if kind == "commit" else peeled
        return found

    def _keep(self, before: Collection[str], now: Collection[str]) -> None:
        """Name those earlier tips that no ref reaches any more, so that they are never collected."""
        if gone := set(before).difference(now):
            wanted = [*gone, *(f"^{sha}" for sha in now)]
            beyond = set(self.git.run("rev-list", "--ignore-missing", "--stdin", stdin=wanted).decode().split())
            self.git.run("update-ref", "--stdin", stdin=(f"update refs/keep/{sha} {sha}" for sha in gone & beyond))

    def line(self, lines: Mapping[str, str], log: Log) -> dict[str, str]:
        """The branch of each commit on these first-parent lines, newest first; what branches share is the first's.

        ``log`` is what was read of them already; git is asked for the rest.
        """
        found: dict[str, str] = {}
        for branch, tip in lines.items():
            with closing(self._down(tip, log)) as own:
                found |= dict.fromkeys(_until(own, found), branch)
        return found

    def _down(self, tip: str, log: Log) -> Generator[str]:
        """A commit, its first parent, and so on."""
        while tip in log.place:
            yield tip
            tip = log.commits.parents[log.place[tip]].partition(" ")[0]
        if tip:
            yield from self.git.pieces(
                "rev-list", "--first-parent", "--ignore-missing", "--stdin", end="\n", stdin=[tip]
            )

    def beyond(self, tips: Iterable[str], known: Iterable[str]) -> Iterator[Commits]:
        """Every commit that ``tips`` reach and ``known`` do not, the newest first."""
        return batches(self.git.blocks("log", *OPTIONS, stdin=[*tips, *(f"^{sha}" for sha in known)]))

    def these(self, shas: Collection[str]) -> Iterator[Commits]:
        """These commits."""
        if not shas:  # of nothing, git log says HEAD
            return iter(())
        return batches(self.git.blocks("log", *OPTIONS, "--no-walk=unsorted", stdin=shas))

    def paths(self, shas: Collection[str]) -> dict[str, list[str]]:
        """The files that each of these commits touched against its first parent."""
        if not shas:
            return {}
        return dict(paths(self.git.pieces("log", *TOUCHED, "--no-walk=unsorted", stdin=shas)))

    def sizes(self, shas: Collection[str]) -> dict[str, Size]:
        """How much each of these commits changed against its first parent."""
        if not shas:
            return {}
        return dict(sizes(self.git.pieces("log", *SIZED, "--no-walk=unsorted", stdin=shas)))

    def whole(self, short: str) -> str | None:
        """The full id of the one commit that begins so."""
        try:
            answer = self.git.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{short}^{{commit}}")
        except DoraError:
            return None
        sha = answer.decode().strip()
        return sha if sha.startswith(short) else None  # a branch may be called like the start of an id

    def blobs(self, shas: Collection[str], path: str) -> dict[str, str]:
        """The id of a file in each of these commits that has it."""
        asked = ("cat-file", "--batch-check=%(objecttype) %(objectname)")
        answers = self.git.run(*asked, stdin=(f"{sha}:{path}" for sha in shas)).decode("utf-8", "replace")
        pairs = zip(shas, answers.splitlines(), strict=False)
        return {sha: line.removeprefix("blob ") for sha, line in pairs if line.startswith("blob ")}

    def text(self, blob: str) -> str:
        """The text of a file."""
        return self.git.run("cat-file", "blob", blob).decode("utf-8", "replace")

    def patches(self, shas: Collection[str]) -> dict[str, str]:
        """Git's fingerprint of what each of these commits changes; merges have none."""
        shown = ("diff-tree", "--stdin", "-p", "--no-ext-diff", "--no-textconv", "--no-renames", "--full-index")
        text = self.git.run(*shown, stdin=shas).decode("latin-1")  # any bytes, as they are only compared
        listed = self.git.run("patch-id", "--stable", stdin=text.split("\n")).decode()
        return {sha: patch for patch, sha in (line.split() for line in listed.splitlines())}


def _until(shas: Iterable[str], there: Collection[str]) -> Iterator[str]:
    for sha in shas:
        if sha in there:
            return
        yield sha


def _lines(trunks: Collection[str], refs: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """The tip of each branch that a name or glob means; one that is deleted upstream stays where it was.

    Raises ``DoraError`` where a name means no branch at all.
    """
    heads = {ref.removeprefix(HEADS): sha for ref, sha in refs.items() if ref.startswith(HEADS)}
    found: dict[str, str] = {}
    for trunk in trunks:
        if trunk not in heads and "*" not in trunk:
            raise DoraError(f"it has no branch {trunk}.", "correct its `trunk`.")
        there = {name: sha for name, sha in sorted({**known, **heads}.items()) if fnmatchcase(name, trunk)}
        found |= {name: sha for name, sha in there.items() if name not in found}
    if not found:
        raise DoraError(f"it has no branch like {', '.join(trunks)}.", "correct its `trunk`.")
    return found
