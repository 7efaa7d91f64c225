"""A node under load: several members ask it at once, and then many questions in a row.

python benchmarks/nodes.py [--exhibits N] [--members N] [--at-once N] [--questions N]

The node is a process of its own, asked over TLS on this machine, with a gallery of
`benchmarks/loadtest.py`: a few whole cases, and sketches of many more. Every question is a search
with another mark. Late answers count; the time of each is from its sending to its checked answer.
"""

from __future__ import annotations

import argparse
import multiprocessing
import socket
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from loadtest import WHO, GallerySpec, make_gallery
from results import finish, options

from ribin.cases.exhibits import Request, Scope
from ribin.crypto.keys import PrivateKey
from ribin.errors import StoreError
from ribin.exchange.line import Line
from ribin.exchange.message import MessageKind
from ribin.exchange.node_client import NodeCarrier
from ribin.exchange.questions import SearchAnswer, search_question
from ribin.model import Template
from ribin.node.server import serve_vault
from ribin.node.settings import NodeSettings, write_settings
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.pipeline import describe_mark, extract_marks
from ribin.report.table import table
from ribin.synth.cartridge import fire
from ribin.synth.firearm import make_firearm
from ribin.vault.agreements import Agreement, agree
from ribin.vault.keys import make_key, own_key, trust_key
from ribin.vault.vault import Vault

OWNER = "JAM"
ASKERS = ("BLZ", "BRB", "DMA", "GRD", "GUY", "LCA", "TTO", "VCT")
_QUERIES = 10  # marks that are searched with, again and again
_DEADLINE_S = 3600.0


@dataclass(frozen=True)
class Load:
    """What a node was asked, and how long its answers took."""

    name: str
    questions: int
    answered: int
    p50_s: float
    p95_s: float
    elapsed_s: float
    memory_mb: float  # of the node's process, when all were answered


def make_owner(folder: Path, spec: GallerySpec, askers: Iterable[str]) -> dict[str, PrivateKey]:
    """The vault that is asked, with a node on a free port; gives the keys of those who may ask."""
    make_gallery(folder, OWNER, spec)
    keys = {code: PrivateKey.make(code) for code in askers}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with Vault.open(folder) as vault:
        make_key(vault, WHO)
        write_settings(vault, NodeSettings(port=port))
        for code, key in keys.items():
            trust_key(vault, key.public, WHO, "load")
            agreed = Agreement(code, Scope.NETWORK, questions_an_hour=1_000_000)
            agree(vault, agreed, own_key(vault), WHO, "load")
    return keys


def line_of(folder: Path, code: str, key: PrivateKey) -> Line:
    """The line of a member to the node of the vault."""
    with Vault.open(folder, read_only=True) as vault:
        peer = own_key(vault).public
    with (folder / "node.toml").open() as file:
        port = file.read().split()[-1]
    carrier = NodeCarrier(f"https://127.0.0.1:{port}", key, peer)
    return Line(code, OWNER, carrier, lambda: key, lambda: [peer])


def ask(line: Line, query: Template) -> tuple[float, bool]:
    """Seconds until a search was answered, and whether it was."""
    request = Request(line.member, Scope.NETWORK, who=WHO, reason="load", top=20)
    question = search_question(query, request, OWNER)
    begun = time.perf_counter()
    try:
        line.ask(MessageKind.SEARCH, question, SearchAnswer, _DEADLINE_S)
    except StoreError as error:
        print(error)
        return time.perf_counter() - begun, False
    return time.perf_counter() - begun, True


def load(name: str, work: list[tuple[Line, Template]], at_once: int, pid: int) -> Load:
    """Ask so many questions, so many of them at one time."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        found = list(pool.map(lambda one: ask(*one), work))
    elapsed_s = time.perf_counter() - begun
    times = [seconds for seconds, _ in found]
    p50_s, p95_s = (float(np.quantile(times, part)) for part in (0.5, 0.95))
    answered = sum(done for _, done in found)
    return Load(name, len(work), answered, p50_s, p95_s, elapsed_s, memory_mb(pid))


def memory_mb(pid: int) -> float:
    """What a process holds in memory; NaN where the system does not say."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return float("nan")
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def queries(number: int) -> list[Template]:
    """Marks of synthetic firearms that are in no gallery."""
    scans = (fire(make_firearm(900_000 + gun), 0) for gun in range(number))
    return [describe_mark(extract_marks(scan)[0]) for scan in scans]


def measure(folder: Path, chosen: argparse.Namespace, say: Callable[[str], None]) -> list[Load]:
    """Make the vault, start its node, and ask."""
    codes = ASKERS[: chosen.members]
    whole = min(20, chosen.exhibits)
    keys = make_owner(folder, GallerySpec(chosen.exhibits, whole), codes)
    say(f"{chosen.exhibits} exhibits, {whole} of them with templates")
    context = multiprocessing.get_context("spawn")
    node = context.Process(target=_serve, args=(folder, folder.with_name("node.log")), daemon=True)
    node.start()
    try:
        lines = [line_of(folder, code, key) for code, key in keys.items()]
        marks = queries(min(_QUERIES, chosen.at_once))
        found = [load("first question", [(lines[0], marks[0])], 1, node.pid or 0)]
        asked = [marks[n % len(marks)] for n in range(chosen.at_once)]
        crowd = [(line, mark) for mark in asked for line in lines]
        name = f"{len(lines)} members, {chosen.at_once} each at once"
        found.append(load(name, crowd, len(crowd), node.pid or 0))
        row = [(lines[n % len(lines)], marks[n % len(marks)]) for n in range(chosen.questions)]
        part = max(1, len(row) // 5)
        for number in range(0, len(row), part):
            name = f"questions {number + 1} to {min(number + part, len(row))}, 8 at once"
            found.append(load(name, row[number : number + part], 8, node.pid or 0))
        return found
    finally:
        node.terminate()
        node.join(30)


def _serve(folder: Path, log: Path) -> None:
    with log.open("a", encoding="utf-8", buffering=1) as file:
        serve_vault(folder, DEFAULT_PARAMS, 1, lambda text: print(text, file=file))


def main() -> None:
    parser = options("Load of a node.", "nodes")
    parser.add_argument("--exhibits", type=int, default=10_000)
    parser.add_argument("--members", type=int, default=len(ASKERS))
    parser.add_argument("--at-once", type=int, default=10, help="searches of each member at once")
    parser.add_argument("--questions", type=int, default=500, help="in a row, after that")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.exhibits, chosen.members, chosen.at_once, chosen.questions = 300, 2, 3, 20
    with tempfile.TemporaryDirectory(prefix="ribin-nodes-") as folder:
        found = measure(Path(folder) / OWNER, chosen, print)
    header = ("load", "questions", "answered", "p50 s", "p95 s", "in all s", "node MB")
    rows = [
        (
            one.name,
            str(one.questions),
            str(one.answered),
            *(f"{value:.2f}" for value in (one.p50_s, one.p95_s)),
            *(f"{value:.0f}" for value in (one.elapsed_s, one.memory_mb)),
        )
        for one in found
    ]
    print(table(header, rows))
    finish("nodes", found, 1, chosen)


if __name__ == "__main__":
    main()
