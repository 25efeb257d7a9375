"""Find out what a Gate shows: applications, accounts, and of a sample of executions where they deploy, and what.

Few requests: who we are, the applications, the accounts, and one page of executions of at most ``MAX_SAMPLE``
applications.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from dora.errors import DoraError
from dora.storage.rows.executions import Execution, Rollout
from dora.storage.rows.inventory import Account, Application
from ingest.payloads.archive import Document
from ingest.spinnaker.auth.connect import check_login, connect
from ingest.spinnaker.client.gate import Gate
from ingest.spinnaker.parse.document import parse_document
from ingest.spinnaker.settings import parse_settings

MAX_SAMPLE = 40  # applications, as in `dora doctor`: Gate allows 60 requests in ten seconds
PAGE = 20  # executions; Orca loads twice as many for a page
SAMPLE_DAYS = 90
# The repository hosts that Spinnaker's applications name by type; a Stash has no public address.
HOSTS = {"github": "https://github.com", "gitlab": "https://gitlab.com", "bitbucket": "https://bitbucket.org"}
# Providers to which nothing is deployed.
REGISTRIES = ("dockerregistry", "docker-registry")


class Target(msgspec.Struct, frozen=True):
    """An account and a namespace or region in it."""

    account: str
    location: str | None


class GateEvidence(msgspec.Struct, kw_only=True):
    """What a Gate shows of an organisation.

    ``environments`` has each account that can be deployed to, with its environment if one is configured;
    ``guarded_accounts`` ask before destructive actions. ``deployments`` counts sampled executions by target,
    ``repositories`` by the repository that their commit names. ``versions`` are the tags of images that name no
    commit, by application. ``hosts`` are the repository hosts of the applications, by repository.
    """

    endpoint: str
    user: str | None = None
    applications: dict[str, Application] = {}
    sampled: int = 0
    executions: int = 0
    environments: dict[str, str | None] = {}
    guarded_accounts: list[str] = []
    deployments: Counter[Target] = msgspec.field(default_factory=Counter)
    repositories: Counter[str] = msgspec.field(default_factory=Counter)
    versions: dict[str, set[str]] = {}
    hosts: dict[str, str] = {}
    requests: int = 0
    warnings: list[str] = []


def probe_gate(settings: Mapping[str, Any], report: Callable[[str], None] = lambda _: None) -> GateEvidence:
    """Log in and read what a Gate shows; ``settings`` are those of ``[sources.spinnaker]``.

    An application whose executions can not be read is named among the warnings. Raises ``AuthError`` if Gate does not
    accept the credentials, and any other ``DoraError`` if it does not answer.
    """
    warnings: list[str] = []
    session = connect(parse_settings(settings), warnings.append, attempts=2)
    check_login(session)
    gate = Gate(session)
    bodies, _ = gate.list_applications()
    evidence = GateEvidence(endpoint=session.endpoint, warnings=warnings)
    evidence.user = _read_user(session.get("/auth/user", allow_empty=True).body)
    for row in _rows("application", bodies.values()):
        if isinstance(row, Application):
            evidence.applications[row.application] = row
    evidence.hosts = _read_hosts(bodies.values())
    _read_accounts(evidence, gate)
    names = sorted(evidence.applications)
    sample = names[:: -(-len(names) // MAX_SAMPLE)] if names else []
    for number, name in enumerate(sample, 1):
        report(f"executions of {name} ({number} of {len(sample)})")
        _read_executions(evidence, gate, name)
    evidence.requests = session.requests
    return evidence


def _read_executions(evidence: GateEvidence, gate: Gate, application: str) -> None:
    end = datetime.now(UTC) + timedelta(days=1)  # Gate's clock may be ahead
    start = end - timedelta(days=SAMPLE_DAYS + 1)
    bounds = (round(start.timestamp() * 1000), round(end.timestamp() * 1000))
    try:
        listed = gate.search_executions(application, *bounds, PAGE, expand=True)
    except DoraError as error:
        evidence.warnings.append(f"{application}: {error.happened}")
        return
    evidence.sampled += 1
    for execution in listed:
        rows = list(_rows("execution", [execution.body]))
        evidence.executions += bool(rows)
        _count(evidence, rows)


def _count(evidence: GateEvidence, rows: list[Any]) -> None:
    rollouts = [row for row in rows if isinstance(row, Rollout) and row.action == "deploy" and row.status != "skipped"]
    evidence.deployments.update({Target(row.account, row.location) for row in rollouts if row.account})
    for execution in (row for row in rows if isinstance(row, Execution)):
        if execution.repository and rollouts:
            evidence.repositories[execution.repository] += 1
        if not execution.commit:
            for rollout in rollouts:
                images = rollout.images or ([rollout.version] if rollout.version else [])
                tags = {tag for image in images if (tag := _tag(image))}
                evidence.versions.setdefault(rollout.application, set()).update(tags)


def _tag(image: str) -> str:
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]


def _read_accounts(evidence: GateEvidence, gate: Gate) -> None:
    try:
        bodies = gate.list_accounts()
    except DoraError as error:
        evidence.warnings.append(f"accounts: {error.happened}")
        return
    for row in _rows("account", bodies):
        if isinstance(row, Account) and (row.provider or "").lower() not in REGISTRIES:
            # Without a configured environment Clouddriver repeats the account's name, or its type.
            configured = row.environment not in (row.account, row.provider, None)
            evidence.environments[row.account] = row.environment if configured else None
    for document in _objects(bodies):
        if document.get("challengeDestructiveActions") is True and document.get("name") in evidence.environments:
            evidence.guarded_accounts.append(document["name"])


def _read_hosts(bodies: Iterable[bytes]) -> dict[str, str]:
    """Return the address of the host of each repository that an application names."""
    hosts = {}
    for document in _objects(bodies):
        attributes = {**document, **(document.get("attributes") or {})}
        project, slug = attributes.get("repoProjectKey"), attributes.get("repoSlug")
        host = HOSTS.get(str(attributes.get("repoType")).lower())
        if project and slug and host:
            hosts[f"{project}/{slug}"] = host
    return hosts


def _read_user(body: bytes) -> str | None:
    for document in _objects([body]):
        if name := document.get("username"):
            return str(name)
    return None


def _objects(bodies: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for body in bodies:
        with suppress(ValueError, RecursionError):
            document = msgspec.json.decode(body)
            if isinstance(document, dict):
                yield document


def _rows(kind: str, bodies: Iterable[bytes]) -> Iterator[Any]:
    """Yield the rows of documents; one that can not be read is left out, as an ingest will quarantine it."""
    for body in bodies:
        with suppress(ValueError, RecursionError):
            yield from parse_document(Document(kind, body), None, ())
