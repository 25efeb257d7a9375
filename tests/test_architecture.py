"""The house as it was drawn: who may know whom, who may open a database, what a page costs at start."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("dora", "ingest", "dashboards", "notebooks", "tests")
CODE = ("dora", "ingest", "dashboards")
HEAVY = {"pandas", "altair", "streamlit"}
LONGEST = 350
COMES_WITH = {
    "numpy": "pandas", "starlette": "streamlit", "urllib3": "requests", "vl_convert": "vl_convert_python",
    "yaml": "pyyaml",
}  # fmt: skip


class Import(NamedTuple):
    """One imported name: where, the ``module`` or ``module.name`` that it asks for, and when.

    ``when`` is ``start`` at the top of a module, ``later`` inside a function, ``never`` for types alone.
    """

    file: str
    line: int
    target: str
    when: str


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(source: str, file: str) -> Iterator[Import]:
    """Every import of a source text, wherever it stands."""
    tree = ast.parse(source)
    when = {id(node): "start" for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            when |= {id(inner): "never" for inner in ast.walk(node)}
    for node in ast.walk(tree):
        names = [name.name for name in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: relative import"
            names = [f"{node.module}.{name}" for name in names]
        for name in names:
            yield Import(file, node.lineno, name, when.get(id(node), "later"))


def imports(*folders: str) -> list[Import]:
    return [found for path in modules(*folders) for found in imports_of(path.read_text(), str(path.relative_to(ROOT)))]


def within(target: str, *allowed: str) -> bool:
    return any(target == name or target.startswith(name + ".") for name in allowed)


def ours(found: Import) -> bool:
    return within(found.target, *OURS)


def wrong(found: list[Import]) -> list[str]:
    return [f"{one.file}:{one.line}: {one.target}" for one in found]


# --- who may know whom ----------------------------------------------------------------------------


def test_ingest_knows_only_the_doorway() -> None:
    """Where facts come from: of ours it knows the warehouse, the errors and itself."""
    allowed = ("ingest", "dora.storage.database", "dora.errors")
    strangers = [one for one in imports("ingest") if ours(one) and not within(one.target, *allowed)]
    assert wrong(strangers) == []


def test_dora_knows_only_itself() -> None:
    """What the numbers mean: nothing of ours but dora, the leaf of commands apart."""
    strangers = [one for one in imports("dora") if ours(one) and not within(one.target, "dora")]
    assert wrong([one for one in strangers if one.file != "dora/__main__.py"]) == []


def test_nobody_knows_the_commands() -> None:
    """``dora.cli.app`` is a leaf."""
    assert wrong([one for one in imports(*CODE, "notebooks") if within(one.target, "dora.cli.app")]) == []


def door() -> set[str]:
    """The names that the door shows."""
    for node in ast.walk(ast.parse((ROOT / "dora/__init__.py").read_text())):
        if isinstance(node, ast.Assign) and any(getattr(name, "id", "") == "__all__" for name in node.targets):
            return set(ast.literal_eval(node.value))
    return set()


def through_the_door(target: str) -> bool:
    return target == "dora" or target in {f"dora.{name}" for name in door()}


def test_the_door_is_small() -> None:
    """Ten names or fewer."""
    assert 1 <= len(door()) <= 10


def test_pages_use_the_door() -> None:
    """What leads see: dora through its door, and the dashboard's own parts."""
    strangers = [one for one in imports("dashboards") if ours(one) and not within(one.target, "dashboards")]
    assert wrong([one for one in strangers if not through_the_door(one.target)]) == []


def notebook_imports() -> Iterator[Import]:
    for path in sorted((ROOT / "notebooks").rglob("*.ipynb")):
        for cell in json.loads(path.read_text())["cells"]:
            if cell["cell_type"] == "code":
                lines = "".join(cell["source"]).splitlines()
                python = "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!")))
                yield from imports_of(python, str(path.relative_to(ROOT)))


def test_notebooks_use_the_door() -> None:
    """What an analyst asks: dora through its door."""
    found = [*imports("notebooks"), *notebook_imports()]
    assert wrong([one for one in found if ours(one) and not through_the_door(one.target)]) == []


def test_nothing_inside_goes_through_the_door() -> None:
    """A module of dora names the module that it needs, so that the door can be drawn around all of them."""
    names = {f"dora.{name}" for name in door()}
    inside = [one for one in imports("dora", "ingest") if one.file != "dora/__init__.py"]
    by_door = [one for one in inside if one.target == "dora" or one.target in names]
    known = {dotted(path) for path in modules("dora")}
    assert wrong([one for one in by_door if one.target not in known and one.target != "dora.__version__"]) == []


@pytest.mark.parametrize("package", ["dora", "ingest", "dashboards"])
def test_no_circles(package: str) -> None:
    """Modules of a package import each other in one direction (types for the checker alone apart)."""
    known = {dotted(path) for path in modules(package)}
    graph: dict[str, set[str]] = {name: set() for name in known}
    for path in modules(package):
        for one in imports_of(path.read_text(), str(path)):
            target = one.target if one.target in known else one.target.rpartition(".")[0]
            if target in known and target != dotted(path) and one.when != "never":
                graph[dotted(path)].add(target)
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


