"""`ribin compare`: two scans to a score and its evidence."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.commands.exits import exit_after
from ribin.commands.options import A_PATH, json_option, params_option, pitch_option
from ribin.params import Params


@click.command(short_help="Compare two scans.")
@click.argument("reference", type=A_PATH)
@click.argument("comparison", type=A_PATH)
@click.option("--trace", "trace_folder", type=A_PATH, help="Folder for the result of each stage.")
@click.option("--overlay", type=A_PATH, help="PNG with both marks and the cells on them.")
@pitch_option
@params_option
@json_option
def compare(
    reference: Path,
    comparison: Path,
    trace_folder: Path | None,
    overlay: Path | None,
    pixel_pitch_um: float | None,
    params: Params,
    json_output: bool,
) -> None:
    """Compare two scans: congruent cells, whole-mark correlation, and the score made of them.

    \b
    Examples:
      ribin compare A.x3p B.x3p
      ribin compare A.x3p B.x3p --json --overlay ab.png --trace ab_stages
    """
    from ribin.commands.sides import compare_files, draw_sides, write_traces
    from ribin.report.json_text import as_json
    from ribin.report.tables import comparison_facts

    done = compare_files(reference, comparison, pixel_pitch_um, params, bool(trace_folder))
    if trace_folder:
        write_traces(done, trace_folder)
    if overlay:
        draw_sides(done.reference.mark, done.comparison.mark, done.result, params, overlay)
    click.echo(as_json(done.result) if json_output else comparison_facts(done.result))
    exit_after(done=0, failed=not done.result.compared)
