"""A result as the JSON that other programs read."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import fields
from typing import Any

from ribin.cases.exhibits import (
    Candidate,
    ClassFields,
    Counts,
    ExhibitKind,
    Filters,
    Grouping,
    Request,
    Scope,
    SearchResult,
)
from ribin.cases.results import FusedCandidate, MarkRank, SearchLists
from ribin.errors import FormatError
from ribin.json_fields import field_of, objects_of
from ribin.model import MarkType


def as_json(result: Any) -> str:
    """JSON text of a dataclass, named tuple, mapping or sequence.

    Field names become keys. A figure that was not computed (NaN) or has no bound (infinite)
    becomes null, because JSON has neither.
    """
    return json.dumps(plain_value(result), indent=2, ensure_ascii=False, allow_nan=False)


def plain_value(value: Any) -> Any:
    """The same content in dicts, lists, text, numbers and None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: plain_value(getattr(value, field.name)) for field in fields}
    if hasattr(value, "_asdict"):  # a named tuple
        value = value._asdict()
    if isinstance(value, dict):
        return {str(key): plain_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_value(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return plain_value(value.tolist())  # numpy's arrays and numbers


# The lists of a search read back from the JSON that `ribin search --json` printed.


def lists_of(table: dict[str, Any], where: str) -> SearchLists:
    """The lists that `report.lists_text.lists_value` made the object of.

    Parameters
    ----------
    table : dict
        As `read_object` gives it.
    where : str
        Name of the file, for messages.

    Raises
    ------
    FormatError
        A field is missing or of another kind: this is no result of a search.
    """
    try:
        shared = _shared(table, where)
        parts = objects_of(table, "lists", where) if "lists" in table else [table]
        lists = tuple(_list(shared, part, where) for part in parts)
        if not lists:
            raise FormatError(f"{where}: lists needs at least one list, found none")
        fused = table.get("fused")
        if not isinstance(fused, dict):
            return SearchLists(lists, (), lists[0].counts, notes=shared["notes"])
        rows = objects_of(fused, "candidates", where)
        return SearchLists(
            tuple(lists),
            tuple(_fused(row, where) for row in rows),
            _counts(field_of(fused, "counts", dict, where), where),
            field_of(fused, "method", str, where),
            shared["notes"],
        )
    except ValueError as error:  # a word that no scope or type of mark is called
        raise FormatError(f"{where}: a result of ribin search needed, {error}") from error


def _shared(table: dict[str, Any], where: str) -> dict[str, Any]:
    """What all lists of a search have in common; what older results lack is empty."""
    texts = {name: field_of(table, name, str, where) for name in ("query", "scope", "params_id")}
    request = table.get("request")
    return {
        **texts,
        "version": field_of(table, "version", str, where),
        "members": _texts(table, "members", where),
        "unavailable": tuple((str(a), str(b)) for a, b in _pairs(table, "unavailable", where)),
        "snapshot": {k: str(v) for k, v in field_of(table, "snapshot", dict, where).items()},
        "notes": _texts(table, "notes", where) if "notes" in table else (),
        "query_sha256": str(table.get("query_sha256", "")),
        "request": _request(request, where) if isinstance(request, dict) else None,
        "asked_at": str(table.get("asked_at", "")),
    }


def _list(shared: dict[str, Any], part: dict[str, Any], where: str) -> SearchResult:
    members = field_of(part, "counts_by_member", dict, where)
    rows = objects_of(part, "candidates", where)
    candidates = tuple(_candidate(row, where) for row in rows)
    named = part.get("mark") or (str(candidates[0].mark) if candidates else "")
    return SearchResult(
        **shared,
        counts=_counts(field_of(part, "counts", dict, where), where),
        counts_by_member={code: _counts(counts, where) for code, counts in members.items()},
        candidates=candidates,
        elapsed_s=field_of(part, "elapsed_s", float, where),
        mark=str(named),
    )


def _candidate(row: dict[str, Any], where: str) -> Candidate:
    shift = field_of(row, "shift_um", list, where)
    if len(shift) != 2 or not all(isinstance(v, (int, float)) for v in shift):
        raise FormatError(f"{where}: shift_um needs two numbers, found {len(shift)} values")
    names = ("member", "exhibit", "event", "sha256")
    figures = ("score", "cmc", "cmc_fraction", "ccf", "rotation_deg")
    own: dict[str, Any] = {name: field_of(row, name, str, where) for name in names}
    own |= {name: field_of(row, name, float, where) for name in figures}
    return Candidate(
        rank=field_of(row, "rank", int, where),
        cells=field_of(row, "cells", int, where),
        mark=MarkType(field_of(row, "mark", str, where)),
        shift_um=(float(shift[0]), float(shift[1])),
        group=str(row.get("group", "")),
        others=int(row.get("others", 0)),
        class_fields=_classes(row, where),
        **own,
    )


def _classes(row: dict[str, Any], where: str) -> ClassFields:
    """The class fields of a row; older results have none."""
    table = row.get("class_fields")
    if not isinstance(table, dict):
        return ClassFields()
    return ClassFields(**{f.name: field_of(table, f.name, str, where) for f in fields(ClassFields)})


def _counts(table: dict[str, Any], where: str) -> Counts:
    names = ("eligible", "after_filters", "after_coarse", "compared")
    reasons = tuple((str(why), int(n)) for why, n in _pairs(table, "not_compared", where))
    numbers = {name: field_of(table, name, int, where) for name in names}
    return Counts(**numbers, not_compared=reasons)


def _fused(row: dict[str, Any], where: str) -> FusedCandidate:
    places = tuple(
        MarkRank(
            MarkType(field_of(place, "mark", str, where)),
            field_of(place, "rank", int, where),
            field_of(place, "score", float, where),
            field_of(place, "exhibit", str, where),
        )
        for place in objects_of(row, "places", where)
    )
    return FusedCandidate(
        rank=field_of(row, "rank", int, where),
        reciprocal_ranks=field_of(row, "reciprocal_ranks", float, where),
        places=places,
        group=str(row.get("group", "")),
        **{name: field_of(row, name, str, where) for name in ("member", "exhibit", "event")},
    )


def _request(table: dict[str, Any], where: str) -> Request:
    filters, kind = field_of(table, "filters", dict, where), None
    if filters.get("kind"):
        kind = ExhibitKind(field_of(filters, "kind", str, where))
    calibre, first, last = (
        field_of(filters, name, str, where) for name in ("calibre", "date_from", "date_to")
    )
    left_out = _pairs(table, "leave_out", where) if "leave_out" in table else []
    return Request(
        asking_member=field_of(table, "asking_member", str, where),
        scope=Scope(field_of(table, "scope", str, where)),
        filters=Filters(calibre, first, last, kind),
        who=field_of(table, "who", str, where),
        reason=field_of(table, "reason", str, where),
        full=field_of(table, "full", bool, where),
        top=field_of(table, "top", int, where) if table.get("top") else None,
        group=Grouping(table.get("group", "none")),
        leave_out=tuple((str(member), str(exhibit)) for member, exhibit in left_out),
    )


def _texts(table: dict[str, Any], name: str, where: str) -> tuple[str, ...]:
    return tuple(str(value) for value in field_of(table, name, list, where))


def _pairs(table: dict[str, Any], name: str, where: str) -> list[list[Any]]:
    pairs = field_of(table, name, list, where)
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise FormatError(f"{where}: {name} needs pairs, found {str(pairs)[:60]}")
    return pairs
