"""Read a section of dora.toml as a struct, with errors that name the key and what to write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from dora.errors import UsageError
from dora.unknown_keys import explain_unknown_key, split_validation_error

_SECRETS = re.compile(r"(api|access|auth)?[_-]?(token|key|password|secret|authorization)", re.IGNORECASE)
T = TypeVar("T", bound=msgspec.Struct)


def read_section(settings: Mapping[str, Any], struct: type[T], section: str) -> T:
    """Return the settings of a section; raises ``UsageError`` for a secret, an unknown key or a wrong value."""
    for key in settings:
        if key not in struct.__struct_encode_fields__ and _SECRETS.fullmatch(key):
            raise UsageError(
                f"{section} holds a secret under {key!r}; nothing was fetched.",
                "put it into the environment variable that token_env names, or into the file of token_file, and "
                "remove it here.",
            )
    try:
        return msgspec.convert(dict(settings), struct)
    except msgspec.ValidationError as error:
        if unknown := explain_unknown_key(error, struct):
            raise UsageError(f"{section}{unknown[0]}; nothing was fetched.", unknown[1]) from None
        problem, where = split_validation_error(error)
        raise UsageError(
            f"{section}{where}: {problem}; nothing was fetched.", "write it as dora.example.toml does."
        ) from None
