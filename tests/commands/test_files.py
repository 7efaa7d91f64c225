"""What a command leaves behind where it fails: no half file, no empty folder, no tracebacks."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

FIRST, MATE = "JAM-2026-0007-1.x3p", "BLZ-2025-0042-1.x3p"


@pytest.fixture
def full_disk(monkeypatch):
    """Half of what is written arrives."""
    whole = Path.write_bytes

    def write(path, content):
        whole(path, content[: len(content) // 2])
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", write)


@pytest.mark.parametrize("before", [None, b"an older picture"])
def test_a_full_disk_leaves_the_picture_as_it_was(ribin, sample_dir, tmp_path, before, request):
    path = tmp_path / "pair.png"
    if before:
        path.write_bytes(before)
    request.getfixturevalue("full_disk")
    for command in (
        ("compare", sample_dir / FIRST, sample_dir / MATE),
        ("extract", sample_dir / MATE),
    ):
        done = ribin(*command, "--overlay", path)
        assert done.code == 3
        assert (
            done.err == f"ribin: {path}: the picture cannot be written, No space left on device\n"
        )
        assert [p.read_bytes() for p in tmp_path.iterdir()] == ([before] if before else [])


@pytest.mark.parametrize("name", ["pair.jpg", "nowhere/pair.png"])
def test_a_picture_that_cannot_be_is_refused_before_the_work(ribin, tmp_path, name):
    for command in (("compare", "none.x3p", "none.x3p"), ("extract", "none.x3p")):
        done = ribin(*command, "--overlay", tmp_path / name)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(f"ribin: {tmp_path / name}: ")
    done = ribin("demo", "--picture", tmp_path / name, "--keep", tmp_path / "kept")
    assert done.code == 2
    assert list(tmp_path.iterdir()) == []


def test_an_evaluation_that_fails_leaves_no_folder(ribin, tmp_path):
    done = ribin("evaluate", tmp_path / "none", "--pictures", tmp_path / "a" / "b")
    assert done.code == 3
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a").mkdir()
    ribin("evaluate", tmp_path / "none", "--pictures", tmp_path / "a")
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_pairs_go_to_what_is_no_plain_file(ribin, sample_dir, tmp_path):
    for name in (FIRST, MATE):
        shutil.copyfile(sample_dir / name, tmp_path / name)
    (tmp_path / "labels.csv").write_text(f"file,firearm\n{FIRST},a\n{MATE},a\n", encoding="utf-8")
    assert ribin("evaluate", tmp_path, "--pairs", os.devnull, "--jobs", "1").code == 0


@pytest.mark.parametrize("keep", ["file", "file/demo"])
def test_a_demo_that_cannot_be_kept_is_one_line(ribin, tmp_path, keep):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    done = ribin("demo", "--keep", tmp_path / keep, "--picture", tmp_path / "p.png")
    assert (done.code, done.out) == (3, "")
    assert done.err == f"ribin: {tmp_path / keep}: Not a directory\n"


def _workers_of(pid):
    """How many processes that describe a program has started; other children do not count."""
    found = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in (thread / "children").read_text().split():
            with contextlib.suppress(OSError):
                found += b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    return found


def _heeds_interrupts():
    """A run in the background of a shell ignores SIGINT, and so would what it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_an_interrupted_evaluation_is_quiet(sample_dir, tmp_path):
    """Ctrl-C in a terminal reaches the processes that describe, too."""
    rows = ["file,firearm"]
    for number in range(200):
        shutil.copyfile(sample_dir / FIRST, tmp_path / f"{number}.x3p")
        rows.append(f"{number}.x3p,f{number % 7}")
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    command = [str(Path(sys.executable).with_name("ribin")), "evaluate", str(tmp_path)]
    with subprocess.Popen(
        [*command, "--jobs", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_heeds_interrupts,
    ) as process:
        while process.poll() is None and _workers_of(process.pid) < 2:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=180)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err
