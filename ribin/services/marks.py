"""What a name means, a file or an exhibit, and the marks and scans that it gives to whom."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ribin.cases.exhibits import Candidate, LookPurpose, Request, Scope
from ribin.cases.leads import ExhibitRef
from ribin.cases.side import Side
from ribin.errors import FormatError, ParameterError, RibinError, ScanError, StoreError
from ribin.exchange.looks import ExhibitView, LookAnswer, LookQuestion, ScanWish, shown_of
from ribin.exchange.message import MessageKind
from ribin.extract.outlines import DECLARED_CAST, unfold_replica
from ribin.model import NO_TRACE, Mark, MarkType, Scan, Trace
from ribin.params.defaults import Params
from ribin.pipeline import describe_mark, find_mark, judge_mark, judge_marks, usable_marks
from ribin.services.held_exhibits import HeldExhibit
from ribin.services.reading import AS_STATED, ReadOptions, read_original
from ribin.services.session import Session
from ribin.vault.disclosure import as_seen_by
from ribin.vault.parameter_sets import kept_parameters
from ribin.vault.people import check_searcher
from ribin.vault.redescribe import contents_as_read
from ribin.view.surface import Surface, compared_surface, measured_surface, whole_surface

# What a person means by a name. Services take the meaning, so that no file in the working folder
# takes the place of an exhibit where exhibits alone are meant.

Source = Path | ExhibitRef  # what a mark comes from

_EXHIBIT = "exhibit:"
_OF_MEMBER = re.compile(r"([A-Z]{3}):(.+)", re.S)


def named_source(name: str, session: Session | None = None) -> Source:
    """A name of a command line: a file, an exhibit of the own vault, or MEMBER:EXHIBIT.

    `./NAME` and whole paths are files, and `exhibit:NAME` is an exhibit.

    Raises ParameterError: it is a file and an exhibit, or an exhibit and there is no vault;
    FormatError: it is neither.
    """
    if name.startswith(_EXHIBIT):
        return exhibit_source(name, session)
    if Path(name).is_absolute() or re.match(r"\.\.?[/\\]", name):
        return Path(name)
    is_file, lacking = Path(name).is_file(), None
    if session and not _OF_MEMBER.fullmatch(name):
        try:
            session.vault.exhibit(name)
        except StoreError as error:
            lacking = error
    if is_file and session and not lacking:
        raise ParameterError(
            f"{name}: one meaning needed, found a file and an exhibit of that name: "
            f"./{name} is the file, {_EXHIBIT}{name} the exhibit"
        )
    if is_file:
        return Path(name)
    if lacking and Path(name).is_dir():
        raise FormatError(f"{name}: a file or an exhibit needed, found a folder")
    if lacking:
        raise FormatError(f"{name}: neither a file nor an exhibit, {lacking}", hint=lacking.hint)
    return exhibit_source(name, session)


def cell_source(cell: str, folder: Path, session: Session | None) -> Source:
    """A cell of a batch: a file, found from `folder`, or `exhibit:NAME`.

    Raises FormatError: there is no such file.
    """
    if cell.startswith(_EXHIBIT):
        return exhibit_source(cell, session)
    if not (folder / cell).is_file():
        raise FormatError(f"{cell}: a file needed, or {_EXHIBIT}{cell} for an exhibit, found none")
    return folder / cell


def exhibit_source(name: str, session: Session | None) -> ExhibitRef:
    """EXHIBIT or MEMBER:EXHIBIT, where nothing but an exhibit can be meant.

    Raises ParameterError: there is no vault to find it in.
    """
    if session is None:
        raise ParameterError(
            f"{name}: a file needed, or an exhibit and its vault (--vault or RIBIN_VAULT)"
        )
    said = name.removeprefix(_EXHIBIT)
    others = _OF_MEMBER.fullmatch(said)
    return ExhibitRef(*others.groups()) if others else ExhibitRef(session.member, said)


QUERY: LookPurpose = "query"  # the action of whoever takes an exhibit to search with it


@dataclass(frozen=True, eq=False)
class Asker:
    """Who wants to see marks, with which parameters, and why."""

    params: Params
    session: Session | None = None  # the own vault; None where there are only files
    request: Request | None = None  # who asks and why; an exhibit is shown to nobody without
    action: LookPurpose = "picture"  # what for, as the owner's audit log names it

    @property
    def earlier(self) -> dict[str, Params]:
        """The sets of parameters that the own vault has beside that of `params`, by their ids."""
        kept = kept_parameters(self.session.vault.path) if self.session else {}
        return {name: params for name, params in kept.items() if name != self.params.template_id}

    def name_of(self, source: Source) -> str:
        """What lists, pages and reports call it."""
        if isinstance(source, Path):
            return source.name
        own = self.session and source.member == self.session.member
        return source.exhibit if own else str(source)


# A mark, all marks that count, or the scan of a file or an exhibit.


def side_of(
    source: Source,
    asker: Asker,
    reading: ReadOptions = AS_STATED,
    mark_type: str | None = None,
    *,
    sha256: str = "",
    trace: Trace = NO_TRACE,
) -> Side:
    """The mark of one type, by default the first, of a file or an exhibit.

    An enrolled mark is the one of the vault; where `reading` outlines it anew, or each stage is
    wanted, it is cut from the original again. Another member's exhibit is given after its audit
    log says who looks at it, and why.

    `sha256`: of an exhibit of several scans, the one that is meant. Raises ScanError: the file
    cannot be used, or there is no such mark; StoreError: there is no such exhibit, it was described
    with other parameters, or a vault cannot be opened, read or written; AccessError: the scope does
    not reach that member, the owner does not show such an exhibit in it, or has not released an
    original that is needed.
    """
    if isinstance(source, Path):
        scan = reading.scan(source, asker.params)
        cut = side_of_scan(scan, source.name, asker.params, mark_type, trace)
        return _with_earlier(cut, asker)
    wanted = _Selection(mark_type, sha256, scan=_scan_for(reading, trace))
    shown = _shown(source, asker, wanted)
    if not shown.scan:
        return shown.sides[0]
    scan = reading.enrolled_scan(shown.scan, asker.params)
    cut = _with_earlier(side_of_scan(scan, shown.name, asker.params, mark_type, trace), asker)
    return replace(cut, member=source.member, exhibit=shown.exhibit)


def sides_of(
    source: Source, asker: Asker, reading: ReadOptions = AS_STATED, mark_type: str | None = None
) -> tuple[list[Side], tuple[str, ...]]:
    """The mark of one type, or where none is named the first of each that counts, and notes.

    Errors as `side_of`.
    """
    if mark_type:
        side = side_of(source, asker, reading, mark_type)
        return [side], tuple(filter(None, [side.quality_note]))
    if isinstance(source, Path):
        return _sides_of_scan(reading.scan(source, asker.params), source.name, asker)
    wanted = _Selection(every=True, scan=_scan_for(reading, NO_TRACE))
    shown = _shown(source, asker, wanted)
    if not shown.scan:
        return list(shown.sides), tuple(s.quality_note for s in shown.sides if s.quality_note)
    scan = reading.enrolled_scan(shown.scan, asker.params)
    sides, notes = _sides_of_scan(scan, shown.name, asker)
    return [replace(s, member=source.member, exhibit=shown.exhibit) for s in sides], notes


def sides_of_enrolled_scan(exhibit: ExhibitRef, asker: Asker, sha256: str) -> list[Side]:
    """The first mark of each type of one scan of an exhibit; errors as `side_of`."""
    return list(_shown(exhibit, asker, _Selection(sha256=sha256, every=True)).sides)


def scan_of(
    source: Source, asker: Asker, reading: ReadOptions = AS_STATED, mark_type: str | None = None
) -> Scan:
    """The scan of a file, or the first one of an exhibit, read as at its enrolment.

    Of another member's exhibit the original is needed, as the provenance tells day, instrument and
    hash. Errors as `side_of`.
    """
    if isinstance(source, Path):
        return reading.scan(source, asker.params)
    shown = _shown(source, asker, _Selection(mark_type, every=True, scan="needed", any_params=True))
    assert shown.scan is not None  # it was needed
    return reading.enrolled_scan(shown.scan, asker.params)


def side_of_scan(
    scan: Scan, name: str, params: Params, mark_type: MarkType | str | None, trace: Trace
) -> Side:
    """As `side_of`, of a scan that has been read."""
    found, others = find_mark(scan, params, mark_type, trace)
    template, quality = describe_mark(found.mark, params, trace), judge_mark(scan, found, params)
    return Side(name, found.mark, template, scan, others, trace=trace, quality=quality.words)


def with_reasons(side: Side, asker: Asker) -> Side:
    """A side of the own vault with why its mark is not good, judged again from the original; as it
    was where that cannot be had, or is judged otherwise now."""
    session = asker.session
    if not side.quality_note or session is None or side.member != session.member or side.scan:
        return side
    with suppress(RibinError):
        contents = contents_as_read(session.vault, side.mark.provenance.sha256)
        scan = AS_STATED.enrolled_scan(contents, asker.params)
        for one in judge_marks(scan, asker.params):
            same = one.mark.mark_type is side.mark.mark_type
            if same and one.quality.verdict == side.quality:
                return replace(side, quality=one.quality.words)
    return side


def _sides_of_scan(scan: Scan, name: str, asker: Asker) -> tuple[list[Side], tuple[str, ...]]:
    usable = usable_marks(judge_marks(scan, asker.params), asker.params)
    types = [mark.mark_type for mark in usable.marks]
    quality = {one.mark: one.words for one in usable.found}
    sides = [
        Side(
            *(name, mark, template, scan, tuple(t for t in types if t is not mark.mark_type)),
            quality=quality[mark.mark_type],
        )
        for mark, template in zip(usable.marks, usable.templates, strict=True)
    ]
    notes = tuple(f"{name}: {note}" for note in usable.notes)
    return [_with_earlier(side, asker) for side in sides], notes


def _with_earlier(side: Side, asker: Asker) -> Side:
    """The side of a scan described with the earlier sets of the own vault as well, where others
    are asked who may have those alone; a set that cannot describe it is left out."""
    if asker.request is None or asker.request.scope is Scope.COUNTRY or side.scan is None:
        return side
    earlier = []
    for params in asker.earlier.values():
        with suppress(ScanError):
            found, _ = find_mark(side.scan, params, side.mark.mark_type)
            earlier.append(describe_mark(found.mark, params))
    return replace(side, earlier=tuple(earlier))


def candidate_side(
    session: Session, request: Request, candidate: Candidate, action: LookPurpose
) -> Side:
    """The mark of a candidate of a search; errors and `action` as `side_of` and `Asker`."""
    reach = session.network.reach(session.member, candidate.member)
    wide = replace(request, scope=max(request.scope, reach, key=lambda scope: scope.width))
    asker = Asker(session.params, session, wide, action)
    ref = ExhibitRef(candidate.member, candidate.exhibit)
    return side_of(ref, asker, mark_type=str(candidate.mark), sha256=candidate.sha256)


# An exhibit as its owner shows it: its own to a member, to others what the rules of both allow.


@dataclass(frozen=True)
class _Selection:
    """What of an exhibit somebody wants to see."""

    mark_type: str | None = None  # None: whatever comes first
    sha256: str = ""  # of an exhibit of several scans, the one that is meant
    every: bool = False  # the first mark of each type, not the first of all
    scan: ScanWish = "no"
    any_params: bool = False  # also marks that were described with other parameters


def _scan_for(reading: ReadOptions, trace: Trace) -> ScanWish:
    """Whether a mark is cut from the original again, and an exhibit without one is refused."""
    if reading.outlines_anew:
        return "needed"
    return "no" if trace is NO_TRACE else "if whole"


def _shown(ref: ExhibitRef, asker: Asker, wanted: _Selection) -> ExhibitView:
    """What an asker is shown: of the own vault, or by another member when its log has it."""
    session, request = asker.session, asker.request
    if session is None:
        raise ParameterError(f"{ref}: a vault needed (--vault or RIBIN_VAULT)")
    if request is None:
        raise ParameterError(f"{ref}: who asks and why needed, found nobody")
    check_searcher(session.vault.catalogue, request.who)
    # A search is made with one set; what is looked at may be compared with any that both have.
    sets = (asker.params.template_id, *(asker.earlier if asker.action != QUERY else ()))
    if ref.member == session.member:
        known = session.vault.exhibit(ref.exhibit)
        seen = as_seen_by(session.member, session.vault)
        held = HeldExhibit(session.vault, known.exhibit, known, known.exhibit, seen)
        return held.show(sets[:1], **vars(wanted))
    question = LookQuestion(
        exhibit=ref.exhibit,
        scope=request.scope,
        who=request.who,
        reason=request.reason,
        action=asker.action,
        params_id=sets[0],
        earlier=sets[1:],
        mark=None if wanted.mark_type is None else MarkType(wanted.mark_type),
        sha256=wanted.sha256,
        every=wanted.every,
        scan=wanted.scan,
        any_params=wanted.any_params,
    )
    line = session.network.line(session.member, ref.member)
    told = line.ask(MessageKind.LOOK, question, LookAnswer).content
    return shown_of(told, ref)


# The surface of a mark as it was measured; of an enrolled one from the file as it was received.

_LIKE = 0.1  # of the mark and of what it was cut from, correlated; a scan read otherwise has none


@dataclass(frozen=True, eq=False)
class MarkSurfaces:
    """The pixels on which a mark lies, and all of its scan where that shows more."""

    measured: Surface
    whole: Surface | None


def measured_side(side: Side, asker: Asker) -> MarkSurfaces | None:
    """The pixels on which the mark of a side lies; None where they are not at hand."""
    if side.scan is not None:
        measured = measured_surface(side.scan, side.mark, asker.params)
        return MarkSurfaces(measured, whole_surface(side.scan, side.mark))
    provenance, original = side.mark.provenance, side.original
    if asker.session and side.member == asker.session.member:
        try:
            original = asker.session.vault.original(provenance.sha256)
        except StoreError:
            return None
    if original is None:
        return None
    return measured_original(original, provenance.source, side.mark, asker.params)


def measured_original(
    original: bytes, source: str, mark: Mark, params: Params
) -> MarkSurfaces | None:
    """The pixels on which a mark lies, read anew; None where they cannot be had so.

    A file that was read with a person's help, a pitch that it does not state, may not be readable
    without; and what was read otherwise than at enrolment would lie elsewhere. Neither is shown.

    `source`: the name of the file, whose ending says how to read it.
    """
    try:
        scan = read_original(original, source, None, params)
        if any(note.lower().startswith(DECLARED_CAST) for note in mark.provenance.notes):
            scan = unfold_replica(scan)
        surface = measured_surface(scan, mark, params)
        if not _likeness(surface, mark) > _LIKE:
            return None
        return MarkSurfaces(surface, whole_surface(scan, mark))
    except RibinError:
        return None


def _likeness(surface: Surface, mark: Mark) -> float:
    """Correlation of a mark with the nearest pixels of what it was cut from."""
    band = compared_surface(mark)
    places = np.argwhere(band.valid)
    um = places * mark.pitch_um + np.array(band.origin_um)
    pixels = np.rint((um - np.array(surface.origin_um)) / np.array(surface.pitch_um)).astype(int)
    inside = ((pixels >= 0) & (pixels < surface.values.shape)).all(axis=1)
    pixels, places = pixels[inside], places[inside]
    measured = surface.valid[tuple(pixels.T)]
    one = band.values[tuple(places[measured].T)]
    two = surface.values[tuple(pixels[measured].T)]
    if one.size < 100 or one.std() == 0.0 or two.std() == 0.0:
        return 0.0
    return float(np.corrcoef(one, two)[0, 1])
