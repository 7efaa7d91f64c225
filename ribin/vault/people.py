"""Who may do what in a vault: of each person a record, whose last version says the roles held."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ribin.cases.leads import LOOKING, SEARCHING, Role, same_person
from ribin.cases.record import RecordKind
from ribin.errors import AccessError, ParameterError
from ribin.text import NAME_LENGTH, checked_text
from ribin.vault.accounts import check_proved, find_account
from ribin.vault.catalogue import Catalogue
from ribin.vault.records import add_version, insert_version, next_version, read_versions
from ribin.vault.rows import Act

if TYPE_CHECKING:
    from ribin.vault.vault import Vault

FOUNDER_ROLES = (Role.ADMINISTRATOR, Role.EXAMINER)
_ENDED, _APPOINTED = "ended", "appointed"


@dataclass(frozen=True)
class Person:
    """One person of a vault and the roles held now."""

    person: str
    roles: tuple[Role, ...]
    since: str  # of the role that is held for the longest time


@dataclass(frozen=True)
class HeldRoles:
    """The roles that one person holds, and whether anybody else of the vault holds one."""

    who: str
    roles: tuple[Role, ...]
    in_use: bool

    @classmethod
    def of(cls, db: sqlite3.Connection, who: str) -> HeldRoles:
        held = roles_held(db)
        mine = held.get(who, {})
        return cls(who, tuple(role for role in Role if role in mine), len(held) > 1)

    def have(self, wanted: Iterable[Role], always: bool) -> bool:
        """Whether one of these is held; until a second person is appointed it need not be, but for
        what needs it `always`."""
        return bool(set(wanted) & set(self.roles)) or not (always or self.in_use)

    def check(self, wanted: Iterable[Role], always: bool = False) -> None:
        """As `have`; AccessError says which roles would do, and which ones are held."""
        needed = tuple(wanted)
        if not self.have(needed, always):
            found = ", ".join(self.roles) or "no role"
            hint = "`ribin people appoint NAME --role ROLE` gives a role, --who NAME says who acts"
            raise AccessError(
                f"{self.who or 'nobody'}: {' or '.join(needed)} needed, found {found}",
                hint="" if self.roles else hint,
            )


def read_people(catalogue: Catalogue) -> list[Person]:
    """Everybody who holds a role, in order of names."""
    with catalogue.reading() as db:
        held = roles_held(db)
    return [
        Person(name, tuple(role for role in Role if role in roles), min(roles.values()))
        for name, roles in sorted(held.items())
    ]


def appoint(vault: Vault, person: str, roles: Iterable[Role], who: str, reason: str) -> list[Role]:
    """Give a person roles; gives those that were new.

    Raises AccessError: `who` is no administrator. A vault that has none takes its first one from
    anybody; ParameterError: the name of the person cannot be one, or is another spelling of one
    that is known.
    """
    person = checked_text(person, "person", NAME_LENGTH)
    if not person:
        raise ParameterError(f"person: a name needed, found {person!r}")
    with vault.act(_APPOINTED, who, reason) as act:
        # One person has one name, also one whose roles have ended: records name persons by it.
        names = {one.id for one in read_versions(act.db, RecordKind.ROLES)}
        for name in () if person in names else sorted(names):
            if same_person(name, person):
                found = f"found {person!r}"
                raise ParameterError(f"person: the known spelling {name!r} needed, {found}")
        held = roles_held(act.db)
        now = held.get(person, {})
        new = [role for role in roles if role not in now]
        _state(act, person, {*now, *new}, new)
    return new


def revoke(vault: Vault, person: str, roles: Iterable[Role], who: str, reason: str) -> list[Role]:
    """Take roles from a person; gives those that were held.

    Raises AccessError: `who` is no administrator, or the vault would be left without one.
    """
    with vault.act(_ENDED, who, reason) as act:
        held = roles_held(act.db)
        ended = [role for role in roles if role in held.get(person, {})]
        others = [n for n, r in held.items() if Role.ADMINISTRATOR in r and n != person]
        if Role.ADMINISTRATOR in ended and not others:
            raise AccessError(f"person {person}: another administrator needed first, found none")
        _state(act, person, set(held.get(person, {})) - set(ended), ended)
    return ended


def appoint_founder(db: sqlite3.Connection, member: str, who: str) -> None:
    """Make whoever makes a vault its administrator and examiner.

    The row of the audit log that the caller adds next vouches for these records too.
    """
    if who:
        said = _body(FOUNDER_ROLES), who, "made the vault", member
        insert_version(db, next_version(db, RecordKind.ROLES, who, *said))


def check_role(db: sqlite3.Connection, who: str, wanted: Iterable[Role]) -> None:
    """Refuse whoever holds none of these roles.

    Raises AccessError: it says which roles would do, and which ones the person has.
    """
    HeldRoles.of(db, who).check(wanted, always=True)


def holders(db: sqlite3.Connection, role: Role) -> list[str]:
    """Who holds a role now, in order of names."""
    return sorted(name for name, roles in roles_held(db).items() if role in roles)


def everybody(db: sqlite3.Connection) -> list[str]:
    """Who holds any role now, in order of names."""
    return sorted(roles_held(db))


def check_role_if_any(db: sqlite3.Connection, who: str, role: Role) -> None:
    """As `check_role`, where anybody holds the role at all."""
    if any(role in roles for roles in roles_held(db).values()):
        check_role(db, who, (role,))


def check_administrator(db: sqlite3.Connection, who: str) -> None:
    """Refuse whoever is no administrator, or has not proved to be one; errors as `check_role`."""
    check_role(db, who, (Role.ADMINISTRATOR,))
    check_administrators_account(db, who)


def check_administrators_account(db: sqlite3.Connection, who: str) -> None:
    """Where an administrator has an account, roles and passwords are given by accounts alone: else
    whoever states the name of another could take any account over.

    Raises AccessError: `who` acts by a stated name.
    """
    held = roles_held(db)
    administrators = [p for p, roles in held.items() if Role.ADMINISTRATOR in roles]
    accounts = (find_account(db, person) for person in administrators)
    if any(account and account.is_active for account in accounts):
        if find_account(db, who) is None:
            raise AccessError(f"{who or 'nobody'}: an administrator's account needed, found none")
        check_proved(db, who, "roles and accounts")


def roles_of(db: sqlite3.Connection, person: str) -> tuple[Role, ...]:
    """The roles that a person holds now."""
    held = roles_held(db).get(person, {})
    return tuple(role for role in Role if role in held)


def check_role_in_use(db: sqlite3.Connection, who: str, wanted: Iterable[Role]) -> None:
    """As `check_role`, once a vault has people: before a second person is appointed, whoever can
    open the folder may do all but conclude, give roles and read the audit log."""
    HeldRoles.of(db, who).check(wanted)


def check_searcher(catalogue: Catalogue, who: str) -> None:
    """Refuse whoever may not search; errors as `check_role_in_use`."""
    with catalogue.reading() as db:
        check_role_in_use(db, who, SEARCHING)


def check_looker(catalogue: Catalogue, who: str) -> None:
    """Refuse whoever may not look at leads, links and lists; errors as `check_role_in_use`."""
    with catalogue.reading() as db:
        check_role_in_use(db, who, LOOKING)


def _state(act: Act, person: str, roles: Iterable[Role], changed: Sequence[Role]) -> None:
    """State the roles of a person, and add the row of the audit log that vouches for it."""
    if changed:
        add_version(act, RecordKind.ROLES, person, _body(roles))
        act.log(person, roles=[str(role) for role in changed])


def _body(roles: Iterable[Role]) -> dict[str, list[str]]:
    held = set(roles)
    return {"roles": [str(role) for role in Role if role in held]}


def roles_held(db: sqlite3.Connection) -> dict[str, dict[Role, str]]:
    """{person: {role: since}}: what the last version of each person says."""
    held: dict[str, dict[Role, str]] = {}
    for one in read_versions(db, RecordKind.ROLES):
        before = held.get(one.id, {})
        roles = [Role(word) for word in (one.body or {}).get("roles", ())]
        held[one.id] = {role: before.get(role, one.at) for role in roles}
    return {person: roles for person, roles in held.items() if roles}
