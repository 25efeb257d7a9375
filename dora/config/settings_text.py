"""Write dora.toml: the lines of each proposal with the reason for it, for a new file and to paste into one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from dora.config.proposals import ProductionProposal
from dora.errors import counted

MAX_REASONS = 30  # comment lines about accounts that are not proposed


class RepositoryLine(NamedTuple):
    """One repository: its name, its address if it is known, and how many sampled deployments name it."""

    name: str
    address: str | None
    deployments: int


def array(items: Iterable[str]) -> str:
    """Return an array of strings as TOML."""
    return f"[{', '.join(map(quote, items))}]"


def quote(text: str) -> str:
    """Return a string as TOML: a JSON string is one."""
    return json.dumps(text, ensure_ascii=False)


def key(name: str) -> str:
    """Return a key as TOML; one with other characters than letters, digits, - and _ is quoted."""
    return name if name and all(c.isascii() and (c.isalnum() or c in "-_") for c in name) else quote(name)


def comment(text: str) -> str:
    """Return a text as a comment of one line."""
    return "# " + " ".join(text.split())


def production_lines(proposal: ProductionProposal, confirmed: bool) -> list[str]:
    """Return ``[definitions]`` with the proposed accounts; as comments unless they are confirmed."""
    mark = "" if confirmed else "# "
    lines = []
    if proposal.names:
        lines.append(f"{mark}production_accounts = [")
        for account in proposal.accounts:
            if account.is_production:
                name = f"  {quote(account.account)},"
                lines.append(
                    f"{mark}{name:<24} # {counted(account.deployments, 'deployment')}; {_line(account.reason)}"
                )
        lines.append(f"{mark}]")
    if proposal.locations:
        lines.append(f"{mark}production_locations = {array(proposal.locations)}  # their namespaces or regions")
    others = [account for account in proposal.accounts if not account.is_production]
    for account in others[:MAX_REASONS]:
        seen = counted(account.deployments, "deployment")
        lines.append(comment(f"not production: {account.account} ({seen}; {account.reason})"))
    return lines


def repository_lines(repositories: Sequence[RepositoryLine], indent: str = "  ") -> list[str]:
    """Return the entries of ``repositories``; without an address as a comment."""
    lines = []
    for name, address, deployments in repositories:
        seen = f"  # {counted(deployments, 'deployment')}" if deployments else ""
        if address is None:
            lines.append(f'{indent}# {{ url = "ADDRESS", name = {quote(name)} }},{seen} where is it?')
            continue
        name_key = "" if _default_name(address) == name else f", name = {quote(name)}"
        lines.append(f"{indent}{{ url = {quote(address)}{name_key} }},{seen}")
    return lines


def team_lines(teams: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the entries of ``[teams]``."""
    return [f"{key(team)} = {array(applications)}" for team, applications in teams.items()]


def pattern_lines(patterns: Sequence[str], defaults: Sequence[str]) -> list[str]:
    """Return ``tag_patterns`` with the defaults, which it would replace."""
    return [f"tag_patterns = {array([*defaults, *patterns])}  # as the tags of the repositories are called"]


def _default_name(address: str) -> str:
    """Return the name that an address has by default, as ``[sources.git]`` reads it: its last two parts."""
    path = address.partition("://")[2].partition("/")[2] if "://" in address else address.rpartition(":")[2]
    return "/".join([part for part in path.split("/") if part][-2:]).removesuffix(".git")


def _line(text: str) -> str:
    return " ".join(text.split())
