"""Loads, control totals, watermarks, the contract number, and what could not be read."""

from __future__ import annotations

from typing import Annotated

from dora.storage.rows.base import HugeInt, Int32, Micros, Row, Table, Text, Time


class Contract(Table, frozen=True, kw_only=True):
    """The number of this contract, raised with every change of a table or column, or of its meaning."""

    version: Annotated[Int32, "The number."]


class Load(Table, frozen=True, kw_only=True):
    """One run of one source; finished_at is null if it did not complete."""

    load_id: Annotated[str, "Identifier of the load; later ones sort after earlier ones."]
    source: Annotated[str, "Name of the source in the settings."]
    started_at: Annotated[Time, "When the run began."]
    finished_at: Annotated[Micros, "When the run was complete."] = None
    as_of: Annotated[
        Micros, "Instant up to which the facts of the source are complete, by the clock of the source if it has one."
    ] = None
    complete_since: Annotated[
        Micros, "Instant from which the facts of the source are complete; null if it does not say."
    ] = None
    documents: Annotated[int, "Documents received."]
    quarantined: Annotated[int, "Documents that could not be read."]
    partial_failures: Annotated[list[str], "Parts of the source that could not be fetched."]
    archived_bytes: Annotated[int, "Size of its archive up to the last document whose rows are committed."]


class ControlTotal(Table, frozen=True, kw_only=True):
    """Row count and checksum of each table after the last commit; compared whenever the file is opened."""

    table_name: Annotated[str, "The table."]
    rows: Annotated[int, "Number of its rows."]
    checksum: Annotated[HugeInt, "Sum of the hashes of all rows, updated with each commit."]
    load_id: Annotated[str, "Load that last changed the table."]
    engine: Annotated[str, "Version of DuckDB that computed the hashes."]


class Watermark(Table, frozen=True, kw_only=True):
    """How far each stream of each source has been read; committed with the rows it covers."""

    source: Annotated[str, "Name of the source in the settings."]
    stream: Annotated[str, "Stream of the source, such as one application or one repository."]
    value: Annotated[str, "Position up to which it has been read, as the source writes it."]
    load_id: Annotated[str, "Load that moved the watermark."]


class ArchivedDocument(Row, frozen=True, kw_only=True):
    """The last version of a document that payloads have; an equal one is not archived again."""

    content: Annotated[int, "Hash of its kind and content."]


class Quarantine(Row, frozen=True, kw_only=True):
    """One document or row that could not be read, with the reason."""

    kind: Annotated[str, "Kind of document or row."]
    reason: Annotated[str, "Why it could not be read."]
    excerpt: Annotated[Text, "Its beginning."] = None
    resolved_at: Annotated[
        Micros, "When the same input was read without an error, or was no longer in its file; null while open."
    ] = None
    dismissed_at: Annotated[
        Micros, "When a user dismissed it, which lasts until its content or the reason changes; null if none did."
    ] = None
