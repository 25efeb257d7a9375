"""What the last build of a store leaves for the next one: its parts, their results, and what all of them said."""

from __future__ import annotations

import msgspec

from dora.parts import layout
from dora.parts.plan import LATE
from dora.parts.store import Store
from dora.storage.database import Connection

BUILD = "build.json"
# What is known of sources that are new since then is a guess; the rest is as the last build had it.
BY_KEY = {"first_days": "source", "source_starts": "source"}


class Result(msgspec.Struct, frozen=True):
    """Where the result of a part is, and hashes of what it was built from: its rows, and what others say."""

    folder: str
    content: str
    late: str


class LastBuild(msgspec.Struct, frozen=True):
    """A published build: its id, the part of each application and the result of each part."""

    id: str
    parts: dict[str, int]
    results: list[Result]


def read_last_build(store: Store) -> LastBuild | None:
    """Return the last build that was published from a store; null if there is none."""
    if not store.exists(layout.CURRENT):
        return None
    build_id = store.read(layout.CURRENT).decode()
    return msgspec.json.decode(store.read(f"{layout.build_folder(build_id)}/{BUILD}"), type=LastBuild)


def recall_late_facts(con: Connection, store: Store, last: LastBuild) -> None:
    """Replace the guesses in a scratch file by what the parts of the last build said."""
    for name in LATE:
        rows = store.read_table(f"{layout.build_folder(last.id)}/late/{name}.parquet")
        con.register("last_rows", rows)
        if key := BY_KEY.get(name):
            con.execute(f"DELETE FROM {name} WHERE {key} IN (SELECT {key} FROM last_rows)")  # noqa: S608 - our names
        else:
            con.execute(f"DELETE FROM {name}")  # noqa: S608 - our names
        con.execute(f"INSERT INTO {name} FROM last_rows")
        con.unregister("last_rows")


def write_last_build(con: Connection, store: Store, build: LastBuild) -> None:
    """Write a build that is published, and last of all that it is the current one."""
    folder = layout.build_folder(build.id)
    for name in LATE:
        store.write_table(f"{folder}/late/{name}.parquet", con.sql(f"FROM {name}").to_arrow_table())
    store.write(f"{folder}/{BUILD}", msgspec.json.encode(build))
    store.write(f"{folder}/{layout.SUCCESS}", b"")
    store.write(layout.CURRENT, build.id.encode())


def remove_old_builds(store: Store) -> None:
    """Remove the results that the last build does not use, and what builds that failed left."""
    last = read_last_build(store)
    used = {result.folder for result in last.results} if last else set()
    for build_id in store.folders(layout.BUILDS):
        if last and build_id == last.id:
            continue
        folder = layout.build_folder(build_id)
        if not any(result.startswith(f"{folder}/") for result in used):
            store.delete(folder)
