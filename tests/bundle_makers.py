"""Two members without a line: JAM, who receives, and BLZ, who sends."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search_makers import PARAMS_ID
from vault_makers import enrol, make_exhibit

from ribin.cases.exhibits import Scope
from ribin.crypto.keys import PrivateKey
from ribin.exchange.bundle import BundleWriter
from ribin.exchange.receive import import_bundle
from ribin.exchange.send import export_bundle
from ribin.vault.keys import make_key, own_key, trust_key
from ribin.vault.vault import Vault


@dataclass
class Pair:
    """Vaults that trust each other's keys, in folders of their own."""

    folder: Path
    sender: Vault
    receiver: Vault
    sent: int = 0

    def send(self, to: str = "JAM", reach: Scope = Scope.CLUSTER, sealed: bool = False) -> Path:
        self.sent += 1
        path = self.folder / f"bundle{self.sent}.zip"
        key = own_key(self.receiver).public if sealed else None
        said = {"who": "ann", "reason": "weekly", "sealed_for": key}
        export_bundle(self.sender, to, reach, own_key(self.sender), path, **said)
        return path

    def receive(self, path: Path) -> Any:
        return import_bundle(self.receiver, path, who="bob", reason="weekly")


def make_pair(folder: Path) -> Pair:
    """BLZ holds an exhibit of every level and another of a network-wide event."""
    sender = Vault.create(folder / "BLZ", "BLZ", "ann")
    receiver = Vault.create(folder / "JAM", "JAM", "bob")
    for vault, who in ((sender, "ann"), (receiver, "bob")):
        make_key(vault, who)
    trust_key(receiver, own_key(sender).public, "bob", "read out by telephone")
    trust_key(sender, own_key(receiver).public, "ann", "read out by telephone")
    for seed, level in enumerate(Scope):
        made = make_exhibit(
            f"BLZ-secret-{level}", level, place="Dangriga", case_number="C-99", calibre="9x19"
        )
        enrol(sender, seed, made, params_id=PARAMS_ID)
    return Pair(folder, sender, receiver)


def members_of_bundle(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def signed_again(path: Path, members: list[tuple[str, bytes]], key: PrivateKey) -> Path:
    """A bundle of these members under a good signature."""
    made = path.with_name(f"again-{path.name}")
    with BundleWriter(made, key) as writer:
        for name, content in members:
            writer.add(name, content)
    return made


def state_of(vault: Vault) -> tuple[bytes, list[str]]:
    """What a vault holds: its whole catalogue and the names and bytes of its files."""
    dump = io.StringIO()
    with vault.catalogue.reading() as db:
        for line in db.iterdump():
            dump.write(line)
    files = [
        f"{path.relative_to(vault.path)} {path.read_bytes().hex()}"
        for path in sorted(vault.path.rglob("*"))
        if path.is_file() and not path.name.startswith("catalogue.sqlite")
    ]
    return dump.getvalue().encode(), files


def changed_manifest(members: dict[str, bytes], **changes: Any) -> list[tuple[str, bytes]]:
    facts = {**json.loads(members["manifest.json"]), **changes}
    return [*{**members, "manifest.json": json.dumps(facts).encode()}.items()]
