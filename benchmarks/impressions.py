"""How often RIBIN is right on firing pin impressions and ejector marks, found by itself.

    python benchmarks/impressions.py [--only NAME ...] [--quick] [--params FILE] [--baseline FILE]

Whole synthetic heads, three shots of each of sixteen firearms of one class: pins and ejectors have
one shape and size, and only their fine relief is a firearm's own. Depth, drag, collar, place and
turn are each shot's own. Every second firearm is held out: `params.py` was tuned on the others.
"""

from __future__ import annotations

import os

# One level of parallelism: heads are made in processes, comparisons run in threads.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
from heads import HeadSpec, Stage, SynthHead, scan_head
from rates import halves
from results import finish, options
from scipy import ndimage

from ribin.evaluate.metrics import Figures, figures
from ribin.model import MarkType, Scan, Template
from ribin.params.defaults import DEFAULT_PARAMS, Params
from ribin.params.load import load_params
from ribin.pipeline import compare_many, describe_mark, find_marks
from ribin.report.table import table
from ribin.synth.firearm import Aperture, make_firearm
from ribin.synth.relief import random_stream

THREADS = 2
SEED = 9
FIREARMS, SHOTS = 16, 3
QUICK_FIREARMS = 4
HALVES = ("tuning", "held out")
EJECTOR_DEG = 200.0  # of the class: where the ejector stands
RING_UM = 40.0  # correlation length of turning marks

# Of one class of firearm: a hemispherical pin, and a rectangular one with a flat tip.
BOWL = {"pin": Aperture.circle(1100.0), "aperture": Aperture.circle(1600.0), "round_tip": True}
SLAB = {
    "pin": Aperture(1150.0, 850.0, 100.0),
    "aperture": Aperture(1700.0, 1250.0, 150.0),
    "round_tip": False,
}


@dataclass(frozen=True)
class Case:
    """One class of firearm and one way to scan it.

    `turned_um` is the RMS of turning marks that the pins of the class have in common, as pins
    from one lathe may: what is concentric then says nothing of one firearm.
    """

    name: str
    what: str
    bowl: bool = True
    pitch_um: float = 6.0
    noise_um: float = 0.3
    turned_um: float = 0.0
    marks: tuple[MarkType, ...] = (MarkType.FIRING_PIN, MarkType.EJECTOR)


_PIN_ONLY = (MarkType.FIRING_PIN,)  # the ejector marks are those of `bowl`
CASES = (
    Case("bowl", "hemispherical pin, pitch 6 um, noise 0.3 um"),
    Case("slab", "rectangular pin with a flat tip", bowl=False, marks=_PIN_ONLY),
    Case("coarse", "hemispherical pin, pitch 11 um", pitch_um=11.0),
    Case("noisy", "hemispherical pin, noise 1.2 um: that of the relief", noise_um=1.2),
    Case("turned", "pins that share turning marks of 1 um", turned_um=1.0, marks=_PIN_ONLY),
)


@dataclass(frozen=True)
class Job:
    """One shot, numbers from 0."""

    case: Case
    firearm: int
    shot: int


@dataclass(frozen=True)
class Rates:
    """Of the pairs within one half; `overlap` counts known matches at or below the highest KNM."""

    missing: int  # marks that were not found
    not_compared: int
    overlap: int
    score: Figures


@dataclass(frozen=True)
class Row:
    """One type of mark in one case."""

    name: str
    what: str
    tuning: Rates
    held_out: Rates


def main() -> None:
    parser = options("Accuracy on impressions found in whole heads.", "impressions")
    parser.add_argument("--only", action="append", metavar="NAME", help="this case (repeatable)")
    parser.add_argument("--firearms", type=int, default=FIREARMS)
    parser.add_argument("--params", type=Path, help="a TOML file of parameters")
    chosen = parser.parse_args()
    names = [case.name for case in CASES]
    unknown = set(chosen.only or ()) - set(names)
    if unknown:
        parser.error(f"--only: one of {', '.join(names)} needed, found {', '.join(unknown)}")
    params = load_params(chosen.params) if chosen.params else DEFAULT_PARAMS
    cases = [case for case in CASES if case.name in (chosen.only or names)]
    cases = cases[:1] if chosen.quick else cases
    firearms = QUICK_FIREARMS if chosen.quick else chosen.firearms
    rows = [row for case in cases for row in run(case, firearms, params)]
    header = (
        *("case", "mark", "half", "KM", "KNM", "missing", "failed", "AUC", "overlap"),
        *("KM min", "KM median", "KNM median", "KNM max", "VR"),
    )
    print(table(header, [_cells(row, half) for row in rows for half in HALVES]))
    print("\noverlap: known matches at or below the highest known non-match.")
    print("VR: variance between the classes over that within.\n")
    print("\n".join(f"{case.name}: {case.what}" for case in cases))
    finish("impressions", rows, THREADS, chosen, params.params_id, seed=SEED, firearms=firearms)


