"""One side of a comparison: a mark, and the file or the exhibit that it is of."""

from __future__ import annotations

from dataclasses import dataclass

from ribin.cases.exhibits import Exhibit
from ribin.model import NO_TRACE, Mark, MarkType, Scan, Template, Trace


@dataclass(frozen=True, eq=False)
class Side:
    """A mark with its template, ready to be compared, searched with, drawn or reported.

    Attributes
    ----------
    name : str
        What lists, pages and reports call it: a file, an own exhibit, or MEMBER:EXHIBIT.
    scan : Scan or None
        What the mark was cut from, where that was read for this work.
    others : tuple of MarkType
        The other marks of the same scan.
    member, exhibit : str, Exhibit or None
        Where it came out of a vault. Of another member's exhibit the event's case number and place
        are not known here.
    whole : bool
        False where the owner gives the template alone: `mark` then holds the surface of the
        template, in deviations of its own relief, and no provenance but the hash.
    original : bytes or None
        The file as it was received, where another member has released it.
    """

    name: str
    mark: Mark
    template: Template
    scan: Scan | None = None
    others: tuple[MarkType, ...] = ()
    member: str = ""
    exhibit: Exhibit | None = None
    whole: bool = True
    original: bytes | None = None
    trace: Trace = NO_TRACE
