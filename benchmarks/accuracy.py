"""How often RIBIN is right: every way of making scans harder, one row each.

    python benchmarks/accuracy.py [FOLDER] [--only NAME ...] [--quick] [--baseline FILE]

FOLDER holds scans and labels.csv; by default the real scans in ../shared/data/fadul where they
are, else sample_data. Every second firearm, by name, is held out: parameters may be tuned on the
other half and are judged on this one. Consecutive slides come from the generator and are judged
apart.
"""

from __future__ import annotations

import os
import sys
import time

# One level of parallelism: comparisons run in threads, a matrix product in each of them does not.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from challenge import CHALLENGES, SEED, Challenge
from crowd import FIRST, Crowd
from rates import Row, row
from results import finish, options
from specimens import Specimen, default_folder, find_truth, load_scans, slide_scans
from trial import run_trial

from ribin.params.defaults import DEFAULT_PARAMS, Params
from ribin.params.load import load_params
from ribin.pipeline import describe_mark, extract_marks
from ribin.report.table import table

THREADS = 2
QUICK_FIREARMS = 4
QUICK_CROWD = 500
QUICK = ("plain", "crop50-one", "weak-fine", "rotation25")
SLIDES = (
    ("slides", "8 consecutive slides share 60 % of the relief's variance", 0.6, 1.0),
    ("slides-weak", "the same, marked 0.4 times as deep", 0.6, 0.4),
)
_ERRORS = (
    *("challenge", "AUC", "AUC held", "AUC tuned", "EER", "rank1", "rank1 held"),
    *("KM min", "KNM max", "overlap", "refused"),
)
_PARTS = (
    *("challenge", "AUC cmc", "AUC ccf", "VR score", "VR cmc", "VR ccf", "gap"),
    *("1st look", "listed", "laid", "ms"),
)


def main() -> None:
    parser = options("Accuracy on the challenge set.", "accuracy")
    parser.add_argument("folder", type=Path, nargs="?", default=default_folder())
    parser.add_argument("--only", action="append", metavar="NAME", help="this row (repeatable)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--params", type=Path, help="TOML of parameters to try instead")
    chosen = parser.parse_args()
    names = [*(c.name for c in CHALLENGES), *(name for name, *_ in SLIDES)]
    unknown = set(chosen.only or ()) - set(names)
    if unknown:
        parser.error(f"--only: one of {', '.join(names)} needed, found {', '.join(unknown)}")
    start, wall = time.process_time(), time.perf_counter()
    rows = []
    for done in _rows(chosen):
        rows.append(done)
        print(_progress(done, time.process_time() - start), file=sys.stderr, flush=True)
    print(report(rows))
    cpu_s, wall_s = time.process_time() - start, time.perf_counter() - wall
    print(f"\nseed {chosen.seed}; {cpu_s:.0f} s CPU in {wall_s:.0f} s")
    source = chosen.folder.name
    finish("accuracy", rows, THREADS, chosen, source=source, seed=chosen.seed, cpu_s=cpu_s)


def report(rows: list[Row]) -> str:
    """The table of all rows, and what its columns are."""
    lines = [
        table(_ERRORS, [_errors(r) for r in rows]),
        "",
        "AUC of the score: all pairs, firearms held out, firearms tuned on. overlap: known matches",
        "not above every known non-match. refused: known matches that were not compared.",
        "",
        table(_PARTS, [_parts(r) for r in rows]),
        "",
        "VR: variance ratio. gap: lowest CMC fraction of a known match less the highest of a known",
        "non-match. 1st look, listed: share of the mates that pass the first look of a search, and",
        "that are on its shortlist, among a million strangers (`crowd.py`). laid: known matches",
        "laid within 100 um of the truth. ms: CPU a pair.",
        "",
        *(_sector_note(r) for r in rows if r.every.sighted < r.every.known_match),
        *(f"{r.name}: {r.what}" for r in rows),
    ]
    return "\n".join(lines)


def _rows(chosen: Namespace) -> Iterator[Row]:
    wanted = chosen.only or (QUICK if chosen.quick else None)
    params = load_params(chosen.params) if chosen.params else DEFAULT_PARAMS
    challenges = [c for c in CHALLENGES if wanted is None or c.name in wanted]
    if challenges:
        scans = load_scans(chosen.folder)
        if chosen.quick:
            few = sorted({firearm for _, firearm, _ in scans})[:QUICK_FIREARMS]
            scans = [scan for scan in scans if scan[1] in few]
        specimens, truth = find_truth(scans)
        print(f"truth: {truth.pairs} ways round, worst {truth.worst_um:.0f} um apart\n", flush=True)
        crowd = _crowd(specimens, chosen, params)
        for challenge in challenges:
            yield _row(challenge, specimens, chosen.seed, params, crowd)
    for name, what, shared, strength in SLIDES:
        if wanted is None or name in wanted:
            specimens, _ = find_truth(slide_scans(8, 4, shared, strength, chosen.seed))
            yield _row(Challenge(name, what), specimens, chosen.seed, params)


def _crowd(specimens: list[Specimen], chosen: Namespace, params: Params) -> Crowd:
    marks = [extract_marks(specimen.scan, params)[0] for specimen in specimens]
    given = [describe_mark(mark, params) for mark in marks]
    return Crowd(given, params, QUICK_CROWD if chosen.quick else FIRST)


def _row(
    challenge: Challenge,
    specimens: list[Specimen],
    seed: int,
    params: Params,
    crowd: Crowd | None = None,
) -> Row:
    trial = run_trial(challenge, specimens, seed, THREADS, params, crowd)
    return row(challenge.name, challenge.what, seed, trial)


def _errors(r: Row) -> list[object]:
    areas = (f"{rates.score.auc:.4f}" for rates in (r.every, r.held_out, r.tuning))
    e = r.every
    ranks = (e.rank1, r.held_out.rank1)
    lowest = (e.score.km_min, e.score.knm_max)
    return [r.name, *areas, e.score.eer, *ranks, *lowest, e.overlap, e.not_compared_km]


def _parts(r: Row) -> list[object]:
    e = r.every
    areas = (f"{kind.auc:.4f}" for kind in (e.cmc, e.ccf))
    ratios = (kind.variance_ratio for kind in (e.score, e.cmc, e.ccf))
    found = (r.recall.get("first", ""), r.recall.get("list", ""))
    laid = r.registered
    return [r.name, *areas, *ratios, e.fraction_gap, *found, laid, r.compare_cpu_ms]


def _progress(r: Row, cpu_s: float) -> str:
    s = r.every.score
    return (
        f"{cpu_s:5.0f} s CPU  {r.name:20s} AUC {s.auc:.4f}  rank1 {r.every.rank1:.3f}  "
        f"overlap {r.every.overlap:2d}  KM min {s.km_min:5.1f}  KNM max {s.knm_max:5.1f}"
    )


def _sector_note(r: Row) -> str:
    e = r.every
    return (
        f"{r.name}: {e.sighted} of {e.known_match} known matches were compared and share a tenth "
        f"of the mark or more; AUC of these {e.auc_sighted:.4f}"
    )


if __name__ == "__main__":
    main()
