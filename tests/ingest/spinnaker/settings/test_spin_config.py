"""``~/.spin/config``: accepted and rejected as by spin; no error repeats a value."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dora.errors import UsageError
from ingest.spinnaker.settings.spin_config import (
    Spin,
    expand_variables,
    read_spin_config,
    spin_config_path,
    write_cached_token,
)

SHARED = Path(__file__).resolve().parents[4].parent / "shared"
SECRET = "s3cret"


def file(tmp_path: Path, text: str, mode: int = 0o600) -> str:
    path = tmp_path / "config"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def read(tmp_path: Path, text: str) -> Spin:
    """What a file says, without a warning."""
    said: list[str] = []
    found = read_spin_config(file(tmp_path, text), said.append)
    assert said == []
    return found


@pytest.mark.shared
def test_spins_own_example_is_read() -> None:
    """Every key of the example that spin ships, the empty ones too."""
    found = read_spin_config(str(SHARED / "spinnaker/spin-config/example.yaml"), lambda _: None)
    assert found.gate
    assert found.auth
    assert found.auth.x509
    assert found.auth.oauth2
    assert found.auth.iap
    assert (found.gate.endpoint, found.gate.retry_timeout) == ("https://my-spinnaker-gate:8084", 300)
    assert (found.auth.enabled, found.auth.x509.cert_path) == (True, "~/.spin/certpath")
    assert found.auth.x509.key
    assert found.auth.x509.key.startswith("-----BEGIN RSA PRIVATE KEY-----\n")
    assert (found.auth.oauth2.client_id, found.auth.oauth2.scopes) == (None, ["scope1", "scope2"])
    assert found.auth.oauth2.cached_token
    assert found.auth.oauth2.cached_token.token_type == "bearer"
    assert found.auth.iap.iap_id_token == "example-token-blah-blah"


def test_every_key_of_spin_is_known(tmp_path: Path) -> None:
    """Those that the example leaves out."""
    text = """
auth:
  ignoreCertErrors: true
  ignoreRedirects: true
  apiToken: {token: spk_1}
  ldap: {username: ana, password: pw}
  basic: {username: ana, password: pw}
  oauth2: {provider: okta, cachedToken: {access_token: a, expiry: 2026-01-02T03:04:05.678901234+02:00}}
  iap: {cachedToken: {access_token: a}}
  google_service_account: {enabled: true, file: key.json, cachedToken: {access_token: a}}
"""
    auth = read(tmp_path, text).auth
    assert auth
    assert auth.oauth2
    assert auth.oauth2.cached_token
    assert auth.oauth2.cached_token.expiry
    assert auth.oauth2.cached_token.expiry.astimezone(UTC) == datetime(2026, 1, 2, 1, 4, 5, 678901, UTC)
    assert (auth.ignore_cert_errors, auth.ignore_redirects, auth.enabled) == (True, True, False)
    assert auth.api_token
    assert auth.api_token.token == "spk_1"


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}", "gate:\nauth:\n"])
def test_an_empty_file_says_nothing(tmp_path: Path, text: str) -> None:
    """As for spin, that is no error."""
    found = read(tmp_path, text)
    assert (found.gate, found.auth) == (None, None)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (f"gate: {{endpoint: x}}\ntoken: {SECRET}", "unknown field `token`"),
        (f"auth: {{basic: {{user: {SECRET}}}}}", r"unknown field `user` - at `\$.auth.basic`"),
        (f"auth: {{Basic: {{username: {SECRET}}}}}", "unknown field `Basic`"),
        (f"auth: {{apiToken: {SECRET}}}", r"Expected `object \| null`, got `str` - at `\$.auth.apiToken`"),
        ("auth: {basic: {password: 12345}}", r"at `\$.auth.basic.password`"),
        (f"auth: {{oauth2: {{cachedToken: {{expiry: {SECRET}}}}}}}", "expiry"),
        (f"- {SECRET}", "Expected `object`, got `array`"),
        (f"auth:\n  basic: {{password: '{SECRET}", "line 2 is not YAML"),
        (f"auth: !!python/object/apply:os.system ['echo {SECRET}']", "line 1 is not YAML"),
        (f"auth:\n  enabled: true\n  apiToken: {{token: {SECRET}}}\n  enabled: false", "line 4 repeats a key"),
        (f"auth: {{oauth2: {{scopes: [{{a: 1}}, {{a: 1,\n a: {SECRET}}}]}}}}", "line 2 repeats a key"),
        ("a: &a [*a]", "nothing was fetched"),
        ("[" * 5000, "nothing was fetched"),
    ],
)
def test_what_spin_refuses_is_refused_without_a_value(tmp_path: Path, text: str, named: str) -> None:
    """Strict keys: the key and the line are named, what stands there is not."""
    with pytest.raises(UsageError, match=named) as raised:
        read_spin_config(file(tmp_path, text), lambda _: None)
    assert SECRET not in f"{raised.value} {raised.value.__cause__}"


@pytest.mark.parametrize("text", ["{}", "auth: {}", "auth: {oauth2: }", "auth: {oauth2: '"])
def test_a_token_that_can_not_be_cached_is_told_and_the_file_stays(tmp_path: Path, text: str) -> None:
    """Nothing is half written, and nothing lies beside it."""
    path = file(tmp_path, text)
    with pytest.raises(UsageError, match="can not be cached") as raised:
        write_cached_token(path, {"access_token": SECRET})
    assert [one.read_text() for one in tmp_path.iterdir()] == [text]
    assert SECRET not in str(raised.value)


def test_a_file_that_others_can_read_is_warned_about(tmp_path: Path) -> None:
    """It may hold a password; 0600 is silent."""
    said: list[str] = []
    for mode in (0o600, 0o640, 0o604):
        read_spin_config(file(tmp_path, "{}", mode), said.append)
    assert len(said) == 2
    assert all("chmod 600" in text for text in said)


def test_a_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    """It was asked for."""
    with pytest.raises(UsageError, match="can not be read"):
        read_spin_config(str(tmp_path / "nothing"), lambda _: None)


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("$A", "1"),
        ("${A}", "1"),
        ("x$A-y", "x1-y"),
        ("$AB", ""),
        ("${AB}2", "2"),
        ("$A$B", "1two"),
        ("cost: 5$", "cost: 5$"),
        ("$ A", "$ A"),
        ("pa$$word", "paword"),
        ("$1x$?", "x"),
        ("a${}b${A", "abA"),
    ],
)
def test_variables_are_expanded_as_go_does(text: str, becomes: str) -> None:
    """With and without braces; one that is not set is nothing; a lone dollar stays."""
    assert expand_variables(text, {"A": "1", "B": "two"}) == becomes


@given(st.text(alphabet=st.characters(exclude_characters="$")), st.text())
def test_what_holds_no_variable_stays_and_values_are_not_expanded_again(text: str, value: str) -> None:
    """A password with a dollar in a variable arrives as it is."""
    assert expand_variables(text, {}) == text
    assert expand_variables(f"{text}${{NAME}}", {"NAME": value}) == text + value


def test_the_setting_means_spins_place_or_another() -> None:
    """True, false, or a path."""
    assert (spin_config_path(True), spin_config_path(False), spin_config_path("~/x")) == ("~/.spin/config", None, "~/x")
