"""On a terminal: colours, completion, the doctor; in a pipe: plain text."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from ribin.commands.app import SHELLS
from ribin.services import doctor as health
from ribin.services.doctor import Finding, State, examine

RIBIN = str(Path(sys.executable).with_name("ribin"))


@pytest.fixture(autouse=True)
def tested_once(self_tested, monkeypatch):
    """The doctor computes its cases once for all tests of this file."""
    monkeypatch.setattr(health, "_three_cases", lambda: self_tested)


@pytest.mark.skipif(os.name == "nt", reason="pty is not on Windows")
def test_an_error_is_red_on_a_terminal_only(tmp_path):
    import pty

    ours, theirs = pty.openpty()
    env = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    command = [RIBIN, "search", "x.x3p", "--vault", str(tmp_path / "none")]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, env=env)
    os.close(theirs)
    seen = os.read(ours, 10_000)
    os.close(ours)
    assert done.returncode == 3
    assert seen.startswith(b"\x1b[31m\x1b[1mribin:\x1b[0m ")
    piped = subprocess.run(command, capture_output=True, env=env)
    assert piped.stderr.startswith(b"ribin: ")


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_prints_a_script_for_the_shell(ribin, shell):
    done = ribin("completion", shell)
    assert done.code == 0
    assert f"_RIBIN_COMPLETE={shell}_complete" in done.out


def test_a_shell_that_asks_is_answered():
    asked = {"COMP_WORDS": "ribin sto", "COMP_CWORD": "1", "_RIBIN_COMPLETE": "bash_complete"}
    done = subprocess.run([RIBIN], env={**os.environ, **asked}, capture_output=True, text=True)
    assert done.stdout == "plain,store\n"
    asked["COMP_WORDS"], asked["COMP_CWORD"] = "ribin store check --va", "3"
    done = subprocess.run([RIBIN], env={**os.environ, **asked}, capture_output=True, text=True)
    assert done.stdout == "plain,--vault\n"


def test_the_doctor_finds_this_installation_fit(ribin):
    done = ribin("doctor")
    assert (done.code, done.err) == (0, "")
    found = {line[5:21].strip(): line for line in done.out.splitlines() if line[:4].strip()}
    assert {"program", "libraries", "compiled kernels", "self test", "vault"} <= set(found)
    assert found["self test"].startswith("ok")
    assert "ms a comparison on one thread" in found["self test"]
    assert found["vault"].startswith("-")
    assert "`ribin init` makes one" in done.out


def test_the_doctor_looks_at_a_vault_and_a_network(ribin, tmp_path):
    ribin("init", tmp_path / "JAM", "--member", "JAM", "--who", "me")
    text = '[members.JAM]\nvault = "JAM"\n[members.BLZ]\nvault = "gone"\n'
    (tmp_path / "network.toml").write_text(text, encoding="utf-8")
    done = ribin("doctor", "--vault", tmp_path / "JAM", "--network", tmp_path / "network.toml")
    assert done.code == 1
    lines = {line[5:21].strip(): line for line in done.out.splitlines()}
    assert "JAM, 0 exhibits" in lines["vault"]
    assert lines["member JAM"].startswith("ok")
    assert lines["member BLZ"].startswith("BAD")
    assert f"mend `vault` of this member in {tmp_path / 'network.toml'}" in done.out
    as_json = ribin("doctor", "--vault", tmp_path / "none", "--json")
    findings = {f["area"]: f for f in json.loads(as_json.out)["findings"]}
    assert (as_json.code, findings["vault"]["state"]) == (1, "bad")


def test_a_vault_that_is_full_or_cannot_be_written(ribin, tmp_path, monkeypatch):
    ribin("init", tmp_path / "JAM", "--member", "JAM", "--who", "me")
    monkeypatch.setattr(health, "_ROOM_MB", 1e12)
    found = {f.area: f for f in examine(tmp_path / "JAM", None, 1)}
    assert found["vault"].state is State.BAD
    assert found["vault"].next_step == "make room before enrolling"


def test_a_wrong_figure_of_the_self_test_condemns_the_program(ribin, monkeypatch):
    monkeypatch.setattr(health, "_three_cases", lambda: (50.0, 60.0, 1.0, 1.0))
    done = ribin("doctor")
    assert done.code == 3
    assert "cases of one firearm score 50.0 (90 or more needed), of two 60.0" in done.out


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setattr(health, "requires", lambda name: ["click>=8", "no-such-library>=1,<2"])
    found = {f.area: f for f in examine(None, None, 1)}
    assert found["libraries"] == Finding(
        "libraries",
        State.BAD,
        "no installed package no-such-library",
        "install again: pip install --force-reinstall ribin",
    )


def test_a_clock_behind_the_audit_log_is_seen(ribin, tmp_path, monkeypatch):
    ribin("init", tmp_path / "JAM", "--member", "JAM", "--who", "me")
    monkeypatch.setattr("ribin.vault.audit.now_utc", lambda: "2020-01-01T00:00:00+00:00")
    found = {f.area: f for f in examine(tmp_path / "JAM", None, 1)}["vault"]
    assert found.state is State.BAD
    assert found.found.startswith("the clock says 2020-01-01T00:00:00+00:00, and the last row")
    assert found.next_step.startswith("set the clock")


def test_kernels_that_cannot_be_kept(monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    found = {f.area: f for f in examine(None, None, 1)}["compiled kernels"]
    assert found.state is State.BAD
    assert "NUMBA_CACHE_DIR" in found.next_step


def test_an_extra_that_is_missing_is_no_fault():
    found = health._extra("web", "no_such_module", "the application")
    assert (found.state, found.next_step) == (State.OPTIONAL, "pip install 'ribin[web]'")


@pytest.mark.skipif(os.name == "nt", reason="pty is not on Windows")
def test_a_table_is_wrapped_on_a_terminal_only(ribin, tmp_path, sample_dir):
    import fcntl
    import pty
    import struct
    import termios

    long = "X-" + "y" * 150
    ribin("init", tmp_path / "JAM", "--member", "JAM", "--who", "me")
    file, own = sample_dir / "JAM-2026-0007-1.x3p", ("--vault", str(tmp_path / "JAM"))
    ribin("enrol", file, *own, "--event", f"E-{long}", "--exhibit", long, "--who", "me")
    command = [RIBIN, "share", *own, "--who", "me"]
    piped = subprocess.run(command, capture_output=True, text=True, check=True)
    assert long in piped.stdout
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    env = {k: v for k, v in os.environ.items() if k != "COLUMNS"}
    done = subprocess.run(command, stdout=theirs, stderr=theirs, env=env)
    os.close(theirs)
    seen = click.unstyle(os.read(ours, 10_000).decode())
    os.close(ours)
    assert done.returncode == 0
    assert long not in seen
    shown = "".join(line.split()[0] for line in seen.splitlines()[1:])
    assert long in shown, "the name is wrapped and whole"
    assert max(map(len, seen.splitlines())) <= 80
