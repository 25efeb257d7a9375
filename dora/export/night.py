"""The numbers of one night as a text file for Prometheus: what an alert needs when the night itself went wrong."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from dora.export.prometheus import escape_label
from dora.render.file import replace_file

_LAST_SUCCESS = re.compile(r'^dora_night_(?:source_)?last_success_timestamp_seconds(?:\{source="(.*)"\})? (\S+)$', re.M)
_HELP = {
    "dora_night_last_end_timestamp_seconds": "End of the last night, in seconds since 1970.",
    "dora_night_last_success_timestamp_seconds": "End of the last night without a failure, in seconds since 1970.",
    "dora_night_exit_code": "Exit code of the last night: 0 ok, 3 partial.",
    "dora_night_seconds": "Duration of the last night.",
    "dora_night_source_last_success_timestamp_seconds": "End of the last run of a source without a failure.",
    "dora_night_source_data_age_seconds": "Age of the data of a source at the end of the night.",
    "dora_night_source_rows_changed": "Rows of a source that were new or changed.",
    "dora_night_source_quarantined": "Documents of a source that could not be read, without dismissed ones.",
    "dora_night_source_missing": "Parts of a source that could not be fetched.",
    "dora_night_source_seconds": "Duration of the run of a source.",
}


class SourceNumbers(NamedTuple):
    """The numbers of the run of one source; the three counts are None if it failed as a whole."""

    source: str
    succeeded: bool
    seconds: float
    rows_changed: int | None = None
    quarantined: int | None = None
    missing: int | None = None
    as_of: datetime | None = None


def write(path: Path, ended_at: datetime, seconds: float, exit_code: int, sources: Sequence[SourceNumbers]) -> None:
    """Replace the file with the numbers of this night; the last successes of earlier nights are kept.

    Raises ``DoraError`` if the file cannot be written; the old file is then unchanged.
    """
    samples = list(_samples(_last_successes(path), ended_at.timestamp(), seconds, exit_code, sources))
    lines = []
    for name, text in _HELP.items():
        of_name = [line for sample, line in samples if sample == name]
        lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge", *of_name] if of_name else []
    with replace_file(path) as temporary_path:
        temporary_path.write_text("".join(f"{line}\n" for line in lines))
        temporary_path.chmod(0o644)  # a collector of another user reads it


def _samples(
    successes: dict[str, float], ended: float, seconds: float, exit_code: int, sources: Sequence[SourceNumbers]
) -> Iterator[tuple[str, str]]:
    """Yield the name of each sample and its line; a number that is unknown has none."""
    successes |= {"": ended} if exit_code == 0 else {}
    successes |= {escape_label(source.source): ended for source in sources if source.succeeded}
    night = {"last_end_timestamp_seconds": ended, "last_success_timestamp_seconds": successes.get("")}
    for name, value in {**night, "exit_code": exit_code, "seconds": seconds}.items():
        if value is not None:
            yield f"dora_night_{name}", f"dora_night_{name} {value:.12g}"
    for source in sources:
        label = escape_label(source.source)
        numbers = {
            "last_success_timestamp_seconds": successes.get(label),
            "data_age_seconds": max(ended - source.as_of.timestamp(), 0) if source.as_of else None,
            "rows_changed": source.rows_changed,
            "quarantined": source.quarantined,
            "missing": source.missing,
            "seconds": source.seconds,
        }
        for name, value in numbers.items():
            if value is not None:
                yield f"dora_night_source_{name}", f'dora_night_source_{name}{{source="{label}"}} {value:.12g}'


def _last_successes(path: Path) -> dict[str, float]:
    """Return the last success of each source in the file of an earlier night, by its label; that of all by ""."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return {label: float(value) for label, value in _LAST_SUCCESS.findall(path.read_text())}
    return {}
