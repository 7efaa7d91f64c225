"""Corrections: what is stated otherwise of an exhibit, its event or its scans; nothing is lost.

Each one is a new version of a record, with who, when and why. The text of old versions may be
blanked, which leaves their hashes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ribin.cases.exhibits import Event, Exhibit, exhibit_of
from ribin.cases.leads import DISCLOSING, KEEPING
from ribin.cases.record import Record, RecordKind, canonical_bytes
from ribin.errors import ParameterError, StoreError
from ribin.text import clean_text
from ribin.vault.audit import REASONS_BLANKED, blank_reasons
from ribin.vault.enrol import check_new_name, exhibit_problems
from ribin.vault.exhibits import (
    aliases_of,
    fields_of,
    find_event,
    find_exhibit,
    first_name,
    needed_exhibit,
)
from ribin.vault.people import check_role_in_use
from ribin.vault.records import RECORDS, blank_version_reasons, blank_versions, read_versions
from ribin.vault.rows import Act
from ribin.vault.states import (
    remove_empty_event,
    scan_state,
    state_event,
    state_exhibit,
    state_scan,
)
from ribin.vault.vault import Vault

_EVENT = tuple(Event.__dataclass_fields__)
# Fields whose old and new text stands in the audit log, which nobody can blank: none that may name
# a person, a place or a case.
_PLAIN = ("exhibit", "kind", "calibre", "firing_pin_shape", "breech_face_type")


@dataclass(frozen=True)
class Correction:
    """What became of an exhibit: the fields that changed, and how many other exhibits of its event
    share the change of the event's; what a person should know of it is said by services."""

    exhibit: str
    changed: tuple[str, ...]
    blanked: int  # versions whose text was blanked
    sharing_event: int
    remarks: tuple[str, ...] = ()


def correct_exhibits(
    vault: Vault,
    names: Sequence[str],
    fields: Mapping[str, str],
    *,
    erase_old: bool = False,
    who: str,
    reason: str,
) -> list[Correction]:
    """State fields of exhibits otherwise, all of them or none; an empty text clears a field.

    `fields` are those of a manifest, by their columns: `exhibit` is a new name, and the old one
    stays as an alias; `event` is another event, which has case number, day and place of the old
    one where it is new; `case_number`, `date` and `place` are those of the event, for every exhibit
    of it. With `erase_old` the text of the versions before is blanked.

    Raises ParameterError: nobody says who and why, nothing would change, or a field cannot be so;
    StoreError: an exhibit is unknown, a name is taken, or the vault is read-only or locked;
    AccessError: the person may not; only an administrator blanks.
    """
    _check_said("exhibit", who, reason)
    fields = {name: clean_text(text) for name, text in fields.items()}  # as at enrolment
    if "exhibit" in fields and len(set(names)) != 1:
        raise ParameterError(f"exhibit: one exhibit needed for a new name, found {len(set(names))}")
    done = []
    with vault.act("edit", who, reason.strip()) as act:
        if erase_old:
            check_role_in_use(act.db, who, KEEPING)
            act.db.execute("PRAGMA secure_delete = ON")
        known = [needed_exhibit(act.db, vault.path, name) for name in dict.fromkeys(names)]
        for exhibit in dict.fromkeys(one.exhibit for one in known):
            before = needed_exhibit(act.db, vault.path, exhibit)  # its event may have changed
            done.append(_correct(act, before, fields, erase_old))
        if not any(one.changed or one.blanked for one in done):
            raise ParameterError(
                f"exhibit {', '.join(names)}: something else than the vault has needed, found the "
                "same"
            )
    return done


