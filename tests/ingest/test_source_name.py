"""Two Gates: what is wrong with the second one names its own section of dora.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from dora.errors import DoraError
from ingest import configure_source
from ingest.core.pipeline import pull
from ingest.core.source import Request
from ingest.doctor.run import run_checks
from tests.conftest import fresh
from tests.ingest.spinnaker.conftest import NOW, execution, world
from tests.simulation.gate import serve

WRONG = [{"colour": "red"}, {"token": "x"}, {"endpoint": "ftp://gate"}, {"page_size": 0}]


@pytest.mark.parametrize("settings", WRONG)
def test_a_wrong_setting_names_the_section_that_has_it(settings: dict[str, object], tmp_path: Path) -> None:
    """Not that of the kind, which may be right."""
    with pytest.raises(DoraError) as raised:
        configure_source("gate2", {"type": "spinnaker", **settings}, tmp_path)
    assert "[sources.gate2]" in str(raised.value)
    assert "[sources.spinnaker" not in str(raised.value)
    assert str(raised.value) == f"{raised.value.happened} Next: {raised.value.next_step}"


def test_an_error_of_a_run_and_of_doctor_names_the_section(tmp_path: Path) -> None:
    """Refused credentials, and a glob that matches nothing."""
    settings = {"type": "spinnaker", "applications": ["gone"], "requests_per_10s": 0}
    with serve(world(execution("E", NOW)), auth="secret") as gate:
        source = configure_source("gate2", {**settings, "endpoint": gate.url}, tmp_path)
        with pytest.raises(DoraError, match=r"\[sources\.gate2\]"):
            pull(source, fresh(tmp_path), Request())
    with serve(world(execution("E", NOW))) as gate:
        findings = list(run_checks(tmp_path, {"gate2": {**settings, "endpoint": gate.url}}, 36))
    (finding,) = (finding for finding in findings if finding.check.endswith("applications"))
    assert finding.next == "correct `applications` in [sources.gate2]."


def test_a_source_under_its_own_name_is_as_it_is(tmp_path: Path) -> None:
    """Its rows and messages need no other name."""
    with pytest.raises(DoraError, match=r"\[sources\.spinnaker\] has no key"):
        configure_source("spinnaker", {"colour": "red"}, tmp_path)
