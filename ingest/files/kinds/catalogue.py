"""The kinds of files. A new one is a record in a module of its own, and one entry here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from ingest.files import records
from ingest.files.kinds import cdevents
from ingest.files.kinds.change_requests import ChangeRequest
from ingest.files.kinds.changes import Change
from ingest.files.kinds.deployments import Deployment
from ingest.files.kinds.events import Event
from ingest.files.kinds.incidents import Incident
from ingest.files.kinds.verdicts import Verdict
from ingest.files.records import Conventions, Record


class FileKind(NamedTuple):
    """One kind of file: the columns that are read, those that it must have, and how to read a line."""

    columns: Sequence[str]
    required_columns: Sequence[str]
    read: Callable[[Mapping[str, Any], Conventions], Record]


def _of_records(record: type[Record]) -> FileKind:
    required = records.required_columns(record)
    return FileKind(record.__struct_fields__, required, partial(records.read_record, record))


KINDS = {
    "deployments": _of_records(Deployment),
    "changes": _of_records(Change),
    "change_requests": _of_records(ChangeRequest),
    "incidents": _of_records(Incident),
    "verdicts": _of_records(Verdict),
    "events": _of_records(Event),
    # Lines of events are nested objects: each says what it has.
    "cdevents": FileKind(cdevents.FIELDS, (), cdevents.read_event),
}
