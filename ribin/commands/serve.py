"""`ribin serve`: the vault in a browser on this machine."""

from __future__ import annotations

from importlib.util import find_spec

import click

from ribin.commands.options import Call, common_options
from ribin.commands.terminal import say
from ribin.errors import ParameterError


@click.command(short_help="Browse, search and review in a browser on this machine.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default="any that is free")
@click.option(
    "--read-only",
    is_flag=True,
    help="No leads, verdicts or reports, and nobody beyond the country is asked.",
)
@click.option(
    "--unlogged", is_flag=True, help="Search a copy that can only be read; every list says so."
)
@common_options("vault", "network", "params", "jobs", "who")
def serve(port: int, read_only: bool, unlogged: bool, call: Call) -> None:
    """Serve the vault to a browser on this machine, and to no other: 127.0.0.1 alone.

    Open the address that is printed; it works once, for one browser, until the program ends
    (Ctrl-C). Browse exhibits, search in a scope, look at candidates, take up leads, give verdicts
    and print reports, by the same rules as the commands and as the person of --who. Needs the
    extra `ribin[web]`.

    \b
    Examples:
      ribin serve --vault vaults/JAM --network network.toml
      ribin serve --vault vaults/JAM --read-only --port 8000
    """
    lacking = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
    if lacking:
        raise ParameterError(
            f"serve: {lacking[0]} needed, found none", hint="pip install 'ribin[web]'"
        )
    if not call.who.strip():
        raise ParameterError("--who or RIBIN_USER needed: a person answers for what is done")
    from ribin.services.session import needed_vault
    from ribin.web import app
    from ribin.web.state import ApplicationState

    state = ApplicationState(
        needed_vault(call.vault),
        call.network_file,
        call.params,
        call.who,
        call.jobs,
        read_only,
        unlogged,
    )
    app.serve(state, port, say)
