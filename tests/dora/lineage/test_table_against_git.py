"""What each application first shipped over any history that git can hold, from the repository to the built tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import dora
from ingest.core.pipeline import pull
from ingest.core.source import Request
from ingest.git import SOURCE
from tests.ingest.git.conftest import Upstream

FOLDERS = ("pay", "web", "lib")
MOVES = ("commit", "commit", "branch", "merge", "octopus", "criss-cross", "island")
APPLICATIONS = {"all": None, "pay": "pay", "web": "web"}
START = 1_700_000_000


@dataclass
class History:
    """Commits by their parents and the folder that each touches; the tips of branches, the trunk's first."""

    parents: list[list[int]] = field(default_factory=lambda: [[]])
    folders: list[str] = field(default_factory=lambda: ["lib"])
    tips: list[int] = field(default_factory=lambda: [0])

    def commit(self, folder: str, *parents: int) -> int:
        self.parents.append([*dict.fromkeys(parents)])
        self.folders.append(folder)
        return len(self.parents) - 1

    def move(self, what: str, folder: str, one: int, other: int) -> None:
        """Go on by a commit, a branch, a merge of all kinds, or a root of its own, from branches that are named."""
        one, other = one % len(self.tips), other % len(self.tips)
        here, there = self.tips[one], self.tips[other]
        if what == "commit":
            self.tips[one] = self.commit(folder, here)
        elif what == "branch":
            self.tips.append(self.commit(folder, here))
        elif what == "merge":
            self.tips[one] = self.commit(folder, here, there)
        elif what == "octopus":
            self.tips[one] = self.commit(folder, here, *self.tips[:3])
        elif what == "criss-cross":
            self.tips[one], self.tips[other] = self.commit(folder, here, there), self.commit(folder, there, here)
        else:
            self.tips.append(self.commit(folder))

    def rewrite(self, depth: int, fresh: int) -> None:
        """Put other commits in the place of the trunk's last ones, and drop every other branch."""
        base: list[int] = [self.tips[0]]
        for _ in range(depth):
            base = self.parents[base[0]][:1] or base
        tip = base[0]
        for number in range(fresh):
            tip = self.commit(FOLDERS[number % 3], tip)
        self.tips = [tip, *self.tips[3:]]

    def stream(self) -> Iterator[str]:
        for number, parents in enumerate(self.parents):
            yield f"commit refs/import\nmark :{number + 1}\ncommitter a <a> {START + number * 60} +0000\n"
            yield f"data {len(str(number))}\n{number}\n"
            yield "".join(f"{'merge' if place else 'from'} :{parent + 1}\n" for place, parent in enumerate(parents))
            yield f"M 100644 inline {self.folders[number]}/{number}\ndata 1\nx\n\n"
            yield "reset refs/import\n\n" if number + 1 < len(self.parents) else ""
        yield "done\n"


@st.composite
def histories(draw: st.DrawFn) -> tuple[History, list[list[int]]]:
    """A history whose trunk was pushed with force once, and the tips of branches before and after that."""
    history, moves = (
        History(),
        st.tuples(st.sampled_from(MOVES), st.sampled_from(FOLDERS), st.integers(0), st.integers(0)),
    )
    for move in draw(st.lists(moves, min_size=8, max_size=16)):
        history.move(*move)
    before = [*history.tips]
    history.rewrite(draw(st.integers(0, 4)), draw(st.integers(1, 3)))
    for move in draw(st.lists(moves, max_size=8)):
        history.move(*move)
    return history, [before, history.tips]


def imported(upstream: Upstream, history: History) -> list[str]:
    """Write all commits, on no branch; their ids."""
    marks = upstream.path / "marks"
    stream = "".join(history.stream()).encode()
    upstream.git("fast-import", "--done", "--quiet", "--force", f"--export-marks={marks}", stdin=stream)
    upstream.git("update-ref", "-d", "refs/import")
    shas = dict(line.split() for line in marks.read_text().splitlines())
    return [shas[f":{number + 1}"] for number in range(len(history.parents))]


