"""What a batch does with an item: two scans compared, a search made, a scan read for enrolment.

A cell means a file, found from the folder of the job, unless it says `exhibit:NAME`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Protocol

from ribin.cases.exhibits import CLASS_FIELDS, Filters, Request, Scope
from ribin.cases.leads import ExhibitRef
from ribin.cases.side import Side
from ribin.errors import FormatError
from ribin.params.defaults import Params
from ribin.pipeline import compare_marks
from ribin.report.json import plain_value
from ribin.report.text import lists_value
from ribin.services.blind_pairs import check_scans_shown
from ribin.services.enrol import PrepareScans
from ribin.services.marks import Asker, cell_source, side_of
from ribin.services.pair import left_out_facts
from ribin.services.reading import ReadOptions
from ribin.services.search import SearchOptions, search_for
from ribin.services.session import Session
from ribin.vault.vault import Vault
from ribin.workers import Partial, Work, WorkItem

_EXHIBIT = "exhibit:"
_IN_MEMORY = 64  # templates of breech faces, 0.2 MB each
# What differs from run to run, and so has no place in results that are equal.
_OF_THE_RUN = ("elapsed_s", "asked_at", "search")


class BatchWork(Work, Protocol):
    """What a batch does with each item."""

    kind: ClassVar[str]

    def settings(self) -> Mapping[str, object]:
        """Whatever changes the results beside the rows; a journal begun with others is refused."""
        ...


def _needed(item: WorkItem, column: str) -> str:
    if not item.fields[column]:
        raise FormatError(f"line {item.line}: a {column} needed, found an empty cell")
    return item.fields[column]


@dataclass(frozen=True)
class CompareScans:
    """Compare the two scans of an item; no pair is compared again mirrored.

    `vault` is where exhibits are found, and `cells` says whether each cell is in the value.
    """

    kind: ClassVar[str] = "compare"
    folder: Path
    params: Params
    reading: ReadOptions
    vault: Path | None = None
    cells: bool = False
    who: str = ""  # whom results are for: of a pair to examine blind there are none, and of an
    # exhibit for nobody who may not search

    def settings(self) -> Mapping[str, object]:
        return {
            "params": self.params.params_id,
            "cells": self.cells,
            "reading": self.reading,
            "vault": self.vault,
        }

    def do(self, item: WorkItem) -> dict[str, Any]:
        mark = item.fields.get("mark") or None
        one = self._side(item, "reference", mark)
        two = self._side(item, "comparison", str(one.mark.mark_type))
        if self.vault:
            with Vault.open(self.vault) as vault:
                scans = (one.mark.provenance.sha256, two.mark.provenance.sha256)
                check_scans_shown(vault, self.who, scans)
        result = compare_marks(one.template, two.template, self.params)
        value = plain_value(replace(result, reference=one.name, comparison=two.name))
        value |= left_out_facts((one, two))
        left_out = _OF_THE_RUN if self.cells else (*_OF_THE_RUN, "cell_fits")
        return {name: content for name, content in value.items() if name not in left_out}

    def _side(self, item: WorkItem, column: str, mark: str | None) -> Side:
        """The mark of the file or the own exhibit of a cell."""
        cell = _needed(item, column)
        opened = Session.open(self.vault, None, self.params, 1) if self.vault else nullcontext()
        with opened as session:
            source = cell_source(cell, self.folder, session)
            if session and isinstance(source, ExhibitRef):
                if source.member != session.member:
                    raise FormatError(f"{cell}: a file or an exhibit of the own vault needed")
                request = Request(session.member, Scope.COUNTRY, who=self.who)
                return side_of(source, Asker(self.params, session, request), mark_type=mark)
        assert isinstance(source, Path)
        state = source.stat()
        form = (state.st_mtime_ns, state.st_size, mark, self.reading, self.params)
        return _described(source, *form)


@lru_cache(_IN_MEMORY)
def _described(
    path: Path, changed_ns: int, size: int, mark: str | None, reading: ReadOptions, params: Params
) -> Side:
    """The mark of a file, without its scan; a file that changed is another."""
    return replace(side_of(path, Asker(params), reading, mark), scan=None)


@dataclass(frozen=True)
class SearchQueries:
    """Search with the file or the exhibit of an item, from the session of one member.

    The cells of an item come before what the options say.
    """

    kind: ClassVar[str] = "search"
    folder: Path
    vault: Path
    network_file: Path | None
    params: Params
    options: SearchOptions

    def settings(self) -> Mapping[str, object]:
        return {
            "params": self.params.params_id,
            "search": self.params.search,
            "options": self.options,
            "place": (self.vault, self.network_file),
        }

    def do(self, item: WorkItem) -> dict[str, Any] | Partial:
        cell, options = _needed(item, "query"), self._options(item)
        with Session.open(self.vault, self.network_file, self.params, threads=1) as session:
            lists = search_for(session, cell_source(cell, self.folder, session), options).lists
        value = lists_value(lists)
        for one in (value, *value["lists"]):
            for name in _OF_THE_RUN:
                one.pop(name, None)
        missing = "; ".join(f"{code} could not answer: {why}" for code, why in lists.unavailable)
        return Partial(value, missing) if missing else value

    def _options(self, item: WorkItem) -> SearchOptions:
        cells = {name: text for name, text in item.fields.items() if text}
        usual = self.options
        scope = cells.get("scope", usual.scope)
        if scope and scope not in tuple(Scope):
            needed = f"line {item.line}: scope needs one of {', '.join(Scope)}"
            raise FormatError(f"{needed}, found {scope!r}")
        columns = {**{name: name for name in CLASS_FIELDS}, "date_from": "from", "date_to": "to"}
        said = {name: cells[column] for name, column in columns.items() if column in cells}
        filters = Filters(**{**asdict(usual.filters), **said})
        return replace(
            usual,
            scope=Scope(scope) if scope else None,
            filters=filters,
            reason=cells.get("reason", usual.reason),
            mark_type=cells.get("mark", usual.mark_type),
        )


class EnrolScans(PrepareScans):
    """Read and describe the scan of an item, as `ribin enrol` does; the one writer enrols it."""

    kind: ClassVar[str] = "enrol"

    def settings(self) -> Mapping[str, object]:
        options = self.options
        return {
            "params": options.params.template_id,
            "reading": (options.reading.pixel_pitch_um, options.accept_unusable),
            "place": (options.vault, options.network_file),
        }
