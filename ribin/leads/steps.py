"""What is done to a lead: taken up, reviewed twice, its link withdrawn; and the series of links.

Each one is checked and recorded in one go at both members concerned, where they can be reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from ribin.cases.leads import (
    CLOSING,
    CONCLUDING,
    EXAMINING,
    KEEPING,
    REVIEWING,
    Conclusion,
    ExhibitRef,
    Lead,
    LeadHistory,
    LeadStatus,
    Review,
    ReviewBasis,
    ReviewRound,
    Role,
    pair_of,
)
from ribin.cases.record import RecordKind
from ribin.errors import StoreError
from ribin.exchange.lead_statements import NoticedEnd
from ribin.exchange.message import MessageKind, new_id
from ribin.leads import rules
from ribin.leads.blindness import reads_all_logs, saw_a_verdict
from ribin.leads.both_sides import (
    BothSides,
    LeadChoice,
    both_sides,
    check_pair,
    figures_of_both,
    names_in_lead,
    tell,
)
from ribin.leads.looks import viewer_of_this_process
from ribin.leads.merge import Settled, merge_lead, merge_stated, settle
from ribin.leads.statements import TheirSide
from ribin.search.network import Network
from ribin.vault.accounts import check_proved
from ribin.vault.audit import now_utc
from ribin.vault.disclosure import as_seen_by
from ribin.vault.exhibits import read_exhibits
from ribin.vault.leads import (
    insert_entry,
    insert_review,
    leads_of_pair,
    next_lead_number,
    next_review_number,
    next_word,
    read_lead,
    read_leads,
)
from ribin.vault.messages import await_delivery
from ribin.vault.people import check_role
from ribin.vault.records import insert_version
from ribin.vault.sharing import named_in_lead
from ribin.vault.vault import Vault


def take_up_lead(
    own: Vault,
    network: Network | None,
    reference: ExhibitRef,
    comparison: ExhibitRef,
    *,
    who: str,
    note: str,
    figures: Mapping[str, Any] | None = None,
) -> Step:
    """Make a candidate a lead; at least one of its exhibits is held by the own member.

    `figures` is the row of the candidate as the examiner saw it. What its list counted and where is
    kept by the own vault alone; note and row cross the border to the member concerned.

    Raises AccessError: `who` is no examiner, or the holder of an exhibit does not show it to this
    member; ParameterError: both exhibits are the same, neither is an own one, or there is no note;
    StoreError: an exhibit is unknown, or the pair has a lead that is open or a link that stands.
    """
    note = rules.stated_text(note, "note: why these two should be examined")
    check_pair(own.member, reference, comparison)
    refs = (reference, comparison)
    with own.catalogue.reading() as db:
        check_role(db, who, EXAMINING)
    choice = LeadChoice(
        pair=_pair_as_known(own, *refs),
        exhibits=tuple(ref.exhibit for ref in refs if ref.member != own.member),
    )
    with both_sides(own, network, [ref.member for ref in refs], who, choice) as both:
        check_role(both.own, who, EXAMINING)
        named = names_in_lead(both, reference, comparison)
        (reference, reference_event), (comparison, comparison_event) = named
        check_pair(own.member, reference, comparison)
        pair = pair_of(reference, comparison)
        merge_stated(both)
        rules.check_new_lead(leads_of_pair(both.own, pair))
        others = {reference.member, comparison.member} - {own.member}
        number = next_lead_number(both.own, own.member, others.pop() if others else own.member)
        lead = Lead(
            lead=number,
            member=own.member,
            reference=reference,
            reference_event=reference_event,
            comparison=comparison,
            comparison_event=comparison_event,
            examiner=who,
            at=now_utc(),
            note=note,
            figures=figures_of_both(figures or {}, reference.member != comparison.member),
        )
        both.log("lead", number, note, [insert_entry(both.own, lead)])
        step = step_done(both, number)
    return told(own, network, both, step)


def close_lead(own: Vault, network: Network | None, lead: str, *, who: str, reason: str) -> Step:
    """End a lead that was opened by mistake, at both members; its exhibits may be taken up anew.

    Raises AccessError: `who` did not open it, or a verdict was given, and is no administrator;
    ParameterError: there is no reason; StoreError: the lead is unknown, or open no more.
    """
    reason = rules.stated_text(reason, "reason: why the lead is closed")
    with _lead_at_both_sides(own, network, lead, who, CLOSING) as both:
        merge_stated(both)
        history = read_lead(both.own, lead, str(own.path))
        if not rules.may_close(history, who, own.member):
            check_role(both.own, who, KEEPING)
        stated = next_word(both.own, RecordKind.CLOSURE, lead, who, reason)
        both.log("close", lead, reason, [insert_version(both.own, stated)])
        step = step_done(both, lead)
    return told(own, network, both, step)


def confirm_lead(own: Vault, network: Network | None, lead: str, *, who: str, note: str) -> Step:
    """Confirm two verdicts of the other member on a lead across a border; that makes the link.

    Raises AccessError: `who` is no examiner or has not given the password of an account, or both
    verdicts are of the own member;
    ParameterError: there is no note; StoreError: the lead is unknown or awaits no confirmation, or
    the log of the other member is out of reach.
    """
    note = rules.stated_text(note, "note: what the confirmation rests on")
    with _lead_at_both_sides(own, network, lead, who, EXAMINING) as both:
        check_proved(both.own, who, f"lead {lead}: a confirmation")
        merge_stated(both)
        history = read_lead(both.own, lead, str(own.path))
        rules.check_confirmation(history, own.member)
        _check_logs_in_reach(both, history.lead, "a confirmation")
        stated = next_word(both.own, RecordKind.CONFIRMATION, lead, who, note)
        both.log("confirm", lead, note, [insert_version(both.own, stated)])
        step = step_done(both, lead, settle(both, lead, history))
    return told(own, network, both, step)


def _check_logs_in_reach(both: BothSides, lead: Lead, what: str) -> None:
    if not reads_all_logs(both, lead):
        raise StoreError(
            f"lead {lead.lead}: the logs of {' and '.join(lead.members)} needed for {what}, found "
            "one out of reach"
        )


def withdraw_link(own: Vault, network: Network | None, lead: str, *, who: str, reason: str) -> Step:
    """End a link; both reviews and the link itself stay on record.

    Raises AccessError: `who` is neither examiner nor reviewer, or has an account and states a name;
    ParameterError: there is no reason;
    StoreError: the lead is unknown, or no link that stands.
    """
    reason = rules.stated_text(reason, "reason: why the link is withdrawn")
    with _lead_at_both_sides(own, network, lead, who, CONCLUDING) as both:
        check_proved(both.own, who, f"lead {lead}: the end of a link", signed_off=False)
        merge_stated(both)
        history = read_lead(both.own, lead, str(own.path))
        if not history.linked:
            found = f"found: {rules.status_of(history)}"
            raise StoreError(f"lead {lead}: a confirmed link needed to withdraw it, {found}")
        stated = next_word(both.own, RecordKind.WITHDRAWAL, lead, who, reason)
        both.log("withdrawal", lead, reason, [insert_version(both.own, stated)])
        step = step_done(both, lead, settle(both, lead, history))
    return told(own, network, both, step)


# What a step of a lead led to, and whom it concerns.


@dataclass(frozen=True)
class Step:
    """What a step led to; `notes` says which member has not got it yet.

    Own exhibits in `parts` have their own names.
    """

    history: LeadHistory
    notes: tuple[str, ...] = ()
    link_made: bool = False
    link_ended: bool = False
    parts: tuple[frozenset[ExhibitRef], ...] = ()  # of the series, where a link ended
    ends: Mapping[str, NoticedEnd] = field(default_factory=dict)  # what others tell of theirs

    @property
    def standing(self) -> LeadStatus:
        return rules.status_of(self.history)


@contextmanager
def _lead_at_both_sides(
    own: Vault, network: Network | None, lead: str, who: str, roles: Iterable[Role]
) -> Iterator[BothSides]:
    """As `both_sides`, of one lead, for a person with one of these roles.

    Errors as there, and AccessError: `who` has none of them, which is said before other members
    hear of it; StoreError: the lead is unknown.
    """
    with own.catalogue.reading() as db:
        check_role(db, who, roles)
        members = read_lead(db, lead, str(own.path)).lead.members
    with both_sides(own, network, members, who, LeadChoice(numbers=(lead,))) as both:
        check_role(both.own, who, roles)  # it may have ended since
        yield both


def _pair_as_known(own: Vault, reference: ExhibitRef, comparison: ExhibitRef) -> str:
    """The pair as leads across a border name it, as far as that is known before the other is asked:
    an own exhibit by its pseudonym."""
    if reference.member == comparison.member:
        return ""
    seen = as_seen_by(own.member, own)
    known = [seen.ref(r.exhibit) if r.member == own.member else r for r in (reference, comparison)]
    return pair_of(*known)


def told(own: Vault, network: Network | None, both: BothSides, step: Step) -> Step:
    """The step, once the other side was told of it; the notes say where that failed."""
    lead = step.history.lead.lead
    ends = {m: end for m, side in both.theirs.items() if (end := side.own_end(lead))}
    notes, sides = tell(own, network, both, lead)
    after = {member: end for member, side in sides.items() if (end := side.own_end(lead))}
    step = replace(step, notes=notes, ends=ends | after)
    return _opened(own, both, sides, step) if sides and step.history.awaits_content else step


def _opened(own: Vault, both: BothSides, sides: dict[str, TheirSide], step: Step) -> Step:
    """The step once the content of a first verdict has come, which the other member states when it
    was told of the second; what the two come to is known then."""
    lead = step.history.lead.lead
    with own.catalogue.writing() as db:
        again = replace(both, own=db, theirs=sides, notes=[])
        merge_lead(again, lead)
        done = _step_as_recorded(again, lead, Settled())
    notes = tuple(dict.fromkeys([*step.notes, *done.notes]))
    made = done.history.link is not None and step.history.link is None
    return replace(step, history=done.history, notes=notes, link_made=made)


def step_done(both: BothSides, lead: str, settled: Settled | None = None) -> Step:
    """What came of a step, read back from the own vault before it is committed with the note that
    others have to be told."""
    done = _step_as_recorded(both, lead, settled or Settled())
    for member in set(done.history.lead.members) - {both.own_member}:
        await_delivery(both.own, member, str(MessageKind.LEADS), lead, new_id())
    return done


def _step_as_recorded(both: BothSides, lead: str, settled: Settled) -> Step:
    history = read_lead(both.own, lead, both.own_member)
    parts = parts_without(both.own, both.own_member, history) if settled.link_ended else ()
    return Step(history, tuple(both.notes), settled.link_made, settled.link_ended, parts)


# Series: exhibits joined by links, directly or through others; the history of one gun.

Pair = tuple[ExhibitRef, ExhibitRef]


def series_around(start: ExhibitRef, pairs: Iterable[Pair]) -> frozenset[ExhibitRef]:
    """Everything that is joined to an exhibit, itself included."""
    neighbours: dict[ExhibitRef, set[ExhibitRef]] = {}
    for one, other in pairs:
        neighbours.setdefault(one, set()).add(other)
        neighbours.setdefault(other, set()).add(one)
    found, todo = {start}, [start]
    while todo:
        new = neighbours.get(todo.pop(), set()) - found
        found |= new
        todo += new
    return frozenset(found)


def parts_without(db: Any, member: str, history: LeadHistory) -> tuple[frozenset[ExhibitRef], ...]:
    """What the series of a link falls into without it, as the vault of this member knows it.

    One part where other links, or test fires of one firearm, still join the two exhibits; two where
    nothing does. Own exhibits have their own names.
    """

    def named(ref: ExhibitRef) -> ExhibitRef:
        return replace(ref, exhibit=named_in_lead(db, ref.exhibit)) if ref.member == member else ref

    files = [f for f in read_leads(db) if f.linked and f.lead != history.lead]
    pairs = [(named(one), named(other)) for one, other in (f.lead.exhibits for f in files)]
    fired: dict[str, ExhibitRef] = {}
    for exhibit in read_exhibits(db).values():
        if exhibit.firearm:
            ref = ExhibitRef(member, exhibit.exhibit)
            pairs.append((fired.setdefault(exhibit.firearm, ref), ref))
    one, other = (series_around(named(ref), pairs) for ref in history.lead.exhibits)
    return (one,) if one == other else (one, other)


# The step between: a person examines the items and records a verdict.


def give_review(
    own: Vault,
    network: Network | None,
    lead: str,
    conclusion: Conclusion,
    examined: ReviewBasis,
    *,
    who: str,
    note: str,
    supersede: bool = False,
) -> Step:
    """Add a verdict on the items: the first, the second, or one that supersedes one's own.

    Where two identifications lack a blind second one, a third person's takes its place. The second
    one counts as blind unless an audit log in reach says that a verdict on the pair, on
    this lead or an earlier one, was given by this person or shown to this name or login. Across a
    border it counts, and makes a link, once the logs of both members were read.

    Raises AccessError: `who` is no examiner (first review) or no reviewer (second), would review
    their own, or has an account and has not given its password; ParameterError: there is no note;
    StoreError: the lead is unknown, or has both reviews already.
    """
    note = rules.stated_text(note, "note: what the verdict rests on")
    with _lead_at_both_sides(own, network, lead, who, CONCLUDING) as both:
        merge_stated(both)
        history = read_lead(both.own, lead, str(own.path))
        earlier = rules.own_review(history, who, own.member) if supersede else None
        place = earlier.place if earlier else rules.next_round(history)
        check_role(both.own, who, (REVIEWING[rules.round_given(history, earlier) or place],))
        check_proved(both.own, who, f"lead {lead}: a verdict")
        if not earlier:
            rules.check_review(history, who, own.member)
            earlier = rules.not_blind_second(history)
            if earlier:
                _check_logs_in_reach(both, history.lead, "a third review")
        review = Review(
            review=next_review_number(both.own, lead, own.member),
            lead=lead,
            place=place,
            conclusion=conclusion,
            examined=examined,
            blind=_is_blind(both, history, place, third=bool(earlier) and not supersede),
            reviewer=who,
            member=own.member,
            at=now_utc(),
            note=note,
            supersedes=earlier.review if earlier else "",
        )
        # Not the verdict: the log can be read before the second one is in.
        both.log("review", lead, "", insert_review(both.own, review), place=str(place))
        step = step_done(both, lead, settle(both, lead, history))
    return told(own, network, both, step)


def _is_blind(both: BothSides, history: LeadHistory, place: ReviewRound, third: bool) -> bool:
    """A second verdict that not all logs are in reach for is checked when they are."""
    if rules.verdicts_are_known(history) and not third:
        return False
    if place is ReviewRound.FIRST:
        return True
    eyes = viewer_of_this_process(both.own_member, both.who, history.lead.pair)
    return reads_all_logs(both, history.lead) and not saw_a_verdict(both, history.lead, eyes)
