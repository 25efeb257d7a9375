"""Build again what a dashboard of this version can not read, before it starts."""

from __future__ import annotations

import os
import time

from dora.cli.runs.landing import with_landing
from dora.config.run import read_run_settings
from dora.config.settings import Config
from dora.errors import LockedError, UnusableError, UsageError
from dora.render import console
from dora.storage import database
from dora.storage.permissions import private_files

WAIT_SECONDS = 1.0  # between two looks at the lock


def renew_build(settings: Config) -> None:
    """Build again if the build is damaged or of an older version; wait while another run writes.

    Without the permission to write, print what to run: the pages say the same until that was done. Raises ``DoraError``
    for a build of a newer version, or if the build fails.
    """
    is_waiting = False
    while error := _find_error(settings):
        if not os.access(settings.data, os.W_OK):
            console.print_note(f"{error} This user may not write to {settings.data}.")
            return
        try:
            _build(settings)
        except LockedError:
            if not is_waiting:
                console.print_note(f"{error.happened} Another run is writing to {settings.data}: waiting for its end.")
            is_waiting = True
            time.sleep(WAIT_SECONDS)
        else:
            console.print_note(f"{error.happened} It was built again.")


def _find_error(settings: Config) -> UnusableError | None:
    try:
        database.open_build(settings.data / database.PUBLISHED).close()
    except UnusableError as error:
        return error
    except UsageError:  # nothing was built yet, as the pages say
        return None
    return None


def _build(settings: Config) -> None:
    from dora.build import run

    group_readable = read_run_settings(settings.run).group_readable
    with private_files(settings.data, group_readable=group_readable):
        with_landing(settings, lambda: run.build(settings))
