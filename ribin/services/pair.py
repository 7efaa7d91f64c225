"""A pair for a person: two files or exhibits, compared once, and what is made of it.

The figures, a picture, the page of a comparison microscope, or a report for a case file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ribin.cases.exhibits import Candidate, LookPurpose, Request
from ribin.cases.leads import ExhibitRef, Lead
from ribin.cases.side import Side
from ribin.comparison import Comparison, score_text
from ribin.decide.steps import not_compared
from ribin.describe.steps import template_mark
from ribin.model import NO_TRACE, Mark, Trace
from ribin.params.defaults import MethodParams, Params
from ribin.pipeline import compare_marks, look_again
from ribin.report.comparison import comparison_document, figures_sha256
from ribin.report.document import ChainHead, Document, ReportHead, words
from ribin.report.explanation import SIDES, anything_left_out, comparison_text, left_out_of_pair
from ribin.report.html import document_html
from ribin.report.outlines import KEEP_ALL
from ribin.report.pdf import check_reportlab, document_pdf
from ribin.report.pictures import Picture, draw_overlay, write_overlay
from ribin.report.trace import write_trace_files
from ribin.search.rules import earlier_set_words
from ribin.services.blind_pairs import check_pair_shown
from ribin.services.files import REPORT, check_output, whole_file
from ribin.services.leads import look_at_lead
from ribin.services.marks import (
    Asker,
    Source,
    candidate_side,
    measured_side,
    scan_of,
    side_of,
    side_of_scan,
    with_reasons,
)
from ribin.services.reading import AS_STATED, ReadOptions, as_image_pairs, best_of, experimental
from ribin.services.redone_marks import marks_redone, recorded_at
from ribin.services.session import Session
from ribin.vault.anchors import kept_anchors
from ribin.vault.annotations import annotations_of
from ribin.vault.people import check_searcher
from ribin.vault.vault import Vault
from ribin.view import comparison_page
from ribin.view.comparison import read_annotations

NO_FIGURES = "the figures are shown with your verdict"
if TYPE_CHECKING:
    from ribin.evaluate.weight import Weight

FROM_TEMPLATE = "drawn from its template: the original is not released"


@dataclass(frozen=True)
class PairOptions:
    """How two sides are read and compared."""

    reference: ReadOptions = AS_STATED
    comparison: ReadOptions = AS_STATED
    mark_type: str | None = None  # None: the first mark of the reference
    render: bool = False  # EXPERIMENTAL: a topography against an image is rendered as one
    traced: bool = False  # what each stage made is kept


@dataclass(frozen=True, eq=False)
class ComparedPair:
    """Both sides, how they agree, and with which parameters they were compared."""

    reference: Side
    comparison: Side
    result: Comparison
    params: Params
    trace: Trace = NO_TRACE

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.reference, self.comparison

    @property
    def method(self) -> MethodParams:
        """The parameters of the mark that was compared."""
        return self.params.of(self.reference.mark.mark_type, self.reference.mark.kind)

    @property
    def whole(self) -> bool:
        """Whether both are seen as they were measured, and not from their templates alone."""
        return self.reference.whole and self.comparison.whole


USUAL = PairOptions()


def prepare_pair(
    reference: Source, comparison: Source, asker: Asker, options: PairOptions = USUAL
) -> ComparedPair:
    """Compare two files or exhibits; each is read and extracted once.

    A pair of low score is compared again mirrored and at other scales; where that agrees better
    the figures are of that, with points less and a note.

    Raises RibinError: as `side_of`: a side cannot be read, is not there, or may not be seen; and
    AccessError where the person asking is to examine the pair blind.
    """
    if options.render:
        return _rendered_pair(reference, comparison, asker, options)
    traces = _traces(options)
    one = side_of(reference, asker, options.reference, options.mark_type, trace=traces[0])
    needed = one.mark.mark_type
    two = side_of(comparison, asker, options.comparison, needed, trace=traces[1])
    _check_shown(asker, one, two)
    return _compare_in_one_set(one, two, asker, traces[2])


def _compare_in_one_set(
    one: Side, two: Side, asker: Asker, trace: Trace = NO_TRACE
) -> ComparedPair:
    """Compare two sides with the parameters that were asked for, or with a note in an earlier set
    that both have: another member may have that alone, and the own vault has kept it."""
    pair = compare_sides(*_in_one_set(one, two, asker), trace=trace)
    wanted = asker.params.template_id
    if pair.params.template_id == wanted:
        return pair
    said = earlier_set_words(pair.params.template_id, wanted)
    note = "; ".join(filter(None, (said, pair.result.note)))
    return replace(pair, result=replace(pair.result, note=note))


def _in_one_set(one: Side, two: Side, asker: Asker) -> tuple[Side, Side, Params]:
    """Two sides with templates of one set of parameters, and its numbers."""
    found = {side.template.params_id for side in (one, two)} - {asker.params.template_id}
    params = asker.earlier.get(min(found)) if found else None
    if params is None:
        return one, two, asker.params
    alike = [
        replace(side, template=template)
        for side in (one, two)
        for template in (side.template, *side.earlier)
        if template.params_id == params.template_id
    ]
    return (alike[0], alike[1], params) if len(alike) == 2 else (one, two, asker.params)


def _check_shown(asker: Asker, one: Side, two: Side) -> None:
    if asker.session and asker.request:
        check_pair_shown(asker.session, asker.request.who, (one, two))


def compare_sides(
    reference: Side,
    comparison: Side,
    params: Params,
    *,
    again: bool = True,
    trace: Trace = NO_TRACE,
) -> ComparedPair:
    """Compare two sides; the result names them as they are called.

    `again`: whether a pair of low score is compared again, mirrored and at other scales.
    """
    compared = compare_marks(reference.template, comparison.template, params, trace)
    result = replace(compared, reference=reference.name, comparison=comparison.name)
    if again:
        found = look_again(reference.template, comparison.template, result.score, params)
        if found:
            result = replace(found, reference=reference.name, comparison=comparison.name)
    poor = [side.quality_note for side in (reference, comparison) if side.quality_note]
    result = replace(result, note="; ".join(filter(None, (result.note, *poor))))
    return ComparedPair(reference, comparison, result, params, trace)


def candidate_pair(
    session: Session,
    query: Side,
    request: Request,
    candidate: Candidate,
    action: LookPurpose = "picture",
    listed_at: str = "",
) -> ComparedPair:
    """Compare the query of a search with a candidate, for people to look at.

    Another member's exhibit is shown only after its audit log says to whom and why. A note says
    where the list, of `listed_at` (UTC, ISO 8601), has other figures. Errors and `action` as
    `candidate_side`.
    """
    side = candidate_side(session, request, candidate, action)
    check_pair_shown(session, request.who, (query, side))
    pair = _compare_in_one_set(query, side, Asker(session.params, session, request))
    return _beside_record(session, pair, asdict(candidate), "the list", listed_at)


_SAME_SCORE = 0.0005  # as people read it


def _beside_record(
    session: Session, pair: ComparedPair, figures: Mapping[str, Any], record: str, at: str
) -> ComparedPair:
    """The pair, with a note where a record of a moment has other figures than the marks of now."""
    now, was = pair.result, figures.get("score")
    if not now.compared or figures.get("mark") != now.mark or not isinstance(was, float):
        return pair
    if abs(was - now.score) <= _SAME_SCORE:
        return pair
    refs = {ExhibitRef(s.member, s.exhibit.exhibit): s.known_as for s in pair.sides if s.exhibit}
    redone = marks_redone(session.vault, refs, at) if at else []
    cells = f", {figures['cmc']:g} of {figures['cells']} cells" if _has_cells(figures) else ""
    note = (
        f"{'; '.join(redone) or 'the marks are described otherwise now'}: {record} says "
        f"{score_text(was)}{cells}, the marks as they are now {score_text(now.score)}, "
        f"{now.cmc:g} of {now.cells}"
    )
    return replace(pair, result=replace(now, note="; ".join(filter(None, (note, now.note)))))


def _has_cells(figures: Mapping[str, Any]) -> bool:
    """Whether a record says how many cells are congruent: another member need not state it."""
    return {"cmc", "cells"} <= figures.keys()


def _rendered_pair(
    reference: Source, comparison: Source, asker: Asker, options: PairOptions
) -> ComparedPair:
    """As `prepare_pair`, with a topography against an image rendered as one."""
    one = scan_of(reference, asker, options.reference, options.mark_type)
    two = scan_of(comparison, asker, options.comparison, options.mark_type)
    params, names = asker.params, (asker.name_of(reference), asker.name_of(comparison))
    alike = one.kind is two.kind
    tried = []
    for first, second in [(one, two)] if alike else as_image_pairs(one, two, params):
        traces = _traces(options)
        side = side_of_scan(first, names[0], params, options.mark_type, traces[0])
        other = side_of_scan(second, names[1], params, side.mark.mark_type, traces[1])
        _check_shown(asker, side, other)
        tried.append(compare_sides(side, other, params, trace=traces[2]))
    best = tried[best_of([pair.result for pair in tried])]
    if alike:
        return best
    lighting = best.reference.mark.provenance.lighting
    return replace(best, result=experimental(best.result, lighting))


def _traces(options: PairOptions) -> list[Trace]:
    """Of the reference, the comparison and the pair."""
    return [Trace() if options.traced else NO_TRACE for _ in range(3)]


# What `ribin compare` gives of a pair.


def explain(pair: ComparedPair) -> str:
    """Why the pair has its score, for a person."""
    told = f"{left_out_of_pair(pair.sides)} ({KEEP_ALL})" if anything_left_out(pair.sides) else ""
    return comparison_text(pair.result, pair.method.decide, told)


def left_out_facts(sides: Sequence[Side]) -> dict[str, Any]:
    """What is left out of each mark, for programs; null of one that is a template alone."""
    named = zip(SIDES.values(), sides, strict=True)
    return {"left_out": {role: side.left_out for role, side in named}}


def write_traces(pair: ComparedPair, folder: Path) -> None:
    """Write what each stage made: one folder for either side and one for the pair, and an index."""
    traces = {
        "reference": pair.reference.trace,
        "comparison": pair.comparison.trace,
        "pair": pair.trace,
    }
    write_trace_files(traces, folder, pair.method)


def pair_picture(pair: ComparedPair, for_print: bool = False) -> Picture:
    """Both marks, the one laid on the other, with the cells of the reference."""
    one, two = (side.mark for side in pair.sides)
    cell_um = pair.method.describe.cell_um
    return draw_overlay(one, two, pair.result, cell_um, for_print=for_print)


def draw_pair(pair: ComparedPair, path: Path) -> None:
    """Write the picture of a pair."""
    picture = pair_picture(pair)
    with whole_file(path) as aside:
        write_overlay(picture, aside)


# The page of a pair, as under a comparison microscope.


def annotations_in(path: Path, pair: ComparedPair) -> list[dict[str, Any]]:
    """What a page of this pair saved, for the page to open with; errors as `read_annotations`."""
    return read_annotations(path, pair.reference.mark, pair.comparison.mark)


def pair_page(
    pair: ComparedPair,
    asker: Asker,
    annotations: Sequence[Mapping[str, Any]] = (),
    figures_hidden: bool = False,
) -> str:
    """The page of a pair, which opens with these annotations, and on request without its figures.

    Where a side is given as its template alone, both are drawn from theirs, in deviations of each,
    because a template holds no heights in um.
    """
    one, two = (side.mark if pair.whole else _from_template(side) for side in pair.sides)
    seen = [measured_side(side, asker) if pair.whole else None for side in pair.sides]
    measured, around = ([getattr(s, n, None) for s in seen] for n in ("measured", "whole"))
    return comparison_page(
        one,
        two,
        pair.result,
        pair.params,
        measured=(measured[0], measured[1]),
        whole=(around[0], around[1]),
        labels=(pair.reference.name, pair.comparison.name),
        unit="µm" if pair.whole else "of its RMS",
        annotations=annotations,
        figures_hidden=figures_hidden,
    )


def lead_marks_page(session: Session, lead: str, who: str) -> str:
    """The page of the two marks of a lead.

    Whoever may give the second verdict is shown the marks alone: they are not compared before.
    Another member's exhibit is asked for because of the lead. Raises RibinError: as `look_at_lead`
    and `side_of`.
    """
    view = look_at_lead(session.vault, lead, who, early=False)
    history, asker = view.history.lead, _asker_of_lead(session, view.history.lead, who)
    if not view.marks_alone:
        return pair_page(_pair_of_lead(session, history, asker), asker)
    one = side_of(history.reference, asker, mark_type=_mark_of(history))
    two = side_of(history.comparison, asker, mark_type=one.mark.mark_type)
    params = asker.params
    blank = not_compared(one.template, two.template, NO_FIGURES, params.params_id)
    return pair_page(ComparedPair(one, two, blank, params), asker)


def _asker_of_lead(
    session: Session, lead: Lead, who: str, action: LookPurpose = "picture"
) -> Asker:
    scope = session.network.scope_of(session.member, lead.members)
    request = Request(session.member, scope, who=who, reason=f"lead {lead.lead}")
    return Asker(session.params, session, request, action)


def _mark_of(lead: Lead) -> str | None:
    """The type of mark that a lead was taken up by; None where its figures name none."""
    return str(lead.figures["mark"]) if lead.figures.get("mark") else None


def _pair_of_lead(session: Session, lead: Lead, asker: Asker) -> ComparedPair:
    pair = prepare_pair(*lead.exhibits, asker, PairOptions(mark_type=_mark_of(lead)))
    at = recorded_at(session.vault, lead)
    return _beside_record(session, pair, lead.figures, f"the record of {lead.lead}", at)


def _from_template(side: Side) -> Mark:
    """The surface that a template holds, with the reason where its owner gives no more."""
    mark = template_mark(side.template)
    if side.whole:
        return mark
    return replace(mark, provenance=replace(mark.provenance, notes=(FROM_TEMPLATE,)))


def write_page(html: str, path: Path) -> None:
    """Write a page, whole or not at all."""
    with whole_file(path) as aside:
        aside.write_text(html, encoding="utf-8", newline="\n")


# The report of a pair for a case file, what the audit log keeps of it, and how it is written.

_PDF = ".pdf"


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


def report_lead(session: Session, lead: str, who: str, options: ReportOptions) -> Document:
    """The report of the two marks of a lead, which names it and the figures that it has on record.

    Errors as `lead_marks_page`.
    """
    known = look_at_lead(session.vault, lead, who, early=False).history.lead
    asker = _asker_of_lead(session, known, who, "report")
    taken_up = f"{known.lead}, taken up by {known.examiner} ({known.member}), {known.at[:10]}"
    record = [("Lead", taken_up), *recorded_figures(known.figures)]
    return report_pair(_pair_of_lead(session, known, asker), asker, options, record=record)


def recorded_figures(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a record says of a pair, for its report; nothing where it has no score."""
    if not isinstance(score := figures.get("score"), float):
        return []
    said = score_text(score)
    if _has_cells(figures):
        said += f", {figures['cmc']:g} of {figures['cells']} congruent cells"
    rank = f"rank {figures['rank']}" if "rank" in figures else ""
    by = f"by {words(str(figures['mark']))}" if figures.get("mark") else ""
    place = " ".join(filter(None, (rank, by)))
    of = " of ".join(filter(None, (place, str(figures.get("search", "")))))
    made_with = figures.get("params_id")
    more = f"method parameters {made_with}" if made_with else ""
    place = ", ".join(filter(None, (of, more)))
    return [("Score on record", "; ".join(filter(None, (said, place))))]


