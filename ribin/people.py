"""Who acts: the roles of a vault's people, and how a name came about.

A name is the login of the operating system, or one that somebody states: on the command line, or
for all commands in the variable RIBIN_USER. A stated name is kept together with the login that
stated it; where variables of the environment name another login than the account of the process,
the account is kept too.
"""

from __future__ import annotations

import getpass
import os
import unicodedata
from enum import StrEnum

USER_VARIABLE = "RIBIN_USER"
_KINDS = ("login", "account")


class Role(StrEnum):
    """What a person may do with a vault; one person may have several roles."""

    TECHNICIAN = "technician"  # enrols and searches
    EXAMINER = "examiner"  # that, takes up leads and gives the first verdict
    REVIEWER = "reviewer"  # gives the second verdict, blind to the first
    ADMINISTRATOR = "administrator"  # appoints people, looks after the vault
    AUDITOR = "auditor"  # reads and exports the audit log


ENROLLING = (Role.TECHNICIAN, Role.EXAMINER)
LOOKING = tuple(Role)  # at leads, links, traces and what is shared or kept: whoever is appointed
SEARCHING = (Role.TECHNICIAN, Role.EXAMINER, Role.REVIEWER)
DISCLOSING = (Role.EXAMINER, Role.ADMINISTRATOR)  # sharing, releases, bundles
KEEPING = (Role.ADMINISTRATOR,)  # settings, keys, purge, export


def login_name() -> str:
    """The login of the operating system; empty where there is none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user, or no pwd module and no variable
        return ""


def account_name() -> str:
    """The account that this process runs under, whatever the environment says; empty where the
    operating system names none."""
    try:
        import pwd
    except ImportError:  # Windows
        try:
            return os.getlogin()
        except OSError:
            return ""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return ""


def identity_of(who: str) -> str:
    """How the name of the person acting came about, for the audit log."""
    login, account = login_name(), account_name()
    behind = f", account {account}" if account not in ("", login) else ""
    if who == login:
        return f"login{behind}"
    source = USER_VARIABLE if who and who == os.environ.get(USER_VARIABLE) else "stated"
    return f"{source}, login {login or 'unknown'}{behind}"


def logins_behind(who: str, identity: str) -> set[str]:
    """Login and account that acted under a name, from what `identity_of` said of it."""
    how, *more = identity.split(", ")
    found = {word for part in more for kind, _, word in [part.partition(" ")] if kind in _KINDS}
    return found | ({who} if how == "login" else set())


def same_person(one: str, other: str) -> bool:
    """Whether two names are the same but for capitals, spaces and the form of their letters."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
