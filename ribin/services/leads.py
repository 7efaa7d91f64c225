"""Leads at the desk: those of a vault for one person's eyes, and a candidate as it was seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ribin.cases.leads import HeldExhibit
from ribin.leads.text import LeadView, leads_to_review, view_lead
from ribin.vault.leads import VERDICTS_OF, read_lead_file, read_lead_files
from ribin.vault.people import check_looker
from ribin.vault.vault import Vault

_FROM_LIST = ("params_id", "version", "snapshot", "scope", "counts")


def lead_views(vault: Vault, who: str, mine: bool = False) -> list[LeadView]:
    """The leads of a vault for a person's eyes; with `mine` those that await this person."""
    with vault.catalogue.reading() as db:
        files = read_lead_files(db)
    chosen = leads_to_review(files, who, vault.member) if mine else files
    return [view_lead(vault, file, who) for file in chosen]


def look_at_lead(vault: Vault, lead: str, who: str, early: bool = True) -> LeadView:
    """A lead for a person's eyes; the audit log keeps who looked.

    Parameters
    ----------
    early : bool
        Also one's own first verdict while the second is due; nobody of this login is blind then.

    Raises
    ------
    AccessError
        The vault's people have roles, and `who` has none.
    StoreError
        The lead is unknown.
    """
    check_looker(vault.catalogue, who)
    with vault.catalogue.reading() as db:
        file = read_lead_file(db, lead, str(vault.path))
    view = _kept_blind(vault, view_lead(vault, file, who))
    if view.shows_early and not early:
        view = view.without_verdicts()
    if vault.writable:
        vault.record("view", lead, who, "", verdicts=len(view.reviews))
    return view


def look_at_leads(
    vault: Vault, who: str, *, mine: bool = False, linked: bool = False, verdicts: bool = False
) -> list[LeadView]:
    """The leads of a vault for a person's eyes; the audit log keeps who looked.

    Parameters
    ----------
    mine, linked : bool
        Only those that await this person; only links that stand.
    verdicts : bool
        With the verdicts that this person may see. A list of standings does without.

    Raises
    ------
    AccessError
        The vault's people have roles, and `who` has none.
    """
    check_looker(vault.catalogue, who)
    views = [v for v in lead_views(vault, who, mine) if v.file.linked or not linked]
    views = [_kept_blind(vault, v) if verdicts else v.without_verdicts() for v in views]
    if vault.writable:
        shown = [view.file.lead.lead for view in views if view.reviews]
        facts = {"leads": len(views), VERDICTS_OF: shown}
        vault.record("view", "links" if linked else "leads", who, "", **facts)
    return views


def _kept_blind(vault: Vault, view: LeadView) -> LeadView:
    """Without a verdict that awaits the second, where no log can say who was shown it."""
    return view.without_verdicts() if view.shows_early and not vault.writable else view


def figures_as_seen(
    listed: Mapping[str, Any], candidate: HeldExhibit, list_sha256: str
) -> dict[str, Any]:
    """The row of a candidate in a list, and where the list came from; empty where it is not in it.

    Parameters
    ----------
    listed : mapping
        What `ribin search --json` prints.
    list_sha256 : str
        Of that text, so that it can be known again.
    """
    for row in listed["candidates"]:
        if (row["member"], row["exhibit"]) == (candidate.member, candidate.exhibit):
            origin = {name: listed[name] for name in _FROM_LIST if name in listed}
            return {**row, **origin, "list_sha256": list_sha256}
    return {}
