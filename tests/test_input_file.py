"""A named pipe, a device, a socket or a folder given as a file is refused at once."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import damaged
import pytest

from ribin.commands.app import app
from ribin.commands.terminal import run
from ribin.errors import FormatError
from ribin.input_file import open_input, read_input
from ribin.read import read_scan

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")


@pytest.fixture(params=["a named pipe", "a socket", "a device", "a folder"])
def no_file(request, tmp_path, monkeypatch):
    """The path of something that is no file, and what it is."""
    monkeypatch.chdir(tmp_path)  # the path of a socket may not be long
    path = Path("no_file")
    if request.param == "a named pipe":
        os.mkfifo(path)
    elif request.param == "a folder":
        path.mkdir()
    elif request.param == "a device":
        path.symlink_to("/dev/zero")
    else:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
            yield path, request.param
            return
    yield path, request.param


def test_what_is_no_file_is_not_opened(no_file):
    path, kind = no_file
    for read in (open_input, lambda path: read_input(path, 1)):
        with pytest.raises(OSError, match=f"found {kind}"):
            read(path)


def test_a_file_is_read_up_to_its_limit(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(bytes(1 << 20))
    assert read_input(path, 1) == path.read_bytes()
    with pytest.raises(OSError, match=r"at most 0.5 MiB needed, found 1 MiB"):
        read_input(path, 0.5)
    if Path("/proc/self/maps").is_file():  # states a size of 0
        with pytest.raises(OSError, match=r"found more than the 0 bytes that it has"):
            read_input(Path("/proc/self/maps"), 1)


def test_neither_as_a_scan_nor_as_a_mask(no_file):
    path, kind = no_file
    with pytest.raises(FormatError, match=f"no_file: a file needed, found {kind}$"):
        read_scan(path)
    scan = Path("a.x3p")
    scan.write_bytes(damaged.x3p_bytes())
    with pytest.raises(FormatError, match=f"no_file: a file needed, found {kind}$"):
        read_scan(scan, mask_path=path)


COMMANDS = (
    "info ./no_file",
    "extract ./no_file",
    "compare ./no_file ./no_file",
    "enrol ./no_file --vault v --event E --exhibit X",
    "enrol ./no_file --vault v --event E --exhibit X --dry-run",
    "network key trust ./no_file --vault v --fingerprint 0",
    "network import ./no_file --vault v",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_refuse_at_once(command, no_file, capfd):
    _, kind = no_file
    assert run(app, ["init", "v", "--member", "JAM"]) == 0
    capfd.readouterr()
    assert run(app, command.split()) in (1, 2, 3)
    assert f"found {kind}" in capfd.readouterr().err
