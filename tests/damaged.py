"""Small good scans, and every kind of damage done to them, with the message each must get."""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import x3pio
from numpy.typing import NDArray

from ribin.errors import FormatError, PitchError, RibinError, ScanError
from ribin.model import Scan
from ribin.read import read_scan

HEIGHT, WIDTH = 20, 28


def relief_um(height: int = HEIGHT, width: int = WIDTH, seed: int = 1) -> NDArray[np.float64]:
    """Smooth heights of a few um with no symmetry, so that every flip shows."""
    rough = np.random.default_rng(seed).normal(size=(height, width))
    return cv2.GaussianBlur(rough, (0, 0), 1.5) * 8.0 + np.arange(width) * 0.05


def x3p_bytes(
    heights_um: NDArray[np.float64] | None = None,
    pitch_um: tuple[float, float] = (6.25, 6.25),
    **options: Any,
) -> bytes:
    """An X3P file of these heights; `pitch_um` is (row, col); `options` go to x3pio.write."""
    heights_um = relief_um() if heights_um is None else heights_um
    packed = io.BytesIO()
    x3pio.write(
        packed, heights_um * 1e-6, x_scale=pitch_um[1] / 1e6, y_scale=pitch_um[0] / 1e6, **options
    )
    return packed.getvalue()


