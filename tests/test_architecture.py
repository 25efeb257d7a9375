"""The rooms and who may import whom; who may open a database; what a page or a command costs at start."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
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

# Each line may import the lines below it, and no room of its own line but itself.
ORDER = (
    ("dora.__main__",),
    ("dora.cli",),
    ("dashboards.app",),
    ("dashboards.app_pages",),
    ("dashboards.sections",),
    ("dashboards.components",),
    ("dashboards.rows", "dashboards.report", "dashboards.server"),
    ("dashboards.charts", "dashboards.queries"),
    ("dora",),
    ("dora.export",),
    ("dora.api",),
    ("dora.analysis",),
    ("dora.query", "dora.build"),
    ("ingest.doctor.run",),
    ("ingest",),
    ("ingest.spinnaker", "ingest.git", "ingest.files", "ingest.simulation"),
    ("ingest.spinnaker.doctor",),
    ("ingest.spinnaker.client",),
    ("ingest.spinnaker.parse", "ingest.spinnaker.auth"),
    ("ingest.spinnaker.recognise", "ingest.spinnaker.commits", "ingest.spinnaker.settings"),
    ("ingest.spinnaker.model",),
    ("ingest.doctor",),
    ("ingest.core",),
    ("ingest.http",),
    ("ingest.core.paths",),
    ("dora.sql", "dora.config", "dora.lineage"),
    ("dora.storage", "dora.render"),
    ("dora.periods", "dora.statistics"),
    ("dora.errors",),
)


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


# --- who may import whom --------------------------------------------------------------------------


def room(module: str) -> tuple[int, str] | None:
    """The line and name of the room that a module is in: the longest name of ``ORDER`` that begins its own."""
    rooms = [(len(name), line, name) for line, names in enumerate(ORDER) for name in names if within(module, name)]
    return max(rooms)[1:] if rooms else None


def upward(imports_: Iterable[Import]) -> list[str]:
    """Imports that lead from a room to one that is not below it."""
    found = []
    for one in imports_:
        here, there = room(dotted(ROOT / one.file)), room(one.target)
        if here and there and here[1] != there[1] and there[0] <= here[0]:
            found.append(f"{one.file}:{one.line}: {here[1]} imports {there[1]}")
    return found


def circle(edges: Iterable[tuple[str, str]]) -> list[str]:
    """The first circle of a graph, as its nodes in order; none where there is none."""
    graph: dict[str, set[str]] = {}
    for start, end in edges:
        if start != end:
            graph.setdefault(start, set()).add(end)
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        return list(error.args[1])
    return []


def module_edges() -> list[tuple[str, str]]:
    """Every import between two modules of ours, those for types alone too."""
    known = {dotted(path) for path in modules(*CODE)}
    edges = []
    for one in imports(*CODE):
        target = one.target if one.target in known else one.target.rpartition(".")[0]
        if target in known:
            edges.append((dotted(ROOT / one.file), target))
    return edges


def strangers(imports_: Iterable[Import], folder: str, *allowed: str) -> list[str]:
    """Imports of ours in a folder that name anything but what is allowed."""
    inside = [one for one in imports_ if one.file.startswith(folder) and ours(one)]
    return wrong([one for one in inside if not within(one.target, *allowed)])


INGEST_SEES = ("ingest", "dora.storage.database", "dora.errors")


def test_rooms_import_downwards() -> None:
    """A module imports its own room and the rooms below it."""
    assert upward(imports(*CODE)) == []


def test_no_circles() -> None:
    """No module imports itself by way of others, imports for types included."""
    assert circle(module_edges()) == []


def test_every_module_has_a_room() -> None:
    """No module stands outside the order."""
    assert [
        dotted(path) for path in modules(*CODE) if room(dotted(path)) is None and dotted(path) != "dashboards"
    ] == []


def test_ingest_sees_storage_alone() -> None:
    """Of dora, ingest imports the database, the errors and nothing else."""
    assert strangers(imports("ingest"), "ingest/", *INGEST_SEES) == []


def test_dora_sees_itself() -> None:
    """Of ours, dora imports dora; the commands may import all."""
    found = [one for one in imports("dora") if not one.file.startswith("dora/cli/")]
    assert strangers(found, "dora/", "dora") == []


def test_each_rule_of_imports_bites() -> None:
    """A module that breaks a rule is named by it."""
    climbs = Import("dora/query/metric.py", 3, "dora.analysis.audit", "never")
    assert upward([climbs]) == ["dora/query/metric.py:3: dora.query imports dora.analysis"]
    assert upward([Import("dora/sql/catalog.py", 1, "dora.config.settings", "start")]) != []
    assert upward([Import("dora/query/metric.py", 3, "dora.sql.catalog", "start")]) == []
    assert circle([("a", "b"), ("b", "c"), ("c", "a")]) != []
    assert circle([("a", "b"), ("b", "c"), ("a", "c")]) == []
    assert strangers([Import("ingest/git/log.py", 1, "dora.sql.catalog", "later")], "ingest/", *INGEST_SEES) != []
    typed = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from dora.query import value\n"
    assert "dora.query.value" in {one.target for one in imports_of(typed, "dora/sql/x.py")}


def test_what_this_file_names_is_there() -> None:
    """No test here is about a file or a room that is gone."""
    texts = [node.value for node in ast.walk(ast.parse(Path(__file__).read_text())) if isinstance(node, ast.Constant)]
    paths = [
        text for text in texts if isinstance(text, str) and re.fullmatch(r"(dora|ingest|dashboards)/[\w./]+", text)
    ]
    assert [path for path in paths if not (ROOT / path).exists() and path not in GONE] == []
    rooms = [name.replace(".", "/") for names in ORDER for name in names]
    assert [name for name in rooms if not (ROOT / name).is_dir() and not (ROOT / f"{name}.py").is_file()] == []


GONE = ("dora/sql/x.py", "dora/metrics")  # named here because they must not be


def test_no_package_hides_a_public_function() -> None:
    """``dora.metrics`` stays the function: a package of that name would take its place when it is imported."""
    assert not (ROOT / "dora/metrics").exists()


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
    assert wrong([one for one in by_door if one.target not in known]) == []


# --- who may open a database, who may draw --------------------------------------------------------


def calls(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def test_one_file_opens_databases() -> None:
    """Only the storage room calls ``duckdb.connect``, by whatever name."""
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
    assert wrong([one for one in drawn if one.file.startswith("dashboards/charts/")]) == []


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


QUERIES = ("intermediate", "models", "metrics", "checks", "exceptions")
SQL = sorted(path for folder in QUERIES for path in (ROOT / "dora/sql" / folder).glob("*.sql"))


def test_there_is_sql() -> None:
    """No folder of queries is empty."""
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
