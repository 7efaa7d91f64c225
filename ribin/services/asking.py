"""What is asked, of whom, and whether this person may: requests made from the desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ribin.cases.exhibits import Filters, Grouping, Request, Scope, SearchResult
from ribin.errors import ParameterError
from ribin.search.engine import search
from ribin.services.session import Desk
from ribin.services.sides import Side
from ribin.vault.people import check_searcher


def request_of(member: str, asked: Mapping[str, Any]) -> Request:
    """The request that the options of `ribin search` make.

    Raises
    ------
    ParameterError
        Both a scope and members are named: the one says whom to ask, and so does the other.
    """
    if asked["scope"] and asked["members"]:
        named = ", ".join(asked["members"])
        raise ParameterError(
            f"search: either --scope or --member needed, found {asked['scope']} and {named}"
        )
    return Request(
        asking_member=member,
        scope=Scope(asked["scope"] or Scope.COUNTRY),
        filters=Filters(asked["calibre"], asked["date_from"], asked["date_to"]),
        who=asked["who"],
        reason=asked["reason"],
        full=asked["full"],
        top=asked["top"],
        group=Grouping(asked["group"] or Grouping.NONE),
    )


def check_reach(desk: Desk, request: Request, members: Sequence[str] = ()) -> None:
    """Refuse who may not search, and to ask others where no network says who they are.

    Raises
    ------
    AccessError
        The vault's people have roles, and this person has none that searches.
    ParameterError
        A wider scope, or other members, are asked for without a network.
    """
    check_searcher(desk.vault.catalogue, request.who)
    if not desk.networked and (request.scope is not Scope.COUNTRY or set(members) - {desk.member}):
        raise ParameterError(f"scope {request.scope}: --network or RIBIN_NETWORK needed")


def run_search(
    desk: Desk, side: Side, request: Request, members: Sequence[str] = ()
) -> SearchResult:
    """Search with the mark of a query; errors as `check_reach` and `search`."""
    check_reach(desk, request, members)
    return search(
        side.template,
        request,
        desk.network,
        desk.params,
        members=members,
        threads=desk.threads,
        looker=desk.looker,
        tick=desk.tick,
    )
