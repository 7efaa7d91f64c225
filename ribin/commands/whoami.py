"""`ribin whoami`: who acts, in which vault, and what says so."""

from __future__ import annotations

import click
from click.core import ParameterSource

from ribin.commands.options import Call, common_options
from ribin.commands.settings import settings_path, settings_source, user_settings
from ribin.commands.terminal import exit_after, list_failed, say
from ribin.errors import RibinError


@click.command(short_help="Who acts, in which vault, and what says so.")
@common_options("vault", "network", "params", "who", "json")
@click.pass_context
def whoami(context: click.Context, call: Call) -> None:
    """Show the person who acts, the vault, its member and network, and where each is stated.

    An option comes before a variable of the environment, and that before the settings file, a TOML
    file with vault, network, params and person.

    \b
    Examples:
      ribin whoami
      ribin whoami --vault vaults/JAM --who "A. Brown" --json
    """
    from ribin.cases.leads import login_name
    from ribin.report.json import as_json
    from ribin.report.table import table
    from ribin.vault.accounts import find_account
    from ribin.vault.people import read_people

    settings, file = user_settings(), settings_path()
    member, roles, account, failed = "", "", "", []
    if call.vault:
        try:
            with call.own_vault() as opened:
                member = opened.member
                people = {p.person: p.roles for p in read_people(opened.catalogue)}
                roles = ", ".join(people.get(call.who, ()))
                with opened.catalogue.reading() as db:
                    found = find_account(db, call.who)
                account = f"{found.state}" if found else ""
        except (RibinError, OSError) as error:
            failed.append((str(call.vault), str(error)))

    def source(name: str, variable: str, in_file: object, otherwise: str = "") -> str:
        found = context.get_parameter_source(name)
        if found is ParameterSource.COMMANDLINE:
            return "option"
        if found is ParameterSource.ENVIRONMENT:
            return variable
        return "settings file" if in_file else otherwise

    there = file.exists()
    rows = [
        ("person", call.who, source("who", "RIBIN_USER", settings.person, "login")),
        ("login", login_name(), "operating system"),
        ("roles", roles, "vault" if roles else ""),
        ("account", account, "vault" if account else ""),
        ("vault", call.vault, source("vault", "RIBIN_VAULT", settings.vault)),
        ("member", member, "vault" if member else ""),
        ("network", call.network_file, source("network_file", "RIBIN_NETWORK", settings.network)),
        (
            "parameters",
            call.params.params_id,
            source("params", "RIBIN_PARAMS", settings.params, "built in"),
        ),
        ("settings", file if there else "", settings_source() if there else f"no file {file}"),
    ]
    if call.json_output:
        shown = {n: {"value": str(v) if v else None, "source": how or None} for n, v, how in rows}
        say(as_json(shown))
    else:
        say(table(("what", "value", "source"), [(n, v or "-", how or "-") for n, v, how in rows]))
    list_failed(failed)
    exit_after(done=1, failed=len(failed))
