"""What each country concerned is told of a link across its border, or of the end of one.

A notice names laboratories, the link, and exhibits by the names that cross the border; it has no
person, no case number and no place. Who may know more asks the laboratory, quoting the link.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum

from ribin.casework import ClassFields
from ribin.leads import HeldExhibit, LeadFile
from ribin.store.abroad import Abroad
from ribin.store.vault import Vault


class Occasion(StrEnum):
    """What a notice tells."""

    CONFIRMED = "link confirmed"
    WITHDRAWN = "link withdrawn"


@dataclass(frozen=True)
class NoticedExhibit:
    """One side of a link; what is not known to the member that writes is empty."""

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


def notices_of(vault: Vault, file: LeadFile) -> list[Notice]:
    """All that has come of a lead across a border, oldest first, to each of the two countries."""
    link, end, members = file.link, file.withdrawal, file.lead.members
    if link is None or len(members) < 2:
        return []
    occasions = [(Occasion.CONFIRMED, link.at)]
    occasions += [(Occasion.WITHDRAWN, end.at)] if end else []
    sides = _noticed(vault, file, file.lead.reference), _noticed(vault, file, file.lead.comparison)
    return [
        Notice(link.link, occasion, to, vault.member, at, sides)
        for occasion, at in occasions
        for to in members
    ]


def notice_facts(notice: Notice) -> dict[str, object]:
    """The notice for programs."""
    facts = {name: value for name, value in asdict(notice).items() if name != "exhibits"}
    exhibits = [asdict(exhibit) for exhibit in notice.exhibits]
    return {"format": "ribin notice", "version": 1, **facts, "exhibits": exhibits}


def _noticed(vault: Vault, file: LeadFile, held: HeldExhibit) -> NoticedExhibit:
    assert file.link is not None
    is_reference = held == file.lead.reference
    day = file.link.reference_date if is_reference else file.link.comparison_date
    return NoticedExhibit(held.member, held.exhibit, day, _class_fields(vault, file, held))


def _class_fields(vault: Vault, file: LeadFile, held: HeldExhibit) -> ClassFields:
    """Those of an own exhibit, which cross the border anyway; others' are theirs to tell."""
    if held.member != vault.member:
        return ClassFields()
    (other,) = set(file.lead.members) - {vault.member}
    known = vault.exhibits()
    name = held.exhibit if held.exhibit in known else Abroad.of(vault, other).meant(held.exhibit)
    return known[name].class_fields if name in known else ClassFields()
