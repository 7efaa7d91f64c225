"""`ribin compare`: two scans to a score and its evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ribin.commands.options import (
    A_PATH,
    json_option,
    lighting_option,
    mark_option,
    params_option,
    pitch_option,
    reason_option,
    rotation_option,
    who_option,
)
from ribin.commands.terminal import exit_after, say
from ribin.params.defaults import Params

CIRCLE = "MARK:ROW,COL,RADIUS[,INNER]"


@click.command(short_help="Compare two scans.")
@click.argument("reference", type=A_PATH)
@click.argument("comparison", type=A_PATH)
@click.option("--trace", "trace_folder", type=A_PATH, help="Folder for the result of each stage.")
@click.option("--overlay", type=A_PATH, help="PNG with both marks and the cells on them.")
@click.option(
    "--render",
    is_flag=True,
    help="EXPERIMENTAL: compare a topography with an image, rendered under the light of the image.",
)
@mark_option
@click.option(
    "--replica",
    type=click.Choice(("reference", "comparison", "both")),
    help="Which side is a scan of a cast: mirrored and inverted.",
)
@click.option("--reference-mask", type=A_PATH, help="White inside the reference's breech face.")
@click.option("--comparison-mask", type=A_PATH, help="White inside the comparison's breech face.")
@click.option("--reference-circle", multiple=True, metavar=CIRCLE, help="Outline, in pixels.")
@click.option("--comparison-circle", multiple=True, metavar=CIRCLE, help="Outline, in pixels.")
@pitch_option
@lighting_option
@params_option
@rotation_option
@who_option
@reason_option
@json_option
def compare(
    reference: Path,
    comparison: Path,
    trace_folder: Path | None,
    overlay: Path | None,
    mark: str | None,
    render: bool,
    params: Params,
    json_output: bool,
    **asked: Any,
) -> None:
    """Compare two scans: congruent cells, whole-mark correlation, and the score made of them.

    The table has a row for each cell, by the number that --overlay draws on it, and says of a
    cell that does not agree why. --trace writes what each stage made, and index.csv with what each
    file holds.

    \b
    Examples:
      ribin compare A.x3p B.x3p
      ribin compare A.x3p B.x3p --json --overlay ab.png --trace ab_stages
      ribin compare A.x3p B.x3p --rotation any
      ribin compare photo.png head.x3p --render --lighting ring
      ribin compare head.x3p cast.x3p --mark firing_pin --replica comparison

    MARK in a circle is breech_face, firing_pin or ejector. A pair that agrees clearly better
    mirrored than as read gets a note that says so.
    """
    from ribin.commands.options import readings_of
    from ribin.report.json import as_json
    from ribin.services.files import check_picture
    from ribin.services.marks import draw_sides
    from ribin.services.pair import compare_files, explain, write_traces

    check_picture(overlay)
    readings = readings_of(asked)
    done = compare_files(reference, comparison, readings, params, mark, bool(trace_folder), render)
    if trace_folder:
        write_traces(done, params, trace_folder)
    if overlay:
        draw_sides(done.reference.mark, done.comparison.mark, done.result, params, overlay)
    say(as_json(done.result) if json_output else explain(done, params))
    exit_after(done=0, failed=not done.result.compared)
