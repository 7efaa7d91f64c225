"""The packed template: a template in some 35 kB, for files beside the index, bundles and messages.

    8 bytes    "RIBINPT2", form and version
    4 bytes    length of the head, little-endian
    head       JSON: mark_type, kind, pitch_um, params_id, arrays [[name, type, shape], ...]
    body       deflated: the arrays in the order of the head, the first bytes of all numbers of one,
               then their second bytes and so on; true and false as bits; heights in the middle of
               steps (see `HEIGHT_STEP`) as the number of the step, 1 and -1 next to 0, in 16 bits
    32 bytes   SHA-256 of all before

What is packed is what `template_sha256` is taken of. Where a template comes from is not in it: a
file's name and the day and creator of a scan stay with their owner, and whoever unpacks says what
is known. The same template gives the same bytes with one version of zlib.

Unpacking takes nothing on trust: sums, names, types and sizes are checked before anything of that
size is allocated, and nothing but arrays of numbers is built.
"""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from ribin.errors import FormatError, ParameterError
from ribin.foreign import ParamsId, Statement, read_facts
from ribin.model import MarkType, Provenance, ScanKind, Template

MOST_PACKED_BYTES = 4 << 20  # a hundred times a breech face
_MOST_UNPACKED_BYTES = 64 << 20  # a breech face has 0.2 MiB
_MAGIC = b"RIBINPT2"
_LENGTH = 4  # bytes of the length of the head
_DIGEST = 32
_LONGEST_HEAD = 8192
_TYPES = {np.dtype(t).str: np.dtype(t) for t in ("bool", "i1", "u1", "<i2", "<i4", "<f4", "<f8")}
_NAMES = {str(dtype): form for form, dtype in _TYPES.items()}
_STEPS, _STEP = "<f4/512", 1.0 / 512.0  # the form of heights in steps, and its step
_MOST_STEPS = 32767

_Length = Annotated[int, Meta(ge=0, lt=1 << 31)]
_Named = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_]{0,39}\Z")]
_Form = tuple[_Named, str, Annotated[list[_Length], Meta(max_length=4)]]


class _TemplateHead(Statement, frozen=True):
    """What the arrays are, and of what."""

    mark_type: MarkType
    kind: ScanKind
    pitch_um: Annotated[float, Meta(gt=0, le=1000)]
    params_id: ParamsId
    arrays: Annotated[list[_Form], Meta(min_length=1, max_length=32)]


NOWHERE = Provenance(source="", sha256="0" * 64, size_bytes=0, reader="packed template")


def pack_template(template: Template) -> bytes:
    """A template as bytes that `unpack_template` gives back to the bit, but for its provenance.

    Raises ParameterError: an array has a type that no template holds.
    """
    forms, bodies = [], []
    for name in sorted(template.arrays):
        array = template.arrays[name]
        form = _NAMES.get(str(array.dtype))
        if form is None:
            known = ", ".join(_NAMES)
            raise ParameterError(f"{name}: an array of {known} needed, found {array.dtype}")
        steps = _in_steps(array)
        forms.append([name, form if steps is None else _STEPS, list(array.shape)])
        bodies.append(_shuffled(array if steps is None else steps))
    facts = {
        "mark_type": str(template.mark_type),
        "kind": str(template.kind),
        "pitch_um": template.pitch_um,
        "params_id": template.params_id,
        "arrays": forms,
    }
    head = json.dumps(facts, separators=(",", ":")).encode()
    # Runs are all that a deflate finds in bytes of heights: the search for longer likenesses takes
    # three times as long for 1 % less. With more memory (9) a block holds first and second bytes of
    # heights, which are spread unlike each other, and the code fits neither.
    deflate = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS, 7, zlib.Z_RLE)
    body = deflate.compress(b"".join(bodies)) + deflate.flush()
    packed = _MAGIC + len(head).to_bytes(_LENGTH, "little") + head + body
    return packed + hashlib.sha256(packed).digest()