def pushed(upstream: Upstream, shas: list[str], tips: list[int]) -> None:
    """Let the branches be these, and no other."""
    old = upstream.git("for-each-ref", "--format=delete %(refname)", "refs/heads")
    new = [f"create refs/heads/{f'b{place}' if place else 'main'} {shas[tip]}" for place, tip in enumerate(tips)]
    upstream.git("update-ref", "--stdin", stdin="\n".join([*old.splitlines(), ""]).encode())
    upstream.git("update-ref", "--stdin", stdin="\n".join([*new, ""]).encode())


def judged(upstream: Upstream, deployed: list[str]) -> Iterator[set[str]]:
    """What git says that each deployed commit brought beyond all that were deployed before it."""
    for number, sha in enumerate(deployed):
        yield set(upstream.revs(sha, "--not", *deployed[:number]))


def shipped_changes(upstream: Upstream, deployed: list[str], line: set[str]) -> Iterator[set[str]]:
    """Yield the changes of the line that each deployment ships: those it reaches, and the merge of its head (G3)."""
    parents = {sha: upstream.git("rev-parse", f"{sha}^@").split() for sha in line}
    trunk, done = set(upstream.revs("--first-parent", "main")), set[str]()
    for sha, reached in zip(deployed, judged(upstream, deployed), strict=True):
        merges = {change for change in line if sha in parents[change][1:]} if sha not in trunk else set()
        yield ((reached & line) | merges) - done
        done |= (reached & line) | merges


def table(deployed: dict[str, list[str]]) -> str:
    """Each application's deployments, one a day."""
    lines = ["id | application | environment | status | started_at | finished_at | repository | commit"]
    for application, shas in deployed.items():
        for day, sha in enumerate(shas, 1):
            times = f"2026-01-{day:02}T08:00 | 2026-01-{day:02}T09:00"
            lines.append(f"{application}{day} | {application} | production | succeeded | {times} | acme/shop | {sha}")
    return "\n".join(lines)


def shipped(data: Path, query: str) -> dict[str, set[str]]:
    with duckdb.connect(str(data / "dora.duckdb"), read_only=True) as con:
        return {deployment: set(shas) for deployment, shas in con.execute(query).fetchall()}


@settings(max_examples=6, phases=[Phase.generate])  # each takes a second: too long to shrink
@given(drawn=histories(), data=st.data())
def test_each_application_ships_what_rev_list_says_within_its_paths(
    tmp_path_factory: pytest.TempPathFactory,
    built_in: Callable[..., dora.Delivery],
    drawn: tuple[History, list[list[int]]],
    data: st.DataObject,
) -> None:
    """Octopus, criss-cross, islands, rollbacks, old lines again, a trunk pushed with force: git judges them all."""
    (history, eras), folder = drawn, tmp_path_factory.mktemp("judged")
    upstream = Upstream(folder / "acme" / "shop")
    shas = imported(upstream, history)
    git = SOURCE.from_settings(
        {"repositories": [{"url": str(upstream.path), "paths": True, "trunk": "main"}]}, folder / "data"
    )
    for tips in eras:
        pushed(upstream, shas, tips)
        assert pull(git, folder / "data", Request()).partial_failures == []
    there = upstream.revs(*{shas[tip] for tips in eras for tip in tips})
    several = st.lists(st.sampled_from(there), min_size=3, max_size=9)
    deployed: dict[str, list[str]] = {application: data.draw(several) for application in APPLICATIONS}
    scopes: list[dict[str, Any]] = [{"match": [name], "paths": [f"{name}/**"]} for name in ("pay", "web")]
    built_in(folder / "data", deployments=table(deployed), settings={"applications": scopes}).close()
    commits = shipped(folder / "data", "SELECT deployment_id, list(sha) FROM shipped_commits GROUP BY ALL")
    changes = shipped(
        folder / "data", "SELECT shipped_by, list(sha) FROM changes WHERE shipped_by IS NOT NULL GROUP BY ALL"
    )
    for application, within in APPLICATIONS.items():
        line = set(upstream.revs("--first-parent", "main", *(["--", within] if within else [])))
        expected = zip(
            judged(upstream, deployed[application]),
            shipped_changes(upstream, deployed[application], line),
            strict=True,
        )
        for day, (reached, of_line) in enumerate(expected, 1):
            deployment = f"{application}/{application}{day}@files"
            assert commits.get(deployment, set()) == reached
            assert changes.get(deployment, set()) == of_line
