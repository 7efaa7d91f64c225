"""Pairs of which a person may come to give the second verdict, and what is kept from that person.

Before the own verdict nobody who may give the second one is shown a score, a rank, a note or a
verdict of the pair: no comparison, list, finding or annotation of others. The marks are shown
(`ribin lead marks`). It is said of a pair whether or not there is anything to show, so that what is
kept back tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ribin.cases.annotation import SavedAnnotations
from ribin.cases.exhibits import Request
from ribin.cases.leads import ExhibitRef, LeadHistory, Role, identity_of, logins_behind, same_person
from ribin.cases.searches import RecordedSearch, SavedSearch, SearchFinding
from ribin.cases.side import Side
from ribin.errors import AccessError
from ribin.leads.rules import had_a_part, not_blind_second, shows_the_marks_alone, status_of
from ribin.vault.audit import read_rows_of
from ribin.vault.exhibits import aliases_of, find_scan_owner, first_name
from ribin.vault.leads import leads_with_second_due, read_leads
from ribin.vault.list_review import read_candidates
from ribin.vault.people import holders
from ribin.vault.recorded_searches import find_search, left_out, read_searches
from ribin.vault.sharing import PSEUDONYM, named_in_lead, pseudonym
from ribin.vault.vault import Vault

if TYPE_CHECKING:
    from ribin.services.session import Session  # which answers too, and an answer asks here

Names = tuple[ExhibitRef, ...]  # of one exhibit, the one that it has now before the others


@dataclass(frozen=True)
class BlindPair:
    """Two exhibits, each by every name that the own vault has for it, and their lead."""

    lead: str
    ends: tuple[Names, Names]

    def is_of(self, one: ExhibitRef, other: ExhibitRef) -> bool:
        """Whether these two are the pair, whichever way round."""
        return other in self.beside(one)

    def beside(self, ref: ExhibitRef) -> Names:
        """The other exhibit, by each of its names; empty where the pair has not this one."""
        first, second = self.ends
        return second if ref in first else first if ref in second else ()

    def has_of(self, member: str) -> bool:
        """Whether one of the two is of this member."""
        return any(names[0].member == member for names in self.ends)


def blind_pairs(vault: Vault, who: str) -> tuple[BlindPair, ...]:
    """The pairs whose second verdict this person may give, and has not."""
    with vault.catalogue.reading() as db:
        if not any(same_person(name, who) for name in holders(db, Role.REVIEWER)):
            return ()
        due = [h.lead for h in read_leads(db) if shows_the_marks_alone(h, who, vault.member)]
        named = [[_names(db, vault.member, ref) for ref in lead.exhibits] for lead in due]
    return tuple(
        BlindPair(lead.lead, (one, other)) for lead, (one, other) in zip(due, named, strict=True)
    )


def due_leads(vault: Vault, who: str) -> frozenset[str]:
    """The numbers of the leads of those pairs."""
    return frozenset(pair.lead for pair in blind_pairs(vault, who))


def _names(db: Any, member: str, ref: ExhibitRef) -> Names:
    """An own exhibit by the name that it has, each that it had, and its pseudonym."""
    if ref.member != member:
        return (ref,)
    named = named_in_lead(db, ref.exhibit)
    names = (named, *aliases_of(db, named), first_name(db, named), pseudonym(db, named))
    return tuple(ExhibitRef(member, name) for name in dict.fromkeys(names))


def withheld_text(leads: Iterable[str]) -> str:
    """What is said where something of these pairs is kept back."""
    listed = ", ".join(dict.fromkeys(leads))
    return f"{listed}: the second verdict is yours to give, and figures are shown with it"


HINT = "`ribin lead marks LEAD -o FILE` writes a page of the two marks"


def check_pair_shown(session: Session, who: str, sides: Sequence[Side]) -> None:
    """Refuse to compare two sides for who is to examine them blind.

    Raises AccessError: it names the lead.
    """
    pairs = blind_pairs(session.vault, who)
    if not pairs:
        return
    ones, others = (_refs_of_side(session, side, pairs) for side in sides)
    for pair in pairs:
        if any(pair.is_of(one, other) for one in ones for other in others):
            raise AccessError(withheld_text([pair.lead]), hint=HINT)


def check_scans_shown(vault: Vault, who: str, scans: tuple[str, str]) -> None:
    """As `check_pair_shown`, of two scans by their SHA-256."""
    pairs = blind_pairs(vault, who)
    if not pairs:
        return
    with vault.catalogue.reading() as db:
        owners = [find_scan_owner(db, sha256) for sha256 in scans]
    one, other = (ExhibitRef(vault.member, owner or "") for owner in owners)
    for pair in pairs:
        if pair.is_of(one, other):
            raise AccessError(withheld_text([pair.lead]), hint=HINT)


def _refs_of_side(
    session: Session, side: Side, pairs: Sequence[BlindPair]
) -> frozenset[ExhibitRef]:
    """The exhibit that a mark is of, a file's by its bytes; another member's by its pseudonym.

    One that goes by the name of its release, and whose owner cannot be asked which that was, may be
    any exhibit of this owner.
    """
    vault = session.vault
    if side.exhibit is None or side.member == vault.member:
        with vault.catalogue.reading() as db:
            owner = find_scan_owner(db, side.template.provenance.sha256)
        return frozenset({ExhibitRef(vault.member, owner)} if owner else ())
    ref = ExhibitRef(side.member, side.exhibit.exhibit)
    if PSEUDONYM.fullmatch(ref.exhibit) or not pairs:
        return frozenset({ref})
    if side.known_as:
        return frozenset({ExhibitRef(ref.member, side.known_as)})
    ends = (names[0] for pair in pairs for names in pair.ends)
    return frozenset(one for one in ends if one.member == ref.member)


# Searches: a list that such a person makes leaves the pair out; one that has it is not shown.


def left_out_of_search(session: Session, request: Request, sides: Sequence[Side]) -> Request:
    """The request without the exhibits that its person is to examine blind beside these."""
    found = set(request.leave_out)
    for pair, ref in _searched_pairs(session, request.who, sides):
        first = pair.beside(ref)[0]
        found.add((first.member, first.exhibit))
    return replace(request, leave_out=tuple(sorted(found)))


def notes_of_search(session: Session, who: str, sides: Sequence[Side]) -> tuple[str, ...]:
    """What a list of these marks says of what it leaves out for its person's sake."""
    leads = [pair.lead for pair, _ in _searched_pairs(session, who, sides)]
    return (f"{withheld_text(leads)}; the pair is left out",) if leads else ()


