"""Releases and bundles as a person asks for them: with the network, and both sides told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ribin.cases.exhibits import Scope
from ribin.errors import RibinError
from ribin.exchange.send import Sent, export_bundle
from ribin.search.network import Network
from ribin.vault.keys import own_key, trusted_key
from ribin.vault.sharing import end_release, opaque_names, release_exhibit
from ribin.vault.vault import Vault


@dataclass(frozen=True)
class LetOutRequest:
    """What a person wants let out, or with `ended` taken back, and why."""

    original: bool
    ended: bool
    who: str
    reason: str


@dataclass(frozen=True)
class LetOut:
    """What was let out of an exhibit, or taken back, and who was told."""

    exhibit: str
    opaque: str
    receiver: str
    original: bool
    ended: bool
    told: bool  # whether the receiver's audit log has it already
    note: str


def release(
    vault: Vault,
    network: Network,
    exhibit: str,
    receiver: str,
    asked: LetOutRequest,
) -> LetOut:
    """Release an exhibit to a member, or end its release, and write it into both audit logs.

    The owner's comes first. A receiver that cannot be reached reads it in the next bundle.

    Raises
    ------
    AccessError, ParameterError, StoreError
        As `release_exhibit` and `end_release`.
    """
    reach = network.reach(vault.member, receiver)
    original, ended, who, reason = asked.original, asked.ended, asked.who, asked.reason
    if ended:
        end_release(vault, exhibit, receiver, who=who, reason=reason)
    else:
        release_exhibit(vault, exhibit, receiver, reach, original=original, who=who, reason=reason)
    opaque = opaque_names(vault, [exhibit])[exhibit]
    action = "release ended" if ended else "receive release"
    note = ""
    try:
        with Vault.open(network.members[receiver].vault) as other:
            subject = f"{vault.member}:{opaque}"
            facts = {"owner": vault.member, "original": original and not ended}
            other.record(action, subject, who, reason, **facts)
    except (RibinError, OSError) as error:
        note = f"{receiver}: told by the next bundle; no line now: {error}"
    return LetOut(exhibit, opaque, receiver, original and not ended, ended, not note, note)


def send_bundle(
    vault: Vault,
    network: Network,
    receiver: str,
    path: Path,
    *,
    sealed: bool,
    who: str,
    reason: str,
) -> Sent:
    """Write a bundle for a member of the network; sealed for its trusted key where asked.

    Raises
    ------
    AccessError, ParameterError, StoreError
        As `export_bundle`; or there is no key.
    """
    reach: Scope = network.reach(vault.member, receiver)
    key = own_key(vault)
    sealed_for = trusted_key(vault, receiver) if sealed else None
    return export_bundle(
        vault, receiver, reach, key, path, sealed_for=sealed_for, who=who, reason=reason
    )
