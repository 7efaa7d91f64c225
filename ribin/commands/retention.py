"""`ribin retention` and `ribin purge`: how long exhibits are kept."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.commands.options import json_option, reason_option, vault_option, who_option
from ribin.commands.terminal import exit_after, list_failed


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
    from ribin.services.sharing import change_retention, due_table
    from ribin.vault.retention import retention_dates

    with open_own(vault) as opened:
        change_retention(opened, exhibits, until, days, who, reason)
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
    from ribin.services.sharing import purge_each, purge_text

    with open_own(vault) as opened:
        report = purge_each(opened, exhibits, due, dry_run, who, reason)
    click.echo(as_json(report) if json_output else purge_text(report))
    list_failed(report.failed)
    exit_after(done=len(report.purged), failed=len(report.failed))
