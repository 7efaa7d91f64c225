"""The process of a node: its socket, its server, whom it trusts meanwhile, what it sends."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import uvicorn

from ribin.connections import NODE, LimitedSocket, bound_socket
from ribin.errors import RibinError
from ribin.exchange.carrier import Delivery, Way
from ribin.node.app import Node, application, json_log
from ribin.node.questions import Log, Questions
from ribin.node.settings import read_settings
from ribin.node.trust import MemberConnection, NodeConfig, Trust
from ribin.params.defaults import Params
from ribin.services.answers import ALONE, answer
from ribin.services.lines import open_network
from ribin.services.outbox import deliver_due
from ribin.text import escaped
from ribin.vault.messages import resume_questions
from ribin.vault.vault import Vault

_LOOK_S = 0.5  # how often the vault is asked whom it trusts
_OUTBOX_S = 5.0  # how often the outbox is looked at


def server_of(node: Node, listening: LimitedSocket) -> uvicorn.Server:
    """The server of a node on a socket."""
    return uvicorn.Server(NodeConfig(application(node), listening, node.trust))


def serve_vault(
    vault: Path,
    params: Params,
    threads: int | None,
    say: Callable[[str], None],
    network_file: Path | None = None,
    who: str = "",
) -> None:
    """Serve the node of a vault at the address of its settings, until a signal ends it. Where a
    network.toml says how others are reached, send them what waits for them, in the name of `who`.

    Raises StoreError: there are no settings or no key; ParameterError: another program has the
    port.
    """
    settings, trust, log = read_settings(vault), Trust(vault), json_log(say)
    context = replace(ALONE, params=params, threads=threads)

    def answering(raw: bytes, received: datetime) -> bytes:
        with Vault.open(vault) as opened:
            delivery = Delivery(Way.LINE, key=trust.own, received=received)
            return answer(opened, raw, delivery, context)

    with closing(bound_socket(settings.port, NODE, settings.address)) as listening:
        with Vault.open(vault) as opened:  # this process has the port: no other one is at work
            resume_questions(opened)
        questions = Questions(answering, log, trust.at_once, threads or 0)
        node = Node(trust, questions, params.template_id, log)
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # the system's stop, as Ctrl-C
        sending = _delivering(vault, network_file, who, log)
        with sending, suppress(KeyboardInterrupt):  # how it is ended
            asyncio.run(run(server_of(node, listening), node, listening))


async def run(server: uvicorn.Server, node: Node, listening: LimitedSocket) -> None:
    """Serve until a signal ends it; keys that are trusted no more end their connections."""
    watch = asyncio.create_task(_watch(server, node))
    address, port = listening.getsockname()[:2]
    node.log("serving", member=node.member, address=address, port=port)
    try:
        await server.serve(sockets=[listening])
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch
        node.questions.close()
        node.log("ended", member=node.member)


async def _watch(server: uvicorn.Server, node: Node) -> None:
    """Read again and again whom the owner trusts; a vault that cannot be read lets nobody new in
    and nobody out, and its questions are refused anyway."""
    failed = ""
    while True:
        await asyncio.sleep(_LOOK_S)
        try:
            changed, failed = await asyncio.to_thread(node.trust.refresh), ""
        except (RibinError, OSError) as error:
            if str(error) != failed:
                node.log("vault not read", why=str(error))
            failed = str(error)
            continue
        if changed:
            node.log("trust", members=sorted(one.member for one in node.trust.peers))
        for one in list(server.server_state.connections):
            if isinstance(one, MemberConnection) and not one.is_trusted:
                node.log("connection ended", member=one.peer, why="a key counts no more")
                one.drop()


# What waits for other members, sent again at times that grow apart.


@contextmanager
def _delivering(vault: Path, network_file: Path | None, who: str, log: Log) -> Iterator[None]:
    """Send what waits while the node serves; `network_file` says how the others are reached, and
    without one nothing is sent. A question on its way does not hold up the end of the process."""
    ended = threading.Event()

    def run() -> None:
        failed = ""
        while network_file and not ended.wait(_OUTBOX_S):
            try:
                _deliver_once(vault, network_file, who, log)
                failed = ""
            except (RibinError, OSError) as error:
                if str(error) != failed:
                    log("outbox not read", why=escaped(str(error))[:500])
                failed = str(error)

    threading.Thread(target=run, name="deliveries", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _deliver_once(vault: Path, network_file: Path, who: str, log: Log) -> None:
    """Send what is due, and log how that went."""
    network = open_network(network_file, vault)
    with Vault.open(vault) as opened:
        for one, why in deliver_due(opened, network, who):
            facts = {"member": one.receiver, "kind": one.kind, "id": one.id, "tries": one.tries + 1}
            if why:
                log("not delivered", **facts, why=escaped(why)[:500])
            else:
                log("delivered", **facts)
