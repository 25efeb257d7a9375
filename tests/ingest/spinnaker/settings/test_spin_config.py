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


def write_config(tmp_path: Path, text: str, mode: int = 0o600) -> str:
    path = tmp_path / "config"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def read(tmp_path: Path, text: str) -> Spin:
    """Return a configuration that is read without a warning."""
    warnings: list[str] = []
    config = read_spin_config(write_config(tmp_path, text), warnings.append)
    assert warnings == []
    return config


@pytest.mark.shared
def test_spins_own_example_is_read() -> None:
    """Every key of the example that spin ships is read, also the empty ones."""
    config = read_spin_config(str(SHARED / "spinnaker/spin-config/example.yaml"), lambda _: None)
    assert config.gate
    assert config.auth
    assert config.auth.x509
    assert config.auth.oauth2
    assert config.auth.iap
    assert (config.gate.endpoint, config.gate.retry_timeout) == ("https://my-spinnaker-gate:8084", 300)
    assert (config.auth.enabled, config.auth.x509.cert_path) == (True, "~/.spin/certpath")
    assert config.auth.x509.key
    assert config.auth.x509.key.startswith("-----BEGIN RSA PRIVATE KEY-----\n")
    assert (config.auth.oauth2.client_id, config.auth.oauth2.scopes) == (None, ["scope1", "scope2"])
    assert config.auth.oauth2.cached_token
    assert config.auth.oauth2.cached_token.token_type == "bearer"
    assert config.auth.iap.iap_id_token == "example-token-blah-blah"


def test_every_key_of_spin_is_read(tmp_path: Path) -> None:
    """The keys that the example leaves out are read too."""
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
def test_an_empty_file_has_no_settings(tmp_path: Path, text: str) -> None:
    """An empty file is no error, as in spin."""
    config = read(tmp_path, text)
    assert (config.gate, config.auth) == (None, None)


@pytest.mark.parametrize(
    ("text", "message"),
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
def test_an_invalid_file_is_refused_without_its_values(tmp_path: Path, text: str, message: str) -> None:
    """The error has the key and the line of an invalid setting, not its value."""
    with pytest.raises(UsageError, match=message) as raised:
        read_spin_config(write_config(tmp_path, text), lambda _: None)
    assert SECRET not in f"{raised.value} {raised.value.__cause__}"


@pytest.mark.parametrize("text", ["{}", "auth: {}", "auth: {oauth2: }", "auth: {oauth2: '"])
def test_a_token_that_can_not_be_cached_leaves_the_file_unchanged(tmp_path: Path, text: str) -> None:
    """There is an error, no partial write and no temporary file."""
    path = write_config(tmp_path, text)
    with pytest.raises(UsageError, match="can not be cached") as raised:
        write_cached_token(path, {"access_token": SECRET})
    assert [path.read_text() for path in tmp_path.iterdir()] == [text]
    assert SECRET not in str(raised.value)


def test_a_file_that_others_can_read_is_warned_about(tmp_path: Path) -> None:
    """It may hold a password; 0600 is silent."""
    warnings: list[str] = []
    for mode in (0o600, 0o640, 0o604):
        read_spin_config(write_config(tmp_path, "{}", mode), warnings.append)
    assert len(warnings) == 2
    assert all("chmod 600" in text for text in warnings)


def test_a_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    """A configured file that is missing is an error."""
    with pytest.raises(UsageError, match="can not be read"):
        read_spin_config(str(tmp_path / "nothing"), lambda _: None)


@pytest.mark.parametrize(
    ("text", "expanded"),
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
def test_variables_are_expanded_as_go_does(text: str, expanded: str) -> None:
    """Variables have braces or not; an unset one is empty; a single dollar stays."""
    assert expand_variables(text, {"A": "1", "B": "two"}) == expanded


@given(st.text(alphabet=st.characters(exclude_characters="$")), st.text())
def test_what_holds_no_variable_stays_and_values_are_not_expanded_again(text: str, value: str) -> None:
    """A password with a dollar in a variable is not expanded again."""
    assert expand_variables(text, {}) == text
    assert expand_variables(f"{text}${{NAME}}", {"NAME": value}) == text + value


def test_the_setting_is_spins_default_path_or_another() -> None:
    """True, false, or a path."""
    assert (spin_config_path(True), spin_config_path(False), spin_config_path("~/x")) == ("~/.spin/config", None, "~/x")
