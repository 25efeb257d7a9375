"""The changes of a repository, and the bare git repository that ``git fast-import`` makes of them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from ingest.simulation.model.clock import HOUR, MINUTE, SECOND, dice

_ENVIRONMENT = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}


@dataclass(slots=True, eq=False)
class Change:
    """One commit on the first-parent line of a trunk, merged ``at`` epoch milliseconds (whole seconds).

    ``style``: ``merge`` (with ``commits`` on its branch), ``squash`` or ``direct``. ``ordinary``: not part of a
    scenario. ``index``, its position on the trunk, and ``sha`` are set when the trunk is written. ``tip`` is the only
    commit of its branch if that was deployed before it was merged: it is not on the trunk, and has the index of its
    ``base``, the trunk commit before it.
    """

    at: int
    author: str
    title: str
    branch: str
    style: str
    paths: tuple[str, ...]
    applications: tuple[str, ...]
    commits: int = 1
    reverts: Change | None = None
    ordinary: bool = True
    number: int = 0
    index: int = -1
    sha: str = ""
    base: Change | None = None
    tip: Change | None = None

    @property
    def subject(self) -> str:
        """First line of its commit message on the trunk."""
        if self.style == "merge":
            return f"Merge pull request #{self.number} from acme/{self.branch}"
        return self.title if self.style == "direct" else f"{self.title} (#{self.number})"

    @property
    def hotfix(self) -> bool:
        """Whether its subject names a hotfix branch."""
        return "hotfix/" in self.subject


def order_trunk(changes: Iterable[Change]) -> list[Change]:
    """The changes as the trunk has them: by time, no two in one second, numbered."""
    trunk = sorted(changes, key=lambda change: (change.at, change.title))
    last = 0
    for index, change in enumerate(trunk):
        # git stores whole seconds, and readers order the trunk by time.
        change.at = last = max(change.at - change.at % SECOND, last + SECOND)
        # Issues and pull requests share a sequence, so that the numbers of pull requests have gaps.
        change.index, change.number = index, 2 * index + 11
        if change.reverts:
            change.title = f'Revert "{change.reverts.title}"'
    for tip in (change.tip for change in trunk if change.tip):
        tip.index = tip.base.index if tip.base else -1
    return trunk


def write_trunk(path: Path, changes: Sequence[Change]) -> None:
    """Make a bare repository with trunk ``main`` of the changes, and set the ``sha`` of each.

    The same changes always give the same ids. Raises ``CalledProcessError`` if git refuses them.
    """
    # A template or a global configuration of the user's git would give other repositories than elsewhere.
    init = ["git", "init", "--quiet", "--bare", "--template=", "--initial-branch=main", str(path)]
    subprocess.run(init, check=True, env=_ENVIRONMENT)
    marks = path / "marks"
    command = ["git", f"--git-dir={path}", "fast-import", "--quiet", "--done", f"--export-marks={marks}"]
    tips: dict[Change, int] = {}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_ENVIRONMENT) as importer:
        if importer.stdin and importer.stdout:
            tips = _Stream(importer.stdin, importer.stdout).write(changes)
            importer.stdin.close()
    if importer.returncode:
        raise subprocess.CalledProcessError(importer.returncode, command)
    shas = dict(line.split() for line in marks.read_text().splitlines())
    for change in changes:
        change.sha = shas[f":{_mark(change.index)}"]
        if change.tip:
            change.tip.sha = shas[f":{tips[change]}"]
    marks.unlink()


class _Stream:
    """Writes the input of git fast-import; trunk commits have even marks, branch commits odd ones."""

    def __init__(self, out: IO[bytes], answers: IO[bytes]) -> None:
        self.out, self.answers, self.next_mark = out, answers, 1

    def write(self, changes: Sequence[Change]) -> dict[Change, int]:
        """Write all commits; gives the marks of the tips, by the change that merges them."""
        tips = {}
        for change in changes:
            merged = self._branch(change, changes) if change.style == "merge" and change.index else None
            self._trunk(change, merged)
            if change.tip and merged:
                tips[change] = merged
        # Branch commits need a ref while they are imported; the all-zero id deletes it.
        self.out.write(b"reset refs/heads/scratch\nfrom %s\n\ndone\n" % (b"0" * 40))
        self.out.flush()
        return tips

    def _branch(self, change: Change, changes: Sequence[Change]) -> int:
        if tip := change.tip:
            return self._branch_commit(change, 0, tip, tip.at - 9 * MINUTE, _mark(tip.index))
        # A branch begins 40 minutes to 30 hours before its merge, at the trunk as it was then.
        begun = change.at - dice(change.title, change.at).randint(40 * MINUTE, 30 * HOUR)
        base = max(0, change.index - 1)
        while base and changes[base].at > begun:
            base -= 1
        parent = _mark(base)
        step = (change.at - 2 * MINUTE - begun) // change.commits
        for nth in range(change.commits):
            title = change.title if nth == 0 else f"{change.title}, part {nth + 1}"
            at = begun + (nth + 1) * step
            parent = self._branch_commit(change, nth, replace(change, title=title, at=at), at - step // 2, parent)
        return parent

    def _branch_commit(self, change: Change, nth: int, commit: Change, authored: int, parent: int) -> int:
        mark, self.next_mark = self.next_mark, self.next_mark + 2
        self._commit("scratch", mark, commit.author, (authored, commit.at), commit.title)
        self.out.write(b"from :%d\n" % parent)
        self._files(change, nth)
        return mark

    def _trunk(self, change: Change, merged: int | None) -> None:
        message = change.subject
        if change.style == "merge":
            message += f"\n\n{change.title}"
        if change.reverts:
            message += f"\n\nThis reverts commit {self._sha(change.reverts)}."
        # A squash or a direct push keeps the time when the change was written.
        authored = change.at if change.style == "merge" else change.at - 7 * MINUTE
        self._commit("main", _mark(change.index), change.author, (authored, change.at), message)
        if change.index:
            self.out.write(b"from :%d\n" % _mark(change.index - 1))
        if merged:
            self.out.write(b"merge :%d\n" % merged)
        self._files(change, change.commits - 1)

    def _commit(self, branch: str, mark: int, author: str, times: tuple[int, int], message: str) -> None:
        who = f"{author.title()} <{author}@acme.example>"
        text = message.encode()
        head = (
            f"commit refs/heads/{branch}\nmark :{mark}\nauthor {who} {times[0] // SECOND} +0000\n"
            f"committer {who} {times[1] // SECOND} +0000\ndata {len(text)}\n"
        )
        self.out.write(head.encode() + text + b"\n")

    def _files(self, change: Change, nth: int) -> None:
        for path in change.paths:
            text = f"{change.index}.{nth} {change.title}\n".encode()
            self.out.write(f"M 100644 inline {path}\ndata {len(text)}\n".encode() + text + b"\n")

    def _sha(self, change: Change) -> str:
        # fast-import answers at once, so that a message can name an id of the same stream.
        self.out.write(b"get-mark :%d\n" % _mark(change.index))
        self.out.flush()
        return self.answers.readline().decode().strip()


def _mark(index: int) -> int:
    return 2 * index + 2