def _correct(act: Act, before: Exhibit, fields: Mapping[str, str], erase_old: bool) -> Correction:
    now = _corrected(act.db, before, fields)
    for problem in exhibit_problems(now, f"exhibit {before.exhibit}"):
        raise ParameterError(problem)
    if now.exhibit != before.exhibit:
        _check_free(act.db, now.exhibit, before.exhibit)
    event = find_event(act.db, now.event.event)
    if event != now.event:
        state_event(act, now.event, is_new=event is None)
    if fields_of(now) != fields_of(before):
        _rename(act, before.exhibit, now.exhibit)
        state_exhibit(act, now, before)
        remove_empty_event(act, before.event.event)
    was, said = ({**fields_of(one), **asdict(one.event)} for one in (before, now))
    changed = tuple(name for name in said if said[name] != was[name])
    old = _records_of(act.db, now) if erase_old else []
    blanked = [name for one in old for name in _blank(act, *one)]
    if changed or blanked:
        plain = {n: [was[n], said[n]] for n in changed if n in _PLAIN}
        more = _blank_why(act, old)
        act.log(now.exhibit, changed=changed, plain=plain, blanked=blanked, **more)
    others = 0
    if set(changed) & set(_EVENT[1:]) and now.event.event == before.event.event:
        query = "SELECT count(*) FROM exhibits WHERE event = ?"
        others = act.db.execute(query, (now.event.event,)).fetchone()[0] - 1
    return Correction(now.exhibit, changed, len(blanked), others)


def _corrected(db: sqlite3.Connection, before: Exhibit, fields: Mapping[str, str]) -> Exhibit:
    """The exhibit as it is stated now; an event that is there already says what it is."""
    event = fields.get("event", before.event.event)
    there = find_event(db, event) or replace(before.event, event=event)
    return exhibit_of({**fields_of(before), **asdict(there), **fields}, before)


def _check_free(db: sqlite3.Connection, name: str, exhibit: str) -> None:
    """Refuse a name that another exhibit has, or had."""
    found = find_exhibit(db, name)
    if found and found.exhibit != exhibit:
        raise StoreError(
            f"exhibit {exhibit}: a name that no other exhibit has or had needed, found {name}, "
            f"which is exhibit {found.exhibit}"
        )
    if found is None:
        check_new_name(db, name)


def _rename(act: Act, before: str, now: str) -> None:
    """Let what names an exhibit name it as it is called from now on."""
    if before == now:
        return
    act.db.execute("PRAGMA defer_foreign_keys = ON")
    if now in aliases_of(act.db, before):
        act.remove("aliases", now)
    act.insert("aliases", {"alias": before, "first_name": first_name(act.db, before)})
    for row in act.db.execute("SELECT exhibit FROM retention WHERE exhibit = ?", (before,)):
        act.change("retention", row[0], exhibit=now)
    query = "SELECT standing FROM standing_searches WHERE exhibit = ?"
    for row in act.db.execute(query, (before,)).fetchall():
        act.change("standing_searches", row[0], exhibit=now)


def _records_of(db: sqlite3.Connection, exhibit: Exhibit) -> list[tuple[RecordKind, str]]:
    """The records of an exhibit, of its event, and of events that it belonged to and nothing does
    any more."""
    first = first_name(db, exhibit.exhibit)
    versions = read_versions(db, RecordKind.EXHIBIT, first)
    events = {str(one.body["event"]) for one in versions if one.body} | {exhibit.event.event}
    own = [e for e in sorted(events) if e == exhibit.event.event or find_event(db, e) is None]
    return [(RecordKind.EXHIBIT, first), *((RecordKind.EVENT, event) for event in own)]


def _blank(act: Act, kind: RecordKind, record_id: str) -> list[str]:
    """Blank the old versions of a record; all, of an event that nothing belongs to any more."""
    counts = kind is not RecordKind.EVENT or find_event(act.db, record_id) is not None
    return blank_versions(act, kind, record_id, keep_last=counts)


def _blank_why(act: Act, records: Sequence[tuple[RecordKind, str]]) -> dict[str, Any]:
    """Blank the reasons that were given before for what these records say, in them and in the log;
    what the row of this act says of it."""
    names = [name for one in records for name in blank_version_reasons(act, *one)]
    rows = blank_reasons(act.db, (f"{RECORDS}/{name}" for name in names))
    return {"without_reason": names, REASONS_BLANKED: rows} if names else {}


@dataclass(frozen=True)
class MovedScan:
    """A scan that shows another exhibit than was said."""

    sha256: str
    source: str
    before: str
    exhibit: str
    left: int  # scans that the exhibit before still has
    shared: str = ""  # how widely it is shared now, where that is wider than before
    remarks: tuple[str, ...] = ()  # where the exhibit is new, as of `Correction`