def report_pair(
    pair: ComparedPair,
    asker: Asker,
    options: ReportOptions,
    weight: Weight | None = None,
    record: Sequence[tuple[str, str]] = (),
) -> Document:
    """Put a pair into a report, and into the audit log of the own vault where there is one.

    `record`: the lead or list that it was made for, and the figures that stand there.
    """
    one, two = pair.sides
    session, request = asker.session, asker.request
    chain, annotations = None, []
    if session and request:
        with session.vault.catalogue.reading() as db:
            scans = (one.mark.provenance.sha256, two.mark.provenance.sha256)
            annotations = annotations_of(db, scans, str(one.mark.mark_type))
        facts = {"comparison": two.mark.provenance.sha256, "figures": figures_sha256(pair.result)}
        chain = enter_report(session.vault, one.mark.provenance.sha256, request, facts)
    member = session.member if session else ""
    others = any(side.member not in ("", member) for side in pair.sides)
    return comparison_document(
        options.head(member),
        (with_reasons(one, asker), with_reasons(two, asker)),
        pair.result,
        pair.result.params_id,
        pair.method,
        chain,
        request if others else None,
        _weight_said(weight),
        annotations,
        record,
    )


def _weight_said(weight: Weight | None) -> list[str]:
    if weight is None:
        return []
    from ribin.evaluate.weight import weight_text  # only here: a search needs no scipy

    return weight_text(weight)


def enter_report(
    vault: Vault, subject: str, request: Request, facts: dict[str, str]
) -> ChainHead | None:
    """Enter a report in the audit log; the row that it was entered under, which is the last.

    A vault that may only be read gets no row; its last one is given all the same.

    Raises AccessError: the vault's people have roles, and this person has none that searches.
    """
    check_searcher(vault.catalogue, request.who)
    if vault.writable:
        vault.record("report", subject, request.who, request.reason, **facts)
    last = vault.audit_head()
    with vault.catalogue.reading() as db:
        kept = tuple((member, heads[-1]) for member, heads in sorted(kept_anchors(db).items()))
    return ChainHead(last.member, last.seq, last.at, last.sha256, kept)


def check_reports(paths: Sequence[Path]) -> None:
    """Refuse before the work reports that could not be written after it.

    Raises ParameterError: as `check_output`, or reportlab is missing.
    """
    for path in paths:
        check_output(path, REPORT)
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
