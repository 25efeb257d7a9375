"""A small organisation that is ingested and built for real, and a browser for its pages."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import requests
from streamlit.testing.v1 import AppTest

from dora.build import run as build
from dora.config.settings import Config
from dora.storage.rows import FACT_TABLES
from dora.storage.rows.base import Row
from ingest.core.pipeline import pull
from ingest.core.source import AsOf, Item, Request
from ingest.payloads.archive import Document
from tests.dashboards.hostile import Words

HOSTILE = "![](http://beacon.example/a.png)"
TEAMS = {"ledger": "money", "payout": "money", "search": "finding", "maps": "finding", HOSTILE: "=cmd|'/c calc'!A0"}
MINUTE = 60_000_000
APP = Path(__file__).resolve().parents[2] / "dashboards" / "app.py"
SERVER = APP.parent / "server" / "run.py"
CHROMIUM = Path("/usr/bin/chromium")


class Organisation:
    """A source with a random history of some days: merges, deployments, canaries, rollbacks, incidents."""

    name: ClassVar[str] = "organisation"
    takes: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, end: datetime, days: int, teams: dict[str, str], words: Words | None = None) -> None:
        self.end, self.days, self.teams, self.words = end, days, teams, words

    def fetch(self, request: Request, state: object) -> Iterator[Item]:
        for application, team in self.teams.items():
            history = _History(application, team, self.end, self.days, self.words)
            yield Document("rows", json.dumps(history.generate()).encode())
        yield AsOf(self.end)

    def parse(self, document: Document) -> list[Row]:
        return [FACT_TABLES[table](**fields) for table, fields in json.loads(document.body)]


class _History:
    """The days of one application; about every seventh deployment fails."""

    def __init__(self, application: str, team: str, end: datetime, days: int, words: Words | None = None) -> None:
        self.words = words
        self.application, self.team, self.end, self.days = application, team, end, days
        self.repository = "acme/" + "".join(filter(str.isalnum, application))
        self.dice = random.Random(f"{application} {days}")
        self.rows: list[tuple[str, dict[str, Any]]] = []
        self.commits: list[str] = []
        self.deployments = 0

    def generate(self) -> list[tuple[str, dict[str, Any]]]:
        self._row("application", self.application, team=self.team)
        for day in range(self.days):
            morning = self.end - timedelta(days=self.days - day) + timedelta(hours=9)
            if morning.weekday() < 5 or self.dice.random() < 0.1:
                for hour in range(self.dice.choice([0, 1, 1, 2])):
                    self._ship(morning + timedelta(hours=3 * hour + self.dice.random()))
        self._merge(int((self.end - timedelta(hours=30)).timestamp()) * 1_000_000)  # stays undeployed
        return self.rows

    def _ship(self, start: datetime) -> None:
        at = int(start.timestamp()) * 1_000_000
        for _ in range(self.dice.choice([1, 1, 1, 2, 4])):
            self._merge(at - int(self.dice.expovariate(1 / 240) * MINUTE))
        wait = int(self.dice.lognormvariate(3, 0.7) * MINUTE)
        canary = self.dice.random() if self.application in ("ledger", "search") else 1.0
        passed = canary > 0.08
        decided = at + wait // 2 if self.application == "maps" else None
        execution = self._deploy(at, at + wait, self.commits[-1], passed, decided)
        if canary < 1.0:
            self._canary(execution, at, passed)
        if decided:
            self._approval(execution, at, decided)
        failure = self.dice.random()
        if passed and failure < 0.06 and len(self.commits) > 9:
            self._deploy(at + wait + 40 * MINUTE, at + wait + 45 * MINUTE, self.commits[-9], True)
        elif passed and failure < 0.12:
            resolved = at + wait + int(self.dice.lognormvariate(4, 1) * MINUTE)
            self._row("incident", execution, opened_at=at + wait + MINUTE, resolved_at=resolved, deployment=execution)

    def _merge(self, at: int) -> None:
        sha = f"{self.dice.getrandbits(160):040x}"
        parents, self.commits = self.commits[-1:], [*self.commits, sha]
        subject = f"=HYPERLINK({HOSTILE})" if self.dice.random() < 0.05 else "tidy the corners"
        key = f"{self.repository}@{sha}"
        self._row("commit", key, repository=self.repository, sha=sha, parents=parents, authored_at=at - MINUTE,
                  committed_at=at, author="ada", subject=subject)  # fmt: skip
        self._row("change", key, repository=self.repository, sha=sha, merged_at=at)

    def _deploy(self, start: int, end: int, commit: str, succeeded: bool, approved: int | None = None) -> str:
        self.deployments += 1
        execution = f"{self.team}-{self.application}-{self.deployments}"
        status, full = ("succeeded", end) if succeeded else ("failed", None)
        url = "javascript:alert(1)" if self.dice.random() < 0.1 else f"https://deck.example/{self.deployments}"
        self._row("execution", execution, root_id=execution, status=status, queued_at=start, started_at=start,
                  finished_at=end, pipeline="deploy", repository=self.repository, commit=commit, url=url)  # fmt: skip
        self._row("rollout", execution, execution_id=execution, action="deploy", environment="production",
                  cluster="web", status=status, started_at=approved or start, first_traffic_at=full,
                  full_traffic_at=full, finished_at=end, version=commit[:12])  # fmt: skip
        return execution

    def _canary(self, execution: str, at: int, passed: bool) -> None:
        score = self.dice.randint(80, 100) if passed else self.dice.randint(0, 40)
        status = "succeeded" if passed else "failed"
        times = {"started_at": at, "finished_at": at + 10 * MINUTE}
        result = {"execution_id": execution, "status": status}
        self._row("canary", execution, score=score, **result, **times)
        self._row(
            "canary_interval", execution, canary_id=execution, judgment_id=execution, score=score, **result, **times
        )
        self._row("canary_judgment", execution, execution_id=execution, score=score, status=status)
        result = {"classification": "pass"} if passed else {"classification": "high", "score_if_passed": 100}
        self._row("canary_metric", execution, judgment_id=execution, metric="latency", groups=["latency"],
                  ratio=1.2, **result)  # fmt: skip

    def _approval(self, execution: str, prompted: int, decided: int) -> None:
        times = {"started_at": prompted, "decided_at": decided}
        self._row("approval", execution, execution_id=execution, status="succeeded", decision="continue",
                  prompt=f"{HOSTILE} to production?", decided_by="grace", **times)  # fmt: skip

    def _row(self, table: str, key: str, **fields: Any) -> None:
        if "application" in FACT_TABLES[table].__struct_fields__:
            fields["application"] = self.application
        fields = self.words.replace_texts(table, fields) if self.words else fields
        self.rows.append((table, {"id": key, **fields}))


def build_organisation(
    folder: Path,
    *,
    end: datetime,
    days: int,
    teams: dict[str, str] = TEAMS,
    timezone: str = "UTC",
    words: Words | None = None,
    goals: dict[str, Any] | None = None,
) -> Path:
    """Ingest and build an organisation, and return the path of its dora.duckdb."""
    pull(Organisation(end, days, teams, words), folder, Request())  # type: ignore[arg-type]
    build.build(Config(data=folder, timezone=timezone, goals=goals or {}))
    return folder / "dora.duckdb"


@pytest.fixture(scope="session")
def midnight() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture(scope="session")
def organisation(tmp_path_factory: pytest.TempPathFactory, midnight: datetime) -> Path:
    """Five applications over 430 days that end last midnight."""
    return build_organisation(tmp_path_factory.mktemp("organisation"), end=midnight, days=430)


@pytest.fixture(scope="session")
def short(tmp_path_factory: pytest.TempPathFactory, midnight: datetime) -> Path:
    """One application over twenty days, with a goal that it meets and one that it misses."""
    goals = {"lead_time": {"at_most": "1000 d"}, "deployment_frequency": {"at_least": 999}}
    folder, teams = tmp_path_factory.mktemp("short"), {"ledger": "money"}
    return build_organisation(folder, end=midnight, days=20, teams=teams, goals=goals)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Return a function that runs a page with query parameters by Streamlit, without a browser."""

    def run_page(database: Path, page: str = "overview", **address: str | list[str]) -> AppTest:
        monkeypatch.setenv("DORA_DATABASE", str(database))
        app = AppTest.from_file(str(APP), default_timeout=120)
        for name, value in address.items():
            app.query_params[name] = value
        if page != "overview":
            app.switch_page(f"app_pages/{page}.py")
        app.run()
        assert not app.exception, app.exception
        return app

    return run_page


