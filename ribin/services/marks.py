"""What a name means, a file or an exhibit, and the marks and scans that it gives to whom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ribin.cases.exhibits import Candidate, Exhibit, Request
from ribin.cases.leads import ExhibitRef
from ribin.cases.side import Side
from ribin.describe.steps import template_mark
from ribin.errors import AccessError, FormatError, ParameterError, RibinError, ScanError, StoreError
from ribin.extract.outlines import DECLARED_CAST, unfold_replica
from ribin.model import (
    NO_TRACE,
    Mark,
    MarkType,
    Provenance,
    Scan,
    Template,
    Trace,
    mark_with_article,
)
from ribin.params.defaults import Params
from ribin.pipeline import describe_mark, find_mark, judge_marks, usable_marks
from ribin.search.rules import OTHER_PARAMETERS, check_request
from ribin.services.reading import AS_STATED, ReadOptions, read_original
from ribin.services.session import Session
from ribin.vault.disclosure import Disclosure, as_seen_by
from ribin.vault.exhibits import StoredMark
from ribin.vault.people import check_searcher
from ribin.vault.redescribe import contents_as_read
from ribin.vault.vault import Vault
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


@dataclass(frozen=True, eq=False)
class Asker:
    """Who wants to see marks, with which parameters, and why."""

    params: Params
    session: Session | None = None  # the own vault; None where there are only files
    request: Request | None = None  # why another member is asked
    action: str = "picture"  # what for, as the owner's audit log names it

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
        return side_of_scan(scan, source.name, asker.params, mark_type, trace)
    with _opened(source, asker) as shown:
        stored = shown.marks(asker.params, mark_type, sha256)[0]
        if reading.outlines_anew or (shown.whole and trace is not NO_TRACE):
            scan = shown.scan(stored.scan.sha256, reading, asker)
            cut = side_of_scan(scan, shown.name, asker.params, mark_type, trace)
            side = replace(cut, member=source.member, exhibit=shown.exhibit)
        else:
            side = shown.side(stored)
        shown.log(stored.scan.sha256)
    return side


def sides_of(
    source: Source, asker: Asker, reading: ReadOptions = AS_STATED, mark_type: str | None = None
) -> tuple[list[Side], tuple[str, ...]]:
    """The mark of one type, or where none is named the first of each that counts, and notes.

    Errors as `side_of`.
    """
    if mark_type:
        return [side_of(source, asker, reading, mark_type)], ()
    if isinstance(source, Path):
        return _sides_of_scan(reading.scan(source, asker.params), source.name, asker.params)
    with _opened(source, asker) as shown:
        stored = shown.marks(asker.params)
        if reading.outlines_anew:
            scan = shown.scan(stored[0].scan.sha256, reading, asker)
            sides, notes = _sides_of_scan(scan, shown.name, asker.params)
            sides = [replace(s, member=source.member, exhibit=shown.exhibit) for s in sides]
        else:
            sides, notes = shown.sides(stored), ()
        for seen in dict.fromkeys(side.template.provenance.sha256 for side in sides):
            shown.log(seen)
    return sides, notes


def sides_of_enrolled_scan(exhibit: ExhibitRef, asker: Asker, sha256: str) -> list[Side]:
    """The first mark of each type of one scan of an exhibit; errors as `side_of`."""
    with _opened(exhibit, asker) as shown:
        return shown.sides(shown.marks(asker.params, sha256=sha256))


def scan_of(
    source: Source, asker: Asker, reading: ReadOptions = AS_STATED, mark_type: str | None = None
) -> Scan:
    """The scan of a file, or the first one of an exhibit, read as at its enrolment.

    Of another member's exhibit the original is needed, as the provenance tells day, instrument and
    hash. Errors as `side_of`.
    """
    if isinstance(source, Path):
        return reading.scan(source, asker.params)
    with _opened(source, asker) as shown:
        stored = shown.vault.marks_of(shown.own_name)
        fitting = [mark for mark in stored if mark_type in (None, mark.mark_type)]
        if not fitting:
            raise ScanError(f"{shown.name}: {mark_with_article(mark_type)} needed, found none")
        sha256 = fitting[0].scan.sha256
        scan = shown.scan(sha256, reading, asker)
        shown.log(sha256)
    return scan


def side_of_scan(
    scan: Scan,
    name: str,
    params: Params,
    mark_type: MarkType | str | None = None,
    trace: Trace = NO_TRACE,
) -> Side:
    """As `side_of`, of a scan that has been read."""
    mark, others = find_mark(scan, params, mark_type, trace)
    return Side(name, mark, describe_mark(mark, params, trace), scan, others, trace=trace)


def _sides_of_scan(scan: Scan, name: str, params: Params) -> tuple[list[Side], tuple[str, ...]]:
    usable = usable_marks(judge_marks(scan, params), params)
    types = [mark.mark_type for mark in usable.marks]
    sides = [
        Side(name, mark, template, scan, tuple(t for t in types if t is not mark.mark_type))
        for mark, template in zip(usable.marks, usable.templates, strict=True)
    ]
    return sides, tuple(f"{name}: {note}" for note in usable.notes)


def candidate_side(session: Session, request: Request, candidate: Candidate, action: str) -> Side:
    """The mark of a candidate of a search; errors and `action` as `side_of` and `Asker`."""
    reach = session.network.reach(session.member, candidate.member)
    wide = replace(request, scope=max(request.scope, reach, key=lambda scope: scope.width))
    asker = Asker(session.params, session, wide, action)
    ref = ExhibitRef(candidate.member, candidate.exhibit)
    return side_of(ref, asker, mark_type=str(candidate.mark), sha256=candidate.sha256)


# An exhibit as its owner shows it: its own to a member, to others what the rules of both allow.


@dataclass(frozen=True, eq=False)
class _ShownExhibit:
    """An exhibit while the vault that holds it is open."""

    vault: Vault
    own_name: str  # what its owner calls it
    exhibit: Exhibit  # what the asker may know of it
    name: str
    seen: Disclosure
    asker: Asker

    @property
    def whole(self) -> bool:
        """Whether the asker may have the original."""
        return self.seen.gives_original(self.own_name)

    def _is_called(self, sha256: str, name: str) -> bool:
        """Whether the asker may call a scan so: as it is called now, or was before its release."""
        return name in (
            self.seen.scan_name(self.own_name, sha256),
            self.seen.hidden_scan_name(sha256),
        )

    def marks(
        self, params: Params, mark_type: str | None = None, sha256: str = ""
    ) -> list[StoredMark]:
        """The marks of these parameters, at least one; refuses as `side_of`."""
        stored = self.vault.marks_of(self.own_name)
        # An exhibit described under other parameters has marks that cannot be compared.
        chosen = [mark for mark in stored if mark.params_id == params.template_id]
        if stored and not chosen:
            found = ", ".join(sorted({mark.params_id for mark in stored}))
            raise StoreError(
                f"{self.name}: {OTHER_PARAMETERS} {found}, {params.template_id} needed",
                hint="`ribin store describe` describes them anew",
            )
        fitting = [
            mark
            for mark in chosen
            if mark_type in (None, mark.mark_type)
            and (not sha256 or self._is_called(mark.scan.sha256, sha256))
        ]
        if not fitting:
            found = ", ".join(mark.mark_type.words for mark in chosen) or "none"
            of = f" of the scan {sha256[:12]}" if sha256 else ""
            raise ScanError(
                f"{self.name}: {mark_with_article(mark_type)}{of} needed, found {found}",
                hint="`ribin extract FILE --overlay found.png` shows what a scan holds",
            )
        return fitting

    def sides(self, marks: Sequence[StoredMark]) -> list[Side]:
        """The first of these marks of each type, breech face before the others."""
        first = {mark.mark_type: mark for mark in reversed(marks)}
        return [self.side(first[mark_type]) for mark_type in MarkType if mark_type in first]

    def side(self, stored: StoredMark) -> Side:
        """A mark as it is in the vault; where it is not whole, the surface of its template."""
        template, sha256 = self._template(stored), stored.scan.sha256
        marks = self.vault.marks_of(self.own_name)
        same_scan = [m for m in marks if m.scan.sha256 == sha256 and m.mark_id != stored.mark_id]
        original = None
        if not self.whole:  # nor what its file says of itself: name, size, instrument, day, person
            name, lighting = self.exhibit.exhibit, template.provenance.lighting
            scan = self.seen.scan_name(self.own_name, sha256)
            told = Provenance(name, scan, 0, "template", lighting=lighting)
            template = replace(template, provenance=told)
            mark = template_mark(template)
        else:
            mark = self.vault.mark(stored)
            if self._is_anothers:
                original = self.vault.original(sha256)
        return Side(
            self.name,
            mark,
            template,
            others=tuple(m.mark_type for m in same_scan),
            member=self.vault.member,
            exhibit=self.exhibit,
            whole=self.whole,
            original=original,
        )

    def _template(self, stored: StoredMark) -> Template:
        try:
            return self.vault.template(stored)
        except StoreError as error:
            if self.whole:
                raise
            # The path of the file tells the SHA-256 of the original.
            raise StoreError(f"{self.name}: {self.vault.member} cannot read its mark") from error

    def scan(self, sha256: str, reading: ReadOptions, asker: Asker) -> Scan:
        """A scan as it was read at enrolment, with what `reading` says; AccessError where its
        original is not the asker's to have."""
        if not self.whole:
            raise AccessError(
                f"{self.name}: a released original needed, because the provenance of a scan tells "
                f"day, instrument and hash; {self.vault.member} has not released this one"
            )
        kept = contents_as_read(self.vault, sha256)
        return reading.enrolled_scan(kept, asker.params)

    def log(self, sha256: str) -> None:
        """Put into the audit log of another member who has seen its scan, and why."""
        session, request = self.asker.session, self.asker.request
        if self._is_anothers and session and request:
            details = {"asking_member": session.member, "scope": str(request.scope)}
            self.vault.record(self.asker.action, sha256, request.who, request.reason, **details)

    @property
    def _is_anothers(self) -> bool:
        session = self.asker.session
        return session is not None and self.vault.member != session.member


