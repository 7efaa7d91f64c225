"""`ribin extract` and `ribin info`: the marks of a scan, to be corrected, and what was read."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.commands.options import A_PATH, SCAN, Call, common_options
from ribin.commands.terminal import say


@click.command(short_help="Show the marks found in a scan.")
@click.argument("file", metavar="FILE|EXHIBIT")
@click.option("--overlay", type=A_PATH, help="PNG of the scan with the marks drawn on it.")
@click.option("--masks", "folder", type=A_PATH, help="Folder for a mask of each mark (PNG).")
@common_options(*SCAN, "json")
def extract(file: str, overlay: Path | None, folder: Path | None, call: Call) -> None:
    """Find breech face, firing pin impression and ejector mark, and judge their quality.

    A mask or circles that you give replace what would be found. A mask that is written can be
    corrected with any paint program and given back with --mask. An exhibit of your vault is read
    as at its enrolment; of another member's, MEMBER:EXHIBIT, the released original is needed.

    \b
    Examples:
      ribin extract head.x3p --overlay found.png --masks masks
      ribin extract head.x3p --circle breech_face:372,372,214,150 --overlay mine.png
      ribin extract 2026-17-3 --vault vaults/JAM --overlay enrolled.png
    """
    from ribin.pipeline import judge_marks
    from ribin.report.json import as_json
    from ribin.report.outlines import draw_outlines, outlines_summary, outlines_table, write_masks
    from ribin.report.pictures import write_overlay
    from ribin.services.files import PICTURE, check_output, whole_file
    from ribin.services.marks import named_source, scan_of

    check_output(overlay, PICTURE)
    with call.asker("original") as asker:
        scan = scan_of(named_source(file, asker.session), asker, call.reading())
    judged = judge_marks(scan, asker.params)
    found = scan, [one.region for one in judged], [one.quality for one in judged]
    if overlay:
        with whole_file(overlay) as aside:
            write_overlay(draw_outlines(*found), aside)
    masks = write_masks(scan, found[1], folder) if folder else {}
    say(as_json(outlines_summary(*found, masks)) if call.json_output else outlines_table(*found))


@click.command(short_help="What a file holds.")
@click.argument("file", metavar="FILE|EXHIBIT")
@common_options(*SCAN, "json")
def info(file: str, call: Call) -> None:
    """Show what FILE holds: kind, shape, pitch, provenance, and what was repaired.

    An exhibit of your vault is read as at its enrolment; of another member's, MEMBER:EXHIBIT, the
    released original is needed, because the provenance tells day, instrument and hash.

    \b
    Examples:
      ribin info case.x3p
      ribin info photograph.png --pixel-pitch-um 2.53 --json
      ribin info 2026-17-3 --vault vaults/JAM
    """
    from ribin.report.json import as_json
    from ribin.report.text import scan_facts, scan_summary
    from ribin.services.marks import named_source, scan_of

    with call.asker("original") as asker:
        scan = scan_of(named_source(file, asker.session), asker, call.reading())
    say(as_json(scan_summary(scan)) if call.json_output else scan_facts(scan))
