"""Reports for a case file: what is compared for them, what the audit log keeps, what is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ribin.cases.exhibits import Request
from ribin.comparison import Comparison
from ribin.errors import ParameterError
from ribin.params.defaults import Params
from ribin.pipeline import check_mirrored, compare_marks, extract_marks
from ribin.report.comparison import comparison_document, figures_sha256
from ribin.report.comparison_evidence import Item
from ribin.report.document import Document
from ribin.report.html import document_html
from ribin.report.pdf import check_reportlab, document_pdf
from ribin.report.report_words import ChainHead, ReportHead
from ribin.services.files import whole_file
from ribin.services.marks import ShownMark, named_mark
from ribin.services.reading import Reading
from ribin.services.session import Desk
from ribin.services.sides import Side, side_of
from ribin.vault.people import check_searcher
from ribin.vault.vault import Vault

_PAGES, _PDF = (".html", ".htm"), ".pdf"


@dataclass(frozen=True)
class Asked:
    """What a person wants to have reported: in which words, and for what."""

    who: str
    question: str = ""
    case_number: str = ""

    def head(self, member: str = "") -> ReportHead:
        """The head of a report that is made now."""
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
        return ReportHead(self.who, now, self.question, self.case_number, member)


def check_reports(paths: Sequence[Path]) -> None:
    """Refuse before the work reports that could not be written after it.

    Raises
    ------
    ParameterError
        A name ends in neither .html nor .pdf, its folder is not there, or reportlab is missing.
    """
    for path in paths:
        if path.suffix.lower() not in (*_PAGES, _PDF):
            raise ParameterError(f"{path}: a name that ends in .html or .pdf needed")
        if not path.parent.is_dir():
            raise ParameterError(f"{path}: a report in a folder that is there needed")
        if path.suffix.lower() == _PDF:
            check_reportlab()


def write_reports(document: Document, paths: Sequence[Path]) -> None:
    """Write the same report to each of the files, whole or not at all."""
    for path in paths:
        if path.suffix.lower() == _PDF:
            content = document_pdf(document)
        else:
            content = document_html(document).encode()
        with whole_file(path) as aside:
            aside.write_bytes(content)


def report_comparison(
    names: tuple[str, str],
    reading: Reading,
    mark_type: str | None,
    params: Params,
    asked: Asked,
    desk: Desk | None = None,
    request: Request | None = None,
) -> tuple[Document, Comparison]:
    """Compare two files or exhibits and put the result into a report.

    Parameters
    ----------
    names : (str, str)
        Reference and comparison: a file, an exhibit of the desk's vault, or MEMBER:EXHIBIT.
    desk, request : Desk, Request or None
        The desk with its vault, and why another member is asked; None where there are only files.

    Raises
    ------
    RibinError
        A side cannot be read, is not there, or may not be seen.
    """
    if desk and request:
        check_searcher(desk.vault.catalogue, request.who)
    one, reference = _item(names[0], reading, mark_type, params, desk, request)
    two, comparison = _item(names[1], reading, one.mark.mark_type, params, desk, request)
    result = compare_marks(reference.template, comparison.template, params)
    if two.whole:  # a template alone cannot be mirrored and described again
        result = check_mirrored(reference.template, comparison.mark, result, params)
    result = replace(result, reference=one.name, comparison=two.name)
    chain = None
    if desk and request:
        facts = {"comparison": two.mark.provenance.sha256, "figures": figures_sha256(result)}
        chain = enter_report(desk.vault, one.mark.provenance.sha256, request, facts)
    method = params.of(one.mark.mark_type, one.mark.kind)
    head = asked.head(desk.member if desk else "")
    abroad = desk and any(item.member not in ("", desk.member) for item in (one, two))
    document = comparison_document(
        head, (one, two), result, params.params_id, method, chain, request if abroad else None
    )
    return document, result


def enter_report(
    vault: Vault, subject: str, request: Request, facts: dict[str, str]
) -> ChainHead | None:
    """Enter a report in the audit log; the row that it was entered under, which is the last.

    A vault that may only be read gets no row; its last one is given all the same.
    """
    if vault.writable:
        vault.record("report", subject, request.who, request.reason, **facts)
    last = vault.audit_head()
    return ChainHead(last.member, last.seq, last.at, last.sha256)


def _item(
    name: str,
    reading: Reading,
    mark_type: str | None,
    params: Params,
    desk: Desk | None,
    request: Request | None,
) -> tuple[Item, Side]:
    if Path(name).is_file():
        scan = reading.scan(Path(name), params)
        side = side_of(scan, params, mark_type)
        found = [str(mark.mark_type) for mark in extract_marks(scan, params)]
        return Item(side.mark, tuple(m for m in found if m != side.mark.mark_type)), side
    shown = named_mark(desk, name, request, "report", mark_type)
    return shown_item(shown), shown.side


def shown_item(shown: ShownMark) -> Item:
    """A mark of a vault as one side of a report."""
    return Item(shown.side.mark, shown.others, shown.member, shown.exhibit, shown.whole)
