"""Corrections of exhibits, and who is told of them: members that have an exhibit on record here.

A member that was released an exhibit, or has a lead on it, is told which of the fields that it may
know, or that the marks, are others now. It is told neither what was there before nor why: it looks
again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace

from ribin.cases.exhibits import Exhibit, Scope
from ribin.cases.leads import LeadHistory
from ribin.exchange.message import MessageKind
from ribin.exchange.questions import CorrectionQuestion
from ribin.report.document import words
from ribin.search.network import Network
from ribin.services.enrol_remarks import correction_remarks
from ribin.services.outbox import to_tell
from ribin.text import clean_text
from ribin.vault.agreements import agreements_of
from ribin.vault.audit import read_rows_of
from ribin.vault.corrections import Correction, MovedScan, correct_exhibits, move_scan
from ribin.vault.disclosure import Disclosure, as_seen_by
from ribin.vault.exhibits import fields_of, find_exhibit
from ribin.vault.leads import read_leads
from ribin.vault.messages import put_own_questions
from ribin.vault.sharing import releases_of
from ribin.vault.vault import Vault

_Told = dict[tuple[str, str], dict[str, str]]  # member and pseudonym: the fields that it may know


def correct(
    vault: Vault,
    names: Sequence[str],
    fields: Mapping[str, str],
    *,
    erase_old: bool = False,
    who: str,
    reason: str,
    network: Network | None = None,
) -> tuple[list[Correction], set[str]]:
    """As `correct_exhibits`, with remarks; gives also the members whose messages on it wait in the
    outbox now."""
    with telling_corrections(vault, who, network) as concerned:
        done = correct_exhibits(vault, names, fields, erase_old=erase_old, who=who, reason=reason)
    remarks = correction_remarks(vault, {one.exhibit: one.changed for one in done})
    noted = zip(done, remarks, strict=True)
    return [replace(one, remarks=tuple(said)) for one, said in noted], concerned


def move(
    vault: Vault,
    exhibit: str,
    scan: str,
    target: str,
    event: str,
    *,
    who: str,
    reason: str,
    network: Network | None = None,
) -> tuple[MovedScan, set[str]]:
    """As `move_scan`, with remarks; gives also the members whose messages on it wait in the outbox
    now."""
    with vault.catalogue.reading() as db:
        known = find_exhibit(db, target)
    with telling_corrections(vault, who, network) as concerned:
        done = move_scan(vault, exhibit, scan, target, event, who=who, reason=reason)
    if known is None:
        (said,) = correction_remarks(vault, {done.exhibit: ("exhibit", "event")})
        done = replace(done, remarks=tuple(said))
    return done, concerned


@contextmanager
def telling_corrections(vault: Vault, who: str, network: Network | None) -> Iterator[set[str]]:
    """One transaction for a correction and the messages on it, so that a kill leaves both or none;
    gives the members that are told, known at its end.

    `network` says how near a member without an agreement is; where there is none, it is far.
    """
    concerned: set[str] = set()
    with vault.catalogue.writing():
        before, waiting = _as_told(vault, network), []
        yield concerned
        for (member, pseudonym), known in _as_told(vault, network).items():
            was = before.get((member, pseudonym), known)
            if changed := tuple(sorted(name for name in known if known[name] != was[name])):
                body = CorrectionQuestion(pseudonym, changed, clean_text(who))
                waiting.append(to_tell(member, MessageKind.CORRECTION, body, pseudonym))
        put_own_questions(vault, waiting, who)
        concerned.update(one.receiver for one in waiting)


def _as_told(vault: Vault, network: Network | None) -> _Told:
    agreed, told = agreements_of(vault), _Told()
    with vault.catalogue.reading() as db:
        leads = [history.lead for history in read_leads(db)]
    pairs = {
        (member, ref.exhibit)
        for lead in leads
        for member in lead.members
        for ref in lead.exhibits
        if member != vault.member == ref.member
    }
    pairs |= {(one.receiver, one.exhibit) for one in releases_of(vault) if one.holds}
    for member in sorted({member for member, _ in pairs}):
        reach = Scope.NETWORK
        if near := agreed.get(member):
            reach = reach if near.ended else near.scope
        elif network and {member, vault.member} <= network.members.keys():
            reach = network.reach(member, vault.member)
        seen = as_seen_by(member, vault, reach)
        for name in (exhibit for receiver, exhibit in pairs if receiver == member):
            known = seen.find(name)
            if known and (seen.knows(known.exhibit) or seen.shows(known)):
                told[member, seen.pseudonym(known.exhibit)] = _fields(seen, known)
    return told


def _fields(seen: Disclosure, exhibit: Exhibit) -> dict[str, str]:
    shown = seen.exhibit(exhibit)
    marks = sorted(mark.template_sha256 for mark in seen.vault.marks_of(exhibit.exhibit))
    fields = {**fields_of(shown), **asdict(shown.event), "marks": " ".join(marks)}
    return {name: str(text) for name, text in fields.items() if name != "sharing"}


def corrections_told(vault: Vault, history: LeadHistory) -> list[tuple[str, str]]:
    """What other members said of the exhibits of a lead since: when, and in words."""
    found = []
    with vault.catalogue.reading() as db:
        for ref in history.lead.exhibits:
            for row in read_rows_of(db, "receive correction", str(ref)):
                fields = ", ".join(map(words, row.details["changed"]))
                found.append((row.at, f"{ref.member} corrected {fields} of {ref}: look again"))
    return sorted(found)
