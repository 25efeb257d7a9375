"""Every fault of Gate and Orca in the catalogue has a test that names its number, as in ``test_g12_a_huge_page``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
FAULTS = range(1, 32)


def numbers() -> set[int]:
    """The numbers in the names of all tests."""
    names = (name for file in TESTS.rglob("test_*.py") for name in re.findall(r"def (test_\w+)", file.read_text()))
    return {int(number) for name in names for number in re.findall(r"_g(\d+)(?=_)", name)}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_the_catalogue_has_a_test(fault: int) -> None:
    """G1 to G31, each by its number."""
    assert fault in numbers()


def test_no_test_names_a_fault_that_is_not_in_the_catalogue() -> None:
    """A misspelt number would pass for a tested fault."""
    assert numbers() <= set(FAULTS)
