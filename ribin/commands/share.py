"""`ribin share` and `ribin release`: what others may see of an exhibit."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.cases.exhibits import Scope
from ribin.commands.options import (
    A_PATH,
    SCOPES,
    json_option,
    network_option,
    params_option,
    reason_option,
    vault_option,
    who_option,
)
from ribin.commands.terminal import exit_after, list_failed
from ribin.params.defaults import Params


@click.command(short_help="How widely exhibits are shared.")
@click.argument("exhibits", metavar="[EXHIBIT]...", nargs=-1)
@click.option("--sharing", type=click.Choice(SCOPES), help="New level of these exhibits.")
@click.option("--default", "usual", type=click.Choice(SCOPES), help="Level of exhibits to come.")
@vault_option
@who_option
@reason_option
@json_option
def share(
    exhibits: tuple[str, ...],
    sharing: str | None,
    usual: str | None,
    vault: Path | None,
    who: str,
    reason: str,
    json_output: bool,
) -> None:
    """Show how widely each exhibit is shared, or change it; every change is in the audit log.

    Another member sees class fields and what a comparison needs, under an opaque name; exhibit,
    event and originals only after `ribin release`.

    \b
    Examples:
      ribin share --vault vaults/JAM
      ribin share 2026-17-3 --sharing cluster --reason "request of Belize" --vault vaults/JAM
      ribin share --default cluster --reason "agreement of 2026" --vault vaults/JAM
    """
    from ribin.report.json import as_json
    from ribin.services.session import open_own
    from ribin.services.sharing import SharingChange, change_sharing, sharing_facts, sharing_table

    level, coming = (Scope(word) if word else None for word in (sharing, usual))
    with open_own(vault) as opened:
        change_sharing(opened, SharingChange(exhibits, level, coming, who, reason))
        facts = sharing_facts(opened)
    click.echo(as_json(facts) if json_output else sharing_table(facts))


@click.command(short_help="Let another member know an exhibit and its event.")
@click.argument("exhibit")
@click.option("--to", "receiver", default="", help="Member that it is released to.")
@click.option("--original", is_flag=True, help="The original scans as well.")
@click.option("--end", "ended", is_flag=True, help="Take the release back.")
@vault_option
@network_option
@who_option
@reason_option
@json_option
def release(
    exhibit: str,
    receiver: str,
    original: bool,
    ended: bool,
    vault: Path | None,
    network_file: Path | None,
    who: str,
    reason: str,
    json_output: bool,
) -> None:
    """Release an exhibit of your vault to one member; `ribin share` lists what is released.

    The audit logs of both sides have it; of a member without a line, when it imports the next
    bundle.

    \b
    Examples:
      ribin release 2026-17-3 --to BLZ --reason "link with a case of Belize" --network network.toml
      ribin release 2026-17-3 --to BLZ --end --reason "case closed" --network network.toml
    """
    from ribin.report.json import as_json
    from ribin.services.session import needed_receiver, open_with_network
    from ribin.services.sharing import ReleaseRequest, release_line
    from ribin.services.sharing import release as release_to

    asked = ReleaseRequest(exhibit, needed_receiver(receiver), original, ended, who, reason)
    with open_with_network(vault, network_file) as (opened, network):
        done = release_to(opened, network, asked)
    click.echo(as_json(done) if json_output else release_line(done))


# `ribin original`: the scans of an exhibit as files, as they were received.


@click.command(short_help="Take out the scans of an exhibit.")
@click.argument("exhibit", metavar="[MEMBER:]EXHIBIT")
@click.option("-o", "--output", type=A_PATH, required=True, help="Folder to write to.")
@vault_option
@network_option
@params_option
@who_option
@reason_option
def original(
    exhibit: str,
    output: Path,
    vault: Path | None,
    network_file: Path | None,
    params: Params,
    who: str,
    reason: str,
) -> None:
    """Write the scans of an exhibit as files, byte by byte as they were received.

    Another member's are given after `ribin release --original`: over the line, where its audit log
    says so first, or of its last bundle where its vault is out of reach.

    \b
    Example:
      ribin original BLZ:BLZ-2025-0042-1 -o received --vault vaults/JAM \\
          --network network.toml --reason "shooting of 14 March"
    """
    from ribin.services.session import Session
    from ribin.services.sharing import write_original

    with Session.open(vault, network_file, params, 1) as session:
        paths = write_original(session, exhibit, output, who, reason)
    for path in paths:
        click.echo(f"{path}: written as it was received")


# `ribin retention` and `ribin purge`: how long exhibits are kept.


@click.command(short_help="How long exhibits are kept.")
@click.argument("exhibits", metavar="[EXHIBIT]...", nargs=-1)
@click.option("--until", metavar="DAY|none", help="Last day of these exhibits, YYYY-MM-DD.")
@click.option("--days", type=click.IntRange(min=0), help="Usual days after enrolment; 0: no end.")
@vault_option
@who_option
@reason_option
@json_option
def retention(
    exhibits: tuple[str, ...],
    until: str | None,
    days: int | None,
    vault: Path | None,
    who: str,
    reason: str,
    json_output: bool,
) -> None:
    """List the last day of each exhibit that has one, or set it. Nothing is purged by itself.

    \b
    Examples:
      ribin retention --vault vaults/JAM
      ribin retention --days 1825 --reason "data protection act" --vault vaults/JAM
      ribin retention 2026-17-3 --until 2031-12-31 --reason "order of the court" --vault vaults/JAM
    """
    from ribin.report.json import as_json
    from ribin.services.session import open_own
    from ribin.services.sharing import RetentionChange, change_retention, due_table
    from ribin.vault.retention import retention_dates

    day = "" if until == "none" else until
    with open_own(vault) as opened:
        change_retention(opened, RetentionChange(exhibits, day, days, who, reason))
        dates = retention_dates(opened)
    click.echo(as_json({"exhibits": dates}) if json_output else due_table(dates))


@click.command(short_help="Take exhibits out of the vault for good.")
@click.argument("exhibits", metavar="[EXHIBIT]...", nargs=-1)
@click.option("--due", metavar="DAY|today", help="All whose last day lies before this one.")
@click.option("--dry-run", is_flag=True, help="Say which, and change nothing.")
@vault_option
@who_option
@reason_option
@json_option
def purge(
    exhibits: tuple[str, ...],
    due: str | None,
    dry_run: bool,
    vault: Path | None,
    who: str,
    reason: str,
    json_output: bool,
) -> None:
    """Take exhibits with scans, marks and, where nothing else is of it, their event out of the
    vault. The audit log keeps its rows and a tombstone says what was there. An exhibit in a lead
    stays. Backups, exports and bundles made before are not reached.

    \b
    Examples:
      ribin purge --due today --dry-run --vault vaults/JAM
      ribin purge --due today --reason "data protection act" --vault vaults/JAM
    """
    from ribin.report.json import as_json
    from ribin.services.session import open_own
    from ribin.services.sharing import PurgeOptions, purge_each, purge_text

    with open_own(vault) as opened:
        report = purge_each(opened, PurgeOptions(exhibits, due, dry_run, who, reason))
    click.echo(as_json(report) if json_output else purge_text(report))
    list_failed(report.failed)
    exit_after(done=len(report.purged), failed=len(report.failed))
