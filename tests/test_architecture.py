"""Allowed imports between packages, files that may open a database, and imports at start."""

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
    "PIL": "streamlit", "numpy": "pandas", "pyspark": "pyspark_client", "starlette": "streamlit", "urllib3": "requests",
    "vl_convert": "vl_convert_python", "yaml": "pyyaml", "packageurl": "packageurl_python",
}  # fmt: skip

# Each line may import the lines below it, and no other package of its own line.
ORDER = (
    ("dora.__main__",),
    ("dora.cli",),
    ("dashboards.app",),
    ("dashboards.app_pages",),
    ("dashboards.sections",),
    ("dashboards.components",),
    ("dashboards.report",),
    ("dashboards.rows", "dashboards.server"),
    ("dashboards.charts", "dashboards.queries"),
    ("dora",),
    ("dora.export",),
    ("dora.api",),
    ("dora.analysis",),
    ("dora.parts",),
    ("dora.engines",),
    ("dora.query", "dora.build"),
    ("ingest.doctor.run", "ingest.setup"),
    ("ingest",),
    (
        "ingest.spinnaker",
        "ingest.git",
        "ingest.files",
        "ingest.pagerduty",
        "ingest.jira",
        "ingest.github_issues",
        "ingest.simulation",
    ),
    ("ingest.incidents",),
    ("ingest.spinnaker.doctor",),
    ("ingest.spinnaker.client",),
    ("ingest.spinnaker.parse", "ingest.spinnaker.auth"),
    ("ingest.spinnaker.recognise", "ingest.spinnaker.commits", "ingest.spinnaker.settings"),
    ("ingest.spinnaker.model",),
    ("ingest.doctor",),
    ("ingest.core",),
    ("ingest.payloads", "ingest.commits"),
    ("ingest.http",),
    ("ingest.core.paths",),
    ("dora.lineage", "dora.targets"),
    ("dora.sql", "dora.config"),
    ("dora.storage", "dora.render"),
    ("dora.periods", "dora.statistics", "dora.memory", "dora.arrow"),
    ("dora.unknown_keys",),
    ("dora.errors",),
)


class Import(NamedTuple):
    """One imported name: its place, the imported ``module`` or ``module.name``, and when.

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
    """Yield every import of a source text, at any depth."""
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
    return [
        import_ for path in modules(*folders) for import_ in imports_of(path.read_text(), str(path.relative_to(ROOT)))
    ]


def within(target: str, *allowed: str) -> bool:
    return any(target == name or target.startswith(name + ".") for name in allowed)


def is_ours(import_: Import) -> bool:
    return within(import_.target, *OURS)


def describe_imports(imports_: list[Import]) -> list[str]:
    return [f"{import_.file}:{import_.line}: {import_.target}" for import_ in imports_]


# --- allowed imports --------------------------------------------------------------------------


def find_room(module: str) -> tuple[int, str] | None:
    """Return line and name of a module's package: the longest name of ``ORDER`` that is a prefix of its own."""
    rooms = [(len(name), line, name) for line, names in enumerate(ORDER) for name in names if within(module, name)]
    return max(rooms)[1:] if rooms else None


def find_upward_imports(imports_: Iterable[Import]) -> list[str]:
    """Return the imports of a package that is not below the importing one."""
    violations = []
    for import_ in imports_:
        source_room, target_room = find_room(dotted(ROOT / import_.file)), find_room(import_.target)
        if source_room and target_room and source_room[1] != target_room[1] and target_room[0] <= source_room[0]:
            violations.append(f"{import_.file}:{import_.line}: {source_room[1]} imports {target_room[1]}")
    return violations


def find_cycle(edges: Iterable[tuple[str, str]]) -> list[str]:
    """Return the nodes of the first cycle of a graph in order, or an empty list."""
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
    """Return every import between two modules of ours, also those for types."""
    module_names = {dotted(path) for path in modules(*CODE)}
    edges = []
    for import_ in imports(*CODE):
        target = import_.target if import_.target in module_names else import_.target.rpartition(".")[0]
        if target in module_names:
            edges.append((dotted(ROOT / import_.file), target))
    return edges


def find_forbidden_imports(imports_: Iterable[Import], folder: str, *allowed: str) -> list[str]:
    """Return the imports of our modules in a folder that are not allowed."""
    internal = [import_ for import_ in imports_ if import_.file.startswith(folder) and is_ours(import_)]
    return describe_imports([import_ for import_ in internal if not within(import_.target, *allowed)])


INGEST_MAY_IMPORT = (
    "ingest",
    "dora.storage.database",
    "dora.storage.rows",
    "dora.arrow",
    "dora.errors",
    "dora.unknown_keys",
)


