"""A series of synthetic scans in a folder, with the labels that `ribin evaluate` reads."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ribin.errors import ParameterError
from ribin.synth.breech import BreechFace
from ribin.synth.cartridge import fire
from ribin.synth.firearm import Firearm, FirearmSpec, make_firearm
from ribin.synth.write import write_x3p

_SEEDS_APART = 1_000_000  # so that series of neighbouring seeds share no firearm


@dataclass(frozen=True)
class Series:
    """How many cases of how many firearms, and how strongly they are marked."""

    firearms: int
    cases: int
    seed: int
    mark_strength: float


def write_series(folder: Path, series: Series, tick: Callable[[str, int, int], None]) -> int:
    """Write the scans and labels.csv into a new or empty folder; gives the number of scans.

    Raises
    ------
    ParameterError
        The folder holds something already, or cannot be written.
    """
    total = series.firearms * series.cases
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ParameterError(f"{folder}: an empty folder needed, found files in it")
        labels = []
        for number, (name, firearm, shot) in enumerate(_shots(series), start=1):
            scan = fire(firearm, shot, mark_strength=series.mark_strength)
            file = f"case-{number:05d}.x3p"
            write_x3p(scan, folder / file)
            labels.append((file, name))
            tick("firing", number, total)
        with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([("file", "firearm"), *labels])
    except OSError as error:
        raise ParameterError(f"{folder}: a folder to write needed, {error.strerror}") from error
    return total


def _shots(series: Series) -> Iterator[tuple[str, Firearm, int]]:
    """Each case's firearm, by name, and the chance of its shot; kinds of face take turns."""
    faces = tuple(BreechFace)
    for number in range(series.firearms):
        spec = FirearmSpec(breech_face=faces[number % len(faces)])
        firearm = make_firearm(series.seed * _SEEDS_APART + number, spec)
        for case in range(series.cases):
            yield f"firearm-{number + 1:04d}", firearm, case
