"""The fine stage over one member's shortlist: templates from the vault, rows for the list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ribin.casework import Candidate, Exhibit
from ribin.comparison import Comparison
from ribin.errors import StoreError
from ribin.model import Template
from ribin.params import Params
from ribin.pipeline import compare_many
from ribin.store.records import StoredMark
from ribin.store.vault import Vault

MISSING = "scan file missing or damaged"


@dataclass(frozen=True)
class Compared:
    """A row for each mark that could be compared, best first; why the others could not."""

    rows: tuple[Candidate, ...]
    reasons: Counter[str]
    exhibits: Mapping[str, Exhibit]  # of the rows, by their id


def compare_shortlist(
    query: Template,
    vault: Vault,
    ids: NDArray[np.int64],
    params: Params,
    threads: int | None,
) -> Compared:
    """Compare the query in full with the marks of these ids, some at a time."""
    rows: list[Candidate] = []
    reasons: Counter[str] = Counter()
    exhibits: dict[str, Exhibit] = {}
    for first in range(0, len(ids), params.search.batch_marks):
        some = ids[first : first + params.search.batch_marks].tolist()
        marks = vault.stored_marks(some)
        reasons[MISSING] += len(some) - len(marks)
        read: list[StoredMark] = []
        templates: list[Template] = []
        for mark in marks:
            try:
                templates.append(vault.template(mark))
                read.append(mark)
            except StoreError:
                reasons[MISSING] += 1
        compared = compare_many(query, templates, params, threads) if templates else []
        for mark, comparison in zip(read, compared, strict=True):
            if comparison.compared:
                rows.append(_row(vault.member, mark, comparison))
                exhibits[mark.scan.exhibit.exhibit] = mark.scan.exhibit
            else:
                reasons[comparison.reason or "no score"] += 1
    return Compared(tuple(sorted(rows, key=row_order)), +reasons, exhibits)


def row_order(row: Candidate) -> tuple[float, str, str, str]:
    """Best score first; equal scores by member, exhibit and scan, so that a list never varies."""
    return -row.score, row.member, row.exhibit, row.sha256


def _row(member: str, mark: StoredMark, comparison: Comparison) -> Candidate:
    return Candidate(
        rank=0,  # known when all members have answered
        member=member,
        exhibit=mark.scan.exhibit.exhibit,
        event=mark.scan.exhibit.event.event,
        mark=mark.mark_type,
        score=comparison.score,
        cmc=comparison.cmc,
        cmc_fraction=comparison.cmc_fraction,
        cells=comparison.cells,
        ccf=comparison.ccf,
        rotation_deg=comparison.rotation_deg,
        shift_um=comparison.shift_um,
        sha256=mark.scan.sha256,
        class_fields=mark.scan.exhibit.class_fields,
    )
