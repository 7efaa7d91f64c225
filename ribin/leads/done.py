"""What a step of a lead led to, and whom it concerns."""

from __future__ import annotations

from dataclasses import dataclass

from ribin.cases.leads import HeldExhibit, Lead, LeadFile, Standing
from ribin.leads.merge import Settled
from ribin.leads.rules import standing_of
from ribin.leads.series import parts_without
from ribin.leads.two_vaults import BothSides
from ribin.vault.leads import read_lead_file
from ribin.vault.vault import Vault


@dataclass(frozen=True)
class Step:
    """What a step led to; `notes` says which member has not got it yet.

    Own exhibits in `parts` have their own names.
    """

    file: LeadFile
    notes: tuple[str, ...] = ()
    link_made: bool = False
    link_ended: bool = False
    parts: tuple[frozenset[HeldExhibit], ...] = ()  # of the series, where a link ended

    @property
    def standing(self) -> Standing:
        return standing_of(self.file)


def members_of_lead(own: Vault, lead: str) -> tuple[str, ...]:
    """The members that a lead concerns; StoreError where it is unknown."""
    with own.catalogue.reading() as db:
        return read_lead_file(db, lead, str(own.path)).lead.members


def concerned_in_reach(sides: BothSides, lead: Lead) -> list[str]:
    """Members concerned whose vault is in reach; the lead is there, because it was merged."""
    return [member for member in sides.transactions if member in lead.members]


def step_done(sides: BothSides, lead: str, settled: Settled | None = None) -> Step:
    """What came of a step, read back from the own vault before it is committed."""
    settled = settled or Settled()
    file = read_lead_file(sides.own, lead, sides.own_member)
    parts = parts_without(sides.own, sides.own_member, file) if settled.link_ended else ()
    return Step(file, tuple(sides.notes), settled.link_made, settled.link_ended, parts)
