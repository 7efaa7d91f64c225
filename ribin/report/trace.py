"""What the stages kept in a trace, as files that any program with numpy opens, and their index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from ribin.cases.csv_files import write_csv
from ribin.errors import ParameterError
from ribin.model import Trace
from ribin.params.defaults import MethodParams
from ribin.report.json import as_json

INDEX = "index.csv"
COLUMNS = ("file", "name", "shape", "unit", "holds")

_RING = "True where measured, inside the outline of the mark"
_MASK = "True where measured"
_PLACEMENT = "turn in degrees, then shift in um (row, col), of the reference onto the comparison"

# Stage and name of what it kept -> unit, and what it is; {m} is the method's parameters.
_HOLDS = {
    ("levelled", "surface"): ("um", "heights as scanned, freed of their slope or bowl"),
    ("levelled", "valid"): ("", _RING),
    ("levelled", "pitch_um"): ("um", "distance of rows and of columns"),
    ("evened", "surface"): ("grey", "grey values as read, freed of uneven light and smoothed"),
    ("evened", "valid"): ("", _RING),
    ("evened", "pitch_um"): ("um", "distance of rows and of columns"),
    ("band_passed", "surface"): (
        "um or grey",
        "waves of {m.preprocess.low_cutoff_um:g} to {m.preprocess.high_cutoff_um:g} um",
    ),
    ("band_passed", "valid"): ("", _RING),
    ("band_passed", "pitch_um"): ("um", "distance of rows and of columns"),
    ("resampled", "surface"): (
        "um or grey",
        "the same at a pitch of {m.preprocess.working_pitch_um:g} um, the mark's centre in the "
        "middle",
    ),
    ("resampled", "valid"): ("", _MASK),
    ("resampled", "radius_um"): ("um", "radius of the circle on which the outer edge lies"),
    ("fine", "surface"): (
        "of its RMS",
        "waves below {m.describe.high_cutoff_um:g} um, peaks cut off, at a pitch of "
        "{m.describe.pitch_um:g} um",
    ),
    ("fine", "valid"): ("", _MASK),
    ("cells", "cells"): (
        "blocks of 8 pixels",
        "row and column of the first block of each cell on the fine surface; a cell is "
        "{m.describe.cell_um:g} um wide",
    ),
    ("medium", "surface"): (
        "of its RMS",
        "the mark, peaks cut off, at a pitch of {m.describe.medium_pitch_um:g} um",
    ),
    ("medium", "valid"): ("", _MASK),
    ("coarse", "surface"): (
        "of its RMS",
        "the mark, peaks cut off, at a pitch of {m.describe.coarse_pitch_um:g} um",
    ),
    ("coarse", "valid"): ("", _MASK),
    ("seeds", "placements"): (
        "degrees, um",
        f"best placements at the coarse pitch: {_PLACEMENT}; strength: correlation times the root "
        "of the overlapping share",
    ),
    ("refined", "placements"): (
        "degrees, um",
        f"the seeds refined at the medium pitch, then the best one again: {_PLACEMENT}",
    ),
    ("joint", "surface"): (
        "Fisher's z",
        "sum over the cells of both marks, over the root of their number, at each turn (rows) and "
        "shift (columns)",
    ),
    ("joint", "turns_deg"): ("degrees", "turn of the reference, a row each"),
    ("joint", "shifts_px"): (
        "pixels of {m.describe.pitch_um:g} um",
        "from a point of the comparison to its counterpart on the turned reference, a column each",
    ),
    ("consensus", "rotation_deg"): ("degrees", "turn of the reference that most cells followed"),
    ("consensus", "shift_um"): ("um", "shift, (row, col), after that turn"),
}


def write_trace_files(traces: Mapping[str, Trace], folder: Path, method: MethodParams) -> None:
    """Write a folder for each trace, and `index.csv`: what each file holds, in which unit.

    In them are `NN-stage.npz` with the arrays and `NN-stage.json` with the rest of each stage.

    Raises ParameterError: the folder cannot be made or written.
    """
    try:
        rows = [
            (f"{name}/{file}", *rest)
            for name, trace in traces.items()
            for file, *rest in _write(trace, folder / name, method)
        ]
        with (folder / INDEX).open("w", newline="", encoding="utf-8") as stream:
            write_csv(stream, COLUMNS, rows)
    except OSError as error:
        raise ParameterError(f"{folder}: a folder to write needed, {error.strerror}") from error


def _write(trace: Trace, folder: Path, method: MethodParams) -> Iterator[tuple[str, ...]]:
    """Write the files of one trace; for each result its file, name, shape, unit and meaning."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (stage, results) in enumerate(trace, start=1):
        path = folder / f"{number:02d}-{stage.replace(' ', '-')}"
        arrays = {k: v for k, v in results.items() if isinstance(v, np.ndarray)}
        others = {k: v for k, v in results.items() if k not in arrays}
        if arrays:
            np.savez_compressed(path.with_suffix(".npz"), allow_pickle=False, **arrays)
        if others:
            path.with_suffix(".json").write_text(as_json(others) + "\n", encoding="utf-8")
        for name, value in results.items():
            unit, holds = _HOLDS.get((stage, name), ("", ""))
            shape = " x ".join(map(str, np.shape(value))) if name in arrays else ""
            suffix = ".npz" if name in arrays else ".json"
            yield path.name + suffix, name, shape, unit.format(m=method), holds.format(m=method)
