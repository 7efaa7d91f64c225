"""A purge of several exhibits: each on its own, and what stays is said with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ribin.errors import ParameterError, StoreError
from ribin.search.index import sweep_index
from ribin.services.sharing import due_exhibits
from ribin.services.sharing_text import purge_line
from ribin.vault.people import check_looker
from ribin.vault.retention import Tombstone, purge_exhibit
from ribin.vault.vault import Vault


@dataclass(frozen=True)
class PurgeReport:
    """What became of each exhibit; `would` is what a dry run names."""

    purged: tuple[Tombstone, ...]
    failed: tuple[tuple[str, str], ...]
    would: tuple[str, ...] = ()


def purge_each(
    vault: Vault, exhibits: Sequence[str], due: str | None, dry_run: bool, who: str, reason: str
) -> PurgeReport:
    """Purge the exhibits named, or those that are due, and what the index drew from them.

    Raises
    ------
    ParameterError, StoreError, AccessError
        As `due_exhibits` and `purge_exhibit`, of what concerns all of them.
    """
    check_looker(vault.catalogue, who)
    chosen = due_exhibits(vault, exhibits, due)
    if dry_run:
        return PurgeReport((), (), tuple(chosen))
    if not reason.strip():
        raise ParameterError("purge: --reason needed, found none")
    sweep_index(vault)  # of an earlier purge that was cut short
    purged, failed = [], []
    for exhibit in chosen:
        try:
            purged.append(purge_exhibit(vault, exhibit, who, reason))
        except StoreError as error:
            failed.append((exhibit, str(error)))
    if purged:
        sweep_index(vault)
    return PurgeReport(tuple(purged), tuple(failed))


def purge_text(report: PurgeReport) -> str:
    """One exhibit a line."""
    lines = [purge_line(stone) for stone in report.purged]
    lines += [f"{exhibit}: would be purged" for exhibit in report.would]
    lines += [f"{exhibit}: not purged: {why}" for exhibit, why in report.failed]
    return "\n".join(lines) or "no exhibit is due"
