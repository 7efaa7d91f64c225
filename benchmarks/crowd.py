"""Strangers by the thousand: what a mate's sketch must beat to be found among a million."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from loadtest import KINSHIP, make_surrogates
from numpy.typing import NDArray

from ribin.correlate.sketch import (
    best_products,
    framed_surface,
    moved_sketches,
    sketch_heights,
    sketch_mark,
)
from ribin.model import FloatArray, MarkType, Template
from ribin.params.defaults import Params

FIRST = 20_000  # surrogates in the first pass
_MILLION = 1_000_000
_SEED = 17


@dataclass(frozen=True, eq=False)
class Passes:
    """Scores of each query (rows) on each of a gallery, NaN where one has no template; and bars.

    A bar is what the strangers of a million reach: in the first pass the last that gets a second
    one, in the second pass the last on the shortlist.
    """

    first: FloatArray
    second: FloatArray
    first_bar: FloatArray
    second_bar: FloatArray


class Crowd:
    """Surrogates of given marks, sketched."""

    def __init__(self, given: Sequence[Template], params: Params, number: int = FIRST) -> None:
        surfaces = [framed_surface(template, params) for template in given]
        outlines = [surface != 0.0 for surface in surfaces]
        made = make_surrogates(surfaces, outlines, number, _SEED, KINSHIP)
        sketches = [
            sketch_heights(some.heights, some.valid, MarkType.BREECH_FACE, params) for some in made
        ]
        self._sketches = np.concatenate(sketches)
        # The best of so many is passed by as many of a million as a shortlist holds.
        self._second = _MILLION // params.search.shortlist_marks

    @property
    def sketches(self) -> NDArray[np.int8]:
        """(N, K) of all surrogates."""
        return self._sketches

    def score(
        self, queries: Sequence[Template | None], gallery: Sequence[Template | None], params: Params
    ) -> Passes:
        """Both passes of each query, over the gallery and over the crowd."""
        shape = len(queries), len(gallery)
        first, second = np.full(shape, np.nan), np.full(shape, np.nan)
        bars = np.full((2, len(queries)), np.nan)
        able = [j for j, template in enumerate(gallery) if template]
        sketches = np.stack([sketch_mark(t, params) for t in gallery if t])
        for i, query in enumerate(queries):
            if not query:
                continue
            rough, between = moved_sketches(query, params)
            first[i, able] = best_products(rough, sketches)
            crowd = best_products(rough, self._sketches)
            bars[0, i] = np.quantile(crowd, 1.0 - params.search.second_pass_share)
            second[i, able] = np.fmax(first[i, able], best_products(between, sketches))
            some = best_products(between, self._sketches[: self._second])
            bars[1, i] = np.fmax(crowd[: self._second], some).max()
        return Passes(first, second, *bars)
