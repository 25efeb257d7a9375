"""Convert tables of dora.toml to typed structs, with errors that name the key and the values that it takes."""

from __future__ import annotations

from typing import Any

import msgspec

from dora.errors import UsageError
from dora.unknown_keys import explain_unknown_key, split_validation_error


def convert(value: object, kind: Any, where: str, *, expected: str = "") -> Any:
    """Return a value of dora.toml as ``kind``, a type that msgspec knows.

    Raises ``UsageError`` with ``where`` the value is, the path of the key in it, and what to write: ``expected``, or
    the choices or default of that field; ``kind`` is then a struct.
    """
    try:
        return msgspec.convert(value, kind, dec_hook=lambda custom_type, text: custom_type(text))  # of a Path
    except msgspec.ValidationError as error:
        if unknown := explain_unknown_key(error, kind):
            raise UsageError(f"{where}{unknown[0]}; nothing was read.", expected or unknown[1]) from None
        problem, path = split_validation_error(error)
        raise UsageError(
            f"{where}{path}: {problem}; nothing was read.", expected or _expected(kind, path.strip())
        ) from None


def _expected(struct: type[msgspec.Struct], path: str) -> str:
    """Return what to write: choices, the default or the example of the key, else the keys that there are."""
    fields = {field.name: field for field in msgspec.inspect.type_info(struct).fields}  # type: ignore[attr-defined]
    name, _, rest = path.partition(".")
    field = fields.get(name.partition("[")[0])
    for kind in getattr(field and field.type, "types", ()):  # of a union, such as Login | None
        if isinstance(kind, msgspec.inspect.StructType):
            return _expected(kind.cls, rest)
    if field is None:
        return f"use the keys {', '.join(fields)}."
    if field.default is msgspec.NODEFAULT:
        return f"write {field.name} as dora.example.toml does."
    if allowed := choices(field.type):
        return f"use one of {', '.join(allowed)}."
    return f"write a value such as {msgspec.json.encode(field.default, enc_hook=str).decode()}."


def choices(kind: msgspec.inspect.Type) -> tuple[str, ...]:
    """Return the words that a type, or the items of an array, may be; none if they are free."""
    if isinstance(kind, msgspec.inspect.Metadata):
        return choices(kind.type)
    if isinstance(kind, msgspec.inspect.VarTupleType):
        return choices(kind.item_type)
    return tuple(map(str, kind.values)) if isinstance(kind, msgspec.inspect.LiteralType) else ()
