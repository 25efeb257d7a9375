"""The numbers of one night as OpenMetrics, which Prometheus reads: what an alert needs if the night itself failed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families

from dora.export.prometheus import make_gauge, write_families

_LAST_SUCCESSES = ("dora_night_last_success_timestamp_seconds", "dora_night_source_last_success_timestamp_seconds")
_MEANINGS = {
    "dora_night_last_end_timestamp_seconds": "End of the last night, in seconds since 1970.",
    "dora_night_last_success_timestamp_seconds": "End of the last night without a failure, in seconds since 1970.",
    "dora_night_exit_code": "Exit code of the last night: 0 ok, 3 partial.",
    "dora_night_duration_seconds": "Duration of the last night.",
    "dora_night_source_last_success_timestamp_seconds": "End of the last run of a source without a failure.",
    "dora_night_source_data_age_seconds": "Age of the data of a source at the end of the night.",
    "dora_night_source_rows_changed": "Rows of a source that were new or changed.",
    "dora_night_source_quarantined": "Documents of a source that could not be read, without dismissed ones.",
    "dora_night_source_missing": "Parts of a source that could not be fetched.",
    "dora_night_source_duration_seconds": "Duration of the run of a source.",
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


class _Sample(NamedTuple):
    """A number of the night, or of one source; what is unknown is null and has no sample in the file."""

    name: str
    source: str | None
    value: float | None


def write(path: Path, ended_at: datetime, seconds: float, exit_code: int, sources: Sequence[SourceNumbers]) -> None:
    """Replace the file with the numbers of this night; the last successes of earlier nights are kept.

    Raises ``DoraError`` if the file cannot be written; the old file is then unchanged.
    """
    samples = list(_samples(_last_successes(path), ended_at.timestamp(), seconds, exit_code, sources))
    write_families(path, (_family(name, samples) for name in _MEANINGS))


def _family(name: str, samples: Sequence[_Sample]) -> GaugeMetricFamily:
    family = make_gauge(name, _MEANINGS[name], "source" if name.startswith("dora_night_source_") else None)
    for sample in samples:
        if sample.name == name and sample.value is not None:
            family.add_metric([] if sample.source is None else [sample.source], sample.value)
    return family


def _samples(
    successes: dict[str, float], ended: float, seconds: float, exit_code: int, sources: Sequence[SourceNumbers]
) -> Iterator[_Sample]:
    successes |= {"": ended} if exit_code == 0 else {}
    successes |= {source.source: ended for source in sources if source.succeeded}
    night = {"last_end_timestamp_seconds": ended, "last_success_timestamp_seconds": successes.get("")}
    for name, value in {**night, "exit_code": exit_code, "duration_seconds": seconds}.items():
        yield _Sample(f"dora_night_{name}", None, value)
    for source in sources:
        numbers = {
            "last_success_timestamp_seconds": successes.get(source.source),
            "data_age_seconds": max(ended - source.as_of.timestamp(), 0) if source.as_of else None,
            "rows_changed": source.rows_changed,
            "quarantined": source.quarantined,
            "missing": source.missing,
            "duration_seconds": source.seconds,
        }
        for name, value in numbers.items():
            yield _Sample(f"dora_night_source_{name}", source.source, value)


def _last_successes(path: Path) -> dict[str, float]:
    """Return the last success of each source in the file of an earlier night; that of all sources by ""."""
    # A file that is cut or of another tool has no last success.
    with contextlib.suppress(OSError, ValueError):
        families = text_string_to_metric_families(path.read_bytes().decode())
        samples = [sample for family in families if family.name in _LAST_SUCCESSES for sample in family.samples]
        return {sample.labels.get("source", ""): sample.value for sample in samples}
    return {}
