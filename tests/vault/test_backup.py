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
