"""``[sources.spinnaker]``: what may stand there, and what may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dora.errors import UsageError
from ingest import sources
from ingest.spinnaker import SOURCE
from ingest.spinnaker.settings import checked


def test_the_source_is_found_by_its_name() -> None:
    """`dora ingest spinnaker` exists because the folder does."""
    assert sources()["spinnaker"] is SOURCE
    assert SOURCE.takes == {"since", "applications", "load"}


def test_nothing_configured_is_gate_on_this_machine() -> None:
    """Defaults are those that the documentation names."""
    found = checked({})
    assert (found.endpoint, found.page_size, found.requests_per_10s) == ("http://localhost:8084", 50, 60)
    assert (found.applications, found.token_env) == (("*",), "DORA_GATE_TOKEN")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"endpint": "x", "colour": 1}, "no setting colour, endpint"),
        ({"token": "s3cret"}, "holds a secret under 'token'"),
        ({"gate_password": "s3cret"}, "holds a secret under 'gate_password'"),
        ({"page_size": 0}, "page_size"),
        ({"page_size": "many"}, "page_size"),
        ({"applications": "shop"}, "applications"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"requests_per_10s": -1}, "requests_per_10s"),
        ({"endpoint": "localhost:8084"}, "no http"),
        ({"endpoint": "https://ana:s3cret@gate.example"}, "user or password"),
    ],
)
def test_wrong_settings_are_named_and_secrets_are_not_repeated(given: dict[str, Any], named: str) -> None:
    """The message names the key, never a value that could be secret."""
    with pytest.raises(UsageError, match=named) as raised:
        checked(given)
    assert "s3cret" not in str(raised.value)


def test_a_token_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    """Better than to knock as a stranger."""
    with pytest.raises(UsageError, match="can not be read"):
        checked({"token_file": str(tmp_path / "nothing")}).token()
