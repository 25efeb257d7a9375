"""A secret is planted for every way to authenticate: no run prints or writes it."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ingest.http.tls import Tls
from ingest.spinnaker.auth.authenticators import BearerAuthenticator, BearerCredentials, FormAuthenticator
from ingest.spinnaker.auth.tokens import OAuthClient, Token
from ingest.spinnaker.settings.spin_config import X509, CachedToken, Login
from tests.conftest import opened
from tests.ingest.spinnaker.conftest import NOW, Make, run, stage
from tests.simulation.gate import Gate, serve
from tests.simulation.gate_auth import Auth, BasicAuth, BearerAuth, FormAuth, IdentityProvider, provide

CANARY = "c4nary-s3cret-8c1f0e5a"
ROOT = Path(__file__).resolve().parents[3]
EXPECTED_FILES = ("spin", "key.pem", "key.json", "refresh-token", "dora.toml")  # where we put secrets ourselves

COMMANDS = ("ingest spinnaker --json", "doctor")
EVERY_COMMAND = (
    "nightly", "ingest spinnaker --json", "ingest spinnaker --replay", "build --json", "doctor --json",
    "check --json", "show --json", "show lead_time --by team", "explain deployment_frequency --json",
    "changes --json", "canaries --json",
    "audit --json", "rollbacks --json", "compare", "signals lead_time", "goals", "benchmark --year 2024",
    "quarantine --json", "config show", "report --out report.html", "audit --out audit.html", "export exports",
    "export --prometheus dora.prom --cdevents cdevents.jsonl --opentelemetry spans.jsonl", "publish json www",
    "diff data/dora.duckdb dora.toml", "show nonsense", "ingest nonsense",
)  # fmt: skip

# each folder's commands in one process, with the logs of every library: to start Python for each takes seconds
RUN = """
import json, logging, os, signal, sys, traceback
COMMANDS = [words.split() for words in json.loads(os.environ["COMMANDS"])]
logging.basicConfig(level=1, stream=sys.stdout)
from dora.__main__ import main

def crash(*of):
    raise RuntimeError("as a mistake of ours would")

signal.signal(signal.SIGUSR1, crash)
for folder in sys.argv[1:]:
    os.chdir(folder)
    print(os.getpid(), file=open("pid", "w"), flush=True)
    for words in COMMANDS:
        sys.argv = ["dora", *words]
        try:
            main()
            print("ended 0")
        except SystemExit as end:
            print("ended", end.code or 0)
        except BaseException:
            traceback.print_exc()
            print("ended crashed")
