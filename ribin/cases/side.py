"""One side of a comparison: a mark, and the file or the exhibit that it is of."""

from __future__ import annotations

from dataclasses import dataclass

from ribin.cases.exhibits import Exhibit
from ribin.model import NO_TRACE, LeftOutShares, Mark, MarkType, Scan, Template, Trace, Verdict


@dataclass(frozen=True, eq=False)
class Side:
    """A mark with its template, ready to be compared, searched with, drawn or reported.

    `whole` is False where the owner gives the template alone: `mark` then holds the surface of the
    template, in deviations of its own relief, and no provenance but the hash. Of another member's
    exhibit the event's case number and place are not known here.
    """

    name: str  # on lists, pages and reports: a file, an own exhibit, or MEMBER:EXHIBIT
    mark: Mark
    template: Template
    scan: Scan | None = None  # what the mark was cut from, where that was read for this work
    others: tuple[MarkType, ...] = ()  # the other marks of the same scan
    member: str = ""  # where it came out of a vault, as `exhibit`
    exhibit: Exhibit | None = None
    known_as: str = ""  # of another member's exhibit, the pseudonym that it has, released or not
    whole: bool = True
    original: bytes | None = None  # the file as received, where another member has released it
    trace: Trace = NO_TRACE
    earlier: tuple[Template, ...] = ()  # of the own vault, the mark with sets of parameters before

    quality: str = ""  # the verdict on the mark, and why where that is known; empty: not judged

    @property
    def quality_note(self) -> str:
        """What is to be known of a mark that is not good; empty of a usable one."""
        if self.quality in ("", Verdict.USABLE):
            return ""
        return f"the {self.mark.mark_type.words} of {self.name} is {self.quality}"

    @property
    def left_out(self) -> LeftOutShares | None:
        """Shares of the mark that are left out of it; None where a template does not tell."""
        return self.mark.left_out_shares if self.whole else None
