"""`ribin synth`: made-up scans whose firearm is known."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from ribin.commands.options import A_PATH, FiniteRange
from ribin.commands.terminal import Progress
from ribin.errors import ParameterError
from ribin.synth.breech import BreechFace
from ribin.synth.cartridge import fire
from ribin.synth.firearm import Firearm, FirearmSpec, make_firearm
from ribin.synth.write import write_x3p


@click.group(short_help="Make synthetic scans.")
def synth() -> None:
    """Make synthetic scans for tests and training."""


@synth.command()
@click.argument("folder", type=A_PATH)
@click.option("--firearms", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--cases", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option(
    "--mark-strength",
    type=FiniteRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Relief of the firearm; below 0.4 a case is weakly marked.",
)
def scans(folder: Path, firearms: int, cases: int, seed: int, mark_strength: float) -> None:
    """Write X3P scans of CASES cartridge cases of each firearm, and labels.csv, into FOLDER.

    The same options make the same files.

    \b
    Example:
      ribin synth scans drill --firearms 10 --cases 3
      ribin evaluate drill
    """

    written = write_series(folder, Series(firearms, cases, seed, mark_strength), Progress())
    click.echo(f"{folder}: {written} scans and labels.csv written")


@synth.command()
@click.argument("folder", type=A_PATH)
@click.option("--exhibits", type=click.IntRange(min=1), default=10_000, show_default=True)
@click.option("--whole", type=click.IntRange(min=0), default=20, show_default=True,
              help="Of them, synthetic cases with scan files; two of each firearm.")  # fmt: skip
@click.option("--member", default="JAM", show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
def gallery(folder: Path, exhibits: int, whole: int, member: str, seed: int) -> None:
    """Make a vault of any size in FOLDER to try searches with; no evidence goes into it.

    Some exhibits are whole synthetic cases. The others are rows of the catalogue and sketches in
    the index alone, with the spectra and outlines of synthetic marks; they are searched at the
    coarse stage, and counted as not compared after it. Their index cannot be made anew.

    \b
    Example:
      ribin synth gallery big --exhibits 100000
    """
    from ribin.gallery import GallerySpec, make_gallery

    spec = GallerySpec(exhibits, min(whole, exhibits), seed)
    make_gallery(folder, member, spec, tick=Progress())
    click.echo(f"{folder}: {exhibits} exhibits, {spec.whole} of them with scan files")


@synth.command()
@click.argument("file", type=A_PATH)
@click.option("--light", "lamp", type=click.Choice(["ring", "side"]), required=True)
@click.option(
    "--azimuth",
    type=FiniteRange(),
    default=0.0,
    show_default=True,
    help="Where a side light stands: degrees counter-clockwise from the right.",
)
@click.option(
    "--elevation",
    type=FiniteRange(0, 90, min_open=True, max_open=True),
    default=45.0,
    show_default=True,
    help="Degrees of the lamps above the plane of the image.",
)
@click.option("--gain", type=FiniteRange(min=0, min_open=True), default=1.0, show_default=True)
@click.option(
    "--noise",
    type=FiniteRange(min=0),
    default=4.0,
    show_default=True,
    help="Standard deviation in grey levels of 255.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--mask/--no-mask", default=True, help="Whether NAME.mask.png is written beside it.")
@click.option("-o", "--output", metavar="IMAGE", type=A_PATH, required=True, help="PNG to write.")
def render(
    file: Path,
    lamp: str,
    azimuth: float,
    elevation: float,
    gain: float,
    noise: float,
    seed: int,
    mask: bool,
    output: Path,
) -> None:
    """Render the heights of FILE as a camera sees them under a ring light or a side light.

    The image keeps the pixels of the scan and states their pitch. The mask beside it is white where
    the mark was measured; leave it out for a whole head, whose marks are to be found.

    \b
    Examples:
      ribin synth render A.x3p --light ring -o A.png
      ribin synth render A.x3p --light side --azimuth 90 -o A-top.png
    """
    from ribin.read import read_scan
    from ribin.synth.render import Camera, Lamp, Light, render_scan
    from ribin.synth.write import write_png

    light = Light(Lamp(lamp), azimuth_deg=azimuth, elevation_deg=elevation)
    image = render_scan(read_scan(file), light, Camera(gain, noise, seed=seed))
    write_png(image, output, masked=mask)
    click.echo(f"{output}: {lamp} light, {image.shape[0]} x {image.shape[1]} pixels")


# A series of synthetic scans in a folder, with the labels that `ribin evaluate` reads.

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
