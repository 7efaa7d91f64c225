"""Bundles that are damaged, false or hostile: one line, quickly, in little memory, and no harm.

Of a good bundle with real templates and an original: its bytes changed; a member or a statement
changed and signed by its owner; all of it signed by another member's key, which is trusted as well;
and zips made to do harm, signed by the owner. Whatever is not the owner's is never taken in; what
the owner has signed may be another statement that is sound, and then the vault is sound after it.
"""

from __future__ import annotations

import copy
import hashlib
import io
import json
import random
import shutil
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from budgets import MOST_GIB, MemoryRise
from bundle_makers import members_of_bundle, signed_again
from mutations import Tally, mutated, state

from ribin.cases.exhibits import Scope, read_manifest
from ribin.crypto.keys import PrivateKey, read_public, write_public
from ribin.exchange.bundle import _SIGNED, BundleWriter, _digest
from ribin.exchange.receive import import_bundle
from ribin.exchange.send import export_bundle
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.services.enrol import EnrolOptions, enrol_rows
from ribin.vault.keys import make_key, own_key, trust_key
from ribin.vault.sharing import release_exhibit
from ribin.vault.vault import Vault

EVIL = (
    *("../../evil", "/etc/evil", "C:\\evil", "..\\..\\evil", "templates/../../evil.packed"),
    *("originals//etc/evil", "templates/", "evil\0.packed", "originals/../../evil", "./evil"),
)
WRONG = (
    *(None, True, -1, 0, 1 << 63, 1e308, float("nan"), "", "../../evil", "/etc/evil", "a\0b"),
    *("x" * 5000, [], {}, [{}], "JAM", "USA", "\u6f22", "0" * 64),
)
BOMB = 200 << 20  # unpacked


@dataclass
class Scene:
    """Belize, which sends; Jamaica, which also trusts a key of the USA; and a good bundle."""

    folder: Path
    own: PrivateKey
    others: PrivateKey
    good: Path
    sealed: Path

    @property
    def receiver(self) -> Path:
        return self.folder / "JAM"

    def fresh(self) -> None:
        """The receiver as it was before it took anything in."""
        shutil.rmtree(self.receiver, ignore_errors=True)
        shutil.copytree(self.folder / "untouched", self.receiver)


@pytest.fixture
def scene(tmp_path, sample_dir):
    rows = tmp_path / "rows.csv"
    names = ("BLZ-2025-0042-1", "BLZ-2025-0047-1")
    lines = [f"{sample_dir / name}.x3p,BLZ,{name[:-2]},{name},cluster,9x19" for name in names]
    rows.write_text("\n".join(["file,member,event,exhibit,sharing,calibre", *lines]))
    others = PrivateKey.make("USA")
    with (
        Vault.create(tmp_path / "BLZ", "BLZ", "ann") as blz,
        Vault.create(tmp_path / "untouched", "JAM", "bob") as jam,
    ):
        enrol_rows(read_manifest(rows).rows, EnrolOptions(DEFAULT_PARAMS, "ann", vault=blz.path))
        said = {"who": "ann", "reason": "weekly"}
        release_exhibit(blz, names[0], "JAM", Scope.CLUSTER, original=True, **said)
        for vault, who in ((blz, "ann"), (jam, "bob")):
            make_key(vault, who)
        own = own_key(blz)
        for public in (own.public, others.public):
            trust_key(jam, public, "bob", "read out by telephone")
        good, sealed = tmp_path / "good.zip", tmp_path / "sealed.zip"
        export_bundle(blz, "JAM", Scope.CLUSTER, own, good, **said)
        seal = {"sealed_for": own_key(jam).public}
        export_bundle(blz, "JAM", Scope.CLUSTER, own, sealed, **said, **seal)
    made = Scene(tmp_path, own, others, good, sealed)
    for path in (good, sealed):  # or all below would be refused for some other reason
        made.fresh()
        with Vault.open(made.receiver) as vault:
            assert import_bundle(vault, path, who="bob").outcome == "new"
    made.fresh()
    return made


def changed_bytes(scene: Scene, made: random.Random) -> Path:
    path, content = scene.folder / "bad.zip", made.choice((scene.good, scene.sealed)).read_bytes()
    while (bad := mutated(content, made)) == content:
        continue
    path.write_bytes(bad)
    return path


def changed_member(scene: Scene, made: random.Random) -> Path:
    members = members_of_bundle(scene.good)
    chosen = made.choice(sorted(members))
    members[chosen] = mutated(members[chosen], made)
    return signed_again(scene.good, list(members.items()), scene.own)


