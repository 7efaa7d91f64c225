"""`ribin exhibit` and `ribin mark`: exhibits listed, shown and corrected."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

import click

from ribin.commands.options import EXHIBIT_KINDS, SCOPES, Call, common_options
from ribin.commands.terminal import asking, say, say_note
from ribin.text import counted

if TYPE_CHECKING:
    from ribin.search.network import Network
    from ribin.vault.vault import Vault


@click.group(short_help="List, show and correct exhibits.")
def exhibit() -> None:
    """The exhibits of a vault. A correction is a new version of what was stated; the old one stays
    visible (`exhibit show --history`), in the export and in the audit log.
    """


@exhibit.command("list")
@click.option("--text", default="", help="Words that are somewhere in what is known.")
@click.option("--event", default="", help="Part of the event.")
@click.option("--case-number", default="", help="Part of the case number.")
@click.option("--calibre", default="", help="Part of the calibre.")
@click.option("--firearm", default="", help="Part of the firearm of a test fire.")
@click.option("--kind", type=click.Choice(EXHIBIT_KINDS))
@click.option("--sharing", type=click.Choice(SCOPES))
@click.option("--from", "date_from", default="", help="First day of the event, YYYY-MM-DD.")
@click.option("--to", "date_to", default="", help="Last day of the event, YYYY-MM-DD.")
@click.option(
    "--verdict",
    type=click.Choice(("usable", "poor", "unusable")),
    help="With a mark of this quality.",
)
@click.option("--in-lead", is_flag=True, help="Only those that a lead is on.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV for spreadsheets.")
@common_options("vault", "who", "json")
def list_exhibits(
    kind: str | None,
    sharing: str | None,
    verdict: str | None,
    as_csv: bool,
    call: Call,
    **filters: str | bool,
) -> None:
    """List exhibits with event, class fields, marks and their quality, sharing, leads and links.

    \b
    Examples:
      ribin exhibit list --calibre 9x19 --from 2026-01-01 --vault vaults/JAM
      ribin exhibit list --verdict unusable --csv --vault vaults/JAM > again.csv
    """
    from ribin.cases.exhibits import ExhibitKind, Scope
    from ribin.services import exhibits as service

    kinds = ExhibitKind(kind) if kind else None, Scope(sharing) if sharing else None
    wanted = service.ExhibitFilters(
        kind=kinds[0],
        sharing=kinds[1],
        verdict=verdict or "",
        **filters,  # type: ignore[arg-type]
    )
    if as_csv and call.json_output:
        raise click.UsageError("one of --csv and --json needed")
    with call.own_vault() as vault:
        found = service.list_exhibits(vault, call.who, wanted)
    if as_csv:
        say(service.exhibits_csv(found), nl=False)
    elif call.json_output:
        call.show([service.exhibit_facts(one) for one in found], str, key="exhibits")
    else:
        say(service.exhibits_table(found))


@exhibit.command()
@click.argument("name", metavar="EXHIBIT")
@click.option("--history", is_flag=True, help="Every version of what was stated, and by whom.")
@common_options("vault", "who", "json")
def show(name: str, history: bool, call: Call) -> None:
    """Show one exhibit, by the name that it has or had, and what rests on it.

    \b
    Example:
      ribin exhibit show 2026-17-3 --history --vault vaults/JAM
    """
    from ribin.report.json import as_json
    from ribin.services import exhibits as service

    with call.own_vault() as vault:
        shown = service.show_exhibit(vault, call.who, name, history)
    facts = service.shown_facts(shown)
    say(as_json(facts) if call.json_output else service.exhibit_page(shown))


@exhibit.command()
@click.argument("names", metavar="EXHIBIT...", nargs=-1, required=True)
@click.option("--name", "exhibit", help="New name; the old one stays as an alias.")
@click.option("--event", help="Event that it belongs to.")
@click.option("--case-number", help="Case number of its event.")
@click.option("--date", help="Day of its event, YYYY-MM-DD.")
@click.option("--place", help="Place of its event.")
@click.option("--kind", type=click.Choice(EXHIBIT_KINDS))
@click.option("--calibre", help="Such as 9x19.")
@click.option("--firing-pin-shape", help="Such as round or rectangular.")
@click.option("--breech-face-type", help="Such as parallel, arched or granular.")
@click.option("--ammunition", help="Maker of the cartridge.")
@click.option("--firearm", help="Weapon of a test fire.")
@click.option("--erase-old", is_flag=True, help="Blank the text of old versions; hashes stay.")
@common_options("vault", "network", "who", "reason", "json")
def edit(names: tuple[str, ...], erase_old: bool, call: Call, **fields: str | None) -> None:
    """Correct what is stated of exhibits; "" clears a field. It needs --reason.

    Case number, day and place are those of the event, for all its exhibits. Another --event has
    those of the old one, where it is new. What other members were told is corrected by the next
    bundle or answer. Those that were released the exhibit, or have a lead on it, are told that it
    was corrected: at once where --network is given, else when they are reached next; a member
    without an agreement of yours only where --network says that it is near. --erase-old,
    for an administrator, blanks the text of the versions before.

    \b
    Examples:
      ribin exhibit edit 2026-17-3 --calibre .40 --reason "misread" --vault vaults/JAM
      ribin exhibit edit 2026-17-3 --name 2026-71-3 --event 2026-71 --reason "digits swapped"
      ribin exhibit edit 2026-17-3 --place Kingston --erase-old --reason "a private address"
    """
    from ribin.report.document import words
    from ribin.services.corrections import correct

    given = {name: value for name, value in fields.items() if value is not None}
    if not given and not erase_old:
        raise click.UsageError("a field to correct, or --erase-old, needed")
    network = call.network()
    with call.own_vault() as vault:
        done, concerned = correct(
            vault,
            names,
            given,
            erase_old=erase_old,
            who=call.who,
            reason=call.reason,
            network=network,
        )
        _tell(vault, network, call.who, concerned)
    lines = []
    for one in done:
        said = ", ".join(map(words, one.changed)) or "nothing"
        lines.append(f"{one.exhibit}: {said} corrected")
        if one.blanked:
            lines.append(f"{one.exhibit}: text of {one.blanked} old versions blanked")
            say(
                f"{one.exhibit}: backups, exports and bundles made before keep the old text, and "
                "the audit log keeps the names that the exhibit had",
                err=True,
            )
        if one.sharing_event:
            lines.append(f"{one.exhibit}: so for {one.sharing_event} other exhibits of its event")
    call.show(done, lambda _: "\n".join(lines), key="corrected")
    for one in done:
        _say_remarks(one.exhibit, one.remarks)


def _say_remarks(exhibit: str, remarks: Iterable[str]) -> None:
    for text in remarks:
        say_note(f"{exhibit}: {text}")


def _tell(vault: Vault, network: Network | None, who: str, concerned: Collection[str]) -> None:
    """Tell the members that a correction concerns, where there is a line, and say who knows."""
    from ribin.services.outbox import tell_now

    for note in tell_now(vault, network, concerned, who):
        say(note, err=True)


# `ribin mark`: what was made of a scan.


@click.group(short_help="Correct what was made of a scan.")
def mark() -> None:
    """The marks of a scan, outlined or read anew from its stored original, and a scan that was put
    under the wrong exhibit.
    """


@mark.command()
@click.argument("exhibit", metavar="EXHIBIT")
@click.argument("target", metavar="TARGET")
@click.option("--scan", default="", help="File name or SHA-256 of one of several scans.")
@click.option("--event", default="", help="Make TARGET, as an exhibit of this event.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common_options("vault", "network", "who", "reason", "json")
def move(exhibit: str, target: str, scan: str, event: str, yes: bool, call: Call) -> None:
    """Take a scan from EXHIBIT to TARGET, the exhibit that it shows. It needs --reason. Where a
    link or an open lead is on one of the two, it says so and asks. Other members are told as by
    `ribin exhibit edit`.

    \b
    Examples:
      ribin mark move 2026-17-3 2026-17-4 --reason "labels mixed up" --vault vaults/JAM
      ribin mark move 2026-17-3 2026-18-1 --scan b.x3p --event 2026-18 --reason "labels mixed up"
    """
    from ribin.services.corrections import move
    from ribin.services.exhibits import move_warnings

    with call.own_vault() as vault:
        if warnings := move_warnings(vault, call.who, (exhibit, target)):
            asking("Move the scan?", yes)(warnings)
        network, said = call.network(), {"who": call.who, "reason": call.reason}
        done, concerned = move(vault, exhibit, scan, target, event, **said, network=network)
        _tell(vault, network, call.who, concerned)
    left = f"{done.before} has {counted(done.left, 'scan')} left"
    if done.shared:
        left += f"\n{done.exhibit} is shared in the {done.shared}, and now this scan is"
    call.show(done, lambda one: f"{one.source}: moved from {one.before} to {one.exhibit}; {left}")
    _say_remarks(done.exhibit, done.remarks)


@mark.command()
@click.argument("exhibit", metavar="EXHIBIT")
@click.option("--scan", default="", help="File name or SHA-256 of one of several scans.")
@click.option(
    "--found",
    is_flag=True,
    help="Forget outlines of persons and --keep-all; the program finds marks.",
)
@click.option("--replica/--no-replica", "cast", default=None, help="A scan of a cast, or of none.")
@click.option(
    "--accept-unusable", default="", metavar="REASON", help="Marks of unusable quality as well."
)
@common_options(
    *("mask", "circle", "keep all", "lighting", "pitch", "vault", "network", "params"),
    *("who", "reason", "json"),
)
def redo(
    exhibit: str, scan: str, found: bool, cast: bool | None, accept_unusable: str, call: Call
) -> None:
    """Outline or read a scan of EXHIBIT anew from its stored original. It needs --reason.

    The new marks count from now on, and the index follows; the old ones stay as evidence of what
    earlier lists and leads rest on. Circles and masks are drawn in the scan as `ribin extract
    EXHIBIT` shows it. Other members are told as by `ribin exhibit edit`.

    \b
    Examples:
      ribin mark redo 2026-17-3 --circle firing_pin:400,410,60 --reason "drawn beside it"
      ribin mark redo 2026-17-3 --mask firing_pin:pin.png --mask face.png --reason "drawn anew"
      ribin mark redo 2026-17-3 --lighting side:90 --reason "not a ring light"
    """
    from ribin.services.redescribe import RedoOptions, redo_marks

    asked = RedoOptions(exhibit, scan, call.reading(), cast, found, accept_unusable)
    with call.own_vault() as vault:
        network = call.network()
        done, concerned = redo_marks(vault, call.params, asked, network)
        _tell(vault, network, call.who, concerned)
    judged = ", ".join(f"{name.replace('_', ' ')} {verdict}" for name, verdict in done.marks)
    lines = f"{done.source} of {done.exhibit}: {judged}; these count from now on\n  {done.said}"
    call.show(done, lambda _: lines)
    _say_remarks(done.exhibit, done.remarks)
