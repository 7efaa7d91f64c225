"""What another member may know of a vault: one rule for searches, pages, leads, traces and bundles.

An exhibit is shown where its sharing level is as wide as the distance between the two members. Of
it the other side then knows kind and class fields, under a pseudonym, and nothing of its event,
firearm or day until the owner has released it to that member.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from ribin.cases.exhibits import Candidate, Event, Exhibit, Scope
from ribin.cases.leads import ExhibitRef, LeadHistory
from ribin.model import MarkType
from ribin.vault.exhibits import (
    find_exhibit,
    find_scan_owner,
    first_name,
    read_exhibits,
    read_renamed,
)
from ribin.vault.leads import leads_of_exhibit
from ribin.vault.mark_table import MarkFacts, MarkTable, read_bare, read_mark_table
from ribin.vault.sharing import Release, keyed_pseudonym, own_name, read_setting, released_to
from ribin.vault.vault import Vault


def may_see(exhibit: Exhibit, scope: Scope, reach: Scope) -> bool:
    """Whether an owner shows an exhibit to an asker who reaches it in `reach` and asks in `scope`.

    Needed are both: a scope asked for and a sharing level given at least as wide as the distance
    between the two. A country is at no distance from itself, so it sees all of its own.
    """
    return min(scope.width, exhibit.sharing.width) >= reach.width


def as_seen_by(receiver: str, vault: Vault, reach: Scope = Scope.NETWORK) -> Disclosure:
    """What a member knows of a vault at this moment; the owner itself knows all of it.

    `reach`: the narrowest scope in which the receiver reaches the owner.
    """
    with vault.catalogue.reading() as db:
        key, renamed = read_setting(db, "opaque_key"), read_renamed(db)
    return Disclosure(vault, receiver, reach, key, renamed, released_to(vault, receiver))


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


@dataclass(frozen=True)
class Disclosure:
    """A vault as one member may know it, under the names that this member may use."""

    vault: Vault
    receiver: str
    reach: Scope
    pseudonym_key: str
    renamed: Mapping[str, str]  # exhibits by their names, and the first names of these
    released: Mapping[str, Release]

    @property
    def is_own(self) -> bool:
        """Whether the owner itself looks."""
        return self.receiver == self.vault.member

    def pseudonym(self, exhibit: str) -> str:
        """What other members call an exhibit before it is released."""
        return keyed_pseudonym(self.pseudonym_key, self.renamed.get(exhibit, exhibit))

    def knows(self, exhibit: str) -> bool:
        """Whether the receiver knows the exhibit by its own name, with its event."""
        return self.is_own or exhibit in self.released

    def shows(self, exhibit: Exhibit, scope: Scope = Scope.NETWORK) -> bool:
        """Whether the receiver may know in this scope that there is such an exhibit."""
        return self.is_own or may_see(exhibit, scope, self.reach)

    def gives_original(self, exhibit: str) -> bool:
        """Whether the receiver may have the scans of an exhibit as they were received."""
        return self.is_own or (exhibit in self.released and self.released[exhibit].original)

    def find(self, name: str) -> Exhibit | None:
        """The exhibit that the receiver calls by this name; None where it may call none so."""
        with self.vault.catalogue.reading() as db:
            named = None if name in self.released else own_name(db, name)
            return find_exhibit(db, named or name) if named or self.knows(name) else None

    def exhibit(self, exhibit: Exhibit) -> Exhibit:
        """The exhibit as it crosses the border: whole where it is released."""
        if self.is_own:
            return exhibit
        if self.knows(exhibit.exhibit):  # how widely it is shared with others is not told
            return replace(exhibit, sharing=Scope.NETWORK)
        hidden = self.pseudonym(exhibit.exhibit)
        return replace(exhibit, exhibit=hidden, event=Event(""), firearm="", sharing=Scope.NETWORK)

    def scan_name(self, exhibit: str, sha256: str) -> str:
        """What the receiver calls a scan of an exhibit: the SHA-256 of its original where that is
        released, before that a keyed digest, by which nobody can tell a file that they have."""
        return sha256 if self.gives_original(exhibit) else self.hidden_scan_name(sha256)

    def hidden_scan_name(self, sha256: str) -> str:
        """What other members call a scan whose original is not released."""
        return self._digest(f"scan {sha256}".encode())

    def scan_called(self, name: str, exhibit: str) -> str:
        """SHA-256 of the scan that the receiver calls so, of the exhibit that it calls so; empty
        where there is none. A hash that it has not from here tells it nothing."""
        with self.vault.catalogue.reading() as db:
            owner = find_scan_owner(db, name)
            if owner and self.gives_original(owner):
                return name
            found = self.find(exhibit)
            query = "SELECT sha256 FROM scans WHERE exhibit = ?"
            scans = [str(r[0]) for r in db.execute(query, (found.exhibit,))] if found else []
        return next((sha256 for sha256 in scans if self.hidden_scan_name(sha256) == name), "")

    def snapshot(self, table: MarkTable) -> str:
        """SHA-256 of a mark table for the owner; for another member a keyed digest of what it may
        see, in an order that tells nothing of what lies between."""
        if self.is_own:
            return table.snapshot
        told = [self._as_told(facts) for facts in table.facts]
        used = [told[place] for place in np.unique(table.which)]  # not days of marks not shown
        names = sorted({facts for facts in used if facts})
        numbers = np.array([names.index(f) if f in names else -1 for f in told] or [-1], np.int32)
        which = numbers[table.which] if len(table.which) else table.which
        rows = np.flatnonzero(which >= 0)
        parts = np.ascontiguousarray(table.templates[rows]).view(np.uint64)  # (N, 4)
        rows = rows[np.lexsort((which[rows], *parts.T))]
        bare: Counter[MarkFacts] = Counter()
        for facts, number in table.bare:
            if one := self._as_told(facts):
                bare[one] += number
        text = repr((self.receiver, names, sorted(bare.items())))
        return self._digest(text.encode() + table.templates[rows].tobytes() + which[rows].tobytes())

    def _as_told(self, facts: MarkFacts) -> MarkFacts | None:
        """The facts of a mark without how widely it is shared; None where it is not shown."""
        shown = Scope(facts.sharing).width >= self.reach.width
        return facts._replace(sharing="") if shown else None

    def _digest(self, content: bytes) -> str:
        return hmac.new(bytes.fromhex(self.pseudonym_key), content, "sha256").hexdigest()

    def order(self, rows: Sequence[Candidate]) -> list[Candidate]:
        """Rows of this vault, best first; equal scores by the names that the receiver knows, as
        any other order would tell something of the own ones."""
        return sorted(
            rows,
            key=lambda row: (
                -row.score,
                row.exhibit if self.knows(row.exhibit) else self.pseudonym(row.exhibit),
                self.scan_name(row.exhibit, row.sha256),
            ),
        )

    def rows(
        self, rows: Sequence[Candidate], exhibits: Mapping[str, Exhibit]
    ) -> tuple[Candidate, ...]:
        """Rows of this vault as the receiver may read them, given its exhibits as they cross.

        A group keeps rows of one firearm or event together under a name that tells neither.
        """
        if self.is_own:
            return tuple(rows)
        shown = []
        for row in rows:
            named = exhibits[row.exhibit]
            group = self.pseudonym(f"group {row.group}") if row.group else ""
            before = self.pseudonym(row.exhibit) if named.exhibit == row.exhibit else ""
            scan = self.scan_name(row.exhibit, row.sha256)
            told = replace(row, exhibit=named.exhibit, event=named.event.event, known_as=before)
            shown.append(replace(told, group=group, sha256=scan))
        return tuple(shown)

    def marks_of(self, names: Iterable[str]) -> frozenset[int]:
        """Marks of the exhibits that the receiver calls by these names, as far as it may; also of
        earlier descriptions."""
        found = [exhibit for exhibit in map(self.find, names) if exhibit]
        every = "SELECT mark_id FROM marks JOIN scans USING (sha256) WHERE exhibit = ?"
        with self.vault.catalogue.reading() as db:
            rows = [row for one in found for row in db.execute(every, (one.exhibit,))]
        return frozenset(int(row[0]) for row in rows)

    def mark_table(self, mark_type: MarkType, params_id: str = "") -> MarkTable:
        """As `Vault.mark_table`, with the days of what is released alone: a filter by days would
        tell, asked often enough, when an unreleased event was."""
        with self.vault.catalogue.reading() as db:
            vault = self.vault
            table = read_mark_table(db, vault.path, mark_type, vault.writable, params_id)
            if self.is_own:
                return table
            marks: list[int] = []
            bare: Counter[MarkFacts] = Counter()
            for exhibit in self.released:
                marks += [row[0] for row in db.execute(_MARKS_OF, (exhibit, str(mark_type)))]
                bare += read_bare(db, mark_type, exhibit=exhibit)
        return _without_days(table, marks, bare)

    # In a trace an exhibit goes by its pseudonym, also an own one: names are then the same in every
    # vault, and whoever may know more learns it at the end.

    def ref(self, name: str) -> ExhibitRef:
        """An own name or a pseudonym as the pseudonym."""
        with self.vault.catalogue.reading() as db:
            hidden = name if own_name(db, name) else self.pseudonym(name)
        return ExhibitRef(self.vault.member, hidden)

    def traced(self, name: str) -> TracedExhibit:
        """What the receiver may know of an exhibit of a trace; its pseudonym at least."""
        member, exhibit = self.vault.member, self._named(name)
        if exhibit is None:
            return TracedExhibit(member, name, known="purged")
        if not self.shows(exhibit):
            return TracedExhibit(member, name, known="not shown")
        facts = {"kind": str(exhibit.kind), "calibre": exhibit.class_fields.calibre}
        if not self.knows(exhibit.exhibit):
            return TracedExhibit(member, name, **facts, known="shown")
        facts |= {**asdict(exhibit.event), "firearm": exhibit.firearm}
        known = "own" if self.is_own else "released"
        return TracedExhibit(member, exhibit.exhibit, **facts, known=known)

    def shows_traced(self, name: str) -> bool:
        """Whether the receiver may know of an exhibit of a trace at all."""
        exhibit = self._named(name)
        return exhibit is not None and self.shows(exhibit)

    def links_of(self, name: str) -> list[tuple[LeadHistory, ExhibitRef]]:
        """Every link on an exhibit, also withdrawn ones, and what lies at its other end."""
        with self.vault.catalogue.reading() as db:
            names = {name, first_name(db, own_name(db, name) or name)}
            own = [ExhibitRef(self.vault.member, one) for one in sorted(names)]
            files = [file for one in own for file in leads_of_exhibit(db, one) if file.link]
        found = []
        for file in files:
            other = next(end for end in file.lead.exhibits if end not in own)
            here = other.member == self.vault.member
            found.append((file, self.ref(other.exhibit) if here else other))
        return found

    def of_same_firearm(self, name: str) -> list[ExhibitRef]:
        """Other test fires of the weapon that an exhibit is a test fire of.

        Another member knows the weapon of what was released to it, and of nothing else.
        """
        exhibit = self._named(name)
        if exhibit is None or not exhibit.firearm or not self._knows_firearm(exhibit):
            return []
        with self.vault.catalogue.reading() as db:
            known = [e for e in read_exhibits(db).values() if e.firearm == exhibit.firearm]
        same = [e.exhibit for e in known if e != exhibit and self._knows_firearm(e)]
        return [ExhibitRef(self.vault.member, self.pseudonym(one)) for one in same]

    def _knows_firearm(self, exhibit: Exhibit) -> bool:
        return self.shows(exhibit) and self.knows(exhibit.exhibit)

    def _named(self, name: str) -> Exhibit | None:
        with self.vault.catalogue.reading() as db:
            return find_exhibit(db, own_name(db, name) or name)


def apart_by_event(exhibits: Mapping[str, Exhibit]) -> dict[str, Exhibit]:
    """Exhibits to group by: those whose event is not known, each as of an event of its own, so that
    a group joins nothing but what the receiver can join itself."""
    return {
        name: one if one.event.event else replace(one, event=Event(one.exhibit))
        for name, one in exhibits.items()
    }


_MARKS_OF = (
    "SELECT mark_id FROM marks JOIN scans USING (sha256) WHERE exhibit = ? AND mark_type = ?"
)


def _without_days(table: MarkTable, marks: Sequence[int], bare: Counter[MarkFacts]) -> MarkTable:
    """The table with no days but those of these marks, and of these scans without a mark."""
    undated = [facts._replace(date="") for facts in table.facts]
    facts = tuple(dict.fromkeys([*undated, *table.facts]))
    places = {one: place for place, one in enumerate(facts)}
    hidden, dated = (
        np.array([places[one] for one in listed], np.int32) for listed in (undated, table.facts)
    )
    rows = np.isin(table.ids, np.array(sorted(marks), np.int64))
    which = np.where(rows, dated[table.which], hidden[table.which]) if undated else table.which
    left: Counter[MarkFacts] = Counter()
    for one, number in table.bare:
        known = min(bare[one], number)
        left[one] += known
        left[one._replace(date="")] += number - known
    return replace(table, which=which, facts=facts, bare=tuple(sorted((+left).items())))
