"""Leads for a person: those of a vault, a candidate as it was listed, and notices of links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ribin.cases.leads import LeadHistory, ReviewRound, identity_of, logins_behind, proved_person
from ribin.errors import RibinError
from ribin.exchange.lead_statements import NoticedEnd
from ribin.leads.both_sides import LeadChoice, exchange
from ribin.leads.looks import looks_at_own_verdict
from ribin.leads.notices import Notice, Occasion, is_due, notices_of, write_notice
from ribin.leads.steps import Step
from ribin.leads.text import (
    OWN_VERDICT,
    SHOWN_EARLY,
    LeadView,
    leads_to_review,
    mark_alone,
    view_lead,
)
from ribin.search.network import Network
from ribin.services.blind_pairs import withheld_searches, withheld_text
from ribin.vault.accounts import find_account
from ribin.vault.leads import VERDICTS_OF, read_lead, read_leads
from ribin.vault.people import check_looker
from ribin.vault.recorded_searches import read_searches
from ribin.vault.vault import Vault


def lead_views(vault: Vault, who: str, mine: bool = False) -> list[LeadView]:
    """The leads of a vault for a person's eyes; with `mine` those that await this person."""
    with vault.catalogue.reading() as db:
        files = read_leads(db)
    chosen = leads_to_review(files, who, vault.member) if mine else files
    return shown_leads(vault, chosen, who)


def shown_leads(vault: Vault, histories: Sequence[LeadHistory], who: str) -> list[LeadView]:
    """The leads for a person's eyes: without the figures of a list that is withheld from them, the
    pair that they are to examine blind being in it too."""
    numbers = {str(history.lead.figures.get("search", "")) for history in histories} - {""}
    with vault.catalogue.reading() as db:
        searches = [one for one in read_searches(db) if one.number in numbers] if numbers else []
    shut = withheld_searches(vault, who, searches)
    views = []
    for history in histories:
        view, why = view_lead(vault, history, who), shut.get(history.lead.figures.get("search", ""))
        if why and not view.marks_alone:
            lead = replace(view.history.lead, figures=mark_alone(history.lead.figures))
            history = replace(view.history, lead=lead)
            view = replace(view, history=history, figures_withheld=withheld_text(why))
        views.append(view)
    return views


def look_at_lead(vault: Vault, lead: str, who: str, early: bool = True) -> LeadView:
    """A lead for a person's eyes; the audit log keeps who looked.

    `early`: also one's own first verdict while the second is due. Raises AccessError: the vault's
    people have roles, and `who` has none; StoreError: the lead is unknown.
    """
    check_looker(vault.catalogue, who)
    with vault.catalogue.reading() as db:
        history = read_lead(db, lead, str(vault.path))
    [shown] = shown_leads(vault, [history], who)
    view = _kept_blind(vault, shown, who)
    if view.shows_early and not early:
        view = view.without_verdicts()
    if vault.writable:
        vault.record("view", lead, who, "", verdicts=len(view.reviews))
    return view


def warning_of_verdict(vault: Vault, lead: str, who: str) -> str:
    """What to say before a lead shows one's own verdict while the second is due; empty where it
    does not. Errors as `look_at_lead`."""
    check_looker(vault.catalogue, who)
    with vault.catalogue.reading() as db:
        history = read_lead(db, lead, str(vault.path))
        own = looks_at_own_verdict(db, history, who, logins_behind(who, identity_of(who)))
    if not _kept_blind(vault, view_lead(vault, history, who), who).shows_early:
        return ""
    return OWN_VERDICT if own else SHOWN_EARLY


def look_at_leads(
    vault: Vault, who: str, *, mine: bool = False, linked: bool = False, verdicts: bool = False
) -> list[LeadView]:
    """The leads of a vault for a person's eyes; the audit log keeps who looked.

    Only those that await this person, or (`linked`) that are links which stand. A list of standings
    does without the verdicts that this person may see. Raises AccessError: the vault's people have
    roles, and `who` has none.
    """
    check_looker(vault.catalogue, who)
    views = [v for v in lead_views(vault, who, mine) if v.history.linked or not linked]
    views = [_kept_blind(vault, v, who) if verdicts else v.without_verdicts() for v in views]
    if vault.writable:
        shown = [view.history.lead.lead for view in views if view.reviews]
        facts = {"leads": len(views), VERDICTS_OF: shown}
        vault.record("view", "links" if linked else "leads", who, "", **facts)
    return views