@pytest.fixture(scope="session")
def served_database(organisation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the build that the server reads, a copy of the organisation's that a test may replace."""
    return shutil.copy(organisation, tmp_path_factory.mktemp("served") / "dora.duckdb")


@pytest.fixture(scope="session")
def server(served_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the organisation's dashboard, started in another folder than its own, and yield its address."""
    with serve_dashboard(served_database, tmp_path_factory.mktemp("elsewhere")) as address:
        yield address


@pytest.fixture
def swap(served_database: Path, organisation: Path, tmp_path: Path) -> Iterator[Callable[[Path], None]]:
    """Yield a function that replaces the served build, as a nightly run does; the first build is restored."""

    def replace_build(build: Path) -> None:
        Path(shutil.copy(build, tmp_path / "next.duckdb")).replace(served_database)

    yield replace_build
    replace_build(organisation)


@contextlib.contextmanager
def serve_dashboard(database: Path, folder: Path, script: Path = SERVER) -> Iterator[str]:
    """Serve a build on a free port until the block ends."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    with run_server(command, f"http://127.0.0.1:{port}/_stcore/health", folder, DORA_DATABASE=str(database)):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def run_server(command: list[str], health: str, folder: Path, **environment: str) -> Iterator[None]:
    """Run a server in a folder until the block ends; the block starts when the server is healthy."""
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, **environment})
    try:
        wait_until_healthy(health, process)
        yield
    finally:
        process.terminate()
        process.wait(20)


def free_port() -> int:
    """A free port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until_healthy(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        with contextlib.suppress(requests.RequestException):
            if requests.get(url, timeout=5).ok:
                return
        assert process.poll() is None, f"the server ended with {process.returncode}"
        time.sleep(0.1)
    raise TimeoutError(url)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Yield a headless Chromium that makes no requests of its own."""
    if not CHROMIUM.exists():
        if os.environ.get("DORA_REQUIRE_BROWSER") == "1":
            pytest.fail(f"{CHROMIUM} is not installed")
        pytest.skip(f"{CHROMIUM} is not installed")
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture
def build_of() -> Callable[..., Path]:
    """Return the function that builds another organisation."""
    return build_organisation
