"""Members with keys, their nodes on this machine, and lines between them that fail or crawl."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from ribin.connections import NODE, bound_socket
from ribin.crypto.keys import PrivateKey, PublicKey
from ribin.exchange.carrier import Delivery, Way
from ribin.exchange.message import MessageKind, seal_message
from ribin.exchange.node_client import NodeCarrier
from ribin.node.app import Node
from ribin.node.questions import Questions
from ribin.node.server import run, server_of
from ribin.node.trust import Trust
from ribin.search.network import read_network
from ribin.services.answers import ALONE, answer
from ribin.vault.agreements import Agreement, agree
from ribin.vault.keys import make_key, own_key, trust_key
from ribin.vault.vault import Vault

WHO = "A. Brown"
CLI = [sys.executable, str(Path(__file__).parents[1] / "cli.py")]


class Text(msgspec.Struct):
    """A body for what only needs one."""

    text: str = ""


def make_member(folder: Path, code: str) -> Path:
    """A vault with a key."""
    with Vault.create(folder / code, code, WHO) as vault:
        make_key(vault, WHO)
    return folder / code


def key_of(vault: Path) -> PrivateKey:
    with Vault.open(vault, read_only=True) as opened:
        return own_key(opened)


def trust(vault: Path, *others: Path | PublicKey) -> None:
    """Let the owner of a vault trust the keys of others."""
    with Vault.open(vault) as opened:
        for other in others:
            key = other if isinstance(other, PublicKey) else key_of(other).public
            trust_key(opened, key, WHO, "read out by telephone")


def question(sender: PrivateKey, receiver: str, text: str = "", **other: Any) -> bytes:
    """A question that is signed."""
    return seal_message(
        MessageKind.LOG_HEADS, Text(text), sender, other.get("claims", sender.member), receiver
    )


@dataclass
class Served:
    """A node that runs in a thread of this process."""

    port: int
    node: Node
    server: Any
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def carrier(self, own: PrivateKey, port: int = 0) -> NodeCarrier:
        """A line to it, or to it by way of another port."""
        url = f"https://127.0.0.1:{port or self.port}"
        return NodeCarrier(url, own, self.node.trust.own.public)


@contextmanager
def served(
    vault: Path, answering: Callable[[bytes], bytes], workers: int = 2, port: int = 0
) -> Iterator[Served]:
    """The node of a vault on this port, or a free one, with these answers."""
    events: list[dict[str, Any]] = []

    def log(event: str, **facts: Any) -> None:
        events.append({"event": event, **facts})

    node = Node(
        Trust(vault),
        Questions(lambda raw, received: answering(raw), log, lambda member: 2, workers),
        "template-1",
        log,
    )
    listening = bound_socket(port, NODE)
    server = server_of(node, listening)
    thread = threading.Thread(target=lambda: asyncio.run(run(server, node, listening)), daemon=True)
    thread.start()
    try:
        end = time.monotonic() + 30.0
        while not server.started:
            assert thread.is_alive(), "the node ended before it had started"
            assert time.monotonic() < end, "no node after 30 s"
            time.sleep(0.01)
        yield Served(listening.getsockname()[1], node, server, events)
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()


@dataclass
class Line:
    """What a line does to what passes; see `line_to`."""

    bytes_s: float = 0.0  # 0: as fast as the machine
    delay_s: float = 0.0  # one way
    stall_s: float = 0.0  # in every `stall_every`th block
    stall_every: int = 50
    block: int = 16_384  # bytes
    cuts: list[int] = field(default_factory=list)  # bytes after which the line is cut, one each
    carried: int = 0  # bytes both ways
    connections: int = 0
    blocks: int = 0


@contextmanager
def line_to(port: int, line: Line) -> Iterator[int]:
    """A small proxy before a port, which limits, delays, stalls and cuts; gives its own port."""
    listening = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()
    lock = threading.Lock()

    def carry(source: socket.socket, sink: socket.socket, limit: list[int]) -> None:
        free_at = time.monotonic()
        with contextlib.suppress(OSError):
            while data := source.recv(line.block):
                now = time.monotonic()
                with lock:
                    line.carried += len(data)
                    line.blocks += 1
                    stall_s = line.stall_s if line.blocks % line.stall_every == 0 else 0.0
                    limit[:] = [left - len(data) for left in limit]
                # The line is busy while bytes go in; what is in it arrives after the delay.
                pace_s = len(data) / line.bytes_s if line.bytes_s else 0.0
                free_at = max(now, free_at) + pace_s + stall_s
                time.sleep(max(0.0, free_at - now))
                if limit and limit[0] <= 0:
                    break
                later(sink, data)
        end(source, sink)

    def later(sink: socket.socket, data: bytes) -> None:
        if not line.delay_s:
            sink.sendall(data)
            return
        queues.setdefault(id(sink), _Delayed(sink, line.delay_s)).put(data)

    def end(*sockets: socket.socket) -> None:
        if line.delay_s:
            time.sleep(line.delay_s + 0.1)
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    queues: dict[int, _Delayed] = {}

    def accept() -> None:
        while not stopped.is_set():
            try:
                caller, _ = listening.accept()
            except OSError:
                return
            line.connections += 1
            try:
                called = socket.create_connection(("127.0.0.1", port), 10)
            except OSError:
                caller.close()
                continue
            called.settimeout(None)
            limit = [line.cuts.pop(0)] if line.cuts else []
            if line.delay_s:
                time.sleep(2 * line.delay_s)  # the handshake of TCP is a round trip
            open_now.extend((caller, called))
            for source, sink in ((caller, called), (called, caller)):
                threading.Thread(target=carry, args=(source, sink, limit), daemon=True).start()

    open_now: list[socket.socket] = []
    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        stopped.set()
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for one in open_now:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


class _Delayed:
    """Hands bytes over a while after they came, in their order."""

    def __init__(self, sink: socket.socket, delay_s: float) -> None:
        self._queue: queue.Queue[tuple[float, bytes]] = queue.Queue()
        self._sink, self._delay_s = sink, delay_s
        threading.Thread(target=self._run, daemon=True).start()

    def put(self, data: bytes) -> None:
        self._queue.put((time.monotonic() + self._delay_s, data))

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                at, data = self._queue.get()
                time.sleep(max(0.0, at - time.monotonic()))
                self._sink.sendall(data)


# Whole members, that answer as they do in earnest.


def connect_members(network_file: Path, who: str = "me") -> dict[str, Path]:
    """Let the members of a network.toml of folders trust each other, agreed as its clusters say;
    gives their vaults."""
    network = read_network(network_file)
    vaults = {code: member.folder for code, member in network.members.items()}
    keys = {}
    for code, vault in vaults.items():
        with Vault.open(vault) as opened:
            make_key(opened, who)
            keys[code] = own_key(opened)
    for code, vault in vaults.items():
        with Vault.open(vault) as opened:
            for other in sorted(vaults.keys() - {code}):
                trust_key(opened, keys[other].public, who, "read out by telephone")
                near = Agreement(other, network.reach(code, other), questions_an_hour=10_000)
                agree(opened, near, keys[code], who, "treaty")
    return vaults


def owner_side(vault: Path, threads: int = 1) -> Callable[[bytes], bytes]:
    """What answers at the node of a vault in earnest."""
    context = replace(ALONE, threads=threads)

    def answering(raw: bytes) -> bytes:
        with Vault.open(vault) as opened:
            return answer(opened, raw, Delivery(Way.LINE), context)

    return answering


def lines_file(file: Path, own: str, vault: Path, addresses: dict[str, str]) -> Path:
    """The network.toml of one member, which reaches the others at these addresses."""
    parts = [f'[members.{own}]\nvault = "{vault}"\n']
    parts += [f'[members.{code}]\nnode = "{url}"\n' for code, url in addresses.items()]
    file.write_text("\n".join(parts), encoding="utf-8")
    return file


# Nodes in processes of their own.


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@contextmanager
def process(command: list[str], log: Path, **environment: str):
    """A program that runs until the end of the block, which a signal ends cleanly."""
    with log.open("w") as file:
        started = subprocess.Popen(
            command, stdout=file, stderr=file, env={**os.environ, **environment}, cwd=log.parent
        )
        try:
            yield started
        finally:
            started.send_signal(signal.SIGTERM)
            try:
                started.wait(30)
            except subprocess.TimeoutExpired:
                started.kill()
                raise


def wait_for(port: int, log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(log.read_text())
