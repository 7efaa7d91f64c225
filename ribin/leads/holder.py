"""The side that is asked in tracing: what the holder of an exhibit tells of it and of its links.

Within this room an exhibit goes by its opaque name, also an own one: names are then the same in
every vault, and whoever may know more is told so at the end.
"""

from __future__ import annotations

from dataclasses import dataclass

from ribin.cases.exhibits import Exhibit, Scope
from ribin.cases.leads import HeldExhibit, LeadFile
from ribin.search.rules import may_see
from ribin.vault.exhibits import find_exhibit, read_exhibits
from ribin.vault.leads import lead_files_of_exhibit
from ribin.vault.releases import is_released
from ribin.vault.sharing import find_named, opaque_name, opaque_names
from ribin.vault.vault import Vault


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


class Holder:
    """One member's vault, asked by another member or by its own."""

    def __init__(self, vault: Vault, asker: str, reach: Scope) -> None:
        self.vault = vault
        self._asker = asker
        self._reach = reach

    @property
    def is_own(self) -> bool:
        return self._asker == self.vault.member

    def key(self, name: str) -> HeldExhibit:
        """An own or opaque name as the opaque one."""
        with self.vault.catalogue.reading() as db:
            opaque = name if find_named(db, name) else opaque_name(db, name)
        return HeldExhibit(self.vault.member, opaque)

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

    def links_of(self, opaque: str) -> list[tuple[LeadFile, HeldExhibit]]:
        """Every link on an exhibit, also withdrawn ones, and what lies at its other end."""
        with self.vault.catalogue.reading() as db:
            names = {opaque, find_named(db, opaque) or opaque}
            held = [HeldExhibit(self.vault.member, name) for name in sorted(names)]
            files = [file for one in held for file in lead_files_of_exhibit(db, one) if file.link]
        return [(file, self._other_end(file, held)) for file in files]

    def of_same_firearm(self, opaque: str) -> list[HeldExhibit]:
        """Other test fires of the weapon that an exhibit is a test fire of.

        Another member knows the weapon of what was released to it, and of nothing else.
        """
        exhibit = self._exhibit(opaque)
        if exhibit is None or not exhibit.firearm or not self._knows_firearm(exhibit):
            return []
        with self.vault.catalogue.reading() as db:
            known = [e for e in read_exhibits(db).values() if e.firearm == exhibit.firearm]
        same = [e.exhibit for e in known if e != exhibit and self._knows_firearm(e)]
        names = opaque_names(self.vault, same).values()
        return [HeldExhibit(self.vault.member, name) for name in names]

    def _other_end(self, file: LeadFile, held: list[HeldExhibit]) -> HeldExhibit:
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
