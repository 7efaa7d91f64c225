"""Whom a node lets in: the members whose keys its owner trusts, as the vault has it now.

The certificate of the other side decides who may speak at all; who asks is decided by the signature
of each message. A key that is trusted no more ends its connections within a second.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ribin.connections import NODE, LimitedConfig, LimitedConnection, LimitedSocket
from ribin.crypto.certificates import Leaf, authority, issue_leaf, issuer_of, server_context
from ribin.crypto.keys import PrivateKey, PublicKey
from ribin.errors import AccessError
from ribin.vault.keys import own_key, trusted_keys
from ribin.vault.vault import Vault

_RENEW = timedelta(days=10)  # before its end a certificate is issued anew


class Trust:
    """The own key, and the keys of members that may come in; `refresh` reads them from the vault.

    `tls` is the context for a server; each connection gets what is trusted when it begins.
    """

    def __init__(self, vault: Path) -> None:
        self._path = vault
        self.tls = CurrentContext(ssl.PROTOCOL_TLS_SERVER)
        with Vault.open(vault, read_only=True) as opened:
            self.own: PrivateKey = own_key(opened)
        self.peers: tuple[PublicKey, ...] = ()
        self._leaf: Leaf = issue_leaf(self.own)
        self._made_of: tuple[object, ...] = ()
        self.refresh()

    def refresh(self) -> bool:
        """Read again whom the owner trusts; whether anything changed.

        Raises StoreError: the vault cannot be read.
        """
        with Vault.open(self._path, read_only=True) as opened:
            known = trusted_keys(opened)
        self.peers = tuple(one.key for one in known if not one.ended_at)
        if self._leaf.until - datetime.now(UTC) < _RENEW:
            self._leaf = issue_leaf(self.own)
        made_of = (self.peers, self._leaf)
        if made_of == self._made_of:
            return False
        authorities = (authority(key, self.own) for key in self.all)
        self.tls.current, self._made_of = server_context(self._leaf, authorities), made_of
        return True

    @property
    def all(self) -> tuple[PublicKey, ...]:
        """Those of other members, and the own one: `ribin node status` comes with it."""
        return (*self.peers, self.own.public)


class CurrentContext(ssl.SSLContext):
    """Gives each new connection the context that counts now: one that was made cannot unlearn."""

    current: ssl.SSLContext

    def wrap_bio(self, *parts: Any, **named: Any) -> ssl.SSLObject:
        return self.current.wrap_bio(*parts, **named)


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

    def connection_made(self, transport: Any) -> None:
        leaf = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        try:
            self.key = issuer_of(leaf or b"", self.config.trust.all)
        except AccessError:  # trusted no more since the handshake began
            transport.abort()
        self.app_state = {**self.app_state, "key": self.key, "drop": self.drop}
        super().connection_made(transport)

    @property
    def peer(self) -> str:
        return self.key.member if self.key else super().peer