def changed_statement(scene: Scene, made: random.Random) -> Path:
    members = members_of_bundle(scene.good)
    _say_wrong(members, made)
    return signed_again(scene.good, list(members.items()), scene.own)


def by_another(scene: Scene, made: random.Random) -> Path:
    """As it is or with a wrong statement, under a signature of the USA, or a head that says BLZ."""
    members = members_of_bundle(scene.good)
    if made.random() < 0.5:
        _say_wrong(members, made, keep=("sender",))
    path = signed_again(scene.good, list(members.items()), scene.others)
    content = path.read_bytes()
    match made.randrange(3):
        case 0:
            return path
        case 1:
            content = content.replace(b"ribin bundle 1 USA ", b"ribin bundle 1 BLZ ")
        case _:  # the name and the fingerprint of the owner
            theirs, own = (
                key.public.fingerprint.replace(" ", "").encode()
                for key in (scene.others, scene.own)
            )
            content = content.replace(b"1 USA " + theirs, b"1 BLZ " + own)
    path.write_bytes(_signed(content, scene.others))
    return path


def made_to_harm(scene: Scene, made: random.Random) -> Path:
    members, path = members_of_bundle(scene.good), scene.folder / "bad.zip"
    harm = made.choice((_leading_out, _renamed, _symlink, _twice, _bomb, _bomb_within, _lying))
    with warnings.catch_warnings(), BundleWriter(path, scene.own) as writer:
        warnings.simplefilter("ignore")  # zipfile warns of a name that is there twice
        harm(writer._zip, members, made)
    if harm is _lying:
        content = bytearray(path.read_bytes())
        place = content.rindex(b"PK\x01\x02")
        offset, value = made.choice(((24, 0xFFFFFF00), (20, 0), (24, 1), (42, 1 << 30), (8, 1)))
        form = "<H" if offset == 8 else "<I"
        content[place + offset : place + offset + struct.calcsize(form)] = struct.pack(form, value)
        path.write_bytes(_signed(bytes(content), scene.own))
    return path


def _leading_out(archive: zipfile.ZipFile, members: dict[str, bytes], made: random.Random) -> None:
    """One member more, that the manifest lists or not."""
    name = made.choice(EVIL)
    if made.random() < 0.5:
        facts = json.loads(members["manifest.json"])
        sha256 = hashlib.sha256(b"evil").hexdigest()
        facts["files"].append({"name": name, "size": 4, "sha256": sha256})
        members["manifest.json"] = json.dumps(facts).encode()
    _put(archive, {**members, name: b"evil"})


def _renamed(archive: zipfile.ZipFile, members: dict[str, bytes], made: random.Random) -> None:
    """A member under another name, in the manifest too."""
    name, evil = made.choice([n for n in members if n != "manifest.json"]), made.choice(EVIL)
    text = members["manifest.json"].replace(json.dumps(name).encode(), json.dumps(evil).encode())
    _put(archive, {**members, evil: members[name], "manifest.json": text}, leave=name)


def _symlink(archive: zipfile.ZipFile, members: dict[str, bytes], made: random.Random) -> None:
    """A member that is a link to a file of the receiver; all hashes agree."""
    name = made.choice([n for n in members if n != "manifest.json"])
    target = made.choice((b"/etc/passwd", b"../../member.key"))
    _put(archive, members, leave=name, but="manifest.json")
    new, text = _agreeing(name, target, members)
    link = zipfile.ZipInfo(new)
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(link, target)
    archive.writestr("manifest.json", text)


def _twice(archive: zipfile.ZipFile, members: dict[str, bytes], made: random.Random) -> None:
    """A name that is there twice: in the zip, among the files, or as an exhibit."""
    place = made.choice(("zip", "files", "exhibits"))
    if place != "zip":
        facts = json.loads(members["manifest.json"])
        facts[place].append(copy.deepcopy(made.choice(facts[place])))
        members["manifest.json"] = json.dumps(facts).encode()
    _put(archive, members)
    if place == "zip":
        name = made.choice(sorted(members))
        archive.writestr(name, made.choice((members[name], b"evil")))


def _bomb(archive: zipfile.ZipFile, members: dict[str, bytes], made: random.Random) -> None:
    name = made.choice(sorted(members))
    _put(archive, members, leave=name)
    archive.writestr(name, bytes(BOMB), zipfile.ZIP_DEFLATED, 1)


