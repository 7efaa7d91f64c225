"""A vault of any size to try a search with: some whole synthetic cases, and sketches of many more.

The many are surrogates of given marks (`ribin.synth.surrogate`): catalogue rows and sketches in the
index, without scan files, as a million files would take a night to make and 300 GB to keep. A
search counts those of them that reach the full comparison as not compared.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ribin.cases.exhibits import ClassFields, Event, Exhibit, Scope
from ribin.correlate.sketch import framed_surface, sketch_heights
from ribin.errors import ParameterError
from ribin.model import MarkType, Scan, ScanKind, Template
from ribin.params.defaults import DEFAULT_PARAMS, Params
from ribin.pipeline import describe_mark, extract_marks
from ribin.read import read_scan
from ribin.search.index import MarkList, Shard, index_folder, write_shard
from ribin.synth.breech import BreechFace
from ribin.synth.cartridge import fire
from ribin.synth.firearm import FirearmSpec, make_firearm
from ribin.synth.surrogate import KINSHIP, make_surrogates
from ribin.synth.write import write_x3p
from ribin.vault.loading import LoadedMark, last_mark_id, load_marks
from ribin.vault.vault import Vault

WHO, REASON = "ribin synth gallery", "load test"
_GIVEN = 24  # synthetic firearms whose marks the surrogates resemble, where no scans are given
_CALIBRES = ("9 mm Luger", ".40 S&W", ".45 ACP", "7.62x39")
_CASES = 2  # of each firearm of the whole cases
_SEEDS_APART = 1_000_000

Tick = Callable[[str, int, int], None]


@dataclass(frozen=True)
class GallerySpec:
    """How large a gallery is, how many of its exhibits are whole, and of what chance."""

    exhibits: int
    whole: int
    seed: int = 1
    kinship: float = KINSHIP


def make_gallery(
    folder: Path,
    member: str,
    spec: GallerySpec,
    like: Sequence[Template] = (),
    params: Params = DEFAULT_PARAMS,
    tick: Tick = lambda what, done, total: None,
) -> None:
    """Make a vault with a gallery in a new or empty folder.

    Parameters
    ----------
    like : sequence of Template
        Breech-face topographies whose spectra and outlines the surrogates have; by default those
        of synthetic firearms.

    Raises
    ------
    ParameterError
        More whole exhibits than exhibits are wanted.
    StoreError
        The folder cannot be used.
    """
    if not 0 <= spec.whole <= spec.exhibits:
        raise ParameterError(f"whole: 0 to {spec.exhibits} (exhibits) needed, found {spec.whole}")
    with Vault.create(folder, member, WHO) as vault:
        for number in range(spec.whole):
            _enrol_whole(vault, number, spec, params)
            tick("firing and enrolling", number + 1, spec.whole)
        add_surrogates(vault, like or _given(spec, params), spec, params, tick)


def add_surrogates(
    vault: Vault,
    like: Sequence[Template],
    spec: GallerySpec,
    params: Params = DEFAULT_PARAMS,
    tick: Tick = lambda what, done, total: None,
) -> None:
    """Fill a vault with surrogates of these marks, from `spec.whole` up to `spec.exhibits`."""
    done = spec.whole
    rows = _sketches(like, spec.exhibits - done, spec, params)
    first = last_mark_id(vault) + 1
    for sketches in _in_portions(rows, first, params.search.index_shard_marks):
        _load(vault, sketches, done, params)
        done += len(sketches)
        tick("sketching surrogates", done, spec.exhibits)


def _given(spec: GallerySpec, params: Params) -> list[Template]:
    """Marks of synthetic firearms, other ones than those of the whole cases."""
    scans = (_fire(spec.exhibits + gun, 0, spec.seed) for gun in range(_GIVEN))
    return [describe_mark(extract_marks(scan, params)[0], params) for scan in scans]


def _sketches(
    given: Sequence[Template], number: int, spec: GallerySpec, params: Params
) -> Iterator[NDArray[np.int8]]:
    surfaces = [framed_surface(template, params) for template in given]
    outlines = [surface != 0.0 for surface in surfaces]
    for some in make_surrogates(surfaces, outlines, number, spec.seed, spec.kinship):
        heights = _evened(some.heights, params)
        yield sketch_heights(heights, some.valid, MarkType.BREECH_FACE, params)


def _in_portions(
    parts: Iterable[NDArray[np.int8]], first: int, size: int
) -> Iterator[NDArray[np.int8]]:
    """The same rows, cut so that the first portion ends where a multiple of `size` is reached."""
    waiting, room = np.zeros((0, 0), np.int8), size - first % size
    for part in parts:
        waiting = np.concatenate([waiting, part]) if len(waiting) else part
        if len(waiting) >= room:
            yield waiting[:room]
            waiting, room = waiting[room:], size
    if len(waiting):
        yield waiting


def _evened(heights: NDArray[np.float32], params: Params) -> NDArray[np.float32]:
    """Cut off where a mark's description cuts; see `ribin.describe.steps.even_out`."""
    limit = 1.4826 * params.breech_face.describe.clip_mads
    limits = limit * np.median(np.abs(heights), axis=1, keepdims=True)
    return np.clip(heights, -limits, limits)


