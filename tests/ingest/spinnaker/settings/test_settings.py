"""``[sources.spinnaker]``: accepted and rejected settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dora.errors import UsageError
from ingest import sources
from ingest.spinnaker import SOURCE
from ingest.spinnaker.auth.connect import connect
from ingest.spinnaker.settings import parse_settings


def test_the_source_is_registered_by_its_folder() -> None:
    """`dora ingest spinnaker` exists because the folder does."""
    assert sources()["spinnaker"] is SOURCE
    assert SOURCE.takes == {"since", "applications", "load"}


def test_nothing_configured_is_gate_on_this_machine() -> None:
    """The defaults are those in the documentation."""
    settings = parse_settings({})
    assert (settings.endpoint, settings.page_size, settings.requests_per_10s) == ("http://localhost:8084", 50, 60)
    assert (settings.applications, settings.token_env) == (("*",), "DORA_GATE_TOKEN")


@pytest.mark.parametrize(
    ("raw_settings", "message"),
    [
        ({"endpint": "x", "colour": 1}, "no key colour, endpint"),
        ({"token": "s3cret"}, "holds a secret under 'token'"),
        ({"gate_password": "s3cret"}, "holds a secret under 'gate_password'"),
        ({"page_size": 0}, "page_size"),
        ({"page_size": "many"}, "page_size"),
        ({"applications": "shop"}, "applications"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"requests_per_10s": -1}, "requests_per_10s"),
        (
            {"oauth2": {"client_secret": "s3cret", "token_url": "x", "client_id": "y"}},
            "no key client_secret",
        ),
        ({"oauth2": {"client_id": "y"}}, "token_url"),
        ({"headers": {"Authorization": "Bearer s3cret"}}, "secret under the header 'Authorization'"),
        ({"headers": {"X-Api-Key": "s3cret"}}, "secret under the header 'X-Api-Key'"),
        ({"headers": {"X-Team": "a\r\nCookie: s3cret"}}, "an invalid header 'X-Team'"),
        ({"headers": {"X Team": "a"}}, "an invalid header 'X Team'"),
        ({"headers": {"X-Team": 5}}, "headers"),
        ({"spin_config": 5}, "spin_config"),
        ({"password": "s3cret"}, "holds a secret under 'password'"),
        ({"endpoint": "localhost:8084"}, "not an http"),
        ({"endpoint": "https://ana:s3cret@gate.example"}, "user or password"),
    ],
)
def test_invalid_settings_are_reported_without_secrets(raw_settings: dict[str, Any], message: str) -> None:
    """The message names the key, never a value that could be secret."""
    with pytest.raises(UsageError, match=message) as raised:
        parse_settings(raw_settings)
    assert "s3cret" not in str(raised.value)


def test_a_token_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    """A missing token file is an error rather than a request without a token."""
    with pytest.raises(UsageError, match="can not be read"):
        parse_settings({"token_file": str(tmp_path / "nothing")}).token(print)


@pytest.mark.parametrize("key", ["cert_file", "key_file"])
def test_half_a_certificate_is_an_error(key: str, tmp_path: Path) -> None:
    """Certificate and key come together."""
    with pytest.raises(UsageError, match="only one of cert_file and key_file"):
        connect(parse_settings({key: str(tmp_path / "x")}))


def test_a_certificate_that_is_none_is_an_error(tmp_path: Path) -> None:
    """An invalid certificate is an error before any request, without the files' content."""
    (tmp_path / "x").write_text("s3cret")
    session = connect(parse_settings({"cert_file": str(tmp_path / "x"), "key_file": str(tmp_path / "x")}))
    with pytest.raises(UsageError, match="belong together") as raised:
        session.get("/")
    assert "s3cret" not in str(raised.value)


def test_an_authority_that_is_missing_is_an_error(tmp_path: Path) -> None:
    """A missing ``ca_file`` is an error before any request."""
    with pytest.raises(UsageError, match=r"ca_file .* does not exist"):
        connect(parse_settings({"ca_file": str(tmp_path / "ca.pem")}))


@pytest.mark.parametrize(
    ("raw_settings", "message"),
    [
        ({"basic_user": "ana"}, "DORA_GATE_PASSWORD is not set"),
        ({"ldap_user": "ana", "password_env": "PW_X"}, "PW_X is not set"),
        ({"iap_token_env": "IAP_X"}, "IAP_X is not set"),
        ({"headers_env": {"X-Key": "KEY_X"}}, "KEY_X is not set"),
        ({"oauth2": {"token_url": "https://idp.example", "client_id": "dora"}}, "DORA_GATE_REFRESH_TOKEN is not set"),
    ],
)
def test_an_empty_variable_is_an_error(
    raw_settings: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty variable is an error rather than a request without a password."""
    for name in ("DORA_GATE_PASSWORD", "DORA_GATE_REFRESH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match=message):
        connect(parse_settings(raw_settings))


def test_a_secrets_file_that_others_can_read_is_warned_about(tmp_path: Path) -> None:
    """Token, password and key are warned about, each by its path; the certificate is no secret."""
    for name in ("token", "password", "key", "certificate"):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(0o644)
    files = {"token_file": "token", "password_file": "password", "key_file": "key", "cert_file": "certificate"}
    warnings: list[str] = []
    paths = {key: str(tmp_path / name) for key, name in files.items()}
    connect(parse_settings({"basic_user": "a", **paths}), warnings.append)
    assert sorted(text.split(" ")[0].rpartition("/")[2] for text in warnings) == ["key", "password", "token"]
