"""`ribin people`: who may do what in a vault."""

from __future__ import annotations

import click

from ribin.cases.leads import Role
from ribin.commands.account import proving
from ribin.commands.options import Call, common_options
from ribin.commands.terminal import say

_role_option = click.option(
    "--role",
    "roles",
    required=True,
    multiple=True,
    type=click.Choice([str(role) for role in Role]),
    help="May be given more than once.",
)


@click.group(short_help="Who may do what in a vault.")
def people() -> None:
    """Appoint people to the roles of a vault: technician (enrols, searches), examiner (that, takes
    up leads, first reviews), reviewer (second reviews), administrator (people, upkeep), auditor.

    Who makes a vault is its administrator and examiner. Once a second person is appointed, only
    technicians and examiners enrol, and only they and reviewers search.
    """


@people.command("list")
@common_options("vault", "who", "json")
def list_people(call: Call) -> None:
    """List everybody who holds a role.

    \b
    Example:
      ribin people list --vault vaults/JAM
    """
    from ribin.report.json import as_json
    from ribin.report.table import table
    from ribin.vault.people import read_people

    with call.shown_vault() as opened:
        known = read_people(opened.catalogue)
    rows = [(p.person, ", ".join(p.roles), p.since[:10]) for p in known]
    shown = table(("person", "roles", "since"), rows) if rows else "nobody is appointed"
    say(as_json({"people": known}) if call.json_output else shown)


@people.command()
@click.argument("person")
@_role_option
@common_options("vault", "who", "password", "reason")
def appoint(person: str, roles: tuple[str, ...], call: Call) -> None:
    """Give a person roles; an administrator does.

    \b
    Example:
      ribin people appoint "A. Brown" --role examiner --vault vaults/JAM
    """
    from ribin.vault.people import appoint as add

    with call.own_vault() as opened, proving(opened, call):
        new = add(opened, person, [Role(role) for role in roles], call.who, call.reason)
    say(f"{person}: {', '.join(new) or 'nothing new'}")


@people.command()
@click.argument("person")
@_role_option
@common_options("vault", "who", "password", "reason")
def revoke(person: str, roles: tuple[str, ...], call: Call) -> None:
    """Take roles from a person; an administrator does. That they were held stays on record.

    \b
    Example:
      ribin people revoke "A. Brown" --role examiner --reason retired --vault vaults/JAM
    """
    from ribin.vault.people import revoke as end

    with call.own_vault() as opened, proving(opened, call):
        ended = end(opened, person, [Role(role) for role in roles], call.who, call.reason)
    say(f"{person}: {', '.join(ended) or 'none of these roles'} no more")
