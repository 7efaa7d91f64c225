"""What of a member's rows crosses the border to another member."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ribin.cases.exhibits import Candidate, Event, Exhibit, Request, Scope
from ribin.vault.disclosure import Abroad
from ribin.vault.sharing import opaque_names
from ribin.vault.vault import Vault


def told_exhibits(
    exhibits: Mapping[str, Exhibit], vault: Vault, receiver: str
) -> dict[str, Exhibit]:
    """Exhibits of a vault, by their own names, as the receiver may know them."""
    abroad = Abroad.of(vault, receiver)
    return {name: abroad.told(one) for name, one in exhibits.items()}


def told_apart(told: Mapping[str, Exhibit]) -> dict[str, Exhibit]:
    """Exhibits to group by: those of events that were not told, each as of an event of its own, so
    that a group joins nothing but what the receiver can join itself."""
    return {
        name: one if one.event.event else replace(one, event=Event(one.exhibit))
        for name, one in told.items()
    }


def rows_abroad(
    rows: Sequence[Candidate], told: Mapping[str, Exhibit], vault: Vault
) -> tuple[Candidate, ...]:
    """The rows as the receiver may read them: opaque names and no event, but where released.

    A group keeps rows of one firearm or event together under a name that tells neither.

    Parameters
    ----------
    rows : sequence of Candidate
        Of this vault, under its own names.
    told : mapping
        As `told_exhibits` gives them.
    """
    before = opaque_names(vault, told)
    groups = opaque_names(vault, (f"group {row.group}" for row in rows if row.group))
    return tuple(
        replace(
            row,
            exhibit=told[row.exhibit].exhibit,
            event=told[row.exhibit].event.event,
            group=groups.get(f"group {row.group}", ""),
            known_as=before[row.exhibit] if told[row.exhibit].exhibit == row.exhibit else "",
        )
        for row in rows
    )


def reviewed_here(request: Request, vault: Vault, reach: Scope) -> frozenset[int]:
    """Marks of this vault whose exhibits the asker wants left out, by whatever name it knows."""
    names = [exhibit for member, exhibit in request.leave_out if member == vault.member]
    if names and reach is not Scope.COUNTRY:
        abroad = Abroad.of(vault, request.asking_member)
        names = list(filter(None, map(abroad.meant, names)))
    known = vault.exhibits().keys() if names else ()
    return frozenset(m.mark_id for n in names if n in known for m in vault.marks_of(n))
