"""Which marks of a scan are enrolled, and how scans are read for that."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ribin.errors import ScanError
from ribin.extract.outlines import noted
from ribin.model import Mark, Scan, Template
from ribin.params.defaults import Params
from ribin.pipeline import FoundMark, describe_mark, find_marks, judge_mark
from ribin.region import Origin, Verdict
from ribin.services.reading import Reading


@dataclass(frozen=True)
class Intake:
    """How scans are read and who answers for it."""

    params: Params
    who: str
    reason: str = ""
    pixel_pitch_um: float | None = None
    mask: Path | None = None
    circles: tuple[str, ...] = ()
    replica: bool = False
    accept_unusable: str = ""  # why a mark that is not usable is enrolled all the same

    @property
    def reading(self) -> Reading:
        return Reading(
            self.pixel_pitch_um, self.mask, self.circles, self.replica, self.who, self.reason
        )


def usable_marks(scan: Scan, intake: Intake) -> tuple[Scan, list[FoundMark]]:
    """The marks that may be enrolled; where an unusable one is accepted, the scan says why.

    An unusable mark that a person outlined, or the only one, is refused; one that was found
    beside others is left out.
    """
    params = intake.params
    found = find_marks(scan, params)
    judged = [(mark, judge_mark(scan, mark, params)) for mark in found]
    bad = [(mark, q) for mark, q in judged if q.verdict is Verdict.UNUSABLE]
    if bad and intake.accept_unusable:
        words = [f"{q.mark_type} unusable ({'; '.join(q.reasons)}), accepted" for _, q in bad]
        return noted(scan, words, intake.who, intake.accept_unusable), list(found)
    usable = [mark for mark, q in judged if q.verdict is not Verdict.UNUSABLE]
    for mark, q in bad:
        if not usable or mark.region.origin is not Origin.FOUND or mark is found[0]:
            raise ScanError(
                f"{scan.provenance.source}: {q.mark_type} is unusable, {'; '.join(q.reasons)}; "
                "--accept-unusable REASON enrols it"
            )
    return scan, usable


def describe_found(found: list[FoundMark], params: Params) -> tuple[list[Mark], list[Template]]:
    """Marks and their templates; one found beside others that cannot be described is left out."""
    marks: list[Mark] = []
    templates: list[Template] = []
    for number, one in enumerate(found):
        try:
            template = describe_mark(one.mark, params)
        except ScanError:
            if number == 0 or one.region.origin is not Origin.FOUND:
                raise
            continue
        marks.append(one.mark)
        templates.append(template)
    return marks, templates
