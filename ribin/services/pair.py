"""Pages to look at: what is read and compared for them, and by which rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ribin.cases.exhibits import Request
from ribin.comparison import Comparison
from ribin.describe.steps import surface_of
from ribin.errors import ParameterError, StoreError
from ribin.model import Mark
from ribin.params.defaults import Params
from ribin.pipeline import check_mirrored, compare_marks
from ribin.services.files import whole_file
from ribin.services.marks import ShownMark, named_mark
from ribin.services.originals import measured_original
from ribin.services.reading import Reading
from ribin.services.session import Desk
from ribin.services.sides import Side, side_of
from ribin.vault.people import check_searcher
from ribin.vault.vault import Vault
from ribin.view import comparison_page
from ribin.view.annotations import read_annotations
from ribin.view.measured import measured_surface
from ribin.view.surface import Surface

FROM_TEMPLATE = "drawn from its template: the original is not released"


@dataclass(frozen=True, eq=False)
class Seen:
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
        raise ParameterError(f"{path}: a page in a folder that is there needed")


def write_page(html: str, path: Path) -> None:
    """Write a page, whole or not at all."""
    with whole_file(path) as aside:
        aside.write_text(html, encoding="utf-8", newline="\n")


def view_pair(
    names: tuple[str, str],
    readings: tuple[Reading, Reading],
    mark_type: str | None,
    params: Params,
    desk: Desk | None = None,
    request: Request | None = None,
    annotations: Path | None = None,
) -> tuple[str, Comparison]:
    """Compare two files or exhibits; the page of the pair, and the comparison.

    Parameters
    ----------
    names : (str, str)
        Reference and comparison: a file, an exhibit of the desk's vault, or MEMBER:EXHIBIT, which
        is shown only after that member's audit log says to whom and why.
    desk, request : Desk, Request or None
        The desk with its vault, and why another member is asked; None where there are only files.
    annotations : Path, optional
        What a page of this pair saved, for the page to open with.

    Raises
    ------
    RibinError
        A side cannot be read, is not there, or may not be seen.
    """
    if desk and request:
        check_searcher(desk.vault.catalogue, request.who)
    one = _seen(names[0], readings[0], mark_type, params, desk, request)
    two = _seen(names[1], readings[1], one.side.mark.mark_type, params, desk, request)
    result = compare_marks(one.side.template, two.side.template, params)
    if two.whole:  # a template alone cannot be mirrored and described again
        result = check_mirrored(one.side.template, two.side.mark, result, params)
    result = replace(result, reference=one.label, comparison=two.label)
    notes = read_annotations(annotations, one.side.mark, two.side.mark) if annotations else []
    return page_of(one, two, result, params, notes), result


def page_of(
    reference: Seen,
    comparison: Seen,
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


def shown_side(shown: ShownMark, label: str, params: Params) -> Seen:
    """A mark of a vault as one side, with its surface as measured where its file is at hand."""
    if shown.original is None:
        return Seen(label, shown.side, whole=shown.whole)
    mark = shown.side.mark
    measured = measured_original(shown.original, mark.provenance.source, mark, params)
    return Seen(label, shown.side, measured)


def query_side(side: Side, label: str, params: Params, vault: Vault | None = None) -> Seen:
    """A mark of a file, or of an exhibit of `vault`, with its surface as measured if at hand."""
    mark = side.mark
    if side.scan is not None:
        return Seen(label, side, measured_surface(side.scan, mark, params))
    try:
        original = vault.original(mark.provenance.sha256) if vault else None
    except StoreError:
        original = None
    if original is None:
        return Seen(label, side)
    return Seen(label, side, measured_original(original, mark.provenance.source, mark, params))


def _from_template(seen: Seen) -> Mark:
    """The surface that a template holds, with the reason where its owner gives no more."""
    mark = surface_of(seen.side.template)
    if seen.whole:
        return mark
    return replace(mark, provenance=replace(mark.provenance, notes=(FROM_TEMPLATE,)))


def seen_file(path: Path, reading: Reading, params: Params, mark_type: str | None) -> Seen:
    """A file as one side, with its surface as measured."""
    scan = reading.scan(path, params)
    side = side_of(scan, params, mark_type)
    return query_side(side, path.name, params)


def _seen(
    name: str,
    reading: Reading,
    mark_type: str | None,
    params: Params,
    desk: Desk | None,
    request: Request | None,
) -> Seen:
    if Path(name).is_file():
        return seen_file(Path(name), reading, params, mark_type)
    return shown_side(named_mark(desk, name, request, "picture", mark_type), name, params)
