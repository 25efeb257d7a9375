"""One bit of a file flips: the next command finds it and says so, or its result is the same as before."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from dora.storage.connection import log_of
from dora.storage.database import LANDING, PUBLISHED
from tests.faults.errors import check_words
from tests.faults.injector import Fault, Outcome
from tests.faults.scenarios import Scenario, Stage
from tests.faults.state import compare, read_landing

SMALL_LOG = 1000  # bytes
REBUILT = "It was made again from"


class Flip(NamedTuple):
    """A flipped bit of one file: whether a command ``detected`` it, and what is wrong after it."""

    file: str
    bit: int
    detected: bool
    damages: dict[str, list[str]]


def flip(path: Path, seed: int) -> int:
    """Flip one bit of a file, and return its number."""
    body = bytearray(path.read_bytes())
    bit = random.Random(seed).randrange(len(body) * 8)
    body[bit // 8] ^= 1 << bit % 8
    path.write_bytes(body)
    return bit


class Flips:
    """Flips in each of the files of a data folder, by the name of the file."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        scenarios = stage.scenarios()
        self.ingest, self.build = scenarios["heal"], scenarios["build"]
        self.night = scenarios["night spinnaker"]
        self.kinds: dict[str, Callable[[int], Flip]] = {
            LANDING: self.of_landing,
            f"{LANDING}.wal": self.of_log,
            PUBLISHED: self.of_build,
            "payloads": self.of_payloads,
        }

    def of_landing(self, seed: int) -> Flip:
        """Flip a bit of landing.duckdb, then ingest: it is made again, or was never different."""
        with self.stage.copy(self.stage.today) as folder:
            bit = flip(folder / "data" / LANDING, seed)
            return self._heal(self.ingest, folder, LANDING, bit)

    def of_log(self, seed: int) -> Flip:
        """Flip a bit of the log that a killed night left, then repeat the night."""
        with self.stage.copy(self.killed) as folder:
            bit = flip(log_of(folder / "data" / LANDING), seed)
            return self._heal(self.night, folder, f"{LANDING}.wal", bit)

    def of_payloads(self, seed: int) -> Flip:
        """Flip a bit of an archive, then make landing again from the payloads."""
        with self.stage.copy(self.stage.today) as folder:
            archives = sorted((folder / "data" / "payloads").rglob("*.zst"))
            bit = flip(archives[seed % len(archives)], seed)
            (folder / "data" / LANDING).unlink()
            return self._heal(self.ingest, folder, "payloads", bit)

    def of_build(self, seed: int) -> Flip:
        """Flip a bit of dora.duckdb, then read every number and every list."""
        with self.stage.copy(self.stage.today) as folder:
            bit = flip(folder / "data" / PUBLISHED, seed)
            outcomes, files = self._read_build(folder)
            failures = [outcome for outcome in outcomes if outcome.code]
            damages: dict[str, list[str]] = {}
            for outcome in failures:
                damages |= check_words(outcome)
                if "is damaged" not in outcome.err or "run `dora build`" not in outcome.err:
                    damages["other words"] = [outcome.err]
            if not failures and (outcomes[0].out, files) != self.numbers:
                damages["another number"] = [outcomes[0].out]
            return Flip(PUBLISHED, bit, bool(failures), damages)

    def _heal(self, scenario: Scenario, folder: Path, file: str, bit: int) -> Flip:
        outcome = self.stage.injector.run(folder, *scenario.words)
        detected = bool(outcome.code) or REBUILT in outcome.err
        if outcome.code and file == "payloads":
            return Flip(file, bit, detected, check_words(outcome))
        if outcome.code or "Traceback" in outcome.err:
            return Flip(file, bit, detected, {"not healed": [f"exit code {outcome.code}: {outcome.err}"]})
        return Flip(file, bit, detected, compare(read_landing(folder / "data"), scenario.clean.landing))

    def _read_build(self, folder: Path) -> tuple[list[Outcome], dict[str, bytes]]:
        """Return what ``dora show`` prints and what ``dora export`` writes."""
        commands = (("show", "--json"), ("export", "exports"))
        outcomes = [self.stage.injector.run(folder, *words) for words in commands]
        files = {path.name: path.read_bytes() for path in (folder / "exports").glob("*.csv")}
        return outcomes, files

    @cached_property
    def numbers(self) -> tuple[str, dict[str, bytes]]:
        """What the undamaged build says."""
        with self.stage.copy(self.stage.today) as folder:
            outcomes, files = self._read_build(folder)
            assert [outcome.code for outcome in outcomes] == [0, 0], outcomes
            return outcomes[0].out, files

    @cached_property
    def killed(self) -> Path:
        """A night that was killed at its end, with everything in its log."""
        for at in reversed(self.night.clean.outcome.data):
            with self.stage.copy(self.night.template) as folder:
                self.stage.injector.run(folder, *self.night.words, fault=Fault("kill", at))
                log = log_of(folder / "data" / LANDING)
                if log.exists() and log.stat().st_size > SMALL_LOG:
                    return Path(shutil.copytree(folder, self.stage.folder / "killed"))
        raise AssertionError("no kill leaves a log")
