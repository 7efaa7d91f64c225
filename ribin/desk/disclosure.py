"""Marks of exhibits that lie in a vault, one's own or, where its rules allow it, another's."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ribin.casework import Exhibit, Request, Scope
from ribin.desk.queries import Desk, stored_side
from ribin.desk.sides import Side
from ribin.errors import AccessError, ScanError, StoreError
from ribin.search.rules import check_request, may_see
from ribin.store.records import StoredMark
from ribin.store.vault import Vault


@dataclass(frozen=True, eq=False)
class ShownMark:
    """A mark of a vault as one side of a comparison, and what may be told of its exhibit."""

    member: str
    exhibit: Exhibit
    side: Side
    others: tuple[str, ...]  # types of the other marks of the same scan


def own_mark(desk: Desk, exhibit: str, mark_type: str | None, sha256: str = "") -> ShownMark:
    """A mark of the desk's own vault, by default the first of the exhibit.

    Raises
    ------
    StoreError
        There is no such exhibit.
    ScanError
        It has no such mark.
    """
    stored = desk.vault.marks_of(exhibit)
    return _shown(desk, desk.vault, stored, mark_type, sha256, desk.vault.exhibit(exhibit))


def others_mark(
    desk: Desk,
    member: str,
    exhibit: str,
    request: Request,
    action: str,
    mark_type: str | None = None,
    sha256: str = "",
) -> ShownMark:
    """A mark of another member's exhibit, after its audit log says who looks at it, and why.

    Parameters
    ----------
    action : str
        What it is looked at for, as the owner's audit log names it: "picture", "report".

    Raises
    ------
    AccessError
        The scope does not reach that member, or the owner does not show such an exhibit in it.
    StoreError
        The owner's vault cannot be opened, read or written.
    ScanError
        The exhibit has no such mark.
    """
    reach = desk.network.reach(desk.member, member)
    check_request(request, reach)
    with Vault.open(desk.network.members[member].vault) as vault:
        known = vault.exhibits().get(exhibit)
        # The same words for what is hidden and for what is not there: neither is anybody's to know.
        if known is None or not may_see(known, request.scope, reach):
            raise AccessError(
                f"{member}:{exhibit}: an exhibit that {member} shows in scope {request.scope} "
                "needed, found none"
            )
        shown = _shown(desk, vault, vault.marks_of(exhibit), mark_type, sha256, _abroad(known))
        if reach is not Scope.COUNTRY:
            details = {"asking_member": desk.member, "scope": str(request.scope)}
            subject = shown.side.template.provenance.sha256
            vault.record(action, subject, request.who, request.reason, **details)
    return shown


def _shown(
    desk: Desk,
    vault: Vault,
    stored: list[StoredMark],
    mark_type: str | None,
    sha256: str,
    exhibit: Exhibit,
) -> ShownMark:
    needed = desk.params.template_id
    fitting = [
        mark
        for mark in stored
        if mark_type in (None, mark.mark_type) and sha256 in ("", mark.scan.sha256)
    ]
    if not fitting:
        found = ", ".join(mark.mark_type for mark in stored) or "none"
        raise ScanError(f"{exhibit.exhibit}: a {mark_type or 'mark'} needed, found {found}")
    chosen = next((mark for mark in fitting if mark.params_id == needed), None)
    if chosen is None:
        found = ", ".join(sorted({mark.params_id for mark in fitting}))
        raise StoreError(
            f"{exhibit.exhibit}: a mark described with parameters {needed} needed, found {found}"
        )
    same_scan = [m for m in stored if m.scan.sha256 == chosen.scan.sha256 and m is not chosen]
    others = tuple(str(mark.mark_type) for mark in same_scan)
    return ShownMark(vault.member, exhibit, stored_side(vault, chosen), others)


def _abroad(exhibit: Exhibit) -> Exhibit:
    """What of an exhibit crosses a border: no case number, no place, no firearm."""
    event = replace(exhibit.event, case_number="", place="")
    return replace(exhibit, event=event, firearm="")
