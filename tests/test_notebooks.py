"""Notebooks run from top to bottom, through the door only, and are kept without their outputs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import dora

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
DAYS = [f"2026-05-{day:02}" for day in range(1, 29)]
HISTORY = "id | application | environment | status | started_at | finished_at | version\n" + "\n".join(
    f"d{n} | shop | production | {'failed' if n == 9 else 'succeeded'} | {day}T08:00 | {day}T09:00 | {n}"
    for n, day in enumerate(DAYS)
)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path: Path, facts: Callable[..., dora.Delivery], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell of a notebook works on a build of real facts."""
    delivery = facts(deployments=HISTORY)
    monkeypatch.setenv("DORA_DATABASE", str(delivery.path))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(FOLDER)}}).execute()
    assert any(cell.get("outputs") for cell in notebook.cells)
    assert os.environ["DORA_DATABASE"] == str(delivery.path)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_without_outputs(path: Path) -> None:
    """No output, count or path of anybody's machine is committed."""
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
