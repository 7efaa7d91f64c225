"""What the first pass of a search loses of weak mates that both passes over all would keep.

    python benchmarks/recall.py [FOLDER] [--strangers N] [--only NAME ...] [--params FILE] [--quick]

FOLDER holds scans and labels.csv. Each scan, made weak, is the query once; its mates, made weak by
themselves, lie among strangers (`crowd.py`). A mate is kept by both passes where fewer than a
shortlist of a gallery lie above it, and by the first pass where fewer than it passes do. In a
gallery as large as the crowd these are counted; in a larger one they follow from the shares of the
crowd that lie above the mate.
"""

from __future__ import annotations

import os
import sys

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from challenge import SEED, Challenge, cropped, degraded, holed, stretched, turned, weak
from crowd import Crowd
from field import not_reproduced
from numpy.typing import NDArray
from results import finish, options
from specimens import SAMPLE, Specimen, default_folder, find_truth, load_scans

from ribin.correlate.sketch import best_products, moved_sketches, sketch_mark
from ribin.errors import ScanError
from ribin.model import Template
from ribin.params.defaults import DEFAULT_PARAMS, Params
from ribin.params.load import load_params, with_rotation
from ribin.pipeline import describe_mark, extract_marks
from ribin.report.table import table
from ribin.search.shortlist import second_pass_marks

GALLERIES = (10_000, 100_000, 1_000_000)
STRANGERS = 10_000
THREADS = 2
_MOUNTED = turned(14.0)  # mates then differ by up to 28 degrees, and by no step of the search
_HALF = not_reproduced(0.5)
_ALL = (not_reproduced(0.4), holed(0.08), stretched(1.0, 2))

CHALLENGES = (
    Challenge("plain", "as read, turned by up to 28 degrees", (_MOUNTED,)),
    Challenge("half", "half of the relief does not reproduce", (_MOUNTED, _HALF)),
    Challenge("dust", "the same, and 8 % left out as dust", (_MOUNTED, _HALF, holed(0.08))),
    Challenge("crop", "half, and 50 % left of the query", (_MOUNTED, _HALF), (cropped(0.5),)),
    Challenge("pitch", "half, and pitches 2 % apart", (_MOUNTED, _HALF, stretched(1.0, 2))),
    Challenge("smooth", "relief x 1/4 over smooth noise", (_MOUNTED, weak(0.25, 0.6, 25.0))),
    Challenge(
        "together",
        "40 % not reproduced, dust, pitch, 70 % left",
        (_MOUNTED, *_ALL),
        (cropped(0.7),),
    ),
    Challenge("turned", "half, mates turned by any angle", (turned(180.0), _HALF), (), True),
)
ROWS = [challenge.name for challenge in CHALLENGES]
QUICK = ("half",)
Shares = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Above:
    """Of each mate, the share of the crowd that lies above it in either pass."""

    first: Shares
    second: Shares


def main() -> None:
    parser = options("What the first pass loses.", "recall")
    parser.add_argument("folder", type=Path, nargs="?", default=default_folder())
    parser.add_argument("--strangers", type=int, default=STRANGERS)
    parser.add_argument("--only", action="append", choices=ROWS, help="this row (repeatable)")
    parser.add_argument("--params", type=Path, help="TOML of parameters to try instead")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.folder, chosen.strangers, chosen.only = SAMPLE, 500, QUICK
    params = load_params(chosen.params) if chosen.params else DEFAULT_PARAMS
    rows = show_weak_rows(chosen.folder, chosen.strangers, chosen.only, params)
    finish("recall", rows, THREADS, chosen, params.params_id, source=chosen.folder.name, seed=SEED)


def show_weak_rows(
    folder: Path, strangers: int, only: Sequence[str] | None, params: Params
) -> list[dict[str, Any]]:
    """Print what each pass keeps of the mates of every challenge, or of those named."""
    rows = []
    for row in _rows(folder, strangers, only, params):
        rows.append(row)
        print(", ".join(map(str, row.values())), file=sys.stderr, flush=True)
    columns = list(rows[0])
    print(table(columns, [[row[column] for column in columns] for row in rows]))
    print(
        "\nkept: mates that both passes over all keep on the shortlist, of all. lost: those of"
        f"\nthem that the first pass loses. Counted among {strangers} strangers; in larger"
        "\ngalleries from the shares of these."
    )
    for challenge in CHALLENGES:
        print(f"{challenge.name}: {challenge.what}")
    return rows


def _rows(
    folder: Path, strangers: int, only: Sequence[str] | None, params: Params
) -> Iterator[dict[str, Any]]:
    specimens, _ = find_truth(load_scans(folder))
    given = [template for s in specimens if (template := _described(s, params))]
    crowd = Crowd(given, params, strangers).sketches
    within, anywhere = with_rotation(params, 30.0), circle(params)
    for challenge in CHALLENGES:
        if only and challenge.name not in only:
            continue
        queries, gallery = degraded(challenge, specimens, SEED)
        modes = [("any turn", anywhere)]
        if not challenge.any_rotation:
            modes.insert(0, ("30 degrees", within))
        for mode, searched in modes:
            above = _shares_above(queries, gallery, crowd, searched)
            yield _row(f"{challenge.name}, {mode}", above, strangers, searched)


def circle(params: Params) -> Params:
    """Every turn searched, mounted within 30 degrees as far as anybody said."""
    method = params.breech_face
    correlate = replace(method.correlate, rotation_range_deg=180.0, mounting_deg=30.0)
    return replace(params, breech_face=replace(method, correlate=correlate))


def _described(specimen: Specimen, params: Params) -> Template | None:
    try:
        return describe_mark(extract_marks(specimen.scan, params)[0], params)
    except ScanError:
        return None


def _shares_above(
    queries: Sequence[Specimen],
    gallery: Sequence[Specimen],
    crowd: NDArray[np.int8],
    params: Params,
) -> Above:
    """Every mate of every query, first query first."""
    templates = [_described(specimen, params) for specimen in gallery]
    sketches = np.stack([sketch_mark(t, params) if t else _blank(crowd) for t in templates])

    def shares(place: int) -> NDArray[np.float64]:
        query = _described(queries[place], params)
        mates = [
            j
            for j, other in enumerate(gallery)
            if other.firearm == queries[place].firearm and j != place
        ]
        if query is None or not mates:
            return np.ones((2, len(mates)))
        found = []
        best = np.full(len(crowd), -np.inf), np.full(len(mates), -np.inf)
        for moves in moved_sketches(query, params):
            scores = best_products(moves, crowd), best_products(moves, sketches[mates])
            best = np.fmax(best[0], scores[0]), np.fmax(best[1], scores[1])
            found.append([float((best[0] >= mate).mean()) for mate in np.nan_to_num(best[1])])
        return np.array(found)

    with ThreadPoolExecutor(THREADS) as pool:
        return Above(*np.concatenate(list(pool.map(shares, range(len(queries)))), axis=1))


def _blank(crowd: NDArray[np.int8]) -> NDArray[np.int8]:
    return np.zeros(crowd.shape[1], np.int8)


def _row(name: str, above: Above, strangers: int, params: Params) -> dict[str, Any]:
    row: dict[str, Any] = {"name": name, "mates": len(above.first)}
    for size in (strangers, *(size for size in GALLERIES if size > strangers)):
        passing = second_pass_marks(size, params) / size
        kept = above.second < params.search.shortlist_marks / size
        row[f"kept of {size}"] = int(kept.sum())
        row[f"lost of {size}"] = int((kept & (above.first >= passing)).sum())
    return row


if __name__ == "__main__":
    main()
