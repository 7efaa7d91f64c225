"""Files mutated from good ones: one line or a good answer, quickly, in little memory, and no harm.

Manifests, X3P, PNG and exports; bundles have `test_malformed_bundles.py`. Each mutation removes,
repeats, swaps or rewrites some bytes.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest
from budgets import MOST_GIB, MemoryRise
from damaged import grey_pixels, image_bytes, png_with_pitch, x3p_bytes
from mutations import Tally, mutated, mutated_inside, state
from vault_makers import enrol, make_exhibit

from ribin.cases.exhibits import read_manifest
from ribin.export.restore import import_vault
from ribin.export.write import export_vault
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.read import read_scan
from ribin.services.enrol import EnrolOptions, enrol_rows
from ribin.vault.vault import Vault

MANIFEST = """file,member,event,exhibit,kind,calibre,date,sharing
a.x3p,JAM,E1,X1,evidence,9x19,2026-01-02,cluster
b.png,JAM,E1,X2,test_fire,"9, ""x"" 19",2026-01-02,network
"""


def check_manifests(folder: Path, number: int, made: random.Random) -> Tally:
    """Rows of mutated manifests are enrolled; their scans are not there, so no row is."""
    tally, path = Tally(), folder / "exhibits.csv"
    with Vault.create(folder / "V", "JAM", "chief") as vault:
        before = state(vault)
        for _ in range(number):
            path.write_bytes(mutated(MANIFEST.encode(), made))

            def work() -> None:
                rows = read_manifest(path).rows
                report = enrol_rows(rows, EnrolOptions(DEFAULT_PARAMS, "chief", vault=vault.path))
                assert not report.enrolled

            tally.run(work)
        assert state(vault) == before
    return tally


def check_scans(folder: Path, good: bytes, name: str, number: int, made: random.Random) -> Tally:
    """Some mutations leave a file that is read: an X3P without checksums, a pixel of a PNG."""
    tally, path = Tally(), folder / name
    for _ in range(number):
        path.write_bytes(mutated_inside(good, made) if made.random() < 0.5 else mutated(good, made))
        tally.run(lambda: read_scan(path))
    assert [p.name for p in folder.iterdir() if p.is_file()] == [name]
    return tally


def check_exports(folder: Path, number: int, made: random.Random) -> Tally:
    """One file of an export mutated, three in four times with hashes made to agree."""
    tally = Tally()
    with Vault.create(folder / "x", "JAM", "chief") as vault:
        enrol(vault, 1, make_exhibit("X1", place="Kingston"))
        export_vault(vault, folder / "out", who="chief", reason="why")
    out = folder / "out"
    files = sorted(p for p in out.rglob("*") if p.suffix in (".json", ".x3p", ".png", ".csv"))
    for turn in range(number):
        path = made.choice(files)
        content, manifest = path.read_bytes(), (out / "manifest.json").read_bytes()
        path.write_bytes(mutated(content, made))
        if turn % 4 and path.name != "manifest.json":
            _agree(out, path, manifest)
        tally.run(lambda: import_vault(out, folder / "y", who="chief"))
        if (folder / "y").exists():  # a picture, or a table for people, that import leaves alone
            with Vault.open(folder / "y") as again:
                assert again.check().problems == ()
            shutil.rmtree(folder / "y")
        path.write_bytes(content)
        (out / "manifest.json").write_bytes(manifest)
    return tally


def _agree(out: Path, path: Path, manifest: bytes) -> None:
    facts, content = json.loads(manifest), path.read_bytes()
    for file in facts["files"]:
        if out / file["name"] == path:
            file.update(size=len(content), sha256=hashlib.sha256(content).hexdigest())
    (out / "manifest.json").write_text(json.dumps(facts))


def check_all(folder: Path, each: int, seed: int) -> dict[str, Tally]:
    made, rise = random.Random(seed), MemoryRise()
    tallies = {}
    for kind in ("manifest", "x3p", "png", "export"):
        place = folder / kind
        place.mkdir()
        if kind == "manifest":
            tallies[kind] = check_manifests(place, each, made)
        elif kind == "export":
            tallies[kind] = check_exports(place, each, made)
        elif kind == "x3p":
            tallies[kind] = check_scans(place, x3p_bytes(), "a.x3p", each, made)
        else:
            png = png_with_pitch(image_bytes(".png", grey_pixels()), 3.0, 3.0)
            tallies[kind] = check_scans(place, png, "a.png", each, made)
    assert rise.gib <= MOST_GIB
    return tallies


def test_mutated_files(tmp_path):
    tallies = check_all(tmp_path, 25, seed=1)
    assert Counter({kind: t.refused + t.accepted for kind, t in tallies.items()}).total() == 100


@pytest.mark.slow
def test_two_thousand_mutated_files(tmp_path, capsys):
    rise = MemoryRise()
    tallies = check_all(tmp_path, 500, seed=20261124)
    with capsys.disabled():
        print()
        for kind, t in tallies.items():
            said = f"{t.refused} refused, {t.accepted} still good, slowest {t.slowest_s:.2f} s"
            print(f"{kind:<9} {said}")
        print(f"memory risen by {rise.gib:.2f} GiB at the peak")
    assert sum(t.refused + t.accepted for t in tallies.values()) == 2000
    assert all(t.refused > 200 for t in tallies.values())
