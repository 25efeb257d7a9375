"""SQL in every option of every reading command, and in every parameter of an address, is only text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import typer

from dora.cli.app import app
from tests.dashboards.server.viewer import Viewer

CANARY = "c4nary-of-a-file"
PAYLOADS = [
    "'", "\"", "\\'", "''", "' OR '1'='1", "' OR 1=1 --", "x' OR 'a'='a' /*", "'; DROP TABLE deployments; --",
    "'; DELETE FROM deployments; --", "'; COPY deployments TO '{folder}/out.csv'; --", "'; ATTACH '{folder}/a.db'; --",
    "' UNION SELECT content FROM read_text('{file}') --", "' UNION ALL SELECT 1, content FROM read_text('{file}') --",
    "'); SELECT * FROM read_csv('{file}'); --", "' || (SELECT content FROM read_text('{file}')) || '",
    "(SELECT content FROM read_text('{file}'))", "{file}", "read_text('{file}')",
    "1; SET enable_external_access = true",
    "'; INSTALL httpfs; LOAD httpfs; --", "'; PRAGMA database_list; --", "'; CALL pragma_version(); --", "$1",
    "?", ":x",
    "$$x$$", "%27%20OR%201%3D1", "90d' OR '1'='1", "2026-01-01'; --", "application FROM duckdb_settings() --",
    "lead_time; SELECT 1", "\x00' OR 1=1", "ʼ OR 1=1", "{{7*7}}", "*", "%", "_",
]  # fmt: skip
# Commands that read no build, are started by the others, or take paths alone.
NOT_ASKED = {
    "diff",
    "ingest",
    "build",
    "nightly",
    "doctor",
    "demo",
    "dashboard",
    "report",
    "backup",
    "restore",
    "archive",
}
PATHS = {
    "config",
    "out",
    "charts",
    "folder",
    "prometheus",
    "cdevents",
    "opentelemetry",
    "older",
    "newer",
    "load",
    "paths",
}
ARGUMENTS = {"explain": ["lead_time"], "rows": ["deployments"]}  # without them no option is read
EVERY = 12  # an option tries each twelfth payload, the next option those after them
PAGES = ("", "flow", "stability", "canary", "audit", "data")


def fill(payload: str, folder: Path) -> str:
    return payload.replace("{file}", str(folder / "canary")).replace("{folder}", str(folder))


def list_options() -> Iterator[tuple[str, list[str]]]:
    """Every command with each of its options and arguments that takes a text."""
    group: Any = typer.main.get_command(app)
    for name, command in sorted(group.commands.items()):
        for parameter in () if name in NOT_ASKED or hasattr(command, "commands") else command.params:
            if parameter.name not in PATHS and parameter.type.name != "boolean":
                is_argument = parameter.param_type_name == "argument"
                yield name, [] if is_argument else [*ARGUMENTS.get(name, []), parameter.opts[0]]


OPTIONS = [*list_options(), ("explain", ["deployment"]), ("show", ["lead_time", "--by", "team", "--application"])]


@pytest.fixture
def folder(organisation: Path, tmp_path: Path) -> Path:
    """A folder with the settings of a build, and a file that only SQL could read."""
    (tmp_path / "canary").write_text(CANARY)
    (tmp_path / "dora.toml").write_text(f"data = '{organisation.parent}'\n")
    return tmp_path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(("command", "words"), OPTIONS, ids=[f"{name} {' '.join(words)}" for name, words in OPTIONS])
def test_s1_sql_in_an_option_is_only_text(  # noqa: PLR0917 - fixtures
    command: str, words: list[str], folder: Path, organisation: Path, monkeypatch: Any, capsys: Any
) -> None:
    """It is refused by name or matches nothing; no file is read or written, and nobody sees an error of SQL."""
    before = digest(organisation)
    monkeypatch.chdir(folder)
    files = sorted(folder.iterdir())
    start = OPTIONS.index((command, words)) % EVERY
    for payload in PAYLOADS[start::EVERY]:
        arguments = [command, *words, fill(payload, folder)]
        try:
            app(arguments, standalone_mode=False)
        except Exception as error:
            if type(error).__name__ not in ("UsageError", "BadParameter", "Exit"):  # ours, and of the parser of options
                raise
        output = "".join(capsys.readouterr())
        assert CANARY not in output, arguments
    assert digest(organisation) == before
    assert sorted(folder.iterdir()) == files


PARAMETERS = ("team", "application", "window", "days", "compare", "other", "then", "day", "period", "part", "age",
              "canaries", "finding", "hour", "search", "outcome", "event", "alert", "exception")  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_s1_sql_in_an_address_is_only_text(page: str, server: str, served_database: Path, folder: Path) -> None:
    """All parameters of a page at once: it is drawn without an error, from an unchanged file."""
    before = digest(served_database)
    viewer = Viewer(server)
    for payload in PAYLOADS[PAGES.index(page) :: len(PAGES)]:
        text = fill(payload, folder)
        received = viewer.read_page(page, urlencode(dict.fromkeys(PARAMETERS, text)))
        assert len(received) > 5_000, payload
        unknown = viewer.read_page(page, urlencode({"deployment": text}))
        assert b"not found" in unknown, payload
        received += unknown
        for word in (CANARY, "Traceback", "duckdb.", "Binder Error", "Parser Error", "has encountered an error"):
            assert word.encode() not in received, payload
    assert digest(served_database) == before
