"""What a sketch keeps: how far known matches stand from known non-matches, by harmonics and moves.

python benchmarks/sketch.py [FOLDER] [--quick]

A score is measured in standard deviations from the mean of the query's own known non-matches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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

# Steps of the moves, um and degrees, and harmonics: around those in use.
TRIED = (
    (100.0, 4.0, 256),
    (100.0, 3.0, 128),
    (100.0, 3.0, 256),
    (100.0, 3.0, 384),
    (100.0, 3.0, 512),
    (50.0, 2.0, 512),
    (50.0, 2.0, 768),
    (50.0, 2.0, 1024),
)
_COLUMNS = ("name", "moves", "MFLOP an exhibit", "lowest", "5 %", "median", "non-matches above")


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
    print("\nfirst look, mean and standard deviation over the queries:")
    print(table(("against", "mean", "SD"), [list(row.values()) for row in alike]))
    finish("sketch", [*rows, *alike], 1, chosen, source=folder.name)


def likeness(templates: list[Template], guns: np.ndarray, number: int) -> list[dict[str, Any]]:
    """How alike a query finds real marks of other firearms, and surrogates."""
    how = DEFAULT_PARAMS.search.breech_face
    real = np.stack([sketch_mark(template, DEFAULT_PARAMS) for template in templates])
    crowd = Crowd(templates, DEFAULT_PARAMS, number).sketches
    found: dict[str, list[tuple[float, float]]] = {"known non-matches": [], "surrogates": []}
    for place, query in enumerate(templates):
        steps = how.first_shift_um, how.first_rotation_deg, how.leading
        moves = moved_sketches(query, DEFAULT_PARAMS, *steps)
        others = real[guns != guns[place]]
        for name, sketches in zip(found, (others, crowd), strict=True):
            scores = best_products(moves, np.ascontiguousarray(sketches[:, : how.leading]))
            found[name].append((float(scores.mean()), float(scores.std())))
    return [
        {"name": name, "mean": round(mean, 3), "sd": round(sd, 3)}
        for name, (mean, sd) in ((n, np.mean(v, axis=0).tolist()) for n, v in found.items())
    ]


def _rows(
    templates: list[Template], guns: np.ndarray, tried: tuple[Any, ...], pixels: bool
) -> Iterator[dict[str, Any]]:
    sketches = np.stack([sketch_mark(template, DEFAULT_PARAMS) for template in templates])
    for *steps, number in tried:
        few = np.ascontiguousarray(sketches[:, :number])

        def look(query: Template, steps=steps, few=few) -> tuple[FloatArray, int]:  # type: ignore[no-untyped-def]
            moves = moved_sketches(query, DEFAULT_PARAMS, *steps, few.shape[1])
            return best_products(moves, few), len(moves)

        name = f"{number} harmonics, {steps[0]:g} um, {steps[1]:g} degrees"
        yield _row(name, number, look, templates, guns)
    if pixels:
        plain = np.stack([framed_surface(t, DEFAULT_PARAMS).ravel() for t in templates])
        plain /= np.linalg.norm(plain, axis=1, keepdims=True)

        def product(query: Template) -> tuple[FloatArray, int]:
            moves = moved_pixels(query, DEFAULT_PARAMS)
            return (moves @ plain.T).max(axis=0), len(moves)

        yield _row("all pixels at 50 um", plain.shape[1], product, templates, guns)


def _row(
    name: str,
    length: int,
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
        "mflop": round(2e-6 * moves * length, 2),
        "lowest": round(lowest, 2),
        "twentieth": round(float(np.quantile(known_match, 0.05)), 2),
        "median": round(float(np.median(known_match)), 2),
        "above": round(float(np.mean(np.array(known_non_match) > lowest)), 4),
    }


if __name__ == "__main__":
    main()
