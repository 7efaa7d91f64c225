"""The exhibits of a vault as a person asks for them: listed, and shown with what rests on them."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ribin.cases.calibres import same_calibre
from ribin.cases.csv_files import write_csv
from ribin.cases.exhibits import ExhibitKind, Scope
from ribin.cases.leads import LeadStatus
from ribin.cases.plausible import checked_day
from ribin.cases.record import Record
from ribin.errors import StoreError
from ribin.leads.rules import status_of
from ribin.model import LeftOutShares, left_out_words
from ribin.report.document import words
from ribin.report.table import facts, table
from ribin.services.leads import lead_views
from ribin.text import counted, moment_text
from ribin.vault.corrections import history_of
from ribin.vault.exhibits import (
    ListedMark,
    ListedScan,
    current_name,
    exhibits_judged,
    read_aliases,
    read_fields,
    read_listed_scans,
)
from ribin.vault.people import check_looker
from ribin.vault.sharing import pseudonyms, releases_of
from ribin.vault.states import scan_state
from ribin.vault.vault import Vault


@dataclass(frozen=True)
class ListedLead:
    """A lead on an exhibit: what it lays beside it, and how far it has come."""

    lead: str
    other: str
    standing: str
    linked: bool
    open: bool = False  # whether it may still lead to a link


@dataclass(frozen=True)
class ListedExhibit:
    """An exhibit, and what a vault has of it.

    `fields` are those of a manifest by their columns; `aliases` are names that it had, and
    `opaque` is the one by which other members know it.
    """

    fields: Mapping[str, str]
    aliases: tuple[str, ...]
    opaque: str
    released_to: tuple[str, ...]
    scans: tuple[ListedScan, ...]
    leads: tuple[ListedLead, ...]

    @property
    def marks(self) -> list[ListedMark]:
        """The marks of all its scans."""
        return [mark for scan in self.scans for mark in scan.marks]

    @property
    def links(self) -> list[ListedLead]:
        """The leads that are links which stand."""
        return [lead for lead in self.leads if lead.linked]


_PARTS = ("event", "case_number", "firearm")  # fields of which a filter is a part


@dataclass(frozen=True)
class ExhibitFilters:
    """Which exhibits are listed; an empty filter lets every one pass.

    Texts are parts of a field, whatever their capitals; days are inclusive.
    """

    text: str = ""  # every word of it somewhere in what is known of the exhibit
    event: str = ""
    case_number: str = ""
    calibre: str = ""
    firearm: str = ""
    kind: ExhibitKind | None = None
    sharing: Scope | None = None
    date_from: str = ""
    date_to: str = ""
    verdict: str = ""  # on one of its marks
    in_lead: bool = False

    def __post_init__(self) -> None:
        """Raises ParameterError: a day is none."""
        for day in (self.date_from, self.date_to):
            if day:
                checked_day(day, "exhibit list: day")

    def let_pass(self, fields: Mapping[str, str], names: Sequence[str]) -> bool:
        """Whether an exhibit is listed, as far as its fields and its other names say it."""
        day = fields["date"]
        return (
            self._has_words(fields, names)
            and (not self.calibre or self._has_calibre(fields["calibre"]))
            and self.kind in (None, fields["kind"])
            and self.sharing in (None, fields["sharing"])
            and (not (self.date_from or self.date_to) or bool(day))
            and (self.date_from <= day and (not self.date_to or day <= self.date_to))
        )

    def _has_words(self, fields: Mapping[str, str], names: Sequence[str]) -> bool:
        """Every word of the text anywhere, and of some fields a part."""
        parts = [(fields[name], getattr(self, name)) for name in _PARTS]
        if self.text:
            known = " ".join([*fields.values(), *names])
            parts += [(known, word) for word in self.text.split()]
        return all(part.casefold() in text.casefold() for text, part in parts if part)

    def _has_calibre(self, said: str) -> bool:
        """Any spelling of the calibre, or a part of the text."""
        part = self.calibre.casefold() in said.casefold()
        return part or (bool(said) and same_calibre(self.calibre, said))


def list_exhibits(
    vault: Vault, who: str, filters: ExhibitFilters = ExhibitFilters()
) -> list[ListedExhibit]:
    """The exhibits that the filters let pass, in order of their names.

    Raises AccessError: the vault's people have roles, and `who` has none.
    """
    return exhibits_named(vault, who, find_exhibits(vault, who, filters))


def find_exhibits(vault: Vault, who: str, filters: ExhibitFilters) -> list[str]:
    """The names of the exhibits that the filters let pass, in order: a page of thousands takes its
    part of them to `exhibits_named`.

    Raises AccessError: as `list_exhibits`.
    """
    check_looker(vault.catalogue, who)
    with vault.catalogue.reading() as db:
        stated, aliases = read_fields(db), read_aliases(db)
        passing = set(stated)
        if filters.verdict:
            passing &= exhibits_judged(db, filters.verdict)
    if filters.in_lead:
        leads = _leads_by_exhibit(vault, who)
        closed = LeadStatus.CLOSED
        passing &= {e for e, of_it in leads.items() if any(o.standing != closed for o in of_it)}
    opaque = pseudonyms(vault, passing) if filters.text else {}
    return [
        name
        for name, fields in stated.items()
        if name in passing
        and filters.let_pass(fields, [*aliases.get(name, ()), opaque.get(name, "")])
    ]


def exhibits_named(vault: Vault, who: str, names: Sequence[str]) -> list[ListedExhibit]:
    """The exhibits of these names, in this order, as far as the vault has them.

    Raises AccessError: as `list_exhibits`.
    """
    check_looker(vault.catalogue, who)
    with vault.catalogue.reading() as db:
        stated, scans = read_fields(db, names), read_listed_scans(db, names)
        aliases = read_aliases(db)
    opaque = pseudonyms(vault, stated)
    released: dict[str, list[str]] = {}
    for release in releases_of(vault):
        if release.holds:
            released.setdefault(release.exhibit, []).append(release.receiver)
    leads = _leads_by_exhibit(vault, who)
    return [
        ListedExhibit(
            stated[name],
            tuple(aliases.get(name, ())),
            opaque[name],
            tuple(released.get(name, ())),
            tuple(scans.get(name, ())),
            tuple(leads.get(name, ())),
        )
        for name in names
        if name in stated
    ]


def _leads_by_exhibit(vault: Vault, who: str) -> dict[str, list[ListedLead]]:
    """The leads on each own exhibit, by the name that it has now."""
    found: dict[str, list[ListedLead]] = {}
    for view in lead_views(vault, who):
        history = view.history
        one, other = history.lead.exhibits
        for here, there in ((one, other), (other, one)):
            if here.member == vault.member:
                beside = there.exhibit if there.member == vault.member else str(there)
                standing = str(status_of(history))
                named = history.lead.lead, beside, standing
                lead = ListedLead(*named, history.linked, history.is_open)
                found.setdefault(here.exhibit, []).append(lead)
    return found


def move_warnings(vault: Vault, who: str, names: Sequence[str]) -> list[str]:
    """A line for each link, and each lead that may become one, on exhibits between which a scan is
    to be moved: its verdicts are on what these show.

    Raises AccessError: as `list_exhibits`.
    """
    check_looker(vault.catalogue, who)
    leads, lines = _leads_by_exhibit(vault, who), {}
    with vault.catalogue.reading() as db:
        known = [current_name(db, name) for name in names]
    for exhibit in known:
        for one in leads.get(exhibit, ()):
            if one.linked or one.open:
                text = f"{one.lead}, {one.standing}, is on {exhibit} and {one.other}"
                lines[one.lead] = f"{text}: it stays as it is, on what the exhibits were then"
    return list(lines.values())


@dataclass(frozen=True)
class ShownExhibit:
    """One exhibit, how its scans are read now, what is left out of their marks, and every version
    of what was stated where that is asked for: of the exhibit, its events and its scans, the oldest
    first.

    `left_out`: shares by the SHA-256 of a scan and the type of a mark, where it can be read.
    """

    exhibit: ListedExhibit
    readings: tuple[str, ...]
    left_out: Mapping[str, Mapping[str, LeftOutShares]]
    history: tuple[Record, ...] | None

    def left_out_words(self, sha256: str, mark: str) -> str:
        """What is left out of a mark, in words; empty where next to nothing is."""
        return left_out_words(self.left_out.get(sha256, {}).get(mark, {}))


def show_exhibit(vault: Vault, who: str, name: str, history: bool = False) -> ShownExhibit:
    """An exhibit by the name that it has or had; StoreError where it is unknown, and as
    `list_exhibits`."""
    known = vault.exhibit(name).exhibit
    (found,) = exhibits_named(vault, who, [known])
    with vault.catalogue.reading() as db:
        readings = tuple(scan_state(db, scan.sha256).said for scan in found.scans)
    left_out: dict[str, dict[str, LeftOutShares]] = {}
    for mark in vault.marks_of(known):
        with contextlib.suppress(StoreError):  # `store check` names a file that is damaged
            of_scan = left_out.setdefault(mark.scan.sha256, {})
            of_scan[str(mark.mark_type)] = vault.mark(mark).left_out_shares
    versions = tuple(history_of(vault, known)) if history else None
    return ShownExhibit(found, readings, left_out, versions)


# The same for programs, spreadsheets and persons.

_COLUMNS: tuple[str, ...] = (
    "exhibit",
    "event",
    "case_number",
    "date",
    "place",
    "kind",
    "calibre",
    "ammunition",
)
_COLUMNS += ("firing_pin_shape", "breech_face_type", "firearm", "sharing")
_MORE = ("aliases", "opaque", "released_to", "scans", "marks", "leads", "links")


def exhibit_facts(one: ListedExhibit) -> dict[str, Any]:
    """An exhibit for programs."""
    rest = {name: getattr(one, name) for name in ("aliases", "opaque", "released_to", "scans")}
    return {**one.fields, **rest, "leads": one.leads, "links": [link.lead for link in one.links]}


def shown_facts(shown: ShownExhibit) -> dict[str, Any]:
    """One exhibit for programs, with its history where it was asked for."""
    stated = exhibit_facts(shown.exhibit)
    stated |= {"readings": shown.readings, "left_out": shown.left_out}
    if shown.history is None:
        return stated
    versions = [{**vars(one), "sha256": one.sha256} for one in shown.history]
    return stated | {"history": versions}


def exhibits_csv(exhibits: Sequence[ListedExhibit]) -> str:
    """A row an exhibit, for spreadsheets."""
    lines = io.StringIO()
    own = [name for one in exhibits[:1] for name in one.fields if name not in _COLUMNS]
    columns = (*_COLUMNS, *own, *_MORE)
    write_csv(lines, columns, ({**one.fields, **_cells(one)} for one in exhibits))
    return lines.getvalue()


def _cells(one: ListedExhibit) -> dict[str, object]:
    return {
        "aliases": " ".join(one.aliases),
        "opaque": one.opaque,
        "released_to": " ".join(one.released_to),
        "scans": len(one.scans),
        "marks": "; ".join(_mark_words(mark) for mark in one.marks),
        "leads": "; ".join(f"{lead.lead} {lead.standing}" for lead in one.leads),
        "links": " ".join(lead.lead for lead in one.links),
    }


def _mark_words(mark: ListedMark) -> str:
    return f"{mark.mark.replace('_', ' ')} {mark.verdict or 'not judged'}"


def exhibits_table(exhibits: Sequence[ListedExhibit]) -> str:
    """One exhibit a line."""
    header = ("exhibit", "event", "case", "day", "kind", "calibre", "scans", "marks", "sharing")
    rows: list[tuple[object, ...]] = []
    for one in exhibits:
        said = one.fields
        named = (said["exhibit"], said["event"], said["case_number"] or "-", said["date"] or "-")
        facts_of = (said["kind"].replace("_", " "), said["calibre"] or "-", str(len(one.scans)))
        marks = ", ".join(_mark_words(mark) for mark in one.marks) or "-"
        leads = ", ".join(lead.lead for lead in one.leads) or "-"
        links = ", ".join(lead.lead for lead in one.links) or "-"
        rows.append((*named, *facts_of, marks, said["sharing"], leads, links))
    listed = [table((*header, "leads", "links"), rows)] if rows else []
    return "\n".join([*listed, counted(len(rows), "exhibit")])


def exhibit_page(shown: ShownExhibit) -> str:
    """One exhibit: what is stated of it, its scans and marks, and what rests on it."""
    one = shown.exhibit
    pairs: list[tuple[str, object]] = [
        (words(name), text) for name, text in one.fields.items() if text
    ]
    pairs += [("was called", ", ".join(one.aliases))] if one.aliases else []
    pairs += [("pseudonym", one.opaque)]
    pairs += [("released to", ", ".join(one.released_to))] if one.released_to else []
    lines = [facts(pairs)]
    for scan, said in zip(one.scans, shown.readings, strict=True):
        light = f", {scan.lighting} light" if scan.lighting else ""
        lines.append(f"scan {scan.source} ({scan.sha256[:12]}), {scan.kind}{light}")
        lines += [f"  read anew: {said}"] if said else []
        for mark in scan.marks:
            drawn = f": {mark.outline}" if mark.outline else ""
            left_out = shown.left_out_words(scan.sha256, mark.mark)
            lines.append(f"  {_mark_words(mark)}{drawn}")
            if left_out:
                lines.append(f"    left out: {left_out} (`ribin mark redo --keep-all` keeps it)")
    lines += [f"lead {lead.lead} with {lead.other}: {lead.standing}" for lead in one.leads]
    if shown.history is not None:
        lines += ["", "history", _history_table(shown.history)]
    return "\n".join(lines)


def _history_table(versions: Sequence[Record]) -> str:
    header = ("at", "record", "version", "by", "known as", "why", "what it says")
    return table(header, history_rows(versions))


def history_rows(versions: Sequence[Record]) -> list[tuple[str, ...]]:
    """Of each version: when, what, which, by whom and how known, why, and what it says anew."""
    before: dict[tuple[str, str], Mapping[str, Any]] = {}
    rows: list[tuple[str, ...]] = []
    for one in versions:
        named = f"{one.kind} {one.id[:12] if one.kind == 'scan' else one.id}"
        said = _changes(before.get((one.kind, one.id), {}), one.body)
        before[(one.kind, one.id)] = one.body or {}
        by = (one.person, one.identity)
        rows.append(
            (
                moment_text(one.at, seconds=True),
                named,
                str(one.version),
                *by,
                one.reason or "-",
                said,
            )
        )
    return rows


def _changes(before: Mapping[str, Any], body: Mapping[str, Any] | None) -> str:
    if body is None:
        return "text blanked; its hash is kept"
    changed = [f"{k} {v!r}" for k, v in body.items() if v != before.get(k, "") and v is not None]
    return ", ".join(changed) or "as before"