"""


class AuthMethod(NamedTuple):
    """An authentication method with the secret, and the settings that use it."""

    auth: Any
    settings: str


def auth_methods(tmp_path: Path) -> dict[str, AuthMethod]:
    """Every way in but those that need servers of their own."""
    spin = tmp_path / "spin"
    spin.write_text(json.dumps({"auth": {"enabled": True, "basic": {"username": "reader", "password": CANARY}}}))
    return {
        "api token": AuthMethod(CANARY, 'token_env = "SECRET"'),
        "basic": AuthMethod(BasicAuth(password=CANARY), 'basic_user = "reader"\npassword_env = "SECRET"'),
        "form": AuthMethod(FormAuth(password=CANARY), 'ldap_user = "reader"\npassword_env = "SECRET"'),
        "bearer": AuthMethod(BearerAuth(tokens={CANARY}), 'iap_token_env = "SECRET"'),
        "header": AuthMethod(Auth(), 'headers_env = {"X-Key" = "SECRET"}'),
        "spin": AuthMethod(BasicAuth(password=CANARY), f'spin_config = "{spin}"'),
    }


def run_commands(tmp_path: Path, configs: dict[str, str], commands: Sequence[str] = COMMANDS) -> str:
    """The output of some commands, of ingest and doctor by default, for each configuration."""
    for name, config in configs.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "dora.toml").write_text("[sources.spinnaker]\nrequests_per_10s = 0\n" + config)
    secrets = {"SECRET": CANARY, "DORA_GATE_REFRESH_TOKEN": CANARY}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COMMANDS": json.dumps(commands), **secrets}
    process = subprocess.run(
        [sys.executable, "-c", RUN, *(str(tmp_path / name) for name in configs)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    ends = re.findall(r"^ended (?:\d+|crashed)$", process.stdout, re.MULTILINE)
    assert len(ends) == len(commands) * len(configs), process.stderr
    return process.stdout + process.stderr


def encodings(secret: str) -> Iterator[bytes]:
    """A secret as it could be written."""
    yield secret.encode()
    yield quote(secret, safe="").encode()
    yield json.dumps(secret)[1:-1].encode()
    for user in ("reader", "dora"):
        yield b64encode(f"{user}:{secret}".encode())


def read_searchable(path: Path) -> bytes:
    """What a file holds, its compression undone: archives and the rows of a database beside their very bytes."""
    body = path.read_bytes()
    if path.suffix == ".zst":
        with zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True) as reader:
            return body + reader.read()
    if path.suffix != ".duckdb":
        return body
    with opened(path) as con:
        tables = con.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
        names = (f'"{schema}"."{table}"' for schema, table in tables)
        return body + b"".join(repr(con.execute(f"FROM {name}").fetchall()).encode() for name in names)


def find_leaks(tmp_path: Path, output: str, secrets: set[str]) -> list[str]:
    """Where a secret is: in the output, or in a file of a data folder."""
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name not in EXPECTED_FILES]
    places = [("output", output.encode()), *((str(path), read_searchable(path)) for path in files)]
    return [place for place, text in places for secret in secrets for form in encodings(secret) if form in text]


def record_arguments(gates: list[Gate]) -> list[str]:
    """The arguments of every process there is, whenever one of these Gates is asked for something."""
    recorded: list[str] = []

    def record(path: str) -> None:
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                recorded.append(process.read_text(errors="replace"))
            except OSError:
                continue

    for gate in gates:
        gate.before = record
    return recorded


def interrupt_at_applications(gate: Gate, pid: Path) -> None:
    """Crash who asks this Gate for an application, as a mistake of ours would."""

    def interrupt(path: str) -> None:
        if path.startswith("/applications/"):
            gate.before = lambda path: None
            os.kill(int(pid.read_text()), signal.SIGUSR1)

    gate.before = interrupt


def test_s6_no_secret_is_in_any_output(make: Make, tmp_path: Path) -> None:
    """Whether Gate lets us in, turns us away (302, 401) or crashes us midway: in no file, log, message or argument."""
    methods = auth_methods(tmp_path)
    with ExitStack() as stack:
        configs, gates = {}, []
        for name, method in methods.items():
            auths = {"in": method.auth, "out": "another" if name in ("api token", "bearer") else BasicAuth()}
            for kind, auth in {**auths, **({"crash": method.auth} if name == "spin" else {})}.items():
                gates.append(stack.enter_context(serve(make.world(make.execution("E", NOW)), auth=auth)))
                configs[f"{name} {kind}"] = f'endpoint = "{gates[-1].url}"\n{method.settings}'
        processes = record_arguments(gates[:1])
        interrupt_at_applications(gates[-1], tmp_path / f"{name} crash" / "pid")
        output = run_commands(tmp_path, configs)
    assert find_leaks(tmp_path, output + "".join(processes), {CANARY, *methods["form"].auth.sessions}) == []
    assert any("sys.argv" in words for words in processes)
    logs = "".join(path.read_text() for path in tmp_path.rglob("logs/*.jsonl"))  # find_leaks has read them
    assert (output.count("ended 4"), "Traceback" in output, "Traceback" in logs) == (12, False, True)


def test_s6_no_command_shows_a_secret_of_a_setting_or_of_a_payload(make: Make, tmp_path: Path) -> None:
    """A token in the settings, and secrets in stages and parameters: in no output and no file of any command."""
    call = {"url": f"https://u:{CANARY}@h/x", "customHeaders": {"Authorization": [f"Bearer {CANARY}"]}}
    execution = make.execution("E", NOW)
    with serve(make.world(execution), auth=CANARY) as gate:
        body = {**run(stages=[stage("webhook", call), {"id": "x", "type": 7}]), "id": "L"}
        (tmp_path / "saved.json").write_text(json.dumps(body))
        config = f'endpoint = "{gate.url}"\ntoken_env = "SECRET"\n[definitions]\nproduction_accounts = ["prod-*"]\n'
        commands = [f"ingest spinnaker --load {tmp_path / 'saved.json'}", *EVERY_COMMAND]
        output = run_commands(tmp_path, {"all": config}, commands)
    (tmp_path / "saved.json").unlink()
    assert find_leaks(tmp_path, output, {CANARY}) == []
    assert {path.name for path in (tmp_path / "all").iterdir()} >= {"data", "report.html", "exports", "dora.prom"}
    assert "crashed" not in output


def key_file(path: Path, token_uri: str) -> str:
    """The key of a Google service account; gives a line from the middle of it."""
    key = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key_body = {"client_email": "r@x", "private_key": key.decode(), "token_uri": token_uri}
    path.write_text(json.dumps(key_body))
    return key.decode().splitlines()[5]


def test_no_secret_of_oauth2_or_of_a_key_is_in_any_output(make: Make, tmp_path: Path, certificates: Any) -> None:
    """Neither the client's secret, nor refresh tokens, nor what was given for them, nor private keys."""
    auth, asks = BearerAuth(wants_session=True), Auth(tls=certificates.context("server", asks=True))
    certificate, key = certificates.paths("client")
    token_file = tmp_path / "refresh-token"
    token_file.write_text(CANARY)
    with (
        provide(IdentityProvider(auth, CANARY, CANARY)) as provider,
        serve(make.world(), auth=auth) as gate,
        serve(make.world(), auth=asks) as other_gate,
    ):
        line = key_file(tmp_path / "key.json", provider.url)
        client = f'[sources.spinnaker.oauth2]\ntoken_url = "{provider.url}"\nclient_id = "dora"\n'
        oauth2 = f'endpoint = "{gate.url}"\n{client}client_secret_env = "SECRET"\n'
        files = f'endpoint = "{other_gate.url}"\ncert_file = "{certificate}"\nkey_file = "{key}"\n'
        configs = {
            "oauth2": f'{oauth2}refresh_token_file = "{token_file}"',
            "oauth2 again": oauth2,
            "x509": f'{files}ca_file = "{certificates.ca}"',
            "not trusted": f'{files}token_env = "SECRET"',
            "google": f'endpoint = "{gate.url}"\niap_key_file = "{tmp_path / "key.json"}"\niap_audience = "x"',
        }
        output = run_commands(tmp_path, configs)
    secrets = {CANARY, provider.refresh_token, *auth.tokens, *auth.sessions}
    assert find_leaks(tmp_path, output, {*secrets, line, Path(key).read_text().splitlines()[1]}) == []
    ends = [text.split()[1] for text in output.splitlines() if text.startswith("ended")]
    assert ends == ["0", "5", "4", "4", "0", "5", "1", "5", "4", "4"]
    assert token_file.read_text().strip() == provider.refresh_token


