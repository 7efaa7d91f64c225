"""How each other member is reached: the network with a line to each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ribin.cases.exhibits import Scope
from ribin.crypto.keys import PrivateKey, PublicKey
from ribin.errors import StoreError
from ribin.exchange.carrier import Carrier, FolderCarrier, TrustDomain
from ribin.exchange.line import Line
from ribin.search.network import Network, read_network
from ribin.services.answers import ALONE, answer_in_folder
from ribin.vault.agreements import agreements_of
from ribin.vault.keys import own_key, trusted_keys
from ribin.vault.vault import Vault, open_member

DOMAIN = TrustDomain()  # of this process: the folders that it can open


def open_network(file: Path) -> Network:
    """The network of a network.toml, with lines; errors as `read_network`."""
    return connected(read_network(file))


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
    return Line(own, other, _node(member.node, folder), _key_of(folder), _trusted_of(folder, own))


def _node(address: str, folder: Path) -> Carrier:
    raise StoreError(f"{address}: a line to a node needed")


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
