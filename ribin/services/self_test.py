"""Whether this machine computes what others do, where it keeps its kernels, and how fast it is."""

from __future__ import annotations

import os
import time
from functools import cache
from pathlib import Path

from ribin.params.defaults import DEFAULT_PARAMS
from ribin.services.finding import UnfitError

_MATE_SCORE, _OTHER_SCORE = 90.0, 40.0  # measured 99.7 and 9.4


def where_kernels_are() -> str:
    """Where compiled code is kept; without it each start compiles again, for about a minute."""
    from ribin.correlate import blocks as ccf

    folder = Path(str(ccf._patch_ccf.stats.cache_path))
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise UnfitError(
            f"{folder} cannot be written: every start compiles again",
            "let NUMBA_CACHE_DIR name a folder that can be written",
        )
    # Beside each source file, or in one place: NUMBA_CACHE_DIR, or the folder of the user.
    root = folder.parent.parent if folder.name == "__pycache__" else folder.parent
    kept = sum(1 for _ in root.rglob("*.nbc"))
    return f"kept in {root}, {kept} so far"


def self_test() -> str:
    """Two made-up cases of one firearm and one of another must score as they do elsewhere."""
    mate, other, _, _ = _three_cases()
    if mate < _MATE_SCORE or other > _OTHER_SCORE:
        raise UnfitError(
            f"cases of one firearm score {mate:.1f} ({_MATE_SCORE:g} or more needed), of two "
            f"{other:.1f} ({_OTHER_SCORE:g} or less needed)",
            "do not use this installation; install the exact versions of constraints.txt",
        )
    return (
        f"cases of one made-up firearm score {mate:.1f}, of two {other:.1f}; "
        f"parameters {DEFAULT_PARAMS.params_id}"
    )


def speed(cores: int) -> str:
    """How long a scan and a comparison take, after a first run."""
    _, _, describe_s, pair_s = _three_cases()
    return (
        f"{describe_s:.2f} s to describe a scan, {1000 * pair_s:.1f} ms a comparison on one "
        f"thread, {cores} cores to use"
    )


@cache
def _three_cases() -> tuple[float, float, float, float]:
    """Scores of two mates and of two strangers; seconds for a template and for a comparison."""
    from ribin.pipeline import compare_many, describe_mark, extract_marks
    from ribin.synth.cartridge import fire
    from ribin.synth.firearm import make_firearm

    scans = [fire(make_firearm(gun), shot) for gun, shot in ((1, 0), (1, 1), (2, 0))]
    templates = []
    for scan in scans:
        begun = time.perf_counter()
        templates.append(describe_mark(extract_marks(scan)[0]))
    described_s = time.perf_counter() - begun  # of the last one, when all is compiled
    mate, other = compare_many(templates[0], templates[1:])
    begun = time.perf_counter()
    compare_many(templates[0], templates[1:] * 5)
    return mate.score, other.score, described_s, (time.perf_counter() - begun) / 10
