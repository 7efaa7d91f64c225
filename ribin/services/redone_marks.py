"""Marks that were redone since: what a list, a lead or a link rests on is of them as they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ribin.cases.leads import ExhibitRef, Lead
from ribin.cases.results import SearchLists
from ribin.cases.searches import RecordedSearch
from ribin.comparison import score_text
from ribin.leads.text import LeadView
from ribin.services.recorded_searches import lists_as_recorded
from ribin.text import counted
from ribin.vault.audit import read_rows_of
from ribin.vault.exhibits import find_scan_owner, scans_of_exhibit
from ribin.vault.recorded_searches import find_search
from ribin.vault.sharing import named_in_lead
from ribin.vault.vault import Vault

_HOW = {"redo": "redone", "describe": "described with other parameters"}
_MOST_NAMED = 5  # exhibits of one list


def marks_redone(vault: Vault, refs: Mapping[ExhibitRef, str], since: str) -> list[str]:
    """Of which exhibits the marks are others than at a moment (UTC, ISO 8601), how and since which
    day; another member's as far as it told.

    `refs` have for another member's released exhibit the pseudonym that its owner tells of it by.
    An own exhibit may have been renamed since.
    """
    found = []
    with vault.catalogue.reading() as db:
        for ref, known_as in refs.items():
            if ref.member == vault.member:
                scans = scans_of_exhibit(db, named_in_lead(db, ref.exhibit))
                rows = [r for s in scans for how in _HOW for r in read_rows_of(db, how, s)]
            else:
                told_of = f"{ref.member}:{known_as or ref.exhibit}"
                rows = [
                    row
                    for row in read_rows_of(db, "receive correction", told_of)
                    if "marks" in row.details["changed"]
                ]
            last = max((row for row in rows if row.at > since), key=lambda r: r.at, default=None)
            if last:
                name = ref.exhibit if ref.member == vault.member else str(ref)
                how = _HOW.get(last.action, "redone")
                found.append(f"marks of {name} were {how} on {last.at[:10]}")
    return found


def lists_now(vault: Vault, found: RecordedSearch) -> SearchLists:
    """The lists of a recorded search, which say of which exhibits the marks are others now."""
    lists = lists_as_recorded(found)
    with vault.catalogue.reading() as db:
        query = find_scan_owner(db, found.stated.query_sha256)
    rows = [row for one in lists.lists for row in one.candidates]
    refs = {ExhibitRef(vault.member, query): ""} if query else {}
    refs |= {ExhibitRef(row.member, row.exhibit): row.known_as for row in rows}
    redone = marks_redone(vault, refs, found.at)
    if len(redone) > _MOST_NAMED:
        rest = counted(len(redone) - _MOST_NAMED, "exhibit")
        redone = [*redone[:_MOST_NAMED], f"so were those of {rest} more"]
    since = tuple(
        f"{text}, after this search: its figures are of them as they were" for text in redone
    )
    return replace(lists, since=since)


def recorded_at(vault: Vault, lead: Lead) -> str:
    """When the figures of a lead were made: its list, or where none is known it itself."""
    with vault.catalogue.reading() as db:
        search = find_search(db, str(lead.figures.get("search", "")))
    return search.at if search else lead.at


def redone_since_lead(vault: Vault, view: LeadView) -> tuple[str, ...]:
    """What a lead says where marks of its exhibits are others than those it was taken up with; to
    whoever is shown the marks alone no figure."""
    lead = view.history.lead
    redone = marks_redone(vault, dict.fromkeys(lead.exhibits, ""), recorded_at(vault, lead))
    score = lead.figures.get("score")
    if view.marks_alone or not isinstance(score, float):
        return tuple(redone)
    return tuple(
        f"{text}: the record says {score_text(score)}, and the marks as they are now are compared "
        "anew where the two are shown"
        for text in redone
    )
