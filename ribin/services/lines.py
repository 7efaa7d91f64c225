"""How each other member is reached: the network with a line to each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ribin.cases.exhibits import Scope
from ribin.crypto.keys import PrivateKey, PublicKey
from ribin.errors import ParameterError, StoreError
from ribin.exchange.carrier import Carrier, FolderCarrier, TrustDomain, Way
from ribin.exchange.line import Line
from ribin.search.network import Network, read_network
from ribin.services.answers import ALONE, answer_in_folder
from ribin.vault.agreements import agreements_of
from ribin.vault.keys import own_key, trusted_key, trusted_keys
from ribin.vault.vault import Vault, open_member

if TYPE_CHECKING:
    from ribin.exchange.node_client import NodeCarrier

DOMAIN = TrustDomain()  # of this process: the folders that it can open


def open_network(file: Path, own: Path | None = None) -> Network:
    """The network of a network.toml, with lines, as the member of our own vault knows it; errors as
    `read_network` and `Vault.open`."""
    network = connected(read_network(file))
    if own is None or network.is_one_domain:
        return network
    with Vault.open(own, read_only=True) as vault:
        return linked_as_agreed(network, vault)


def connected(network: Network) -> Network:
    """The network with lines to its members."""
    return replace(network, lines=line_to)


def linked_as_agreed(network: Network, own: Vault) -> Network:
    """The network as our own member knows it: where others have doors of their own, its agreements
    say who is linked with it."""
    if network.is_one_domain:
        return network
    agreed = agreements_of(own).values()
    linked = [a.member for a in agreed if a.scope is Scope.CLUSTER and not a.ended]
    near = [code for code in linked if code in network.members]
    return replace(network, clusters={"agreed": (own.member, *near)} if near else {})


def line_to(network: Network, own: str, other: str, context: Any) -> Line:
    """The line of our own member to another.

    Raises StoreError: there is no way to it that answers at once.
    """
    member = network.members[other]
    if member.vault:
        carrier: Carrier = FolderCarrier(
            member.vault,
            answer_in_folder(other, context or ALONE),
            DOMAIN,
            network.reach(other, own),
        )
        return Line(own, other, carrier, lambda: DOMAIN.key(own), lambda: [DOMAIN.public(other)])
    if not member.node:
        raise StoreError(f"{other}: no line to it: it is reached {member.place}")
    folder = network.members[own].folder
    carrier = _NodeLine(member.node, own, other, folder)
    return Line(own, other, carrier, _key_of(folder), _trusted_of(folder, own))


_REACHED: set[str] = set()  # members that answered since `take_reached`


def take_reached() -> set[str]:
    """The members that have answered over a line since this was asked last."""
    reached = set(_REACHED)
    _REACHED.clear()
    return reached


_CARRIERS: dict[tuple[str, PublicKey, PublicKey], NodeCarrier] = {}  # each keeps its connections


@dataclass(frozen=True, eq=False)
class _NodeLine:
    """To the node of a member. Keys are read when something is sent: ours may need a passphrase,
    and theirs may have changed."""

    address: str
    own: str
    other: str
    folder: Path
    way: Way = Way.LINE

    def send(self, raw: bytes, deadline_s: float) -> bytes:
        """As `NodeCarrier.send`; StoreError too where no key of the member is trusted."""
        with open_member(self.folder, self.own) as vault:
            carrier = node_carrier(vault, self.address, self.other)
        content = carrier.send(raw, deadline_s)
        _REACHED.add(self.other)
        return content


def node_carrier(vault: Vault, address: str, other: str) -> NodeCarrier:
    """The way from the member of a vault to the node of another.

    Raises StoreError: the vault has no key, or no key of the other is trusted; ParameterError: the
    extra is not installed, or the address is none.
    """
    if find_spec("urllib3") is None:
        raise ParameterError(
            f"line to {other}: urllib3 needed, found none", hint="pip install 'ribin[node]'"
        )
    from ribin.exchange.node_client import NodeCarrier

    own, peer = own_key(vault), trusted_key(vault, other)
    known = address, own.public, peer
    if known not in _CARRIERS:
        _CARRIERS[known] = NodeCarrier(address, own, peer)
    return _CARRIERS[known]


def _key_of(folder: Path) -> Callable[[], PrivateKey]:
    def key() -> PrivateKey:
        with Vault.open(folder, read_only=True) as vault:
            return own_key(vault)

    return key


def _trusted_of(folder: Path, own: str) -> Callable[[], list[PublicKey]]:
    def keys() -> list[PublicKey]:
        with open_member(folder, own) as vault:
            return [trusted.key for trusted in trusted_keys(vault) if not trusted.ended_at]

    return keys
