"""The commands that copy what can not be had again, and make a data folder of a copy: backup, restore."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from dora.cli import options
from dora.cli.help import OPERATE
from dora.cli.metrics import print_check_results
from dora.cli.runs.landing import with_landing
from dora.cli.runs.run_log import record_run
from dora.config.settings import read
from dora.errors import PartialError, counted
from dora.render import console
from dora.storage.permissions import private_files

app = typer.Typer()


@app.command(rich_help_panel=OPERATE)
def backup(
    target: Annotated[Path, typer.Argument(help="Folder of the backup, on another disk; later runs add to it.")],
    config: options.ConfigFile = None,
    json: options.AsJson = False,
) -> None:
    """Copy payloads, the last build and dora.toml to a folder, also while a run writes; copy again only what changed.

    landing.duckdb is not copied, it is made again from the payloads. Files with secrets are not copied: keep them
    elsewhere.

    Example: dora backup /mnt/backup/dora
    """
    from ingest.payloads.backup import back_up

    settings = read(config)
    with private_files(target), console.Progress() as progress:
        summary = back_up(settings.data, settings.path, target, progress)
    if json:
        console.print_json(msgspec.structs.asdict(summary))
    else:
        megabytes = f"{summary.copied_bytes / 1e6:,.1f} MB"
        print(f"{counted(summary.files, 'file')} in {target}, {summary.copied:,} of them copied now ({megabytes})")
    for damage in summary.damaged:
        console.print_note(f"not copied: {damage}")
    if summary.damaged:
        files = counted(len(summary.damaged), "file")
        raise PartialError(f"{files} not copied; an earlier copy is kept.", "see the messages above.")


@app.command(rich_help_panel=OPERATE)
def restore(
    source: Annotated[Path, typer.Argument(help="Folder that `dora backup` wrote.")],
    config: options.ConfigFile = None,
    json: options.AsJson = False,
) -> None:
    """Make a data folder from a backup: copy and verify its files, make landing.duckdb again, and build.

    The data folder must be empty. dora.toml is copied if there is none yet.

    Example: dora restore /mnt/backup/dora
    """
    from dora.build import run
    from ingest.payloads import backup as copies
    from ingest.rebuild import rebuild_landing

    path = config or Path(os.environ.get("DORA_CONFIG") or "dora.toml")
    if copies.restore_settings(source, path):
        console.print_note(f"{path} is the one of the backup.")
    settings = read(config)
    with record_run(settings, "restore"), console.Progress() as progress:
        manifest = copies.restore(source, settings.data, progress)
        summaries = rebuild_landing(settings.data, settings.sources, progress)
        results = with_landing(settings, lambda: run.build(settings, progress))
    documents = counted(sum(summary.documents for summary in summaries), "document")
    files = counted(len(manifest.files), "file")
    console.print_note(f"{files} of {manifest.made_at:%Y-%m-%d %H:%M} UTC restored, {documents} parsed again.")
    print_check_results(results, json=json)
