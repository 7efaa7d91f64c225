"""Pages to look at: what is read and compared for them, and by which rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ribin.cases.exhibits import Request
from ribin.comparison import Comparison
from ribin.describe.steps import template_mark
from ribin.errors import ParameterError, StoreError
from ribin.model import NO_TRACE, Mark, Scan, Trace
from ribin.params.defaults import Params
from ribin.pipeline import (
    check_mirrored,
    compare_marks,
    extract_marks,
)
from ribin.report.comparison import ReportedItem, comparison_document, figures_sha256
from ribin.report.document import ChainHead, Document, ReportHead
from ribin.report.explanation import comparison_text
from ribin.report.html import document_html
from ribin.report.pdf import check_reportlab, document_pdf
from ribin.report.trace import write_trace_files
from ribin.services.files import whole_file
from ribin.services.marks import ShownMark, measured_original, named_mark
from ribin.services.reading import ReadOptions, Side, as_image_pairs, best_of, experimental, side_of
from ribin.services.session import Session
from ribin.vault.people import check_searcher
from ribin.vault.vault import Vault
from ribin.view import comparison_page
from ribin.view.comparison import read_annotations
from ribin.view.surface import Surface, measured_surface

FROM_TEMPLATE = "drawn from its template: the original is not released"


@dataclass(frozen=True, eq=False)
class ViewedSide:
    """One side of a page.

    Attributes
    ----------
    label : str
        What to call it.
    measured : Surface or None
        Its surface as measured, where that is at hand.
    whole : bool
        False where its owner gives the template alone; both sides are then drawn from theirs, in
        deviations of each, because a template holds no heights in um.
    """

    label: str
    side: Side
    measured: Surface | None = None
    whole: bool = True


def check_page(path: Path) -> None:
    """Refuse before the work a page that could not be written after it.

    Raises
    ------
    ParameterError
        The name does not end in .html, or its folder is not there.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise ParameterError(f"{path}: a name that ends in .html needed")
    if not path.parent.is_dir():
        raise ParameterError(
            f"{path}: a page in a folder that is there needed",
            hint="make the folder first, or name another",
        )


def write_page(html: str, path: Path) -> None:
    """Write a page, whole or not at all."""
    with whole_file(path) as aside:
        aside.write_text(html, encoding="utf-8", newline="\n")


def view_pair(
    names: tuple[str, str],
    readings: tuple[ReadOptions, ReadOptions],
    mark_type: str | None,
    params: Params,
    session: Session | None = None,
    request: Request | None = None,
    annotations: Path | None = None,
) -> tuple[str, Comparison]:
    """Compare two files or exhibits; the page of the pair, and the comparison.

    Parameters
    ----------
    names : (str, str)
        Reference and comparison: a file, an exhibit of the own vault, or MEMBER:EXHIBIT, which is
        shown only after that member's audit log says to whom and why.
    session, request : Session, Request or None
        The session, and why another member is asked; None where there are only files.
    annotations : Path, optional
        What a page of this pair saved, for the page to open with.

    Raises
    ------
    RibinError
        A side cannot be read, is not there, or may not be seen.
    """
    if session and request:
        check_searcher(session.vault.catalogue, request.who)
    one = _seen(names[0], readings[0], mark_type, params, session, request)
    two = _seen(names[1], readings[1], one.side.mark.mark_type, params, session, request)
    result = compare_marks(one.side.template, two.side.template, params)
    if two.whole:  # a template alone cannot be mirrored and described again
        result = check_mirrored(one.side.template, two.side.mark, result, params)
    result = replace(result, reference=one.label, comparison=two.label)
    notes = read_annotations(annotations, one.side.mark, two.side.mark) if annotations else []
    return page_of(one, two, result, params, notes), result


def page_of(
    reference: ViewedSide,
    comparison: ViewedSide,
    result: Comparison,
    params: Params,
    annotations: list[dict[str, object]] | None = None,
) -> str:
    """The page of two sides that have been compared."""
    sides = (reference, comparison)
    whole = all(one.whole for one in sides)
    one, two = (one.side.mark if whole else _from_template(one) for one in sides)
    return comparison_page(
        one,
        two,
        result,
        params,
        measured=(reference.measured, comparison.measured) if whole else (None, None),
        labels=(reference.label, comparison.label),
        unit="µm" if whole else "of its RMS",
        annotations=annotations or (),
    )


def shown_side(shown: ShownMark, label: str, params: Params) -> ViewedSide:
    """A mark of a vault as one side, with its surface as measured where its file is at hand."""
    if shown.original is None:
        return ViewedSide(label, shown.side, whole=shown.whole)
    mark = shown.side.mark
    measured = measured_original(shown.original, mark.provenance.source, mark, params)
    return ViewedSide(label, shown.side, measured)


def query_side(side: Side, label: str, params: Params, vault: Vault | None = None) -> ViewedSide:
    """A mark of a file, or of an exhibit of `vault`, with its surface as measured if at hand."""
    mark = side.mark
    if side.scan is not None:
        return ViewedSide(label, side, measured_surface(side.scan, mark, params))
    try:
        original = vault.original(mark.provenance.sha256) if vault else None
    except StoreError:
        original = None
    if original is None:
        return ViewedSide(label, side)
    return ViewedSide(
        label, side, measured_original(original, mark.provenance.source, mark, params)
    )


def _from_template(seen: ViewedSide) -> Mark:
    """The surface that a template holds, with the reason where its owner gives no more."""
    mark = template_mark(seen.side.template)
    if seen.whole:
        return mark
    return replace(mark, provenance=replace(mark.provenance, notes=(FROM_TEMPLATE,)))


