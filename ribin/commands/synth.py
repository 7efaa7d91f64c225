"""`ribin synth`: made-up scans whose firearm is known."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.commands.options import A_PATH, Call, FiniteRange, common_options
from ribin.commands.terminal import Progress, say


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
    from ribin.synth.sample import Series, write_series

    written = write_series(folder, Series(firearms, cases, seed, mark_strength), Progress())
    say(f"{folder}: {written} scans and labels.csv written")


@synth.command()
@click.argument("folder", type=A_PATH)
@click.option("--exhibits", type=click.IntRange(min=1), default=100, show_default=True)
@click.option("--member", default="JAM", show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@common_options("jobs")
def gallery(folder: Path, exhibits: int, member: str, seed: int, call: Call) -> None:
    """Make a vault of synthetic cases in FOLDER to try searches with; no evidence goes into it.

    There are two cases of each firearm, under different events. The same options make the same
    scans.

    \b
    Example:
      ribin synth gallery big --exhibits 200
    """
    from ribin.services.demo import make_gallery

    make_gallery(folder, member, exhibits, seed, call.jobs, Progress())
    say(f"{folder}: {exhibits} exhibits")


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
    say(f"{output}: {lamp} light, {image.shape[0]} x {image.shape[1]} pixels")
