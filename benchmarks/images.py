"""How often RIBIN is right on images: topographies rendered under ring and side light.

    python benchmarks/images.py [FOLDER] [--only NAME ...] [--quick] [--baseline FILE]

FOLDER holds topographies and labels.csv; by default the real scans in ../shared/data/fadul where
they are, else sample_data. Every scan is photographed at its own pitch with a gain and noise of its
own. In the rows with two lights each query under the first is compared with the others under the
second; `across` rows compare images with topographies (experimental), lamp and metal of the image
being others than the rendering of the topography assumes.
"""

from __future__ import annotations

import os

# One level of parallelism: comparisons run in threads, a matrix product in each of them does not.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from results import finish, options
from specimens import default_folder, load_scans

from ribin.errors import RibinError
from ribin.evaluate.metrics import area_under_curve
from ribin.model import Lamp, Scan, Template
from ribin.pipeline import compare_many, describe_mark, extract_marks
from ribin.report.table import table
from ribin.services.reading import as_images
from ribin.synth.render import Camera, Light, render_scan

THREADS = 2
SEED = 5
QUICK_FIREARMS = 4
LOWEST_GAIN, HIGHEST_GAIN = 0.7, 1.15
SHINY = {"elevation_deg": 30.0, "specular": 1.0, "shininess": 30.0}


@dataclass(frozen=True)
class Case:
    """One way to make two sides of every pair; no `second` light where both are the first's."""

    name: str
    what: str
    light: Light
    second: Light | None = None
    noise_grey: float = 4.0
    unevenness: float = 0.0
    across: str = ""  # the lighting under which topographies are rendered


def _side(azimuth_deg: float, **metal: float) -> Light:
    return Light(Lamp.SIDE, azimuth_deg=azimuth_deg, **metal)


CASES = (
    Case("ring", "ring light", Light()),
    Case("ring-shiny", "ring light on metal whose slopes shine", Light(**SHINY)),
    Case("ring-uneven", "ring light, half as bright at the border", Light(), unevenness=0.5),
    Case("ring-noisy", "ring light, noise of 10 grey levels", Light(), noise_grey=10.0),
    Case("side", "side light from the right", _side(0.0)),
    Case("side-noisy", "side light, noise of 10 grey levels", _side(0.0), noise_grey=10.0),
    Case("side-30", "side light, query 30 degrees off", _side(0.0), _side(30.0)),
    Case("side-90", "side light, query from the top", _side(0.0), _side(90.0)),
    Case("side-180", "side light, query from the opposite side", _side(0.0), _side(180.0)),
    Case("across-ring", "topographies against ring light", Light(), across="ring"),
    Case("across-shiny", "the same on shiny metal", Light(**SHINY), across="ring"),
    Case("across-side", "topographies against side light", _side(0.0, **SHINY), across="side 0"),
)


@dataclass(frozen=True)
class Row:
    """The rates of one case; `overlap` counts known matches at or below the highest non-match."""

    name: str
    what: str
    known_match: int
    known_non_match: int
    not_compared: int
    auc: float
    overlap: int
    km_min: float
    km_median: float
    knm_max: float


def main() -> None:
    parser = options("Accuracy on rendered images.", "images")
    parser.add_argument("folder", type=Path, nargs="?", default=default_folder())
    parser.add_argument("--only", action="append", metavar="NAME", help="this row (repeatable)")
    chosen = parser.parse_args()
    names = [case.name for case in CASES]
    unknown = set(chosen.only or ()) - set(names)
    if unknown:
        parser.error(f"--only: one of {', '.join(names)} needed, found {', '.join(unknown)}")
    scans = load_scans(chosen.folder)
    if chosen.quick:
        few = sorted({firearm for _, firearm, _ in scans})[:QUICK_FIREARMS]
        scans = [scan for scan in scans if scan[1] in few]
    rows = [run(case, scans) for case in CASES if case.name in (chosen.only or names)]
    header = ("case", "KM", "KNM", "failed", "AUC", "overlap", "KM min", "KM median", "KNM max")
    print(table(header, [_figures(row) for row in rows]))
    print("\noverlap: known matches at or below the highest known non-match.\n")
    print("\n".join(f"{row.name}: {row.what}" for row in rows))
    finish("images", rows, THREADS, chosen, source=chosen.folder.name, seed=SEED)


def run(case: Case, scans: Sequence[tuple[str, str, Scan]]) -> Row:
    """Photograph, describe and compare every pair."""
    rng = np.random.default_rng(SEED)
    gains = rng.uniform(LOWEST_GAIN, HIGHEST_GAIN, (2, len(scans)))

    def photographed(light: Light, k: int, again: int) -> list[Scan]:
        camera = Camera(gains[again, k], case.noise_grey, case.unevenness, len(scans) * again + k)
        return [render_scan(scans[k][2], light, camera)]

    first = _described(lambda k: photographed(case.light, k, 0), len(scans))
    second = first
    if case.across:
        second = _described(lambda k: list(as_images(scans[k][2], case.across)), len(scans))
    elif case.second:
        light = case.second
        second = _described(lambda k: photographed(light, k, 1), len(scans))
    firearms = np.array([firearm for _, firearm, _ in scans])
    scores = _scores(first, second, symmetric=second is first)
    return _rates(case, scores, firearms, symmetric=second is first)


def _described(images: Callable[[int], Sequence[Scan]], number: int) -> list[list[Template]]:
    return [
        [template for image in images(k) if (template := _template(image))] for k in range(number)
    ]


def _template(image: Scan) -> Template | None:
    try:
        return describe_mark(extract_marks(image)[0])
    except RibinError:
        return None


def _scores(
    first: Sequence[Sequence[Template]], second: Sequence[Sequence[Template]], symmetric: bool
) -> np.ndarray:
    """(N, N), the best over the ways of showing the second side; NaN where not compared."""
    scores = np.full((len(first), len(second)), np.nan)
    for i, query in enumerate(first):
        others = [j for j in range(len(second)) if (j > i if symmetric else j != i)]
        ways = [(j, template) for j in others for template in second[j]]
        if query and ways:
            results = compare_many(query[0], [template for _, template in ways], threads=THREADS)
            for (j, _), result in zip(ways, results, strict=True):
                scores[i, j] = np.fmax(scores[i, j], result.score)
    return scores


def _rates(case: Case, scores: np.ndarray, firearms: np.ndarray, symmetric: bool) -> Row:
    asked = (
        np.triu(np.ones(scores.shape, bool), 1) if symmetric else ~np.eye(len(scores), dtype=bool)
    )
    mates = firearms[:, None] == firearms[None, :]
    compared = ~np.isnan(scores)
    km, knm = (scores[asked & compared & known] for known in (mates, ~mates))
    return Row(
        name=case.name,
        what=case.what,
        known_match=int((asked & mates).sum()),
        known_non_match=int((asked & ~mates).sum()),
        not_compared=int((asked & ~compared).sum()),
        auc=area_under_curve(km, knm),
        overlap=int((km <= knm.max()).sum()) + int((asked & mates & ~compared).sum()),
        km_min=float(km.min()),
        km_median=float(np.median(km)),
        knm_max=float(knm.max()),
    )


def _figures(row: Row) -> list[object]:
    counts = (row.known_match, row.known_non_match, row.not_compared)
    return [
        row.name,
        *counts,
        f"{row.auc:.5f}",
        row.overlap,
        row.km_min,
        row.km_median,
        row.knm_max,
    ]


if __name__ == "__main__":
    main()
