"""Marks of exhibits that lie in a vault, one's own or, where its rules allow it, another's."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ribin.cases.exhibits import Candidate, Exhibit, Request
from ribin.comparison import Comparison
from ribin.errors import AccessError, ParameterError, RibinError, ScanError, StoreError
from ribin.extract.outlines import DECLARED_CAST, unfold_replica
from ribin.model import (
    Mark,
    Provenance,
)
from ribin.params.defaults import Params
from ribin.pipeline import (
    compare_marks,
)
from ribin.read import read_scan
from ribin.report.pictures import draw_overlay, write_overlay
from ribin.search.rules import check_request
from ribin.services.files import whole_file
from ribin.services.reading import Side
from ribin.services.session import Session, stored_side
from ribin.vault.disclosure import as_seen_by
from ribin.vault.exhibits import StoredMark
from ribin.vault.vault import Vault
from ribin.view.surface import Surface, compared_surface, measured_surface


@dataclass(frozen=True, eq=False)
class ShownMark:
    """A mark of a vault as one side of a comparison, and what is disclosed of its exhibit."""

    member: str
    exhibit: Exhibit
    side: Side
    others: tuple[str, ...]  # types of the other marks of the same scan
    whole: bool = True  # False: its owner gives the template alone
    original: bytes | None = None  # the file as received; None where it is not given


def own_mark(session: Session, exhibit: str, mark_type: str | None, sha256: str = "") -> ShownMark:
    """A mark of the session's own vault, by default the first of the exhibit.

    Raises
    ------
    StoreError
        There is no such exhibit.
    ScanError
        It has no such mark.
    """
    stored = session.vault.marks_of(exhibit)
    return _shown(session, session.vault, stored, mark_type, sha256, session.vault.exhibit(exhibit))


def others_mark(
    session: Session,
    member: str,
    exhibit: str,
    request: Request,
    action: str,
    mark_type: str | None = None,
    sha256: str = "",
) -> ShownMark:
    """A mark of another member's exhibit, after its audit log says who looks at it, and why.

    Parameters
    ----------
    action : str
        What it is looked at for, as the owner's audit log names it: "picture", "report".

    Raises
    ------
    AccessError
        The scope does not reach that member, or the owner does not show such an exhibit in it.
    StoreError
        The owner's vault cannot be opened, read or written.
    ScanError
        The exhibit has no such mark.
    """
    reach = session.network.reach(session.member, member)
    check_request(request, reach)
    with Vault.open(session.network.members[member].vault) as vault:
        seen = as_seen_by(session.member, vault, reach)
        known = seen.find(exhibit)
        # The same words for what is hidden and for what is not there: neither is anybody's to know.
        if known is None or not seen.shows(known, request.scope):
            raise AccessError(
                f"{member}:{exhibit}: an exhibit that {member} shows in scope {request.scope} "
                "needed, found none",
                hint="`ribin search` lists those",
            )
        whole = seen.gives_original(known.exhibit)
        stored = vault.marks_of(known.exhibit)
        shown = _shown(session, vault, stored, mark_type, sha256, seen.exhibit(known), whole)
        if not seen.is_own:
            details = {"asking_member": session.member, "scope": str(request.scope)}
            subject = shown.side.template.provenance.sha256
            vault.record(action, subject, request.who, request.reason, **details)
    return shown


def named_mark(
    session: Session | None, name: str, request: Request | None, action: str, mark_type: str | None
) -> ShownMark:
    """The mark of an exhibit of the own vault, or as MEMBER:EXHIBIT of another's.

    Raises
    ------
    ParameterError
        There is no vault to find it in; else as `own_mark` and `others_mark`.
    """
    if session is None or request is None:
        raise ParameterError(
            f"{name}: a file needed, or an exhibit and its vault (--vault or RIBIN_VAULT)"
        )
    member, _, exhibit = name.rpartition(":")
    if member in ("", session.member):
        return own_mark(session, exhibit, mark_type)
    return others_mark(session, member, exhibit, request, action, mark_type)


def _shown(
    session: Session,
    vault: Vault,
    stored: list[StoredMark],
    mark_type: str | None,
    sha256: str,
    exhibit: Exhibit,
    whole: bool = True,
) -> ShownMark:
    needed = session.params.template_id
    fitting = [
        mark
        for mark in stored
        if mark_type in (None, mark.mark_type) and sha256 in ("", mark.scan.sha256)
    ]
    if not fitting:
        found = ", ".join(mark.mark_type for mark in stored) or "none"
        raise ScanError(f"{exhibit.exhibit}: a {mark_type or 'mark'} needed, found {found}")
    chosen = next((mark for mark in fitting if mark.params_id == needed), None)
    if chosen is None:
        found = ", ".join(sorted({mark.params_id for mark in fitting}))
        raise StoreError(
            f"{exhibit.exhibit}: a mark described with parameters {needed} needed, found {found}",
            hint="`ribin store describe` describes them anew",
        )
    same_scan = [m for m in stored if m.scan.sha256 == chosen.scan.sha256 and m is not chosen]
    others = tuple(str(mark.mark_type) for mark in same_scan)
    side, original = stored_side(vault, chosen, whole), None
    if whole:
        original = vault.original(chosen.scan.sha256)
    else:
        side = _disclosed_side(side, exhibit)
    return ShownMark(vault.member, exhibit, side, others, whole, original)


def _disclosed_side(side: Side, exhibit: Exhibit) -> Side:
    """A side without what its file says of itself: name, size, instrument, day, who measured."""
    before = side.template.provenance
    shown = Provenance(exhibit.exhibit, before.sha256, 0, "template", lighting=before.lighting)
    mark, template = replace(side.mark, provenance=shown), replace(side.template, provenance=shown)
    return replace(side, mark=mark, template=template)


def candidate_mark(
    session: Session, request: Request, candidate: Candidate, action: str
) -> ShownMark:
    """The mark of a candidate of a search; errors and `action` as `others_mark`."""
    place = (str(candidate.mark), candidate.sha256)
    if candidate.member == session.member:
        return own_mark(session, candidate.exhibit, *place)
    reach = session.network.reach(session.member, candidate.member)
    named = replace(request, scope=max(request.scope, reach, key=lambda scope: scope.width))
    return others_mark(session, candidate.member, candidate.exhibit, named, action, *place)


def draw_candidate(
    session: Session, side: Side, request: Request, candidate: Candidate, path: Path
) -> None:
    """Write the picture of the query beside a candidate.

    Another member's exhibit is drawn only after its audit log says for whom, and from its template
    alone where its owner has not released the original. Errors as `others_mark`.
    """
    other = candidate_mark(session, request, candidate, "picture").side
    compared = compare_marks(side.template, other.template, session.params)
    result = replace(compared, comparison=f"{candidate.member}:{candidate.exhibit}")
    draw_sides(side.mark, other.mark, result, session.params, path)


# The surface of an enrolled mark as it was measured, from the file as it was received.

_LIKE = 0.1  # of the mark and of what it was cut from, correlated; a scan read otherwise has none


def measured_original(original: bytes, source: str, mark: Mark, params: Params) -> Surface | None:
    """The pixels on which a mark lies, read anew; None where they cannot be had so.

    A file that was read with a person's help, a pitch that it does not state, may not be readable
    without; and what was read otherwise than at enrolment would lie elsewhere. Neither is shown.

    Parameters
    ----------
    original : bytes
        The file as it was received.
    source : str
        Its name, whose ending says how to read it.
    """
    with tempfile.TemporaryDirectory(prefix="ribin-") as folder:
        path = Path(folder) / f"scan{Path(source).suffix}"
        path.write_bytes(original)
        try:
            scan = read_scan(path, params=params.read)
            if any(note.lower().startswith(DECLARED_CAST) for note in mark.provenance.notes):
                scan = unfold_replica(scan)
            surface = measured_surface(scan, mark, params)
        except RibinError:
            return None
    return surface if _likeness(surface, mark) > _LIKE else None


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


def draw_sides(
    reference: Mark, comparison: Mark, result: Comparison, params: Params, path: Path
) -> None:
    """Write the picture of a comparison; each square is the middle of a cell.

    Neighbouring cells share half their area, so their middles lie side by side.
    """
    tile_um = params.of(reference.mark_type, reference.kind).describe.cell_um / 2
    picture = draw_overlay(reference, comparison, result, tile_um)
    with whole_file(path) as aside:
        write_overlay(picture, aside)
