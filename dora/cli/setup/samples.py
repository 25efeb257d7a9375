"""Write example settings, sample files and notebooks: `dora init --samples`."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

from dora.errors import DoraError, counted
from dora.render import console

SUFFIXES = (".csv", ".jsonl", ".ipynb")
SAMPLES = ("dora.example.toml", "samples", "notebooks")


def write_samples(folder: Path) -> None:
    """Copy example settings, sample files and notebooks; a file that exists is kept."""
    kept = 0
    for name in SAMPLES:
        for source in _sample_files(name):
            target = folder / name if source.name == name else folder / name / source.name
            if target.exists():
                kept += 1
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            print(target)
    if kept:
        console.print_note(f"{counted(kept, 'file')} existed and were kept")
    console.print_note("Next: dora ingest files samples/* && dora build && dora show")


def _sample_files(name: str) -> list[Path]:
    """Return the files of a sample: in the package of a wheel, else at the root of a checkout."""
    package = Path(str(files("dora")))
    for path in (package / "samples" / name, package.parent / name, package.parent / "data" / name):
        if path.is_file():
            return [path]
        if path.is_dir():
            return sorted(
                each for each in path.iterdir() if each.is_file() and each.suffix in (".csv", ".jsonl", ".ipynb")
            )
    raise DoraError("The samples are not installed.", "install delivery-metrics again.")
