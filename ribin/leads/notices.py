"""What each country concerned is told of a link across its border, or of the end of one.

A notice names laboratories, the link, and exhibits by the names that cross the border; it has no
person, no case number and no place. Who may know more asks the laboratory, quoting the link.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from msgspec import structs

from ribin.cases.exhibits import ClassFields
from ribin.cases.leads import ExhibitRef, LeadHistory
from ribin.errors import ParameterError, StoreError
from ribin.exchange.lead_statements import NoticedEnd
from ribin.report.document import Document, Grid, Paragraph, Points, Section
from ribin.report.html import document_html
from ribin.report.json import as_json
from ribin.report.pdf import document_pdf
from ribin.vault.audit import read_rows_of
from ribin.vault.disclosure import as_seen_by
from ribin.vault.enrol import NOTICES_FOLDER
from ribin.vault.files import make_folder, write_durably
from ribin.vault.leads import find_lead
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
    exhibits: tuple[NoticedExhibit, ...]  # both ends of the link

    @property
    def name(self) -> str:
        """The name of its files without their suffix: one a link, occasion and country."""
        return f"{self.link}-{self.occasion.split()[-1]}-{self.to}"


def notices_of(vault: Vault, history: LeadHistory, ends: Mapping[str, NoticedEnd]) -> list[Notice]:
    """All that has come of a lead across a border, oldest first, to each of the two countries, as
    the member of a vault writes it.

    `ends` is what the other member tells of its own exhibit; none where it is out of reach.
    """
    written_by = vault.member
    link, end, members = history.link, history.withdrawal, history.lead.members
    if link is None or len(members) < 2:
        return []
    occasions = [(Occasion.CONFIRMED, link.at)]
    occasions += [(Occasion.WITHDRAWN, end.at)] if end else []
    return [
        Notice(
            *(link.lead, occasion, to, written_by, at),
            tuple(_disclosed(vault, ends, ref, to) for ref in history.lead.exhibits),
        )
        for occasion, at in occasions
        for to in members
    ]


def _disclosed(
    vault: Vault, ends: Mapping[str, NoticedEnd], ref: ExhibitRef, to: str
) -> NoticedExhibit:
    """One side: class fields, and the day where it is theirs or was released to all who read it."""
    if ref.member != vault.member:
        end = ends.get(ref.member)
        fields = ClassFields(**structs.asdict(end.class_fields)) if end else ClassFields()
        return NoticedExhibit(ref.member, ref.exhibit, end.day if end else "", fields)
    exhibit = as_seen_by(ref.member, vault).find(ref.exhibit)
    if exhibit is None:  # purged since
        return NoticedExhibit(ref.member, ref.exhibit, "", ClassFields())
    dated = as_seen_by(to, vault).knows(exhibit.exhibit)
    day = exhibit.event.date if dated else ""
    return NoticedExhibit(ref.member, ref.exhibit, day, exhibit.class_fields)


# Notices as files of the vault's folder: JSON for programs, HTML and PDF for people.
#
# The audit log says which notices a vault has written; that is how each one is written once.

_MEANING = {
    Occasion.CONFIRMED: "Two examiners concluded, on the items or a cast, that one firearm marked "
    "both exhibits. Their laboratories keep the reports.",
    Occasion.WITHDRAWN: "The link that an earlier notice told of is withdrawn. Treat what was "
    "drawn from it as not supported.",
}
_HANDLING = (
    "No personal data: names, case numbers and places stay with the laboratories.",
    "To learn more, ask the laboratory of the member concerned, quoting the link.",
    "A link joins exhibits. Who held the firearm is for the investigation to find.",
)


def is_due(db: Any, notice: Notice) -> bool:
    """Whether this vault knows what a notice tells, and has not written it yet."""
    history = find_lead(db, notice.link)
    known = history is not None and (
        history.withdrawal if notice.occasion is Occasion.WITHDRAWN else history.link
    )
    written = {(row.reason, row.details["to"]) for row in read_rows_of(db, "notice", notice.link)}
    return bool(known) and (notice.occasion, notice.to) not in written


def write_notice(vault: Vault, notice: Notice, who: str) -> tuple[Path, ...]:
    """Write a notice that is due, all of its files and the row of the audit log, or nothing.

    Gives JSON, HTML and, with the extra `ribin[pdf]`, PDF; none where the notice is not due. Raises
    StoreError: the vault is read-only or locked, or the disk refuses.
    """
    folder = vault.path / NOTICES_FOLDER
    with vault.catalogue.reading() as db:
        if not is_due(db, notice):
            return ()
    files = {folder / f"{notice.name}{kind}": text for kind, text in _files(notice).items()}
    with vault.act("notice", who, str(notice.occasion)) as act:
        if not is_due(act.db, notice):  # somebody else was quicker
            return ()
        act.log(notice.link, to=notice.to)
        try:
            make_folder(folder)
            for path, content in files.items():
                write_durably(path, content)
        except OSError as error:
            raise StoreError(f"{folder}: a notice cannot be written: {error.strerror}") from error
    return tuple(files)


def _files(notice: Notice) -> dict[str, bytes]:
    """Content by suffix."""
    document = _notice_document(notice)
    facts = {"format": "ribin notice", "version": 1, **asdict(notice)}
    files = {".json": (as_json(facts) + "\n").encode(), ".html": document_html(document).encode()}
    with suppress(ParameterError):  # the extra is not installed
        files[".pdf"] = document_pdf(document)
    return files


def _notice_document(notice: Notice) -> Document:
    """What a notice says, as a page."""
    cells = [(e.member, e.exhibit, e.event_date, e.class_fields.calibre) for e in notice.exhibits]
    rows = tuple(tuple(cell or "not told" for cell in row) for row in cells)
    told = Grid(("member", "exhibit", "day of the event", "calibre"), rows)
    return Document(
        title="Notice of a link across borders",
        subject=f"{notice.link}, {notice.occasion}",
        head=(
            ("to", f"intelligence-sharing network of {notice.to}"),
            ("from", f"laboratory of {notice.written_by}"),
            ("link", notice.link),
            ("occasion", str(notice.occasion)),
            ("day", notice.at[:10]),
        ),
        footer=f"RIBIN notice {notice.name}",
        sections=(
            Section("What is told", (Paragraph(_MEANING[notice.occasion]), told)),
            Section("How to use it", (Points(_HANDLING),)),
        ),
    )
