"""What is done with an item: two scans compared, a search made, a scan read for enrolment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ribin.cases.exhibits import Row
from ribin.errors import FormatError, ScanError
from ribin.model import Template
from ribin.params.defaults import Params
from ribin.pipeline import compare_marks
from ribin.report.json import plain_value
from ribin.report.lists_text import lists_value
from ribin.services.asking import request_of
from ribin.services.enrol import Prepared, known_row, prepare_row
from ribin.services.items import Item, Partial
from ribin.services.reading import Reading
from ribin.services.search import search_for
from ribin.services.session import Desk
from ribin.services.sides import read_side
from ribin.services.usable import Intake
from ribin.services.vaults import Vaults

_KEPT = 64  # templates of breech faces in memory, 0.2 MB each
# What differs from run to run, and so has no place in results that are equal.
_OF_THE_RUN = ("elapsed_s", "asked_at")


@dataclass(frozen=True)
class Comparing:
    """Compare the two files of an item; no pair is looked at mirrored as well."""

    folder: Path
    params: Params
    reading: Reading
    cells: bool = False  # whether each cell is in the value

    def do(self, item: Item) -> dict[str, Any]:
        mark = item.fields.get("mark") or None
        one = self._template(item, "reference", mark)
        two = self._template(item, "comparison", str(one.mark_type))
        value = plain_value(compare_marks(one, two, self.params))
        left_out = _OF_THE_RUN if self.cells else (*_OF_THE_RUN, "cell_fits")
        return {name: content for name, content in value.items() if name not in left_out}

    def _template(self, item: Item, side: str, mark: str | None) -> Template:
        path = self.folder / _needed(item, side)
        try:
            state = path.stat()
        except OSError as error:
            raise ScanError(f"{path}: a scan needed, {error.strerror}") from error
        return _described(path, state.st_mtime_ns, state.st_size, mark, self.reading, self.params)


@lru_cache(_KEPT)
def _described(
    path: Path, changed_ns: int, size: int, mark: str | None, reading: Reading, params: Params
) -> Template:
    """The template of a file; one that changed is another."""
    return read_side(path, reading, params, mark).template


@dataclass(frozen=True)
class Searching:
    """Search with the file or the exhibit of an item, from the desk of one member.

    `asked` holds the options of the search; the cells of the item come before them.
    """

    folder: Path
    vault: Path
    network_file: Path | None
    params: Params
    reading: Reading
    asked: Mapping[str, Any]

    def do(self, item: Item) -> dict[str, Any] | Partial:
        query = _needed(item, "query")
        file = self.folder / query
        fields = {name: text for name, text in item.fields.items() if text}
        days = {f"date_{end}": fields[end] for end in ("from", "to") if end in fields}
        asked = {**self.asked, **fields, **days}
        with Desk.open(self.vault, self.network_file, self.params, threads=1) as desk:
            request = request_of(desk.member, asked)
            named = str(file) if file.is_file() else query
            chosen = asked.get("mark"), (), asked["leave_out_reviewed"]
            _, found = search_for(desk, named, self.reading, request, *chosen)
        value = lists_value(found)
        for one in (value, *value["lists"]):
            for name in _OF_THE_RUN:
                one.pop(name, None)
        missing = "; ".join(f"{code} could not answer: {why}" for code, why in found.unavailable)
        return Partial(value, missing) if missing else value


@dataclass(frozen=True)
class Preparing:
    """Read and describe the scan of an item, unless it is in its vault already; nothing is written.

    Gives None where it is there, and what to enrol where it is not.
    """

    folder: Path
    vault: Path | None
    network_file: Path | None
    intake: Intake

    def row(self, item: Item) -> Row:
        fields = item.fields
        return Row(self.folder / fields["file"], fields.get("member", ""), fields, item.line)

    def do(self, item: Item) -> Prepared | None:
        row = self.row(item)
        with Vaults(self.vault, self.network_file) as vaults:
            _, known = known_row(row, vaults.of(row.member))
        return None if known else prepare_row(row, self.intake)


def _needed(item: Item, column: str) -> str:
    if not item.fields[column]:
        raise FormatError(f"line {item.line}: a {column} needed, found an empty cell")
    return item.fields[column]
