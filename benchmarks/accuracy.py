"""How often RIBIN is right: every way of making scans harder, one row each.

    python benchmarks/accuracy.py [FOLDER] [--only NAME ...] [--half tune|report] [--quick]

FOLDER holds scans and labels.csv; by default the real scans in ../shared/data/fadul where they
are, else sample_data. Every second firearm, by name, is held out: parameters may be tuned on the
other half and are judged on this one; `--half` runs one of the two alone. Consecutive slides come
from the generator and are judged apart. What happens in the field (`field.py`) happens to the
scans as they are, and with their relief made weak over noise, in three ways. `--only` takes names
of rows, of a kind of the field, and `challenge`, `field` or `slides` for all rows of that kind.
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
from field import FIELD, SETS, field_challenges
from rates import Row, halves, row
from results import finish, options
from specimens import Specimen, default_folder, find_truth, load_scans, slide_scans
from trial import run_trial

from ribin.params.defaults import DEFAULT_PARAMS, Params
from ribin.params.load import load_params
from ribin.pipeline import describe_mark, extract_marks
from ribin.report.table import table

THREADS = 2
HALVES = ("tune", "report")
QUICK_FIREARMS = 4
QUICK_CROWD = 500
QUICK = ("plain", "crop50-one", "weak-fine", "rotation25")
SLIDES = (
    ("slides", "8 consecutive slides share 60 % of the relief's variance", 0.6, 1.0),
    ("slides-weak", "the same, marked 0.4 times as deep", 0.6, 0.4),
)
_FIELD = ("in the field", "set", "AUC", "KM min", "KNM max", "ratio", "overlap", "rank1")
_ERRORS = (
    *("challenge", "AUC", "AUC held", "AUC tuned", "EER", "rank1", "rank1 held"),
    *("KM min", "KNM max", "overlap", "refused"),
)
_PARTS = (
    *("challenge", "AUC cmc", "AUC ccf", "VR score", "VR cmc", "VR ccf", "gap"),
    *("1st pass", "listed", "laid", "ms"),
)


def main() -> None:
    parser = options("Accuracy on the challenge set.", "accuracy")
    parser.add_argument("folder", type=Path, nargs="?", default=default_folder())
    parser.add_argument("--only", action="append", metavar="NAME", help="this row (repeatable)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--params", type=Path, help="TOML of parameters to try instead")
    parser.add_argument("--half", choices=HALVES, help="these firearms alone, by name in turns")
    parser.add_argument("--crowd", action="store_true", help="passes of a search in the field too")
    chosen = parser.parse_args()
    known = {name for names in _groups().values() for name in names} | set(_groups())
    if unknown := set(chosen.only or ()) - known:
        parser.error(f"--only: one of {', '.join(known)} needed, found {', '.join(unknown)}")
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
    """The tables of all rows, and what their columns are."""
    field = {challenge.name for challenge in field_challenges()}
    usual = [r for r in rows if r.name not in field]
    done = {r.name: r for r in rows if r.name in field}
    return "\n".join([*(_usual_report(usual) if usual else ()), *(_field_report(done))])


def _usual_report(rows: list[Row]) -> list[str]:
    return [
        table(_ERRORS, [_errors(r) for r in rows]),
        "",
        "AUC of the score: all pairs, firearms held out, firearms tuned on. overlap: known matches",
        "not above every known non-match. refused: known matches that were not compared.",
        "",
        table(_PARTS, [_parts(r) for r in rows]),
        "",
        "VR: variance ratio. gap: lowest CMC fraction of a known match less the highest of a known",
        "non-match. 1st pass, listed: share of the mates that come through the first pass of a",
        "search, and that are on its shortlist, among a million strangers (`crowd.py`). laid:",
        "known matches laid within 100 um of the truth. ms: CPU a pair.",
        "",
        *(_sector_note(r) for r in rows if r.every.sighted < r.every.known_match),
        *(f"{r.name}: {r.what}" for r in rows),
        "",
    ]


def _field_report(done: dict[str, Row]) -> list[str]:
    """One line a kind and set."""
    if not done:
        return []
    lines = [
        _field_cells(kind.name, end, done[kind.name + end])
        for kind in FIELD
        for end in SETS
        if kind.name + end in done
    ]
    return [
        table(_FIELD, lines),
        "",
        "ratio: the lowest known match over the highest known non-match.",
        *(f"{end.strip('-') or 'easy'}: {words}" for end, (words, _) in SETS.items()),
        *(
            f"{kind.name}: {kind.what}"
            for kind in FIELD
            if any(kind.name + end in done for end in SETS)
        ),
    ]


def _field_cells(name: str, end: str, row: Row) -> list[object]:
    e = row.every
    lowest, highest = e.score.km_min, e.score.knm_max
    ratio = f"{lowest / max(highest, 1e-9):.2f}"
    return [
        *(name, end.strip("-") or "easy", f"{e.score.auc:.4f}"),
        *(lowest, highest, ratio, e.overlap, e.rank1),
    ]


def _groups() -> dict[str, list[str]]:
    """The names of the rows that one word stands for; a kind of the field for both its sets."""
    return {
        "challenge": [c.name for c in CHALLENGES],
        "field": [c.name for c in field_challenges()],
        "slides": [name for name, *_ in SLIDES],
        **{kind.name: [kind.name + end for end in SETS] for kind in FIELD},
    }


def _wanted(chosen: Namespace) -> set[str]:
    groups = _groups()
    if chosen.only is None and chosen.quick:
        return set(QUICK)
    asked = chosen.only or ("challenge", "slides", "field")
    return {name for word in asked for name in groups.get(word, [word])}


def _rows(chosen: Namespace) -> Iterator[Row]:
    wanted = _wanted(chosen)
    params = load_params(chosen.params) if chosen.params else DEFAULT_PARAMS
    challenges = [c for c in CHALLENGES if c.name in wanted]
    field = [c for c in field_challenges() if c.name in wanted]
    if challenges or field:
        specimens = _specimens(chosen)
        crowd = _crowd(specimens, chosen, params) if challenges or chosen.crowd else None
        for challenge in challenges:
            yield _row(challenge, specimens, chosen.seed, params, crowd)
        for challenge in field:
            asked = crowd if chosen.crowd else None
            yield _row(challenge, specimens, chosen.seed, params, asked)
    for name, what, shared, strength in SLIDES:
        if name in wanted:
            specimens, _ = find_truth(slide_scans(8, 4, shared, strength, chosen.seed))
            yield _row(Challenge(name, what), specimens, chosen.seed, params)


def _specimens(chosen: Namespace) -> list[Specimen]:
    scans = load_scans(chosen.folder)
    firearms = {firearm for _, firearm, _ in scans}
    if chosen.half:
        firearms = halves(list(firearms))[HALVES.index(chosen.half)]
    if chosen.quick:
        firearms = set(sorted(firearms)[:QUICK_FIREARMS])
    specimens, truth = find_truth([scan for scan in scans if scan[1] in firearms])
    print(f"truth: {truth.pairs} ways round, worst {truth.worst_um:.0f} um apart\n", flush=True)
    return specimens


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
