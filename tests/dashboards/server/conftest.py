"""The dashboard with a login, and a provider on loopback that logs in whom a test names."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboards.conftest import free_port, run_server
from tests.dashboards.server.provider import Provider

SECRET = "a secret that is in no settings file"
COOKIE_SECRET = "a secret of the cookies, which is in no settings file"
ADA = {"sub": "1", "email": "Ada@Example.org", "email_verified": True, "name": "Ada ![](http://beacon.example/a.png)"}
SETTINGS = """data = '{data}'
[dashboard]
url = 'http://localhost:{port}/metrics'
[dashboard.login]
metadata_url = '{provider}/.well-known/openid-configuration'
client_id = 'dora'
client_secret_file = '{folder}/secret'
cookie_secret_file = '{folder}/cookie'
allowed = ['example.org', 'grace@elsewhere.example']
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider("dora", SECRET) as running_provider:
        yield running_provider


@pytest.fixture(scope="module")
def login_dashboard(organisation: Path, provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard as ``dora dashboard`` serves it, with a login, under a path."""
    folder, port = tmp_path_factory.mktemp("guarded"), free_port()
    for name, secret in (("secret", SECRET), ("cookie", COOKIE_SECRET)):
        (folder / name).write_text(f"{secret}\n")
        (folder / name).chmod(0o600)
    (folder / "dora.toml").write_text(
        SETTINGS.format(data=organisation.parent, port=port, provider=provider.address, folder=folder)
    )
    command = [sys.executable, "-m", "dora", "dashboard", "--port", str(port), "--config", str(folder / "dora.toml")]
    with run_server(command, f"http://127.0.0.1:{port}/metrics/_stcore/health", folder):
        yield f"http://localhost:{port}/metrics"
