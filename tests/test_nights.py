"""Nights over a world that moves: an idle one adds next to nothing, and the payloads of all give the same landing."""

from __future__ import annotations

from pathlib import Path

from dora.config.settings import read
from dora.storage import database
from ingest.rebuild import rebuild_landing
from tests.benchmarks.nights import moving_world, run_nights
from tests.ingest.payloads.test_versions import read_landing
from tests.processes import dora

IDLE_BYTES = 4_000  # of payloads: times of the data, and up to when each application is covered


def test_nights_add_what_is_new(tmp_path: Path) -> None:
    """The first night archives a history, later ones what changed, idle ones the time alone; a replay equals them."""
    with moving_world(tmp_path, months=1, scale=0.05) as world:
        first, *nights, idle, last = run_nights(world, 4, 2)
        assert [night.code for night in (first, *nights, idle, last)] == [0] * 6, (tmp_path / "stderr").read_text()
        assert all(night.payload_bytes < first.payload_bytes / 4 for night in nights)
        assert all(night.files <= 3 for night in nights), "one file a source"
        for night in (idle, last):
            assert night.executions == nights[-1].executions
            assert night.files == 2
            assert night.payload_bytes <= IDLE_BYTES
        assert abs(last.payload_bytes - idle.payload_bytes) < 200
        numbers, before = dora(tmp_path, "show", "--json").stdout, read_landing(tmp_path / "data")
        assert numbers
        settings = read(tmp_path / "dora.toml")
        (settings.data / database.LANDING).unlink()
        rebuild_landing(settings.data, settings.sources)
        assert read_landing(settings.data) == before
        assert dora(tmp_path, "build").returncode == 0
        assert dora(tmp_path, "show", "--json").stdout == numbers
