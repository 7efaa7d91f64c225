"""`ribin compare`: two scans to a score and its evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ribin.commands.options import A_PATH, WEIGHED_PAIR, Call, common_options
from ribin.commands.terminal import exit_after


@click.command(short_help="Compare two scans.")
@click.argument("reference")
@click.argument("comparison")
@click.option("--trace", "trace_folder", type=A_PATH, help="Folder for the result of each stage.")
@click.option("--overlay", type=A_PATH, help="PNG with both marks and the cells on them.")
@click.option(
    "--render",
    is_flag=True,
    help="EXPERIMENTAL: compare a topography with an image, rendered under the light of the image.",
)
@common_options(*WEIGHED_PAIR, "json")
def compare(
    reference: str,
    comparison: str,
    trace_folder: Path | None,
    overlay: Path | None,
    render: bool,
    call: Call,
    **asked: Any,
) -> None:
    """Compare two scans: congruent cells, whole-mark correlation, and the score made of them.

    REFERENCE and COMPARISON are files, exhibits of your vault, or MEMBER:EXHIBIT where the owner
    shows it in the scope. `./NAME` is always a file, `exhibit:NAME` always an exhibit.

    The table has a row for each cell, by the number that --overlay draws on it, and says of a
    cell that does not agree why. --trace writes what each stage made, and index.csv with what each
    file holds.

    \b
    Examples:
      ribin compare A.x3p B.x3p
      ribin compare A.x3p B.x3p --json --overlay ab.png --trace ab_stages
      ribin compare A.x3p 2026-17-3 --vault vaults/JAM --rotation any
      ribin compare photo.png head.x3p --render --lighting ring
      ribin compare A.x3p B.x3p --population study.json --calibre 9x19 --ammunition CBC
      ribin compare head.x3p cast.x3p --mark firing_pin --replica comparison

    With --population the score is weighed by reference data of your laboratory: log10 of a
    likelihood ratio with its interval and bounds, or the reasons why there is none.

    MARK in a circle is breech_face, firing_pin or ejector. A pair that agrees clearly better
    mirrored than as read gets a note that says so.
    """
    from ribin.evaluate.weight import weight_text
    from ribin.report.json import plain_value
    from ribin.services.files import PICTURE, check_output
    from ribin.services.marks import named_source
    from ribin.services.pair import draw_pair, explain, left_out_facts, prepare_pair, write_traces

    check_output(overlay, PICTURE)
    options = call.pair(render=render, traced=bool(trace_folder))
    with call.asker("comparison") as asker:
        one, two = (named_source(name, asker.session) for name in (reference, comparison))
        pair = prepare_pair(one, two, asker, options)
        weight = call.weight(pair, (one, two), asker)
    if trace_folder:
        write_traces(pair, trace_folder)
    if overlay:
        draw_pair(pair, overlay)
    shown = (
        plain_value(pair.result)
        | left_out_facts(pair.sides)
        | ({"weight": weight} if weight else {})
    )
    call.show(shown, lambda _: "\n\n".join([explain(pair), *weight_text(weight)]))
    exit_after(done=0, failed=not pair.result.compared)
