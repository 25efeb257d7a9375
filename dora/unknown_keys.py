"""Keys of dora.toml that do not exist: which table lacks them, and what they may mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from dora.errors import suggest

_UNKNOWN_KEY = re.compile(r"Object contains unknown field `(.+)`")


def explain_unknown_key(error: msgspec.ValidationError, struct: Any) -> tuple[str, str] | None:
    """Return what happened, as the rest of a sentence that names the table, and what to do; None for other errors."""
    problem, path = split_validation_error(error)
    if not (unknown := _UNKNOWN_KEY.fullmatch(problem)):
        return None
    return f"{path} has no key {unknown[1]}", suggest(unknown[1], _keys(struct, path.strip()))


def split_validation_error(error: msgspec.ValidationError) -> tuple[str, str]:
    """Return what is wrong and where; msgspec writes "what is wrong - at `$.key[0].inner`"."""
    problem, _, path = str(error).partition(" - at `$")
    return problem, re.sub(r"^\.", " ", path.rstrip("`"))


def _keys(kind: Any, path: str) -> list[str]:
    """Return the keys of the table at a path, such as `` login`` or ``repositories[0]``."""
    about = kind if isinstance(kind, msgspec.inspect.Type) else msgspec.inspect.type_info(kind)
    fields = {field.encode_name: field for struct in _structs_in(about) for field in struct.fields}
    name, _, rest = path.partition(".")
    field = fields.get(name.partition("[")[0])
    return _keys(field.type, rest) if field else list(fields)


def _structs_in(kind: Any) -> Iterator[msgspec.inspect.StructType]:
    """Yield the structs that a value can be, or that an array or object has."""
    if isinstance(kind, msgspec.inspect.StructType):
        yield kind
    inner = [getattr(kind, name, None) for name in ("type", "item_type", "value_type")]
    for each in (*getattr(kind, "types", ()), *inner):
        if each is not None:
            yield from _structs_in(each)
