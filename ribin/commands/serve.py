"""`ribin serve`: the vault in a browser on this machine, or in those of a laboratory."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import click

from ribin.commands.options import A_PATH, Call, FiniteRange, common_options
from ribin.commands.terminal import say
from ribin.errors import ParameterError


@click.command(short_help="Browse, search and review in a browser.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default="any that is free")
@click.option(
    "--read-only",
    is_flag=True,
    help="No leads, verdicts or reports, and nobody beyond the country is asked.",
)
@click.option(
    "--unlogged", is_flag=True, help="Search a copy that can only be read; every list says so."
)
@click.option(
    "--laboratory",
    is_flag=True,
    help="For the people of the vault, who sign in by their accounts (ribin account).",
)
@click.option(
    "--address",
    default="127.0.0.1",
    show_default=True,
    help="Address of this machine to listen on; another than the default with --laboratory alone.",
)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="HOST",
    help="What people type in a browser, as ribin.lab.example; may be given again.",
)
@click.option("--certificate", type=A_PATH, help="Certificate of the server for these names, PEM.")
@click.option("--key", type=A_PATH, help="Its private key, PEM, without a passphrase.")
@click.option(
    "--proxy",
    metavar="ADDRESS",
    default="",
    help="Take requests of this proxy alone, which has the certificate and says X-Forwarded-Proto: "
    "https and, last in X-Forwarded-For, who asks.",
)
@click.option(
    "--lock-after",
    "lock_after_min",
    type=FiniteRange(min=1, max=240),
    default=15.0,
    show_default=True,
    help="Minutes without a request, after which a session asks for the password.",
)
@common_options("vault", "network", "params", "jobs", "who")
def serve(
    port: int, read_only: bool, unlogged: bool, laboratory: bool, call: Call, **line: Any
) -> None:
    """Serve the vault to a browser on this machine, and to no other: 127.0.0.1 alone.

    Open the address that is printed; it works once, for one browser, until the program ends
    (Ctrl-C). Enrol, browse, search, look at candidates, take up leads, give verdicts and print
    reports, by the same rules as the commands and as the person of --who. Needs the extra
    `ribin[web]`.

    With --laboratory it serves the people of the vault over TLS, each by a personal account.

    \b
    Examples:
      ribin serve --vault vaults/JAM --network network.toml
      ribin serve --vault vaults/JAM --read-only --port 8000
      ribin serve --laboratory --vault vaults/JAM --address 0.0.0.0 --port 8443 \\
          --name ribin.lab.example --certificate lab.pem --key lab.key
    """
    lacking = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
    if lacking:
        raise ParameterError(
            f"serve: {lacking[0]} needed, found none", hint="pip install 'ribin[web]'"
        )
    if not laboratory:
        _check_one_person(call, line)
    elif unlogged:
        raise ParameterError("--unlogged: not with --laboratory, which logs who signs in")
    from ribin.services.session import needed_vault
    from ribin.web import server
    from ribin.web.state import ApplicationState

    state = ApplicationState(
        vault=needed_vault(call.vault),
        network_file=call.network_file,
        params=call.params,
        who="" if laboratory else call.who,
        threads=call.jobs,
        read_only=read_only,
        unlogged=unlogged,
    )
    if laboratory:
        server.serve_laboratory(state, server.LaboratoryOptions(port=port, **line), say)
    else:
        server.serve(state, port, say)


def _check_one_person(call: Call, line: dict[str, Any]) -> None:
    """Refuse what only a laboratory's server may: other machines, where nobody signs in."""
    if not call.who.strip():
        raise ParameterError("--who or RIBIN_USER needed: a person answers for what is done")
    if line["address"] != "127.0.0.1":
        raise ParameterError(
            f"--address {line['address']}: 127.0.0.1 needed without --laboratory: another address "
            "is served with TLS and accounts alone"
        )
    given = [name for name in ("names", "certificate", "key", "proxy") if line[name]]
    if given:
        raise ParameterError(f"--{given[0].removesuffix('s')}: --laboratory needed with it")
