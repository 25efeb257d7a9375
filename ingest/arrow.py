"""Rows → Arrow tables as landing wants them: column by column, one row for each id."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from ingest.rows import Row

if TYPE_CHECKING:
    import pyarrow as pa


def to_arrow(rows: Sequence[Row], schema: pa.Schema, source: str, load_id: str) -> pa.Table:
    """One Arrow table of rows of one class, in their order."""
    import pyarrow as pa  # noqa: PLC0415 - a third of a second that `dora --help` need not pay

    given = {"source": source, "load_id": load_id}
    columns = []
    for field in schema:
        if field.name in given:
            columns.append(pa.repeat(pa.scalar(given[field.name], field.type), len(rows)))
        else:
            columns.append(pa.array(list(map(attrgetter(field.name), rows)), field.type))
    return pa.Table.from_arrays(columns, schema=schema)


def latest(tables: Sequence[pa.Table]) -> pa.Table:
    """The rows of some tables as one; of those with the same id the latest revision stays, else the last one."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    whole = pa.concat_tables(tables)
    if pc.count_distinct(whole["id"]).as_py() == whole.num_rows:
        return whole
    ids, order = whole["id"].to_pylist(), list(range(whole.num_rows))
    if "revision" in whole.column_names:
        order.sort(key=whole["revision"].to_pylist().__getitem__)
    return whole.take(list({ids[place]: place for place in order}.values()))
