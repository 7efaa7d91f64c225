"""`ribin view`: two marks as under a comparison microscope, in a page for a browser."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from ribin.commands.options import (
    A_PATH,
    SCOPES,
    lighting_option,
    mark_option,
    network_option,
    params_option,
    pitch_option,
    reason_option,
    rotation_option,
    vault_option,
    who_option,
)
from ribin.commands.terminal import exit_after
from ribin.params.defaults import Params

CIRCLE = "MARK:ROW,COL,RADIUS[,INNER]"


@click.command(short_help="A page to look at two marks.")
@click.argument("reference")
@click.argument("comparison")
@click.option("-o", "--output", type=A_PATH, required=True, help="Page to write, .html.")
@click.option("--annotations", type=A_PATH, help="JSON that a page of this pair saved.")
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
@click.option("--scope", type=click.Choice(SCOPES), show_default="country")
@vault_option
@network_option
@pitch_option
@lighting_option
@params_option
@rotation_option
@who_option
@reason_option
def view(
    reference: str,
    comparison: str,
    output: Path,
    annotations: Path | None,
    mark: str | None,
    vault: Path | None,
    network_file: Path | None,
    params: Params,
    **asked: Any,
) -> None:
    """Write a page that shows two marks as under a comparison microscope.

    The page is one file and needs no network: any current browser opens it. Both marks lie as the
    comparison laid them and move, zoom and turn together, side by side, split by a line, blended,
    in turns or as a map of differences, under a lamp that you move. It shows the cells and why
    each counts, draws profiles, and keeps your annotations as JSON. `?` lists its keys.

    REFERENCE and COMPARISON are files, exhibits of your vault, or MEMBER:EXHIBIT where the owner
    shows it in the scope.

    \b
    Examples:
      ribin view A.x3p B.x3p -o ab.html
      ribin view A.x3p B.x3p -o ab.html --annotations A--B.annotations.json
      ribin view 2026-17-3 BLZ:2025-42-1 --vault vaults/JAM --network network.toml \\
          --scope cluster --reason "shooting of 3 May" -o page.html
    """
    from ribin.commands.options import readings_of, view_request
    from ribin.services.pair import check_page, view_pair, write_page
    from ribin.services.session import Session

    check_page(output)
    names, readings = (reference, comparison), readings_of(asked)
    opened = Session.open(vault, network_file, params, 1) if vault else nullcontext()
    with opened as session:
        request = view_request(session, asked)
        html, result = view_pair(names, readings, mark, params, session, request, annotations)
    write_page(html, output)
    click.echo(f"{output}: page of {result.reference} and {result.comparison} written")
    if result.reason:
        click.echo(f"not compared: {result.reason}", err=True)
    exit_after(done=1, failed=not result.compared)
