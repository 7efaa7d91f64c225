"""The coarse scores: two passes over sketches choose the marks that are compared in full."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ribin.correlate.sketch import moved_sketches
from ribin.model import BoolArray, FloatArray, Template
from ribin.params.defaults import Params
from ribin.search.index import CoarseScorer, MarkIndex, MarkList
from ribin.search.rules import Eligibility
from ribin.vault.mark_table import MarkTable
from ribin.vault.vault import Vault
from ribin.workers import Tick, silent


def shortlist_marks(
    query: Template,
    vault: Vault,
    mark_table: MarkTable,
    eligible: Eligibility,
    params: Params,
    scorer: CoarseScorer,
    tick: Tick = silent,
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Those of the wanted marks most like the query by their sketches, and notes of the index.

    1 a first pass over all; 2 a second pass over the best of them, at the shifts between those of
    the first; 3 the best of those by either pass are the shortlist.

    Gives their ids, (S,), best first; all when they are no more than a shortlist. Equal scores go
    by order of enrolment. A mark without a sketch always goes on: the full comparison says what is
    wrong.
    """
    wanted = int(eligible.wanted.sum())
    if wanted <= params.search.shortlist_marks:
        return mark_table.ids[eligible.wanted], ()
    marks = MarkList(mark_table.ids, mark_table.templates).part(eligible.indexed)
    asked = eligible.wanted[eligible.indexed]
    making = str(query.mark_type), str(query.kind), query.params_id
    index = MarkIndex(vault, marks, making, params, scorer, tick)
    first, second = moved_sketches(query, params)
    seen = index.score(first, asked)
    asked = _best(seen.scores, asked, second_pass_marks(wanted, params))
    between = index.score(second, asked)
    scores = np.fmax(seen.scores, between.scores)
    chosen = _best(scores, asked, params.search.shortlist_marks)
    rows = _order(scores, np.flatnonzero(chosen))
    return marks.ids[rows], tuple(dict.fromkeys(seen.notes + between.notes))


def second_pass_marks(wanted: int, params: Params) -> int:
    """How many of the wanted marks get a second pass."""
    limits = params.search
    first = min(wanted, limits.second_pass_first_marks)
    further = limits.second_pass_further_share * (wanted - first)
    share = math.ceil(limits.second_pass_share * first + further)
    return max(limits.second_pass_marks, limits.shortlist_marks, share)


def _best(scores: FloatArray, asked: BoolArray, number: int) -> BoolArray:
    """The best of the asked marks, and all of them that have no score."""
    rows = np.flatnonzero(asked)
    unscored = int(np.isnan(scores[rows]).sum())
    chosen = np.zeros(len(scores), np.bool_)
    chosen[_order(scores, rows)[: number + unscored]] = True
    return chosen


def _order(scores: FloatArray, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows without a score first, then best first, then oldest first."""
    keys = np.where(np.isnan(scores[rows]), np.float32(np.inf), scores[rows])
    return rows[np.argsort(-keys, kind="stable")]
