"""`ribin extract`: the marks found in a scan, for an examiner to look at and correct."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from ribin.commands.options import (
    A_PATH,
    circle_option,
    json_option,
    mask_option,
    params_option,
    pitch_option,
    reason_option,
    replica_option,
    who_option,
)
from ribin.commands.terminal import say
from ribin.model import MarkType, Quality, Region, Scan
from ribin.params.defaults import Params
from ribin.pipeline import find_marks, judge_mark
from ribin.report.outlines import draw_outlines, write_masks
from ribin.report.pictures import write_overlay
from ribin.services.files import whole_file
from ribin.services.reading import ReadOptions


@click.command(short_help="Show the marks found in a scan.")
@click.argument("file", type=A_PATH)
@click.option("--overlay", type=A_PATH, help="PNG of the scan with the marks drawn on it.")
@click.option("--masks", "folder", type=A_PATH, help="Folder for a mask of each mark (PNG).")
@mask_option
@circle_option
@replica_option
@pitch_option
@params_option
@who_option
@reason_option
@json_option
def extract(
    file: Path,
    overlay: Path | None,
    folder: Path | None,
    mask: Path | None,
    circles: tuple[str, ...],
    replica: bool,
    pixel_pitch_um: float | None,
    params: Params,
    who: str,
    reason: str,
    json_output: bool,
) -> None:
    """Find breech face, firing pin impression and ejector mark, and judge their quality.

    A mask or circles that you give replace what would be found. A mask that is written can be
    corrected with any paint program and given back with --mask.

    \b
    Examples:
      ribin extract head.x3p --overlay found.png --masks masks
      ribin extract head.x3p --circle breech_face:372,372,214,150 --overlay mine.png
    """
    from ribin.report.json import as_json
    from ribin.report.outlines import outlines_summary, outlines_table
    from ribin.services.files import check_picture
    from ribin.services.reading import ReadOptions

    check_picture(overlay)
    reading = ReadOptions(pixel_pitch_um, mask, circles, replica, who, reason)
    done = extract_file(file, reading, params)
    masks = write_extracted(done, overlay, folder)
    summary = outlines_summary(*done.parts, masks)
    say(as_json(summary) if json_output else outlines_table(*done.parts))


# The marks of one file with their quality, and the pictures of them.


@dataclass(frozen=True, eq=False)
class ExtractOutput:
    """What was found in one scan; regions and quality go together."""

    scan: Scan
    regions: tuple[Region, ...]
    quality: tuple[Quality, ...]

    @property
    def parts(self) -> tuple[Scan, tuple[Region, ...], tuple[Quality, ...]]:
        return self.scan, self.regions, self.quality


def extract_file(path: Path, reading: ReadOptions, params: Params) -> ExtractOutput:
    """Read a file, find its marks and judge them.

    Raises
    ------
    ScanError
        There is no mark in it.
    """
    scan = reading.scan(path, params)
    found = find_marks(scan, params)
    return ExtractOutput(
        scan,
        tuple(mark.region for mark in found),
        tuple(judge_mark(scan, mark, params) for mark in found),
    )


def write_extracted(
    done: ExtractOutput, overlay: Path | None, folder: Path | None
) -> dict[MarkType, Path]:
    """Write the picture and the masks where asked for; gives the path of each mask."""
    if overlay:
        with whole_file(overlay) as aside:
            write_overlay(draw_outlines(*done.parts), aside)
    return write_masks(done.scan, done.regions, folder) if folder else {}


# `ribin info`: what was read from a file.


@click.command(short_help="What a file holds.")
@click.argument("file", type=A_PATH)
@pitch_option
@params_option
@json_option
def info(file: Path, pixel_pitch_um: float | None, params: Params, json_output: bool) -> None:
    """Show what FILE holds: kind, shape, pitch, provenance, and what was repaired.

    \b
    Examples:
      ribin info case.x3p
      ribin info photograph.png --pixel-pitch-um 2.53 --json
    """
    from ribin.read import read_scan
    from ribin.report.json import as_json
    from ribin.report.text import scan_facts, scan_summary

    scan = read_scan(file, pixel_pitch_um=pixel_pitch_um, params=params.read)
    click.echo(as_json(scan_summary(scan)) if json_output else scan_facts(scan))
