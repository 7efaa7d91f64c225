"""The fine stage over one member's shortlist: templates from the vault, rows for the list."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ribin.cases.exhibits import Candidate, Exhibit
from ribin.errors import StoreError
from ribin.model import Template
from ribin.params.defaults import Params
from ribin.pipeline import compare_many
from ribin.search.kept import Figures, KeptComparisons
from ribin.search.means import Means
from ribin.vault.exhibits import StoredMark
from ribin.vault.vault import Vault

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
    means: Means,
    kept: KeptComparisons | None = None,
) -> Compared:
    """Compare the query in full with the marks of these ids, some at a time.

    What `kept` holds is not compared again; what is compared goes there.
    """
    rows: list[Candidate] = []
    reasons: Counter[str] = Counter()
    exhibits: dict[str, Exhibit] = {}
    for first in range(0, len(ids), params.search.batch_marks):
        some = ids[first : first + params.search.batch_marks].tolist()
        marks = vault.stored_marks(some)
        figures = _figures(query, vault, marks, params, means.threads, kept)
        reasons[MISSING] += len(some) - len(figures)
        for mark in marks:
            one = figures.get(mark.mark_id)
            if one and not one.reason:
                rows.append(_row(vault.member, mark, one))
                exhibits[mark.scan.exhibit.exhibit] = mark.scan.exhibit
            elif one:
                reasons[one.reason] += 1
        means.tick(f"{vault.member}: marks", first + len(some), len(ids))
    if kept:
        means.when_answered.append(kept.forget)
    return Compared(tuple(sorted(rows, key=row_order)), +reasons, exhibits)


def _figures(
    query: Template,
    vault: Vault,
    marks: Sequence[StoredMark],
    params: Params,
    threads: int | None,
    kept: KeptComparisons | None,
) -> dict[int, Figures]:
    """Of each mark that could be read, by its id."""
    known: dict[int, Figures] = {}
    read: list[StoredMark] = []
    templates: list[Template] = []
    for mark in marks:
        with contextlib.suppress(StoreError):
            template = vault.template(mark)  # of a known one too: its file may be damaged by now
            if kept and (one := kept.get(mark)):
                known[mark.mark_id] = one
            else:
                templates.append(template)
                read.append(mark)
    compared = compare_many(query, templates, params, threads) if templates else []
    new = [Figures.of(comparison) for comparison in compared]
    if kept:
        kept.put(read, new)
    return known | {mark.mark_id: one for mark, one in zip(read, new, strict=True)}


def row_order(row: Candidate) -> tuple[float, str, str, str]:
    """Best score first; equal scores by member, exhibit and scan, so that a list never varies."""
    return -row.score, row.member, row.exhibit, row.sha256


def _row(member: str, mark: StoredMark, figures: Figures) -> Candidate:
    return Candidate(
        rank=0,  # known when all members have answered
        member=member,
        exhibit=mark.scan.exhibit.exhibit,
        event=mark.scan.exhibit.event.event,
        mark=mark.mark_type,
        score=figures.score,
        cmc=figures.cmc,
        cmc_fraction=figures.cmc_fraction,
        cells=figures.cells,
        ccf=figures.ccf,
        rotation_deg=figures.rotation_deg,
        shift_um=figures.shift_um,
        sha256=mark.scan.sha256,
        class_fields=mark.scan.exhibit.class_fields,
    )
