"""Scans and marks in the manifest of a bundle."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Any, TypeVar

from ribin.errors import FormatError, ParameterError
from ribin.json_fields import field_of, hex_of, objects_of, only_fields
from ribin.lighting import parse_lighting
from ribin.model import MarkType, ScanKind
from ribin.vault.received import ReceivedMark, ReceivedScan

_SCAN_KEYS = ("sha256", "kind", "lighting", "original", "marks")
_MARK_KEYS = (
    *("position", "mark_type", "kind", "pitch_um", "params_id"),
    *("template_sha256", "file_sha256"),
)
_MOST_MARKS = 100  # of one scan
_LARGEST_PITCH_UM = 1000.0
_LONGEST_NAME = 255
_LONGEST_ID = 40
_Word = TypeVar("_Word", bound=StrEnum)


def write_scan_facts(scan: ReceivedScan) -> dict[str, Any]:
    """A scan as an object of the manifest."""
    marks = [
        {**vars(mark), "mark_type": str(mark.mark_type), "kind": str(mark.kind)}
        for mark in scan.marks
    ]
    facts = {"sha256": scan.sha256, "kind": str(scan.kind), "lighting": scan.lighting}
    return {**facts, "original": scan.original, "marks": marks}


def read_scan_facts(table: dict[str, Any], exhibit: str, where: str) -> ReceivedScan:
    """A scan of an exhibit; FormatError where an object does not state one."""
    only_fields(table, _SCAN_KEYS, where)
    lighting = field_of(table, "lighting", str, where)
    if lighting:
        try:
            parse_lighting(lighting)
        except ParameterError as error:
            raise FormatError(f"{where}: {error}") from error
    marks = tuple(_read_mark(one, where) for one in objects_of(table, "marks", where))
    if [mark.position for mark in marks] != sorted({mark.position for mark in marks}):
        raise FormatError(f"{where}: marks in order of their positions needed")
    return ReceivedScan(
        sha256=hex_of(table, "sha256", 32, where),
        exhibit=exhibit,
        kind=word_of(ScanKind, table, "kind", where),
        lighting=lighting,
        original=_file_name(table, where),
        marks=marks,
    )


def word_of(words: type[_Word], table: dict[str, Any], name: str, where: str) -> _Word:
    """The value of a key that is one of these words."""
    text = field_of(table, name, str, where)
    try:
        return words(text)
    except ValueError as error:
        raise FormatError(
            f"{where}: {name} needs one of {', '.join(words)}, found {text[:40]!r}"
        ) from error


def _file_name(table: dict[str, Any], where: str) -> str:
    """A name that leads nowhere else, or none."""
    name = field_of(table, "original", str, where)
    plain = name.isprintable() and not set(name) & set('/\\:*?"<>|') and name not in (".", "..")
    if name and (not plain or len(name) > _LONGEST_NAME):
        raise FormatError(f"{where}: original needs a file name, found {name[:60]!r}")
    return name


def _read_mark(table: dict[str, Any], where: str) -> ReceivedMark:
    only_fields(table, _MARK_KEYS, where)
    position = field_of(table, "position", int, where)
    pitch_um = field_of(table, "pitch_um", float, where)
    params_id = field_of(table, "params_id", str, where)
    if not 0 <= position < _MOST_MARKS:
        raise FormatError(f"{where}: position of 0 to {_MOST_MARKS - 1} needed, found {position}")
    if not (math.isfinite(pitch_um) and 0 < pitch_um <= _LARGEST_PITCH_UM):
        raise FormatError(f"{where}: pitch_um to {_LARGEST_PITCH_UM:g} needed, found {pitch_um:g}")
    if not (params_id.isalnum() and params_id.isascii() and len(params_id) <= _LONGEST_ID):
        raise FormatError(f"{where}: params_id needs letters and digits, found {params_id[:60]!r}")
    return ReceivedMark(
        position=position,
        mark_type=word_of(MarkType, table, "mark_type", where),
        kind=word_of(ScanKind, table, "kind", where),
        pitch_um=pitch_um,
        params_id=params_id,
        template_sha256=hex_of(table, "template_sha256", 32, where),
        file_sha256=hex_of(table, "file_sha256", 32, where),
    )