def _searched_pairs(
    session: Session, who: str, sides: Sequence[Side]
) -> list[tuple[BlindPair, ExhibitRef]]:
    pairs = blind_pairs(session.vault, who)
    refs = {ref for side in sides for ref in _refs_of_side(session, side, pairs)}
    return [(pair, ref) for pair in pairs for ref in sorted(refs) if pair.beside(ref)]


def check_search_shown(session: Session, who: str, sides: Sequence[Side], request: Request) -> None:
    """Refuse the lists of a search that have a pair which this person is to examine blind.

    Raises AccessError: it names the lead.
    """
    found = _searched_pairs(session, who, sides)
    leads = [pair.lead for pair, ref in found if not _leaves_out(request, pair.beside(ref))]
    if leads:
        raise AccessError(withheld_text(leads), hint=_SEARCH_AGAIN)


_SEARCH_AGAIN = f"{HINT}; a search made now leaves the pair out"


def check_list_shown(vault: Vault, who: str, found: RecordedSearch) -> None:
    """As `check_search_shown`, of a search that the vault recorded.

    An exhibit of another member that was searched with under the name of its release is not told
    from others of it here; so every such list is refused while a pair with that member is due.
    """
    leads = withheld_searches(vault, who, [found]).get(found.number)
    if leads:
        raise AccessError(f"search {found.number}: {withheld_text(leads)}", hint=_SEARCH_AGAIN)


def withheld_searches(
    vault: Vault, who: str, searches: Sequence[RecordedSearch]
) -> dict[str, list[str]]:
    """Of each search, by its number, that is not shown to this person now: the leads why."""
    pairs = blind_pairs(vault, who)
    if not pairs:
        return {}
    with vault.catalogue.reading() as db:
        out = left_out(db)
        owners = {
            one.number: find_scan_owner(db, one.stated.query_sha256) or "" for one in searches
        }
    found = {}
    for one in searches:
        leads = [
            pair.lead
            for pair in pairs
            if (beside := _beside_query(vault.member, one, owners[one.number], pair))
            and not beside & out.get(one.number, frozenset())
        ]
        if leads:
            found[one.number] = leads
    return found


def _beside_query(
    here: str, search: RecordedSearch, owner: str, pair: BlindPair
) -> set[ExhibitRef]:
    """The other exhibit of a pair, where one of the two was, or may have been, searched with."""
    member, _, name = search.stated.query.partition(":")
    if owner:
        return set(pair.beside(ExhibitRef(here, owner)))
    if PSEUDONYM.fullmatch(name):
        return set(pair.beside(ExhibitRef(member, name)))
    own = [set(names) for names in pair.ends if names[0].member == here]
    return set().union(*own) if name and pair.has_of(member) else set()


