"""Text that somebody else wrote, decoded strictly into typed facts; a refusal is one clear line.

The shape of a file stands in types: `Statement` with the patterns and lengths below. msgspec checks
them; what it lacks, a key that occurs twice and the value that was found, is added here.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, TypeVar

import msgspec

from ribin.errors import FormatError
from ribin.text import NAME_LENGTH, TEXT_LENGTH, text_problem

_HEX, _CODE = r"\A[0-9a-f]{64}\Z", r"\A[A-Z]{3}\Z"
Hex32 = Annotated[str, msgspec.Meta(pattern=_HEX)]  # 32 bytes: a SHA-256, or half of a key
Hex32OrEmpty = Annotated[str, msgspec.Meta(pattern=r"\A(?:[0-9a-f]{64})?\Z")]  # not known
Signature = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{128}\Z")]  # Ed25519
MemberCode = Annotated[str, msgspec.Meta(pattern=_CODE)]  # ISO 3166 alpha-3
ParamsId = Annotated[str, msgspec.Meta(pattern=r"\A[0-9A-Za-z]{1,40}\Z")]
Pseudonym = Annotated[str, msgspec.Meta(pattern=r"\Ax-[0-9a-f]{16}\Z")]  # of an exhibit
ExhibitName = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]  # or its pseudonym
Name = Annotated[str, msgspec.Meta(max_length=NAME_LENGTH)]
LongText = Annotated[str, msgspec.Meta(max_length=TEXT_LENGTH)]
Finite = Annotated[float, msgspec.Meta(ge=-1e12, le=1e12)]

# What msgspec calls a need, and what a reader calls it.
_WORDS = {
    f"`str` matching regex {_HEX!r}": "64 hexadecimal digits",
    f"`str` matching regex {_CODE!r}": "three capital letters",
    "`str`": "a text",
    "`int`": "a whole number",
    "`float`": "a number",
    "`bool`": "true or false",
    "`object`": "an object",
    "`array`": "a list",
}
_SHOWN = 60  # characters of a wrong value that a message repeats
_Kind = TypeVar("_Kind")


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An object of a file; a key that means nothing is refused: what it says would be lost."""


class Printable(Statement, frozen=True):
    """What a sender states: its texts hold what a text may."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, str) and (problem := text_problem(value)):
                raise ValueError(f"{name}: {problem}")


def read_object(content: bytes, where: str) -> dict[str, Any]:
    """The object that a JSON text is.

    Raises FormatError: it is not UTF-8, not JSON, nested beyond reason, has a key twice, or is no
    object.
    """
    try:
        value = json.loads(content.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{where}: a JSON object needed, {_line(error)}") from error
    if not isinstance(value, dict):
        raise FormatError(f"{where}: a JSON object needed, found {_shown(value)}")
    return value


def read_facts(
    content: bytes, kind: type[_Kind], where: str, form: str = "", version: int = 0
) -> _Kind:
    """The facts of a JSON text, which says of itself that it is of this form and version.

    Raises FormatError: as `read_object` and `as_facts`, or it is of another form or version.
    """
    table = read_object(content, where)
    if form and (table.pop("format", None), table.pop("version", None)) != (form, version):
        raise FormatError(f"{where}: a {form} of version {version} needed")
    return as_facts(table, kind, where)


def read_packed(content: bytes, kind: type[_Kind], where: str) -> _Kind:
    """The facts of a MessagePack text, decoded straight into the types: what does not fit them is
    never built.

    Raises FormatError: it is no MessagePack, or not as the types say.
    """
    try:
        return msgspec.msgpack.decode(content, type=kind)
    except msgspec.ValidationError as error:
        raise FormatError(f"{where}: {_told_of_packed(str(error))}") from error
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise FormatError(f"{where}: MessagePack needed, {_line(error)}") from error


def as_facts(
    value: object, kind: type[_Kind], where: str, refusal: type[Exception] = FormatError
) -> _Kind:
    """What JSON or TOML gave, as the types say; else `refusal`, which names the field."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        known = getattr(kind, "__struct_fields__", ())
        raise refusal(f"{where}: {_told(str(error), value, known)}") from error
    except RecursionError as error:
        raise refusal(f"{where}: nested beyond reason") from error


def _told_of_packed(text: str) -> str:
    """msgspec's words without the value that was found: to show it, it would have to be built."""
    needed, _, place = text.partition(" - at `$")
    place = place.rstrip("`").lstrip(".")
    for named, words in _WORDS.items():
        needed = needed.replace(named, words)
    told = needed.replace("Expected ", "needed: ").replace(", got ", ", found ")
    return _line(ValueError(f"{place}: {told}" if place else told))


def _told(text: str, value: Any, known: tuple[str, ...]) -> str:
    """msgspec's words ("Expected `int`, got `str` - at `$.a[0]`") as those of a reader."""
    text, _, place = text.partition(" - at `$")
    place = place.rstrip("`").lstrip(".")
    if text.startswith("Object contains unknown field"):
        listed = f"; known: {', '.join(known)}" if known and not place else ""
        return f"{place}: no key {text.split('`')[1]!r}".removeprefix(": ") + listed
    if text.startswith("Object missing required field"):
        return f"{place}.{text.split('`')[1]} needed, found none".removeprefix(".")
    if not text.startswith(("Expected ", "Invalid enum value")):  # a rule of our own
        return f"{place}: {text}".removeprefix(": ")
    needed = text.removeprefix("Expected ").partition(", got ")[0]
    if text.startswith("Invalid"):
        needed = "a word that is known there"
    for named, words in _WORDS.items():
        needed = needed.replace(named, words)
    if "[...]" in place or "`key`" in place:  # of a mapping, whose keys msgspec does not tell
        return f"{place} needs {needed}"
    for number, name in re.findall(r"\[(\d+)\]|(\w+)", place):
        value = value[int(number)] if number else value[name]
    need = f"{place} needs {needed}" if place else f"{needed} needed"
    return f"{need}, found {_shown(value)}"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a key occurs twice")
    return table


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested too deeply, or a number of too many digits
        text = "something too large to show"
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
