"""A file with a secret that other users can read is named, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from dora.config.dashboard import login_environment, read_dashboard
from dora.config.settings import read

SECRET = "s3cret" * 6
LOGIN = {"metadata_url": "https://id.example", "client_id": "dora"}


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o640, 0o604, 0o644, 0o666])
@pytest.mark.parametrize("kind", ["dora.toml", "client_secret_file", "cookie_secret_file"])
def test_s7_a_secret_that_other_users_can_read_is_warned_of(
    kind: str, mode: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Settings with a password in an address of git, and the secrets of the login; the warning has no secret in it."""
    file = tmp_path / kind
    text = f"[sources.git]\nrepositories = [{{ url = 'https://bot:{SECRET}@host/a/b' }}]\n"
    file.write_text(text if kind == "dora.toml" else SECRET)
    file.chmod(mode)
    if kind == "dora.toml":
        read(file)
    else:
        other = tmp_path / "other"
        other.write_text(SECRET)
        other.chmod(0o600)
        files = {"client_secret_file": str(other), "cookie_secret_file": str(other), kind: str(file)}
        login_environment(read_dashboard({"url": "https://metrics.example", "login": LOGIN | files}))
    message = capsys.readouterr().err.replace("\n", "")
    assert (f"chmod 600 {file}" in message) == bool(mode & 0o077), message
    assert SECRET not in message


def test_s7_settings_without_a_secret_may_be_read_by_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No warning for addresses without a password."""
    (tmp_path / "dora.toml").write_text("[sources.git]\nrepositories = [{ url = 'https://host/a@b' }]\n")
    (tmp_path / "dora.toml").chmod(0o644)
    read(tmp_path / "dora.toml")
    assert capsys.readouterr().err == ""
