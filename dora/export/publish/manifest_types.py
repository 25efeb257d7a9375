"""What the manifest of `dora publish parquet` says. Its JSON Schema is made from these types.

``SCHEMA_VERSION`` rises when a field is removed or means something else; a new field does not change it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from dora.export.publish.published_build import Build

SCHEMA_VERSION: Literal[1] = 1
DRAFT = "https://json-schema.org/draft/2020-12/schema"

Path = Annotated[str, Meta(description="Path from the folder of manifest.json.")]
Count = Annotated[int, Meta(ge=0)]


class Column(Struct, kw_only=True):
    """One column of a table."""

    name: str
    type: Annotated[str, Meta(description="VARCHAR, VARCHAR[], DOUBLE, BIGINT, BOOLEAN, DATE or TIMESTAMP (in UTC).")]
    unit: Annotated[str, Meta(description="Empty for text and truth values.")]
    meaning: str


class File(Struct, kw_only=True):
    """One Parquet file."""

    path: Path
    rows: Count
    bytes: Count
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256 of the file.")]
    month: Annotated[str | None, Meta(description="Month of its rows (UTC); null for all, or without a time.")]


class Table(Struct, kw_only=True):
    """One table, in one file or in a file for each month."""

    name: str
    grain: Annotated[str, Meta(description="What one row is.")]
    unique_key: Annotated[list[str], Meta(description="Columns that are unique together.")]
    time: Annotated[str | None, Meta(description="Column of time, by which rows are in order and months are cut.")]
    by_month: Annotated[bool, Meta(description="There is a file for each month.")]
    rows: Count
    columns: list[Column]
    files: list[File]


class Manifest(Struct, kw_only=True):
    """The files of one build. What it does not name is not part of it."""

    schema: Annotated[str, Meta(description="Path of this schema.")] = msgspec.field(name="$schema")
    schema_version: Literal[1] = SCHEMA_VERSION
    kind: Literal["parquet"] = "parquet"
    path: Annotated[str, Meta(description="Folder of the build, from the folder of manifest.json.")]
    previous: Annotated[str | None, Meta(description="Folder of the build before, which is kept for its readers.")]
    build: Build
    tables: list[Table]


def make_schema() -> dict[str, Any]:
    """Return the JSON Schema of a manifest."""
    (schema,), definitions = msgspec.json.schema_components((Manifest,), ref_template="#/$defs/{name}")
    return {"$schema": DRAFT, "title": "What `dora publish parquet` writes", **schema, "$defs": definitions}
