"""What a sketch keeps: how far known matches stand from known non-matches, by harmonics and moves.

python benchmarks/sketch.py [FOLDER] [--quick]

A score is measured in standard deviations from the mean of the query's own known non-matches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from crowd import Crowd
from exhaustive import moved_pixels
from results import finish, options
from specimens import SAMPLE, default_folder

from ribin.correlate.sketch import best_products, framed_surface, moved_sketches, sketch_mark
from ribin.evaluate.pairs import read_labels
from ribin.model import FloatArray, Template
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.pipeline import describe_mark, extract_marks
from ribin.read import read_scan
from ribin.report.table import table

# Steps of the moves, um and degrees, and harmonics: around those in use. One shift in two are the
# fields of one colour of a chessboard.
TRIED = (
    (50.0, 1.9, 2, 512),
    (50.0, 1.9, 2, 768),
    (50.0, 2.14, 2, 1024),
    (50.0, 1.9, 2, 1024),
    (50.0, 1.9, 1, 1024),
    (50.0, 1.0, 1, 1024),
)
_COLUMNS = ("name", "moves", "lowest", "5 %", "median", "non-matches above")


def main() -> None:
    parser = options("What a sketch keeps.", "sketch")
    parser.add_argument("folder", type=Path, nargs="?", default=default_folder())
    chosen = parser.parse_args()
    folder = SAMPLE if chosen.quick else chosen.folder
    labels = read_labels(folder)
    marks = [extract_marks(read_scan(folder / label.file))[0] for label in labels]
    templates = [describe_mark(mark) for mark in marks]
    guns = np.array([label.firearm for label in labels])
    tried = TRIED[3:4] if chosen.quick else TRIED
    rows = list(_rows(templates, guns, tried, pixels=not chosen.quick))
    print(table(_COLUMNS, [list(row.values()) for row in rows]))
    alike = likeness(templates, guns, 200 if chosen.quick else 2000)
    print("\nfirst pass, mean and standard deviation over the queries:")
    print(table(("against", "mean", "SD"), [list(row.values()) for row in alike]))
    finish("sketch", [*rows, *alike], 1, chosen, source=folder.name)


def likeness(templates: list[Template], guns: np.ndarray, number: int) -> list[dict[str, Any]]:
    """How alike a query finds real marks of other firearms, and surrogates."""
    real = np.stack([sketch_mark(template, DEFAULT_PARAMS) for template in templates])
    crowd = Crowd(templates, DEFAULT_PARAMS, number).sketches
    found: dict[str, list[tuple[float, float]]] = {"known non-matches": [], "surrogates": []}
    for place, query in enumerate(templates):
        moves, _ = moved_sketches(query, DEFAULT_PARAMS)
        others = real[guns != guns[place]]
        for name, sketches in zip(found, (others, crowd), strict=True):
            scores = best_products(moves, np.ascontiguousarray(sketches))
            found[name].append((float(scores.mean()), float(scores.std())))
    return [
        {"name": name, "mean": round(mean, 3), "sd": round(sd, 3)}
        for name, (mean, sd) in ((n, np.mean(v, axis=0).tolist()) for n, v in found.items())
    ]


def _rows(
    templates: list[Template], guns: np.ndarray, tried: tuple[Any, ...], pixels: bool
) -> Iterator[dict[str, Any]]:
    for shift_um, rotation_deg, one_in, number in tried:
        how = replace(
            DEFAULT_PARAMS.search.breech_face,
            shift_um=shift_um,
            rotation_deg=rotation_deg,
            harmonics=number,
        )
        params = replace(DEFAULT_PARAMS, search=replace(DEFAULT_PARAMS.search, breech_face=how))
        sketches = np.stack([sketch_mark(template, params) for template in templates])

        def look(
            query: Template,
            params=params,
            one_in=one_in,
            sketches=sketches,  # type: ignore[no-untyped-def]
        ) -> tuple[FloatArray, int]:
            passes = moved_sketches(query, params)[: 3 - one_in]
            scores = [best_products(moves, sketches) for moves in passes]
            return np.maximum.reduce(scores), sum(moves.number for moves in passes)

        shifts = f"{shift_um:g} um" if one_in == 1 else f"{shift_um:g} um, one in {one_in}"
        yield _row(f"{number} harmonics, {shifts}, {rotation_deg:g} degrees", look, templates, guns)
    if pixels:
        plain = np.stack([framed_surface(t, DEFAULT_PARAMS).ravel() for t in templates])
        plain /= np.linalg.norm(plain, axis=1, keepdims=True)

        def product(query: Template) -> tuple[FloatArray, int]:
            moves = moved_pixels(query, DEFAULT_PARAMS)
            return (moves @ plain.T).max(axis=0), len(moves)

        yield _row("all pixels at 50 um", product, templates, guns)


def _row(
    name: str,
    look: Callable[[Template], tuple[FloatArray, int]],
    templates: list[Template],
    guns: np.ndarray,
) -> dict[str, Any]:
    known_match, known_non_match = [], []
    for place, query in enumerate(templates):
        scores, moves = look(query)
        others = scores[guns != guns[place]]
        away = (scores - others.mean()) / others.std()
        mates = guns == guns[place]
        mates[place] = False
        known_match += away[mates].tolist()
        known_non_match += away[guns != guns[place]].tolist()
    lowest = min(known_match)
    return {
        "name": name,
        "moves": moves,
        "lowest": round(lowest, 2),
        "twentieth": round(float(np.quantile(known_match, 0.05)), 2),
        "median": round(float(np.median(known_match)), 2),
        "above": round(float(np.mean(np.array(known_non_match) > lowest)), 4),
    }


if __name__ == "__main__":
    main()
