"""The network of the demonstration with a node for each member: processes of this machine."""

from __future__ import annotations

import multiprocessing
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path

from ribin.cases.leads import login_name
from ribin.errors import RibinError, StoreError
from ribin.node.server import serve_vault
from ribin.node.settings import NodeSettings, write_settings
from ribin.node.status import status_of
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.search.network import Network, read_network
from ribin.services.demo import REASON, WHO, Demo
from ribin.vault.agreements import Agreement, agree
from ribin.vault.keys import make_key, own_key, trust_key
from ribin.vault.vault import Vault

_STARTING_S = 120.0  # a first start on a machine compiles
_ENDING_S = 15.0


@dataclass(frozen=True)
class NodeOfDemo:
    """A member whose node runs as a process, and the network.toml that leads it to the others."""

    member: str
    address: str
    network_file: Path
    process: BaseProcess


@contextmanager
def demo_nodes(demo: Demo, say: Callable[[str], None]) -> Iterator[tuple[Demo, list[NodeOfDemo]]]:
    """Give each member of the demonstration a key, agreements and a node that runs until the end.

    The demonstration that it gives asks over their lines. Raises StoreError: one does not start.
    """
    network = read_network(demo.network_file)
    folders = {code: member.folder.resolve() for code, member in network.members.items()}
    _agree(network, folders)
    addresses = _listen(folders)
    nodes = []
    with ExitStack() as stack:
        for code, folder in folders.items():
            file = demo.network_file.with_name(f"network-{code}.toml")
            file.write_text(_network_text(code, folders, addresses), encoding="utf-8")
            log = demo.network_file.with_name(f"node-{code}.log")
            process = stack.enter_context(_running(folder, log))
            nodes.append(NodeOfDemo(code, addresses[code], file, process))
        for code, folder in folders.items():
            _wait_for(code, folder)
        say(f"{len(nodes)} nodes run on this machine: {', '.join(addresses.values())}")
        own = next(one for one in nodes if one.member == demo.member)
        yield replace(demo, network_file=own.network_file), nodes


def _agree(network: Network, folders: dict[str, Path]) -> None:
    """Every member trusts the keys of all others, and agrees on how near they are."""
    who, keys = login_name() or WHO, {}
    for code, folder in folders.items():
        with Vault.open(folder) as vault:
            make_key(vault, who)
            keys[code] = own_key(vault)
    for code, folder in folders.items():
        with Vault.open(folder) as vault:
            for other in folders.keys() - {code}:
                trust_key(vault, keys[other].public, who, REASON)
                near = Agreement(other, network.reach(code, other))
                agree(vault, near, keys[code], who, REASON)


def _listen(folders: dict[str, Path]) -> dict[str, str]:
    """Give each node a port that is free now; gives their addresses."""
    addresses = {}
    with ExitStack() as taken:
        for code, folder in folders.items():
            listening = taken.enter_context(socket.create_server(("127.0.0.1", 0)))
            settings = NodeSettings(port=listening.getsockname()[1])
            with Vault.open(folder) as vault:
                write_settings(vault, settings)
            addresses[code] = settings.url
    return addresses


def _network_text(own: str, folders: dict[str, Path], addresses: dict[str, str]) -> str:
    """The network.toml of one member."""
    parts = []
    for code, folder in folders.items():
        way = f'vault = "{folder.as_posix()}"' if code == own else f'node = "{addresses[code]}"'
        parts.append(f"[members.{code}]\n{way}\n")
    return "\n".join(parts)


@contextmanager
def _running(vault: Path, log: Path) -> Iterator[BaseProcess]:
    """A node in a process of its own, which ends with the block."""
    process = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(vault, log), daemon=True
    )
    process.start()
    try:
        yield process
    finally:
        process.terminate()
        process.join(_ENDING_S)
        if process.is_alive():
            process.kill()
            process.join()
        process.close()


def _serve(vault: Path, log: Path) -> None:
    """What such a process does; its events go into a file."""
    with log.open("a", encoding="utf-8", buffering=1) as file:
        try:
            serve_vault(vault, DEFAULT_PARAMS, 1, lambda text: print(text, file=file))
        except RibinError as error:
            file.write(f"{error}\n")


def _wait_for(code: str, folder: Path) -> None:
    end = time.monotonic() + _STARTING_S
    with Vault.open(folder, read_only=True) as vault:
        while True:
            try:
                status_of(vault)
                return
            except StoreError as error:
                if time.monotonic() > end:
                    raise StoreError(f"node of {code}: a start needed, {error}") from error
                time.sleep(0.2)
