"""`ribin account`: the passwords of a vault's people, and how a command asks for one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from ribin.cases.leads import ProvedPerson, acting_by_account
from ribin.commands.options import A_PATH, Call, common_options
from ribin.commands.terminal import say
from ribin.errors import AccessError, ParameterError
from ribin.input_file import read_input
from ribin.vault.vault import Vault

_new_password = click.option(
    "--new-password-file",
    type=A_PATH,
    help="File whose first line is the new password; otherwise it is asked for, twice.",
)


@click.group(short_help="Passwords of the people of a vault.")
def account() -> None:
    """Give the people of a vault personal accounts, for `ribin serve --laboratory`. Once a person
    has an account, a verdict needs its password, on the command line too; and once an administrator
    has one, roles and accounts are given by an administrator's account alone.

    A password that an administrator sets is changed by its person before it signs anything.
    """


@account.command()
@click.argument("person")
@_new_password
@common_options("vault", "who", "password", "reason")
def add(person: str, new_password_file: Path | None, call: Call) -> None:
    """Make the account of a person who holds a role; an administrator does.

    \b
    Example:
      ribin account add "A. Brown" --vault vaults/JAM
    """
    from ribin.vault.passwords import add_account

    with call.own_vault() as opened, proving(opened, call):
        add_account(opened, person, _new(new_password_file, person), call.who, call.reason)
    say(f"{person}: account made")


@account.command()
@click.argument("person")
@click.option(
    "--lost",
    "is_lost",
    is_flag=True,
    help="No administrator knows a password any more; the audit log says so.",
)
@_new_password
@common_options("vault", "who", "password", "reason")
def reset(person: str, is_lost: bool, new_password_file: Path | None, call: Call) -> None:
    """Give an account another password, where its person has lost it; an administrator does. All
    sessions of the person end.

    \b
    Example:
      ribin account reset "C. Reid" --reason "forgotten" --vault vaults/JAM
    """
    from ribin.vault.passwords import reset_password

    with call.own_vault() as opened, proving(opened, call, needed=not is_lost):
        password = _new(new_password_file, person)
        reset_password(opened, person, password, call.who, call.reason, is_lost)
    say(f"{person}: another password set; the person changes it before it signs anything")


@account.command()
@click.argument("person")
@common_options("vault", "who", "password", "reason")
def remove(person: str, call: Call) -> None:
    """End an account; an administrator does. Its sessions end at once. What the person did, and the
    roles (`ribin people revoke`), stay.

    \b
    Example:
      ribin account remove "C. Reid" --reason "left the laboratory" --vault vaults/JAM
    """
    from ribin.vault.passwords import remove_account

    with call.own_vault() as opened, proving(opened, call):
        remove_account(opened, person, call.who, call.reason)
    say(f"{person}: account removed")


@account.command("password")
@_new_password
@common_options("vault", "who", "password")
def own_password(new_password_file: Path | None, call: Call) -> None:
    """Change your own password.

    \b
    Example:
      ribin account password --who "A. Brown" --vault vaults/JAM
    """
    from ribin.vault.passwords import change_password

    with call.own_vault() as opened, proving(opened, call, initial_too=True):
        change_password(opened, call.who, _new(new_password_file, call.who))
    say(f"{call.who}: password changed")


@account.command("list")
@common_options("vault", "who", "json")
def list_accounts(call: Call) -> None:
    """List the accounts of a vault: who has one, and who set its password when.

    \b
    Example:
      ribin account list --vault vaults/JAM
    """
    from ribin.report.table import table
    from ribin.vault.accounts import read_accounts

    with call.shown_vault() as opened, opened.catalogue.reading() as db:
        known = read_accounts(db)
    facts = [
        {
            "person": one.person,
            "standing": one.state,
            "password": "to be changed" if one.initial else "own" if one.is_active else "",
            "set_by": one.set_by,
            "since": one.since[:10],
        }
        for one in known
    ]
    header = ("person", "account", "password", "set by", "since")
    call.show(
        facts,
        lambda rows: table(header, [list(row.values()) for row in rows]) if rows else "no account",
        "accounts",
    )


# How a command asks for the password of who acts.


@contextmanager
def proving(
    vault: Vault, call: Call, needed: bool = True, initial_too: bool = False
) -> Iterator[None]:
    """What is done inside is done by the account of who acts, where the person has one.

    Where the password is not `needed`, it is taken from the file or asked for on a terminal, else
    left out.

    Raises AccessError: the password is not right, or an administrator set it and it was not changed
    since.
    """
    from ribin.vault.accounts import find_account
    from ribin.vault.passwords import log_refusal, prove

    with vault.catalogue.reading() as db:
        account = find_account(db, call.who)
    asked = needed or call.password_file is not None or sys.stdin.isatty()
    if account is None or not asked:
        yield
        return
    password = _password(call.password_file, f"password of {call.who}")
    try:
        proved = prove(vault, call.who, password)
    except AccessError:
        log_refusal(vault, call.who)
        raise
    if proved.initial and not initial_too:
        raise AccessError(
            f"{call.who}: a password of the person's own needed, found the one that "
            f"{proved.set_by} set",
            hint="`ribin account password` changes it",
        )
    with acting_by_account(ProvedPerson(call.who, signed_off=True)):
        yield


def _password(file: Path | None, what: str) -> str:
    """A password from a file, or typed unseen; wrong usage where nobody types."""
    if file is not None:
        try:
            lines = read_input(file, 1).decode("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            found = getattr(error, "strerror", None) or "found no text in UTF-8"
            raise ParameterError(f"{file}: a file with a password needed, {found}") from error
        if not lines or not lines[0]:
            raise ParameterError(f"{file}: a password in the first line needed, found none")
        return lines[0]
    if not sys.stdin.isatty():
        raise click.UsageError(f"{what} needed: a terminal or a file to take it from, found none")
    return str(click.prompt(what, hide_input=True, err=True))


def _new(file: Path | None, person: str) -> str:
    if file is not None:
        return _password(file, "new password")
    first = _password(None, f"new password of {person}")
    if _password(None, "once more") != first:
        raise ParameterError("password: the same twice needed, found two")
    return first
