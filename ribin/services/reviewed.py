"""Which exhibits have both verdicts on record against the one that is searched with."""

from __future__ import annotations

from ribin.cases.leads import HeldExhibit, LeadFile, Standing
from ribin.leads.rules import lacks_a_blind_verdict, standing_of
from ribin.vault.exhibits import find_scan_owner
from ribin.vault.leads import lead_files_of_exhibit
from ribin.vault.sharing import opaque_name
from ribin.vault.vault import Vault


def reviewed_with(vault: Vault, sha256: str) -> tuple[tuple[str, str], ...]:
    """Member and exhibit of each pair that needs no look any more.

    The latest lead of a pair decides. One that still awaits a verdict is not among them, nor one
    that lacks a blind one, nor one whose link was withdrawn: there, something was wrong.

    Parameters
    ----------
    sha256 : str
        Of the scan that is searched with. One that is not enrolled has been reviewed with nothing.
    """
    with vault.catalogue.reading() as db:
        exhibit = find_scan_owner(db, sha256)
        if exhibit is None:
            return ()
        # A lead that crosses a border names the own exhibit as the other member knows it.
        own = [HeldExhibit(vault.member, name) for name in (exhibit, opaque_name(db, exhibit))]
        files = [file for held in own for file in lead_files_of_exhibit(db, held)]
    latest = {file.lead.pair: file for file in sorted(files, key=lambda file: file.lead.at)}
    settled = [file for file in latest.values() if not _wants_a_look(file)]
    others = {held for file in settled for held in file.lead.exhibits if held not in own}
    return tuple(sorted((held.member, held.exhibit) for held in others))


def _wants_a_look(file: LeadFile) -> bool:
    standing = standing_of(file)
    return standing.is_open or standing is Standing.WITHDRAWN or lacks_a_blind_verdict(file)
