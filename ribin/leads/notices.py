"""What each country concerned is told of a link across its border, or of the end of one.

A notice names laboratories, the link, and exhibits by the names that cross the border; it has no
person, no case number and no place. Who may know more asks the laboratory, quoting the link.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from ribin.cases.exhibits import ClassFields
from ribin.cases.leads import HeldExhibit, LeadFile
from ribin.leads.concerned import exhibit_at
from ribin.vault.disclosure import Abroad
from ribin.vault.vault import Vault


class Occasion(StrEnum):
    """What a notice tells."""

    CONFIRMED = "link confirmed"
    WITHDRAWN = "link withdrawn"


@dataclass(frozen=True)
class NoticedExhibit:
    """One side of a link; what is not told is empty."""

    member: str
    exhibit: str  # as it is known across the border
    event_date: str
    class_fields: ClassFields


@dataclass(frozen=True)
class Notice:
    """A notice to one country; `written_by` is the member whose vault made it."""

    link: str
    occasion: Occasion
    to: str
    written_by: str
    at: str
    exhibits: tuple[NoticedExhibit, NoticedExhibit]

    @property
    def name(self) -> str:
        """The name of its files without their suffix: one a link, occasion and country."""
        return f"{self.link}-{self.occasion.split()[-1]}-{self.to}"


def notices_of(written_by: str, file: LeadFile, holders: Mapping[str, Vault]) -> list[Notice]:
    """All that has come of a lead across a border, oldest first, to each of the two countries.

    Parameters
    ----------
    written_by : str
        The member whose laboratory writes them.
    holders : mapping of str to Vault
        The vaults in reach, by member: each tells of its own exhibit.
    """
    link, end, members = file.link, file.withdrawal, file.lead.members
    if link is None or len(members) < 2:
        return []
    occasions = [(Occasion.CONFIRMED, link.at)]
    occasions += [(Occasion.WITHDRAWN, end.at)] if end else []
    return [
        Notice(
            *(link.link, occasion, to, written_by, at),
            (
                _told(holders, file.lead.reference, {written_by, to}),
                _told(holders, file.lead.comparison, {written_by, to}),
            ),
        )
        for occasion, at in occasions
        for to in members
    ]


def notice_facts(notice: Notice) -> dict[str, object]:
    """The notice for programs."""
    facts = {name: value for name, value in asdict(notice).items() if name != "exhibits"}
    exhibits = [asdict(exhibit) for exhibit in notice.exhibits]
    return {"format": "ribin notice", "version": 1, **facts, "exhibits": exhibits}


def _told(holders: Mapping[str, Vault], held: HeldExhibit, readers: set[str]) -> NoticedExhibit:
    """One side: class fields, and the day where it is theirs or was released to all who read it."""
    if held.member not in holders:
        return NoticedExhibit(held.member, held.exhibit, "", ClassFields())
    vault = holders[held.member]
    with vault.catalogue.reading() as db:
        exhibit = exhibit_at(db, held.exhibit)
    if exhibit is None:  # purged since
        return NoticedExhibit(held.member, held.exhibit, "", ClassFields())
    told = exhibit
    for reader in readers - {held.member}:
        told = Abroad.of(vault, reader).told(told)
    return NoticedExhibit(held.member, held.exhibit, told.event.date, told.class_fields)
