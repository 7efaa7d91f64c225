"""Who may read a vault and write there, and that nothing in it leads out of it."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from search_makers import PARAMS_ID, ask, make_query, search
from vault_makers import enrol, make_exhibit

from ribin.errors import ParameterError, StoreError
from ribin.search.context import SearchContext
from ribin.search.network import Network, NetworkMember
from ribin.vault.backup import back_up, restore
from ribin.vault.files import access_problem
from ribin.vault.keys import make_key
from ribin.vault.vault import Vault

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
QUIET = {"reason": "nightly", "on_progress": lambda done, total: None}


def modes(folder: Path) -> tuple[set[str], set[str]]:
    """Modes of the folders and of the files, a key's aside."""
    listed = [folder, *folder.rglob("*")]
    found = [(p, f"{stat.S_IMODE(p.stat().st_mode):04o}") for p in listed]
    folders = {mode for path, mode in found if path.is_dir()}
    return folders, {mode for path, mode in found if path.is_file() and path.suffix != ".key"}


def in_use(vault: Vault) -> None:
    """Use a vault so that it has files of every kind: scans, an index, tables, a key."""
    make_key(vault, "head")
    for seed in (1, 2, 3):
        enrol(vault, seed, make_exhibit(f"X{seed}"), params_id=PARAMS_ID)
    network = Network({"JAM": NetworkMember("JAM", "JAM", vault.path)}, {})
    search(make_query(), ask("JAM", full=True), SearchContext(network))


def group_name() -> str:
    grp = pytest.importorskip("grp")
    return grp.getgrgid(os.getgid()).gr_name


@pytest.mark.usefixtures("plain_correlator")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
@pytest.mark.parametrize("grouped", [False, True])
def test_every_file_has_the_mode_of_its_vault_whatever_the_umask(tmp_path, umask, grouped):
    before = os.umask(umask)
    try:
        group = group_name() if grouped else ""
        with Vault.create(tmp_path / "JAM", "JAM", "head", group) as vault:
            in_use(vault)
            assert (vault.path / "index").is_dir()
            back_up(vault, tmp_path / "copy", who="head", **QUIET)
            restore(tmp_path / "copy", tmp_path / "again", who="head", **QUIET)
            wanted = ({"2770"}, {"0660"}) if grouped else ({"0700"}, {"0600"})
            for name in ("JAM", "copy", "again"):
                assert modes(tmp_path / name) == wanted
                assert stat.S_IMODE((tmp_path / name / "member.key").stat().st_mode) == 0o600
                assert access_problem(tmp_path / name) == ""
    finally:
        os.umask(before)


def test_a_group_that_is_not_there_is_refused_and_leaves_nothing(ribin, tmp_path):
    with pytest.raises(ParameterError, match="group: one of this machine needed, found 'nobodies'"):
        Vault.create(tmp_path / "JAM", "JAM", "head", "nobodies")
    assert not (tmp_path / "JAM").exists()
    done = ribin("init", tmp_path / "JAM", "--member", "JAM", "--group", group_name())
    assert done.code == 0
    assert modes(tmp_path / "JAM")[0] == {"2770"}


def test_the_doctor_sees_a_vault_that_is_open_to_others(tmp_path):
    with Vault.create(tmp_path / "JAM", "JAM", "head") as vault:
        enrol(vault, 1, make_exhibit("X1"))
    folder = tmp_path / "JAM"
    (folder / "catalogue.sqlite").chmod(0o644)
    assert access_problem(folder) == "catalogue.sqlite: mode 0600 needed, found 0644"
    folder.chmod(0o755)
    assert access_problem(folder) == "mode 0700, or 2770 of a group, needed, found 0755"


