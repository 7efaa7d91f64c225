"""`ribin synth`: made-up scans whose firearm is known."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.commands.options import A_PATH
from ribin.commands.progress import Progress


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
    type=click.FloatRange(min=0, min_open=True),
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
    from ribin.commands.series import Series, write_series

    written = write_series(folder, Series(firearms, cases, seed, mark_strength), Progress())
    click.echo(f"{folder}: {written} scans and labels.csv written")
