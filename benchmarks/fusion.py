"""Where a mate falls in the list over all marks, by rule of fusion: why `fusion_offset` is 10.

    python benchmarks/fusion.py [--quick] [--out JSON] [--baseline JSON]

No scans: three marks of 10,000 strangers have standard normal scores; each mark of the mate stands
a stated number of deviations above them, or is missing. Only ranks are fused, so the shape of the
scores does not matter, but how often marks are weak or missing does: look at all rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from results import finish, options

from ribin.params.defaults import DEFAULT_PARAMS
from ribin.report.table import table

SEED = 5
STRANGERS, TRIALS = 10_000, 500
OFFSETS = (0, 1, 5, 10, 20, 60)
MARKS = 3
Ranks = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """How far each mark of the mate stands above strangers (SD; None: not there).

    `missing` is the share of the strangers' marks that are not there, and of the mate's others.
    """

    name: str
    mate: tuple[float | None, ...]
    missing: float = 0.0


CASES = (
    Case("three strong", (6.0, 6.0, 6.0)),
    Case("one strong, two weak", (6.0, 1.0, 1.0)),
    Case("one strong, two missing", (6.0, None, None)),
    Case("one strong, 40 % missing", (5.0, 1.0, 1.0), 0.4),
    Case("three medium", (3.0, 3.0, 3.0)),
    Case("three medium, 40 % missing", (3.0, 3.0, 3.0), 0.4),
    Case("two medium, one as strangers", (3.5, 3.5, 0.0)),
    Case("three weak, 20 % missing", (2.0, 2.0, 2.0), 0.2),
)


@dataclass(frozen=True)
class Row:
    """Share of the trials in which the mate is among the first three, and the first twenty."""

    name: str
    rule: str
    first_3: float
    first_20: float


def main() -> None:
    chosen = options("Rank fusion of three marks.", "fusion").parse_args()
    trials = 20 if chosen.quick else TRIALS
    rows = [row for case in CASES for row in run(case, trials)]
    names = list(dict.fromkeys(row.rule for row in rows))
    for what in ("first_3", "first_20"):
        shares = {(row.name.split(": ")[0], row.rule): getattr(row, what) for row in rows}
        print(f"share of mates among the {what.replace('_', ' ')}")
        print(
            table(("case", *names), [[c.name, *(shares[c.name, n] for n in names)] for c in CASES])
        )
        print()
    finish("fusion", rows, 1, chosen, seed=SEED, strangers=STRANGERS, trials=trials)


def run(case: Case, trials: int) -> list[Row]:
    """The mate's place by each rule, over the trials of one case."""
    chance = np.random.default_rng(SEED)
    places: dict[str, list[float]] = {}
    for _ in range(trials):
        for rule, place in mate_places(case_ranks(case, chance)).items():
            places.setdefault(rule, []).append(place)
    return [
        Row(f"{case.name}: {rule}", rule, *(np.mean(np.array(p) <= n) for n in (3, 20)))
        for rule, p in places.items()
    ]


def case_ranks(case: Case, chance: np.random.Generator) -> Ranks:
    """(N, 3) ranks of all that are in a list, the mate in row 0; infinite where not in the list."""
    scores = chance.normal(size=(1 + STRANGERS, MARKS))
    gone = chance.random(scores.shape) < case.missing
    gone[0] |= [step is None for step in case.mate]
    gone[0, 0] = False
    scores[0] += [step or 0.0 for step in case.mate]
    scores[gone] = -np.inf
    ranks = np.full(scores.shape, np.inf)
    for mark in range(MARKS):
        first = np.argsort(-scores[:, mark])[: DEFAULT_PARAMS.search.fusion_depth]
        ranks[first, mark] = np.arange(1, first.size + 1)
    listed = np.isfinite(ranks).any(axis=1)
    listed[0] = True
    return ranks[listed]


def mate_places(ranks: Ranks) -> dict[str, float]:
    """Where row 0 falls by each rule; equal values share the middle of their places."""
    values = {f"sum, {k}": (1.0 / (k + ranks)).sum(axis=1) for k in OFFSETS}
    lists = np.isfinite(ranks).sum(axis=1).clip(1)
    values["mean, 60"] = values["sum, 60"] / lists
    values["best place"] = -ranks.min(axis=1)
    return {
        rule: 1.0 + float((v > v[0]).sum()) + (float((v == v[0]).sum()) - 1.0) / 2.0
        for rule, v in values.items()
    }


if __name__ == "__main__":
    main()
