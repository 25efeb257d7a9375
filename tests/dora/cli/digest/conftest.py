"""A build whose brief has sentences about a team with a hostile name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

import dora
from dora.cli.app import app
from dora.cli.senders.run import make_sender
from dora.config.digest import read_destination
from dora.errors import DoraError
from dora.export.digest.message import Line, Message
from tests.dora.analysis.weekly_world import weekly_world
from tests.ingest.conftest import Certificates

HOSTILE = "<!channel> *@everyone* [x](http://beacon.example) `<img src=x onerror=alert(1)>"
SECRET = "s3cret-path"


MESSAGE = Message(
    "Delivery brief", "June",
    [Line(f"{HOSTILE}'s lead time rose", " to 3 h.", "worse", "9 changes", None, "dora explain")],
    "Nothing needs a decision.", [{"team": HOSTILE, "Lead time": "3 h"}], ["Data through 2026-06-01 00:00 UTC."],
)  # fmt: skip


class Outcome(NamedTuple):
    """What a command printed and how it ended."""

    stdout: str
    stderr: str
    error: BaseException | None

    @property
    def text(self) -> str:
        """Everything that people or a log can see."""
        return f"{self.stdout}{self.stderr}{self.error}"


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory, built_in: Callable[..., dora.Delivery]) -> Path:
    """Of three teams the hostile one is 30 times as slow."""
    teams, hours = {"ada": "ada", HOSTILE: "bo", "cy": "cy"}, {"ada": 1.0, "bo": 30.0, "cy": 1.0}
    facts = weekly_world(
        tuple(hours), 16, 6,
        lead_hours=lambda team, _, dice: hours[team] * dice.lognormvariate(0, 0.2),
        failure_rate=lambda *_: 0.05,
    )  # fmt: skip
    facts["settings"]["teams"] = {team: [f"{name}-app"] for team, name in teams.items()}
    delivery = built_in(tmp_path_factory.mktemp("digests"), **facts)
    delivery.close()
    return delivery.path


@pytest.fixture
def digest(database: Path, tmp_path: Path) -> Callable[..., Outcome]:
    """Run ``dora digest`` in a data folder of the test, with tables of dora.toml and variables."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "dora.duckdb").symlink_to(database)

    def run(*words: str, settings: dict[str, Any] | None = None, **environment: str) -> Outcome:
        lines = [f"data = {json.dumps(str(data))}", "[dashboard]", 'url = "https://metrics.example.com/dora"']
        for name, table in (settings or {}).items():
            lines += [f"[digest.{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
        (tmp_path / "dora.toml").write_text("\n".join(lines))
        command = ["digest", *words, "--config", str(tmp_path / "dora.toml")]
        result = CliRunner().invoke(app, command, env=environment)
        error = None if isinstance(result.exception, SystemExit) else result.exception
        return Outcome(result.stdout, result.stderr, error)

    return run


@pytest.fixture
def send(monkeypatch: pytest.MonkeyPatch) -> Callable[..., DoraError | None]:
    """Send a message without a build by a destination with these settings; returns the error that ended it."""

    def run(settings: dict[str, Any], name: str = "slack", **environment: str) -> DoraError | None:
        for variable, value in environment.items():
            monkeypatch.setenv(variable, value)
        sender = make_sender(read_destination({name: settings}, name), name)
        try:
            sender.send(MESSAGE, "0123456789abcdef", sender.read_places())
        except DoraError as error:
            return error
        return None

    return run


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates of this run."""
    return Certificates(tmp_path_factory.mktemp("certificates"))
