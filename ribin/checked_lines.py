"""Lines that know when they are not whole, for files that only grow.

<CRC-32 of the rest, 8 hexadecimal digits> <JSON>
"""

from __future__ import annotations

import json
import zlib
from typing import Any


def make_line(entry: dict[str, Any]) -> bytes:
    """An entry as a line, with its end."""
    text = json.dumps(entry, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def parse_line(line: bytes) -> dict[str, Any] | None:
    """What a line says; None where it is not whole."""
    if not line.endswith(b"\n") or line[8:9] != b" ":
        return None
    text = line[9:-1]
    if line[:8] != b"%08x" % zlib.crc32(text):
        return None
    entry = json.loads(text)
    return entry if isinstance(entry, dict) else None
