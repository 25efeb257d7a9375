"""Every scenario in parts has the rows of the whole build; here some of them, ``DORA_STORY_STEP=1`` takes all."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from dora.build.run import build
from dora.parts.run import build_in_parts
from dora.storage import database
from tests.conftest import Facts, land
from tests.dora.parts.comparison import build_in_this_process, differing_rows
from tests.test_scenarios import STORIES, read_facts

STEP = int(os.environ.get("DORA_STORY_STEP", "100"))


@pytest.mark.parametrize("name", list(STORIES)[::STEP])
def test_a_scenario_in_parts_has_the_rows_of_the_whole(name: str, tmp_path: Path) -> None:
    """However small it is, all tables are equal."""
    config = land(tmp_path, Facts(**read_facts(name)))
    whole = tmp_path / "whole.duckdb"
    build(config, into=whole)
    build_in_parts(msgspec.structs.replace(config, engine={"parts": 3}), run_tasks=build_in_this_process)
    assert differing_rows(whole, config.data / database.PUBLISHED) == {}
