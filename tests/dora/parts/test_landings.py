"""Builds over several landings: those of data folders and those that were published to a store."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dora.cli.app import app
from dora.errors import DoraError, PartialError
from dora.parts import landings, snapshot
from dora.parts.store import Store
from dora.storage import database
from tests.conftest import opened
from tests.faults.state import compare, read_build, read_landing
from tests.simulation.object_store import ObjectStore

SAMPLES = Path(__file__).resolve().parents[3] / "data" / "samples"
SOURCES = {
    "code": ["changes.csv", "change_requests.csv"],
    "deployments": ["deployments.csv"],
    "tracker": ["incidents.jsonl", "events.csv"],
}


def describe_source(name: str) -> str:
    paths = ", ".join(f'"{SAMPLES / file}"' for file in SOURCES[name])
    return f'[sources.{name}]\ntype = "files"\npaths = [{paths}]\n'


def run(folder: Path, *words: object) -> Result:
    """Run a command with the settings of a folder."""
    return CliRunner().invoke(app, [*map(str, words), "--config", str(folder / "dora.toml")])


def make_folder(folder: Path, text: str) -> Path:
    folder.mkdir()
    (folder / "dora.toml").write_text(text)
    return folder


@pytest.fixture(scope="module")
def regions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder ``one`` whose landing has three sources, and one for each source, whose landing is published too."""
    top = tmp_path_factory.mktemp("regions")
    make_folder(top / "one", "".join(map(describe_source, SOURCES)))
    for name in SOURCES:
        assert run(top / "one", "ingest", name).exit_code == 0
        make_folder(top / name, describe_source(name))
        assert run(top / name, "ingest", name, "--publish", top / "store" / name).exit_code == 0
    assert run(top / "one", "build").exit_code == 0
    return top


def build_over(folder: Path, paths: list[Path | str]) -> Result:
    addresses = ", ".join(f'"{landing}"' for landing in paths)
    make_folder(folder, f"[engine]\nlandings = [{addresses}]\n")
    return run(folder, "nightly")


@pytest.mark.parametrize("place", ["data folders", "snapshots"])
def test_three_landings_are_built_as_one(regions: Path, tmp_path: Path, place: str) -> None:
    """Three sources in three landings give every row of landing and of the build that they give in one landing."""
    paths = [regions / "store" / name if place == "snapshots" else regions / name / "data" for name in SOURCES]
    assert build_over(tmp_path / "all", paths).exit_code == 0
    data = tmp_path / "all" / "data"
    expected = read_landing(regions / "one" / "data")
    joined = read_landing(data / "landings")
    assert {table: rows for table, rows in joined.items() if table != '"watermark"'} == {
        table: rows for table, rows in expected.items() if table != '"watermark"'
    }
    build = read_build(regions / "one" / "data")
    assert build
    assert compare(read_build(data) or {}, build) == {}
    assert build['"main"."deployments"'].count > 0


def read_checks(data: Path) -> list[tuple[int, str]]:
    with opened(data / database.PUBLISHED) as con:
        query = "SELECT rows, examples FROM check_results WHERE name = 'rows_of_several_landings'"
        return con.execute(query).fetchall()


def test_rows_of_two_landings_are_counted_once_and_found(regions: Path, tmp_path: Path) -> None:
    """A source that two landings have gives its rows once, and a finding for each table of it."""
    paths = [regions / "store" / name for name in SOURCES]
    assert build_over(tmp_path / "all", [*paths, regions / "deployments" / "data"]).exit_code == 0
    build = read_build(regions / "one" / "data")
    assert compare(read_build(tmp_path / "all" / "data") or {}, build or {}).keys() <= {"torn"}
    ((rows, examples),) = read_checks(tmp_path / "all" / "data")
    assert rows > 1
    assert f'"landings": "{regions}/store/deployments, {regions}/deployments/data"' in examples
    assert read_checks(regions / "one" / "data") == [(0, "[]")]


def test_one_system_under_two_names_is_found(regions: Path, tmp_path: Path) -> None:
    """Deployments that two landings have from sources of different names are a finding."""
    again = make_folder(tmp_path / "again", describe_source("deployments").replace("deployments]", "builds]"))
    assert run(again, "ingest", "builds").exit_code == 0
    assert build_over(tmp_path / "all", [regions / "store" / "deployments", again / "data"]).exit_code == 0
    ((rows, examples),) = read_checks(tmp_path / "all" / "data")
    assert rows == 1
    assert '"table_name": "execution", "sources": "deployments, builds"' in examples


def test_what_did_not_change_is_not_written_again(regions: Path, tmp_path: Path) -> None:
    """A landing without new rows is published once, and landings that did not change are joined once."""
    store = regions / "store" / "deployments"
    before = (store / "snapshots" / "current").read_text()
    assert snapshot.publish_landing(regions / "deployments" / "data", str(store)).id == before
    paths = [str(store), str(regions / "code" / "data")]
    joined = landings.join_landings(paths, tmp_path) / "landing.duckdb"
    before = joined.stat().st_ino
    landings.join_landings(paths, tmp_path)
    assert joined.stat().st_ino == before


