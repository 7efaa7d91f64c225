"""Jobs of many items: each on its own, what fails is recorded, and a job begun again goes on.

The commands call these, so a job of the library gives the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ribin.casework import Exhibit
from ribin.errors import FormatError, RibinError, ScanError, StoreError
from ribin.manifest import Row, exhibit_of
from ribin.model import Mark, Scan, Template
from ribin.params import Params
from ribin.pipeline import FoundMark, describe_mark, find_marks, judge_mark
from ribin.preprocess.correction import noted
from ribin.reading import Reading
from ribin.region import Origin, Verdict
from ribin.store.vault import Vault


@dataclass(frozen=True)
class Enrolled:
    """A row that is in its vault now, and whether it was there before."""

    file: str
    member: str
    exhibit: str
    outcome: str
    sha256: str
    marks: int


@dataclass(frozen=True)
class Refused:
    """A row that is not, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class EnrolReport:
    """What became of every row."""

    enrolled: tuple[Enrolled, ...]
    failed: tuple[Refused, ...]


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


def enrol_rows(
    rows: Sequence[Row],
    vault_of: Callable[[str], Vault],
    intake: Intake,
    tick: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> EnrolReport:
    """Enrol each row; one that is refused is reported and does not stop the others.

    A scan that is in its vault already is not read again, so a job that was interrupted is
    resumed by running it again.

    Parameters
    ----------
    vault_of : callable
        Gives the open vault of a member; of the code "" where a row names none.
    """
    enrolled, failed = [], []
    for number, row in enumerate(rows, start=1):
        try:
            enrolled.append(_enrol_row(row, vault_of(row.member), intake))
        except (RibinError, OSError) as error:
            failed.append(Refused(row.name, str(error)))
        tick("enrolling", number, len(rows))
    return EnrolReport(tuple(enrolled), tuple(failed))


def _enrol_row(row: Row, vault: Vault, intake: Intake) -> Enrolled:
    if not row.fields.get("file", "given"):
        raise FormatError(f"{row.name}: a file needed, found an empty cell")
    exhibit = exhibit_of(row.fields, _stored(vault, row.fields["exhibit"]))
    done = vault.find_enrolled(row.path, exhibit)
    if done is None:
        lighting = row.fields.get("lighting", "")
        reading = replace(intake.reading, lighting=lighting)
        scan, found = _checked(reading.scan(row.path, intake.params), intake)
        marks, templates = _described(found, intake.params)
        done = vault.enrol(
            row.path, scan, marks, templates, exhibit, who=intake.who, reason=intake.reason
        )
    return Enrolled(
        row.path.name, vault.member, done.exhibit, str(done.outcome), done.sha256, done.marks
    )


def _checked(scan: Scan, intake: Intake) -> tuple[Scan, list[FoundMark]]:
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


def _described(found: list[FoundMark], params: Params) -> tuple[list[Mark], list[Template]]:
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


def _stored(vault: Vault, exhibit: str) -> Exhibit | None:
    try:
        return vault.exhibit(exhibit)
    except StoreError:
        return None
