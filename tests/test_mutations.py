"""Every rule of the numbers has a scenario that tells it and a mutation that breaks it."""

from __future__ import annotations

import pytest

from dora.sql import catalog
from tests.mutate import ROOT, Mutation, list_scenarios, read_mutations

RULES = list(catalog.rules())


@pytest.mark.parametrize("mutation", read_mutations(), ids=lambda mutation: mutation.rule)
def test_the_text_of_a_mutation_stands_once_in_its_file(mutation: Mutation) -> None:
    """A mutation replaces one place of the code as it is, by something else."""
    assert (ROOT / mutation.file).read_text().count(mutation.text) == 1
    assert mutation.text != mutation.replacement


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_scenario_and_a_mutation(rule: str) -> None:
    """A rule without a scenario, or without a way to break it, is a rule that nobody checks."""
    assert list_scenarios(rule)
    assert rule in {mutation.rule for mutation in read_mutations()}
