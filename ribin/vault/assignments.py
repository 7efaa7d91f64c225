"""Who is to do what is due, and until when: a record for each thing, the last version counts."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from ribin.cases.leads import same_person
from ribin.cases.plausible import checked_day
from ribin.cases.record import RecordKind
from ribin.errors import ParameterError
from ribin.text import NAME_LENGTH, checked_text
from ribin.vault.people import everybody
from ribin.vault.records import add_version, blank_versions, next_number, record_of
from ribin.vault.rows import Act
from ribin.vault.vault import Vault

_KIND = RecordKind.ASSIGNMENT


@dataclass(frozen=True)
class Assignment:
    """Of one thing that is due: to whom, until which day, and who said so."""

    number: str
    work: str
    subject: str
    person: str  # empty where it was taken back
    due: str  # ISO 8601 day; empty where none is set
    by: str
    at: str


def assign(
    vault: Vault, work: str, subject: str, person: str, due: str, who: str
) -> Assignment | None:
    """Say who is to do a thing and until when; nobody takes it back. None where nothing changes.

    Raises ParameterError: nobody in the vault is called so, or the day is none; AccessError: the
    vault's people have roles, and `who` has none that assigns; StoreError: the vault is read-only
    or locked.
    """
    subject = checked_text(subject, "subject", NAME_LENGTH)
    if due:
        checked_day(due, "due")
    with vault.act("assign", who, "") as act:
        known = everybody(act.db)
        if person and not any(same_person(person, one) for one in known):
            listed = ", ".join(known)
            raise ParameterError(f"assign: one of {listed} needed, found {person[:60]}")
        before = read_assignments(act.db).get((work, subject))
        said = {"work": work, "subject": subject, "person": person, "due": due}
        if (before and (before.person, before.due) == (person, due)) or not (before or person):
            return None
        number = before.number if before else next_number(act.db, _KIND, vault.member, "T")
        add_version(act, _KIND, number, said)
        act.log(number)
    with vault.catalogue.reading() as db:
        return read_assignments(db)[work, subject]


def read_assignments(db: sqlite3.Connection) -> dict[tuple[str, str], Assignment]:
    """What counts now, by the kind of work and what it is about."""
    query = "SELECT * FROM records WHERE kind = ? AND body <> '' ORDER BY rowid"
    found = {}
    for one in (record_of(row) for row in db.execute(query, (str(_KIND),))):
        body = one.body or {}
        made = Assignment(
            one.id, body["work"], body["subject"], body["person"], body["due"], one.person, one.at
        )
        found[made.work, made.subject] = made
    return found


def end_assignments_of(act: Act, subject: str) -> None:
    """Blank what was assigned about a subject, and leave the hashes."""
    for one in read_assignments(act.db).values():
        if one.subject == subject:
            blanked = blank_versions(act, _KIND, one.number, keep_last=False)
            act.log(one.number, "assignments ended", blanked=blanked)
