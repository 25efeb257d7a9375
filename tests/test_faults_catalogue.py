"""Every fault of the catalogue has its tests: 31 of Gate, 15 of git, 12 of files and processes, 14 of security."""

from __future__ import annotations

import pytest

from tests.faults.catalogue import ROWS, list_test_names, read_tests

TESTS = read_tests()


@pytest.mark.parametrize("row", ROWS)
def test_each_fault_of_the_catalogue_has_a_test(row: str) -> None:
    """All 72 rows, each by its number in the name of a test or by its line in ``catalogue.toml``."""
    assert TESTS.get(row), f"name a test test_{row.lower()}_… or list one in tests/faults/catalogue.toml"


def test_no_test_names_a_fault_that_is_not_in_the_catalogue() -> None:
    """A misspelt number would pass for a tested fault."""
    assert TESTS.keys() <= set(ROWS)


def test_the_table_names_tests_that_exist() -> None:
    """A test that was renamed or deleted proves nothing."""
    names = list_test_names()
    for file, _, name in (test.partition("::") for tests in TESTS.values() for test in tests):
        assert file in names
        assert not name or name in names[file]