def run(case: Case, firearms: int, params: Params = DEFAULT_PARAMS) -> list[Row]:
    """Make the heads, find and describe their marks, compare all pairs within each half."""
    jobs = [Job(case, *numbers) for numbers in product(range(firearms), range(SHOTS))]
    with ProcessPoolExecutor(THREADS) as pool:
        found = pool.map(_templates, jobs, [params] * len(jobs))
        owners = [f"{job.firearm:03d}" for job in jobs]
        made = list(zip(found, owners, strict=True))
    return [
        Row(
            f"{case.name} {mark.value}",
            case.what,
            *(
                rates([(t.get(mark), who) for t, who in made if who in side], params)
                for side in halves(owners)
            ),
        )
        for mark in case.marks
    ]


def rates(marks: Sequence[tuple[Template | None, str]], params: Params = DEFAULT_PARAMS) -> Rates:
    """Compare each mark with those after it; `marks` are templates with their firearm."""
    there = [(template, owner) for template, owner in marks if template is not None]
    km: list[float] = []
    knm: list[float] = []
    for k, (query, owner) in enumerate(there):
        others = there[k + 1 :]
        results = compare_many(query, [t for t, _ in others], params, threads=THREADS)
        for result, (_, other) in zip(results, others, strict=True):
            (km if owner == other else knm).append(result.score)
    matches, strangers = (np.array(s)[~np.isnan(s)] for s in (km, knm))
    score = figures(matches, strangers, (np.nan, np.nan))
    return Rates(
        missing=len(marks) - len(there),
        not_compared=len(km) + len(knm) - matches.size - strangers.size,
        overlap=int(np.sum(matches <= score.knm_max)),
        score=score,
    )


def made_head(job: Job) -> SynthHead:
    """The scan of one shot; the same job makes the same scan."""
    case, chance = job.case, random_stream((SEED, job.firearm, job.shot), "impression")
    turn_deg = chance.uniform(-15.0, 15.0)  # the laboratory's mounting
    spec = replace(
        HeadSpec.draw(chance),
        primer_um=2250.0,
        head_um=chance.uniform(20.0, 100.0),
        pin_turn_deg=turn_deg + chance.uniform(-4.0, 4.0),
        pin_depth_um=chance.uniform(220.0, 340.0),
        drag_um=chance.uniform(150.0, 400.0) if chance.random() < 0.4 else 0.0,
        ejector_um=chance.uniform(900.0, 1150.0),  # struck harder, it is larger
        ejector_deg=EJECTOR_DEG + turn_deg,
        ejector_at_um=3800.0 + chance.normal(0.0, 40.0),
        **(BOWL if case.bowl else SLAB),
    )
    tilt_deg = tuple(chance.normal(0.0, 1.5, 2))
    frame_um = (-4700.0, 4700.0, -4700.0, 4700.0)
    stage = Stage(case.pitch_um, *frame_um, tilt_deg, case.noise_um, 0.0005, 1.2, 10)
    firearm = make_firearm(100 * SEED + job.firearm)
    head = scan_head(firearm, job.shot, spec, stage)
    return replace(head, scan=_turned(head, case)) if case.turned_um else head


def _turned(head: SynthHead, case: Case) -> Scan:
    """The scan with rings about the pin's middle that all pins of the class leave."""
    pitch_um = head.scan.pixel_pitch_um
    rows, cols = (np.arange(n) * pitch_um for n in head.scan.shape)
    middle = np.array(head.center_um) + head.spec.pin_um
    radius = np.hypot(rows[:, None] - middle[0], cols[None, :] - middle[1])
    rough = random_stream((SEED,), "turned").standard_normal(1000)
    profile = ndimage.gaussian_filter1d(rough, RING_UM / 4.0)  # every 2 um
    height = case.turned_um * np.interp(radius, 2.0 * np.arange(1000), profile / profile.std())
    inside = head.truth[MarkType.FIRING_PIN]
    values = head.scan.values + np.where(inside, height, 0.0).astype(np.float32)
    return replace(head.scan, values=values)


def _templates(job: Job, params: Params) -> dict[MarkType, Template]:
    found = find_marks(made_head(job).scan, params)
    return {
        each.mark.mark_type: describe_mark(each.mark, params)
        for each in found
        if each.mark.mark_type in job.case.marks
    }


def _cells(row: Row, half: str) -> list[object]:
    found = row.tuning if half == "tuning" else row.held_out
    score = found.score
    case, mark = row.name.split(" ")
    return [
        *(case, mark, half, score.known_match, score.known_non_match),
        *(found.missing, found.not_compared, f"{score.auc:.5f}", found.overlap),
        *(score.km_min, score.km_median, score.knm_median, score.knm_max),
        f"{score.variance_ratio:.2f}",
    ]


if __name__ == "__main__":
    main()
