"""Disks that are full, read-only or forbidden, catalogues that are locked, many at once.

Each refusal is one line, what was acknowledged is there, and nothing is half done.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from lead_makers import EXAMINER, exhibit_ref, make_member, make_network
from vault_makers import enrol, make_exhibit, problems_of

from ribin.errors import StoreError
from ribin.leads.steps import take_up_lead
from ribin.vault.enrol import scan_path
from ribin.vault.leads import read_leads
from ribin.vault.sharing import pseudonym
from ribin.vault.vault import Vault

HERE = str(Path(__file__).parents[1])

FILLER = """
import os, resource, sys
sys.path.insert(0, sys.argv[1])
from vault_makers import enrol, make_exhibit
from ribin.errors import StoreError
from ribin.vault.vault import Vault
if sys.argv[3] != "0":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
with Vault.open(sys.argv[2]) as vault:
    refused = 0
    for seed in range(100, 600):
        try:
            print(enrol(vault, seed, make_exhibit(f"W{seed}")).sha256, flush=True)
        except StoreError as error:
            refused += 1
            print(f"refused {error}", flush=True)
            if refused == 3:
                break
"""


def fill(folder, file_limit):
    """Enrol until the disk refuses for the third time; the scans acknowledged, the refusals."""
    command = [sys.executable, "-c", FILLER, HERE, str(folder), str(file_limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    return {line for line in lines if len(line) == 64}, [n for n in lines if n[0] == "r"]


def assert_whole(folder, acknowledged, refusals, counted):
    assert refusals
    assert all(line.count(str(folder)) for line in refusals)
    with Vault.open(folder) as vault:
        scans = {scan.sha256 for scan in vault.holdings().scans}
        assert scans == acknowledged
        assert vault.check().problems == ()
    assert list((folder / "incoming").iterdir()) == []
    assert {path.stem for path in (folder / "marks").rglob("*.h5")} == acknowledged
    counted(f"{len(acknowledged)} acknowledged, {len(refusals)} refused: {refusals[0][:90]}")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of two megabytes; needs root."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    if os.name == "nt" or os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("a small file system needs root")
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a small file system")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk(small_disk, counted):
    folder = small_disk / "JAM"
    Vault.create(folder, "JAM").close()
    acknowledged, refusals = fill(folder, 0)
    assert_whole(folder, acknowledged, refusals, counted)
    assert any("No space left" in line or "full" in line for line in refusals)
    mount = ["mount", "-o", "remount,size=8m", str(small_disk)]
    subprocess.run(mount, check=True)
    with Vault.open(folder) as vault:  # and with room again it goes on
        enrol(vault, 1, make_exhibit("X1"))
        assert vault.check().problems == ()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit of files")
@pytest.mark.parametrize("limit", [40_000, 400_000])
def test_a_quota_of_files(tmp_path, limit, counted):
    """Of the scan file, or of the catalogue's own files: either may be refused first."""
    folder = tmp_path / "JAM"
    Vault.create(folder, "JAM").close()
    acknowledged, refusals = fill(folder, limit)
    assert_whole(folder, acknowledged, refusals, counted)


def test_a_full_disk_and_a_lead(small_disk):
    with make_member(small_disk, "JAM", 2) as vault:
        filler = small_disk / "filler"
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(b"0" * 512):
                pass
        before = vault.audit_head()
        taken, line = 0, ""
        for _ in range(40):
            try:
                step = take_up_lead(
                    vault,
                    None,
                    exhibit_ref("JAM:JAM-1"),
                    exhibit_ref("JAM:JAM-2"),
                    who=EXAMINER,
                    note="n" * 9000,
                )
                taken += bool(step)
                break
            except StoreError as error:
                line = str(error)
        assert (taken, line.count("\n")) == (0, 0)
        assert "full" in line or "disk" in line
        filler.unlink()
        assert vault.audit_head() == before
        with vault.catalogue.reading() as db:
            assert read_leads(db) == []
        assert vault.check().problems == ()


