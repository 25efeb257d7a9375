"""The rows of the faults catalogue and the tests that prove them: by their name, else by ``catalogue.toml``."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).with_name("catalogue.toml")
SIZES = {"G": 31, "V": 15, "D": 12, "S": 14}
ROWS = [f"{letter}{number}" for letter, size in SIZES.items() for number in range(1, size + 1)]
_TEST = re.compile(r"def (test_\w+)")
_ROW = re.compile(r"test_([vds]\d+)_|_(g\d+)(?=_)")  # a test of several faults of Gate has several numbers in its name


def read_faults() -> dict[str, str]:
    """Return what happens in each row that the table describes."""
    return {row: entry["fault"] for row, entry in _read_table().items()}


def read_tests() -> dict[str, list[str]]:
    """Return the tests that prove each row, as pytest names them."""
    tests = defaultdict(list, {row: list(entry.get("tests", [])) for row, entry in _read_table().items()})
    for file, names in list_test_names().items():
        for name in names:
            for letters in _ROW.findall(name):
                row = "".join(letters).upper()
                if file not in tests[row]:
                    tests[row].append(f"{file}::{name}")
    return dict(tests)


@cache
def list_test_names() -> dict[str, list[str]]:
    """Return the names of all tests, by file."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    return {str(file.relative_to(ROOT)): _TEST.findall(file.read_text()) for file in files}


@cache
def _read_table() -> dict[str, dict[str, Any]]:
    return tomllib.loads(TABLE.read_text())["rows"]
