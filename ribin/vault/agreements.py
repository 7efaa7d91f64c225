"""What this member has agreed with others: how near each is, and how much it may ask.

An agreement is a record of the owner's vault, stated by its administrator and signed with the
member's key. Each side keeps its own; what the other side, or anybody's network.toml, says of the
two counts for nothing here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ribin.cases.exhibits import Scope
from ribin.cases.record import Record, RecordKind, canonical_bytes
from ribin.crypto.keys import PrivateKey, PublicKey
from ribin.errors import AccessError, ParameterError, StoreError
from ribin.foreign import as_facts
from ribin.vault.bodies import MOST, AgreementBody
from ribin.vault.catalogue import checked_member_code
from ribin.vault.records import RECORDS, add_version, last_version, read_versions
from ribin.vault.vouching import Vouchers

if TYPE_CHECKING:
    from ribin.vault.vault import Vault

_SIGNED = b"ribin agreement 1\n"


@dataclass(frozen=True)
class Agreement:
    """What was agreed with one member, as this side has it.

    `scope` is the narrowest one in which the two reach each other: `cluster` for linked members,
    `network` for all others.
    """

    member: str
    scope: Scope
    questions_an_hour: int = 600  # a laboratory asks some 100 on a busy day; a batch, more
    at_once: int = 2  # of its questions that are worked on at one time; others wait their turn
    most_rows: int = 10_000  # of a list that it is given
    hold: bool = False  # each question waits until a person here agrees
    ended: bool = False  # it may ask nothing any more


def agree(vault: Vault, agreed: Agreement, key: PrivateKey, who: str, reason: str) -> int:
    """State an agreement from now on; gives its version, 0 where it is as it was.

    `key` is the vault's own. Raises AccessError: `who` is no administrator, or the agreement is
    with the own member; ParameterError: a scope or a number cannot be, or no reason is given.
    """
    checked_member_code(agreed.member, "agreement")
    if agreed.member == vault.member:
        raise AccessError(f"agreement with {agreed.member}: another member needed, found our own")
    if agreed.scope is Scope.COUNTRY:
        raise ParameterError(f"agreement with {agreed.member}: cluster or network needed")
    for name in ("questions_an_hour", "at_once", "most_rows"):
        if not 1 <= getattr(agreed, name) <= MOST:
            found = getattr(agreed, name)
            raise ParameterError(
                f"agreement with {agreed.member}: {name} of 1 to {MOST} needed, found {found}"
            )
    if not reason.strip():
        raise ParameterError(f"agreement with {agreed.member}: a reason needed, found none")
    with vault.act("agree", who, reason) as act:
        before = last_version(act.db, RecordKind.AGREEMENT, agreed.member)
        if before and _read(before, vault) == agreed:
            return 0
        stated = {**asdict(agreed), "scope": str(agreed.scope)}
        public = key.public
        body: dict[str, Any] = {
            **stated,
            "signing": public.signing.hex(),
            "sealing": public.sealing.hex(),
            "signature": key.sign(_SIGNED + canonical_bytes(stated)).hex(),
        }
        made = add_version(act, RecordKind.AGREEMENT, agreed.member, body)
        act.log(agreed.member, version=made.version, scope=str(agreed.scope), ended=agreed.ended)
    return made.version


def agreements_of(vault: Vault) -> dict[str, Agreement]:
    """What is agreed with each member now, also where it ended; empty in a vault without any.

    Raises StoreError: one is not as its administrator signed it.
    """
    with vault.catalogue.reading() as db:
        return read_agreements(db, vault)


def read_agreements(db: sqlite3.Connection, vault: Vault) -> dict[str, Agreement]:
    """As `agreements_of`, in a transaction."""
    last = {one.id: one for one in read_versions(db, RecordKind.AGREEMENT)}
    return {member: _read(one, vault) for member, one in sorted(last.items())}


def _read(one: Record, vault: Vault) -> Agreement:
    with vault.catalogue.reading() as db:
        return _checked(one, vault.member, {key for _, key in _own_keys(db)}, f"{vault.path}: ")


def _checked(one: Record, member: str, own: Collection[str], where: str) -> Agreement:
    """What a version states; one of the vault's own keys must have signed it, whose fingerprints
    the log has."""
    where = f"{where}{one.name}"
    body = dict(one.body or {})
    stated = as_facts(body, AgreementBody, where, StoreError)
    key = PublicKey(member, bytes.fromhex(stated.signing), bytes.fromhex(stated.sealing))
    if key.fingerprint not in own:
        raise StoreError(f"{where}: a signature by the key of {member} needed, found another key's")
    for name in ("signing", "sealing", "signature"):
        del body[name]
    try:
        key.check(bytes.fromhex(stated.signature), _SIGNED + canonical_bytes(body), where)
    except AccessError as error:
        raise StoreError(f"{where}: the agreement that was signed needed: {error}") from error
    return Agreement(**{**body, "scope": stated.scope})


def _own_keys(db: sqlite3.Connection) -> list[tuple[int, str]]:
    """The fingerprints of the vault's own keys, each after the row of the log that has it."""
    query = (
        "SELECT seq, json_extract(details, '$.fingerprint') FROM audit "
        "WHERE action IN ('make key', 'change key') ORDER BY seq"
    )
    return [(int(seq), str(key)) for seq, key in db.execute(query)]


def agreement_problems(db: sqlite3.Connection, vouched: Vouchers) -> Iterator[tuple[str, str]]:
    """A sentence for each agreement that the key which the vault had then did not sign."""
    member = str(db.execute("SELECT subject FROM audit WHERE seq = 1").fetchone()[0])
    keys = _own_keys(db)
    for one in read_versions(db, RecordKind.AGREEMENT):
        said = vouched.get(f"{RECORDS}/{one.name}", ())
        own = [key for seq, key in keys if said and seq < said[0].row.seq][-1:]
        try:
            _checked(one, member, own, "catalogue: ")
        except StoreError as error:
            yield "", str(error)
