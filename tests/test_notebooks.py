"""Notebooks run from top to bottom, use the public names of dora alone, and are committed without outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import dora
from tests.dora.sql.test_canary_outcomes import AS_OF, HISTORY

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def history() -> dict[str, list[dict[str, Any]]]:
    """The canary scenarios, each deployment with a change that was merged an hour before."""
    rows = {name: [dict(row) for row in table] for name, table in HISTORY.items()} | {"commit": [], "change": []}
    begun = sorted(rows["execution"], key=lambda row: row["queued_at"])
    shas = [f"{nth + 1:040x}" for nth in range(len(begun))]
    for nth, (execution, sha) in enumerate(zip(begun, shas, strict=True)):
        merged = (datetime.fromisoformat(execution["queued_at"]) - timedelta(hours=1)).isoformat()
        execution.update(repository="acme/shop", commit=sha)
        keys = {"id": f"acme/shop@{sha}", "repository": "acme/shop", "sha": sha}
        commit = {"parents": shas[max(0, nth - 1) : nth], "author": "Ada", "subject": "tidy"}
        rows["commit"].append(keys | commit | {"authored_at": merged, "committed_at": merged})
        rows["change"].append(keys | {"merged_at": merged, "applications": [execution["application"]]})
    return rows


@pytest.fixture(scope="module")
def build(built_in: Callable[..., dora.Delivery], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dora.Delivery]:
    delivery = built_in(tmp_path_factory.mktemp("notebooks"), rows=history(), as_of=AS_OF)
    yield delivery
    delivery.close()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path: Path, build: dora.Delivery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell runs on a build without a warning."""
    monkeypatch.setenv("DORA_DATABASE", str(build.path))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(FOLDER)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert len(outputs) >= 5
    assert [output.text for output in outputs if output.output_type == "stream"] == []


def test_there_are_an_introduction_and_two_articles() -> None:
    """Each of three notebooks begins with a title and the question that it answers."""
    assert [path.stem for path in NOTEBOOKS] == ["canary_and_failure", "lead_time_deep_dive", "start_here"]
    for path in NOTEBOOKS:
        opening = nbformat.read(path, as_version=4).cells[0].source
        assert opening.startswith("# ")
        assert "*A lead asks" in opening
        assert "?" in opening


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_has_no_outputs(path: Path) -> None:
    """No output and no execution count is committed."""
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
