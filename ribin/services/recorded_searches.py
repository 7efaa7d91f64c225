"""Recorded searches for a person: made, found again by number or file, and what a lead takes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ribin.cases.exhibits import SearchResult
from ribin.cases.leads import ExhibitRef
from ribin.cases.record import RecordKind
from ribin.cases.results import SearchLists
from ribin.cases.searches import RecordedSearch, SearchedMark, SearchStatement, lists_sha256
from ribin.cases.side import Side
from ribin.errors import ParameterError, StoreError
from ribin.foreign import read_object
from ribin.input_file import read_input
from ribin.report.json import as_json, lists_of, plain_value
from ribin.report.text import lists_value
from ribin.services.blind_pairs import check_list_shown
from ribin.vault.exhibits import find_scan_owner
from ribin.vault.messages import name_questions
from ribin.vault.people import check_looker
from ribin.vault.recorded_searches import add_search, read_search, read_searches
from ribin.vault.records import next_number
from ribin.vault.rows import Act
from ribin.vault.scanfile import template_sha256
from ribin.vault.vault import Vault

_NUMBER = re.compile(r"[A-Z]{3}-Q\d+(-R\d+)?")
_OF_THE_SEARCH = ("params_id", "version", "snapshot", "scope", "counts")
AS_OF_NOW = (
    "since"  # beside a recorded list as JSON: what became of its marks, no part of the record
)
NOT_RECORDED = "this search is not recorded: nothing is written here"


def record_lists(vault: Vault, sides: Sequence[Side], lists: SearchLists) -> SearchLists:
    """Record a search in the vault of whoever made it; gives the lists with their number.

    A vault that may only be read records nothing, and the notes say so. Raises StoreError: the
    vault is locked.
    """
    if not vault.writable:
        return replace(lists, notes=(*lists.notes, NOT_RECORDED))
    request = lists.first.request
    who, reason = (request.who, request.reason) if request else ("", "")
    with vault.act("search recorded", who, reason) as act:
        return record_in(act, vault.member, sides, lists)


def record_in(act: Act, member: str, sides: Sequence[Side], lists: SearchLists) -> SearchLists:
    """As `record_lists`, as a part of an act."""
    lists = _numbered(act, member, lists)
    first, value = lists.first, lists_value(lists)
    templates = [side.template for side in sides]
    stated = SearchStatement(
        query=first.query,
        query_sha256=first.query_sha256,
        scope=first.scope,
        members=first.members,
        rows=sum(len(one.candidates) for one in lists.lists),
        counts=plain_value(lists.counts),
        lists_sha256=lists_sha256(value),
        marks=tuple(
            SearchedMark(
                str(template.mark_type),
                template.provenance.sha256,
                template_sha256(template),
                template.params_id,
            )
            for template in templates
        ),
        lists=json.loads(as_json(value)),
    )
    add_search(act, lists.search, stated, lists.waiting)
    return lists


def _numbered(act: Act, member: str, lists: SearchLists) -> SearchLists:
    """The lists under their number; they say how to ask again whoever may still answer."""
    number = next_number(act.db, RecordKind.SEARCH, member, "Q")
    late = name_questions(act.db, lists.waiting, number)
    again = f"; asked again by `ribin search --again {number}`"

    def told(one: SearchResult) -> SearchResult:
        said = (
            (c, f"{_first_part(why)}{again}" if c in late else why) for c, why in one.unavailable
        )
        return replace(one, unavailable=tuple(said))

    return replace(lists, search=number, lists=tuple(map(told, lists.lists)))


def _first_part(why: str) -> str:
    return why.partition("; asked again by")[0]


def record_again(vault: Vault, before: RecordedSearch, lists: SearchLists, who: str) -> SearchLists:
    """Record the lists of a search that was asked again, under a number of their own."""
    with vault.act("search recorded", who, f"{before.reason}"[:1000]) as act:
        lists = _numbered(act, vault.member, lists)
        value = lists_value(lists)
        stated = replace(
            before.stated,
            rows=sum(len(one.candidates) for one in lists.lists),
            counts=plain_value(lists.counts),
            lists_sha256=lists_sha256(value),
            lists=json.loads(as_json(value)),
        )
        add_search(act, lists.search, stated, lists.waiting)
    return lists


# A search that was made earlier.


def recorded_searches(vault: Vault, who: str) -> list[RecordedSearch]:
    """Every search of a vault, oldest first, without its lists.

    Raises AccessError: the vault's people have roles, and `who` has none.
    """
    check_looker(vault.catalogue, who)
    with vault.catalogue.reading() as db:
        return read_searches(db)


def recorded_search(vault: Vault, number: str, who: str) -> RecordedSearch:
    """The search of a number, with its lists.

    Raises StoreError: there is none, or its lists have ended; AccessError: as `recorded_searches`,
    or they have a pair that this person is to examine blind.
    """
    check_looker(vault.catalogue, who)
    with vault.catalogue.reading() as db:
        found = read_search(db, number, str(vault.path))
    check_list_shown(vault, who, found)
    return found


def lists_as_recorded(found: RecordedSearch) -> SearchLists:
    """The lists of a recorded search."""
    return lists_of(dict(found.stated.lists or {}), f"search {found.number}")


def is_search_number(name: str) -> bool:
    """Whether a name is written as the number of a search is."""
    return _NUMBER.fullmatch(name) is not None


def search_of_list(vault: Vault | None, name: str, who: str) -> RecordedSearch:
    """The recorded search of a number, or of a file that `ribin search --json` was written to.

    A file is held against the record, and only what is recorded is used. Raises ParameterError: it
    cannot be read, is not as it was recorded, or there is no vault; FormatError: it is no list;
    StoreError, AccessError: as `recorded_search`.
    """
    value = None if is_search_number(name) else _read_list(Path(name))
    if vault is None:
        raise ParameterError(
            f"{name}: a vault needed that recorded the search (--vault or RIBIN_VAULT), found none"
        )
    number = name if value is None else value["search"]
    if not number:
        raise ParameterError(
            f"{name}: the number of a recorded search needed, found none",
            hint="search again in a vault that may be written, or name two items to compare",
        )
    try:
        found = recorded_search(vault, number, who)
    except StoreError as error:
        raise type(error)(f"{name}: {error}", hint=error.hint) from error
    if value is not None and (odd := _difference(value, found.stated.lists)):
        raise ParameterError(
            f"{name}: the list of search {number} as it was recorded needed, {odd}",
            hint=f"name {number} in place of the file",
        )
    return found


def _read_list(path: Path) -> dict[str, Any]:
    try:
        content = read_input(path, 256)
    except OSError as error:
        needed = f"{path}: the JSON of a search needed"
        raise ParameterError(f"{needed}, {error.strerror}") from error
    value = read_object(content, str(path))
    value.pop(AS_OF_NOW, None)
    return {**value, "search": lists_of(value, str(path)).search}


def _difference(found: Any, recorded: Any, at: str = "") -> str:
    """Where a value of a file differs from the recorded one first; empty where it is equal."""
    if isinstance(found, Mapping) and isinstance(recorded, Mapping):
        for key in dict.fromkeys((*recorded, *found)):
            if key not in found or key not in recorded:
                return f"{'lacks' if key in recorded else 'found'} {at}{key}"
            if odd := _difference(found[key], recorded[key], f"{at}{key}."):
                return odd
        return ""
    if isinstance(found, list) and isinstance(recorded, list):
        if len(found) != len(recorded):
            return f"found {len(found)} of {at[:-1]}, recorded are {len(recorded)}"
        pairs = enumerate(zip(found, recorded, strict=True))
        apart = (_difference(one, other, f"{at[:-1]}[{n}].") for n, (one, other) in pairs)
        return next(filter(None, apart), "")
    if found == recorded and isinstance(found, bool) == isinstance(recorded, bool):
        return ""
    said, was = (json.dumps(value, ensure_ascii=False)[:60] for value in (found, recorded))
    return f"found {at[:-1]} {said}, recorded is {was}"


# The figures of a candidate, as a lead keeps them.


def figures_of(
    vault: Vault,
    found: RecordedSearch,
    reference: ExhibitRef,
    candidate: ExhibitRef,
    mark: str = "",
) -> dict[str, Any]:
    """The row of a candidate in a recorded search, the first of all lists or that of a mark, and
    where it came from.

    Raises ParameterError: the search was not made with the reference, or the candidate is in none
    of its lists.
    """
    stated = found.stated
    _check_query(vault, found, reference)
    value = stated.lists or {"lists": ()}
    for one in value["lists"]:
        for row in one["candidates"] if mark in ("", one["mark"]) else ():
            if (row["member"], row["exhibit"]) == (candidate.member, candidate.exhibit):
                origin = {name: value[name] for name in _OF_THE_SEARCH}
                numbers = {"search": found.number, "list_sha256": stated.lists_sha256}
                return {**row, **origin, **numbers}
    raise ParameterError(
        f"search {found.number}: candidate {candidate} needed in a list, found none"
    )


def _check_query(vault: Vault, found: RecordedSearch, reference: ExhibitRef) -> None:
    if reference.member == vault.member:
        with vault.catalogue.reading() as db:
            owner = find_scan_owner(db, found.stated.query_sha256)
        fits = owner == vault.exhibit(reference.exhibit).exhibit
    else:
        fits = found.stated.query == str(reference)
    if fits:
        return
    raise ParameterError(
        f"search {found.number}: one made with {reference} needed, found one with "
        f"{found.stated.query}"
    )
