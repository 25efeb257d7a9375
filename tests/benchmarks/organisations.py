"""A landing.duckdb of many organisations: copies of a simulated one, each with applications of its own."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import duckdb

from dora.storage import database
from dora.storage.landing import LANDING

# Columns whose values name something that each copy has of its own.
OWN = {"id", "application", "other_application", "applications", "repository", "external_id", "deployment", "incident"}
OWN |= {"cluster", "server_group", "target", "host"}  # else the copies of a service would share what serves
SHARED = {"load_id", "config_id"}
# Commits are other ones in each copy: else a commit whose repository is unknown would be found in the repositories of
# all. Digits take the place of digits, so that the beginning of a commit stays the beginning of it.
COMMITS = {"sha", "head_sha", "commit", "parents", "reverts"}
DIGITS = "0123456789abcdef"
ENGINE = "of another engine"  # then landing computes its control totals again when it is opened for writing


def multiply(source: Path, target: Path, copies: int) -> int:
    """Write a data folder with ``copies`` of the organisation in another, and return the number of executions."""
    target.mkdir(parents=True)
    shutil.copy(source / LANDING, target / LANDING)
    with duckdb.connect(target / LANDING, config={"threads": 2, "preserve_insertion_order": False}) as con:
        for table in database.fact_tables():
            _multiply_table(con, table, copies)
            rows = con.execute(f"SELECT count(*) FROM {table}").fetchall()[0]
            con.execute("UPDATE control_total SET rows = ?, engine = ? WHERE table_name = ?", [*rows, ENGINE, table])
        ((executions,),) = con.execute("SELECT count(*) FROM execution").fetchall()
    with database.open_load_of(target / LANDING, "scale"):
        pass
    return int(executions)


def _multiply_table(con: duckdb.DuckDBPyConnection, table: str, copies: int) -> None:
    columns = con.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index", [table]
    ).fetchall()
    values = ", ".join(_copied(name, is_list=data_type.endswith("[]")) for name, data_type in columns)
    con.execute(
        f"INSERT INTO {table} SELECT {values}"
        f" FROM (FROM {table}), range(1, {copies}) AS copies(copy), (SELECT ? AS permutations)",
        [_permutations(copies)],
    )


def _copied(column: str, *, is_list: bool) -> str:
    if column == "images":
        return f"list_transform(images, lambda name: {_copied_image('name')})"
    if column == "version":
        return (
            f"CASE WHEN regexp_full_match(version, '[0-9a-f]{{7,40}}') THEN {_translated('version')} ELSE version END"
        )
    if column in COMMITS:
        return f"list_transform({column}, lambda sha: {_translated('sha')})" if is_list else _translated(column)
    if column not in OWN and not (column.endswith("_id") and column not in SHARED):
        return f'"{column}"'
    if is_list:
        return f"list_transform({column}, lambda name: name || '-' || copy)"
    return f"{column} || '-' || copy"


def _copied_image(name: str) -> str:
    """Return SQL for an image: its name is before the tag and the digest; the tag may be a commit."""
    tag = f"regexp_extract({name}, ':([0-9a-f]{{7,40}})$', 1)"
    image_of_copy = rf"regexp_replace({name}, '((:[^/:@]*)?(@.*)?)$', '-' || copy || '\1')"
    return f"CASE WHEN {tag} = '' THEN {image_of_copy} ELSE replace({image_of_copy}, {tag}, {_translated(tag)}) END"


def _translated(sha: str) -> str:
    return f"translate({sha}, '{DIGITS}', permutations[copy])"


def _permutations(copies: int) -> list[str]:
    """Return for each copy the digits in another order."""
    dice = random.Random(1)
    return ["".join(dice.sample(DIGITS, len(DIGITS))) for _ in range(copies)]
