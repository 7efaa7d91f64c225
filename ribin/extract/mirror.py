"""The same mark as its mirror image, or as a cast shows it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ribin.model import Mark

# Exchanging left and right and exchanging top and bottom differ by half a turn, which is beyond
# the range of rotations that is searched, so both are there.
MIRRORS = {
    "mirrored left to right": (slice(None), slice(None, None, -1), 1.0),
    "mirrored top to bottom": (slice(None, None, -1), slice(None), 1.0),
    "mirrored left to right and inverted, as a cast": (slice(None), slice(None, None, -1), -1.0),
    "mirrored top to bottom and inverted, as a cast": (slice(None, None, -1), slice(None), -1.0),
}


def mirrored_mark(mark: Mark, how: str) -> Mark:
    """A mark in one of the ways of `MIRRORS`; its frame keeps its middle."""
    rows, cols, sign = MIRRORS[how]
    surface = np.ascontiguousarray(sign * mark.surface[rows, cols], np.float32)
    return replace(mark, surface=surface, valid=np.ascontiguousarray(mark.valid[rows, cols]))
