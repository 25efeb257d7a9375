"""A source under another name than its kind: ``[sources.gate2]`` with ``type = "spinnaker"``.

Its messages name the section in which the user wrote its settings.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from dora.errors import DoraError
from ingest.core.source import Item, Note, PartialFailure, Request, Source, SourceState
from ingest.doctor.finding import DoctorFinding, SourceContext


def name_source(kind: type[Source], name: str) -> type[Source]:
    """Return a source of this kind whose rows are stored under ``name`` and whose messages name its section."""
    if name == kind.name:
        return kind
    old, new = f"[sources.{kind.name}", f"[sources.{name}"

    class SourceWithName(kind):  # type: ignore[valid-type,misc]
        @classmethod
        def from_settings(cls, settings: Mapping[str, Any], data: Path) -> Source:
            with _rename_errors(old, new):
                source: Source = super().from_settings(settings, data)
                return source

        def fetch(self, request: Request, state: SourceState) -> Iterator[Item]:
            with _rename_errors(old, new):
                for item in super().fetch(request, state):
                    yield _rename_item(item, old, new)

    def doctor(self: Any, context: SourceContext) -> Iterator[DoctorFinding]:
        with _rename_errors(old, new):
            for finding in kind.doctor(self, context):  # type: ignore[attr-defined]
                texts = {"message": finding.message.replace(old, new), "next": finding.next.replace(old, new)}
                yield msgspec.structs.replace(finding, **texts)

    more = {"doctor": doctor} if hasattr(kind, "doctor") else {}
    return type(kind.__name__, (SourceWithName,), {"name": name, **more})


@contextlib.contextmanager
def _rename_errors(old: str, new: str) -> Iterator[None]:
    try:
        yield
    except DoraError as error:
        error.happened, error.next_step = error.happened.replace(old, new), error.next_step.replace(old, new)
        error.args = (str(error).replace(old, new),)
        raise


def _rename_item(item: Item, old: str, new: str) -> Item:
    match item:
        case PartialFailure(message):
            return PartialFailure(message.replace(old, new))
        case Note(text):
            return Note(text.replace(old, new))
    return item
