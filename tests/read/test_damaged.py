"""What is not a usable scan gets its own one-line message, and nothing else happens."""

from __future__ import annotations

import dataclasses
import os
import random
import re
import tracemalloc
from pathlib import Path

import damaged
import numpy as np
import pytest

from ribin.errors import FormatError, ParameterError, RibinError, ScanError
from ribin.model import Scan
from ribin.params.defaults import ReadParams
from ribin.read import read_scan

LIMITS = ReadParams()


@pytest.mark.parametrize("damage", damaged.DAMAGED, ids=lambda damage: damage.file)
def test_each_damage_has_its_message(damage, tmp_path, capfd):
    path = tmp_path / damage.file
    path.write_bytes(damage.build())
    with pytest.raises(RibinError) as raised:
        read_scan(path)
    text = str(raised.value)
    assert type(raised.value) is damage.error
    assert re.fullmatch(f"{re.escape(damage.file)}: {damage.message}", text), text
    assert "\n" not in text
    assert [p.name for p in tmp_path.iterdir()] == [damage.file]
    assert capfd.readouterr().out == ""


def test_messages_differ_between_kinds_of_damage():
    messages = [damage.message for damage in damaged.DAMAGED]
    shared = {m for m in messages if messages.count(m) > 1}
    assert shared == {
        "the image is truncated.*",  # one kind, four formats
        "the image states no pixel pitch, give --pixel-pitch-um",
    }


def test_what_is_no_file(tmp_path):
    with pytest.raises(FormatError, match=r"nowhere.x3p: a file needed, found nothing there$"):
        read_scan(tmp_path / "nowhere.x3p")
    with pytest.raises(FormatError, match="a file needed, found a folder"):
        read_scan(tmp_path)
    with pytest.raises(FormatError, match=r"a file needed, embedded null byte"):
        read_scan("null\0character.x3p")


def test_unreadable_file(tmp_path, monkeypatch):
    path = tmp_path / "a.x3p"
    path.write_bytes(damaged.x3p_bytes())

    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(FormatError, match=r"a.x3p: a file needed, Permission denied$"):
        read_scan(path)


@pytest.mark.parametrize(
    ("change", "file", "error", "message"),
    [
        ({"max_pixels": 500}, "a.x3p", ScanError, "at most 500 pixels needed, found 20 x 28"),
        ({"max_pixels": 500}, "a.png", ScanError, "at most 500 pixels needed, found 20 x 28"),
        ({"max_file_mib": 0}, "a.x3p", FormatError, "at most 0 MiB needed, found 0.0"),
        (
            {"max_unpacked_mib": 0},
            "a.x3p",
            FormatError,
            "the archive unpacks to 0 MiB, at most 0 MiB allowed",
        ),
        (
            {"max_main_xml_mib": 0},
            "a.x3p",
            FormatError,
            "main.xml of at most 0 MiB needed, found 0 MiB",
        ),
    ],
)
def test_limits_come_from_the_parameters(change, file, error, message, tmp_path):
    path = tmp_path / file
    path.write_bytes(damaged.x3p_bytes() if file == "a.x3p" else damaged.image_bytes())
    with pytest.raises(error, match=message):
        read_scan(path, params=dataclasses.replace(LIMITS, **change))


@pytest.mark.parametrize("pitch_um", [0.0, -2.5, np.nan, np.inf, 1e4])
def test_given_pitch_must_be_possible(pitch_um, tmp_path):
    message = f"pixel_pitch_um: 0.05 to 100 um needed, found {pitch_um:g}"
    with pytest.raises(ParameterError, match=re.escape(message)):
        read_scan(tmp_path / "a.png", pixel_pitch_um=pitch_um)


def test_size_is_checked_before_the_pixels_are_decoded(tmp_path, monkeypatch):
    # A header of 60,000 x 60,000 pixels with next to no data behind it.
    header = damaged.image_bytes()
    at = header.index(b"IHDR") + 4
    size = (60_000).to_bytes(4, "big") * 2
    path = tmp_path / "vast.png"
    path.write_bytes(header[:at] + size + header[at + 8 :])
    with pytest.raises(RibinError, match=r"vast.png: (the header|at most 100000000|too many)"):
        read_scan(path, pixel_pitch_um=2.5)


