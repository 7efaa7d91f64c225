"""`ribin enrol`: scans into a vault."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.commands.options import (
    A_PATH,
    EXHIBIT_KINDS,
    SCOPES,
    circle_option,
    jobs_option,
    json_option,
    lighting_option,
    mask_option,
    network_option,
    params_option,
    pitch_option,
    reason_option,
    replica_option,
    vault_option,
    who_option,
)
from ribin.params.defaults import Params


@click.command(short_help="Put scans into a vault.")
@click.argument("files", metavar="FILE...", nargs=-1, type=A_PATH)
@click.option("--manifest", type=A_PATH, help="exhibits.csv: a row for every scan.")
@click.option("--event", default="", help="Event that the scans belong to.")
@click.option("--exhibit", default="", help="Exhibit that the scans show.")
@click.option("--case-number", default="", help="Case number of the event.")
@click.option("--date", default="", help="Day of the event, YYYY-MM-DD.")
@click.option("--place", default="", help="Place of the event.")
@click.option("--kind", type=click.Choice(EXHIBIT_KINDS), show_default="evidence")
@click.option("--calibre", default="", help="Such as 9x19.")
@click.option("--firing-pin-shape", default="", help="Such as round or rectangular.")
@click.option("--breech-face-type", default="", help="Such as parallel, arched or granular.")
@click.option("--ammunition", default="", help="Maker of the cartridge.")
@click.option("--firearm", default="", help="Weapon of a test fire.")
@click.option(
    "--sharing",
    type=click.Choice(SCOPES),
    show_default="country",
    help="Widest scope in which it may be seen.",
)
@click.option(
    "--accept-unusable",
    default="",
    metavar="REASON",
    help="Enrol marks of unusable quality all the same; the reason is kept with the scan.",
)
@click.option("--search", "at_once", type=click.Choice(SCOPES), help="Search with what is new.")
@click.option("--top", type=click.IntRange(min=1), default=20, show_default=True)
@click.option(
    "--map",
    "columns",
    multiple=True,
    metavar="THEIRS=OURS",
    help="What a column of the manifest is called here; THEIRS= leaves it out.",
)
@click.option("--dry-run", is_flag=True, help="List every problem of every row, and write nothing.")
@mask_option
@circle_option
@replica_option
@vault_option
@network_option
@pitch_option
@lighting_option
@params_option
@jobs_option
@who_option
@reason_option
@json_option
def enrol(
    files: tuple[Path, ...],
    manifest: Path | None,
    vault: Path | None,
    network_file: Path | None,
    pixel_pitch_um: float | None,
    mask: Path | None,
    circles: tuple[str, ...],
    replica: bool,
    accept_unusable: str,
    columns: tuple[str, ...],
    dry_run: bool,
    at_once: str | None,
    top: int,
    params: Params,
    jobs: int,
    who: str,
    reason: str,
    json_output: bool,
    **fields: str | None,
) -> None:
    """Enrol scans of one exhibit, or all rows of a manifest.

    A row that fails is listed with its reason and does not stop the others. A scan that is in the
    vault already is said to be there and changes nothing. --search looks at once for candidates
    like each scan that is new, in a scope; beyond the country it needs --reason.

    \b
    Examples:
      ribin enrol a.x3p --vault JAM --event 2026-17 --exhibit 2026-17-3 --calibre 9x19
      ribin enrol --manifest exhibits.csv --network network.toml
      ribin enrol a.x3p --vault JAM --event 2026-17 --exhibit 2026-17-3 --network network.toml \\
          --search cluster --reason "shooting of 3 May"

    --dry-run reads every scan and lists all that would be refused, row by row. Columns of another
    program's list are named by --map "Case No=case_number" --map "Remarks=".

    The manifest has the columns file, event, exhibit and optionally member, case_number, date,
    place, kind, calibre, firing_pin_shape, breech_face_type, ammunition, firearm, sharing and
    lighting. An empty or absent cell has the value of the option.
    """
    from ribin.commands.enrolment import asked_at_once, enrol_and_say, say_rehearsal
    from ribin.commands.manifest import chosen_rows
    from ribin.services.session import Vaults

    wanted = asked_at_once(at_once, network_file, params, jobs, who, reason, top)
    rows = chosen_rows(files, manifest, fields, bool(mask or circles), columns)
    said = (pixel_pitch_um, mask, circles, replica, accept_unusable)
    with Vaults(vault, network_file) as vaults:
        intake = (params, who, reason, *said)
        if dry_run:
            say_rehearsal(rows, vaults, intake, json_output)
        else:
            enrol_and_say(rows, vaults, intake, wanted, json_output)
