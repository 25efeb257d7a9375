"""The pages of the API and of its tables, over an organisation: every example runs, every key is unique."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import dora
from dora.sql.tables import tables

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def delivery(organisation: Path) -> Iterator[dora.Delivery]:
    with dora.open(organisation) as delivery:
        yield delivery


def test_every_example_of_a_table_runs(delivery: dora.Delivery) -> None:
    """Each reads its own table, and its columns have names."""
    for name, table in tables().items():
        assert re.search(rf"\b{re.escape(name if '.' not in name else name.partition('.')[0])}\b", table.example), name
        rows = delivery.sql(table.example)
        assert all(column.isidentifier() for column in rows.types), name
    filled = [name for name, table in tables().items() if "." not in name and delivery.sql(table.example)]
    assert len(filled) > 25


def test_every_unique_key_is_unique(delivery: dora.Delivery) -> None:
    """No two rows of a table have the same key, and no key has a column too many."""
    for name, table in tables().items():
        key = ", ".join(f'"{column}"' for column in table.unique_key)
        (counts,) = delivery.sql(f"SELECT count(*) AS n, count(DISTINCT ({key})) AS keys FROM {name}")
        assert counts["n"] == counts["keys"], name


def test_the_page_of_the_api_runs(organisation: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every block of Python of docs/api.md runs from top to bottom, in one session."""
    (tmp_path / "dora.toml").write_text(f'data = "{organisation.parent}"')
    monkeypatch.setenv("DORA_CONFIG", str(tmp_path / "dora.toml"))
    blocks = re.findall(r"^```python\n(.*?)^```", (DOCS / "api.md").read_text(), re.MULTILINE | re.DOTALL)
    session: dict[str, object] = {}
    for block in blocks:
        exec(block.replace('"purchase"', '"money"').replace('"orders"', '"ledger"'), session)
    assert len(blocks) >= 3
    assert (
        session["lead_time"].value
        == dora.open(organisation).metric("lead_time", since="last quarter", team="money").value
    )
