"""What waits for other members, sent again by the node at times that grow apart."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ribin.errors import RibinError
from ribin.node.questions import Log
from ribin.services.lines import open_network
from ribin.services.outbox import deliver_due
from ribin.text import escaped
from ribin.vault.vault import Vault

_LOOK_S = 5.0  # how often the outbox is looked at


@contextmanager
def delivering(vault: Path, network_file: Path | None, who: str, log: Log) -> Iterator[None]:
    """Send what waits while the node serves; `network_file` says how the others are reached, and
    without one nothing is sent. A question on its way does not hold up the end of the process."""
    ended = threading.Event()

    def run() -> None:
        failed = ""
        while network_file and not ended.wait(_LOOK_S):
            try:
                deliver_once(vault, network_file, who, log)
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


def deliver_once(vault: Path, network_file: Path, who: str, log: Log) -> None:
    """Send what is due, and log how that went."""
    network = open_network(network_file, vault)
    with Vault.open(vault) as opened:
        for one, why in deliver_due(opened, network, who):
            facts = {"member": one.receiver, "kind": one.kind, "id": one.id, "tries": one.tries + 1}
            if why:
                log("not delivered", **facts, why=escaped(why)[:500])
            else:
                log("delivered", **facts)
