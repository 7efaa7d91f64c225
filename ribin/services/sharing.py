"""Changes of sharing and retention that one command asks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from ribin.cases.exhibits import Scope
from ribin.errors import ParameterError
from ribin.vault.enrol import checked_day
from ribin.vault.people import check_looker
from ribin.vault.retention import keep_until, retention_dates
from ribin.vault.sharing import set_default_sharing, set_retention_days, set_sharing
from ribin.vault.vault import Vault


def change_sharing(
    vault: Vault,
    exhibits: Sequence[str],
    sharing: str | None,
    usual: str | None,
    who: str,
    reason: str,
) -> None:
    """Set the level of these exhibits and the level of those to come, as far as named.

    Raises
    ------
    ParameterError
        Exhibits without a level, a level without exhibits, or no reason is given.
    AccessError
        The vault's people have roles, and `who` has none that may; to see the levels any will do.
    """
    if bool(exhibits) != bool(sharing):
        raise ParameterError("share: both EXHIBIT and --sharing needed, found one of them")
    _check_reason("share", reason, changes=bool(sharing or usual))
    check_looker(vault.catalogue, who)
    if sharing:
        set_sharing(vault, exhibits, Scope(sharing), who, reason)
    if usual:
        set_default_sharing(vault, Scope(usual), who, reason)


def change_retention(
    vault: Vault,
    exhibits: Sequence[str],
    until: str | None,
    days: int | None,
    who: str,
    reason: str,
) -> None:
    """Set the last day of these exhibits ("" for none of their own) and the usual days (0: none).

    Raises
    ------
    ParameterError
        Exhibits without a day, a day without exhibits, or no reason is given.
    AccessError
        The vault's people have roles, and `who` has none that may; to see the days any will do.
    """
    if bool(exhibits) != (until is not None):
        raise ParameterError("retention: both EXHIBIT and --until needed, found one of them")
    _check_reason("retention", reason, changes=until is not None or days is not None)
    check_looker(vault.catalogue, who)
    for exhibit in exhibits:
        vault.exhibit(exhibit)
    for exhibit in exhibits:
        keep_until(vault, exhibit, "" if until == "none" else str(until), who, reason)
    if days is not None:
        set_retention_days(vault, days or None, who, reason)


def due_exhibits(vault: Vault, exhibits: Sequence[str], due: str | None) -> list[str]:
    """The exhibits to purge: those named, or those whose last day lies before this one.

    Parameters
    ----------
    due : str, optional
        A day, or "today".

    Raises
    ------
    ParameterError
        Both or neither are given, or the day is none.
    StoreError
        An exhibit is unknown.
    """
    if bool(exhibits) == (due is not None):
        raise ParameterError("purge: either EXHIBIT... or --due needed")
    if due is None:
        return [vault.exhibit(name).exhibit for name in dict.fromkeys(exhibits)]
    today = datetime.now(UTC).date().isoformat()
    day = today if due == "today" else checked_day(due, "--due")
    if day > today:
        raise ParameterError(f"--due: a day until today {today} needed, found {day}")
    return [d.exhibit for d in retention_dates(vault) if d.keep_until < day]


def _check_reason(command: str, reason: str, changes: bool) -> None:
    if changes and not reason.strip():
        raise ParameterError(f"{command}: --reason needed for a change, found none")