def test_packages_import_downwards() -> None:
    """A module imports its own package and the packages below it."""
    assert find_upward_imports(imports(*CODE)) == []


def test_no_import_cycles() -> None:
    """No module imports itself through others, imports for types included."""
    assert find_cycle(module_edges()) == []


def test_every_module_has_a_package() -> None:
    """Every module is in a package of ``ORDER``."""
    assert [
        dotted(path) for path in modules(*CODE) if find_room(dotted(path)) is None and dotted(path) != "dashboards"
    ] == []


def test_ingest_imports_storage_alone() -> None:
    """Of dora, ingest imports the database, its rows, the import of pyarrow, errors, unknown keys and nothing else."""
    assert find_forbidden_imports(imports("ingest"), "ingest/", *INGEST_MAY_IMPORT) == []


def test_dora_imports_itself_alone() -> None:
    """dora imports no other package of ours, except in its commands."""
    checked = [import_ for import_ in imports("dora") if not import_.file.startswith("dora/cli/")]
    assert find_forbidden_imports(checked, "dora/", "dora") == []


def test_each_import_rule_reports_a_violation() -> None:
    """A module that breaks an import rule is in the rule's result."""
    climbs = Import("dora/query/metric.py", 3, "dora.analysis.audit", "never")
    assert find_upward_imports([climbs]) == ["dora/query/metric.py:3: dora.query imports dora.analysis"]
    assert find_upward_imports([Import("dora/sql/catalog.py", 1, "dora.config.settings", "start")]) != []
    assert find_upward_imports([Import("dora/query/metric.py", 3, "dora.sql.catalog", "start")]) == []
    assert find_cycle([("a", "b"), ("b", "c"), ("c", "a")]) != []
    assert find_cycle([("a", "b"), ("b", "c"), ("a", "c")]) == []
    assert (
        find_forbidden_imports(
            [Import("ingest/git/history/log.py", 1, "dora.sql.catalog", "later")], "ingest/", *INGEST_MAY_IMPORT
        )
        != []
    )
    typed = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from dora.query import value\n"
    assert "dora.query.value" in {import_.target for import_ in imports_of(typed, "dora/sql/x.py")}


def test_paths_in_this_file_exist() -> None:
    """Every file and package in this file exists."""
    texts = [node.value for node in ast.walk(ast.parse(Path(__file__).read_text())) if isinstance(node, ast.Constant)]
    paths = [
        text for text in texts if isinstance(text, str) and re.fullmatch(r"(dora|ingest|dashboards)/[\w./]+", text)
    ]
    assert [path for path in paths if not (ROOT / path).exists() and path not in ABSENT] == []
    rooms = [name.replace(".", "/") for names in ORDER for name in names]
    assert [name for name in rooms if not (ROOT / name).is_dir() and not (ROOT / f"{name}.py").is_file()] == []


ABSENT = ("dora/sql/x.py", "dora/metrics")  # these must not exist


def test_no_package_hides_a_public_function() -> None:
    """``dora.metrics`` stays the function: a package of that name would take its place when it is imported."""
    assert not (ROOT / "dora/metrics").exists()


def exported_names() -> set[str]:
    """Return the names that ``dora`` exports."""
    for node in ast.walk(ast.parse((ROOT / "dora/__init__.py").read_text())):
        if isinstance(node, ast.Assign) and any(getattr(name, "id", "") == "__all__" for name in node.targets):
            return set(ast.literal_eval(node.value))
    return set()


def is_exported(target: str) -> bool:
    return target == "dora" or target in {f"dora.{name}" for name in exported_names()}


def test_the_api_is_small() -> None:
    """``dora`` exports at most ten names."""
    assert 1 <= len(exported_names()) <= 10


def test_pages_use_the_api() -> None:
    """The dashboard imports exported names of dora and its own modules alone."""
    external = [
        import_ for import_ in imports("dashboards") if is_ours(import_) and not within(import_.target, "dashboards")
    ]
    assert describe_imports([import_ for import_ in external if not is_exported(import_.target)]) == []


def notebook_imports() -> Iterator[Import]:
    for path in sorted((ROOT / "notebooks").rglob("*.ipynb")):
        for cell in json.loads(path.read_text())["cells"]:
            if cell["cell_type"] == "code":
                lines = "".join(cell["source"]).splitlines()
                python = "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!")))
                yield from imports_of(python, str(path.relative_to(ROOT)))


def test_notebooks_use_the_api() -> None:
    """Notebooks import exported names of dora alone."""
    notebook_code = [*imports("notebooks"), *notebook_imports()]
    assert (
        describe_imports([import_ for import_ in notebook_code if is_ours(import_) and not is_exported(import_.target)])
        == []
    )


