"""What keeps an exhibit: a lead on it that has not come to its end, or a link that stands.

A lead that has ended names its exhibits for good, and needs no more of them than their names.
"""

from __future__ import annotations

import sqlite3

from ribin.cases.leads import HeldExhibit, LeadFile
from ribin.errors import StoreError
from ribin.vault.leads import lead_files_of_exhibit
from ribin.vault.sharing import opaque_name


def check_leads_ended(db: sqlite3.Connection, member: str, exhibit: str) -> None:
    """Refuse an exhibit that is being examined or linked; StoreError says what ends that."""
    for file in _leads_on(db, member, exhibit):
        lead = file.lead.lead
        if file.linked:
            raise StoreError(
                f"exhibit {exhibit}: one in no standing link needed, found lead {lead}; "
                f"`ribin link withdraw {lead}` ends it"
            )
        if file.is_open:
            ends = (
                "`ribin lead sync` ends it, where the logs of both members are in reach"
                if file.unchecked
                else f"its two verdicts (`ribin review {lead}`) end it, `unsuitable` where nobody "
                "can examine"
            )
            raise StoreError(
                f"exhibit {exhibit}: one in no open lead needed, found lead {lead}; {ends}"
            )


def _leads_on(db: sqlite3.Connection, member: str, exhibit: str) -> list[LeadFile]:
    names = (exhibit, opaque_name(db, exhibit))  # in a lead across a border the opaque one
    return [f for name in names for f in lead_files_of_exhibit(db, HeldExhibit(member, name))]
