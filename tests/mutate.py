"""Break one rule after another and see that a scenario which names the rule fails: ``make mutate``.

``tests/mutations.toml`` has a small break of the code for each rule. Each is made in a copy of the project. A mutation
with ``tests`` breaks what the product promises about faults; then one of these tests has to fail.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.test_scenarios import STORIES

ROOT = Path(__file__).resolve().parent.parent
MUTATIONS = ROOT / "tests" / "mutations.toml"
COPIED = ("dora", "ingest", "dashboards", "tests", "pyproject.toml")
JOBS = 2
EVERY_CALL = "1000"  # tests of faults kill at every call, not at a sample
_FAILED = re.compile(r"^FAILED (?:tests/test_scenarios\.py::test_story\[([^\]]+)\]|(tests/faults/\S+))", re.MULTILINE)


class Mutation(NamedTuple):
    """A break of one rule: ``text`` stands once in ``file``."""

    rule: str
    file: str
    text: str
    replacement: str
    tests: str = ""

    @property
    def place(self) -> str:
        """Where the break is, as ``file:line text``."""
        before, _, _ = (ROOT / self.file).read_text().partition(self.text)
        return f"{self.file}:{before.count(chr(10)) + 1} {' '.join(self.text.split())}"


def read_mutations() -> list[Mutation]:
    """Return the mutations in the order of the file."""
    return [Mutation(**entry) for entry in tomllib.loads(MUTATIONS.read_text())["mutation"]]


def list_scenarios(rule: str) -> list[str]:
    """Return the scenarios that name a rule, those of its own file first."""
    naming = [name for name, story in STORIES.items() if rule in story.get("rules", [])]
    return sorted(naming, key=lambda name: name.rpartition("-")[0] != rule)


def find_failures(mutation: Mutation) -> tuple[str | None, str | None]:
    """Return a scenario that fails and names the rule; else null and, if there is one, another that fails."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, copy / name)
        broken = copy / mutation.file
        broken.write_text(broken.read_text().replace(mutation.text, mutation.replacement))
        if mutation.tests:
            return _run(copy, [mutation.tests]), None
        naming = list_scenarios(mutation.rule)
        if failed := _run(copy, _test_ids(naming)):
            return failed, None
        return None, _run(copy, _test_ids(name for name in STORIES if name not in naming))


def _test_ids(scenarios: Iterable[str]) -> list[str]:
    return [f"tests/test_scenarios.py::test_story[{name}]" for name in scenarios]


def _run(copy: Path, ids: list[str]) -> str | None:
    """Return the first test that fails. Raises ``RuntimeError`` if they do not run at all."""
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "--tb=no", "-rf", "-p", "no:cacheprovider", *ids]
    environment = {**os.environ, "PYTHONPATH": str(copy), "KILLS": EVERY_CALL}
    run = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False, env=environment)
    failed = _FAILED.search(run.stdout)
    if run.returncode and not failed:
        raise RuntimeError(f"{' '.join(command)}\n{run.stdout}{run.stderr}")
    return failed[1] or failed[2] if failed else None


def main(rules: list[str]) -> int:
    """Print the line that is broken for each rule and the scenario that fails.

    Return 1 if a mutation survives, or if no scenario that fails names its rule.
    """
    mutations = [mutation for mutation in read_mutations() if not rules or mutation.rule in rules]
    survivors = 0
    with ThreadPoolExecutor(JOBS) as pool:
        for mutation, (named, other) in zip(mutations, pool.map(find_failures, mutations), strict=True):
            survivors += named is None
            instead = f"not noticed by a scenario that names it, but by {other}" if other else "SURVIVED"
            print(f"{mutation.rule:3} {mutation.place}\n    {f'fails {named}' if named else instead}", flush=True)
    print(f"{len(mutations) - survivors} of {len(mutations)} mutations are noticed by a scenario that names the rule")
    return int(survivors > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