def test_errors_of_a_configuration_repeat_no_secret(tmp_path: Path) -> None:
    """A secret in a wrong setting, of ours or of spin, is not repeated by the error."""
    (tmp_path / "spin").write_text(f"auth: {{basic: {{password: '{CANARY}\n")
    gate = 'endpoint = "http://127.0.0.1:9"\ntimeout_seconds = 1\n'
    configs = {
        "our token": f'token = "{CANARY}"',
        "header": f'headers = {{ Authorization = "{CANARY}" }}',
        "endpoint": f'endpoint = "https://reader:{CANARY}@gate.example"',
        "oauth2": f'[sources.spinnaker.oauth2]\nclient_secret = "{CANARY}"',
        "no toml": f'token = "{CANARY}',
        "spins file": f'spin_config = "{tmp_path / "spin"}"',
        "a key": f'{gate}iap_key_file = "{tmp_path / "spin"}"\niap_audience = "x"',
    }
    output = run_commands(tmp_path, configs)
    assert find_leaks(tmp_path, output, {CANARY}) == []
    assert output.count("ended 2") >= len(configs)


def test_the_search_finds_what_is_there(make: Make, tmp_path: Path) -> None:
    """A secret that Gate returns as a name lands and is printed: the search finds it in each place."""
    world = make.world(applications=(CANARY,))
    with serve(world) as gate:
        processes = record_arguments([gate])
        configs = {"one": f'endpoint = "{gate.url}"\ntoken = "x"', "two": f'endpoint = "{gate.url}"'}
        output = run_commands(tmp_path, configs)
    assert any(CANARY in words for words in processes) is False
    assert {Path(place).suffix for place in find_leaks(tmp_path, output, {CANARY})} >= {".duckdb", ".zst", ""}
    shutil.rmtree(tmp_path)


def test_no_secret_is_in_a_repr(caplog: pytest.LogCaptureFixture) -> None:
    """Objects that end in a log or a traceback hide it."""
    caplog.set_level(logging.DEBUG)
    objects = [
        BearerCredentials(token=Token(CANARY)),
        OAuthClient(secret=CANARY),
        Login(password=CANARY),
        X509(key=CANARY),
        CachedToken(access_token=CANARY),
        Tls(certificate=(CANARY, CANARY)),
        FormAuthenticator("http://x", "u", CANARY),
        BearerAuthenticator("http://x", BearerCredentials(token=Token(CANARY))),
    ]
    logging.getLogger().debug("%r", objects)
    assert "BearerCredentials" in caplog.text
    assert CANARY not in caplog.text
