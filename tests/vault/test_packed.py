"""A packed template is the template to the bit, and no bytes of a stranger become anything else."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random
import time
import zlib

import impressions
import numpy as np
import pytest
from budgets import MemoryRise, slowness
from mutations import mutated
from vault_makers import make_scan, make_template

from ribin.errors import FormatError, ParameterError
from ribin.model import Provenance
from ribin.pipeline import describe_mark, extract_marks, find_marks
from ribin.read import read_scan
from ribin.vault.packed import MOST_PACKED_BYTES, NOWHERE, pack_template, unpack_template
from ribin.vault.scanfile import template_sha256

# Bytes of a part: the surfaces as they are, or those without lines. 60 kB take a second over a line
# of 512 kbit/s; a made face of a large primer has no gap.
USUAL, LARGEST = 45_000, 70_000


@pytest.fixture(scope="module")
def template(sample_dir):
    scan = read_scan(sample_dir / "JAM-2026-0007-1.x3p")
    return describe_mark(extract_marks(scan)[0])


@pytest.fixture(scope="module")
def small():
    return make_template(make_scan(1)[1])


def largest_part(template) -> int:
    """Bytes of the surfaces as they are, or of those without lines, packed by themselves."""
    rest = {name: a for name, a in template.arrays.items() if name.startswith("rest_")}
    whole = {name: a for name, a in template.arrays.items() if name not in rest}
    parts = [dataclasses.replace(template, arrays=part) for part in (whole, rest) if part]
    return max(len(pack_template(part)) for part in parts)


def check_same(one, other):
    assert set(one.arrays) == set(other.arrays)
    for name, array in one.arrays.items():
        again = other.arrays[name]
        assert (again.dtype, again.shape) == (array.dtype, array.shape)
        assert again.tobytes() == array.tobytes()
    for name in ("mark_type", "kind", "pitch_um", "params_id"):
        assert getattr(one, name) == getattr(other, name)
    assert template_sha256(one) == template_sha256(other)


def test_templates_of_every_mark_come_back(template):
    case = next(case for case in impressions.CASES if case.name == "coarse")
    head = impressions.made_head(impressions.Job(case, 0, 0)).scan
    found = [describe_mark(each.mark) for each in find_marks(head)]
    assert len(found) > 1
    for one, most in ((template, USUAL), *((one, LARGEST) for one in found)):
        assert largest_part(one) <= most
        packed = pack_template(one)
        assert packed == pack_template(one)
        again = unpack_template(packed)
        check_same(one, again)
        assert pack_template(again) == packed


@pytest.mark.realdata
def test_real_templates_come_back(fadul_dir):
    for path in sorted(fadul_dir.glob("*.x3p"))[:4]:
        one = describe_mark(extract_marks(read_scan(path))[0])
        assert largest_part(one) <= USUAL
        packed = pack_template(one)
        check_same(one, unpack_template(packed))


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int16", "int32", "float32", "float64"])
@pytest.mark.parametrize("shape", [(), (0,), (1,), (7,), (3, 5), (2, 3, 4, 5), (0, 4)])
def test_every_type_and_shape(small, dtype, shape):
    rng = np.random.default_rng(5)
    array = rng.integers(-100, 100, shape).astype(dtype)
    if array.ndim == 2:
        array = np.asfortranarray(array)
    one = dataclasses.replace(small, arrays={"b": array, "a": np.array([-0.0], np.float32)})
    check_same(one, unpack_template(pack_template(one)))


@pytest.mark.parametrize("odd", [0.0, 0.3 / 512, 40000.5 / 512, -0.0, 1e-30, np.float32(1e9)])
def test_heights_in_steps_come_back_and_so_does_what_is_in_none(small, odd):
    rng = np.random.default_rng(6)
    heights = ((rng.integers(-2000, 2000, (40, 40)) + 0.5) / 512).astype(np.float32)
    heights[rng.random(heights.shape) < 0.3] = 0.0
    heights[0, :2] = 0.5 / 512, -0.5 / 512
    in_steps = dataclasses.replace(small, arrays={"a": heights})
    assert b"<f4/512" in pack_template(in_steps)
    check_same(in_steps, unpack_template(pack_template(in_steps)))
    heights = heights.copy()
    heights[3, 3] = odd
    other = dataclasses.replace(small, arrays={"a": heights})
    packed = pack_template(other)
    assert (b"<f4/512" in packed) == (odd == 0.0 and not np.signbit(odd))
    check_same(other, unpack_template(packed))


def test_where_it_is_from_is_not_in_it(small):
    secret = Provenance("secret.x3p", "ab" * 32, 9, "r", "instrument", "creator", "2024-01-01")
    packed = pack_template(dataclasses.replace(small, provenance=secret))
    assert packed == pack_template(small)
    assert unpack_template(packed).provenance == NOWHERE
    assert unpack_template(packed, provenance=secret).provenance == secret


def test_any_flipped_byte_is_found(small):
    packed = pack_template(small)
    for place in range(len(packed)):
        content = bytearray(packed)
        content[place] ^= 1 << place % 8
        with pytest.raises(FormatError, match=r"^t: "):
            unpack_template(bytes(content), "t")
    for length in range(len(packed)):
        with pytest.raises(FormatError, match=r"^t: "):
            unpack_template(packed[:length], "t")


def test_a_type_that_no_template_holds(small):
    one = dataclasses.replace(small, arrays={"a": np.zeros(3, np.complex64)})
    with pytest.raises(ParameterError, match=r"a: an array of bool, .* needed, found complex64"):
        pack_template(one)


# What a stranger made, with sums that agree.


def made_by_hand(head: object, body: bytes, length: int | None = None) -> bytes:
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    size = (len(text) if length is None else length).to_bytes(4, "little")
    content = b"RIBINPT2" + size + text + body
    return content + hashlib.sha256(content).digest()


def said(*arrays, **other):
    facts = {"mark_type": "breech_face", "kind": "topography", "pitch_um": 25.0, "params_id": "a1"}
    return {**facts, "arrays": list(arrays), **other}


FOUR = zlib.compress(np.arange(4, dtype=np.uint8).tobytes())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a packed template of version 2 needed"),
        (b"RIBINPT1" + bytes(200), "a packed template of version 2 needed"),
        (b"RIBINPT2", "damaged"),
        (b"RIBINPT2" + bytes(MOST_PACKED_BYTES), "at most 4194304 bytes needed, found 4194312"),
        (made_by_hand(b"", b""), "a head of at most 8192 bytes"),
        (made_by_hand(said(), b"", 1 << 31), "a head of at most 8192 bytes"),
        (made_by_hand(b"[1]", b""), "a JSON object needed"),
        (made_by_hand(b"\xff", b""), "a JSON object needed"),
        (made_by_hand(said(), b""), "arrays"),
        (made_by_hand(said(["a", "<f4", [1]], more=1), FOUR), "no key 'more'"),
        (made_by_hand(said(["a", "<f4", [1]], pitch_um=0.0), FOUR), "pitch_um"),
        (made_by_hand(said(["a", "<f4", [1]], pitch_um=float("nan")), FOUR), "JSON"),
        (made_by_hand(said(["a", "<f4", [1]], mark_type="toe"), FOUR), "mark_type"),
        (made_by_hand(said(["a", "<f4", [1]], params_id="../x"), FOUR), "params_id"),
        (made_by_hand(said(["../a", "<f4", [1]]), FOUR), "arrays"),
        (made_by_hand(said(["a", "<f4", [-1]]), FOUR), "arrays"),
        (made_by_hand(said(["a", "<f4", [1.5]]), FOUR), "arrays"),
        (made_by_hand(said(["a", "<f4", [1] * 5]), FOUR), "arrays"),
        (made_by_hand(said(*[[f"a{n:02d}", "|i1", [0]] for n in range(40)]), FOUR), "arrays"),
        (made_by_hand(said(["a", "|O", [1]]), FOUR), r"a of bool, .* needed, found '\|O'"),
        (made_by_hand(said(["a", "<c8", [1]]), FOUR), "a of bool"),
        (made_by_hand(said(["b", "|i1", [2]], ["a", "|i1", [2]]), FOUR), "in order of their names"),
        (made_by_hand(said(["a", "|i1", [2]], ["a", "|i1", [2]]), FOUR), "each once"),
        (made_by_hand(said(["a", "|i1", [5]]), FOUR), "arrays of 5 bytes and nothing behind"),
        (made_by_hand(said(["a", "|i1", [3]]), FOUR), "arrays of 3 bytes and nothing behind"),
        (made_by_hand(said(["a", "|i1", [4]]), FOUR + b"more"), "nothing behind"),
        (made_by_hand(said(["a", "|i1", [4]]), FOUR[:-1]), "nothing behind"),
        (made_by_hand(said(["a", "|i1", [4]]), b"no zlib"), "arrays that unpack needed"),
        (made_by_hand(said(["a", "|b1", [9]]), zlib.compress(b"\xff\xff")), "0 behind the last"),
        (made_by_hand(said(["a", "<f4", [1]]), zlib.compress(b"\xff" * 4)), "finite numbers"),
        (made_by_hand(said(["a", "|i1", [1 << 30]]), FOUR), "arrays of at most 67108864 bytes"),
        (made_by_hand(said(["a", "|b1", [1 << 30] * 4]), FOUR), "arrays of at most"),
    ],
)
def test_what_no_template_is(content, message):
    with pytest.raises(FormatError, match=message):
        unpack_template(content, "t")


def test_a_bomb_is_not_unpacked():
    """Four million bytes of which a gigabyte would come."""
    bomb = zlib.compressobj(9)
    body = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(1 << 10)) + bomb.flush()
    rise, started = MemoryRise(), time.thread_time()
    with pytest.raises(FormatError, match="arrays of 4 bytes and nothing behind"):
        unpack_template(made_by_hand(said(["a", "|i1", [4]]), body), "t")
    assert time.thread_time() - started < slowness()
    assert rise.gib < 0.2


def test_mutated_templates_are_refused_or_sound(template):
    """With the sums made to agree, so that what is behind them is tried."""
    packed, made = pack_template(template), random.Random(7)
    refused = 0
    for _ in range(300):
        inner = mutated(packed[:-32], made)
        if inner.startswith(b"RIBINPT2"):
            try:
                unpack_template(inner + hashlib.sha256(inner).digest(), "t")
            except FormatError:
                refused += 1
    assert refused > 100
