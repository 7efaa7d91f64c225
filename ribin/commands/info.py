"""`ribin info`: what was read from a file."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.commands.options import A_PATH, json_option, params_option, pitch_option
from ribin.params.defaults import Params


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
