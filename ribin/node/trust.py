"""Whom a node lets in: the members whose keys its owner trusts, as the vault has it now.

The certificate of the other side decides who may speak at all; who asks is decided by the signature
of each message. A key that is trusted no more ends its connections within a second.
"""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ribin.connections import NODE, LimitedConfig, LimitedConnection, LimitedSocket
from ribin.crypto.certificates import (
    Leaf,
    ReasonGiven,
    authority,
    issue_leaf,
    issuer_of,
    server_context,
)
from ribin.crypto.keys import PrivateKey, PublicKey
from ribin.errors import AccessError
from ribin.vault.agreements import Agreement, agreements_of
from ribin.vault.catalogue import CATALOGUE_FILE
from ribin.vault.keys import own_key, trusted_keys
from ribin.vault.vault import Vault


class Trust:
    """The own key, and the keys of members that may come in; `refresh` reads them from the vault.

    `tls` is the context for a server; each connection gets what is trusted when it begins.
    """

    def __init__(self, vault: Path) -> None:
        self.vault = vault
        with Vault.open(vault, read_only=True) as opened:
            self.own: PrivateKey = own_key(opened)  # and again where it is changed
        self.peers: tuple[PublicKey, ...] = ()
        self.agreed: dict[str, Agreement] = {}  # also those that have ended
        self.tls = CurrentContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.refused = RefusedHandshakes()
        self._leaf: Leaf = issue_leaf(self.own)
        self._seen: tuple[object, ...] = ()
        self.refresh()

    def refresh(self) -> bool:
        """Read again whom the owner trusts and what is agreed; whether anything changed of who
        comes in. A catalogue that nobody wrote to since is not opened. A member whose agreement has
        ended still comes in, and is told so.

        Raises StoreError: the vault cannot be read, or has no key; ParameterError: its key has
        another passphrase now.
        """
        seen = tuple(
            _stamp(self.vault / name) for name in (CATALOGUE_FILE, f"{CATALOGUE_FILE}-wal")
        )
        renew = self._leaf.is_due
        if seen == self._seen and not renew:
            return False
        with Vault.open(self.vault, read_only=True) as opened:
            known, agreed, own = trusted_keys(opened), agreements_of(opened), own_key(opened)
        self.agreed = agreed
        peers = tuple(one.key for one in known if not one.ended_at)
        if own.public != self.own.public:
            self.own, renew = own, True
        changed = renew or peers != self.peers or not self._seen
        if renew:
            self._leaf = issue_leaf(self.own)
        if changed:
            authorities = [authority(key, self.own) for key in (*peers, self.own.public)]
            self.tls.current, self.peers = server_context(self._leaf, authorities), peers
        self._seen = seen
        return changed

    def at_once(self, member: str) -> int:
        """How many questions of a member are worked on at one time, as was agreed."""
        agreed = self.agreed.get(member)
        return agreed.at_once if agreed else 1

    @property
    def all(self) -> tuple[PublicKey, ...]:
        """Those of other members, and the own one: `ribin node status` comes with it."""
        return (*self.peers, self.own.public)


@dataclass
class RefusedHandshakes:
    """Connections that never came to a request: how many, and why the last one and when."""

    count: int = 0
    last: str = ""
    last_s: float | None = None  # seconds of the epoch

    def add(self, why: str) -> None:
        self.count, self.last, self.last_s = self.count + 1, why, time.time()


class CurrentContext(ssl.SSLContext):
    """Gives each new connection the context that counts now: one that was made cannot unlearn."""

    current: ssl.SSLContext
    refused: RefusedHandshakes

    def wrap_bio(self, *parts: Any, **named: Any) -> ssl.SSLObject:
        made = self.current.wrap_bio(*parts, **named)
        assert isinstance(made, ReasonGiven)
        made.on_refused = self.refused.add
        return made


class NodeConfig(LimitedConfig):
    """How a node serves."""

    def __init__(self, app: Any, listening: LimitedSocket, trust: Trust) -> None:
        super().__init__(app, NODE, listening, MemberConnection, trust.tls)
        self.timeout_graceful_shutdown = 10
        self.trust = trust


class MemberConnection(LimitedConnection):
    """A connection that shows the application whose certificate the other side has.

    uvicorn keeps it to itself; here it is in the state of each request: `key`, and `drop` to end
    the connection.
    """

    config: NodeConfig
    key: PublicKey | None = None
    own: PublicKey | None = None  # that it began under

    @property
    def is_trusted(self) -> bool:
        """Whether the keys of both sides still count."""
        trust = self.config.trust
        return self.key in trust.all and self.own == trust.own.public

    def connection_made(self, transport: Any) -> None:
        leaf = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        try:
            self.key = issuer_of(leaf or b"", self.config.trust.all)
        except AccessError as error:  # trusted no more since the handshake began
            self.config.trust.tls.refused.add(str(error))
            transport.abort()
        self.own = self.config.trust.own.public
        self.app_state = {**self.app_state, "key": self.key, "drop": self.drop}
        super().connection_made(transport)

    @property
    def peer(self) -> str:
        return self.key.member if self.key else super().peer


def _stamp(path: Path) -> tuple[int, int, int]:
    """What changes where a file is written; zeros where there is none."""
    try:
        facts = path.stat()
    except FileNotFoundError:
        return 0, 0, 0
    return facts.st_ino, facts.st_mtime_ns, facts.st_size
