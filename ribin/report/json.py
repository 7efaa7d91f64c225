"""A result as the JSON that other programs read."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Annotated, Any

import msgspec

from ribin.cases.exhibits import Candidate, Counts, Request, SearchResult
from ribin.cases.results import FusedCandidate, SearchLists
from ribin.foreign import as_facts


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
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
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


class _ListFacts(msgspec.Struct, frozen=True):
    """One list; of the table around it, a reader may lack or add keys that are not named here."""

    mark: str
    counts: Counts
    counts_by_member: dict[str, Counts]
    candidates: tuple[Candidate, ...]
    elapsed_s: float


class _FusedFacts(msgspec.Struct, frozen=True):
    method: str
    counts: Counts
    candidates: tuple[FusedCandidate, ...]


class _SearchFacts(msgspec.Struct, frozen=True):
    query: str
    scope: str
    members: tuple[str, ...]
    unavailable: tuple[tuple[str, str], ...]
    snapshot: dict[str, str]
    params_id: str
    version: str
    lists: Annotated[tuple[_ListFacts, ...], msgspec.Meta(min_length=1)]
    fused: _FusedFacts | None = None
    notes: tuple[str, ...] = ()
    search: str = ""
    query_sha256: str = ""
    request: Request | None = None
    asked_at: str = ""


def lists_of(table: dict[str, Any], where: str) -> SearchLists:
    """The lists that `report.text.lists_value` made the object of; `where` names it in messages.

    Raises FormatError: a field is missing or of another kind: this is no result of a search.
    """
    found = as_facts(table, _SearchFacts, f"{where}: a result of ribin search needed")
    own = ("lists", "fused", "search")
    shared = {name: getattr(found, name) for name in found.__struct_fields__ if name not in own}
    lists = tuple(SearchResult(**shared, **msgspec.structs.asdict(one)) for one in found.lists)
    if not found.fused:
        return SearchLists(lists, (), lists[0].counts, notes=found.notes, search=found.search)
    fused, more = found.fused, (found.notes, found.search)
    return SearchLists(lists, fused.candidates, fused.counts, fused.method, *more)
