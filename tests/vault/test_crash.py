"""Killed at any instant, a vault keeps what it acknowledged and nothing half-written."""

from __future__ import annotations

import pkgutil
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from vault_makers import enrol, make_exhibit

from ribin.vault.enrol import clear_leftovers
from ribin.vault.vault import Vault

ENROLLER = """
import sys
sys.path.insert(0, sys.argv[1])
from vault_makers import enrol, make_exhibit
from ribin.vault.vault import Vault
with Vault.open(sys.argv[2]) as vault:
    print("ready", flush=True)
    for seed in range(int(sys.argv[3]), int(sys.argv[4])):
        done = enrol(vault, seed, make_exhibit(f"X{seed}"))
        print(done.sha256, done.outcome, flush=True)
"""


def start_enroller(folder: Path, first: int, last: int) -> subprocess.Popen[str]:
    arguments = [str(Path(__file__).parents[1]), str(folder), str(first), str(last)]
    return subprocess.Popen(
        [sys.executable, "-c", ENROLLER, *arguments], stdout=subprocess.PIPE, text=True
    )


def acknowledged(output: str) -> set[str]:
    """The scans of whole lines; a line cut by the kill acknowledges nothing."""
    lines = output.split("\n")[:-1]
    return {line.split()[0] for line in lines if line.endswith(("new", "already there"))}


@pytest.mark.parametrize("kills", [2, pytest.param(10, marks=pytest.mark.slow)])
def test_a_killed_writer_loses_nothing_it_acknowledged(tmp_path, counted, kills):
    folder = tmp_path / "JAM"
    Vault.create(folder, "JAM").close()
    rng = random.Random(7)
    kept: set[str] = set()
    for start in range(0, 10 * kills, 10):
        writer = start_enroller(folder, start, start + 1000)
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(1 + rng.randrange(4))]
        time.sleep(rng.uniform(0, 0.025))
        writer.kill()
        kept |= acknowledged("".join(lines) + writer.communicate()[0])
        with Vault.open(folder) as vault:
            holdings = vault.holdings()
            found = {scan.sha256 for scan in holdings.scans}
            assert kept <= found
            assert vault.check().problems == ()
            for mark in holdings.marks:
                vault.template(mark)
            assert len(holdings.marks) == len(found)
    assert len(kept) > kills
    counted(f"{kills} kills of a writer: {len(kept)} scans acknowledged, none lost")
    with Vault.open(folder) as vault:
        enrol(vault, 5000, make_exhibit("last"))
        assert list((folder / "incoming").iterdir()) == []
        assert len(list((folder / "marks").rglob("*.h5"))) == len(vault.holdings().scans)


# Each step of an enrolment after which the process may end, in order.
STEPS = (
    "ribin.vault.enrol.fsync_folder",
    "ribin.vault.enrol.write_synced",
    "ribin.vault.enrol.os.replace",
    "ribin.vault.enrol.admit_file",
    "ribin.vault.enrol.insert_entry",
    "ribin.vault.enrol.forget_arrival",
)


class Killed(BaseException):
    """Stands for the end of the process: no clean-up of ours may run on it."""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_an_end_at_every_step(tmp_path, monkeypatch, step, when):
    folder = tmp_path / "JAM"
    with Vault.create(folder, "JAM") as vault:
        enrol(vault, 1, make_exhibit("X1"))
        real = pkgutil.resolve_name(step)

        def end(*arguments):
            if when == "after":
                real(*arguments)
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(step, end)
            with pytest.raises(Killed):
                enrol(vault, 2, make_exhibit("X2"))
        committed = step.endswith("forget_arrival")
        assert list(vault.exhibits()) == ["X1", "X2"][: 1 + committed]
        assert vault.check().problems == ()

        outcome = enrol(vault, 2, make_exhibit("X2")).outcome
        assert outcome == ("already there" if committed else "new")
        enrol(vault, 3, make_exhibit("X3"))
        assert vault.check().problems == ()
        assert list((folder / "incoming").iterdir()) == []
        assert len(list((folder / "marks").rglob("*.h5"))) == 3


def test_two_processes_enrol_at_once(tmp_path):
    folder = tmp_path / "JAM"
    Vault.create(folder, "JAM").close()
    writers = [start_enroller(folder, *seeds) for seeds in ((0, 30), (15, 45))]
    outputs = [writer.communicate()[0].split("\n") for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    lines = outputs[0] + outputs[1]
    assert sum(line.endswith("new") for line in lines) == 45
    assert sum(line.endswith("already there") for line in lines) == 15
    with Vault.open(folder) as vault:
        assert len(vault.holdings().marks) == 45
        assert vault.check().clean


def test_a_copy_taken_beside_an_unfinished_log_opens(tmp_path):
    """A backup may hold catalogue.sqlite-wal: nothing in it may be lost."""
    with Vault.create(tmp_path / "JAM", "JAM") as vault:
        enrol(vault, 1, make_exhibit("X1"))
        assert (vault.path / "catalogue.sqlite-wal").stat().st_size > 0
        copy = shutil.copytree(vault.path, tmp_path / "copy")
    with Vault.open(copy) as vault:
        assert list(vault.exhibits()) == ["X1"]
        assert vault.check().clean


def test_a_writer_may_finish_while_another_clears_what_was_left(tmp_path):
    """The folder of an arrival goes away without the lock, once its scan is enrolled."""
    arriving = tmp_path / "incoming" / ("a" * 64)
    arriving.mkdir(parents=True)

    def finished_meanwhile(sha256):
        arriving.rmdir()
        return True

    clear_leftovers(tmp_path, finished_meanwhile)
    assert not arriving.exists()
