"""Who carries messages to another member, and what the owner's side may rest on it.

A carrier takes the bytes of a question and gives those of its answer. What carried a question never
says who asks: the signature does. Only within one trust domain, the folders of several members that
one process may open and change, a carrier names the keys, because whoever can write all vaults can
be everybody in them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from ribin.cases.exhibits import Scope
from ribin.crypto.keys import PrivateKey, PublicKey


class Way(StrEnum):
    """How a message travels."""

    FOLDER = "folder"  # within one trust domain
    LINE = "line"  # over HTTPS, to the node of the other member
    BUNDLE = "bundle"  # in the next bundle


class TrustDomain:
    """The keys of members whose folders one process opens; they end with the process."""

    def __init__(self) -> None:
        self._keys: dict[str, PrivateKey] = {}

    def key(self, member: str) -> PrivateKey:
        return self._keys.setdefault(member, PrivateKey.make(member))

    def publics(self) -> list[PublicKey]:
        """The public keys of all members that have sent or answered here."""
        return [key.public for key in self._keys.values()]

    def public(self, member: str) -> PublicKey:
        return self.key(member).public


@dataclass(frozen=True, eq=False)
class Delivery:
    """How a question came to the owner's side.

    `key` signs the answers; None: that of the vault. `reach` is what a network.toml of the trust
    domain says of the two members; it counts where the owner has no agreement with anybody.
    `received` is when it came, where it had to wait for its turn; None: now.
    """

    way: Way = Way.LINE
    key: PrivateKey | None = field(default=None, repr=False)
    domain: TrustDomain | None = None
    reach: Scope | None = None
    received: datetime | None = None


class Carrier(Protocol):
    """A way to one other member."""

    @property
    def way(self) -> Way: ...

    def send(self, raw: bytes, deadline_s: float) -> bytes:
        """The bytes of the answer to a question.

        Raises StoreError: the member cannot be reached, or NoAnswerError: it has not answered in
        time, and may answer later.
        """
        ...


Answering = Callable[[Path, bytes, Delivery], bytes]  # in the vault of a folder


@dataclass(frozen=True, eq=False)
class FolderCarrier:
    """To a member whose vault is a folder of the same trust domain: its own side answers, in this
    process. `answering` is that side, which lies above this one."""

    path: Path
    answering: Answering
    domain: TrustDomain
    reach: Scope | None = None
    way: Way = Way.FOLDER

    def send(self, raw: bytes, deadline_s: float) -> bytes:
        """The deadline is not kept: a computation in the own process cannot be left alone."""
        return self.answering(
            self.path, raw, Delivery(Way.FOLDER, domain=self.domain, reach=self.reach)
        )
