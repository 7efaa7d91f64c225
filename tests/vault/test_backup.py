"""A copy of a vault is whole, of one moment, and checked; it can be brought back."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from vault_makers import enrol, make_exhibit

from ribin.cases.leads import Role
from ribin.errors import AccessError, StoreError
from ribin.vault.backup import back_up, restore
from ribin.vault.enrol import scan_path
from ribin.vault.people import appoint
from ribin.vault.vault import Vault

QUIET = {"reason": "nightly", "on_progress": lambda done, total: None}


@pytest.fixture
def vault(tmp_path):
    with Vault.create(tmp_path / "JAM", "JAM", who="head") as made:
        for seed in (1, 2, 3):
            enrol(made, seed, make_exhibit(f"X{seed}"))
        yield made


def test_a_copy_is_a_vault_and_can_be_brought_back(vault, tmp_path):
    copied = back_up(vault, tmp_path / "copy", who="head", **QUIET)
    assert (copied.scans, copied.head.seq) == (3, vault.audit_head().seq)
    names = ["catalogue.sqlite", "incoming", "marks", "vault.toml"]
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == names
    enrol(vault, 4, make_exhibit("X4"))
    brought = restore(tmp_path / "copy", tmp_path / "again", who="head", **QUIET)
    with Vault.open(tmp_path / "again") as again:
        assert list(again.exhibits()) == ["X1", "X2", "X3"]
        assert again.check().clean
        rows = again.audit_log()
        assert [row.action for row in rows[-2:]] == ["backup", "restore"]
        assert rows[-1].details["backup"] == {"seq": copied.head.seq, "sha256": copied.head.sha256}
        assert again.audit_head() == brought.head
        enrol(again, 5, make_exhibit("X5"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["JAM", "again", "copy"]


def test_a_damaged_vault_gives_no_copy_and_a_damaged_copy_no_vault(vault, tmp_path):
    back_up(vault, tmp_path / "copy", who="head", **QUIET)
    sha256 = vault.holdings().scans[1].sha256
    for folder in (vault.path, tmp_path / "copy"):
        path = scan_path(folder, sha256)
        content = bytearray(path.read_bytes())
        content[100] ^= 1
        path.write_bytes(content)
    with pytest.raises(StoreError, match=f"{sha256}.h5: SHA-256 .* needed to copy it, found anoth"):
        back_up(vault, tmp_path / "two", who="head", **QUIET)
    with pytest.raises(StoreError, match="needed to copy it, found another"):
        restore(tmp_path / "copy", tmp_path / "again", who="head", **QUIET)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["JAM", "copy"]


def test_a_folder_with_files_is_never_written_over(vault, tmp_path):
    for target in (vault.path, vault.path / "vault.toml"):
        with pytest.raises(StoreError, match="a new or empty folder needed, found files in it"):
            back_up(vault, target, who="head", **QUIET)
    back_up(vault, tmp_path / "copy", who="head", **QUIET)
    with pytest.raises(StoreError, match="a new or empty folder needed"):
        restore(tmp_path / "copy", vault.path, who="head", **QUIET)


def test_only_an_administrator_copies_and_brings_back(vault, tmp_path):
    appoint(vault, "Ana", [Role.EXAMINER], "head", "")
    with pytest.raises(AccessError, match="Ana: administrator needed, found examiner"):
        back_up(vault, tmp_path / "copy", who="Ana", **QUIET)
    back_up(vault, tmp_path / "copy", who="head", **QUIET)
    with pytest.raises(AccessError, match="Ana: administrator needed"):
        restore(tmp_path / "copy", tmp_path / "again", who="Ana", **QUIET)


WRITER = """
import sys
sys.path.insert(0, sys.argv[1])
from vault_makers import enrol, make_exhibit
from ribin.vault.vault import Vault
with Vault.open(sys.argv[2]) as vault:
    for seed in range(100, 120):
        enrol(vault, seed, make_exhibit(f"W{seed}"))
        print(seed, flush=True)