def test_dora_does_not_import_its_api() -> None:
    """A module of dora or ingest imports the module that it needs, not the exported name."""
    names = {f"dora.{name}" for name in exported_names()}
    internal = [import_ for import_ in imports("dora", "ingest") if import_.file != "dora/__init__.py"]
    by_api = [import_ for import_ in internal if import_.target == "dora" or import_.target in names]
    module_names = {dotted(path) for path in modules("dora")}
    assert describe_imports([import_ for import_ in by_api if import_.target not in module_names]) == []


# --- database connections and charts --------------------------------------------------------


def calls(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def test_one_file_opens_databases() -> None:
    """Only ``dora.storage`` calls ``duckdb.connect``, by any name."""
    opened = [
        f"{dotted(path)}:{line}" for path in modules(*CODE) for line, name in calls(path) if name == "duckdb.connect"
    ]
    assert {place.split(":")[0] for place in opened} == {"dora.storage.connection", "dora.storage.database"}
    assert describe_imports([import_ for import_ in imports(*CODE) if import_.target == "duckdb.connect"]) == []
    elsewhere = [import_ for import_ in imports("ingest", "dashboards") if within(import_.target, "duckdb")]
    assert describe_imports(elsewhere) == []


def test_streamlit_stays_on_the_pages() -> None:
    """Only the dashboard imports Streamlit, and its charts do not."""
    drawn = [import_ for import_ in imports(*CODE, "notebooks") if within(import_.target, "streamlit")]
    assert describe_imports([import_ for import_ in drawn if not import_.file.startswith("dashboards/")]) == []
    assert describe_imports([import_ for import_ in drawn if import_.file.startswith("dashboards/charts/")]) == []


def test_heavy_imports_are_lazy() -> None:
    """In dora and ingest no module loads pandas, altair, streamlit, pyarrow or pyspark when it is imported."""
    heavy = [
        import_
        for import_ in imports("dora", "ingest")
        if within(import_.target, *HEAVY, "pyarrow", "pyspark", "scipy")
    ]
    assert describe_imports([import_ for import_ in heavy if import_.when == "start"]) == []


def test_only_declared_libraries_are_used() -> None:
    """Every library that the code imports is one that the project or an extra declares, or a part of one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [lines for name, lines in project["optional-dependencies"].items() if name not in ("bench", "test")]
    lines = [*project["dependencies"], *chain.from_iterable(extras)]
    declared = {re.split(r"[<>=~!;\[ ]", line)[0].replace("-", "_") for line in lines}
    used = {import_.target.split(".")[0] for import_ in imports(*CODE)} - set(OURS) - set(sys.stdlib_module_names)
    assert {name for name in used if COMES_WITH.get(name, name) not in declared} == set()


# --- imports of a command -------------------------------------------------------------------------

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
    """No file is longer than ``LONGEST`` lines."""
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules(*CODE)}
    assert {name: lines for name, lines in long.items() if lines > LONGEST} == {}


def test_there_are_no_todo_notes() -> None:
    """No file has a note of work to do."""
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    files = [str(path.relative_to(ROOT)) for path in modules(*CODE, "notebooks") if marks.search(path.read_text())]
    assert files == []


QUERIES = ("intermediate", "models", "metrics", "checks", "exceptions")
SQL = sorted(path for folder in QUERIES for path in (ROOT / "dora/sql" / folder).glob("*.sql"))


def test_there_is_sql() -> None:
    """Every folder of queries has a query."""
    assert {path.parent.name for path in SQL} == set(QUERIES)


@pytest.mark.parametrize("path", SQL, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_query_is_one_select_under_a_header(path: Path) -> None:
    """Each SQL file is one SELECT whose header describes its rows."""
    text = path.read_text()
    assert re.match(r"-- ?\S", text), "a header comment comes first"
    statements = duckdb.extract_statements(text)
    assert [statement.type.name for statement in statements] == ["SELECT"]


@pytest.mark.parametrize("path", SQL, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_query_stays_portable(path: Path) -> None:
    """No query uses ASOF joins, list slices, time zones or settings, which other engines lack."""
    code = re.sub(r"--[^\n]*", "", path.read_text())
    assert not re.search(r"\bASOF\b|\[\s*-?\d*\s*:\s*-?\d*\s*\]|\bAT TIME ZONE\b|\bPRAGMA\b", code, re.IGNORECASE)


def test_vendor_words_stay_in_ingest() -> None:
    """A vendor's terms are in no query and in no text of dora or the dashboard."""
    vendor = re.compile(r"kayenta|buildTime|manualJudgment|serverGroup|deployManifest|orca\b", re.IGNORECASE)
    paths = [*SQL, *modules("dora", "dashboards")]
    assert [str(path.relative_to(ROOT)) for path in paths if vendor.search(path.read_text())] == []
