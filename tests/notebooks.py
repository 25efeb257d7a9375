"""Execute the notebooks over a build and keep what they show: ``make notebooks``.

Outputs are pictures (SVG), tables and sentences. They have nothing that differs from run to run or machine to machine,
so that running again over the same build changes no file.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
PICTURE, TABLE, SENTENCE = "image/svg+xml", "text/html", "text/markdown"


def execute_notebook(path: Path, database: Path) -> nbformat.NotebookNode:
    """Return a notebook with its outputs over a build; raises the error of the first cell that fails."""
    notebook = nbformat.read(path, as_version=4)
    environment = os.environ | {"DORA_DATABASE": str(database)}
    client = NotebookClient(notebook, timeout=300, record_timing=False, resources={"metadata": {"path": str(FOLDER)}})
    client.execute(env=environment)
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count = None
            cell.outputs = [_without_run(output) for output in cell.outputs]
    return notebook


def _without_run(output: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return an output without its number in the run, and without text that repeats a picture, table or sentence."""
    if output.output_type == "execute_result":
        output = nbformat.v4.new_output("display_data", output.data)
    if output.output_type == "display_data":
        kinds = [kind for kind in (PICTURE, TABLE, SENTENCE) if kind in output.data]
        output.data = {kind: output.data[kind] for kind in kinds or output.data}
    return output


def main() -> None:
    """Execute every notebook over a build and write it back with its outputs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", type=Path, nargs="?", default=FOLDER.parent / "data/demo/dora.duckdb")
    database = parser.parse_args().database.resolve()
    for path in NOTEBOOKS:
        nbformat.write(execute_notebook(path, database), path)
        print(f"{path.name}: {path.stat().st_size / 1000:,.0f} kB")


if __name__ == "__main__":
    main()
