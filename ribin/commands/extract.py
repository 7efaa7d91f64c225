"""`ribin extract`: the marks found in a scan, for an examiner to look at and correct."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.commands.colour import say
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
from ribin.params.defaults import Params


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
    from ribin.commands.extraction import extract_file, write_extracted
    from ribin.report.json import as_json
    from ribin.report.outlines import outlines_summary, outlines_table
    from ribin.services.files import check_picture
    from ribin.services.reading import Reading

    check_picture(overlay)
    reading = Reading(pixel_pitch_um, mask, circles, replica, who, reason)
    done = extract_file(file, reading, params)
    masks = write_extracted(done, overlay, folder)
    summary = outlines_summary(*done.parts, masks)
    say(as_json(summary) if json_output else outlines_table(*done.parts))
