"""Mutated bytes, and what became of the files that hold them."""

from __future__ import annotations

import hashlib
import io
import random
import time
import zipfile
from dataclasses import dataclass, field

from budgets import slowness

from ribin.errors import RibinError
from ribin.vault.vault import Vault

MOST_S = 5.0  # of the processor, for one file


@dataclass
class Tally:
    """What became of the files of one kind."""

    refused: int = 0
    accepted: int = 0
    slowest_s: float = 0.0
    texts: list[str] = field(default_factory=list)

    def run(self, work) -> None:
        """Do it; whatever is no RibinError is a bug and goes on up."""
        begun = time.process_time()
        try:
            work()
            self.accepted += 1
        except RibinError as error:
            self.refused += 1
            self.texts.append(str(error))
        took_s = time.process_time() - begun
        self.slowest_s = max(self.slowest_s, took_s)
        assert took_s < MOST_S or took_s < MOST_S * slowness()
        assert not any("\n" in text or len(text) > 2000 for text in self.texts[-1:])


def mutated(content: bytes, made: random.Random) -> bytes:
    """Some bytes changed, in one to four places."""
    data = bytearray(content)
    for _ in range(made.randrange(1, 5)):
        place = made.randrange(len(data) + 1)
        size = made.choice((1, 1, 2, 4, 16, 200))
        match made.randrange(6):
            case 0:
                del data[place : place + size]
            case 1:
                data[place:place] = data[place : place + size] or b"\0"
            case 2:
                data[place : place + size] = made.randbytes(size)
            case 3 if data:
                data[min(place, len(data) - 1)] ^= 1 << made.randrange(8)
            case 4:
                data[place : place + size] = made.choice((b"\xff", b"\0", b"9", b'"')) * size
            case _:
                data[place:place] = made.choice(
                    (b"NaN", b"-1", b"99999999999", b"../", b"\x00", b'{"a":' * 50, "é漢".encode())
                )
    return bytes(data)


def mutated_inside(good: bytes, made: random.Random) -> bytes:
    """Of an X3P, one member mutated and packed again, with checksums that agree in three of four
    times, so that what is behind them is met; another file as it is mutated."""
    if not zipfile.is_zipfile(io.BytesIO(good)):
        return mutated(good, made)
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    chosen = made.choice(["main.xml", *sorted(members)])
    members[chosen] = mutated(members[chosen], made)
    if made.random() < 0.75:
        _sum_again(members)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _sum_again(members: dict[str, bytes]) -> None:
    """Checksums of the points and of main.xml, where it still says them."""
    data = hashlib.md5(members["bindata/data.bin"]).hexdigest().encode()
    tag = b"MD5ChecksumPointData>"
    before, found, after = members["main.xml"].partition(b"<" + tag)
    end = after.find(b"</" + tag)
    if found and end >= 0:
        members["main.xml"] = before + found + data + after[end:]
    digest = hashlib.md5(members["main.xml"]).hexdigest()
    members["md5checksum.hex"] = f"{digest} *main.xml\n".encode()


def state(vault: Vault):
    with vault.catalogue.reading() as db:
        dump = "\n".join(db.iterdump())
    names = (p for p in sorted(vault.path.rglob("*")) if not p.name.startswith("catalogue"))
    return dump, [str(p) for p in names if p.is_file() and p.name != "rest"]
