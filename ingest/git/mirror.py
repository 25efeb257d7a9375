"""Our own bare mirror of one repository: nothing that was ever deployed is lost, nothing in it is run."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from dora.errors import DoraError
from ingest.git.log import OPTIONS, TOUCHED, Entry, entries
from ingest.git.process import Repo
from ingest.git.settings import Repository

REFSPECS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")


class Tips(NamedTuple):
    """What a mirror can reach: the trunk's newest commit, and every ref's."""

    trunk: str
    all: list[str]

    def text(self) -> str:
        """As a watermark: the trunk first."""
        return " ".join([self.trunk, *self.all])

    @classmethod
    def of(cls, watermark: str) -> Tips:
        """What a watermark says; of an empty one, nothing."""
        trunk, *rest = watermark.split() or [""]
        return cls(trunk, rest)


class Mirror:
    """The mirror of one repository under ``<data>/mirrors``."""

    def __init__(self, repository: Repository, data: Path, timeout: float) -> None:
        self.repository = repository
        path = (data / "mirrors" / repository.folder).absolute()
        self._git = Repo(path, repository.protocol, timeout, {"remote.origin.url": repository.url})

    def fetch(self, known: Tips) -> Tips:
        """Bring the mirror up to date, keeping what a force-push or a deleted branch would lose.

        Raises ``DoraError`` where the repository can not be reached or has no trunk.
        """
        if not (self._git.path / "HEAD").exists():
            self._git.path.mkdir(parents=True, exist_ok=True)
            self._git.run("init", "--bare", "--quiet", "--template=")
        trunk = self._trunk()
        before = {*self._refs(), *known.all}
        partial = [] if self.repository.protocol == "file" else ["--filter=blob:none"]
        self._git.run(
            "fetch", "--quiet", "--prune", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules",
            *partial, "--", "origin", *REFSPECS,
        )  # fmt: skip
        self._keep(before)
        return Tips(self._commit(trunk), self._refs())

    def _trunk(self) -> str:
        if self.repository.trunk:
            return f"refs/heads/{self.repository.trunk}"
        answer = self._git.run("ls-remote", "--symref", "--", "origin", "HEAD").decode("utf-8", "replace")
        for line in answer.splitlines():
            name, _, ref = line.partition("\t")
            if ref == "HEAD" and name.startswith("ref: refs/heads/"):
                return name.removeprefix("ref: ")
        raise DoraError("its HEAD names no branch that exists.", "set `trunk` for it in dora.toml.")

    def _commit(self, ref: str) -> str:
        try:
            answer = self._git.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
            return answer.decode().strip()
        except DoraError:
            raise DoraError(f"it has no branch {ref.removeprefix('refs/heads/')}.", "correct its `trunk`.") from None

    def _refs(self) -> list[str]:
        """Commits that branches, tags and kept refs name, each once."""
        shape = "%(objecttype) %(objectname) %(*objecttype) %(*objectname)"
        found = set()
        for line in self._git.run("for-each-ref", f"--format={shape}").decode().splitlines():
            kind, sha, peeled_kind, peeled = [*line.split(" "), "", ""][:4]
            found |= {sha} if kind == "commit" else {peeled} if peeled_kind == "commit" else set()
        return sorted(found)

    def _keep(self, before: Collection[str]) -> None:
        """Name those earlier tips that no ref reaches any more, so that they are never collected."""
        now = self._refs()
        if gone := set(before).difference(now):
            wanted = [*gone, *(f"^{sha}" for sha in now)]
            beyond = set(self._git.run("rev-list", "--ignore-missing", "--stdin", stdin=wanted).decode().split())
            self._git.run("update-ref", "--stdin", stdin=(f"update refs/keep/{sha} {sha}" for sha in gone & beyond))

    def trunk_line(self, trunk: str, known: str) -> tuple[list[str], list[str]]:
        """Entries on the trunk's first-parent line that are new since ``known``, and those that a rewrite dropped."""
        added: dict[str, None] = {}
        with closing(self._first_parents(trunk)) as line:
            for sha in line:
                if sha == known:
                    return list(added), []
                added[sha] = None
        was = dict.fromkeys(self._first_parents(known)) if known else {}
        return [sha for sha in added if sha not in was], [sha for sha in was if sha not in added]

    def _first_parents(self, sha: str) -> Generator[str]:
        arguments = ("rev-list", "--first-parent", "--ignore-missing", "--stdin")
        yield from self._git.pieces(*arguments, end="\n", stdin=[sha])

    def beyond(self, tips: Tips, known: Tips) -> Iterator[Entry]:
        """Every commit that ``tips`` reach and ``known`` do not."""
        wanted = [*tips.all, *(f"^{sha}" for sha in known.all)]
        return entries(self._git.pieces("log", *OPTIONS, stdin=wanted))

    def these(self, shas: Collection[str], *, paths: bool) -> Iterator[Entry]:
        """These commits, with the files that each touched against its first parent where ``paths``."""
        if not shas:  # of nothing, git log says HEAD
            return iter(())
        touched = TOUCHED if paths else ()
        return entries(self._git.pieces("log", *OPTIONS, "--no-walk=unsorted", *touched, stdin=shas))
