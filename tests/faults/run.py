"""Prove the rows of files, processes and security at full length, and print a line for each: ``make faults``.

``make faults ROWS="D1 D6"`` proves these rows only.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from dora.storage.database import LANDING, PUBLISHED
from tests.faults.catalogue import ROOT, read_faults, read_tests
from tests.faults.errors import disk_faults, fail
from tests.faults.flips import Flip, Flips
from tests.faults.kills import Point, kill
from tests.faults.power import lose_power
from tests.faults.scenarios import sample, set_stage

JOBS = 2
# Each can be made smaller for a look: FLIPS=20 make faults ROWS=D6
FLIPS = int(os.environ.get("FLIPS", "500"))  # of each file
DISK_FAULTS = int(os.environ.get("DISK_FAULTS", "60"))  # of each scenario
NIGHTLY = int(os.environ.get("NIGHTLY", "30"))  # kills of a whole `dora nightly`; its parts are killed at every call
PROVED_HERE = tuple(f"tests/faults/test_{name}.py" for name in ("kills", "errors", "flips"))
LOST = ("lost", "doubled", "torn")
FILES = {"D6": (LANDING, PUBLISHED, "payloads"), "D7": (f"{LANDING}.wal",)}


class Proof(NamedTuple):
    """The figures of one row, and what does not hold in it."""

    figures: list[str]
    failures: list[str]


def kill_runs(job: int) -> list[Point]:
    """Kill each scenario at every call; each of ``JOBS`` processes takes its share."""
    with tempfile.TemporaryDirectory() as folder, set_stage(Path(folder)) as stage:
        points = []
        for name, scenario in stage.scenarios().items():
            faults = scenario.faults()
            chosen = sample(faults, NIGHTLY) if name == "nightly" else faults
            points += [kill(scenario, fault) for fault in chosen[job::JOBS]]
        return points


def lose_powers(job: int) -> list[Point]:
    """Lose power at every call of each scenario, and at its end."""
    with tempfile.TemporaryDirectory() as folder, set_stage(Path(folder)) as stage:
        points = []
        for name, scenario in stage.scenarios().items():

            def choose(calls: int, name: str = name) -> list[int]:
                every = range(1, calls + 2)
                return list(sample(every, NIGHTLY) if name == "nightly" else every)[job::JOBS]

            points += lose_power(scenario, choose)
        return points


def fail_disks(job: int) -> list[Point]:
    """Fill, limit or break the disk at calls of each scenario."""
    with tempfile.TemporaryDirectory() as folder, set_stage(Path(folder)) as stage:
        return [
            fail(scenario, fault)
            for scenario in stage.scenarios().values()
            for fault in sample(disk_faults(scenario), DISK_FAULTS)[job::JOBS]
        ]


def flip_bits(job: int) -> list[Flip]:
    """Flip bits in each file."""
    with tempfile.TemporaryDirectory() as folder, set_stage(Path(folder)) as stage:
        kinds = Flips(stage).kinds.values()
        return [flip_file(seed) for flip_file in kinds for seed in range(job, FLIPS, JOBS)]


def summarise_points(points: Iterable[Point]) -> Proof:
    """Return how many faults fired, and what they damaged."""
    points = list(points)
    fired = [point for point in points if point.fired]
    damages = Counter(kind for point in fired for kind in point.damages)
    converged = sum(not point.damages for point in fired)
    counts = [f"{damages[kind]} {kind}" for kind in LOST]
    figures = [f"{len(fired):,} points", *counts, f"{converged:,} of {len(fired):,} runs after it equal the clean run"]
    return Proof(figures, [str(point) for point in points if point.damages])


def summarise_flips(flips: Iterable[Flip], files: Iterable[str]) -> Proof:
    """Return how many flips of each file were detected, and how many changed nothing."""
    figures, failures = [], []
    for file in files:
        of_file = [flip for flip in flips if flip.file == file]
        wrong = [flip for flip in of_file if flip.damages]
        detected = sum(flip.detected for flip in of_file if not flip.damages)
        harmless = len(of_file) - len(wrong) - detected
        figures.append(f"{file}: {len(of_file)} flips, {detected} detected, {harmless} harmless, {len(wrong)} wrong")
        failures += map(str, wrong)
    return Proof(figures, failures)


def run_tests(tests: Iterable[str]) -> dict[str, list[bool]]:
    """Run tests, and return for each file and each test in it whether its cases passed."""
    results: dict[str, list[bool]] = {}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        options = ["-q", "-n", str(JOBS), "--dist", "loadgroup", f"--junitxml={report}"]
        command = [sys.executable, "-m", "pytest", *options, *sorted(set(tests))]
        subprocess.run(command, cwd=ROOT, check=False, env={**os.environ, "EVERY": "1"})
        for case in ElementTree.parse(report).iter("testcase"):
            file = f"{case.get('classname', '').replace('.', '/')}.py"
            passed = case.find("failure") is None and case.find("error") is None
            test, *_ = re.split(r"[\[@]", case.get("name", ""))  # without its parameters and its group of xdist
            for name in (file, f"{file}::{test}"):
                results.setdefault(name, []).append(passed)
    return results


def summarise_tests(tests: Iterable[str], results: dict[str, list[bool]]) -> Proof:
    """Return how many cases of each test passed."""
    cases = {test: results.get(test, []) for test in tests}
    figures = [f"{sum(passed)} of {len(passed)} {test.rpartition('::')[2]}" for test, passed in cases.items()]
    return Proof(figures, [test for test, passed in cases.items() if not all(passed) or not passed])


def prove_here(rows: list[str]) -> Iterator[tuple[str, Proof]]:
    """Yield the proofs that this module makes itself."""
    with ProcessPoolExecutor(JOBS, get_context("spawn")) as pool:
        if {"D1", "D8"} & set(rows):
            points = [point for points in pool.map(kill_runs, range(JOBS)) for point in points]
            yield "D1", summarise_points(points)
            yield "D8", summarise_points([point for point in points if point.scenario == "migration"])
        if "D12" in rows:
            yield "D12", summarise_points(point for points in pool.map(lose_powers, range(JOBS)) for point in points)
        if "D3" in rows:
            yield "D3", summarise_points(point for points in pool.map(fail_disks, range(JOBS)) for point in points)
        if FILES.keys() & set(rows):
            flips = [flip for flips in pool.map(flip_bits, range(JOBS)) for flip in flips]
            yield from ((row, summarise_flips(flips, files)) for row, files in FILES.items())


def prove(rows: list[str]) -> dict[str, Proof]:
    """Return the proof of each row."""
    proofs: dict[str, Proof] = {row: Proof([], []) for row in rows}

    def add(row: str, proof: Proof) -> None:
        if row in proofs:
            proofs[row] = Proof(proofs[row].figures + proof.figures, proofs[row].failures + proof.failures)

    for row, proof in prove_here(rows):
        print(f"{row}: {'; '.join(proof.figures)}", file=sys.stderr, flush=True)  # the whole takes half an hour
        add(row, proof)
    # The short versions of what was just proved are left out.
    tests = {row: [test for test in read_tests()[row] if not test.startswith(PROVED_HERE)] for row in rows}
    if named := [test for names in tests.values() for test in names]:
        results = run_tests(named)
        for row, names in tests.items():
            add(row, summarise_tests(names, results))
    return proofs


def main(chosen: list[str]) -> int:
    """Print one line a row; return 1 if one does not hold."""
    if not shutil.which("cc"):
        print("The fault injector is compiled: install a C compiler that is called cc.", file=sys.stderr)
        return 1
    faults = read_faults()
    proofs = prove([row for row in faults if not chosen or row in chosen])
    for row, (figures, failures) in proofs.items():
        state = "FAILS" if failures else "holds" if figures else "no test"
        print(f"{row:4} {state:7} {faults[row]}: {'; '.join(figures)}")
    for row, (_, failures) in proofs.items():
        for failure in failures:
            print(f"{row}: {failure}")
    return int(any(failures or not figures for figures, failures in proofs.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
