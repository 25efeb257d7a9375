"""The bare mirror of one repository: it never loses a deployed commit, and nothing in it is executed."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path
from shutil import rmtree
from typing import NamedTuple

from dora.errors import DoraError
from ingest.git.command import BareRepository, CommandError
from ingest.git.credentials import separate_credentials
from ingest.git.history import log
from ingest.git.history.log import ChangeSize, Commits, Log
from ingest.git.settings import Repository

HEADS, TAGS = "refs/heads/", "refs/tags/"
# The heads of pull and merge requests: GitHub, Gitea and Forgejo; GitLab; Bitbucket Server. Other hosts have none.
REQUESTS = {"refs/pull/": "/head", "refs/merge-requests/": "/head", "refs/pull-requests/": "/from"}
REFSPECS = tuple(f"+{ref}:{ref}" for ref in (f"{HEADS}*", f"{TAGS}*", *(f"{r}*{end}" for r, end in REQUESTS.items())))
LAST_FETCH = "dora-fetched"  # an empty file; its modification time is that of the last successful fetch
_REF_FORMAT = "%(refname) %(objecttype) %(objectname) %(*objecttype) %(*objectname) %(taggerdate:unix)"


class Tips(NamedTuple):
    """The newest commits of a mirror: ``trunks`` of each trunk branch, the main one first, ``refs`` of every ref."""

    trunks: Mapping[str, str]
    refs: list[str]

    def to_watermark(self) -> str:
        """Return the tips as text: no branch name contains a space, and no commit id an equals sign."""
        return " ".join([*(f"{branch}={sha}" for branch, sha in self.trunks.items()), *self.refs])

    @classmethod
    def from_watermark(cls, watermark: str) -> Tips:
        """Parse a watermark; an empty one has no tips."""
        words = watermark.split()
        trunks = [word.rpartition("=") for word in words if "=" in word]
        return cls({branch: sha for branch, _, sha in trunks}, [word for word in words if "=" not in word])


class Ref(NamedTuple):
    """The commit that a ref names, in the end; ``tagged_at`` in epoch seconds is that of an annotated tag."""

    sha: str
    is_annotated: bool
    tagged_at: int | None


class Mirror:
    """The mirror of one repository under ``<data>/mirrors``.

    After a fetch ``refs`` are its refs by name, and ``moved_tags`` the tags that the fetch moved.
    """

    def __init__(self, repository: Repository, data: Path, timeout: float) -> None:
        self.repository = repository
        path = (data / "mirrors" / repository.folder).absolute()
        access = separate_credentials(repository.url)
        config = {"remote.origin.url": access.url, **access.config}
        self.git = BareRepository(path, repository.protocol, timeout, config, access.secrets)
        self._damaged = path.with_name(f"{path.name}.damaged")
        self.moved_tags: list[str] = []
        self.refs: dict[str, Ref] = {}

    def fetch(self, previous: Tips) -> Tips:
        """Update the mirror, and keep the commits that a force-push, a moved tag or a deleted branch would lose.

        Raises ``DoraError`` if the repository can not be reached or has no trunk.
        """
        self._remove_stale_locks()
        if not (self.git.path / LAST_FETCH).exists():  # a git that was killed leaves a part of a repository
            self.git.path.mkdir(parents=True, exist_ok=True)
            self.git.run("init", "--bare", "--quiet", "--template=")
        else:
            rmtree(self._damaged, ignore_errors=True)  # a run was killed that began anew
        trunks = self.repository.trunks or (self._read_default_branch(),)
        refs_before = self._read_commits_of_refs()
        # Sizes need the file contents. A server without partial clones sends them anyway, and git only warns.
        with_contents = self.repository.protocol == "file" or self.repository.sizes
        self.git.run(
            "fetch", "--quiet", "--prune", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules",
            *([] if with_contents else ["--filter=blob:none"]), "--", "origin", *REFSPECS,
        )  # fmt: skip
        (self.git.path / LAST_FETCH).touch()
        refs = self._read_commits_of_refs()
        self._preserve({*refs_before.values(), *previous.refs}, set(refs.values()))
        self.moved_tags = sorted(
            ref for ref, sha in refs_before.items() if ref.startswith(TAGS) and refs.get(ref, sha) != sha
        )
        return Tips(_select_trunks(trunks, refs, previous.trunks), sorted({*self._read_commits_of_refs().values()}))

    def is_damaged(self) -> bool:
        """Return whether git can not read the mirror, as after power loss, and can reach the repository."""
        try:
            self.git.run("ls-remote", "--heads", "--", "origin")
        except DoraError as error:
            if "not a git repository" not in str(error):
                return False  # to look through a large mirror takes long, and nothing could replace it
        try:
            self.git.run("fsck", "--connectivity-only", "--no-dangling", "--no-progress")
        except CommandError:
            return True
        except DoraError:  # it takes too long
            return False
        return False

    @contextmanager
    def begin_anew(self) -> Iterator[None]:
        """Let a new mirror take the place of this one, unless the block fails."""
        rmtree(self._damaged, ignore_errors=True)
        self.git.path.rename(self._damaged)
        try:
            yield
        except BaseException:
            rmtree(self.git.path, ignore_errors=True)
            self._damaged.rename(self.git.path)
            raise
        rmtree(self._damaged)

    def _remove_stale_locks(self) -> None:
        # A git that was killed leaves its locks behind. The writer's lock of landing.duckdb excludes a running fetch.
        for pattern in ("*.lock", "refs/**/*.lock", "objects/info/**/*.lock"):
            for lock in self.git.path.glob(pattern):
                lock.unlink(missing_ok=True)

    def _read_default_branch(self) -> str:
        output = self.git.run("ls-remote", "--symref", "--", "origin", "HEAD").decode("utf-8", "replace")
        for line in output.splitlines():
            target, _, ref = line.partition("\t")
            if ref == "HEAD" and target.startswith(f"ref: {HEADS}"):
                return target.removeprefix(f"ref: {HEADS}")
        raise DoraError("its HEAD does not name an existing branch.", "set `trunk` for it in dora.toml.")

    def _read_commits_of_refs(self) -> dict[str, str]:
        """Read ``refs``, and return the commit of each branch, tag, request and preserved ref."""
        self.refs = {}
        for line in self.git.run("for-each-ref", f"--format={_REF_FORMAT}").decode("utf-8", "replace").splitlines():
            ref, kind, sha, peeled_kind, peeled_sha, tagged_at = [*line.split(" "), "", "", ""][:6]
            if "commit" in (kind, peeled_kind):
                is_annotated = kind != "commit"
                self.refs[ref] = Ref(peeled_sha if is_annotated else sha, is_annotated, log.parse_time(tagged_at))
            elif peeled_kind == "tag":  # git before 2.45 looks through one tag only
                with suppress(DoraError):
                    peeled = self.git.run("rev-parse", "--verify", "--quiet", f"{sha}^{{commit}}").decode().strip()
                    self.refs[ref] = Ref(peeled, is_annotated=True, tagged_at=log.parse_time(tagged_at))
        return {name: ref.sha for name, ref in self.refs.items()}

    def _preserve(self, tips_before: Collection[str], tips: Collection[str]) -> None:
        """Create a ref for each earlier tip that no ref reaches, so that git never collects it as garbage."""
        if removed := set(tips_before).difference(tips):
            revisions = [*removed, *(f"^{sha}" for sha in tips)]
            unreached = set(self.git.run("rev-list", "--ignore-missing", "--stdin", stdin=revisions).decode().split())
            updates = (f"update refs/keep/{sha} {sha}" for sha in removed & unreached)
            self.git.run("update-ref", "--stdin", stdin=updates)

    def assign_branches(self, trunks: Mapping[str, str], commits_read: Log) -> dict[str, str]:
        """Return the branch of each commit on these first-parent lines, newest first.

        A commit on several lines belongs to the first of them. Git reads only the commits that ``commits_read`` lacks.
        """
        branches: dict[str, str] = {}
        for branch, tip in trunks.items():
            with closing(self._walk_first_parents(tip, commits_read)) as line:
                for sha in line:
                    if sha in branches:
                        break
                    branches[sha] = branch
        return branches

    def _walk_first_parents(self, sha: str, commits_read: Log) -> Generator[str]:
        while sha in commits_read.row_of:
            yield sha
            sha = commits_read.commits.parents[commits_read.row_of[sha]].partition(" ")[0]
        if sha:
            options = ("--first-parent", "--ignore-missing", "--stdin")
            yield from self.git.stream_records("rev-list", *options, end="\n", stdin=[sha])

    def read_commits_between(self, old_tips: Iterable[str], new_tips: Iterable[str]) -> Iterator[Commits]:
        """Yield the commits that ``new_tips`` reach and ``old_tips`` do not, newest first."""
        revisions = [*new_tips, *(f"^{sha}" for sha in old_tips)]
        return log.parse_commits(self.git.stream_blocks("log", *log.LOG_OPTIONS, stdin=revisions))

    def read_commits(self, shas: Collection[str]) -> Iterator[Commits]:
        """Yield these commits."""
        if not shas:  # without a revision, git log prints HEAD
            return iter(())
        return log.parse_commits(self.git.stream_blocks("log", *log.LOG_OPTIONS, "--no-walk=unsorted", stdin=shas))

    def read_paths(self, shas: Collection[str]) -> dict[str, list[str]]:
        """Return the paths that each of these commits touched against its first parent."""
        options = (*log.PATHS_OPTIONS, "--no-walk=unsorted")
        return dict(log.parse_paths(self.git.stream_records("log", *options, stdin=shas))) if shas else {}

    def read_sizes(self, shas: Collection[str]) -> dict[str, ChangeSize]:
        """Return the size of each of these commits against its first parent."""
        options = (*log.SIZES_OPTIONS, "--no-walk=unsorted")
        return dict(log.parse_sizes(self.git.stream_records("log", *options, stdin=shas))) if shas else {}

    def read_blob_ids(self, shas: Collection[str], path: str) -> dict[str, str]:
        """Return the blob id of a file in each of these commits that contains it."""
        objects = (f"{sha}:{path}" for sha in shas)
        output = self.git.run("cat-file", "--batch-check=%(objecttype) %(objectname)", stdin=objects)
        lines = output.decode("utf-8", "replace").splitlines()
        return {
            sha: line.removeprefix("blob ") for sha, line in zip(shas, lines, strict=False) if line.startswith("blob ")
        }

    def read_blob(self, blob_id: str) -> str:
        """Return the text of a file."""
        return self.git.run("cat-file", "blob", blob_id).decode("utf-8", "replace")

    def read_patch_ids(self, shas: Collection[str]) -> dict[str, str]:
        """Return git's patch id of each of these commits; merges have none."""
        options = ("--stdin", "-p", "--no-ext-diff", "--no-textconv", "--no-renames", "--full-index")
        # Latin-1 maps every byte, and a patch is only compared.
        patches = self.git.run("diff-tree", *options, stdin=shas).decode("latin-1")
        lines = self.git.run("patch-id", "--stable", stdin=patches.split("\n")).decode().splitlines()
        return {sha: patch_id for patch_id, sha in (line.split() for line in lines)}


def _select_trunks(patterns: Collection[str], refs: Mapping[str, str], previous: Mapping[str, str]) -> dict[str, str]:
    """Return the tip of each branch that a name or glob matches; a branch deleted upstream stays at its last tip.

    Raises ``DoraError`` if a name or all globs match no branch.
    """
    heads = {ref.removeprefix(HEADS): sha for ref, sha in refs.items() if ref.startswith(HEADS)}
    trunks: dict[str, str] = {}
    for pattern in patterns:
        if pattern not in heads and "*" not in pattern:
            raise DoraError(f"it has no branch {pattern}.", "correct its `trunk` in dora.toml.")
        matches = {name: sha for name, sha in sorted({**previous, **heads}.items()) if fnmatchcase(name, pattern)}
        trunks |= {name: sha for name, sha in matches.items() if name not in trunks}
    if not trunks:
        raise DoraError(f"it has no branch like {', '.join(patterns)}.", "correct its `trunk` in dora.toml.")
    return trunks
