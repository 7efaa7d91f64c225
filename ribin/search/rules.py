"""What a search may ask, what an owner shows, and which exhibits pass the class gates."""

from __future__ import annotations

from ribin.cases.exhibits import Exhibit, Filters, Request, Scope
from ribin.errors import AccessError, ParameterError
from ribin.vault.entry import checked_day


def check_request(request: Request, reach: Scope) -> None:
    """Refuse a request that no owner at this distance may answer.

    Raises
    ------
    AccessError
        The scope is too narrow to reach that far, or wider than the country without naming who
        asks and why.
    ParameterError
        A day of the filters cannot be one, the first comes after the last, or fewer than one row
        is wanted.
    """
    if request.scope.width < reach.width:
        raise AccessError(f"scope {request.scope}: scope {reach} needed to ask this member")
    for name in ("who", "reason"):
        if request.scope is not Scope.COUNTRY and not getattr(request, name).strip():
            raise AccessError(
                f"scope {request.scope}: {name} needed beyond the country, found none"
            )
    for name in ("date_from", "date_to"):
        day = getattr(request.filters, name)
        if day:
            checked_day(day, name)
    first, last = request.filters.date_from, request.filters.date_to
    if first and last and first > last:
        raise ParameterError(f"date_from: {last} (date_to) or before needed, found {first}")
    if request.top is not None and request.top < 1:
        raise ParameterError(f"top: at least 1 row needed, found {request.top}")


def may_see(exhibit: Exhibit, scope: Scope, reach: Scope) -> bool:
    """Whether an owner shows an exhibit to an asker who reaches it in `reach` and asks in `scope`.

    Needed are both: a scope asked for and a sharing level given at least as wide as the distance
    between the two. A country is at no distance from itself, so it sees all of its own.
    """
    return min(scope.width, exhibit.sharing.width) >= reach.width


def passes(exhibit: Exhibit, filters: Filters) -> bool:
    """Whether an exhibit passes every gate; what is not known of it cannot stop it.

    Calibres are compared without regard to capitals and spaces. Days are inclusive.
    """
    calibre, day = exhibit.class_fields.calibre, exhibit.event.date
    if filters.kind and exhibit.kind is not filters.kind:
        return False
    if filters.calibre and calibre and _plain(calibre) != _plain(filters.calibre):
        return False
    if not day:
        return True
    return (filters.date_from or day) <= day <= (filters.date_to or day)


def _plain(text: str) -> str:
    return "".join(text.casefold().split())
