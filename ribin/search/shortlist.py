"""The coarse cut: which marks of a member are worth a fine comparison."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ribin.correlate.shortlist import coarse_scores
from ribin.model import FloatArray, Template
from ribin.params import Params
from ribin.search.index import read_shards
from ribin.store.records import StoredMark
from ribin.store.vault import Vault


def shortlist_marks(
    query: Template,
    vault: Vault,
    indexed: Sequence[StoredMark],
    wanted: Sequence[StoredMark],
    params: Params,
) -> tuple[list[StoredMark], tuple[str, ...]]:
    """Those of the wanted marks most like the query at the coarse pitch, and notes of the index.

    Parameters
    ----------
    indexed : sequence of StoredMark
        All marks the vault holds of the query's type, kind and parameters, oldest first.
    wanted : sequence of StoredMark
        Those among them that may be compared.

    Returns
    -------
    list of StoredMark, tuple of str
        At least `shortlist_min_marks` and `shortlist_share` of the wanted; all when they are no
        more. Equal scores go by order of enrolment. A mark without a vector always goes on: the
        fine stage says what is wrong with it.
    """
    room = max(
        params.search.shortlist_min_marks, math.ceil(params.search.shortlist_share * len(wanted))
    )
    if len(wanted) <= room:
        return list(wanted), ()
    chosen = {mark.mark_id for mark in wanted}
    scores: dict[int, float] = {}
    notes: list[str] = []
    first = 0
    for shard in read_shards(vault, indexed, params):
        marks = indexed[first : first + len(shard.coarse)]
        first += len(shard.coarse)
        rows = [i for i, mark in enumerate(marks) if mark.mark_id in chosen]
        scored = _scores(query, shard.coarse[rows], shard.readable[rows], params)
        scores.update((marks[i].mark_id, score) for i, score in zip(rows, scored, strict=True))
        notes += [shard.note] if shard.note else []
    best = sorted(wanted, key=lambda mark: (-scores[mark.mark_id], mark.mark_id))
    unscored = sum(math.isinf(score) for score in scores.values())
    return best[: room + unscored], tuple(dict.fromkeys(notes))


def _scores(
    query: Template, coarse: FloatArray, readable: np.ndarray, params: Params
) -> list[float]:
    """Best correlation per row; infinite where there is none, so that the row is not lost."""
    scores = np.full(len(coarse), np.inf)
    if readable.any():
        found = coarse_scores(query, np.ascontiguousarray(coarse[readable]), params)
        scores[readable] = np.where(np.isnan(found), np.inf, found)
    return [float(score) for score in scores]