def unpack_template(
    content: bytes, where: str = "a packed template", provenance: Provenance = NOWHERE
) -> Template:
    """The template that was packed; `where` stands in messages.

    Raises FormatError: it is none, of another version, too large, not as it was packed, or it holds
    anything but a few arrays of numbers.
    """
    if not content.startswith(_MAGIC):
        raise FormatError(f"{where}: a packed template of version 2 needed")
    if len(content) > MOST_PACKED_BYTES:
        raise FormatError(
            f"{where}: at most {MOST_PACKED_BYTES} bytes needed, found {len(content)}"
        )
    inner = memoryview(content)[:-_DIGEST]
    if hashlib.sha256(inner).digest() != content[-_DIGEST:]:
        raise FormatError(f"{where}: damaged: it differs from its SHA-256")
    start = len(_MAGIC) + _LENGTH
    length = int.from_bytes(inner[len(_MAGIC) : start], "little")
    if not 0 < length <= min(_LONGEST_HEAD, len(inner) - start):
        raise FormatError(f"{where}: a head of at most {_LONGEST_HEAD} bytes needed")
    head = read_facts(bytes(inner[start : start + length]), _TemplateHead, where)
    return Template(
        mark_type=head.mark_type,
        kind=head.kind,
        pitch_um=head.pitch_um,
        params_id=head.params_id,
        provenance=provenance,
        arrays=_arrays(head, inner[start + length :], where),
    )


def _arrays(head: _TemplateHead, body: memoryview, where: str) -> dict[str, NDArray]:
    names = [name for name, _, _ in head.arrays]
    if names != sorted(set(names)):
        raise FormatError(f"{where}: arrays in order of their names, each once, needed")
    sizes = []
    for name, form, shape in head.arrays:
        if form not in _TYPES and form != _STEPS:
            raise FormatError(f"{where}: {name} of {', '.join(_NAMES)} needed, found {form[:20]!r}")
        sizes.append(_packed_size(_held_as(form), math.prod(shape)))
    if sum(sizes) > _MOST_UNPACKED_BYTES:
        raise FormatError(f"{where}: arrays of at most {_MOST_UNPACKED_BYTES} bytes needed")
    raw = _inflated(body, sum(sizes), where)
    arrays, first = {}, 0
    for (name, form, shape), size in zip(head.arrays, sizes, strict=True):
        part = raw[first : first + size]
        array = _restored(part, _held_as(form), tuple(shape), f"{where}: {name}")
        arrays[name] = _heights(array) if form == _STEPS else array
        first += size
    return arrays


def _inflated(body: memoryview, size: int, where: str) -> NDArray[np.uint8]:
    """Exactly so many bytes; never more are made."""
    inflate = zlib.decompressobj()
    try:
        raw = inflate.decompress(body, size + 1)
    except zlib.error as error:
        raise FormatError(f"{where}: arrays that unpack needed, {error}") from error
    if len(raw) != size or not inflate.eof or inflate.unused_data:
        raise FormatError(f"{where}: arrays of {size} bytes and nothing behind them needed")
    return np.frombuffer(raw, np.uint8)


def _held_as(form: str) -> np.dtype:
    return np.dtype(np.int16) if form == _STEPS else _TYPES[form]


def _in_steps(array: NDArray) -> NDArray[np.int16] | None:
    """The numbers of the steps that heights lie in the middle of; None where they do not."""
    if array.dtype != np.float32 or not (np.abs(array) < _STEP * _MOST_STEPS).all():
        return None
    whole = np.floor(array / np.float32(_STEP))
    steps = np.where(array == 0.0, np.float32(0.0), whole + (whole >= 0.0)).astype(np.int16)
    return steps if _heights(steps).tobytes() == array.tobytes() else None


def _heights(steps: NDArray[np.int16]) -> NDArray[np.float32]:
    middle = steps - np.float32(0.5) * np.sign(steps)
    return np.asarray(middle * np.float32(_STEP), np.float32)


def _packed_size(dtype: np.dtype, number: int) -> int:
    return -(-number // 8) if dtype.kind == "b" else number * dtype.itemsize


def _shuffled(array: NDArray) -> bytes:
    if array.dtype.kind == "b":
        return np.packbits(array).tobytes()
    plain = np.ascontiguousarray(array).reshape(-1)
    return plain.view(np.uint8).reshape(-1, array.itemsize).T.tobytes()


def _restored(
    part: NDArray[np.uint8], dtype: np.dtype, shape: tuple[int, ...], where: str
) -> NDArray:
    if dtype.kind == "b":
        number = math.prod(shape)
        bits = np.unpackbits(part)
        if bits[number:].any():
            raise FormatError(f"{where}: 0 behind the last of {number} bits needed")
        return bits[:number].view(np.bool_).reshape(shape)
    planes = part.reshape(dtype.itemsize, -1)
    numbers = np.empty(planes.shape[::-1], np.uint8)
    for byte, plane in enumerate(planes):  # an eighth of the time of a copy of the transpose
        numbers[:, byte] = plane
    values = numbers.reshape(-1).view(dtype).reshape(shape)
    if dtype.kind == "f" and not np.isfinite(values).all():
        raise FormatError(f"{where}: finite numbers needed")
    return values
