"""Scans as they were received, taken out of a vault: one's own, or released by another member."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ribin.cases.exhibits import Request, Scope
from ribin.errors import AccessError, ParameterError, StoreError
from ribin.exchange.send import file_name_of
from ribin.search.rules import check_request, may_see
from ribin.services.files import whole_file
from ribin.services.session import Desk
from ribin.vault.disclosure import Abroad
from ribin.vault.exhibits import StoredScan
from ribin.vault.people import check_searcher
from ribin.vault.received import read_originals
from ribin.vault.vault import Vault


@dataclass(frozen=True)
class Original:
    """A scan as it was received."""

    sha256: str
    file: str
    content: bytes


def take_out(desk: Desk, named: str, folder: Path, who: str, reason: str) -> list[Path]:
    """Write the scans of [MEMBER:]EXHIBIT as files of a folder; both audit logs say so before.

    Where another member's vault is out of reach, its last bundle gives what was released in it.

    Raises
    ------
    AccessError
        The person may not, says no reason for another member's, or it is not released.
    StoreError
        There is no such exhibit, or a vault cannot be read or written.
    ParameterError
        A file is there already or cannot be written.
    """
    check_searcher(desk.vault.catalogue, who)
    if not folder.is_dir():
        raise ParameterError(f"{folder}: a folder that is there needed")
    owner, _, exhibit = named.rpartition(":")
    owner = owner or desk.member
    if owner == desk.member:
        scans = _scans(desk.vault, exhibit)
        found = [Original(s.sha256, file_name_of(s), desk.vault.original(s.sha256)) for s in scans]
    else:
        found = list(_of_another(desk, owner, exhibit, who, reason))
    paths = _places(folder, found)
    if desk.vault.writable:
        for one in found:
            desk.vault.record("original", one.sha256, who, reason, owner=owner)
    for path, one in zip(paths, found, strict=True):
        with whole_file(path) as aside:
            aside.write_bytes(one.content)
    return paths


def _of_another(desk: Desk, owner: str, exhibit: str, who: str, reason: str) -> Iterator[Original]:
    reach = desk.network.reach(desk.member, owner)
    check_request(Request(desk.member, reach, who=who, reason=reason), reach)
    try:
        vault = Vault.open(desk.network.members[owner].vault)
    except StoreError:
        brought = [Original(*one) for one in read_originals(desk.vault, owner, exhibit)]
        if not brought:
            raise
        yield from brought
        return
    with vault:
        for scan in _released(vault, desk.member, exhibit, reach):
            vault.record("original", scan.sha256, who, reason, asking_member=desk.member)
            yield Original(scan.sha256, file_name_of(scan), vault.original(scan.sha256))


def _released(vault: Vault, asker: str, exhibit: str, reach: Scope) -> list[StoredScan]:
    """The scans of an exhibit whose original this member may have."""
    abroad = Abroad.of(vault, asker)
    known = vault.exhibits().get(abroad.meant(exhibit))
    # The same words for what is hidden, not there or not released: none is anybody's to know.
    if (
        known is None
        or not may_see(known, reach, reach)
        or not abroad.gives_original(known.exhibit)
    ):
        raise AccessError(
            f"{vault.member}:{exhibit}: an exhibit whose original {vault.member} has released to "
            f"{asker} needed, found none"
        )
    return _scans(vault, known.exhibit)


def _scans(vault: Vault, exhibit: str) -> list[StoredScan]:
    return list({mark.scan.sha256: mark.scan for mark in vault.marks_of(exhibit)}.values())


def _places(folder: Path, found: list[Original]) -> list[Path]:
    """A file for each; those of equal names are told apart by their hashes."""
    names = [one.file for one in found]
    paths = [
        folder / (one.file if names.count(one.file) == 1 else f"{one.sha256[:12]}-{one.file}")
        for one in found
    ]
    for path in paths:
        if path.exists():
            raise ParameterError(f"{path}: a new file needed, found one")
    return paths
