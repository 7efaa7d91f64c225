"""A dry run of an enrolment: every problem of every row at once, and nothing is written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from ribin.cases.exhibits import Exhibit, Row
from ribin.errors import RibinError, StoreError
from ribin.services.enrol import Refused, known_row, prepare_row
from ribin.services.usable import Intake
from ribin.vault.enrol import exhibit_problems
from ribin.vault.exhibits import fields_of
from ribin.vault.vault import Vault


@dataclass(frozen=True)
class Rehearsal:
    """What an enrolment of the rows would come to."""

    rows: int
    new: int
    already_there: int
    problems: tuple[Refused, ...]  # a row may have several


class _Told:
    """What earlier rows said of exhibits, events and files, against which a later one is held."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, str, str], tuple[Mapping[str, str], str]] = {}

    def contradictions(
        self, kind: str, member: str, name: str, fields: Mapping[str, str], row: str
    ) -> Iterator[str]:
        """A sentence for each field that an earlier row gave otherwise; empty ones say nothing."""
        earlier, first = self._said.setdefault((kind, member, name), (dict(fields), row))
        for field, value in fields.items():
            if value and earlier.get(field) and value != earlier[field]:
                yield f"{kind} {name}: {field} is {earlier[field]!r} in {first}, found {value!r}"


def rehearse_rows(
    rows: Sequence[Row],
    vault_of: Callable[[str], Vault],
    intake: Intake,
    tick: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Rehearsal:
    """Read and describe every scan, and hold every row against its vault and the rows before.

    Parameters
    ----------
    vault_of : callable
        As in `enrol_rows`; the vaults are only read.
    """
    told, problems = _Told(), []
    new = there = 0
    for number, row in enumerate(rows, start=1):
        place = f"line {row.line}" if row.line else row.name
        found, known = _row_problems(row, place, vault_of, intake, told)
        problems += [Refused(f"{place}: {row.name}", text) for text in dict.fromkeys(found)]
        there += known and not found
        new += not known and not found
        tick("dry run", number, len(rows))
    return Rehearsal(len(rows), new, there, tuple(problems))


def _row_problems(
    row: Row, place: str, vault_of: Callable[[str], Vault], intake: Intake, told: _Told
) -> tuple[list[str], bool]:
    """The problems of a row, and whether its scan is in the vault already."""
    problems: list[str] = []
    vault, known = None, False
    try:
        vault = vault_of(row.member)
        exhibit, done = known_row(row, vault)
        known = done is not None
        problems += _said(row, place, vault.member, exhibit, told)
    except (RibinError, OSError) as error:
        problems.append(str(error))
    if not known:
        try:
            prepare_row(row, intake)
        except (RibinError, OSError) as error:
            problems.append(str(error))
    return problems, known


def _said(row: Row, place: str, member: str, exhibit: Exhibit, told: _Told) -> list[str]:
    """What cannot be of an exhibit, and what earlier rows said otherwise."""
    fields, event = fields_of(exhibit), asdict(exhibit.event)
    given = {name: value for name, value in fields.items() if row.fields.get(name)}
    problems = exhibit_problems(exhibit, row.name)
    problems += told.contradictions("exhibit", member, exhibit.exhibit, given, place)
    problems += told.contradictions("event", member, event["event"], event, place)
    try:
        sha256 = hashlib.sha256(row.path.read_bytes()).hexdigest()
    except OSError as error:
        raise StoreError(f"{row.path}: cannot be read: {error.strerror}") from error
    shown = {"exhibit": exhibit.exhibit}
    return [*problems, *told.contradictions("scan", member, sha256[:12], shown, place)]