def move_scan(
    vault: Vault, exhibit: str, scan: str, target: str, event: str, *, who: str, reason: str
) -> MovedScan:
    """Take a scan to the exhibit that it shows; one that is not there yet is made in an `event`.

    `scan` is its file name or how its SHA-256 begins; empty where the exhibit has one alone.

    Raises ParameterError: nobody says who and why, or the scan is not told from others; StoreError:
    an exhibit is unknown, or the vault is read-only or locked; AccessError: the person may not.
    """
    _check_said("mark move", who, reason)
    with vault.act("move", who, reason.strip()) as act:
        was = needed_exhibit(act.db, vault.path, exhibit)
        before = was.exhibit
        sha256, source = find_scan(act.db, before, scan)
        known = find_exhibit(act.db, target)
        if known is None and not event:
            raise StoreError(
                f"{vault.path}: exhibit {target} needed, found none of this id",
                hint="--event EVENT makes it, as an exhibit of this event",
            )
        if known and known.exhibit == before:
            raise ParameterError(f"mark move: another exhibit than {before} needed, found the same")
        wider = known is not None and known.sharing.width > was.sharing.width
        if wider:
            check_role_in_use(act.db, who, DISCLOSING)
        name = known.exhibit if known else _made(act, target, event)
        shown = first_name(act.db, name)
        state_scan(act, sha256, replace(scan_state(act.db, sha256), exhibit=shown))
        act.log(sha256, before=before, exhibit=name)
        query = "SELECT count(*) FROM scans WHERE exhibit = ?"
        left = act.db.execute(query, (before,)).fetchone()[0]
    shared = str(known.sharing) if known and wider else ""
    return MovedScan(sha256, source, before, name, left, shared)


def _made(act: Act, exhibit: str, event: str) -> str:
    """Make an exhibit of which nothing is known but its event."""
    made = Exhibit(exhibit, find_event(act.db, event) or Event(event))
    for problem in exhibit_problems(made, "mark move"):
        raise ParameterError(problem)
    check_new_name(act.db, exhibit)
    if not find_event(act.db, event):
        state_event(act, made.event, is_new=True)
    state_exhibit(act, made, None)
    return exhibit


def find_scan(db: sqlite3.Connection, exhibit: str, scan: str) -> tuple[str, str]:
    """SHA-256 and file name of a scan of an exhibit; `scan` as of `move_scan`.

    Raises ParameterError: there is none, or it is not told from others.
    """
    query = "SELECT sha256, source FROM scans WHERE exhibit = ? ORDER BY rowid"
    rows = [(str(sha256), str(source)) for sha256, source in db.execute(query, (exhibit,))]
    found = [one for one in rows if not scan or scan == one[1] or one[0].startswith(scan.lower())]
    if len(found) != 1:
        known = ", ".join(f"{source} ({sha256[:12]})" for sha256, source in rows) or "none"
        raise ParameterError(
            f"exhibit {exhibit}: one scan needed, by its file name or its SHA-256, found "
            f"{len(found)} of: {known}",
            hint="--scan NAME says which",
        )
    return found[0]


def history_of(vault: Vault, exhibit: str) -> list[Record]:
    """Every version of an exhibit, of the events that it belonged to and of its scans, the oldest
    first; StoreError where the exhibit is unknown."""
    with vault.catalogue.reading() as db:
        known = needed_exhibit(db, vault.path, exhibit)
        first = first_name(db, known.exhibit)
        found = read_versions(db, RecordKind.EXHIBIT, first)
        events = {str(one.body["event"]) for one in found if one.body} | {known.event.event}
        for event in sorted(events):
            found += read_versions(db, RecordKind.EVENT, event)
        query = "SELECT DISTINCT id FROM records WHERE kind = ? AND instr(body, ?) > 0"
        stated = canonical_bytes({"exhibit": first}).decode("utf-8", "surrogatepass")[1:-1]
        for (sha256,) in db.execute(query, (RecordKind.SCAN, stated)).fetchall():
            found += read_versions(db, RecordKind.SCAN, sha256)
    return sorted(found, key=lambda one: (one.at, one.kind, one.id, one.version))


def _check_said(what: str, who: str, reason: str) -> None:
    if not who.strip() or not reason.strip():
        raise ParameterError(f"{what}: who and reason needed for a change, found one missing")