def lists_seen(vault: Vault, who: str, lead: str) -> tuple[str, ...]:
    """The lists whose figures this person was shown of a pair before it was to be examined blind:
    those made, opened, or spoken of by this person. Empty where nothing of it is kept back."""
    pair = next((one for one in blind_pairs(vault, who) if one.lead == lead), None)
    if pair is None:
        return ()
    with vault.catalogue.reading() as db:
        searches = read_searches(db)
    shut = withheld_searches(vault, who, searches)
    found = []
    with vault.catalogue.reading() as db:
        for one in searches:
            if lead in shut.get(one.number, ()) and _lists_pair(find_search(db, one.number), pair):
                opened = [row.who for row in read_rows_of(db, "view", one.number)]
                spoke = [said.person for said in read_candidates(db, one.number)]
                if any(same_person(name, who) for name in (one.person, *opened, *spoke)):
                    found.append(one.number)
    return tuple(found)


def _lists_pair(search: RecordedSearch | None, pair: BlindPair) -> bool:
    lists = ((search.stated.lists if search else None) or {}).get("lists", ())
    rows = [row for one in lists for row in one.get("candidates", ())]
    names = {(row["member"], row[name]) for row in rows for name in ("exhibit", "known_as")}
    return any((ref.member, ref.exhibit) in names for end in pair.ends for ref in end)


def _leaves_out(request: Request, names: Names) -> bool:
    return any((ref.member, ref.exhibit) in request.leave_out for ref in names)


def shown_findings(
    vault: Vault, who: str, findings: Sequence[SearchFinding], searches: Iterable[SavedSearch]
) -> tuple[list[SearchFinding], tuple[str, ...]]:
    """The findings that this person may be shown, and notes of the pairs kept back."""
    pairs = blind_pairs(vault, who)
    exhibits = {one.standing: one.exhibit for one in searches}

    def shows(finding: SearchFinding) -> bool:
        own = ExhibitRef(vault.member, exhibits.get(finding.standing, ""))
        names = (finding.exhibit, str(finding.candidate.get("known_as", "")))
        others = [ExhibitRef(finding.member, name) for name in names]
        return not any(pair.is_of(own, other) for pair in pairs for other in others)

    concerned = [
        pair.lead
        for pair in pairs
        if any(pair.beside(ExhibitRef(vault.member, exhibit)) for exhibit in exhibits.values())
    ]
    notes = (withheld_text(concerned),) if concerned else ()
    return [finding for finding in findings if shows(finding)], notes


def shown_annotations(
    vault: Vault, who: str, saved: Sequence[SavedAnnotations]
) -> tuple[list[SavedAnnotations], tuple[str, ...]]:
    """The annotations that this person may be shown, and notes of the pairs kept back; the own ones
    are always shown."""
    pairs = blind_pairs(vault, who)
    if not pairs:
        return list(saved), ()

    def shows(one: SavedAnnotations) -> bool:
        if same_person(one.person, who):
            return True
        with vault.catalogue.reading() as db:
            owners = [find_scan_owner(db, sha256) for sha256 in one.pair.scans]
        refs = [ExhibitRef(vault.member, owner) for owner in owners if owner]
        if len(refs) == 2:
            return not any(pair.is_of(refs[0], refs[1]) for pair in pairs)
        # Of a pair across a border the vault knows the scan of the own exhibit alone.
        across = [pair for pair in pairs if pair.ends[0][0].member != pair.ends[1][0].member]
        return not any(pair.beside(ref) for pair in across for ref in refs)

    return [one for one in saved if shows(one)], (withheld_text(p.lead for p in pairs),)


# Copies: whoever takes out a backup or an export has seen what it holds.


def copy_warnings(vault: Vault, who: str) -> list[str]:
    """A line for each lead of which a copy, made now, would take away the blindness of somebody who
    may give the second verdict: this person, or one who has worked from this login."""
    logins = logins_behind(who, identity_of(who))
    with vault.catalogue.reading() as db:
        due = set(leads_with_second_due(db))
        histories = [h for h in read_leads(db) if h.lead.lead in due and _awaits_another(h)]
        reviewers = sorted(holders(db, Role.REVIEWER))
        behind: dict[str, set[str]] = {}
        for name, identity in db.execute("SELECT DISTINCT who, identity FROM audit"):
            behind.setdefault(name, set()).update(logins_behind(name, identity))
    lines = []
    for history in histories:
        free = [name for name in reviewers if not had_a_part(history, name, vault.member)]
        spoilt = [n for n in free if same_person(n, who) or logins & behind.get(n, set())]
        if spoilt:
            lines.append(
                f"lead {history.lead.lead}: the copy holds the first verdict, and a second one by "
                f"{' or '.join(spoilt)} is not blind after it: name or login are {who}'s"
            )
    return lines


def _awaits_another(history: LeadHistory) -> bool:
    return status_of(history).is_open or not_blind_second(history) is not None
