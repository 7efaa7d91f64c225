"""A template as a file by itself: an .npz of NumPy, which any program that reads NumPy opens.

The same template gives the same bytes. Reading takes nothing on trust: names, types and sizes are
checked before anything of that size is allocated, and no object is ever built from the bytes.
"""

from __future__ import annotations

import ast
import io
import zipfile
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ribin.errors import FormatError

_TYPES = {np.dtype(name).str: np.dtype(name) for name in ("bool", "int16", "int32", "float32")}
_MOST_ARRAYS = 32
_MOST_BYTES = 64 << 20  # all arrays of a template together; a breech face has 0.2 MiB
_HEADS = {(1, 0): 2, (2, 0): 4}  # version of .npy -> bytes of the length of its header
_LONGEST_HEAD = 1000


def encode_arrays(arrays: Mapping[str, NDArray]) -> bytes:
    """The bytes of an uncompressed .npz with these arrays, in order of their names."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(arrays):
            one = io.BytesIO()
            np.lib.format.write_array(one, np.ascontiguousarray(arrays[name]), (1, 0), False)
            member = zipfile.ZipInfo(f"{name}.npy")
            member.create_system = 3  # the same bytes on every machine
            archive.writestr(member, one.getvalue())
    return packed.getvalue()


def decode_arrays(content: bytes, where: str) -> dict[str, NDArray]:
    """The arrays of an .npz.

    Raises
    ------
    FormatError
        It is no such file, or holds anything but a few small arrays of numbers.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            names = [member.filename for member in members]
            if not 0 < len(names) == len(set(names)) <= _MOST_ARRAYS:
                raise FormatError(f"{where}: 1 to {_MOST_ARRAYS} arrays needed, found {len(names)}")
            if sum(member.file_size for member in members) > _MOST_BYTES:
                raise FormatError(f"{where}: arrays of at most {_MOST_BYTES} bytes needed")
            return {_array_name(m.filename, where): _array(archive, m, where) for m in members}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise FormatError(f"{where}: an .npz of a template needed, {error}") from error
    except (ValueError, RuntimeError, LookupError, TypeError, SyntaxError) as error:
        raise FormatError(f"{where}: an .npz of a template needed, {error}") from error


def _array_name(member: str, where: str) -> str:
    name = member.removesuffix(".npy")
    if name == member or not name.isidentifier() or not name.isascii():
        raise FormatError(f"{where}: an array NAME.npy needed, found {member[:60]!r}")
    return name


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: str) -> NDArray:
    if member.compress_type != zipfile.ZIP_STORED:
        raise FormatError(f"{where}: {member.filename[:60]!r} must be stored uncompressed")
    content = archive.read(member)
    dtype, shape, start = _head(content, where)
    body = content[start:]
    wanted = dtype.itemsize
    for length in shape:
        wanted *= length
    if wanted != len(body):
        raise FormatError(f"{where}: {wanted} bytes of an array needed, found {len(body)}")
    values = np.frombuffer(body, dtype).reshape(shape).copy()
    if dtype.kind == "b" and body.strip(b"\0\1"):
        raise FormatError(f"{where}: 0 or 1 needed in an array of true and false")
    if dtype.kind == "f" and not np.isfinite(values).all():
        raise FormatError(f"{where}: finite numbers needed")
    return values


def _head(content: bytes, where: str) -> tuple[np.dtype, tuple[int, ...], int]:
    """Type, shape and place of the values of an .npy (NumPy's format, version 1 or 2)."""
    if content[:6] != b"\x93NUMPY" or tuple(content[6:8]) not in _HEADS:
        raise FormatError(f"{where}: an .npy of version 1 or 2 needed")
    start = 8 + _HEADS[content[6], content[7]]
    length = int.from_bytes(content[8:start], "little")
    if length > _LONGEST_HEAD:
        raise FormatError(f"{where}: a header of at most {_LONGEST_HEAD} bytes needed")
    facts = ast.literal_eval(content[start : start + length].decode("latin-1").strip())
    if not isinstance(facts, dict) or set(facts) != {"descr", "fortran_order", "shape"}:
        raise FormatError(f"{where}: type, order and shape of an array needed")
    shape = facts["shape"]
    whole = isinstance(shape, tuple) and all(type(n) is int and 0 <= n < 1 << 31 for n in shape)
    if facts["descr"] not in _TYPES or facts["fortran_order"] is not False or not whole:
        raise FormatError(f"{where}: a row by row array of {', '.join(_TYPES)} needed")
    return _TYPES[facts["descr"]], shape, start + length
