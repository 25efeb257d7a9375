"""The command ``digest``: the brief of a period with its scorecard, printed or sent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dora.cli import options
from dora.cli.help import SHARE
from dora.config.digest import DEFAULT_WINDOW
from dora.config.settings import read
from dora.export.digest.message import EMPTY, SILENT
from dora.query.value import Scope
from dora.render import console

STDOUT = "stdout"
app = typer.Typer()


@app.command(rich_help_panel=SHARE, short_help="Print or send the brief and the key metrics of every team")
def digest(
    since: Annotated[str | None, typer.Option(help=f"{options.START} Default: of the destination, else 90d.")] = None,
    until: options.Until = None,
    application: options.Applications = None,
    team: options.Teams = None,
    to: Annotated[
        list[str] | None,
        typer.Option("--to", help="Send it: slack, teams, mail, another [digest.NAME] of dora.toml, or stdout."),
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Print what would be sent, and send nothing. Default: every destination.")
    ] = False,
    only_if_news: Annotated[
        bool, typer.Option("--only-if-news", help="Send nothing if the brief has no sentence.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Send it although this build and window was sent there before.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write the messages and pictures to this folder, and send nothing.")
    ] = None,
    config: options.ConfigFile = None,
    wide: options.Wide = False,
    json: options.AsJson = False,
) -> None:
    """Print the brief: at most three sentences on what needs a decision, and the key metrics of every team.

    With --to it is sent, at once, but one build and window only once to a place; --show shows it first.

    Example: dora digest --to slack --to mail --since 30d
    """
    sent_to = [name for name in dict.fromkeys(to or ()) if name != STDOUT]
    if sent_to or ((show or out) and not to):
        from dora.cli.senders.run import Order, run

        order = Order(since, until, tuple(application or ()), tuple(team or ()), show, only_if_news, again, out)
        results = run(read(config), sent_to, order)
        if json:
            console.print_json(results.rows)
        elif not out:
            for row in results.rows:
                if content := row.get("content"):
                    print(content)
        results.check()
    if STDOUT in (to or ()) or not (to or show or out):
        scope = options.scope_from(since or DEFAULT_WINDOW, until, application, team)
        _print_brief(config, scope, json=json)


def _print_brief(config: Path | None, scope: Scope, *, json: bool) -> None:
    delivery = options.open_build(config)
    brief = delivery.brief(scope)
    if json:
        console.print_json(brief.plain())
        return
    for number, sentence in enumerate(brief.sentences, 1):
        print(f"{number}. {sentence.text}")
        print(f"   {sentence.link.label}: {sentence.link.command}")
    if not brief.sentences:
        print(SILENT if brief.scorecard.rows else EMPTY)
    print()
    console.print_table(brief.scorecard.lines())
    console.print_note(brief.summary)
    if brief.earlier is None:
        console.print_note("no comparison: history does not cover the period before")
    options.print_data_through(delivery.about()["as_of"])
