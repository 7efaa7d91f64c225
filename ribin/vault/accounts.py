"""Personal accounts: which persons of a vault have one, and whether whoever acts has proved it.

An account is a record: that there is one, who set its password, and the hash of what is kept of
that. What is kept lies apart (`secrets`), so that it is in no export and no bundle. Once a person
has an account, a stated name is not enough for a verdict, nor for giving roles and passwords.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ribin.cases.leads import Role, proved_person, same_person
from ribin.cases.record import Record, RecordKind
from ribin.errors import AccessError
from ribin.vault.records import last_version, read_versions

_HOW = "`ribin account` asks for passwords and makes accounts; in a browser, sign in"


class AccountState(StrEnum):
    """Whether an account can be used."""

    ACTIVE = "active"
    REMOVED = "removed"


@dataclass(frozen=True)
class Account:
    """The account of a person as it is now; sessions hold for one `version` of it."""

    person: str
    state: AccountState
    initial: bool  # an administrator set the password; it signs nothing until the person changes it
    secret_sha256: str
    since: str  # of the last change
    set_by: str
    version: str

    @property
    def is_active(self) -> bool:
        return self.state is AccountState.ACTIVE


def find_account(db: sqlite3.Connection, person: str) -> Account | None:
    """The account of a person, also one that was removed; None where there never was one."""
    found = last_version(db, RecordKind.ACCOUNT, person)
    return _account(found) if found else None


def spelling_of(db: sqlite3.Connection, name: str) -> str:
    """The name of an account, however a person writes it: other capitals and blanks are no other
    person's (`same_person`). The name as it is where there is no such account."""
    names = [one.person for one in read_accounts(db)]
    return next((known for known in names if same_person(known, name)), name)


def read_accounts(db: sqlite3.Connection) -> list[Account]:
    """Every account, in order of names."""
    last = {one.id: one for one in read_versions(db, RecordKind.ACCOUNT)}
    return [_account(one) for _, one in sorted(last.items())]


def kept_secret(db: sqlite3.Connection, account: Account | None) -> str:
    """What is kept of the password of an account that can be used; empty where there is none, or
    where it is not the one that the record names."""
    from ribin.crypto.passwords import secret_sha256  # a library that few commands need

    if account is None or not account.is_active:
        return ""
    query = "SELECT secret FROM secrets WHERE person = ?"
    row = db.execute(query, (account.person,)).fetchone()
    known = row is not None and secret_sha256(row["secret"]) == account.secret_sha256
    return str(row["secret"]) if known else ""


def check_proved(db: sqlite3.Connection, who: str, what: str, signed_off: bool = True) -> None:
    """Refuse a person who has an account, or had one, and acts by a stated name; and with
    `signed_off` one who is signed in, and has not given the password for this very act.

    Raises AccessError: the message begins with `what` needs it.
    """
    account, proved = find_account(db, who), proved_person(who)
    if account is None:
        return
    if not account.is_active:
        raise AccessError(f"{what}: the account of {who} needed, found that it was removed")
    if proved is None:
        raise AccessError(f"{what}: the password of {who} needed, found a stated name", hint=_HOW)
    if signed_off and not proved.signed_off:
        found = proved.found or "none"
        raise AccessError(f"{what}: the password of {who} needed once more, found {found}")


def account_problems(db: sqlite3.Connection) -> Iterator[str]:
    """A sentence for each password that was put in the place of another, or is of no account."""
    from ribin.crypto.passwords import secret_sha256

    accounts = {one.person: one for one in read_accounts(db)}
    kept = {r["person"]: secret_sha256(r["secret"]) for r in db.execute("SELECT * FROM secrets")}
    for person, sha256 in sorted(kept.items()):
        account = accounts.get(person)
        if account is None or not account.is_active:
            yield f"account of {person}: a password is kept, and there is no account"
        elif account.secret_sha256 != sha256:
            yield f"account of {person}: the password is not the one that its record names"
    yield from _giver_problems(db)
    imported = db.execute("SELECT max(at) FROM audit WHERE action = 'import'").fetchone()[0] or ""
    for person, account in accounts.items():
        if account.is_active and person not in kept and account.since > imported:
            yield f"account of {person}: its password is gone"


def _giver_problems(db: sqlite3.Connection) -> Iterator[str]:
    """Accounts are given by administrators; a person changes the own password alone. Where the last
    administrator's was lost, the log says so."""
    query = "SELECT details FROM audit WHERE action = 'password' AND instr(details, '\"lost\"')"
    found = (json.loads(row["details"]) for row in db.execute(query))
    lost = {name for facts in found if facts.get("lost") for name in facts.get("records", {})}
    roles = read_versions(db, RecordKind.ROLES)
    for one in read_versions(db, RecordKind.ACCOUNT):
        stated = [r.body or {} for r in roles if r.id == one.person and r.at <= one.at]
        given = bool(stated) and Role.ADMINISTRATOR in stated[-1].get("roles", ())
        own = one.person == one.id and one.version > 1 and not (one.body or {}).get("initial", True)
        if not (given or own or f"records/{one.name}" in lost):
            yield f"account of {one.id}: an administrator's act needed, found one of {one.person}"


def _account(said: Record) -> Account:
    body = said.body or {}
    return Account(
        person=said.id,
        state=AccountState(body.get("standing", AccountState.REMOVED)),
        initial=bool(body.get("initial")),
        secret_sha256=str(body.get("secret_sha256", "")),
        since=said.at,
        set_by=said.person,
        version=said.name,
    )
