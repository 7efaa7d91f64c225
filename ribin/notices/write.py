"""Notices as files of the vault's folder: JSON for programs, HTML for people."""

from __future__ import annotations

from pathlib import Path

from ribin.errors import StoreError
from ribin.notices.notice import Notice, Occasion, notice_facts
from ribin.report.document import Document, Grid, Paragraph, Points, Section
from ribin.report.document_html import document_html
from ribin.report.json_text import as_json
from ribin.store.durable import write_durably
from ribin.store.vault import Vault

NOTICES_FOLDER = "notices"
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


def write_notice(vault: Vault, notice: Notice, who: str) -> tuple[Path, Path]:
    """Write a notice as JSON and HTML, and into the audit log; gives the two files.

    Raises
    ------
    StoreError
        The vault is read-only or locked, or the disk refuses.
    """
    folder = vault.path / NOTICES_FOLDER
    facts = (folder / f"{notice.name}.json", as_json(notice_facts(notice)) + "\n")
    page = (folder / f"{notice.name}.html", document_html(notice_document(notice)))
    vault.record("notice", notice.link, who, str(notice.occasion), to=notice.to)
    try:
        folder.mkdir(exist_ok=True)
        for path, text in (facts, page):
            write_durably(path, text.encode())
    except OSError as error:
        raise StoreError(f"{folder}: a notice cannot be written: {error.strerror}") from error
    return facts[0], page[0]


def notice_document(notice: Notice) -> Document:
    """What a notice says, as a page."""
    rows = tuple(
        (
            *(side.member, side.exhibit, side.event_date or "not told"),
            side.class_fields.calibre or "not told",
        )
        for side in notice.exhibits
    )
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
