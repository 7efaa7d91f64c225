"""At which rank a search among the labelled scans would have shown a mate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DEPTH = 20  # ranks an examiner looks at


def mate_ranks(scores: NDArray[np.float64], firearm: NDArray[np.intp]) -> NDArray[np.float64]:
    """The rank of the best mate of each scan that has one.

    Parameters
    ----------
    scores : (S, S) float64 array
        Symmetric; NaN where a pair was not compared. The diagonal is not looked at.
    firearm : (S,) integer array
        The firearm of each scan.

    Returns
    -------
    (M,) float64 array
        One rank for each of the M scans that have a mate, from 1; infinite where no mate was
        compared. A non-mate of equal score stands before the mate.
    """
    ranks = []
    for i, row in enumerate(scores):
        mate = firearm == firearm[i]
        mate[i] = False
        if not mate.any():
            continue
        others = row[firearm != firearm[i]]
        compared = row[mate & ~np.isnan(row)]
        ranks.append(1 + np.sum(others >= compared.max()) if compared.size else np.inf)
    return np.array(ranks, dtype=np.float64)


def rank_curve(ranks: NDArray[np.float64], depth: int = DEPTH) -> tuple[float, ...]:
    """Share of `ranks` at or above each rank from 1 to `depth`; NaN where there are none."""
    if not ranks.size:
        return (np.nan,) * depth
    return tuple(float(np.mean(ranks <= k)) for k in range(1, depth + 1))
