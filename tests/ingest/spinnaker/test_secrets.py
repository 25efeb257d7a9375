"""A secret is planted for every way in to Gate: it is in nothing that a run says or writes."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest

from ingest.simulation.gate import serve
from ingest.simulation.gate_access import BasicDoor, BearerDoor, Door, FormDoor, IdentityProvider, provide
from ingest.spinnaker.auth import Bearer, FormLogin, Grant
from ingest.spinnaker.spin_config import X509, CachedToken, Login
from ingest.spinnaker.tokens import Registration, Token
from ingest.tls import Tls

NOW = 1_750_000_000_000
CANARY = "c4nary-s3cret-8c1f0e5a"
ROOT = Path(__file__).resolve().parents[3]
Make = SimpleNamespace

# each folder's command in one process, with the logs of every library: to start Python for each takes seconds
RUN = """
import logging, os, sys, traceback
logging.basicConfig(level=1, stream=sys.stdout)
from dora.__main__ import main
for folder in sys.argv[1:]:
    os.chdir(folder)
    sys.argv = ["dora", "ingest", "spinnaker"]
    try:
        main()
    except SystemExit as end:
        print("ended", end.code)
"""


class Way(NamedTuple):
    """A door that opens to the secret, and the settings that show it."""

    door: Any
    settings: str


def ways(tmp_path: Path) -> dict[str, Way]:
    """Every way in but those that need servers of their own."""
    spin = tmp_path / "spin"
    spin.write_text(json.dumps({"auth": {"enabled": True, "basic": {"username": "reader", "password": CANARY}}}))
    return {
        "api token": Way(CANARY, 'token_env = "SECRET"'),
        "basic": Way(BasicDoor(password=CANARY), 'basic_user = "reader"\npassword_env = "SECRET"'),
        "form": Way(FormDoor(password=CANARY), 'ldap_user = "reader"\npassword_env = "SECRET"'),
        "bearer": Way(BearerDoor(tokens={CANARY}), 'iap_token_env = "SECRET"'),
        "header": Way(Door(), 'headers_env = {"X-Key" = "SECRET"}'),
        "spin": Way(BasicDoor(password=CANARY), f'spin_config = "{spin}"'),
    }


def commands(tmp_path: Path, configs: dict[str, str]) -> str:
    """Everything that the commands say, one for each configuration."""
    for name, config in configs.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "dora.toml").write_text("[sources.spinnaker]\nrequests_per_10s = 0\n" + config)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SECRET": CANARY, "DORA_GATE_REFRESH_TOKEN": CANARY}
    done = subprocess.run(
        [sys.executable, "-c", RUN, *(str(tmp_path / name) for name in configs)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.stdout.count("ended") == len(configs), done.stderr
    return done.stdout + done.stderr


def forms(secret: str) -> Iterator[bytes]:
    """A secret as it could be written."""
    yield secret.encode()
    yield quote(secret, safe="").encode()
    for user in ("reader", "dora"):
        yield b64encode(f"{user}:{secret}".encode())


def leaks(tmp_path: Path, said: str, secrets: set[str]) -> list[str]:
    """Where a secret stands: in what was said, or in any byte of the files of a data folder."""
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name not in ("spin", "key.pem")]
    assert any(path.suffix == ".duckdb" for path in files)
    assert any(path.suffix == ".zst" for path in files)
    places = [("output", said.encode()), *((str(path), path.read_bytes()) for path in files)]
    return [place for place, text in places for secret in secrets for form in forms(secret) if form in text]


def test_no_secret_is_in_any_output(make: Make, tmp_path: Path) -> None:
    """Whether Gate lets us in or turns us away, the secret is in no file, log, message or error of the run."""
    with ExitStack() as open_:
        configs = {}
        for name, way in ways(tmp_path).items():
            for door, kind in ((way.door, "in"), (BasicDoor(password="another"), "out")):
                gate = open_.enter_context(serve(make.world(make.execution("E", NOW)), token=door))
                configs[f"{name} {kind}"] = f'endpoint = "{gate.url}"\n{way.settings}'
        said = commands(tmp_path, configs)
        sessions = ways(tmp_path)["form"].door.sessions
    assert leaks(tmp_path, said, {CANARY, *sessions}) == []
    assert (said.count("ended 0"), said.count("ended 4")) == (6, 6)


def test_no_secret_of_oauth2_or_of_a_key_is_in_any_output(make: Make, tmp_path: Path, certificates: Any) -> None:
    """Neither the client's secret, nor refresh tokens, nor what was given for them, nor a private key."""
    door, asks = BearerDoor(wants_session=True), Door(tls=certificates.context("server", asks=True))
    certificate, key = certificates.paths("client")
    with (
        provide(IdentityProvider(door, CANARY, CANARY)) as provider,
        serve(make.world(), token=door) as gate,
        serve(make.world(), token=asks) as other,
    ):
        client = f'[sources.spinnaker.oauth2]\ntoken_url = "{provider.url}"\nclient_id = "dora"\n'
        oauth2 = f'endpoint = "{gate.url}"\n{client}client_secret_env = "SECRET"'
        files = f'cert_file = "{certificate}"\nkey_file = "{key}"\nca_file = "{certificates.ca}"'
        said = commands(tmp_path, {"oauth2": oauth2, "x509": f'endpoint = "{other.url}"\n{files}'})
    given = {CANARY, provider.refresh_token, *door.tokens, *door.sessions}
    assert leaks(tmp_path, said, {*given, Path(key).read_text().splitlines()[1]}) == []
    assert (said.count("ended 0"), len(provider.asked)) == (2, 1)


def test_the_search_finds_what_is_there(make: Make, tmp_path: Path) -> None:
    """A secret that Gate itself gives back in an application lands: the search above sees it."""
    world = make.world(applications=(CANARY,))
    with serve(world) as gate:
        said = commands(tmp_path, {"one": f'endpoint = "{gate.url}"'})
    places = leaks(tmp_path, said, {CANARY})
    assert any(place.endswith(".duckdb") for place in places)
    assert "output" in places


def test_no_secret_is_in_a_repr(caplog: pytest.LogCaptureFixture) -> None:
    """Objects that end in a log or a traceback tell nothing."""
    caplog.set_level(logging.DEBUG)
    held = [
        Grant(token=Token(CANARY)),
        Registration(secret=CANARY),
        Login(password=CANARY),
        X509(key=CANARY),
        CachedToken(access_token=CANARY),
        Tls(certificate=(CANARY, CANARY)),
        FormLogin("http://x", "u", CANARY),
        Bearer("http://x", Grant(token=Token(CANARY))),
    ]
    logging.getLogger().debug("%r", held)
    assert "Grant" in caplog.text
    assert CANARY not in caplog.text
