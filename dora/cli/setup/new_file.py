"""The text of a new dora.toml, and the lines that an existing one lacks."""

from __future__ import annotations

from dora.cli.setup.proposal import Proposal
from dora.config import applications, teams
from dora.config.definitions import Definitions
from dora.config.patterns import matches
from dora.config.settings import Config
from dora.config.settings_text import array, comment, pattern_lines, production_lines, repository_lines, team_lines

HEAD = """\
# Settings of delivery-metrics, written by `dora init`. It never changes this file: run again, it prints what it would
# add. `dora config show` explains every definition, `dora init --samples` writes an example of all settings.

timezone = "UTC"  # of days and weeks, such as "Europe/Berlin"
"""
TOKEN_LINE = '# token_env = "DORA_GATE_TOKEN"  # name of the variable with an API token; never the token itself'  # noqa: S105
DECK = '# deck = "https://spinnaker.example.com"  # for links to executions'
SOURCES = ("spinnaker", "git", "files")  # that have lines of their own


def new_file(proposal: Proposal, confirmed: bool) -> str:
    """Return the text of a new dora.toml; production is a comment unless it is ``confirmed``."""
    lines = [HEAD]
    if proposal.source:
        token = [] if any(line.startswith("token_env") for line in proposal.source) else [TOKEN_LINE]
        lines += ["[sources.spinnaker]", *proposal.source, *token, DECK, ""]
    if proposal.repositories:
        lines += ["[sources.git]", "repositories = [", *repository_lines(proposal.repositories), "]", ""]
    lines += [*_incident_lines(), "", "[definitions]", *_production(proposal, confirmed)]
    lines += pattern_lines(proposal.patterns, Definitions().tag_patterns) if proposal.patterns else []
    lines += _path_lines(proposal)
    lines += ["", "[teams]", *_team_section(proposal)]
    return "\n".join(lines) + "\n"


def _production(proposal: Proposal, confirmed: bool) -> list[str]:
    lines = production_lines(proposal.production, confirmed)
    if proposal.production.names and confirmed:
        return lines
    example = [] if proposal.production.names else ['# production_accounts = ["ACCOUNT"]']
    return [comment("Nothing is production until these lines say so:"), *lines, *example]


def _path_lines(proposal: Proposal) -> list[str]:
    """Return how to divide shared repositories, as comments: without it all their changes are of each application."""
    lines = []
    for repository, names in proposal.shared.items():
        about = f"{repository} is shared by {', '.join(names)}: add paths = true to it, and for each application"
        lines += ["", comment(about), "# [[applications]]", f"# match = {array(names[:1])}"]
        lines.append(f"# paths = {array([f'services/{names[0]}/**'])}")
    return lines


def _incident_lines() -> list[str]:
    """Return sources of incidents as comments: without one, what failed is known by rollbacks and fixes alone."""
    from ingest import sources

    lines = [comment("Incidents tell which deployments failed; without them only rollbacks and fixes forward do.")]
    lines += ["# [sources.files]", '# paths = ["exports/incidents-*.csv"]  # id, application, opened_at, resolved_at']
    others = [f"[sources.{name}]" for name in sorted(sources()) if name not in SOURCES]
    return lines + ([comment(f"Or {', '.join(others)}, as dora.example.toml says.")] if others else [])


def _team_section(proposal: Proposal) -> list[str]:
    if not proposal.teams:
        return [comment('Teams are those of Spinnaker. Entries here come first: payments = ["ledger", "pay-*"]')]
    return [comment("From the owners of the applications in Spinnaker."), *team_lines(proposal.teams)]


def additions(existing: Config, proposal: Proposal) -> list[str]:
    """Return the lines that the settings lack, each part with the table that it belongs to; none if nothing is new."""
    definitions = existing.definitions
    lines: list[str] = []
    if proposal.source and "spinnaker" not in existing.sources:
        lines += ["[sources.spinnaker]", *proposal.source, ""]
    if entries := repository_lines(proposal.repositories):
        if "git" in existing.sources:
            lines += [comment("add to repositories of [sources.git]:"), *entries, ""]
        else:
            lines += ["[sources.git]", "repositories = [", *entries, "]", ""]
    globs = definitions.get("production_accounts", [])
    missing = [name for name in proposal.production.names if not matches(name, globs)]
    keys = [f"production_accounts = {array([*globs, *missing])}"] if missing else []
    if proposal.patterns:
        keys += pattern_lines(proposal.patterns, definitions.get("tag_patterns", Definitions().tag_patterns))
    if keys:
        lines += [comment("in [definitions]:") if definitions else "[definitions]", *keys, ""]
    if new_teams := _new_teams(existing, proposal):
        lines += [comment("in [teams]:") if existing.teams else "[teams]", *team_lines(new_teams), ""]
    return lines


def _new_teams(existing: Config, proposal: Proposal) -> dict[str, list[str]]:
    """Return the teams whose applications no entry of the settings has; renamed applications have their new name."""
    entries = applications.read_entries(existing)
    rules = [rule.match for rule in teams.read_rules(existing)]
    result = {}
    for team, names in proposal.teams.items():
        left = [name for name in names if not matches(applications.rename(entries, name), rules)]
        if left:
            result[team] = left
    return result