def test_the_snapshot_before_the_last_stays(regions: Path, tmp_path: Path) -> None:
    """A new snapshot replaces the one in force, which stays for builds that read it, and no older one stays."""
    folder = make_folder(tmp_path / "eu", "")
    published = []
    for number in range(3):
        (tmp_path / "eu" / "incidents.csv").write_text(
            "id,application,opened_at,resolved_at\n"
            + "".join(f"{i},shop,2026-03-0{i + 1}T10:00:00Z,\n" for i in range(number + 1))
        )
        command = ("ingest", "files", folder / "incidents.csv", "--publish", tmp_path / "store")
        assert run(folder, *command).exit_code == 0
        published.append((tmp_path / "store" / "snapshots" / "current").read_text())
    assert Store(str(tmp_path / "store")).folders("snapshots") == published[1:]


def test_a_landing_that_fails_half_way_is_not_published(
    regions: Path, tmp_path: Path, object_store: ObjectStore
) -> None:
    """If the store refuses a file, whichever it is, what was published before is in force, and the run says so."""
    address, folder = object_store.address, tmp_path / "deployments"
    shutil.copytree(regions / "deployments", folder)
    assert run(folder, "ingest", "deployments", "--publish", address).exit_code == 0
    before = object_store.objects["dora/snapshots/current"]
    (tmp_path / "more.csv").write_text("id,application,opened_at,resolved_at\n9,shop,2026-03-05T10:00:00Z,\n")
    for number in (0, 7, 50, 94):
        object_store.refuse_from = object_store.written + number
        result = run(folder, "ingest", "files", tmp_path / "more.csv", "--kind", "incidents", "--publish", address)
        assert isinstance(result.exception, PartialError)
        assert str(result.exception).startswith("The landing was not published: The store s3://metrics/dora")
        assert snapshot.read_snapshot(Store(address)).id.encode() == before
    object_store.refuse_from = None
    landings.join_landings([address], tmp_path)


def test_a_night_builds_if_its_landing_is_not_published(tmp_path: Path, object_store: ObjectStore) -> None:
    """A night publishes what it ingested where the settings say; if that fails, it builds and says what is missing."""
    text = f'{describe_source("deployments")}[engine]\npublish_landing = "{object_store.address}"\n'
    folder = make_folder(tmp_path / "eu", text)
    object_store.refuse_from = 0
    result = run(folder, "nightly")
    assert "missing: The landing was not published: The store s3://metrics/dora" in result.stderr
    assert str(result.exception).startswith("1 part missing; everything else was ingested and built.")
    assert (folder / "data" / "dora.duckdb").exists()
    object_store.refuse_from = None
    assert run(folder, "ingest", "deployments").exit_code == 0
    assert snapshot.read_snapshot(Store(object_store.address)).sources == ("deployments",)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "is damaged: .*/execution.parquet: IO Error: No files found": lambda folder: (
        folder / "execution.parquet"
    ).unlink(),
    "is damaged: .*/execution.parquet": lambda folder: (folder / "execution.parquet").write_bytes(b"PAR1"),
    "is damaged: the rows of .*/stage.parquet": lambda folder: shutil.copy(
        folder / "event.parquet", folder / "stage.parquet"
    ),
    "is damaged: .*/manifest.json": lambda folder: (folder / "manifest.json").write_bytes(b'{"id": '),
    "has contract 9": lambda folder: replace_text(folder / "manifest.json", '"contract":', '"contract":9'),
    "No landing was published at": lambda folder: shutil.rmtree(folder.parent),
}


@pytest.mark.parametrize("message", DAMAGES)
def test_a_damaged_landing_is_never_read(regions: Path, tmp_path: Path, message: str) -> None:
    """A published landing that lacks a file, has another, or is of another contract is refused by name."""
    store = shutil.copytree(regions / "store" / "deployments", tmp_path / "store")
    DAMAGES[message](store / "snapshots" / (store / "snapshots" / "current").read_text())
    with pytest.raises(DoraError, match=message) as error:
        landings.join_landings([str(store)], tmp_path)
    assert str(store) in str(error.value)
    assert not (tmp_path / "landings" / "landing.duckdb").exists()


def test_a_build_over_a_damaged_landing_keeps_the_last_one(regions: Path, tmp_path: Path) -> None:
    """If one of the landings is damaged, the build fails and the last one stays."""
    store = shutil.copytree(regions / "store" / "deployments", tmp_path / "store")
    assert build_over(tmp_path / "all", [regions / "code" / "data", store]).exit_code == 0
    build = tmp_path / "all" / "data" / "dora.duckdb"
    before = build.stat().st_ino
    (store / "snapshots" / "current").write_text("20260101T000000000000-000000")
    assert isinstance(run(tmp_path / "all", "build").exception, DoraError)
    assert build.stat().st_ino == before


def test_doctor_reads_the_landings(regions: Path, tmp_path: Path) -> None:
    """Doctor says of each landing what it has and how old it is, or that it is missing, and asks for no source."""
    paths = [regions / "store" / "deployments", tmp_path / "nowhere"]
    make_folder(tmp_path / "all", f'[engine]\nlandings = ["{paths[0]}", "{paths[1]}"]\n')
    findings = json.loads(run(tmp_path / "all", "doctor", "--json").stdout)
    first, second = (finding for finding in findings if finding["check"].startswith("landing "))
    assert (first["state"], first["check"]) == ("warn", f"landing {paths[0]}")
    assert re.fullmatch(r"deployments: [\d,]+ rows, data through 2026-03-04 09:45 UTC", first["message"])
    assert (second["state"], second["message"]) == ("fail", f"No landing was published at {paths[1]}.")
    assert not {"landing", "sources"} & {finding["check"] for finding in findings}


def replace_text(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))
