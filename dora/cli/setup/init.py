"""The command that makes the first dora.toml: it looks at Gate and repositories, proposes, and asks."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dora.cli import options
from dora.cli.help import START
from dora.cli.setup.new_file import additions, new_file
from dora.cli.setup.proposal import Proposal, propose
from dora.cli.setup.samples import write_samples
from dora.config.patterns import matches
from dora.config.proposals import ProductionProposal
from dora.config.settings import Config, read
from dora.errors import UsageError, counted
from dora.render import console

if TYPE_CHECKING:
    from ingest.setup.gate_probe import GateEvidence

app = typer.Typer()


@app.command(rich_help_panel=START)
def init(
    endpoint: Annotated[str | None, typer.Option(help="Address of Gate, such as https://gate.example.com.")] = None,
    spin_config: Annotated[
        bool, typer.Option("--spin-config", help="Take address and credentials from ~/.spin/config, as spin does.")
    ] = False,
    repositories: Annotated[
        list[str] | None,
        typer.Option(help="Folder with repositories, address of one, or of a git host. May be repeated."),
    ] = None,
    token_env: Annotated[
        str | None, typer.Option(help="Name of the variable with Gate's API token. Default: DORA_GATE_TOKEN.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Confirm every proposal; ask nothing.")] = False,
    samples: Annotated[
        bool, typer.Option("--samples", help="Only write example settings, sample files and notebooks here.")
    ] = False,
    config: options.ConfigFile = None,
) -> None:
    """Write the first dora.toml: look at Gate and repositories, propose production, tags and teams, and ask.

    Nothing is production until you confirm it. A dora.toml that exists is not changed: the lines that it lacks are
    printed. Gate gets at most 43 requests.

    Example: dora init --endpoint https://gate.example.com --repositories https://github.com
    """
    if samples:
        write_samples(Path())
        return
    path = config or Path(os.environ.get("DORA_CONFIG") or "dora.toml")
    existing = read(path) if path.exists() else None
    asks = not yes and sys.stdin.isatty()
    source = _source_settings(existing, endpoint, spin_config, token_env, asks)
    evidence = _probe(source) if source else None
    if evidence:
        _describe(evidence)
    proposal = propose(existing or Config(), source or {}, evidence, repositories or [], asks)
    for note in proposal.notes:
        console.print_note(note)
    if existing is not None:
        _print_additions(path, additions(existing, proposal))
        return
    confirmed = yes or (asks and _confirm_production(proposal))
    path.write_text(new_file(proposal, confirmed))
    _describe_result(path, proposal, confirmed)


def _source_settings(
    existing: Config | None, endpoint: str | None, spin_config: bool, token_env: str | None, asks: bool
) -> dict[str, Any] | None:
    """Return the settings of ``[sources.spinnaker]``: those of the file, else of the options, else what is answered."""
    if existing and not endpoint and not spin_config:
        return existing.sources.get("spinnaker")
    if not endpoint and not spin_config and asks:
        default = "~/.spin/config" if (Path.home() / ".spin" / "config").exists() else ""
        answer = typer.prompt(
            "Address of Gate (~/.spin/config: as spin does; empty: none, I have files)", default=default, err=True
        ).strip()
        spin_config = answer == "~/.spin/config"
        endpoint = None if spin_config or not answer else answer
        if not spin_config and not endpoint:
            return None
    if not endpoint and not spin_config:
        raise UsageError(
            "No Gate was named; nothing was written.",
            "use --endpoint or --spin-config, or copy an example with `dora init --samples` and edit it.",
        )
    settings: dict[str, Any] = {"endpoint": endpoint} if endpoint else {}
    settings |= {"spin_config": True} if spin_config else {}
    return settings | ({"token_env": token_env} if token_env else {})


def _probe(source: dict[str, Any]) -> GateEvidence:
    from ingest.setup.gate_probe import probe_gate

    with console.Progress() as progress:
        return probe_gate(source, progress)


def _describe(evidence: GateEvidence) -> None:
    user = f" as {evidence.user}" if evidence.user else ""
    found = f"{counted(len(evidence.applications), 'application')}, {counted(len(evidence.environments), 'account')}"
    console.print_note(f"{evidence.endpoint} answers{user}: {found}")
    sample = f"{evidence.sampled} of {counted(len(evidence.applications), 'application')}"
    deployed = counted(sum(evidence.deployments.values()), "deployment")
    console.print_note(f"sampled {sample}: {counted(evidence.executions, 'execution')}, {deployed} to an account")
    console.print_note(f"{counted(evidence.requests, 'request')} were sent")
    for warning in evidence.warnings:
        console.print_note(f"warning: {warning}")


def _confirm_production(proposal: Proposal) -> bool:
    """Ask whether the proposed accounts are production; without a sign of one ask for their names."""
    accounts = proposal.production.accounts
    if not accounts:
        return False
    rows = [
        {"account": account.account, "deployments": account.deployments, "reason": account.reason,
         "proposal": "production" if account.is_production else None}
        for account in accounts
    ]  # fmt: skip
    console.print_table(rows, first=["account", "deployments", "proposal"])
    if proposal.production.locations:
        print(f"only in: {', '.join(proposal.production.locations)}")
    if proposal.production.names and typer.confirm("Are these accounts production?", default=True, err=True):
        return True
    answer = typer.prompt("Names of the production accounts, separated by commas; empty: later", default="", err=True)
    globs = [name.strip() for name in answer.split(",") if name.strip()]
    named = [a._replace(is_production=True, reason="named by you") for a in accounts if matches(a.account, globs)]
    others = [a._replace(is_production=False) for a in accounts if not matches(a.account, globs)]
    proposal.production = ProductionProposal([*named, *others], [])
    return bool(proposal.production.names)


def _describe_result(path: Path, proposal: Proposal, confirmed: bool) -> None:
    names = proposal.production.names
    console.print_note(f"{path} is written.")
    if names and confirmed:
        console.print_note(f"production: {', '.join(names)}")
    else:
        console.print_note(f"Nothing is production yet. Next: set production_accounts under [definitions] in {path}.")
    without = [line.name for line in proposal.repositories if not line.address]
    if without:
        unknown = counted(len(without), "repository", "repositories")
        console.print_note(f"Next: write the addresses of {unknown} into {path}.")
    console.print_note("Next: dora nightly && dora show")


def _print_additions(path: Path, lines: list[str]) -> None:
    if lines:
        print("\n".join(lines).rstrip())
        console.print_note(f"{path} is not changed. Next: paste the lines above into it.")
    else:
        console.print_note(f"{path} is not changed: it has everything that was found.")
