"""A scan on its way into the vault, and what is refused before anything is written."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ribin.cases.exhibits import Exhibit, ExhibitKind
from ribin.errors import ParameterError
from ribin.model import Mark, Scan, Template


@dataclass(frozen=True)
class Entry:
    """One scan on its way in, with all that the catalogue will say of it."""

    scan: Scan
    marks: Sequence[Mark]
    templates: Sequence[Template]
    exhibit: Exhibit
    who: str
    reason: str

    @property
    def sha256(self) -> str:
        return self.scan.provenance.sha256


def check_entry(entry: Entry, original: bytes) -> None:
    """Refuse what could not be trusted later.

    Raises
    ------
    ParameterError
        The bytes are not the scan's; marks and templates do not pair; nobody is named; or an
        identifier, the date or the firearm of the exhibit cannot be.
    """
    source, exhibit = entry.scan.provenance.source, entry.exhibit
    found = hashlib.sha256(original).hexdigest()
    if found != entry.sha256:
        raise ParameterError(f"{source}: bytes of SHA-256 {entry.sha256} needed, found {found}")
    kinds = [(m.mark_type, m.kind) for m in entry.marks]
    if not kinds or kinds != [(t.mark_type, t.kind) for t in entry.templates]:
        raise ParameterError(
            f"{source}: at least one mark and a template of each needed, "
            f"found {len(entry.marks)} marks and {len(entry.templates)} templates"
        )
    if not entry.who.strip():
        raise ParameterError(f"{source}: who enrols needed, found nobody")
    for problem in exhibit_problems(exhibit, source):
        raise ParameterError(problem)


def exhibit_problems(exhibit: Exhibit, source: str) -> list[str]:
    """One sentence for each identifier, day or firearm of an exhibit that cannot be."""
    problems = []
    for name, value in (("exhibit", exhibit.exhibit), ("event", exhibit.event.event)):
        if not value or value != value.strip() or not value.isprintable():
            problems.append(f"{source}: {name} needs an identifier, found {value!r}")
    if exhibit.event.date:
        try:
            checked_day(exhibit.event.date, f"event {exhibit.event.event}: date")
        except ParameterError as error:
            problems.append(str(error))
    if exhibit.firearm and exhibit.kind is not ExhibitKind.TEST_FIRE:
        problems.append(
            f"exhibit {exhibit.exhibit}: only a test fire has a known firearm, "
            f"found {exhibit.firearm!r} on {exhibit.kind}"
        )
    return problems


def checked_day(day: str, where: str) -> str:
    """The day itself when it is written YYYY-MM-DD; ParameterError otherwise."""
    try:
        written = date.fromisoformat(day).isoformat()
    except ValueError:
        written = ""
    if written != day:
        raise ParameterError(f"{where} needs a day as YYYY-MM-DD, found {day!r}")
    return day
