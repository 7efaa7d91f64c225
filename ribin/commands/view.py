"""`ribin view`: two marks as under a comparison microscope, in a page for a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ribin.commands.options import A_PATH, PAIR, Call, common_options
from ribin.commands.terminal import exit_after, say


@click.command(short_help="A page to look at two marks.")
@click.argument("reference")
@click.argument("comparison")
@click.option("-o", "--output", type=A_PATH, required=True, help="Page to write, .html.")
@click.option("--annotations", type=A_PATH, help="JSON that a page of this pair saved.")
@common_options(*PAIR)
def view(
    reference: str,
    comparison: str,
    output: Path,
    annotations: Path | None,
    call: Call,
    **asked: Any,
) -> None:
    """Write a page that shows two marks as under a comparison microscope.

    The page is one file and needs no network: any current browser opens it. Both marks lie as the
    comparison laid them and move, zoom and turn together, side by side, split by a line, blended,
    in turns or as a map of differences, under a lamp that you move. It shows the cells and why
    each counts, draws profiles, and keeps your annotations as JSON. `?` lists its keys.

    REFERENCE and COMPARISON are files, exhibits of your vault, or MEMBER:EXHIBIT where the owner
    shows it in the scope. `./NAME` is always a file, `exhibit:NAME` always an exhibit.

    \b
    Examples:
      ribin view A.x3p B.x3p -o ab.html
      ribin view A.x3p B.x3p -o ab.html --annotations A--B.annotations.json
      ribin view 2026-17-3 BLZ:2025-42-1 --vault vaults/JAM --network network.toml \\
          --scope cluster --reason "shooting of 3 May" -o page.html
    """
    from ribin.services.files import PAGE, check_output
    from ribin.services.marks import named_source
    from ribin.services.pair import annotations_in, pair_page, prepare_pair, write_page

    check_output(output, PAGE)
    with call.asker("picture") as asker:
        one, two = (named_source(name, asker.session) for name in (reference, comparison))
        pair = prepare_pair(one, two, asker, call.pair())
        notes = annotations_in(annotations, pair) if annotations else ()
        html = pair_page(pair, asker, notes)
    write_page(html, output)
    result = pair.result
    say(f"{output}: page of {result.reference} and {result.comparison} written")
    if result.reason:
        say(f"not compared: {result.reason}", err=True)
    exit_after(done=1, failed=not result.compared)