# --- who may open a database, who may draw --------------------------------------------------------


def calls(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def test_one_file_opens_databases() -> None:
    """Only the warehouse calls ``duckdb.connect``, by whatever name."""
    opened = [
        f"{dotted(path)}:{line}" for path in modules(*CODE) for line, name in calls(path) if name == "duckdb.connect"
    ]
    assert {place.split(":")[0] for place in opened} == {"dora.storage.database"}
    assert wrong([one for one in imports(*CODE) if one.target == "duckdb.connect"]) == []
    elsewhere = [one for one in imports("ingest", "dashboards") if within(one.target, "duckdb")]
    assert wrong(elsewhere) == []


def test_streamlit_stays_on_the_pages() -> None:
    """Only the app and its pages know Streamlit; charts are pure."""
    drawn = [one for one in imports(*CODE, "notebooks") if within(one.target, "streamlit")]
    assert wrong([one for one in drawn if not one.file.startswith("dashboards/")]) == []
    assert wrong([one for one in drawn if one.file == "dashboards/charts.py"]) == []


def test_heavy_imports_wait() -> None:
    """In dora and ingest no module loads pandas, altair, streamlit or pyarrow when it is imported."""
    heavy = [one for one in imports("dora", "ingest") if within(one.target, *HEAVY, "pyarrow", "scipy")]
    assert wrong([one for one in heavy if one.when == "start"]) == []


def test_only_declared_libraries_are_used() -> None:
    """Every library that the code imports is one that the project or an extra declares, or a part of one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [lines for name, lines in project["optional-dependencies"].items() if name not in ("bench", "test")]
    lines = [*project["dependencies"], *chain.from_iterable(extras)]
    declared = {re.split(r"[<>=~!;\[ ]", line)[0].replace("-", "_") for line in lines}
    used = {one.target.split(".")[0] for one in imports(*CODE)} - set(OURS) - set(sys.stdlib_module_names)
    assert {name for name in used if COMES_WITH.get(name, name) not in declared} == set()


# --- what a command costs -------------------------------------------------------------------------

SHOW = """
import runpy, sys
sys.argv = ["dora", "show"]
try:
    runpy.run_module("dora", run_name="__main__")
except SystemExit as end:
    print("exit", end.code)
print("loaded", *sorted({name.split(".")[0] for name in sys.modules}))
"""


def test_show_loads_nothing_heavy(tmp_path: Path) -> None:
    """``dora show`` without a build ends as exit 2 and has loaded neither pandas nor altair nor streamlit."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{SHOW}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    lines = done.stdout.splitlines()
    assert "exit 2" in lines, done.stdout + done.stderr
    loaded = set(lines[-1].split()[1:])
    assert "dora" in loaded
    assert loaded & (HEAVY | {"pyarrow", "scipy", "matplotlib"}) == set()
    assert "Traceback" not in done.stderr


# --- files ----------------------------------------------------------------------------------------


def test_files_stay_small() -> None:
    """A file that outgrows its room is split along the flow."""
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules(*CODE)}
    assert {name: lines for name, lines in long.items() if lines > LONGEST} == {}


def test_nothing_is_left_for_later() -> None:
    """No file carries a note to do something some day."""
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = [str(path.relative_to(ROOT)) for path in modules(*CODE, "notebooks") if marks.search(path.read_text())]
    assert found == []


QUERIES = ("intermediate", "models", "metrics", "checks")
SQL = sorted(path for folder in QUERIES for path in (ROOT / "dora/sql" / folder).glob("*.sql"))


def test_there_is_sql() -> None:
    """The folders of steps, models, metrics and checks are not empty."""
    assert {path.parent.name for path in SQL} == set(QUERIES)


@pytest.mark.parametrize("path", SQL, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_query_is_one_select_under_a_header(path: Path) -> None:
    """Each SQL file is one SELECT that begins by saying what its rows are."""
    text = path.read_text()
    assert re.match(r"-- ?\S", text), "a header comment comes first"
    statements = duckdb.extract_statements(text)
    assert [statement.type.name for statement in statements] == ["SELECT"]


@pytest.mark.parametrize("path", SQL, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_query_stays_portable(path: Path) -> None:
    """No query uses what other engines can not run: ASOF joins, list slices, time zones, settings."""
    code = re.sub(r"--[^\n]*", "", path.read_text())
    assert not re.search(r"\bASOF\b|\[\s*-?\d*\s*:\s*-?\d*\s*\]|\bAT TIME ZONE\b|\bPRAGMA\b", code, re.IGNORECASE)


def test_ingest_words_stop_at_ingest() -> None:
    """A vendor's own words occur in no query and in nothing that dora or a page says."""
    vendor = re.compile(r"kayenta|buildTime|manualJudgment|serverGroup|deployManifest|orca\b", re.IGNORECASE)
    said = [*SQL, ROOT / "dora/storage/schema.sql", *(path for path in modules("dora", "dashboards"))]
    assert [str(path.relative_to(ROOT)) for path in said if vendor.search(path.read_text())] == []
