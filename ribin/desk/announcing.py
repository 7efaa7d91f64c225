"""Who is told when a link is made or ends."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ribin.errors import RibinError
from ribin.leads import LeadFile
from ribin.notices.notice import Notice, Occasion, notices_of
from ribin.notices.write import write_notice
from ribin.review.done import Step
from ribin.search.network import Network
from ribin.store.leadrecords import read_lead_files
from ribin.store.vault import Vault

_NO_PDF = "; no PDF: reportlab is not installed (pip install 'ribin[pdf]')"


@dataclass(frozen=True)
class Told:
    """What became of a notice that was due."""

    text: str
    written: bool


def announce(vault: Vault, step: Step, network: Network | None = None) -> tuple[str, ...]:
    """Write the notices that a step of a lead gives rise to; gives notes for the person.

    Both lie in the own vault; the other country's lies in its vault as well, where `network` names
    one in reach. Called once after each step, when both sides have committed it: a notice that
    cannot be written undoes nothing, the note says so, and `announce_received` makes up for it.
    """
    occasions = [Occasion.CONFIRMED] if step.link_made else []
    occasions += [Occasion.WITHDRAWN] if step.link_ended else []
    told = []
    for notice in notices_of(vault, step.file):
        if notice.occasion in occasions or notice.to == vault.member:
            told += _place(vault, notice, step.file)
        if notice.to != vault.member:
            there = _place_there(notice, step.file, network)
            told += [one for one in there if not one.written]
    return tuple(one.text for one in told)


def announce_received(vault: Vault, network: Network) -> list[Told]:
    """Each country's notice of what it got to know over the line, into its own vault, once.

    Links and withdrawals that another laboratory recorded here, or that this one carries to a
    member which was out of reach.
    """
    with vault.catalogue.reading() as db:
        files = read_lead_files(db)
    told: list[Told] = []
    for file in files:
        for notice in notices_of(vault, file):
            if notice.to == vault.member:
                told += _place(vault, notice, file)
            else:
                told += _place_there(notice, file, network)
    return told


def _place_there(notice: Notice, file: LeadFile, network: Network | None) -> list[Told]:
    """Into the vault of the country that it is for; who is out of reach writes it by itself."""
    if network is None or notice.to not in network.members:
        return []
    try:
        with Vault.open(network.members[notice.to].vault) as other:
            return _place(other, notice, file) if other.writable else []
    except RibinError:
        return []


def _place(vault: Vault, notice: Notice, file: LeadFile) -> list[Told]:
    try:
        paths = write_notice(vault, notice, _acting(file, notice.occasion))
    except RibinError as error:
        return [Told(f"notice to {notice.to}: not written: {error}", written=False)]
    return [Told(f"notice to {notice.to}: {_listed(paths)}", written=True)] if paths else []


def _listed(paths: tuple[Path, ...]) -> str:
    first, *others = paths
    names = [str(first), *(path.name for path in others)]
    no_pdf = "" if any(path.suffix == ".pdf" for path in paths) else _NO_PDF
    return f"{', '.join(names[:-1])} and {names[-1]}{no_pdf}"


def _acting(file: LeadFile, occasion: Occasion) -> str:
    """Who took the step: whoever withdrew the link, or gave the verdict that made it."""
    assert file.link is not None
    if occasion is Occasion.WITHDRAWN and file.withdrawal:
        return file.withdrawal.person
    made = {file.link.first_review, file.link.second_review}
    return max((r for r in file.reviews if r.review in made), key=lambda r: r.at).reviewer