"""


def test_copies_taken_while_others_write(vault, tmp_path, counted):
    """Each copy is sound and of one moment: it holds all that was enrolled before it began."""
    here = str(Path(__file__).parents[1])
    command = [sys.executable, "-c", WRITER, here, str(vault.path)]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    done = [writer.stdout.readline()]
    reader = threading.Thread(target=lambda: done.extend(writer.stdout))
    reader.start()
    copies = 0
    while writer.poll() is None or copies == 0:
        before = len(done)
        copied = back_up(vault, tmp_path / f"copy{copies}", who="head", **QUIET)
        assert copied.scans >= 3 + before
        copies += 1
    reader.join()
    writer.stdout.close()
    assert (writer.returncode, len(done)) == (0, 20)
    counted(f"{copies} copies while 20 scans were enrolled")


def test_commands(ribin, vault, tmp_path):
    asked = ("--who", "head")
    done = ribin("store", "backup", tmp_path / "copy", "--vault", vault.path, *asked)
    assert done.code == 0, done.err
    head = vault.audit_head()
    assert done.out.splitlines()[1] == f"audit head {head.seq}:{head.sha256}"
    done = ribin("store", "restore", tmp_path / "copy", tmp_path / "again", *asked)
    assert (done.code, done.out.split(",")[0]) == (0, f"{tmp_path / 'again'}: 3 scans")
    done = ribin("store", "restore", tmp_path / "copy", tmp_path / "again", *asked)
    assert (done.code, done.err.count("\n")) == (3, 1)


# A backup into the folder of the last one.


def files_of(folder: Path) -> dict[str, int]:
    """Inodes of the scan files."""
    return {path.stem: path.stat().st_ino for path in (folder / "marks").rglob("*.h5")}


def test_a_backup_again_is_a_new_generation_linked_to_the_last_one_alone(vault, tmp_path, ribin):
    target = tmp_path / "copy"
    back_up(vault, target, who="head", **QUIET)
    first = files_of(target)
    enrol(vault, 4, make_exhibit("X4"))
    asked = ("--vault", vault.path, "--who", "head", "--reason", "nightly")
    done = ribin("store", "backup", target, *asked)
    assert done.code == 0, done.err
    assert "4 scans" in done.out
    assert "files as in the last backup" in done.out
    assert "private keys of JAM are in it" in done.err
    second = files_of(target)
    assert first.items() < second.items()
    assert not set(second.values()) & set(files_of(vault.path).values())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["JAM", "copy"]
    with Vault.open(target, read_only=True) as copy:
        assert copy.check().clean
        assert len(copy.exhibits()) == 4


def test_the_last_good_backup_stays_until_the_new_one_is_verified(vault, tmp_path):
    target = tmp_path / "copy"
    back_up(vault, target, who="head", **QUIET)
    enrol(vault, 4, make_exhibit("X4"))
    sha256 = vault.holdings().scans[3].sha256
    path = scan_path(vault.path, sha256)
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(StoreError, match="needed to copy it, found another"):
        back_up(vault, target, who="head", **QUIET)
    with Vault.open(target, read_only=True) as copy:
        assert (copy.check().clean, len(copy.exhibits())) == (True, 3)
    path.write_bytes(content)
    # A damaged file of the last backup is not handed on, and one of the vault is not needed.
    damaged = scan_path(target, vault.holdings().scans[0].sha256)
    damaged.write_bytes(damaged.read_bytes() + b"x")
    assert back_up(vault, target, who="head", **QUIET).linked == 3  # two scans and vault.toml
    with Vault.open(target, read_only=True) as copy:
        assert (copy.check().clean, len(copy.exhibits())) == (True, 4)


def test_a_crash_between_two_names_leaves_a_backup_that_the_next_one_finds(vault, tmp_path):
    target = tmp_path / "copy"
    back_up(vault, target, who="head", **QUIET)
    target.rename(tmp_path / "copy.before")
    copied = back_up(vault, target, who="head", **QUIET)
    assert copied.linked == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["JAM", "copy"]


def test_nothing_takes_the_place_of_what_is_nowhere_else(vault, tmp_path):
    back_up(vault, tmp_path / "copy", who="head", **QUIET)
    restore(tmp_path / "copy", tmp_path / "again", who="head", **QUIET)
    with Vault.create(tmp_path / "BLZ", "BLZ", who="head"):
        pass
    for name in ("again", "BLZ"):
        with pytest.raises(StoreError, match=r"an earlier backup of .*JAM needed, found a vault"):
            back_up(vault, tmp_path / name, who="head", **QUIET)
    with pytest.raises(StoreError, match="a folder beside the vault"):
        back_up(vault, vault.path / "inside", who="head", **QUIET)
    # A vault that was taken back is not laid over the longer log of its backup.
    older = tmp_path / "older.sqlite"
    vault.catalogue.copy_to(older)
    enrol(vault, 4, make_exhibit("X4"))
    back_up(vault, tmp_path / "copy", who="head", **QUIET)
    vault.close()
    for rest in vault.path.glob("catalogue.sqlite*"):
        rest.unlink()
    older.rename(vault.path / "catalogue.sqlite")
    with Vault.open(vault.path) as back, pytest.raises(StoreError, match="is not in its log"):
        back_up(back, tmp_path / "copy", who="head", **QUIET)
