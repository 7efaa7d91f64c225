"""`ribin share` and `ribin release`: what others may see of an exhibit."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.commands.options import A_PATH, SCOPES, Call, common_options
from ribin.commands.terminal import asking, exit_after, list_failed, say


@click.command(short_help="How widely exhibits are shared.")
@click.argument("exhibits", metavar="[EXHIBIT]...", nargs=-1)
@click.option("--sharing", type=click.Choice(SCOPES), help="New level of these exhibits.")
@click.option("--default", "usual", type=click.Choice(SCOPES), help="Level of exhibits to come.")
@common_options("vault", "who", "reason", "json")
def share(exhibits: tuple[str, ...], sharing: str | None, usual: str | None, call: Call) -> None:
    """Show how widely each exhibit is shared, or change it; every change is in the audit log.

    Another member sees class fields and what a comparison needs, under a pseudonym; exhibit,
    event and originals only after `ribin release`.

    \b
    Examples:
      ribin share --vault vaults/JAM
      ribin share 2026-17-3 --sharing cluster --reason "request of Belize" --vault vaults/JAM
      ribin share --default cluster --reason "agreement of 2026" --vault vaults/JAM
    """
    from ribin.cases.exhibits import Scope
    from ribin.services.sharing import SharingChange, change_sharing, sharing_facts, sharing_table

    level, coming = (Scope(word) if word else None for word in (sharing, usual))
    with call.own_vault() as opened:
        change_sharing(opened, SharingChange(exhibits, level, coming, call.who, call.reason))
        facts = sharing_facts(opened)
    call.show(facts, sharing_table)


@click.command(short_help="Let another member know an exhibit and its event.")
@click.argument("exhibit")
@click.option("--to", "receiver", default="", help="Member that it is released to.")
@click.option("--original", is_flag=True, help="The original scans as well.")
@click.option("--end", "ended", is_flag=True, help="Take the release back.")
@common_options("vault", "network", "who", "reason", "json")
def release(exhibit: str, receiver: str, original: bool, ended: bool, call: Call) -> None:
    """Release an exhibit of your vault to one member; `ribin share` lists what is released.

    The audit logs of both sides have it; of a member without a line, when it imports the next
    bundle.

    \b
    Examples:
      ribin release 2026-17-3 --to BLZ --reason "link with a case of Belize" --network network.toml
      ribin release 2026-17-3 --to BLZ --end --reason "case closed" --network network.toml
    """
    from ribin.services.sharing import ReleaseRequest, release_line
    from ribin.services.sharing import release as release_to

    asked = ReleaseRequest(exhibit, receiver, original, ended, call.who, call.reason)
    network = call.needed_network()
    with call.own_vault() as opened:
        done = release_to(opened, network, asked)
    call.show(done, release_line)


# `ribin original`: the scans of an exhibit as files, as they were received.


@click.command(short_help="Take out the scans of an exhibit.")
@click.argument("exhibit", metavar="[MEMBER:]EXHIBIT")
@click.option("-o", "--output", type=A_PATH, required=True, help="Folder to write to.")
@common_options("vault", "network", "params", "who", "reason")
def original(exhibit: str, output: Path, call: Call) -> None:
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

    with Session.open(call.vault, call.network_file, call.params, 1) as session:
        paths = write_original(session, exhibit, output, call.who, call.reason)
    for path in paths:
        say(f"{path}: written as it was received")


# `ribin retention` and `ribin purge`: how long exhibits are kept.

_yes = click.option("--yes", is_flag=True, help="Do not ask.")


@click.command(short_help="How long exhibits are kept.")
@click.argument("exhibits", metavar="[EXHIBIT]...", nargs=-1)
@click.option("--until", metavar="DAY|none", help="Last day of these exhibits, YYYY-MM-DD.")
@click.option("--days", type=click.IntRange(min=0), help="Usual days after enrolment; 0: no end.")
@_yes
@common_options("vault", "who", "reason", "json")
def retention(
    exhibits: tuple[str, ...], until: str | None, days: int | None, yes: bool, call: Call
) -> None:
    """List the last day of each exhibit that has one, or set it. Nothing is purged by itself.

    A change that makes exhibits due, or their time shorter, shows which and asks.

    \b
    Examples:
      ribin retention --vault vaults/JAM
      ribin retention --days 1825 --reason "data protection act" --vault vaults/JAM
      ribin retention 2026-17-3 --until 2031-12-31 --reason "order of the court" --vault vaults/JAM
    """
    from ribin.services.sharing import RetentionChange, change_retention, due_table
    from ribin.vault.retention import retention_dates

    day = "" if until == "none" else until
    with call.own_vault() as opened:
        asked = RetentionChange(exhibits, day, days, call.who, call.reason)
        change_retention(opened, asked, asking("Keep them for a shorter time?", yes))
        dates = retention_dates(opened)
    call.show(dates, due_table, "exhibits")


@click.command(short_help="Take exhibits out of the vault for good.")
@click.argument("exhibits", metavar="[EXHIBIT]...", nargs=-1)
@click.option("--due", metavar="DAY|today", help="All whose last day lies before this one.")
@click.option("--dry-run", is_flag=True, help="Say which, and change nothing.")
@_yes
@common_options("vault", "network", "who", "reason", "json")
def purge(exhibits: tuple[str, ...], due: str | None, dry_run: bool, yes: bool, call: Call) -> None:
    """Take exhibits with scans, marks and, where nothing else is of it, their event out of the
    vault. The audit log keeps its rows and a tombstone says what was there. An exhibit in a lead
    stays. Backups, exports and bundles made before are not reached. What would go is shown, and you
    are asked. Members that one was released to are told that the release has ended, as `ribin
    release --end` tells them.

    \b
    Examples:
      ribin purge --due today --dry-run --vault vaults/JAM
      ribin purge --due today --reason "data protection act" --vault vaults/JAM
    """
    from ribin.services.sharing import PurgeOptions, purge_each, purge_text

    network = call.network()
    with call.own_vault() as opened:
        asked = PurgeOptions(exhibits, due, dry_run, call.who, call.reason)
        agree = asking("Take them out of the vault for good?", yes)
        report = purge_each(opened, asked, agree, network)
    call.show(report, purge_text)
    say("\n".join(report.told), err=True, nl=bool(report.told))
    list_failed(report.failed)
    exit_after(done=len(report.purged), failed=len(report.failed))
