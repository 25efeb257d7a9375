"""A flipped bit is detected or harmless: a sample of the 500 flips of each file that ``make faults`` makes."""

from __future__ import annotations

import pytest

from dora.storage.database import LANDING, PUBLISHED
from tests.faults.flips import Flips

SAMPLES = {LANDING: 2, f"{LANDING}.wal": 2, PUBLISHED: 3, "payloads": 2}


@pytest.mark.parametrize("file", SAMPLES)
def test_a_flipped_bit_is_detected_or_harmless(file: str, flips: Flips) -> None:
    """Never another number and never a traceback: landing is made again, a build says `run `dora build``."""
    results = [flips.kinds[file](seed) for seed in range(SAMPLES[file])]
    assert not [str(result) for result in results if result.damages]
    assert any(result.detected for result in results)
