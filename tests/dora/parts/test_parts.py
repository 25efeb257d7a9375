"""A build in parts has every row of the whole build."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from dora.config.settings import Config
from dora.parts.run import build_in_parts
from tests.conftest import built
from tests.dora.parts.adversary import adversary
from tests.dora.parts.comparison import build_in_this_process, differing_rows


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The adversary landing, built as a whole."""
    folder, facts = tmp_path_factory.mktemp("adversary"), adversary()
    built(folder, facts)
    (folder / "dora.duckdb").rename(folder / "whole.duckdb")
    return Config(data=folder, **facts.settings)


@pytest.mark.parametrize("parts", [1, 3, 7])
def test_parts_have_the_rows_of_the_whole(hostile: Config, parts: int, tmp_path: Path) -> None:
    """However applications depend on each other, every table of every number of parts equals that of the whole."""
    config = msgspec.structs.replace(hostile, engine={"parts": parts, "store": str(tmp_path / "store")})
    done = build_in_parts(config, run_tasks=build_in_this_process)
    assert done.parts == parts
    assert differing_rows(hostile.data / "whole.duckdb", hostile.data / "dora.duckdb") == {}