@contextmanager
def _opened(ref: ExhibitRef, asker: Asker) -> Iterator[_ShownExhibit]:
    session, request = asker.session, asker.request
    if session is None:
        raise ParameterError(f"{ref}: a vault needed (--vault or RIBIN_VAULT)")
    if request:
        check_searcher(session.vault.catalogue, request.who)
    if ref.member == session.member:
        known = session.vault.exhibit(ref.exhibit)
        seen = as_seen_by(session.member, session.vault)
        yield _ShownExhibit(session.vault, known.exhibit, known, known.exhibit, seen, asker)
        return
    if request is None:
        raise ParameterError(f"{ref}: who asks and why needed, found nobody")
    reach = session.network.reach(session.member, ref.member)
    check_request(request, reach)
    with Vault.open(session.network.members[ref.member].folder) as vault:
        seen = as_seen_by(session.member, vault, reach)
        found = seen.find(ref.exhibit)
        # The same words for what is hidden and for what is not there: neither is anybody's to know.
        if found is None or not seen.shows(found, request.scope):
            raise AccessError(
                f"{ref}: an exhibit that {ref.member} shows in scope {request.scope} "
                "needed, found none",
                hint="`ribin search` lists those",
            )
        yield _ShownExhibit(vault, found.exhibit, seen.exhibit(found), str(ref), seen, asker)


# The surface of a mark as it was measured; of an enrolled one from the file as it was received.

_LIKE = 0.1  # of the mark and of what it was cut from, correlated; a scan read otherwise has none


@dataclass(frozen=True, eq=False)
class SeenSurfaces:
    """The pixels on which a mark lies, and all of its scan where that shows more."""

    measured: Surface
    whole: Surface | None


def measured_side(side: Side, asker: Asker) -> SeenSurfaces | None:
    """The pixels on which the mark of a side lies; None where they are not at hand."""
    if side.scan is not None:
        measured = measured_surface(side.scan, side.mark, asker.params)
        return SeenSurfaces(measured, whole_surface(side.scan, side.mark))
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
) -> SeenSurfaces | None:
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
        return SeenSurfaces(surface, whole_surface(scan, mark))
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