def members_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zip_of(members: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive with these members in this order; names may repeat."""
    packed = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "w", method) as archive:
        warnings.simplefilter("ignore")  # of a name written twice, on purpose
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return packed.getvalue()


def with_members(data: bytes, *added: tuple[str, bytes], without: str = "") -> bytes:
    """The archive with members added at the end, and one left out."""
    kept = [(name, content) for name, content in members_of(data).items() if name != without]
    return zip_of([*kept, *added])


def with_main(data: bytes, *changes: tuple[str, str], checksum: bool = True) -> bytes:
    """The archive with changes of main.xml, each made once; by default its MD5 is made to agree."""
    members = members_of(data)
    main = members["main.xml"].decode()
    for old, new in changes:
        assert old in main, old
        main = main.replace(old, new, 1)
    members["main.xml"] = main.encode()
    if checksum:
        digest = hashlib.md5(main.encode()).hexdigest()
        members["md5checksum.hex"] = f"{digest} *main.xml\n".encode()
    return zip_of(list(members.items()))


def without_z_step(data: bytes) -> bytes:
    """The archive without the increment of z."""
    main = members_of(data)["main.xml"].decode()
    z_axis = main[main.index("<CZ>") : main.index("</CZ>")]
    before, _, after = z_axis.partition("<Increment>")
    return with_main(data, (z_axis, before + after.partition("</Increment>")[2]))


def with_heights(data: bytes, stored: NDArray, *changes: tuple[str, str]) -> bytes:
    """The archive with these very numbers as heights, row by row, and no checksum of them."""
    members = members_of(data)
    main = members["main.xml"].decode()
    stated = main[main.index("<MD5ChecksumPointData>") : main.index("</MD5ChecksumPointData>")]
    members["bindata/data.bin"] = stored.tobytes()
    return with_main(zip_of(list(members.items())), (stated, "<MD5ChecksumPointData>"), *changes)


def with_rotation(data: bytes, rows: list[list[float]]) -> bytes:
    """The archive with a Rotation in the header, allowed or not."""
    cells = "".join(
        f"<r{i}{j}>{rows[i - 1][j - 1]}</r{i}{j}>" for i in (1, 2, 3) for j in (1, 2, 3)
    )
    return with_main(data, ("</Axes>", f"<Rotation>{cells}</Rotation></Axes>"))


def image_bytes(suffix: str = ".png", pixels: NDArray | None = None) -> bytes:
    """An image as OpenCV writes it: without any density."""
    if pixels is None:
        pixels = grey_pixels()
    done, packed = cv2.imencode(suffix, pixels)
    assert done
    return packed.tobytes()


def grey_pixels(dtype: type = np.uint8) -> NDArray:
    top = np.iinfo(dtype).max
    heights = relief_um()
    return ((heights - heights.min()) / np.ptp(heights) * top).astype(dtype)


def png_with_pitch(data: bytes, row_um: float, col_um: float, unit: int = 1) -> bytes:
    """A PNG with a pHYs chunk (PNG 1.2, 4.2.4.2): pixels a metre in x and y, and the unit."""
    body = struct.pack(">IIB", round(1e6 / col_um), round(1e6 / row_um), unit)
    chunk = b"pHYs" + body
    framed = struct.pack(">I", len(body)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    after_header = 8 + 25  # signature, then IHDR: length, type, 13 bytes, checksum
    return data[:after_header] + framed + data[after_header:]


def patched(data: bytes, mark: bytes, offset: int, new: bytes) -> bytes:
    """The bytes with `new` written `offset` behind every occurrence of `mark`."""
    patched_data, at = bytearray(data), data.find(mark)
    assert at >= 0
    while at >= 0:
        patched_data[at + offset : at + offset + len(new)] = new
        at = data.find(mark, at + 1)
    return bytes(patched_data)


@dataclass(frozen=True)
class Damage:
    """One kind of damage: the file to write, and what the reader must say, after the file name."""

    file: str
    build: Callable[[], bytes]
    error: type[RibinError]
    message: str  # a regular expression for the whole text after "NAME: "


def _lying_size() -> bytes:
    # The central directory says 4 GiB a member.
    return patched(x3p_bytes(), b"PK\x01\x02", 24, struct.pack("<I", 0xFFFFFF00))


def _encrypted() -> bytes:
    return patched(patched(x3p_bytes(), b"PK\x01\x02", 8, b"\x01\x00"), b"PK\x03\x04", 6, b"\x01\0")


def _one_bit_of_data(data: bytes) -> bytes:
    members = members_of(data)
    heights = bytearray(members["bindata/data.bin"])
    heights[100] ^= 1
    return zip_of([*{**members, "bindata/data.bin": bytes(heights)}.items()])


def _main(*changes: tuple[str, str]) -> Callable[[], bytes]:
    return lambda: with_main(x3p_bytes(), *changes)


def _added(name: str) -> Callable[[], bytes]:
    return lambda: with_members(x3p_bytes(), (name, b"x"))


_MIRROR = [[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
_TILT = [[1.0, 0.0, 0.0], [0.0, 0.8, -0.6], [0.0, 0.6, 0.8]]
_SHEAR = [[1.0, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
_STEP = "<Increment>6.25e-06</Increment>"
_NEEDED = "an X3P file or a PNG, TIFF, BMP or JPEG image needed"
_ZIP = "the zip archive is truncated or damaged, "
_XML = "not readable as X3P, "
_IMAGE = "the image is truncated"

DAMAGED = (
    Damage("empty.x3p", lambda: b"", FormatError, "the file is empty"),
    Damage("text.x3p", lambda: b"heights,1,2\n", FormatError, f"{_NEEDED}, found text"),
    Damage(
        "random.png",
        lambda: bytes(range(256)),
        FormatError,
        f"{_NEEDED}, found unknown content that starts with 00 01 02 03",
    ),
    Damage(
        "other_zip.x3p",
        lambda: zip_of([("readme.txt", b"hello")]),
        FormatError,
        r"a zip archive with one main.xml \(X3P\) needed, found 0",
    ),
    Damage("half.x3p", lambda: x3p_bytes()[:2000], FormatError, _ZIP + "File is not a zip file"),
    Damage(
        "bad_crc.x3p",
        lambda: patched(x3p_bytes(), b"PK\x01\x02", 16, b"\x01\x02\x03\x04"),
        FormatError,
        "member 'main.xml' is damaged, Bad CRC-32 for file 'main.xml'",
    ),
    Damage(
        "bomb.x3p",
        _lying_size,
        FormatError,
        "the archive unpacks to 12288 MiB, at most 1024 MiB allowed",
    ),
    Damage(
        "lzma.x3p",
        lambda: zip_of(list(members_of(x3p_bytes()).items()), zipfile.ZIP_LZMA),
        FormatError,
        "member 'main.xml' must be stored or deflated, found compression method 14",
    ),
    Damage("encrypted.x3p", _encrypted, FormatError, "member 'main.xml' is encrypted"),
    Damage(
        "parent.x3p", _added("../evil"), FormatError, "member '../evil' leads out of the archive"
    ),
    Damage("absolute.x3p", _added("/evil"), FormatError, "member '/evil' leads out of the archive"),
    Damage(
        "drive.x3p", _added("C:\\evil"), FormatError, r"member 'C:.+evil' leads out of the archive"
    ),
    Damage(
        "twice.x3p",
        _added("main.xml"),
        FormatError,
        "member 'main.xml' occurs twice in the archive",
    ),
    Damage(
        "main_changed.x3p",
        lambda: with_main(x3p_bytes(), ("6.25e-06", "7.25e-06"), checksum=False),
        FormatError,
        r"main.xml was changed or damaged, MD5 [0-9a-f]{32} needed \(md5checksum.hex\), "
        "found [0-9a-f]{32}",
    ),
    Damage(
        "data_changed.x3p",
        lambda: _one_bit_of_data(x3p_bytes()),
        FormatError,
        "the data was changed or damaged, MD5 [0-9a-f]{32} of 'bindata/data.bin' needed, "
        "found [0-9a-f]{32}",
    ),
    Damage(
        "no_data.x3p",
        lambda: with_members(x3p_bytes(), without="bindata/data.bin"),
        FormatError,
        _XML + "The data file 'bindata/data.bin' is missing from the container",
    ),
    Damage(
        "sizes_disagree.x3p",
        _main(("<SizeX>28<", "<SizeX>29<")),
        FormatError,
        "member 'bindata/data.bin' of 4640 bytes for 20 x 29 points needed, found 4480",
    ),
    Damage(
        "link_out.x3p",
        _main((">bindata/data.bin<", ">../../etc/passwd<")),
        FormatError,
        _XML + "Link '../../etc/passwd' does not point to a member of the container",
    ),
    Damage(
        "not_xml.x3p",
        _main(("<Record1>", "<Record1")),
        FormatError,
        _XML + "main.xml is not valid XML: .*",
    ),
    Damage(
        "entities.x3p",
        _main(("?>", '?><!DOCTYPE x [<!ENTITY a "b">]>')),
        FormatError,
        _XML + "main.xml is not valid XML: EntitiesForbidden.*",
    ),
    Damage(
        "revision.x3p",
        _main(("ISO25178-72:2017/DAM1", "ISO9999 - 2030")),
        FormatError,
        _XML + "Unknown revision 'ISO9999 - 2030'; .*",
    ),
    Damage(
        "root.x3p",
        _main(("<p:ISO5436_2", "<p:Surface"), ("</p:ISO5436_2", "</p:Surface")),
        FormatError,
        _XML + "main.xml has the unexpected root element <Surface>",
    ),
    Damage(
        "origin.x3p",
        _main(("</Axes>", "<Origin>CENTRE</Origin></Axes>")),
        FormatError,
        "Origin NW, NE, SW or SE needed, found 'CENTRE'",
    ),
    Damage(
        "no_increment.x3p",
        _main((_STEP, "")),
        FormatError,
        "an Increment of x needed for a pitch, found none",
    ),
    Damage(
        "empty_increments.x3p",
        _main((_STEP, "<Increment/>"), (_STEP, "<Increment> </Increment>")),
        FormatError,
        "an Increment of x and y needed for a pitch, found none",
    ),
    Damage(
        "whole_without_step.x3p",
        lambda: without_z_step(x3p_bytes(z_type=x3pio.DataType.INT16)),
        FormatError,
        "an Increment of z needed for heights in whole numbers, found none",
    ),
    Damage(
        "encoding.x3p",
        _main(('encoding="UTF-8"', 'encoding="klingon"')),
        FormatError,
        _XML + "unknown encoding 'klingon'",
    ),
    Damage(
        "not_ascii.x3p",
        _main(('encoding="UTF-8"', 'encoding="us-ascii"'), ("Revision>ISO", "Revision>\u00dfISO")),
        FormatError,
        "main.xml is not in its encoding, 'ascii' codec can't decode byte 0xc3 in position .*",
    ),
    Damage(
        "zero_pitch.x3p",
        _main((_STEP, "<Increment>0</Increment>")),
        FormatError,
        _XML + "CX: Increment must not be zero",
    ),
    Damage(
        "nan_pitch.x3p",
        _main((_STEP, "<Increment>NaN</Increment>")),
        FormatError,
        _XML + "CX: Increment is not a finite number: 'NaN'",
    ),
    Damage(
        "coarse.x3p",
        lambda: x3p_bytes(pitch_um=(250.0, 250.0)),
        ScanError,
        "row pitch of 0.05 to 100 um needed, found 250 um",
    ),
    Damage(
        "stretched.x3p",
        lambda: x3p_bytes(pitch_um=(5.0, 21.0)),
        ScanError,
        "row and column pitch within a ratio of 4 needed, found 5 and 21 um",
    ),
    Damage(
        "mirrored.x3p",
        lambda: with_rotation(x3p_bytes(), _MIRROR),
        ScanError,
        r"the Rotation of the header mirrors the surface, \[\[-1.0, 0.0, 0.0\], .*",
    ),
    Damage(
        "tilted.x3p",
        lambda: with_rotation(x3p_bytes(), _TILT),
        ScanError,
        "a Rotation that tilts by at most 5 degrees needed, found 36.9 degrees",
    ),
    Damage(
        "sheared.x3p",
        lambda: with_rotation(x3p_bytes(), _SHEAR),
        ScanError,
        r"the Rotation of the header is not a rotation, \[\[1.0, 0.5, 0.0\], .*",
    ),
    Damage(
        "profile.x3p",
        lambda: x3p_bytes(relief_um()[:1]),
        ScanError,
        "at least 2 x 2 pixels needed, found 1 x 28",
    ),
    Damage(
        "layers.x3p",
        lambda: x3p_bytes(np.stack([relief_um(), relief_um(seed=2)])),
        ScanError,
        "one layer needed, found 2",
    ),
    Damage(
        "all_missing.x3p",
        lambda: x3p_bytes(np.full((HEIGHT, WIDTH), np.nan)),
        ScanError,
        r"measured points needed, found none in \(20, 28\)",
    ),
    Damage(
        "flat.x3p",
        lambda: x3p_bytes(np.full((HEIGHT, WIDTH), 2.0)),
        ScanError,
        "no relief, every measured point has the height 2",
    ),
    Damage(
        "too_deep.x3p",
        lambda: x3p_bytes(relief_um() * 1e12),
        ScanError,
        r"a relief of at most 10000 um needed, found .+ m \(in um too much as well\)",
    ),
    Damage(
        "mask_shape.x3p",
        lambda: with_members(
            x3p_bytes(), ("bindata/mask.png", image_bytes(".png", np.ones((9, 8), np.uint8) * 255))
        ),
        ScanError,
        "mask bindata/mask.png must be 20 x 28 pixels like the surface, found 9 x 8",
    ),
    Damage(
        "mask_damaged.x3p",
        lambda: with_members(x3p_bytes(), ("bindata/mask.png", image_bytes()[:60])),
        FormatError,
        f"bindata/mask.png: {_IMAGE}.*",
    ),
    *(
        Damage(f"half{suffix}", lambda s=suffix: image_bytes(s)[:-40], FormatError, f"{_IMAGE}.*")
        for suffix in (".png", ".tif", ".bmp", ".jpg")
    ),
    Damage(
        "bad_chunk.png",
        lambda: patched(image_bytes(), b"IDAT", 20, b"\0\0\0\0"),
        FormatError,
        f"{_IMAGE} or damaged, .*",
    ),
    Damage(
        "head_only.png", lambda: image_bytes()[:8], FormatError, "the header of the image is .*"
    ),
    Damage(
        "no_pitch.png",
        image_bytes,
        PitchError,
        "the image states no pixel pitch, give --pixel-pitch-um",
    ),
    Damage(
        "aspect_only.png",
        lambda: png_with_pitch(image_bytes(), 2.5, 2.5, unit=0),
        PitchError,
        "the image states no pixel pitch, give --pixel-pitch-um",
    ),
    Damage(
        "screen_density.png",
        lambda: png_with_pitch(image_bytes(), 25400 / 96, 25400 / 96),
        PitchError,
        r"96.01 dpi is a placeholder, no measured pitch \(264.6 um a pixel, 7.407 mm across, "
        r"at most 40 mm believed\), give --pixel-pitch-um",
    ),
    Damage(
        "float.tif",
        lambda: image_bytes(".tif", relief_um().astype(np.float32)),
        FormatError,
        "8 or 16 bit needed, found floating-point numbers of 32 bit",
    ),
    Damage(
        "black.png",
        lambda: png_with_pitch(image_bytes(".png", np.zeros((9, 9), np.uint8)), 5.0, 5.0),
        ScanError,
        "no relief, every measured point has the grey value 0",
    ),
)


def read_bytes(data: bytes, folder: Path) -> Scan:
    """The scan that these bytes are as a file."""
    (folder / "a.x3p").write_bytes(data)
    return read_scan(folder / "a.x3p")
