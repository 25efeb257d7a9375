"""The README and the code say the same."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer

from dora import errors
from dora.cli.metrics import app as reading
from dora.cli.runs.signals import SIGNALS, Interruption
from dora.sql.catalog import metrics
from ingest import sources

ROOT = Path(__file__).resolve().parents[1]
README, OPERATIONS, FILES = ((ROOT / name).read_text() for name in ("README.md", "docs/operations.md", "docs/files.md"))
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("[!R]*.md"), *ROOT.glob("[!.]*/README.md")]
TREE = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, errors.DoraError)]


def test_every_exit_code_is_documented() -> None:
    """The table of exit codes is the error tree."""
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", OPERATIONS, re.MULTILINE)}
    assert listed == {cls.exit_code for cls in TREE} | {0}
    of_signals = sorted(Interruption(number).exit_code for number in SIGNALS)
    assert f"| {', '.join(map(str, of_signals))} |" in OPERATIONS


def test_the_error_tree_is_drawn_as_it_is() -> None:
    """The docstring of errors names every class with its code."""
    for cls in TREE:
        assert re.search(rf"{cls.__name__} +exit {cls.exit_code} ", errors.__doc__ or "")


def test_every_command_in_the_readme_exists() -> None:
    """Each `dora …` line of the README names a command there is."""
    from dora.cli.app import app

    names = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    names |= {group.name for group in app.registered_groups}
    used = set(re.findall(r"^dora (\w+)", README, re.MULTILINE))
    assert used <= names
    of_one_family = {
        command.name or command.callback.__name__ for command in reading.registered_commands if command.callback
    }
    assert of_one_family <= names


def test_columns_of_files_stand_on_their_page_and_in_the_help() -> None:
    """The columns that are read are those that are documented, in both places."""
    from dora.cli.runs.pipeline import ingest
    from ingest.files.kinds.catalogue import KINDS

    for name, kind in KINDS.items():
        for column in kind.columns if kind.required_columns else ():
            assert re.search(rf"\b{column}\b", FILES), f"{name} {column}"
            assert re.search(rf"\b{column}\b", ingest.__doc__ or ""), f"{name} {column}"


def test_the_page_of_commands_is_their_help() -> None:
    """docs/cli.md is what ``python -m dora.cli.reference`` prints."""
    from dora.cli.reference import to_markdown

    assert (ROOT / "docs/cli.md").read_text() == to_markdown(), "run make docs"


def test_metrics_of_the_readme_exist() -> None:
    """The printed table shows every metric by its title."""
    assert all(metric.title in README for metric in metrics().values())


def test_the_example_configures_every_source() -> None:
    """dora.example.toml has a section for each source there is."""
    text = (ROOT / "dora.example.toml").read_text()
    assert all(f"[sources.{name}]" in text for name in sources())


def test_files_named_in_the_readme_are_there() -> None:
    """No link of the README is dead."""
    for target in re.findall(r"\]\(([\w./-]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_version_is_one() -> None:
    """The package and its metadata have the same version."""
    import dora

    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == dora.__version__


def test_the_metric_of_contributing_works(tmp_path: Path) -> None:
    """The diff that CONTRIBUTING shows applies to this tree, and its scenario passes."""
    for name in ("dora", "ingest", "dashboards", "tests", "pyproject.toml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    (diff,) = re.findall(r"^```diff\n(.*?)^```", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE | re.DOTALL)
    subprocess.run(["git", "apply", "-"], input=diff, text=True, cwd=tmp_path, check=True)
    command = [sys.executable, "-m", "pytest", "tests/test_scenarios.py", "-k", "shipped_within_a_day"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert " passed" in result.stdout or result.stdout.strip().startswith("."), result.stdout + result.stderr
    assert result.returncode == 0


def headings(page: Path) -> set[str]:
    """The anchors that a git host makes of a page's headings."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_the_documents_lead_somewhere(page: Path) -> None:
    """Every relative link of a page names a file that exists, and a heading of it."""
    for target, anchor in re.findall(r"\]\(([\w./-]*)(?:#([\w-]*))?\)", page.read_text()):
        file = page.parent / target if target else page
        assert file.exists(), target
        assert not anchor or anchor in headings(file), f"{target}#{anchor}"


