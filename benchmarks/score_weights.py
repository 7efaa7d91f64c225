"""The weights of the score, chosen on one half of the firearms and judged on the other.

    python benchmarks/score_weights.py [FOLDER] [--quick] [--baseline FILE]

Each hard challenge gives every pair's parts (agreement of all cells, whole marks, bands of
wavelengths, congruent cells). Of a grid of weights, those that order the pairs of the tuned
firearms about best, by the mean over the challenges of the AUC, are kept, and of these the ones
with the widest gap on the scans as read. The table shows them beside the weights in use, on either
half.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
from challenge import CHALLENGES, SEED
from numpy.typing import NDArray
from rates import halves
from results import finish, options
from specimens import default_folder, find_truth, load_scans
from trial import Trial, run_trial

from ribin.decide.steps import score_parts
from ribin.evaluate.metrics import area_under_curve
from ribin.params.defaults import DEFAULT_PARAMS, DecideParams
from ribin.report.table import table

HARD = (
    "plain",
    "crop30-one",
    "holes40",
    "weak-smooth",
    "stretch2-both",
    "weak-cropped",
    "weak-raw",
)
QUICK = ("plain", "weak-cropped")
THREADS = 2
NEAR = 0.01  # of the best mean AUC; less is noise of five firearms
PARTS = 4  # what is taken off beyond the mounting comes after them
POINTS = ((20.0, 30.0, 35.0, 15.0), (35.0, 30.0, 20.0, 15.0), (10.0, 35.0, 40.0, 15.0))
WHOLE_SCALES = (0.25, 0.3, 0.35)
BANDS_FROM = (1.0, 2.0)
BANDS_SCALES = (7.0, 9.0, 11.0)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Parts of N pairs, (N, 4), and which of them are known matches."""

    parts: NDArray[np.float64]
    known_match: NDArray[np.bool_]


def main() -> None:
    parser = options("Weights of the score.", "score-weights")
    parser.add_argument("folder", type=Path, nargs="?", default=default_folder())
    chosen = parser.parse_args()
    specimens, _ = find_truth(load_scans(chosen.folder))
    names = QUICK if chosen.quick else HARD
    challenges = [c for c in CHALLENGES if c.name in names]
    trials = {c.name: run_trial(c, specimens, SEED, THREADS) for c in challenges}
    tuned, held_out = ({n: pairs(t, side) for n, t in trials.items()} for side in (0, 1))
    used = DEFAULT_PARAMS.breech_face.decide
    best = choose(candidates(used), tuned)
    rows = [
        {"name": f"{name}, {half}", **areas(weights, trials), "gap": gap(weights, trials)}
        for name, weights in (("in use", used), ("chosen", best))
        for half, trials in (("tuned", tuned), ("held out", held_out))
    ]
    print(table(tuple(rows[0]), [list(row.values()) for row in rows]))
    named = {k: v for k, v in asdict(best).items() if k.endswith(("_points", "_from", "_scale"))}
    print("best:", ", ".join(f"{k} {v:g}" for k, v in named.items()))
    finish("score-weights", rows, THREADS, chosen, best=named)


def candidates(used: DecideParams) -> list[DecideParams]:
    return [
        replace(
            used,
            agreement_points=points[0],
            whole_points=points[1],
            bands_points=points[2],
            cmc_points=points[3],
            whole_scale=whole,
            bands_from=chance,
            bands_scale=bands,
        )
        for points, whole, chance, bands in product(POINTS, WHOLE_SCALES, BANDS_FROM, BANDS_SCALES)
    ]


def pairs(trial: Trial, side: int) -> Pairs:
    """The compared pairs within one half of the firearms."""
    firearms = halves(trial.firearms)[side]
    inside = [
        p
        for p in trial.pairs
        if p.parts and {trial.firearms[p.first], trial.firearms[p.second]} <= firearms
    ]
    return Pairs(
        np.array([p.parts[:PARTS] for p in inside], np.float64).reshape(-1, PARTS),
        np.array([p.known_match for p in inside], np.bool_),
    )


def choose(weights: list[DecideParams], trials: dict[str, Pairs]) -> DecideParams:
    """Of the weights that order the pairs about best, those with the widest gap."""
    mean = [float(np.mean(list(areas(each, trials).values()))) for each in weights]
    near = [each for each, area in zip(weights, mean, strict=True) if area >= max(mean) - NEAR]
    return max(near, key=lambda each: gap(each, trials))


def gap(weights: DecideParams, trials: dict[str, Pairs]) -> float:
    """Lowest known match less highest known non-match, of the scans as read."""
    values, known = scores(weights, trials["plain"]), trials["plain"].known_match
    return float(values[known].min() - values[~known].max())


def areas(weights: DecideParams, trials: dict[str, Pairs]) -> dict[str, float]:
    """The AUC of each challenge."""
    found = {}
    for name, each in trials.items():
        values, known = scores(weights, each), each.known_match
        found[name] = area_under_curve(values[known], values[~known])
    return found


def scores(weights: DecideParams, some: Pairs) -> NDArray[np.float64]:
    def total(parts: Sequence[float]) -> float:
        agreement, whole, bands, cmc = parts
        return sum(p.contribution for p in score_parts(agreement, whole, bands, cmc, weights))

    return np.array([total(parts) for parts in some.parts.tolist()])


if __name__ == "__main__":
    main()
