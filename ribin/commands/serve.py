"""`ribin serve`: the vault in a browser on this machine."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click

from ribin.commands.options import (
    jobs_option,
    network_option,
    params_option,
    vault_option,
    who_option,
)
from ribin.errors import ParameterError
from ribin.params.defaults import Params


@click.command(short_help="Browse, search and review in a browser on this machine.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default="any that is free")
@click.option(
    "--read-only",
    is_flag=True,
    help="No leads, verdicts or reports, and nobody beyond the country is asked.",
)
@vault_option
@network_option
@params_option
@jobs_option
@who_option
def serve(
    port: int,
    read_only: bool,
    vault: Path | None,
    network_file: Path | None,
    params: Params,
    jobs: int,
    who: str,
) -> None:
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
    if not who.strip():
        raise ParameterError("--who or RIBIN_USER needed: a person answers for what is done")
    from ribin.services.session import needed_vault
    from ribin.web import app
    from ribin.web.state import ApplicationState

    state = ApplicationState(needed_vault(vault), network_file, params, who, jobs, read_only)
    app.serve(state, port, click.echo)