def _bomb_within(archive: zipfile.ZipFile, members: dict[str, bytes], made: random.Random) -> None:
    """A template, which is a zip of arrays itself, that unpacks to very much; hashes agree."""
    name = made.choice([n for n in members if n.startswith("templates/")])
    packed, array = io.BytesIO(), io.BytesIO()
    np.save(array, np.zeros(1, np.float32))
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as arrays:
        shape = f"({BOMB // 4},), }}".encode()
        arrays.writestr("fine.npy", array.getvalue().replace(b"(1,), }", shape) + bytes(BOMB))
    new, text = _agreeing(name, packed.getvalue(), members)
    _put(archive, {**members, new: packed.getvalue(), "manifest.json": text}, leave=name)


def _lying(archive: zipfile.ZipFile, members: dict[str, bytes], made: random.Random) -> None:
    """Sizes, places and flags of a member that are not so; written over afterwards."""
    _put(archive, dict(made.sample(sorted(members.items()), len(members))))


def _put(
    archive: zipfile.ZipFile, members: dict[str, bytes], leave: str = "", but: str = ""
) -> None:
    for name, content in members.items():
        if name not in (leave, but):
            archive.writestr(zipfile.ZipInfo(name), content)


def _agreeing(name: str, content: bytes, members: dict[str, bytes]) -> tuple[str, bytes]:
    """The name that a member of this content has, and a manifest that lists it so."""
    facts, old = json.loads(members["manifest.json"]), Path(name).stem
    sha256 = hashlib.sha256(content).hexdigest()
    for file in facts["files"]:
        if file["name"] == name:
            file["size"] = len(content)
    text = json.dumps(facts).replace(old, sha256).encode()
    return name.replace(old, sha256), text


def _say_wrong(members: dict[str, bytes], made: random.Random, keep: tuple[str, ...] = ()) -> None:
    facts = json.loads(members["manifest.json"])
    places = [place for place in _places(facts) if place[1] not in keep]
    holder, key = made.choice(places)
    holder[key] = made.choice(WRONG)
    members["manifest.json"] = json.dumps(facts).encode()


def _places(node: Any) -> list[tuple[Any, Any]]:
    """Every value within, as what holds it and its key."""
    keys = node.items() if isinstance(node, dict) else enumerate(node)
    found = []
    for key, value in keys:
        found.append((node, key))
        found += _places(value) if isinstance(value, (dict, list)) else []
    return found


def _signed(content: bytes, key: PrivateKey) -> bytes:
    head = content[:-128]
    return head + key.sign(_SIGNED + _digest(io.BytesIO(head), len(head))).hex().encode()


KINDS: tuple[Callable[[Scene, random.Random], Path], ...] = (
    *(changed_bytes, changed_member, changed_statement, by_another, made_to_harm),
)
NEVER = (changed_bytes, by_another, made_to_harm)


def check_bundles(scene: Scene, each: int, seed: int) -> dict[str, Tally]:
    made, tallies, rise = random.Random(seed), {}, MemoryRise()
    vault = Vault.open(scene.receiver)
    untouched = state(vault)
    for kind in KINDS:
        tally = tallies[kind.__name__] = Tally()
        for _ in range(each):
            path = kind(scene, made)
            accepted = tally.accepted
            tally.run(lambda vault=vault, path=path: import_bundle(vault, path, who="bob"))
            if tally.accepted > accepted:
                assert kind not in NEVER, path.read_bytes()[-400:]
                assert vault.check().problems == ()
                vault.close()
                scene.fresh()
                vault = Vault.open(scene.receiver)
            assert state(vault) == untouched
    vault.close()
    assert list(scene.folder.parent.rglob("*evil*")) == []
    assert not Path("/etc/evil").exists()
    assert rise.gib <= MOST_GIB
    return tallies


def test_hostile_bundles(scene):
    tallies = check_bundles(scene, 12, seed=1)
    assert all(tallies[kind.__name__].refused == 12 for kind in NEVER)


def test_mutated_keys(scene):
    public, made = write_public(scene.own.public), random.Random(3)
    tally = Tally()
    for _ in range(200):
        tally.run(lambda: read_public(mutated(public, made), "key"))
    assert tally.refused > 150


@pytest.mark.slow
def test_many_hostile_bundles(scene, capsys):
    rise = MemoryRise()
    tallies = check_bundles(scene, 200, seed=20261124)
    with capsys.disabled():
        print()
        for kind, t in tallies.items():
            said = f"{t.refused} refused, {t.accepted} still sound, slowest {t.slowest_s:.2f} s"
            print(f"{kind:<17} {said}")
        print(f"memory risen by {rise.gib:.2f} GiB at the peak")
    assert all(tallies[kind.__name__].refused == 200 for kind in NEVER)
    assert all(t.refused > 100 for t in tallies.values())
