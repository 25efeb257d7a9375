"""The end of a night: old payloads become one file a month."""

from __future__ import annotations

from datetime import UTC, datetime

from dora.cli.runs.run_log import RunLog
from dora.config.archive import read_archive_settings
from dora.config.settings import Config
from dora.errors import DoraError
from dora.render import console


def compact_payloads(settings: Config, log: RunLog) -> None:
    """Compact what is older than ``keep`` of ``[archive]``; a failure is said, and removes nothing."""
    if (age := read_archive_settings(settings.archive).age) is None:
        return
    from ingest import configure_source
    from ingest.compaction import compact_archives

    before = (datetime.now(UTC) - age).date()
    for name, source_settings in settings.sources.items():
        try:
            source = configure_source(name, source_settings, settings.data)
            if removed := compact_archives(source, settings.data, before):
                log.write("payloads compacted", source=name, files_removed=removed)
        except (DoraError, OSError) as error:
            log.write("compaction failed", source=name, message=str(error))
            console.print_note(f"{name}: old payloads were not compacted: {error}")