def _load(vault: Vault, sketches: NDArray[np.int8], first: int, params: Params) -> None:
    """Catalogue rows of these sketches, and the shards that hold them."""
    hashes = [hashlib.sha256(f"{first + k}".encode() + s.tobytes()) for k, s in enumerate(sketches)]
    id_before = last_mark_id(vault)
    marks = [
        LoadedMark(
            _exhibit(first + k, vault.member),
            MarkType.BREECH_FACE,
            params.breech_face.preprocess.working_pitch_um,
            params.template_id,
            digest.hexdigest(),
        )
        for k, digest in enumerate(hashes)
    ]
    load_marks(vault, marks, WHO, REASON)
    ids = id_before + 1 + np.arange(len(marks))
    templates = np.frombuffer(b"".join(h.digest() for h in hashes), np.uint8).reshape(-1, 32)
    making = str(MarkType.BREECH_FACE), str(ScanKind.TOPOGRAPHY), params.template_id
    shards = index_folder(vault, *making, params)
    number = int(ids[0]) // params.search.index_shard_marks
    write_shard(shards, number, Shard(MarkList(ids, templates), sketches))


def _exhibit(number: int, member: str) -> Exhibit:
    """One of three that an event left, on one of some 9,000 days."""
    event = number // 3
    day = f"20{event % 25:02d}-{event % 12 + 1:02d}-{event % 28 + 1:02d}"
    return Exhibit(
        f"{member}-G{number:07d}",
        Event(f"{member}-E{event:07d}", date=day),
        class_fields=ClassFields(calibre=_CALIBRES[event % len(_CALIBRES)]),
        sharing=Scope.NETWORK,
    )


def _enrol_whole(vault: Vault, number: int, spec: GallerySpec, params: Params) -> None:
    with tempfile.TemporaryDirectory(prefix="ribin-gallery-") as folder:
        path = Path(folder) / f"case-{number:05d}.x3p"
        write_x3p(_fire(number // _CASES, number % _CASES, spec.seed), path)
        scan = read_scan(path)
        marks = extract_marks(scan, params)
        templates = [describe_mark(mark, params) for mark in marks]
        exhibit = _exhibit(number, vault.member)
        vault.enrol(path, scan, marks, templates, exhibit, who=WHO, reason=REASON)


def _fire(gun: int, shot: int, seed: int) -> Scan:
    faces = tuple(BreechFace)
    spec = FirearmSpec(breech_face=faces[gun % len(faces)])
    return fire(make_firearm(seed * _SEEDS_APART + gun, spec), shot)
