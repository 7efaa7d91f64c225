"""`ribin node`: the server that other members ask over a line."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec

import click

from ribin.commands.options import Call, common_options
from ribin.commands.terminal import SOME_FAILED, say
from ribin.errors import ParameterError


def check_node_extra() -> None:
    """ParameterError where a library of lines is not installed."""
    for name in ("starlette", "uvicorn", "urllib3"):
        if find_spec(name) is None:
            raise ParameterError(
                f"node: {name} needed, found none", hint="pip install 'ribin[node]'"
            )


@click.group(short_help="Answer other members over a line.")
def node() -> None:
    """Answer other members over a line: HTTPS with the certificates of both sides.

    The node shows them what your vault shares with them, and nothing else; who asks is decided by
    the key that you trust (`ribin network key trust`) and by what you agreed (`ribin network
    agree`). Needs the extra `ribin[node]`.
    """


@node.command()
@click.option(
    "--address", default="127.0.0.1", show_default=True, help="IP address of this machine."
)
@click.option("--port", type=click.IntRange(1, 65535), default=8943, show_default=True)
@common_options("vault", "who")
def init(address: str, port: int, call: Call) -> None:
    """Say where the node of your vault listens, and make your key where there is none.

    With 127.0.0.1 only programs of this machine reach it. Give the address of the machine where
    other members are to, and open the port for their addresses alone.

    \b
    Example:
      ribin node init --address 192.168.10.5 --vault vaults/JAM
    """
    check_node_extra()
    import os

    from ribin.node.settings import NodeSettings, write_settings
    from ribin.vault.keys import KEY_FILE, PASSPHRASE_VARIABLE, make_key, own_key
    from ribin.vault.permissions import check_act

    with call.own_vault() as opened:
        with opened.catalogue.reading() as db:
            check_act(db, "make key", call.who)
        if not (opened.path / KEY_FILE).exists():
            make_key(opened, call.who, os.environ.get(PASSPHRASE_VARIABLE, ""))
        key = own_key(opened).public
        path = write_settings(opened, NodeSettings(address, port))
    say(f"{path}: the node of {key.member} listens at {address}, port {port}")
    say(f"fingerprint of its key\n{key.fingerprint}")


@node.command()
@common_options("vault", "network", "params", "jobs", "who")
def serve(call: Call) -> None:
    """Answer until the program is ended (Ctrl-C, or the system's stop).

    With --network it also sends other members what waits for them: releases, and steps of leads
    that were done while the line was down. It tries again after a minute, then after pauses that
    double up to six hours; `ribin node status` shows what waits.

    Each event is a line of JSON on stderr: which member asked what kind of question, how long the
    answer took, and who was refused. What was asked and answered is in the audit log of the vault.

    \b
    Example:
      ribin node serve --vault vaults/JAM --network network.toml
    """
    check_node_extra()
    from ribin.node.server import serve_vault
    from ribin.services.session import needed_vault

    vault = needed_vault(call.vault)
    call.network()  # refused now, if it cannot be read
    told = partial(say, err=True)
    serve_vault(vault, call.params, call.jobs, told, call.network_file, call.who)


@node.command()
@common_options("vault", "who", "json")
def status(call: Call) -> None:
    """What the node that runs on this machine was asked: counts, and times of its answers; and what
    waits to be told to other members: since when, how often it was tried, and the last problem.

    \b
    Example:
      ribin node status --vault vaults/JAM
    """
    check_node_extra()
    from ribin.node.status import node_state, state_text

    with call.shown_vault() as opened:
        found = node_state(opened)
    call.show(found, state_text)


@node.command()
@click.argument("question", required=False)
@click.option("--allow", is_flag=True, help="Let it be answered, when it is asked again.")
@click.option("--refuse", is_flag=True, help="Refuse it; the other member is told why.")
@common_options("vault", "who", "reason", "json")
def inbox(question: str | None, allow: bool, refuse: bool, call: Call) -> None:
    """Questions that wait for a person of yours, and your word on them.

    They wait where the agreement with a member says so (`ribin network agree --hold`). Name one by
    the beginning of its number.

    \b
    Examples:
      ribin node inbox --vault vaults/JAM
      ribin node inbox 3f9a --allow --reason "joint case" --vault vaults/JAM
    """
    from ribin.report.json import as_json
    from ribin.services.inbox import (
        allow_question,
        held_questions,
        inbox_facts,
        inbox_table,
        refuse_question,
    )

    if bool(question) != (allow or refuse) or (allow and refuse):
        raise click.UsageError("a question and --allow or --refuse needed, or none of them")
    with call.own_vault() as opened:
        if question:
            decide = allow_question if allow else refuse_question
            one = decide(opened, question, call.who, call.reason)
            said = "is answered when it is asked again" if allow else "is refused"
            say(f"{one.kind} of {one.sender}, question {one.id[:12]}: {said}")
            return
        held = held_questions(opened, call.who)
    say(as_json({"questions": inbox_facts(held)}) if call.json_output else inbox_table(held))


@node.command()
@common_options("vault", "json")
def check(call: Call) -> None:
    """Look whether the node of your vault can do its work, and whether it does.

    Its settings, its key, whom it trusts and what was agreed with them, and its answer. `ribin
    doctor --network` looks at the lines to others.

    \b
    Example:
      ribin node check --vault vaults/JAM
    """
    check_node_extra()
    from ribin.commands.doctor import finding_line
    from ribin.node.status import examine_node
    from ribin.report.json import as_json
    from ribin.services.doctor import State

    with call.own_vault() as opened:
        findings = list(examine_node(opened))
    if call.json_output:
        say(as_json({"findings": findings}))
    else:
        for finding in findings:
            say(finding_line(finding))
    if any(finding.state is State.BAD for finding in findings):
        raise click.exceptions.Exit(SOME_FAILED)
