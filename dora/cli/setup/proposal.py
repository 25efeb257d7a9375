"""What `dora init` proposes: from what Gate, repositories and the settings in force say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import typer

from dora.config import teams
from dora.config.definitions import Definitions
from dora.config.patterns import fold
from dora.config.proposals import ProductionProposal, TargetUse, propose_production, propose_tag_patterns, propose_teams
from dora.config.settings import Config
from dora.config.settings_text import RepositoryLine, quote
from dora.errors import DoraError, counted

if TYPE_CHECKING:
    from ingest.setup.gate_probe import GateEvidence

MAX_TAG_LISTS = 20  # repositories whose tags are listed


@dataclass
class Proposal:
    """What `dora init` would write, in the parts of dora.toml.

    ``source`` has the lines of ``[sources.spinnaker]``, ``shared`` the applications of each repository that has
    several, ``notes`` what could not be found out.
    """

    source: list[str] = field(default_factory=list)
    production: ProductionProposal = field(default_factory=lambda: ProductionProposal([], []))
    repositories: list[RepositoryLine] = field(default_factory=list)
    patterns: list[str] = field(default_factory=list)
    teams: dict[str, list[str]] = field(default_factory=dict)
    shared: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def propose(
    existing: Config, source: dict[str, Any], evidence: GateEvidence | None, places: list[str], asks: bool
) -> Proposal:
    """Return what ``existing`` lacks; ``places`` are where repositories are, else the user is asked if ``asks``."""
    lines = [f"{key} = {quote(value) if isinstance(value, str) else 'true'}" for key, value in source.items()]
    proposal = Proposal(lines)
    if evidence is None:
        return proposal
    proposal.production = propose_production(_uses(evidence))
    proposal.repositories = _propose_repositories(existing, evidence, places, asks, proposal.notes)
    tags = _list_tags(existing, evidence, proposal)
    patterns = existing.definitions.get("tag_patterns", Definitions().tag_patterns)
    versions = {version for of_application in evidence.versions.values() for version in of_application}
    proposal.patterns = propose_tag_patterns(versions, tags, patterns)
    proposal.shared = _shared_repositories(evidence)
    owners = {name: row.owner for name, row in evidence.applications.items() if not row.team}
    proposal.teams = propose_teams(owners, [rule.match for rule in teams.read_rules(existing)])
    return proposal


def _shared_repositories(evidence: GateEvidence) -> dict[str, list[str]]:
    by_repository: dict[str, list[str]] = {}
    for name, row in sorted(evidence.applications.items()):
        if row.repository:
            by_repository.setdefault(row.repository, []).append(name)
    return {repository: names for repository, names in by_repository.items() if len(names) > 1}


def _uses(evidence: GateEvidence) -> list[TargetUse]:
    """Return the targets that deployments touched, and the accounts that none of the sampled ones did."""
    guarded = set(evidence.guarded_accounts)
    uses = [
        TargetUse(
            target.account,
            target.location,
            evidence.environments.get(target.account),
            count,
            target.account in guarded,
        )
        for target, count in evidence.deployments.items()
    ]
    touched = {use.account for use in uses}
    return uses + [
        TargetUse(account, None, environment, 0, account in guarded)
        for account, environment in evidence.environments.items()
        if account not in touched
    ]


def _propose_repositories(
    existing: Config, evidence: GateEvidence, places: list[str], asks: bool, notes: list[str]
) -> list[RepositoryLine]:
    """Return the repositories that commits or applications name and that are not configured, with their addresses."""
    from ingest.setup.repositories import address_at, find_repositories, is_host, match_repository

    counts = {**dict.fromkeys(filter(None, (row.repository for row in evidence.applications.values())), 0)}
    names = {fold(name): name for name in counts}
    for name, count in evidence.repositories.items():
        counts[names.setdefault(fold(name), name)] = count
    configured = _configured_repositories(existing)
    missing = {name: count for name, count in counts.items() if fold(name) not in configured}
    if missing and not places and asks:
        question = f"Where are {', '.join(list(missing)[:3])} …? A folder, or the git host; empty: as Spinnaker says"
        answer = typer.prompt(question, default="", err=True)
        places = [answer.strip()] if answer.strip() else []
    addresses = find_repositories(places)
    hosts = [place for place in places if is_host(place)]
    lines = []
    for name, count in sorted(missing.items(), key=lambda item: (-item[1], item[0])):
        host = hosts[0] if hosts else None if places else evidence.hosts.get(name)
        address = match_repository(name, addresses) or (address_at(host, name) if host else None)
        lines.append(RepositoryLine(name, address, count))
    if unknown := [line.name for line in lines if not line.address]:
        notes.append(f"no address for {counted(len(unknown), 'repository', 'repositories')}: {', '.join(unknown[:5])}")
        notes.append("name a folder or the git host with --repositories, such as https://github.com")
    return lines


def _configured_repositories(existing: Config) -> set[str]:
    from ingest.git.settings import read_settings

    section = existing.sources.get("git")
    return {fold(repository.name) for repository in read_settings(section).repositories} if section else set()


def _list_tags(existing: Config, evidence: GateEvidence, proposal: Proposal) -> list[str]:
    """Return the tags of the repositories of applications whose images name a version and no commit."""
    from ingest.git.settings import read_settings
    from ingest.setup.repositories import list_tags

    section = existing.sources.get("git")
    configured = read_settings(section).repositories if section else []
    addresses = {fold(repository.name): repository.url for repository in configured}
    addresses |= {fold(line.name): line.address for line in proposal.repositories if line.address}
    named = [evidence.applications[name].repository for name in evidence.versions if name in evidence.applications]
    of_versions = dict.fromkeys(addresses[fold(name)] for name in named if name and fold(name) in addresses)
    tags, failures = [], []
    for address in list(of_versions)[:MAX_TAG_LISTS]:
        try:
            tags += list_tags(address)
        except DoraError as error:
            failures.append(error.happened)
    if failures:
        unread = counted(len(failures), "repository", "repositories")
        proposal.notes.append(f"the tags of {unread} could not be listed, the first: {failures[0]}")
    return tags
