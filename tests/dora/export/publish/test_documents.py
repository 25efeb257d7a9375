"""Published documents: their schema, their numbers, and the folder that is replaced in one step."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dora
from dora.errors import DoraError
from dora.export.publish import document_types
from dora.export.publish.documents import file_name, write
from dora.query.value import Scope
from dora.render.folder import replace_folder

FACTS = {
    "deployments": """
id | application | environment | status    | started_at        | finished_at
d1 | shop        | prod        | succeeded | 2026-03-02T08:00Z | 2026-03-02T08:10Z
d2 | shop        | prod        | failed    | 2026-03-10T08:00Z | 2026-03-10T08:10Z
d3 | pay/eu      | prod        | succeeded | 2026-03-11T08:00Z | 2026-03-11T08:10Z
""",
    "as_of": datetime(2026, 3, 20, tzinfo=UTC),
    "settings": {"teams": {"store/front": ["shop"], "money": ["pay*"]}},
}
Documents = dict[str, Any]


@pytest.fixture(scope="module")
def delivery(built_in: Callable[..., dora.Delivery], tmp_path_factory: pytest.TempPathFactory) -> dora.Delivery:
    return built_in(tmp_path_factory.mktemp("publish"), **FACTS)


def read(folder: Path) -> Documents:
    """Every document by its path, each valid by the schema beside it."""
    documents = {str(path.relative_to(folder)): json.loads(path.read_bytes()) for path in folder.rglob("*.json")}
    validator = jsonschema.Draft202012Validator(documents["schema.json"], format_checker=jsonschema.FormatChecker())
    validator.check_schema(documents["schema.json"])
    for path, document in documents.items():
        if path != "schema.json":
            validator.validate(document)
            assert (folder / path).parent.joinpath(document["$schema"]).exists()
    return documents


def test_there_is_a_document_for_each_team_and_application(delivery: dora.Delivery, tmp_path: Path) -> None:
    """The index lists them with their paths; each says who belongs to whom, of which data and window it is."""
    counts = write(delivery, tmp_path / "www", Scope(since="2026-03-09"))
    documents = read(tmp_path / "www")
    assert counts == {"organisation": 1, "teams": 2, "applications": 2}
    index = documents["index.json"]
    listed = {entry["name"]: entry["path"] for entry in (*index["teams"], *index["applications"])}
    assert listed == {
        "money": "teams/money.json", "store/front": "teams/store~2Ffront.json",
        "pay/eu": "applications/pay~2Feu.json", "shop": "applications/shop.json",
    }  # fmt: skip
    assert set(documents) == {*listed.values(), "index.json", "organisation.json", "schema.json"}
    for name, path in listed.items():
        assert documents[path]["name"] == name
    assert documents[listed["money"]]["applications"] == ["pay/eu"]
    assert documents[listed["shop"]]["teams"] == ["store/front"]
    assert index["window"] == {"since": "2026-03-09T00:00:00Z", "until": "2026-03-20T00:00:00Z"}
    assert index["build"]["as_of"] == "2026-03-20T00:00:00Z"


def test_the_numbers_are_those_of_the_api(delivery: dora.Delivery, tmp_path: Path) -> None:
    """Value, interval, n and pending of the window and of each week; what has no value has a reason."""
    write(delivery, tmp_path / "www", Scope())
    documents = read(tmp_path / "www")
    measures = documents["applications/shop.json"]["metrics"]
    assert set(measures) == set(dora.metrics())
    (value,) = (v for v in delivery.metric("change_failure_rate", by="application").rows if v.group == "shop")
    rate = measures["change_failure_rate"]
    assert [rate[key] for key in ("value", "low", "high", "n", "pending", "text")] == [
        value.value, value.low, value.high, value.n, value.open, value.text,
    ]  # fmt: skip
    assert [(week["week"], week["n"], week["value"]) for week in rate["weeks"] if week["n"]] == [
        ("2026-03-02", 1, 0.0),
        ("2026-03-09", 1, 1.0),
    ]
    everything = [measure for path, document in documents.items() for measure in document.get("metrics", {}).values()]
    rows = [row for measure in everything for row in (measure, *measure["weeks"])]
    assert all((row["value"] is None) == (row["reason"] is not None) for row in rows)
    assert measures["lead_time"]["value"] is None
    assert measures["lead_time"]["n"] == 0


def test_the_folder_is_replaced_in_one_step(delivery: dora.Delivery, tmp_path: Path) -> None:
    """A reader that has opened the version before still reads it; older ones are removed; equal content is the same."""
    www = tmp_path / "www"
    www.mkdir()
    write(delivery, www, Scope())
    before = www.resolve()
    write(delivery, www, Scope())
    assert www.resolve() == before
    write(delivery, www, Scope(applications=("shop",)))
    assert sorted(read(www)) == sorted(
        ["applications/shop.json", "index.json", "organisation.json", "schema.json", "teams/store~2Ffront.json"]
    )
    assert len(read(before)) == 7
    write(delivery, www, Scope(since="2026-03-09"))
    assert not before.exists()
    assert len(list(tmp_path.iterdir())) == 3


def test_a_failure_leaves_what_was_published(tmp_path: Path) -> None:
    """An error in the middle changes nothing, and nothing of it stays."""
    with replace_folder(tmp_path / "www") as folder:
        (folder / "a").write_text("1")
    with pytest.raises(DoraError, match="www cannot be written"), replace_folder(tmp_path / "www") as folder:
        (folder / "missing" / "a").write_text("2")
    assert (tmp_path / "www" / "a").read_text() == "1"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_a_folder_of_others_is_refused(delivery: dora.Delivery, tmp_path: Path, kind: str) -> None:
    """Files that no earlier call wrote stay as they are."""
    other, www = tmp_path / "other", tmp_path / "www"
    other.mkdir()
    (other / "page.html").write_text("mine")
    if kind == "link":
        www.symlink_to(other)
    elif kind == "folder":
        other.rename(www)
    else:
        www.write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DoraError, match="has other content"):
        write(delivery, www, Scope())
    assert sorted(tmp_path.rglob("*")) == before


def test_no_data_is_null(facts: Callable[..., dora.Delivery], tmp_path: Path) -> None:
    """A build without data has an organisation without numbers, each with a reason, and no other document."""
    write(facts(as_of=None), tmp_path / "www", Scope())
    documents = read(tmp_path / "www")
    assert set(documents) == {"index.json", "organisation.json", "schema.json"}
    assert documents["index.json"]["build"]["as_of"] is None
    assert {measure["value"] for measure in documents["organisation.json"]["metrics"].values()} == {None}


def test_the_schema_refuses_what_a_document_is_not(delivery: dora.Delivery, tmp_path: Path) -> None:
    """Of another version, without a reason, or with a number in place of text."""
    write(delivery, tmp_path / "www", Scope())
    validator = jsonschema.Draft202012Validator(document_types.make_schema())
    document = json.loads((tmp_path / "www" / "organisation.json").read_bytes())
    for key, value in (("schema_version", 2), ("kind", "person"), ("metrics", {"lead_time": {}}), ("name", 7)):
        assert not validator.is_valid(document | {key: value})


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300), unique=True))
def test_any_name_is_a_file_name(names: list[str]) -> None:
    """Different names have different files, in any address and on any disk."""
    files = [file_name(name) for name in names]
    assert len(set(files)) == len(names)
    assert all(len(file) <= 255 and file.isascii() and not set(file) & set("/%?#\\: ") for file in files)
