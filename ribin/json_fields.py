"""Fields of a JSON object that somebody else wrote, each of the kind that is needed."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from ribin.errors import FormatError

_Kind = TypeVar("_Kind")
_WORDS: dict[type, str] = {str: "a text", int: "a whole number", float: "a number"}
_WORDS |= {bool: "true or false", dict: "an object", list: "a list"}
_SHOWN = 60  # characters of a wrong value that a message repeats


def read_object(content: bytes, where: str) -> dict[str, Any]:
    """The object that a JSON text is.

    Raises
    ------
    FormatError
        It is not UTF-8, not JSON, nested beyond reason, has a key twice, or is no object.
    """
    try:
        value = json.loads(content.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{where}: a JSON object needed, {_line(error)}") from error
    if not isinstance(value, dict):
        raise FormatError(f"{where}: a JSON object needed, found {_shown(value)}")
    return value


def field_of(table: dict[str, Any], name: str, kind: type[_Kind], where: str) -> _Kind:
    """The value of a key; FormatError where it is missing or of another kind."""
    value = table.get(name)
    found = _found(value) if name in table else "found none"
    if kind is float and isinstance(value, int) and abs(value) < 1 << 53:
        value = float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise FormatError(f"{where}: {name} needs {_WORDS[kind]}, {found}")
    return value


def objects_of(table: dict[str, Any], name: str, where: str) -> list[dict[str, Any]]:
    """The value of a key that is a list of objects."""
    values = field_of(table, name, list, where)
    for value in values:
        if not isinstance(value, dict):
            raise FormatError(f"{where}: {name} needs objects, found {_shown(value)}")
    return values


def only_fields(table: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    """Refuse a key that means nothing; what it says would be lost."""
    unknown = sorted(table.keys() - set(known))
    if unknown:
        raise FormatError(f"{where}: no key {_shown(unknown[0])}; known: {', '.join(known)}")


def hex_of(table: dict[str, Any], name: str, size: int, where: str) -> str:
    """The value of a key that is `size` bytes in lower-case hexadecimal digits."""
    text = field_of(table, name, str, where)
    if len(text) != 2 * size or not set(text) <= set("0123456789abcdef"):
        raise FormatError(f"{where}: {name} needs {2 * size} hexadecimal digits, {_found(text)}")
    return text


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a key occurs twice")
    return table


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _found(value: object) -> str:
    return f"found {_shown(value)}"


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested too deeply, or a number of too many digits
        text = "something too large to show"
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