def test_a_member_that_lies_about_its_size_is_not_unpacked(tmp_path):
    vast = damaged.with_members(
        damaged.x3p_bytes(), ("bindata/data.bin", bytes(64 << 20)), without="bindata/data.bin"
    )
    entry = vast.rindex(b"PK\x01\x02")
    needed = 20 * 28 * 8
    lie = vast[: entry + 24] + needed.to_bytes(4, "little") + vast[entry + 28 :]
    path = tmp_path / "liar.x3p"
    path.write_bytes(lie)
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match=r"member 'bindata/data.bin' is damaged, Bad CRC-32"):
            read_scan(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 << 20


@pytest.mark.parametrize("library", ["x3pio.read", "imagecodecs.png_decode"])
def test_too_little_memory(library, tmp_path, monkeypatch):
    def refuse(*args, **options):
        raise MemoryError

    monkeypatch.setattr(library, refuse)
    path = tmp_path / "a.scan"
    path.write_bytes(damaged.x3p_bytes() if library == "x3pio.read" else damaged.image_bytes())
    with pytest.raises(ScanError, match=r"^a.scan: too large for the memory of this machine$"):
        read_scan(path, pixel_pitch_um=2.5)


@pytest.mark.parametrize("file", ["a.x3p", "a.png", "a.tif", "a.bmp", "a.jpg"])
def test_mutated_files_give_a_scan_or_a_refusal(file, tmp_path):
    good = damaged.x3p_bytes() if file == "a.x3p" else damaged.image_bytes(file[1:])
    if file == "a.x3p":
        mask = damaged.image_bytes(".png", np.full((20, 28), 255, np.uint8))
        good = damaged.with_members(good, ("bindata/mask.png", mask))
    path = tmp_path / file
    outcomes = set()
    for seed in range(200 if file in ("a.x3p", "a.png") else 60):
        path.write_bytes(mutated(good, random.Random(seed)))
        outcomes.add(outcome(path))
    assert FormatError in outcomes


def test_mutated_descriptions_give_a_scan_or_a_refusal(tmp_path):
    # The same inside the archive, with every checksum made to agree.
    path = tmp_path / "a.x3p"
    good = damaged.members_of(damaged.x3p_bytes())
    outcomes = set()
    for seed in range(600):
        main = mutated(good["main.xml"], random.Random(seed))
        path.write_bytes(damaged.zip_of([("main.xml", main), *list(good.items())[2:]]))
        outcomes.add(outcome(path))
    assert outcomes >= {Scan, FormatError, ScanError}


def outcome(path: Path) -> type:
    """What came of reading: a good Scan, or a refusal on one printable line."""
    try:
        scan = read_scan(path, pixel_pitch_um=2.5)
    except RibinError as error:
        refusal = error
    else:
        check_scan(scan)
        return Scan
    assert 10 < len(str(refusal)) < 400
    assert str(refusal).isprintable()
    return type(refusal)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Some bytes replaced, or a piece cut out, doubled, or the end lost."""
    changed = bytearray(data)
    kind = rng.choice(("bytes", "bytes", "cut", "double", "end"))
    start = rng.randrange(len(changed))
    length = rng.randrange(1, 64)
    if kind == "bytes":
        for _ in range(rng.randrange(1, 8)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    elif kind == "cut":
        del changed[start : start + length]
    elif kind == "double":
        changed[start:start] = changed[start : start + length]
    else:
        del changed[start:]
    return bytes(changed)


def check_scan(scan: Scan) -> None:
    assert scan.values.dtype == np.float32
    assert scan.valid.dtype == bool
    assert scan.values.shape == scan.valid.shape
    assert scan.values.flags.c_contiguous
    assert np.isfinite(scan.values).all()
    assert not scan.values[~scan.valid].any()
    assert np.ptp(scan.values[scan.valid]) > 0
    assert scan.row_pitch_um > 0
    assert scan.col_pitch_um > 0
    assert scan.mark_valid is None or scan.mark_valid.shape == scan.shape
