"""Connections to a PostgreSQL server; the password comes from the environment or a file, never from the address."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from dora.config.secret_files import read_secret
from dora.errors import AuthError, DoraError, UsageError, install_extra

try:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict
except ImportError:
    raise UsageError("psycopg is not installed; nothing was published.", install_extra("postgres")) from None

PASSWORD, PASSWORD_FILE = "DORA_POSTGRES_PASSWORD", "DORA_POSTGRES_PASSWORD_FILE"
# A password may have any character, so an address is searched before anything reads it.
HAS_PASSWORD = re.compile(r"^\s*\w+://[^/?#]*:.*@|password\s*=", re.IGNORECASE | re.DOTALL)
SETTINGS = {"application_name": "dora publish", "client_encoding": "UTF8", "connect_timeout": "10"}
REFUSALS = ("authentication failed", "no password supplied", "pg_hba.conf", "does not exist", "permission denied")
ADDRESS = "use postgresql://USER@HOST:5432/DATABASE"
SECRETS = f"{PASSWORD}, {PASSWORD_FILE}, PGPASSWORD or ~/.pgpass"


@contextmanager
def connect(address: str) -> Iterator[psycopg.Connection]:
    """Yield a connection in one transaction: committed at the end of the block, rolled back if that fails.

    Raises ``UsageError`` for an address with a password, ``AuthError`` if the server refuses the user and
    ``DoraError`` if it can not be reached or refuses a statement.
    """
    parameters = _read_address(address)
    where = f"The database {parameters.get('dbname', '')} of {parameters.get('host', 'this machine')}"
    if password := read_secret(PASSWORD, os.environ.get(PASSWORD_FILE), "nothing was published"):
        parameters["password"] = password
    try:
        con = psycopg.connect(**{**SETTINGS, **parameters})  # type: ignore[arg-type]
    except psycopg.Error as error:
        raise _explain_refusal(where, error) from None
    try:
        with con, con.transaction():
            yield con
    except psycopg.errors.InsufficientPrivilege as error:
        grant = "let its administrator run GRANT CREATE ON DATABASE for the user, who then owns the schema."
        raise AuthError(f"{where}: {_first_line(error)}; it was not changed.", grant) from None
    except psycopg.Error as error:
        raise DoraError(f"{where}: {_first_line(error)}; it was not changed.", "correct that, and repeat.") from None


def _read_address(address: str) -> dict[str, str]:
    """Return the parameters of an address: a URL, or ``host=… dbname=…``."""
    if HAS_PASSWORD.search(address):
        raise UsageError(
            "The address holds a password, which the list of processes shows to others; nothing was published.",
            f"change that password, give the new one in {SECRETS}, and {ADDRESS}.",
        )
    try:
        return {name: str(value) for name, value in conninfo_to_dict(address).items() if value is not None}
    except psycopg.ProgrammingError:
        raise UsageError("The address of the database can not be read; nothing was published.", f"{ADDRESS}.") from None


def _explain_refusal(where: str, error: psycopg.Error) -> DoraError:
    line = _first_line(error)
    if any(refusal in line for refusal in REFUSALS):
        return AuthError(f"{where}: {line}.", f"check user, database and password, which is read from {SECRETS}.")
    return DoraError(f"{where} can not be reached: {line}.", f"check the address: {ADDRESS}.")


def _first_line(error: psycopg.Error) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
