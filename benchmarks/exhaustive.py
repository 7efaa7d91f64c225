"""The products that the coarse search is measured against: every pixel at 50 um, and faiss."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from loadtest import KINSHIP, make_surrogates
from numpy.typing import NDArray
from scipy.ndimage import rotate
from threadpoolctl import threadpool_limits

from ribin.correlate.blocks import disc_offsets
from ribin.correlate.sketch import (
    QueryMoves,
    best_products,
    framed_surface,
    moved_sketches,
    sketch_heights,
    sketch_mark,
)
from ribin.model import FloatArray, MarkType, Template
from ribin.params.defaults import Params
from ribin.search.index import read_shard
from ribin.vault.vault import Vault

_TIMED = 1024  # exhibits that the plain product is timed on
_BLOCK = 50_000  # exhibits that faiss is timed on
_OTHERS = 4000  # surrogates that recall is measured among, at most as many as the gallery holds
_ASKED = 12  # queries of it


def moved_pixels(query: Template, params: Params) -> FloatArray:
    """The medium surface at every turn and shift of the second pass, of unit length, (M, S * S)."""
    how, method = params.search.breech_face, params.of(query.mark_type, query.kind)
    pitch_um = method.describe.medium_pitch_um
    offsets = disc_offsets(method.correlate.shift_range_um / pitch_um, 1)
    reach = offsets.reach_px
    surface = framed_surface(query, params, reach)
    size = surface.shape[0] - 2 * reach
    steps = int(method.correlate.rotation_range_deg / how.rotation_deg)
    rows = []
    for turn in range(-steps, steps + 1):
        turned = rotate(surface, turn * how.rotation_deg, reshape=False, order=1)
        rows += [turned[r : r + size, c : c + size].ravel() for r, c in offsets.every + reach]
    moves = np.array(rows, np.float32)
    return moves / np.linalg.norm(moves, axis=1, keepdims=True)


def pixel_seconds(query: Template, params: Params) -> float:
    """Seconds an exhibit of the plain product at 50 um, timed on some."""
    moves = moved_pixels(query, params)
    gallery = np.random.default_rng(1).standard_normal((_TIMED, moves.shape[1]), np.float32)
    started = time.perf_counter()
    (moves @ gallery.T).max(axis=0)
    return (time.perf_counter() - started) / _TIMED


def products_seconds(
    query: Template, shards: Sequence[Path], params: Params
) -> tuple[float, float]:
    """Seconds for the inner products of the first pass, of vectors in memory: ours, and faiss's.

    Ours are of bytes, by a Fourier series over the turn, and keep the best of each exhibit; those
    of faiss are of floats at every move, and keep the best of each. Timed on the first block, for
    as many exhibits as there are; NaN where faiss is not installed.
    """
    try:
        import faiss
    except ImportError:
        return float("nan"), float("nan")
    moves, _ = moved_sketches(query, params)
    plain = every_move(moves)
    sketches, number = _some_sketches(shards)
    vectors = sketches.astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = faiss.IndexFlatIP(plain.shape[1])
    index.add(vectors)
    started = time.perf_counter()
    index.search(plain, 1)
    between = time.perf_counter()
    with threadpool_limits(1, "blas"), ThreadPoolExecutor() as pool:
        parts = np.array_split(sketches, 16)
        list(pool.map(lambda part: best_products(moves, part), parts))
    ours, theirs = time.perf_counter() - between, between - started
    return ours * number / len(sketches), theirs * number / len(sketches)


def every_move(moves: QueryMoves) -> FloatArray:
    """The harmonics of a query at every shift and turn, (M, K) float32."""
    half = moves.tried_deg
    if moves.folded:
        half = np.unique(np.concatenate([half, 180.0 - half]))
    turns_deg = np.unique(np.concatenate([half, -half]) % 360.0)
    widths = moves.cosines * np.where(np.arange(len(moves.cosines)), 2, 1)
    ends = np.cumsum(widths)
    turned = np.repeat(moves.shifted[None].astype(np.float32), len(turns_deg), axis=0)
    for order, (last, number) in enumerate(zip(ends[1:], moves.cosines[1:], strict=True), 1):
        phase = np.deg2rad(order * turns_deg)[:, None, None]
        cosine, sine = slice(last - 2 * number, last - number), slice(last - number, last)
        one, two = turned[..., cosine].copy(), turned[..., sine].copy()
        turned[..., cosine] = one * np.cos(phase) - two * np.sin(phase)
        turned[..., sine] = one * np.sin(phase) + two * np.cos(phase)
    return turned.reshape(-1, turned.shape[-1])


def _some_sketches(shards: Sequence[Path]) -> tuple[NDArray[np.int8], int]:
    """Those of the first shards, and how many all of them have."""
    found: list[NDArray[np.int8]] = []
    number = 0
    for path in shards:
        shard = read_shard(path)
        if shard is not None:
            number += len(shard.sketches)
            if sum(map(len, found)) < _BLOCK:
                found.append(shard.sketches)
    return np.concatenate(found), number


def pixel_recall(vault: Vault, params: Params, asked: int = _ASKED) -> dict[str, Any]:
    """What the shortlist keeps of the best of the plain product, among real and surrogate marks."""
    ids = vault.mark_table(MarkType.BREECH_FACE).ids
    given = [vault.template(m) for m in vault.stored_marks(ids[:200].tolist()) if m.scan.source]
    surfaces = [framed_surface(template, params) for template in given]
    pixels = [s.ravel() for s in surfaces]
    sketches = [sketch_mark(template, params) for template in given]
    for some in make_surrogates(
        surfaces, [s != 0 for s in surfaces], min(_OTHERS, len(ids)), 9, KINSHIP
    ):
        frames = np.zeros((len(some.heights), some.valid.size), np.float32)
        frames[:, some.valid.ravel()] = some.heights
        pixels += list(frames)
        sketches += list(sketch_heights(some.heights, some.valid, MarkType.BREECH_FACE, params))
    gallery = np.array(pixels)
    gallery /= np.linalg.norm(gallery, axis=1, keepdims=True)
    kept = {10: 0, 100: 0}
    share = max(1, round(len(gallery) * params.search.second_pass_share))
    queries = given[:: max(1, len(given) // asked)]
    for query in queries:
        plain = (moved_pixels(query, params) @ gallery.T).max(axis=0)
        moves, _ = moved_sketches(query, params)
        passed = np.argsort(-best_products(moves, np.array(sketches)))[:share]
        for top in kept:
            kept[top] += int(np.isin(np.argsort(-plain)[:top], passed).sum())
    return {
        f"first {top} of the plain product that come through the first pass": round(
            number / (top * len(queries)), 3
        )
        for top, number in kept.items()
    }
