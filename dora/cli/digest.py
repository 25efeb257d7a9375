"""The command ``digest``: the brief of a period with its scorecard."""

from __future__ import annotations

import typer

from dora.cli import options
from dora.cli.help import SHARE
from dora.query.value import Scope
from dora.render import console

app = typer.Typer()


@app.command(rich_help_panel=SHARE, short_help="Print the brief and the key metrics of every team")
def digest(
    since: options.Window = "90d",
    until: options.Until = None,
    application: options.Applications = None,
    team: options.Teams = None,
    config: options.ConfigFile = None,
    wide: options.Wide = False,
    json: options.AsJson = False,
) -> None:
    """Print the brief: at most three sentences on what needs a decision, and the key metrics of every team.

    Example: dora digest --since 30d
    """
    delivery = options.open_build(config)
    scope: Scope = options.scope_from(since, until, application, team)
    brief = delivery.brief(scope)
    if json:
        console.print_json(brief.plain())
        return
    for number, sentence in enumerate(brief.sentences, 1):
        print(f"{number}. {sentence.text}")
        print(f"   {sentence.link.label}: {sentence.link.command}")
    if not brief.sentences:
        print("Nothing needs a decision." if brief.scorecard.rows else "Nothing to compare in this window.")
    print()
    console.print_table(brief.scorecard.lines())
    console.print_note(brief.summary)
    if brief.earlier is None:
        console.print_note("no comparison: history does not cover the period before")
    options.print_data_through(delivery.about()["as_of"])