_ENROL = """
import os, sys
sys.path[:0] = [sys.argv[1]]
import ribin.crypto.keys
from vault_makers import enrol, make_exhibit
from ribin.vault.vault import Vault
folder, user, group, seed = sys.argv[2], *map(int, sys.argv[3:])
os.umask(0o022)
os.setgroups([])
os.setgid(group)
os.setuid(user)  # the program itself may lie where this login reads nothing
os.environ["LOGNAME"] = f"login{user}"
with Vault.open(folder) as vault:
    enrol(vault, seed, make_exhibit(f"X{seed}"))
    assert vault.check().clean, vault.check().problems
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="logins need root")
def test_several_logins_of_a_group_work_in_one_vault_and_a_stranger_does_not():
    import grp

    group = next((g for g in grp.getgrall() if g.gr_gid), None)
    assert group
    root, folder = Path(__file__).parents[2], Path(tempfile.mkdtemp(dir="/tmp"))

    def run(user: int, number: int, seed: int) -> subprocess.CompletedProcess[str]:
        said = [str(root / "tests"), str(folder / "JAM"), str(user), str(number), str(seed)]
        command = [sys.executable, "-c", _ENROL, *said]
        env = {**os.environ, "PYTHONPATH": str(root)}
        return subprocess.run(command, env=env, capture_output=True, text=True)

    try:
        folder.chmod(0o755)
        Vault.create(folder / "JAM", "JAM", "head", group.gr_name).close()
        for seed, user in enumerate((61001, 61002, 61003, 61004, 61005, 61001), start=1):
            done = run(user, group.gr_gid, seed)
            assert done.returncode == 0, done.stderr
        stranger = run(61006, 61006, 9)
        assert stranger.returncode != 0
        assert "needed" in stranger.stderr or "Permission denied" in stranger.stderr
        with Vault.open(folder / "JAM") as vault:
            assert vault.check().clean
            assert len(vault.exhibits()) == 6
        assert access_problem(folder / "JAM") == ""
    finally:
        shutil.rmtree(folder)


# Symbolic links in a vault.


@pytest.fixture
def vault(tmp_path):
    with Vault.create(tmp_path / "JAM", "JAM", "head") as made:
        for seed in (1, 2):
            enrol(made, seed, make_exhibit(f"X{seed}"))
        yield made


def moved_out(path: Path, to: Path) -> None:
    """Put a link in the place of a file or folder."""
    shutil.move(path, to)
    path.symlink_to(to)


@pytest.mark.parametrize("name", ["vault.toml", "marks", "incoming", "catalogue.sqlite", "marks/*"])
def test_a_vault_with_a_link_in_it_is_not_opened(vault, tmp_path, name):
    vault.close()
    path = next(vault.path.glob(name))
    moved_out(path, tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="of the vault itself needed, found a symbolic link"):
        Vault.open(vault.path)


def test_a_scan_file_that_is_a_link_is_not_read(vault, tmp_path):
    (path,) = vault.path.glob(f"marks/*/{vault.holdings().scans[0].sha256}.h5")
    moved_out(path, tmp_path / "elsewhere.h5")
    with pytest.raises(StoreError, match="found a symbolic link"):
        vault.original(path.stem)
    assert any("symbolic link" in one.text for one in vault.check().problems)
    with pytest.raises(StoreError, match="found a symbolic link"):
        back_up(vault, tmp_path / "copy", who="head", **QUIET)


def test_a_link_to_a_secret_reaches_no_backup(vault, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("of somebody else")
    (vault.path / "notices").mkdir()
    (vault.path / "notices" / "LEAD-1.json").symlink_to(secret)
    with pytest.raises(StoreError, match=r"LEAD-1.json: a file or folder of the vault itself"):
        back_up(vault, tmp_path / "copy", who="head", **QUIET)
    assert not (tmp_path / "copy").exists()
    assert any("LEAD-1.json: a symbolic link" in one.text for one in vault.check().problems)


def test_a_link_is_not_written_through(vault, tmp_path):
    """A prepared name of a file to come, and of a folder to come."""
    victim = tmp_path / "victim"
    victim.write_text("as it was")
    incoming = vault.path / "incoming"
    shutil.rmtree(incoming)
    (tmp_path / "outside").mkdir()
    incoming.symlink_to(tmp_path / "outside")
    with pytest.raises(StoreError, match="found a symbolic link"):
        enrol(vault, 5, make_exhibit("X5"))
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_vault_may_be_reached_by_a_link_to_its_folder(vault, tmp_path):
    (tmp_path / "short").symlink_to(vault.path)
    with Vault.open(tmp_path / "short") as opened:
        assert len(opened.exhibits()) == 2
        assert opened.check().clean
