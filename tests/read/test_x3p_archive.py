"""What an archive may hold beside the scan, how its members may be called, and its checksums."""

from __future__ import annotations

import hashlib
import tracemalloc

import damaged
import numpy as np
import pytest
from damaged import read_bytes

from ribin.errors import FormatError, ScanError
from ribin.read import read_scan

GOOD = damaged.x3p_bytes()
MOST_BYTES = 16 << 20  # at the peak, of a scan of 560 points beside members of many times that


def renamed(*names: tuple[str, str]) -> bytes:
    changed = dict(names)
    members = damaged.members_of(GOOD)
    return damaged.zip_of([(changed.get(name, name), data) for name, data in members.items()])


def test_what_is_not_linked_stays_packed(tmp_path):
    path = tmp_path / "a.x3p"
    path.write_bytes(damaged.with_members(GOOD, ("big.bin", bytes(64 << 20))))
    assert path.stat().st_size < 1 << 20
    tracemalloc.start()
    try:
        scan = read_scan(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert scan.shape == (20, 28)
    assert peak < MOST_BYTES


@pytest.mark.parametrize("member", ["bindata/data.bin", "bindata/mask.png", "md5checksum.hex"])
def test_a_member_is_no_larger_than_the_matrix_needs(member, tmp_path):
    path = tmp_path / "a.x3p"
    path.write_bytes(damaged.with_members(GOOD, (member, bytes(64 << 20)), without=member))
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match=rf"member '{member}' of .*needed, found 67108864$"):
            read_scan(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MOST_BYTES


def test_a_mask_of_many_more_pixels_than_the_surface_is_not_decoded(tmp_path, monkeypatch):
    mask = damaged.image_bytes(".png", np.zeros((2000, 2000), np.uint8))
    data = damaged.with_members(GOOD, ("bindata/mask.png", mask))

    def decode(*args):
        raise AssertionError("decoded")

    monkeypatch.setattr("cv2.imdecode", decode)
    with pytest.raises(ScanError, match=r"mask.png: at most 2240 pixels needed, found 2000 x 2000"):
        read_bytes(data, tmp_path)


def test_names_in_capitals_are_read_and_said(tmp_path):
    names = (
        ("main.xml", "MAIN.XML"),
        ("md5checksum.hex", "MD5CHECKSUM.HEX"),
        ("bindata/data.bin", "BINDATA\\DATA.BIN"),
    )
    scan = read_bytes(renamed(*names), tmp_path)
    assert scan.provenance.repairs == (
        "Member 'MAIN.XML' read as 'main.xml'.",
        "Member 'MD5CHECKSUM.HEX' read as 'md5checksum.hex'.",
        "Member 'BINDATA/DATA.BIN' read as 'bindata/data.bin'.",
    )
    assert scan.provenance.notes == ()
    np.testing.assert_allclose(scan.values, damaged.relief_um(), atol=1e-5)


def test_a_folder_in_capitals(tmp_path):
    names = [(name, f"SCAN/{name}") for name in damaged.members_of(GOOD)]
    scan = read_bytes(renamed(*names[1:], ("main.xml", "SCAN/Main.xml")), tmp_path)
    assert scan.provenance.repairs == ("Member 'Main.xml' read as 'main.xml'.",)


def test_a_name_in_two_cases_is_not_guessed(tmp_path):
    data = renamed(("main.xml", "MAIN.XML"), ("md5checksum.hex", "Main.xml"))
    with pytest.raises(FormatError, match=r"with one main.xml \(X3P\) needed, found 2$"):
        read_bytes(data, tmp_path)
    data = renamed(
        ("bindata/data.bin", "bindata/DATA.bin"), ("md5checksum.hex", "bindata/Data.bin")
    )
    with pytest.raises(FormatError, match=r"data file 'bindata/data.bin' is missing"):
        read_bytes(data, tmp_path)
    exact = damaged.with_members(GOOD, ("MAIN.XML", b"other"), ("bindata/DATA.BIN", b"other"))
    assert read_bytes(exact, tmp_path).provenance.repairs == ()


SPELLINGS = {
    "md5sum": "{} *main.xml\n",
    "path": "{}  ./main.xml",
    "alone": "{}",
    "quoted": '"{}" *main.xml',
    "bsd": "MD5 (main.xml) = {}",
    "label": "MD5={};\r\n",
    "list": "0123456789abcdef0123456789abcdef *bindata/data.bin\n{} *main.xml\n",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_checksum_counts_in_any_spelling(spelling, encoding, tmp_path):
    def stating(digest: str) -> bytes:
        content = SPELLINGS[spelling].format(digest).encode(encoding)
        return damaged.with_members(GOOD, ("md5checksum.hex", content), without="md5checksum.hex")

    right = hashlib.md5(damaged.members_of(GOOD)["main.xml"]).hexdigest()
    for digest in (right, right.upper()):
        assert read_bytes(stating(digest), tmp_path).provenance.notes == ()
    with pytest.raises(FormatError, match=r"main.xml was changed or damaged, MD5 f{32} needed"):
        read_bytes(stating("f" * 32), tmp_path)


def test_a_checksum_of_the_heights_counts_in_any_spelling(tmp_path):
    digest = hashlib.md5(damaged.members_of(GOOD)["bindata/data.bin"]).hexdigest()
    good = damaged.with_main(GOOD, (digest, f"MD5 = {digest.upper()}"))
    assert read_bytes(good, tmp_path).provenance.notes == ()
    wrong = damaged.with_main(GOOD, (digest, f"MD5 = {'f' * 32}"))
    with pytest.raises(FormatError, match=r"MD5 f{32} of 'bindata/data.bin' needed, found"):
        read_bytes(wrong, tmp_path)


@pytest.mark.parametrize("content", ["", "hello", "0123456789abcdef", "0" * 33])
def test_what_is_no_checksum_is_noted(content, tmp_path):
    member = ("md5checksum.hex", content.encode())
    data = damaged.with_members(GOOD, member, without="md5checksum.hex")
    assert read_bytes(data, tmp_path).provenance.notes == (
        "No MD5 checksum of main.xml in 'md5checksum.hex': it could not be verified.",
    )
