"""The commands that publish a build for pages and tools of others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dora.cli import options
from dora.cli.help import SHARE
from dora.render import console

app = typer.Typer()
publish_app = typer.Typer(
    no_args_is_help=True, help="Publish a build for pages and tools of others; each target is replaced as a whole."
)
app.add_typer(
    publish_app, name="publish", rich_help_panel=SHARE, short_help="Publish JSON, Parquet files or tables of PostgreSQL"
)


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
    from dora.export.publish import documents

    delivery, scope = options.open_build(config), options.scope_from(since, until, application, team)
    rows = [{"documents of": name, "count": count} for name, count in documents.write(delivery, folder, scope).items()]
    if not options.print_rows(rows, json=json):
        console.print_table(rows)
        options.print_data_through(delivery.about()["as_of"])


@publish_app.command("parquet", short_help="Every table and roll-up as Parquet files, with a manifest")
def publish_parquet(
    target: Annotated[str, typer.Argument(help="Folder, or address of an object store: s3://…, gs://…, abfs://….")],
    config: options.ConfigFile = None,
    json: options.AsJson = False,
) -> None:
    """Publish every documented table and the roll-ups as Parquet files for BigQuery, Snowflake, Spark or ClickHouse.

    The files of a build lie together under TARGET. TARGET/manifest.json names their folder, their SHA-256 and their
    columns; it is replaced when all of them are written.

    Example: dora publish parquet s3://metrics/dora
    """
    from dora.export.publish import parquet

    delivery = options.open_build(config)
    manifest = parquet.write(delivery, target)
    rows = [
        {
            "table": table.name,
            "rows": table.rows,
            "files": len(table.files),
            "bytes": sum(file.bytes for file in table.files),
        }
        for table in manifest.tables
    ]
    if json:
        console.print_json({"path": manifest.path, "tables": rows})
        return
    console.print_table(rows)
    console.print_note(f"published as {manifest.path} in {target}")
    options.print_data_through(delivery.about()["as_of"])


@publish_app.command("postgres", short_help="Every table and roll-up in PostgreSQL, for Grafana")
def publish_postgres(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="postgresql://USER@HOST:5432/DATABASE, without a password.")
    ],
    schema: Annotated[str, typer.Option(help="Schema of the tables. It is replaced as a whole.")] = "delivery_metrics",
    config: options.ConfigFile = None,
    json: options.AsJson = False,
) -> None:
    """Publish every documented table and the roll-ups into a schema of a PostgreSQL database, in one transaction.

    The password is read from DORA_POSTGRES_PASSWORD, from the file that DORA_POSTGRES_PASSWORD_FILE names, from
    PGPASSWORD or from ~/.pgpass. Who may read the schema may read the new one.

    Example: dora publish postgres postgresql://dora@db.example.com/metrics
    """
    from dora.export.publish import postgres

    delivery = options.open_build(config)
    rows = postgres.write(delivery, url, schema)
    if not options.print_rows(rows, json=json):
        console.print_table(rows)
        console.print_note(f"published into the schema {schema}")
        options.print_data_through(delivery.about()["as_of"])
