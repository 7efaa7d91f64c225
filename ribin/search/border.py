"""What of a member's rows crosses the border to another member."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ribin.casework import Candidate, Exhibit, Request, Scope
from ribin.store.abroad import Abroad
from ribin.store.sharing import opaque_names
from ribin.store.vault import Vault


def rows_abroad(
    rows: Sequence[Candidate], exhibits: Mapping[str, Exhibit], vault: Vault, receiver: str
) -> tuple[Candidate, ...]:
    """The rows as the receiver may read them: opaque names and no event, but where released.

    A group keeps rows of one firearm or event together under a name that tells neither.

    Parameters
    ----------
    rows : sequence of Candidate
        Of this vault, under its own names.
    exhibits : mapping
        Exhibits of the vault by their id.
    """
    abroad = Abroad.of(vault, receiver)
    groups = opaque_names(vault, (f"group {row.group}" for row in rows if row.group))
    told = [(row, abroad.told(exhibits[row.exhibit])) for row in rows]
    return tuple(
        replace(
            row,
            exhibit=exhibit.exhibit,
            event=exhibit.event.event,
            group=groups.get(f"group {row.group}", ""),
        )
        for row, exhibit in told
    )


def reviewed_here(request: Request, vault: Vault, reach: Scope) -> frozenset[int]:
    """Marks of this vault whose exhibits the asker wants left out, by whatever name it knows."""
    names = [exhibit for member, exhibit in request.leave_out if member == vault.member]
    if names and reach is not Scope.COUNTRY:
        abroad = Abroad.of(vault, request.asking_member)
        names = list(filter(None, map(abroad.meant, names)))
    known = vault.exhibits().keys() if names else ()
    return frozenset(m.mark_id for n in names if n in known for m in vault.marks_of(n))