def test_every_page_is_in_the_index() -> None:
    """docs/README.md lists all pages of docs."""
    index = (ROOT / "docs/README.md").read_text()
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert {page for page in pages if f"({page})" not in index} == set()


def commands(page: Path) -> list[str]:
    """The commands of a page: lines of its shell blocks and code within its text, without comments."""
    text = page.read_text()
    blocks = re.findall(r"^```(?:sh|crontab)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    found = [re.search(r"^(?:.*&& )?(dora [a-z].*)", line) for line in (*lines, *spans)]
    return [match[1].partition("  # ")[0].partition(" # ")[0].partition(" > ")[0].strip() for match in found if match]


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=lambda page: str(page.relative_to(ROOT))
)
def test_every_command_of_the_documents_can_be_typed(page: Path) -> None:
    """Its name, its options and the choices of their values exist."""
    from dora.cli.app import app

    group = typer.main.get_command(app)
    for line in commands(page):
        command, words = group, shlex.split(line.replace("…", "x"))[1:]
        while words and (members := getattr(command, "commands", None)):
            assert words[0] in members, line
            command = members[words.pop(0)]
        if not {"NAME", "PATH", "ID"} & set(words) and words:
            command.make_context("dora", words, resilient_parsing=False)


def test_the_walk_of_how_it_works_runs(tmp_path: Path) -> None:
    """The commands that follow one payload print the number that the page says."""
    page = (ROOT / "docs/how-it-works.md").read_text()
    (block,) = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    script = block.replace("/tmp/walk", str(tmp_path)).replace("cp tests/", f"cp {ROOT}/tests/")
    script = script.replace("dora ", f"{sys.executable} -m dora ")
    result = subprocess.run(["bash", "-eu", "-c", script], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "26 min" in result.stdout
    assert "4f2a6c1e9" in result.stdout


def test_the_rules_of_what_serves_are_explained_and_drawn() -> None:
    """Every rule that `dora explain deployment` prints is on the page, and its picture has the lanes of the story."""
    from dora.analysis.deployment_explanation import KINDS, OUTCOMES

    page, picture = ((ROOT / "docs" / f"what-serves.{suffix}").read_text() for suffix in ("md", "svg"))
    rules = {rule for rule, _ in (*KINDS.values(), *OUTCOMES.values())} | {"D5.1", "D6", "E1", "C2", "C5"}
    assert all(rule in page for rule in rules)
    assert all(outcome in page for outcome in OUTCOMES)
    assert all(f"prod-{lane}" in picture for lane in ("eu / shop / web", "us / shop / web", "eu / shop / worker"))


def test_no_text_installs_our_name_from_a_public_index() -> None:
    """No text says to `pip install` a name that is not ours there: it is the wheel's file, or a checkout."""
    ours = re.compile(r"pip install [\"']?(delivery[-_]metrics|dora)(?![\w.*-]*\.whl|\S*-py3|-\*|-\{)\b")
    paths = [path for name in ("dora", "ingest", "dashboards", "docs", "deploy") for path in (ROOT / name).rglob("*.*")]
    paths += [*ROOT.glob("*.md"), *ROOT.glob("*.toml"), *(ROOT / "notebooks").glob("*.ipynb")]
    texts = {path: path.read_text() for path in paths if path.suffix in {".py", ".md", ".toml", ".ipynb"}}
    assert [path for path, text in texts.items() if ours.search(text)] == []
    assert ours.search("pip install 'delivery-metrics[report]'")
    assert not ours.search("pip install delivery_metrics-*.whl")
