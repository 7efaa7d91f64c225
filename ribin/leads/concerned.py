"""Which exhibits a member may take up a lead on, and the names they have in it.

A lead within one member names exhibits as they are. In a lead across a border each exhibit has the
opaque name under which it is known abroad, in the vaults of both; whoever holds it can tell which
one that is.
"""

from __future__ import annotations

import re
from typing import Any

from ribin.cases.exhibits import Exhibit, Scope
from ribin.cases.leads import HeldExhibit
from ribin.errors import AccessError, ParameterError, StoreError
from ribin.leads.two_vaults import BothSides
from ribin.search.network import Network
from ribin.search.rules import may_see
from ribin.vault.exhibits import find_exhibit
from ribin.vault.sharing import find_named, is_released, opaque_name

_ELSEWHERE = re.compile(r"([A-Z]{3}):(.+)")

_OPAQUE = re.compile("x-[0-9a-f]{16}")  # see ribin.vault.sharing


def held_exhibit(text: str, own_member: str) -> HeldExhibit:
    """An exhibit as it is written: MEMBER:EXHIBIT, or EXHIBIT alone for an own one."""
    found = _ELSEWHERE.fullmatch(text)
    return HeldExhibit(*found.groups()) if found else HeldExhibit(own_member, text)


def check_pair(own_member: str, reference: HeldExhibit, comparison: HeldExhibit) -> None:
    """Refuse two exhibits that no lead can be about.

    Raises
    ------
    ParameterError
        They are one exhibit, or neither is held by the own member.
    """
    if reference == comparison:
        raise ParameterError(f"lead: two exhibits needed, found {reference} twice")
    if own_member not in (reference.member, comparison.member):
        raise ParameterError(
            f"lead: an exhibit of {own_member} needed, found {reference} and {comparison}"
        )


def names_in_lead(
    sides: BothSides, network: Network | None, reference: HeldExhibit, comparison: HeldExhibit
) -> list[tuple[HeldExhibit, str]]:
    """Name and event of each exhibit as a lead writes them; the event is empty across a border.

    Raises
    ------
    StoreError
        There is no own exhibit of such a name.
    AccessError
        The holder shows this member no such exhibit: it is unknown, or not shared so far.
    """
    crossing = reference.member != comparison.member
    named = []
    for held in (reference, comparison):
        exhibit = _shown(sides, network, held)
        if exhibit is None:  # its holder is out of reach: as the list of candidates names it
            if not _OPAQUE.fullmatch(held.exhibit):
                raise AccessError(
                    f"{held.member}:{held.exhibit}: its opaque name needed while {held.member} is "
                    "out of reach, as a list names it"
                )
            named.append((held, ""))
        elif crossing:
            opaque = opaque_name(sides.transactions[held.member], exhibit.exhibit)
            named.append((HeldExhibit(held.member, opaque), ""))
        else:
            named.append((HeldExhibit(held.member, exhibit.exhibit), exhibit.event.event))
    return named


def exhibit_at(db: Any, name: str, asker: str = "") -> Exhibit | None:
    """An exhibit of this vault by its opaque name or its own; None where there is none.

    Another member that asks may use the own name of what was released to it alone.
    """
    opened = find_named(db, name)
    if opened is None and asker and not is_released(db, name, asker):
        return None
    return find_exhibit(db, opened or name)


def _shown(sides: BothSides, network: Network | None, held: HeldExhibit) -> Exhibit | None:
    if held.member not in sides.transactions:
        return None
    asker = "" if held.member == sides.own_member else sides.own_member
    exhibit = exhibit_at(sides.transactions[held.member], held.exhibit, asker)
    if held.member == sides.own_member:
        if exhibit is None:
            raise StoreError(f"{held}: an exhibit needed, found none of this name")
        return exhibit
    assert network is not None  # it reached the holder
    reach = network.reach(sides.own_member, held.member)
    if exhibit is None or not may_see(exhibit, Scope.NETWORK, reach):
        raise AccessError(f"{held}: {held.member} shows {sides.own_member} no such exhibit")
    return exhibit
