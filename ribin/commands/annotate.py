"""`ribin annotate`: what an examiner saw on a comparison page, saved to the vault."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.commands.options import A_PATH, Call, common_options
from ribin.commands.terminal import say
from ribin.text import counted


@click.command(short_help="Save the annotations of a comparison page.")
@click.argument("file", metavar="[FILE.json]", type=A_PATH, required=False)
@common_options("vault", "who", "reason", "json")
def annotate(file: Path | None, call: Call) -> None:
    """Save to your vault what you annotated on a comparison page, or list what is saved.

    FILE.json is what the page saved. One of the two scans must be enrolled in your vault. What you
    save of a pair takes the place of what you had saved of it before, which is kept; what others
    saved stands beside it. Reports of the pair show it.

    \b
    Examples:
      ribin annotate A--B.annotations.json --vault vaults/JAM
      ribin annotate --vault vaults/JAM
    """
    from ribin.report.text import annotations_table
    from ribin.services.annotations import save_annotation_file, saved_annotations

    with call.own_vault() as vault:
        if file is None:
            found, notes = saved_annotations(vault, call.who)
            call.show(found, annotations_table, "annotations")
            say("\n".join(notes), err=True, nl=bool(notes))
            return
        saved = save_annotation_file(vault, file, call.who, call.reason)
    pair, said = saved.pair, counted(len(saved.pair.annotations), "annotation")
    of = f"{pair.reference.label} and {pair.comparison.label}"
    say(f"{saved.number}: version {saved.version}, {said} of {of}")