def seen_file(
    path: Path, reading: ReadOptions, params: Params, mark_type: str | None
) -> ViewedSide:
    """A file as one side, with its surface as measured."""
    scan = reading.scan(path, params)
    side = side_of(scan, params, mark_type)
    return query_side(side, path.name, params)


def _seen(
    name: str,
    reading: ReadOptions,
    mark_type: str | None,
    params: Params,
    session: Session | None,
    request: Request | None,
) -> ViewedSide:
    if Path(name).is_file():
        return seen_file(Path(name), reading, params, mark_type)
    return shown_side(named_mark(session, name, request, "picture", mark_type), name, params)


# Two files to one comparison, with the marks that a picture of it needs.


@dataclass(frozen=True, eq=False)
class ComparedPair:
    """Both sides, and how they agree."""

    reference: Side
    comparison: Side
    result: Comparison
    trace: Trace


def compare_files(
    reference: Path,
    comparison: Path,
    readings: tuple[ReadOptions, ReadOptions],
    params: Params,
    mark_type: str | None = None,
    traced: bool = False,
    render: bool = False,
) -> ComparedPair:
    """Compare a mark of the reference, by default the first, with the same of the comparison.

    A pair of low score is looked at mirrored as well, and the result has a note where that
    agrees clearly better. With `render`, a topography against an image is rendered as one.
    """
    one, two = readings[0].scan(reference, params), readings[1].scan(comparison, params)
    if not render or one.kind is two.kind:
        return _compare_scans(one, two, params, mark_type, traced)
    pairs = as_image_pairs(one, two, params)
    tried = [_compare_scans(*pair, params, mark_type, traced) for pair in pairs]
    best = tried[best_of([done.result for done in tried])]
    lighting = best.reference.mark.provenance.lighting
    return replace(best, result=experimental(best.result, lighting))


def _compare_scans(
    one: Scan, two: Scan, params: Params, mark_type: str | None, traced: bool
) -> ComparedPair:
    traces = [Trace() if traced else NO_TRACE for _ in range(3)]
    first = side_of(one, params, mark_type, traces[0])
    second = side_of(two, params, first.mark.mark_type, traces[1])
    result = compare_marks(first.template, second.template, params, traces[2])
    result = check_mirrored(first.template, second.mark, result, params)
    return ComparedPair(first, second, result, traces[2])


def explain(done: ComparedPair, params: Params) -> str:
    """Why the pair has its score, for a person."""
    mark = done.reference.mark
    return comparison_text(done.result, params.of(mark.mark_type, mark.kind).decide)


def write_traces(done: ComparedPair, params: Params, folder: Path) -> None:
    """Write what each stage made: one folder for either side and one for the pair, and an index."""
    mark = done.reference.mark
    traces = {
        "reference": done.reference.trace,
        "comparison": done.comparison.trace,
        "pair": done.trace,
    }
    write_trace_files(traces, folder, params.of(mark.mark_type, mark.kind))


# Reports for a case file: what is compared for them, what the audit log keeps, what is written.

_PAGES, _PDF = (".html", ".htm"), ".pdf"


@dataclass(frozen=True)
class ReportOptions:
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
            raise ParameterError(
                f"{path}: a report in a folder that is there needed",
                hint="make the folder first, or name another",
            )
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
    reading: ReadOptions,
    mark_type: str | None,
    params: Params,
    asked: ReportOptions,
    session: Session | None = None,
    request: Request | None = None,
) -> tuple[Document, Comparison]:
    """Compare two files or exhibits and put the result into a report.

    Parameters
    ----------
    names : (str, str)
        Reference and comparison: a file, an exhibit of the session's vault, or MEMBER:EXHIBIT.
    session, request : Session, Request or None
        The session, and why another member is asked; None where there are only files.

    Raises
    ------
    RibinError
        A side cannot be read, is not there, or may not be seen.
    """
    if session and request:
        check_searcher(session.vault.catalogue, request.who)
    one, reference = _item(names[0], reading, mark_type, params, session, request)
    two, comparison = _item(names[1], reading, one.mark.mark_type, params, session, request)
    result = compare_marks(reference.template, comparison.template, params)
    if two.whole:  # a template alone cannot be mirrored and described again
        result = check_mirrored(reference.template, comparison.mark, result, params)
    result = replace(result, reference=one.name, comparison=two.name)
    chain = None
    if session and request:
        facts = {"comparison": two.mark.provenance.sha256, "figures": figures_sha256(result)}
        chain = enter_report(session.vault, one.mark.provenance.sha256, request, facts)
    method = params.of(one.mark.mark_type, one.mark.kind)
    head = asked.head(session.member if session else "")
    abroad = session and any(item.member not in ("", session.member) for item in (one, two))
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
    reading: ReadOptions,
    mark_type: str | None,
    params: Params,
    session: Session | None,
    request: Request | None,
) -> tuple[ReportedItem, Side]:
    if Path(name).is_file():
        scan = reading.scan(Path(name), params)
        side = side_of(scan, params, mark_type)
        found = [str(mark.mark_type) for mark in extract_marks(scan, params)]
        return ReportedItem(side.mark, tuple(m for m in found if m != side.mark.mark_type)), side
    shown = named_mark(session, name, request, "report", mark_type)
    return shown_item(shown), shown.side


def shown_item(shown: ShownMark) -> ReportedItem:
    """A mark of a vault as one side of a report."""
    return ReportedItem(shown.side.mark, shown.others, shown.member, shown.exhibit, shown.whole)
