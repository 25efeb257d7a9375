"""The commands that publish numbers for the pages of others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dora.cli import options
from dora.cli.help import SHARE
from dora.render import console

app = typer.Typer()
publish_app = typer.Typer(no_args_is_help=True, help="Publish numbers as static files for the pages of others.")
app.add_typer(publish_app, name="publish", rich_help_panel=SHARE, short_help="Publish numbers for cards and pages")


@publish_app.command("json", short_help="Documents of teams and applications, with a schema")
def publish_json(
    folder: Annotated[Path, typer.Argument(help="Folder of the documents. It is replaced as a whole.")],
    since: options.Window = "90d",
    until: options.Until = None,
    application: options.Applications = None,
    team: options.Teams = None,
    config: options.ConfigFile = None,
    json: options.AsJson = False,
) -> None:
    """Publish a JSON document for the organisation, each team and each application, an index and a JSON Schema.

    FOLDER becomes a symbolic link to the latest version, so that a web server never serves a mix of two.

    Example: dora publish json /srv/www/dora --since 90d
    """
    from dora.export import publish

    delivery, scope = options.open_build(config), options.scope_from(since, until, application, team)
    rows = [{"documents of": name, "count": count} for name, count in publish.write(delivery, folder, scope).items()]
    if not options.print_rows(rows, json=json):
        console.print_table(rows)
        options.print_data_through(delivery.about()["as_of"])
