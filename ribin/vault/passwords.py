"""Accounts made, given another password and removed; and a person proved by a password."""

from __future__ import annotations

from typing import Any

from ribin.cases.record import RecordKind
from ribin.crypto.passwords import hash_password, is_password, secret_sha256
from ribin.errors import AccessError, ParameterError, StoreError
from ribin.vault.accounts import Account, AccountState, check_proved, find_account, kept_secret
from ribin.vault.people import check_administrator, roles_of
from ribin.vault.records import add_version
from ribin.vault.rows import Act
from ribin.vault.vault import Vault

_ADDED, _PASSWORD, _REMOVED = "account", "password", "account removed"
REFUSED = "sign-in refused"
NO_ACCOUNT = "a name without an account"  # in the log: what was typed may be a password
NOT_PROVED = "name or password is not right"


def add_account(vault: Vault, person: str, password: str, who: str, reason: str) -> None:
    """Make the account of a person who holds a role, or make a removed one anew.

    Raises AccessError: `who` is no administrator, or has not proved to be one; ParameterError: the
    person holds no role, or the password cannot be one; StoreError: there is an account.
    """
    secret = hash_password(password, person)
    with vault.act(_ADDED, who, reason) as act:
        if not roles_of(act.db, person):
            raise ParameterError(
                f"account: a person who holds a role needed, found {person!r}",
                hint=f'`ribin people appoint "{person}" --role ROLE` gives one',
            )
        account = find_account(act.db, person)
        if account and account.is_active:
            raise StoreError(f"account of {person}: it is there already; `ribin account reset`")
        _set(act, person, secret, initial=person != who)


def reset_password(
    vault: Vault, person: str, password: str, who: str, reason: str, is_lost: bool = False
) -> None:
    """Give an account another password, which the person changes before anything else; the
    sessions of the one before end.

    `is_lost`: the only administrators have lost their passwords; whoever can open the folder of the
    vault on this machine sets a new one, and the log says so. Errors as `add_account`; StoreError
    where there is no account.
    """
    secret = hash_password(password, person)
    with vault.act(_PASSWORD, who, reason) as act:
        if not is_lost:
            check_administrator(act.db, who)
        _needed(act, person)
        _set(act, person, secret, initial=person != who, lost=is_lost)


def change_password(vault: Vault, person: str, password: str) -> None:
    """Give the own account another password, after the one before was given; its sessions end.

    Raises AccessError: the person has not given it; ParameterError: the new one cannot be one, or
    is the same.
    """
    secret = hash_password(password, person)
    with vault.act(_PASSWORD, person, "") as act:
        check_proved(act.db, person, "another password")
        _needed(act, person)
        if is_password(kept_secret(act.db, find_account(act.db, person)), password):
            raise ParameterError("password: another than the one before needed")
        _set(act, person, secret, initial=False)


def remove_account(vault: Vault, person: str, who: str, reason: str) -> None:
    """End an account and its sessions; the person's roles are another matter.

    Raises AccessError: `who` is no administrator; StoreError: there is no account.
    """
    with vault.act(_REMOVED, who, reason) as act:
        _needed(act, person)
        act.db.execute("PRAGMA secure_delete = ON")
        act.db.execute("DELETE FROM secrets WHERE person = ?", (person,))
        add_version(act, RecordKind.ACCOUNT, person, {"standing": AccountState.REMOVED})
        act.log(person)


def prove(vault: Vault, person: str, password: str) -> Account:
    """The account of a person whose password this is.

    An unknown name takes as long as a known one, and is refused in the same words.

    Raises AccessError: there is no such account, it was removed, its person holds no role, or the
    password is another.
    """
    with vault.catalogue.reading() as db:
        account = find_account(db, person)
        secret = kept_secret(db, account) if roles_of(db, person) else ""
    if is_password(secret, password) and account:
        return account
    raise AccessError(NOT_PROVED)


def log_refusal(vault: Vault, person: str, **facts: Any) -> None:
    """Log that somebody gave a wrong password for a name; a name that has no account is not kept,
    because it may be a password that was typed in the wrong field."""
    with vault.catalogue.reading() as db:
        subject = person if find_account(db, person) else NO_ACCOUNT
    vault.record(REFUSED, subject, "", "", **facts)


def _needed(act: Act, person: str) -> None:
    account = find_account(act.db, person)
    if account is None or not account.is_active:
        raise StoreError(f"account of {person}: one that can be used needed, found none")


def _set(act: Act, person: str, secret: str, initial: bool, lost: bool = False) -> None:
    act.db.execute("PRAGMA secure_delete = ON")
    act.db.execute("INSERT OR REPLACE INTO secrets VALUES (?, ?)", (person, secret))
    body = {
        "standing": AccountState.ACTIVE,
        "initial": initial,
        "secret_sha256": secret_sha256(secret),
    }
    add_version(act, RecordKind.ACCOUNT, person, body)
    facts: dict[str, Any] = {"lost": True} if lost else {}
    act.log(person, initial=initial, **facts)