AS_NOBODY = """
import json, os, sys
import ribin.commands.lead, ribin.commands.people, ribin.commands.vault
import ribin.leads.steps, ribin.vault.backup
from ribin.commands.app import app
from ribin.commands.terminal import run
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)  # root may write anywhere
for arguments in json.loads(sys.argv[1]):
    print(run(app, arguments), file=sys.stderr, flush=True)
"""
REFUSED = (
    (("init", "{0}/new", "--member", "BLZ"), "Permission denied"),
    (("lead", "open", "JAM-1", "JAM-2", "--note", "n"), "read-only"),
    (("people", "appoint", "me", "--role", "auditor"), "read-only"),
    (("store", "backup", "{0}/copy"), "Permission denied"),
)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps permissions otherwise")
def test_a_folder_that_may_not_be_written():
    with tempfile.TemporaryDirectory() as name:  # pytest's own are closed to others
        place = Path(name)
        place.chmod(0o755)
        with make_member(place, "JAM", 2) as vault:
            head = vault.audit_head()
        for path in (*place.rglob("*"), place):
            path.chmod(0o555 if path.is_dir() else 0o444)
        before = sorted(place.rglob("*"))
        lists = [
            [text.format(place) for text in arguments]
            + ([] if arguments[0] == "init" else ["--vault", str(place / "JAM")])
            + ["--who", "head"]
            for arguments, _ in REFUSED
        ]
        command = [sys.executable, "-c", AS_NOBODY, json.dumps(lists)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        told = [line for line in done.stderr.splitlines() if not line.startswith("hint: ")]
        assert len(told) == 2 * len(REFUSED), done.stderr  # one line each, and the exit code
        for (arguments, needed), line, code in zip(REFUSED, told[::2], told[1::2], strict=True):
            assert (needed in line, code) == (True, "3"), (arguments, line)
        for path in (place, *place.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        assert sorted(place.rglob("*")) == before
        with Vault.open(place / "JAM") as vault:
            assert vault.audit_head() == head


def test_a_locked_vault(tmp_path):
    with make_member(tmp_path, "JAM", 2):
        pass
    holder = sqlite3.connect(tmp_path / "JAM" / "catalogue.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        with Vault.open(tmp_path / "JAM", wait_s=0.2) as vault:
            for step in (
                lambda: enrol(vault, 77, make_exhibit("X77")),
                lambda: take_up_lead(
                    vault,
                    None,
                    exhibit_ref("JAM:JAM-1"),
                    exhibit_ref("JAM:JAM-2"),
                    who=EXAMINER,
                    note="n",
                ),
            ):
                with pytest.raises(StoreError, match=r"locked by another program; waited 0\.2 s"):
                    step()
            assert vault.check().problems == ()  # reading needs no lock
    finally:
        holder.close()


def test_a_lead_where_the_other_side_is_locked_is_recorded_here_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("ribin.vault.vault._WAIT_S", 0.2)
    monkeypatch.setattr(Vault.open.__func__, "__defaults__", (False, 0.2))
    network = make_network(tmp_path, "BLZ", "JAM")
    with make_member(tmp_path, "JAM", 1) as vault, make_member(tmp_path, "BLZ", 1) as other:
        with other.catalogue.reading() as db:
            name = f"BLZ:{pseudonym(db, 'BLZ-1')}"
        holder = sqlite3.connect(other.path / "catalogue.sqlite", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        step = take_up_lead(
            vault, network, exhibit_ref("JAM:JAM-1"), exhibit_ref(name), who=EXAMINER, note="n"
        )
        holder.close()
        assert len(step.notes) == 1
        assert "BLZ: not recorded there yet" in step.notes[0]
        assert "locked by another program" in step.notes[0]


MANY = """
import random, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from vault_makers import enrol, make_exhibit
from ribin.vault.vault import Vault
number, reads, sizes = int(sys.argv[3]), 0, {0}
seen = Path(sys.argv[2] + "-seen")  # a reader has met it neither empty nor full
with Vault.open(sys.argv[2]) as vault:
    while number % 2 and max(sizes) < 24:  # a reader: what it sees is of one moment and whole
        holdings = vault.holdings()
        assert len(holdings.marks) == len(holdings.scans) >= max(sizes)
        sizes.add(len(holdings.scans))
        if 0 < len(holdings.scans) < 24:
            seen.touch()
        for mark in random.sample(holdings.marks, min(5, len(holdings.marks))):
            vault.template(mark)
            vault.original(mark.scan.sha256)
            reads += 1
    for turn in range(0 if number % 2 else 12):
        while turn == 6 and not seen.exists():
            time.sleep(0.01)
        seed = 1000 * (number // 4) + turn  # two writers have the same scans
        done = enrol(vault, seed, make_exhibit(f"W{seed}"))
        vault.record("search", "Q", f"person {number}", "why")
        print(done.sha256, done.outcome, flush=True)
print("read", reads, len(sizes), flush=True)
"""


@pytest.mark.slow
def test_eight_processes_at_once(tmp_path, counted):
    """Four write, in pairs the same scans, and four read."""
    folder = tmp_path / "JAM"
    Vault.create(folder, "JAM").close()
    command = [sys.executable, "-c", MANY, HERE, str(folder)]
    running = [
        subprocess.Popen(
            [*command, str(n)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for n in range(8)
    ]
    ended = [(*process.communicate(timeout=120), process.returncode) for process in running]
    assert [code for *_, code in ended] == [0] * 8, [error for _, error, _ in ended]
    lines = "".join(out for out, *_ in ended).splitlines()
    new = sum(line.endswith("new") for line in lines)
    again = sum(line.endswith("already there") for line in lines)
    assert (new, again) == (24, 24)
    with Vault.open(folder) as vault:
        assert len(vault.holdings().scans) == 24
        searches = [row for row in vault.audit_log() if row.action == "search"]
        assert len(searches) == 48
        assert vault.check().problems == ()
    told = [line.split()[1:] for line in lines if line.startswith("read")]
    reads, sizes = (sum(int(numbers[n]) for numbers in told) for n in (0, 1))
    assert reads >= 20
    assert sizes > 8 + 4  # a reader saw the vault grow: more than empty and full
    counted(f"8 processes: {new} scans, {again} again, 48 rows, {reads} templates read, all whole")


@pytest.mark.parametrize("places", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_a_flipped_byte(tmp_path, counted, places):
    """Each one is found, in a scan file with its exhibit; or the catalogue had the byte in no use:
    every table reads as before, so nothing that anybody entered has changed."""
    folder = tmp_path / "JAM"
    with make_member(folder.parent, "JAM", 6) as vault:
        owners = {
            scan_path(folder, scan.sha256): scan.exhibit.exhibit for scan in vault.holdings().scans
        }
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sizes = [path.stat().st_size for path in files]
    rng = random.Random(11)
    found = {"a scan file": 0, "elsewhere": 0, "in no use": 0}
    content = _dump(folder)
    for path in rng.choices(files, sizes, k=places):
        sound = path.read_bytes()
        used = [n for n, byte in enumerate(sound) if byte or path.suffix != ".sqlite"]
        offset, bits = rng.choice(used), rng.randrange(1, 256)
        path.write_bytes(sound[:offset] + bytes([sound[offset] ^ bits]) + sound[offset + 1 :])
        problems = problems_of(folder)
        if path in owners:
            assert [exhibit for exhibit, _ in problems] == [owners[path]], (path, offset)
            found["a scan file"] += 1
        elif problems:
            found["elsewhere"] += 1
        else:
            assert path.name == "catalogue.sqlite", (path, offset, bits)
            assert _dump(folder) == content, (offset, bits)
            found["in no use"] += 1
        path.write_bytes(sound)
    assert problems_of(folder) == []
    assert sum(found.values()) == places
    assert found["elsewhere"] > found["in no use"]
    counted(f"{places} flipped bytes found, or in no use: {found}")


def test_a_flipped_byte_of_vault_toml(tmp_path):
    folder = tmp_path / "JAM"
    Vault.create(folder, "JAM").close()
    path = folder / "vault.toml"
    sound = path.read_bytes()
    for offset in range(len(sound)):
        for bits in (9, 32, 41):
            path.write_bytes(sound[:offset] + bytes([sound[offset] ^ bits]) + sound[offset + 1 :])
            assert problems_of(folder), (offset, bits)


def _dump(folder):
    with contextlib.closing(sqlite3.connect(folder / "catalogue.sqlite")) as db:
        derived = ('INSERT INTO "content"', "DELETE FROM", 'INSERT INTO "sqlite_sequence"')
        return [line for line in db.iterdump() if not line.startswith(derived)]
