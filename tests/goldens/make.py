"""Make a golden: what one version of the product keeps of a small set of inputs.

Usage: ``python -m tests.goldens.make CHECKOUT NUMBER``, where the checkout is of the last commit of that contract.
The folder ``contract_NUMBER`` is written: landing.duckdb and dora.duckdb compressed, and the payloads as they are.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import zstandard

from ingest.simulation.model.world import Stub, World
from tests.simulation.gate import serve

GOLDENS = Path(__file__).parent
INPUTS = GOLDENS / "inputs"
DATABASES = ("landing.duckdb", "dora.duckdb")
NOW = 1_772_712_000_000  # 2026-03-05 12:00, the clock of Gate
PERSON = {f"GIT_{role}_{what}": "ada" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
COMMANDS = (
    ("ingest", "files", "deployments.csv", "incidents.csv"),
    ("ingest", "git"),
    ("ingest", "spinnaker", "--load", "saved.json"),
    ("ingest", "gate", "--since", "2026-03-01"),
    ("build",),
)


@contextlib.contextmanager
def write_inputs(folder: Path) -> Iterator[None]:
    """Write dora.toml, exports, saved executions and the repository shop.git; serve the Gate of pay in the block."""
    shutil.copytree(INPUTS, folder, dirs_exist_ok=True)
    _git(folder, "init", "--quiet", "--initial-branch=main", "shop.git")
    repository = folder / "shop.git"
    for day in (2, 3, 4):  # the ids follow from the content, so they are those of the executions
        (repository / "version").write_text(f"{day}\n")
        date = f"2026-03-0{day}T08:00:00+00:00"
        _git(repository, "add", "version")
        _git(repository, "commit", "--quiet", "-m", f"Day {day}", GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date)
    with serve(_world(json.loads((INPUTS / "served.json").read_text()))) as gate:
        settings = (folder / "settings.toml").read_text()
        (folder / "dora.toml").write_text(settings.replace("GATE", gate.url))
        yield


def _git(folder: Path, *arguments: str, **environment: str) -> None:
    clean = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", *arguments], cwd=folder, env=clean | PERSON | environment, check=True)


def _world(executions: list[dict[str, Any]]) -> World:
    config = {"id": executions[0]["pipelineConfigId"], "application": "pay", "name": "Deploy", "stages": []}
    return World(
        now=NOW,
        applications=[{"name": "pay", "email": "pay@example.org"}],
        credentials=[{"name": "prod", "type": "kubernetes", "environment": "prod"}],
        pipeline_configs=[config],
        executions=[_stub(execution) for execution in executions],
    )


def _stub(execution: dict[str, Any]) -> Stub:
    return Stub(
        id=execution["id"],
        application=execution["application"],
        config_id=execution["pipelineConfigId"],
        name=execution["name"],
        status=execution["status"],
        build_time=execution["buildTime"],
        start_time=execution["startTime"],
        payload=lambda: execution,
    )


def make_golden(checkout: Path, number: int) -> None:
    """Run the product of a checkout on the inputs, and keep its data."""
    target = GOLDENS / f"contract_{number}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with write_inputs(folder):
            for words in COMMANDS:
                if number == 0 and "gate" in words:  # it knew no second source of a type
                    continue
                environment = os.environ | {"PYTHONPATH": str(checkout.resolve())}
                subprocess.run([sys.executable, "-m", "dora", *words], cwd=folder, env=environment, check=True)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(folder / "data" / "payloads", target / "payloads")
        compressor = zstandard.ZstdCompressor(level=19)
        for database in DATABASES:
            (target / f"{database}.zst").write_bytes(compressor.compress((folder / "data" / database).read_bytes()))


def read_golden(number: int, data: Path) -> None:
    """Write the files of a golden into a data folder."""
    golden = GOLDENS / f"contract_{number}"
    shutil.copytree(golden / "payloads", data / "payloads")
    for database in DATABASES:
        content = zstandard.ZstdDecompressor().decompress((golden / f"{database}.zst").read_bytes())
        (data / database).write_bytes(content)


if __name__ == "__main__":
    make_golden(Path(sys.argv[1]), int(sys.argv[2]))
