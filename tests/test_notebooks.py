"""Notebooks are articles: they run from top to bottom, and each section keeps a picture and a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import nbformat
import pytest

import dora
from tests.dora.sql.test_canary_outcomes import AS_OF, HISTORY
from tests.notebooks import METADATA, NOTEBOOKS, PICTURE, SENTENCE, TABLE, execute_notebook

MAX_SIZE = 250_000  # bytes
XLINK = "http://www.w3.org/1999/xlink"  # a name of SVG's, which nothing loads


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
def test_it_runs(path: Path, build: dora.Delivery) -> None:
    """Every cell runs on a build, prints nothing, and shows the same kinds of outputs that are kept."""
    executed = execute_notebook(path, build.path)
    assert [output for output in outputs(executed) if output.output_type != "display_data"] == []
    assert kinds_by_cell(executed) == kinds_by_cell(read(path))


def test_there_are_an_introduction_two_articles_and_own_queries() -> None:
    """Each of four notebooks begins with a title and the question that it answers."""
    assert [path.stem for path in NOTEBOOKS] == ["canary_and_failure", "lead_time_deep_dive", "own_sql", "start_here"]
    for path in NOTEBOOKS:
        opening = read(path).cells[0].source
        assert opening.startswith("# ")
        assert re.search(r"\*An? (lead|analyst) asks.*\?", opening)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_section_has_a_picture_and_a_sentence(path: Path) -> None:
    """Below each heading a picture and a sentence are kept, and every sentence ends."""
    sections: list[tuple[str, list[str]]] = []
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            sections.append((cell.source.partition("\n")[0], []))
        else:
            sections[-1][1].extend(kind for output in cell.outputs for kind in output.get("data", {}))
    assert len(sections) >= 8
    for title, kinds in sections[1:]:
        assert title.startswith("## "), title
        assert {PICTURE, SENTENCE} <= set(kinds) <= {PICTURE, TABLE, SENTENCE}, title
    sentences = [output.data[SENTENCE] for output in outputs(read(path)) if SENTENCE in output.data]
    assert [sentence for sentence in sentences if not re.search(r"[.`]$", sentence)] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_kept_shows_on_any_host(path: Path) -> None:
    """Outputs have no script, no address, nothing of a machine or a run, and rounded numbers; files are small."""
    notebook = read(path)
    assert notebook.metadata == METADATA
    assert path.stat().st_size < MAX_SIZE
    assert all(cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code")
    for output in outputs(notebook):
        assert set(output) == {"output_type", "data", "metadata"}
        for kind, text in output.data.items():
            active = re.findall(r"<script|<style|<image|<iframe|href=|url\(|\bon\w+=|javascript:", text)
            outside = set(re.findall(r"https?://[^\s\"<]+", text)) - {"http://www.w3.org/2000/svg", XLINK}
            of_a_machine = re.findall(r"\b0x[0-9a-f]{6,}|127\.0\.0\.1|localhost|/(?:home|root|tmp|usr|work)/", text)
            assert (active, outside, of_a_machine) == ([], set(), []), kind
            if kind != PICTURE:
                assert re.findall(r"\d\.\d{4,}", re.sub(r"0\.0+", "0.", text)) == []


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def kinds_by_cell(notebook: Any) -> list[list[str]]:
    return [[kind for output in cell.get("outputs", []) for kind in output.get("data", {})] for cell in notebook.cells]