def _kept_blind(vault: Vault, view: LeadView, who: str) -> LeadView:
    """Without a verdict that awaits the second, where no log can say who was shown it: the vault
    can only be read, or somebody states the name of a person who has an account."""
    if not view.shows_early:
        return view
    with vault.catalogue.reading() as db:
        stated = find_account(db, who) is not None and proved_person(who) is None
    return view.without_verdicts() if stated or not vault.writable else view


# Notices of a link that is made or ends.

_NO_PDF = "; no PDF: reportlab is not installed (pip install 'ribin[pdf]')"


@dataclass(frozen=True)
class Announcement:
    """What became of a notice that was due."""

    text: str
    written: bool


def announce(vault: Vault, step: Step) -> tuple[str, ...]:
    """Write the notices that a step of a lead gives rise to; gives notes for the person.

    Both lie in the own vault; the other country's laboratory writes its own when it is told. Called
    once after each step, when it is committed: a notice that cannot be written undoes nothing, the
    note says so, and `announce_received` makes up for it.
    """
    if step.history.link is None or len(step.history.lead.members) < 2:
        return ()
    occasions = [Occasion.CONFIRMED] if step.link_made else []
    occasions += [Occasion.WITHDRAWN] if step.link_ended else []
    made: list[Announcement] = []
    for notice in notices_of(vault, step.history, step.ends):
        if notice.occasion in occasions or notice.to == vault.member:
            made += _place(vault, notice, step.history)
    return tuple(one.text for one in made)


def announce_received(vault: Vault, network: Network, who: str) -> list[Announcement]:
    """The own country's notice of each link, and of the end of each, that came to be known, once.

    What the other side tells of its exhibit is asked of it; where it is out of reach, the notice
    says nothing of it.
    """
    made: list[Announcement] = []
    for history in _crossing(vault):
        if _due(vault, history):
            made += announce_own(vault, history, _their_ends(vault, network, history, who))
    return made


def announce_own(
    vault: Vault, history: LeadHistory, ends: Mapping[str, NoticedEnd]
) -> list[Announcement]:
    """What this laboratory tells its own country of a lead, where it has not yet."""
    made: list[Announcement] = []
    for notice in notices_of(vault, history, ends) if vault.writable else ():
        if notice.to == vault.member:
            made += _place(vault, notice, history)
    return made


def _crossing(vault: Vault) -> list[LeadHistory]:
    with vault.catalogue.reading() as db:
        known = read_leads(db)
    return [history for history in known if history.link and len(history.lead.members) > 1]


def _due(vault: Vault, history: LeadHistory) -> bool:
    """Whether a notice to the own country is not written yet."""
    with vault.catalogue.reading() as db:
        notices = notices_of(vault, history, {})
        return any(one.to == vault.member and is_due(db, one) for one in notices)


def _their_ends(
    vault: Vault, network: Network, history: LeadHistory, who: str
) -> dict[str, NoticedEnd]:
    number, ends = history.lead.lead, dict[str, NoticedEnd]()
    for member in set(history.lead.members) - {vault.member}:
        with suppress(RibinError, OSError):
            side = exchange(vault, network, member, who, LeadChoice(numbers=(number,)))
            ends |= {member: end} if (end := side.own_end(number)) else {}
    return ends


def _place(vault: Vault, notice: Notice, history: LeadHistory) -> list[Announcement]:
    try:
        paths = write_notice(vault, notice, _acting(history, notice.occasion))
    except RibinError as error:
        return [Announcement(f"notice to {notice.to}: not written: {error}", written=False)]
    return [Announcement(f"notice to {notice.to}: {_listed(paths)}", written=True)] if paths else []


def _listed(paths: tuple[Path, ...]) -> str:
    first, *others = paths
    names = [str(first), *(path.name for path in others)]
    no_pdf = "" if any(path.suffix == ".pdf" for path in paths) else _NO_PDF
    return f"{', '.join(names[:-1])} and {names[-1]}{no_pdf}"


def _acting(history: LeadHistory, occasion: Occasion) -> str:
    """Who took the step: whoever withdrew the link, or gave the last word that made it."""
    assert history.link is not None
    if occasion is Occasion.WITHDRAWN and history.withdrawal:
        return history.withdrawal.person
    if history.confirmation:
        return history.confirmation.person
    made = {history.link.first_review, history.link.second_review}
    given = [review for review in history.reviews if review.review in made]
    return max(given, key=lambda review: (review.at, review.place is ReviewRound.SECOND)).reviewer
