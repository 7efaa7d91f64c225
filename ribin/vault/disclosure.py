"""What of an exhibit another member may be told.

Class fields and kind always; the exhibit under its opaque name, and nothing of its event, until its
owner has released it to that member.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ribin.cases.exhibits import (
    Candidate,
    Event,
    Exhibit,
    Request,
    Scope,
)
from ribin.cases.leads import ExhibitRef, LeadHistory
from ribin.vault.exhibits import find_exhibit, read_exhibits
from ribin.vault.leads import lead_files_of_exhibit
from ribin.vault.sharing import (
    Release,
    find_named,
    is_released,
    keyed_pseudonym,
    pseudonym,
    pseudonyms,
    read_setting,
    released_to,
)
from ribin.vault.vault import Vault


@dataclass(frozen=True)
class ReceiverView:
    """What the exhibits of a vault are called by one other member, at one moment."""

    vault: Vault
    opaque_key: str
    released: Mapping[str, Release]

    @classmethod
    def of(cls, vault: Vault, receiver: str) -> ReceiverView:
        """As this receiver knows them now."""
        with vault.catalogue.reading() as db:
            key = read_setting(db, "opaque_key")
        return cls(vault, key, released_to(vault, receiver))

    def opaque(self, exhibit: str) -> str:
        """The opaque name of an exhibit."""
        return keyed_pseudonym(self.opaque_key, exhibit)

    def told(self, exhibit: Exhibit) -> Exhibit:
        """The exhibit as it crosses the border: whole where it is released."""
        if exhibit.exhibit in self.released:
            return exhibit
        return replace(exhibit, exhibit=self.opaque(exhibit.exhibit), event=Event(""), firearm="")

    def meant(self, name: str) -> str:
        """The exhibit that the receiver calls by this name; empty where it may call none so."""
        if name in self.released:
            return name
        with self.vault.catalogue.reading() as db:
            return find_named(db, name) or ""

    def gives_original(self, exhibit: str) -> bool:
        """Whether the receiver may have the scans of an exhibit as they were received."""
        return exhibit in self.released and self.released[exhibit].original


# What of a member's rows crosses the border to another member.


def disclosed_exhibits(
    exhibits: Mapping[str, Exhibit], vault: Vault, receiver: str
) -> dict[str, Exhibit]:
    """Exhibits of a vault, by their own names, as the receiver may know them."""
    abroad = ReceiverView.of(vault, receiver)
    return {name: abroad.told(one) for name, one in exhibits.items()}


def apart_by_event(told: Mapping[str, Exhibit]) -> dict[str, Exhibit]:
    """Exhibits to group by: those of events that were not told, each as of an event of its own, so
    that a group joins nothing but what the receiver can join itself."""
    return {
        name: one if one.event.event else replace(one, event=Event(one.exhibit))
        for name, one in told.items()
    }


def disclosed_rows(
    rows: Sequence[Candidate], told: Mapping[str, Exhibit], vault: Vault
) -> tuple[Candidate, ...]:
    """The rows as the receiver may read them: opaque names and no event, but where released.

    A group keeps rows of one firearm or event together under a name that tells neither.

    Parameters
    ----------
    rows : sequence of Candidate
        Of this vault, under its own names.
    told : mapping
        As `disclosed_exhibits` gives them.
    """
    before = pseudonyms(vault, told)
    groups = pseudonyms(vault, (f"group {row.group}" for row in rows if row.group))
    return tuple(
        replace(
            row,
            exhibit=told[row.exhibit].exhibit,
            event=told[row.exhibit].event.event,
            group=groups.get(f"group {row.group}", ""),
            known_as=before[row.exhibit] if told[row.exhibit].exhibit == row.exhibit else "",
        )
        for row in rows
    )


def reviewed_here(request: Request, vault: Vault, reach: Scope) -> frozenset[int]:
    """Marks of this vault whose exhibits the asker wants left out, by whatever name it knows."""
    names = [exhibit for member, exhibit in request.leave_out if member == vault.member]
    if names and reach is not Scope.COUNTRY:
        abroad = ReceiverView.of(vault, request.asking_member)
        names = list(filter(None, map(abroad.meant, names)))
    known = vault.exhibits().keys() if names else ()
    return frozenset(m.mark_id for n in names if n in known for m in vault.marks_of(n))


# The side that is asked in tracing: what the holder of an exhibit tells of it and of its links.
#
# Within this room an exhibit goes by its opaque name, also an own one: names are then the same in
# every vault, and whoever may know more is told so at the end.


@dataclass(frozen=True)
class TracedExhibit:
    """An exhibit of a history, as far as the asker may know it; empty where not."""

    member: str
    exhibit: str
    event: str = ""
    case_number: str = ""
    date: str = ""
    place: str = ""
    kind: str = ""
    calibre: str = ""
    firearm: str = ""
    known: str = "own"  # or released, shown, not shown, purged, out of reach


class TraceAnswers:
    """One member's vault, asked by another member or by its own."""

    def __init__(self, vault: Vault, asker: str, reach: Scope) -> None:
        self.vault = vault
        self._asker = asker
        self._reach = reach

    @property
    def is_own(self) -> bool:
        return self._asker == self.vault.member

    def key(self, name: str) -> ExhibitRef:
        """An own or opaque name as the opaque one."""
        with self.vault.catalogue.reading() as db:
            opaque = name if find_named(db, name) else pseudonym(db, name)
        return ExhibitRef(self.vault.member, opaque)

    def shows(self, opaque: str) -> bool:
        """Whether the asker may know of this exhibit at all."""
        exhibit = self._exhibit(opaque)
        return exhibit is not None and may_see(exhibit, Scope.NETWORK, self._reach)

    def tell(self, opaque: str) -> TracedExhibit:
        """What the asker may know of an exhibit; of one not shown any more, its opaque name."""
        member, exhibit = self.vault.member, self._exhibit(opaque)
        if exhibit is None:
            return TracedExhibit(member, opaque, known="purged")
        if not self.is_own and not self.shows(opaque):
            return TracedExhibit(member, opaque, known="not shown")
        class_facts = {"kind": str(exhibit.kind), "calibre": exhibit.class_fields.calibre}
        with self.vault.catalogue.reading() as db:
            released = is_released(db, exhibit.exhibit, self._asker)
        if not self.is_own and not released:
            return TracedExhibit(member, opaque, **class_facts, known="shown")
        return TracedExhibit(
            member=member,
            exhibit=exhibit.exhibit,
            event=exhibit.event.event,
            case_number=exhibit.event.case_number,
            date=exhibit.event.date,
            place=exhibit.event.place,
            firearm=exhibit.firearm,
            **class_facts,
            known="own" if self.is_own else "released",
        )

    def links_of(self, opaque: str) -> list[tuple[LeadHistory, ExhibitRef]]:
        """Every link on an exhibit, also withdrawn ones, and what lies at its other end."""
        with self.vault.catalogue.reading() as db:
            names = {opaque, find_named(db, opaque) or opaque}
            held = [ExhibitRef(self.vault.member, name) for name in sorted(names)]
            files = [file for one in held for file in lead_files_of_exhibit(db, one) if file.link]
        return [(file, self._other_end(file, held)) for file in files]

    def of_same_firearm(self, opaque: str) -> list[ExhibitRef]:
        """Other test fires of the weapon that an exhibit is a test fire of.

        Another member knows the weapon of what was released to it, and of nothing else.
        """
        exhibit = self._exhibit(opaque)
        if exhibit is None or not exhibit.firearm or not self._knows_firearm(exhibit):
            return []
        with self.vault.catalogue.reading() as db:
            known = [e for e in read_exhibits(db).values() if e.firearm == exhibit.firearm]
        same = [e.exhibit for e in known if e != exhibit and self._knows_firearm(e)]
        names = pseudonyms(self.vault, same).values()
        return [ExhibitRef(self.vault.member, name) for name in names]

    def _other_end(self, file: LeadHistory, held: list[ExhibitRef]) -> ExhibitRef:
        other = next(end for end in file.lead.exhibits if end not in held)
        return self.key(other.exhibit) if other.member == self.vault.member else other

    def _knows_firearm(self, exhibit: Exhibit) -> bool:
        if self.is_own or not may_see(exhibit, Scope.NETWORK, self._reach):
            return self.is_own
        with self.vault.catalogue.reading() as db:
            return is_released(db, exhibit.exhibit, self._asker)

    def _exhibit(self, opaque: str) -> Exhibit | None:
        with self.vault.catalogue.reading() as db:
            return find_exhibit(db, find_named(db, opaque) or opaque)


def may_see(exhibit: Exhibit, scope: Scope, reach: Scope) -> bool:
    """Whether an owner shows an exhibit to an asker who reaches it in `reach` and asks in `scope`.

    Needed are both: a scope asked for and a sharing level given at least as wide as the distance
    between the two. A country is at no distance from itself, so it sees all of its own.
    """
    return min(scope.width, exhibit.sharing.width) >= reach.width
