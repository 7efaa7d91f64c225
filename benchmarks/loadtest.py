"""A vault of any size to measure a search with: a few whole synthetic cases, sketches of many more.

python benchmarks/loadtest.py FOLDER [--exhibits N] [--whole N] [--seed N]

The many are surrogates of given marks: rows of the catalogue and sketches in the index, without
scan files, as a million files would take a night to make and 300 GB to keep. A search counts those
of them that reach the full comparison as not compared, `store check` misses their files, and their
index cannot be rebuilt.
"""

from __future__ import annotations

import argparse
import hashlib
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2, rfft2
from scipy.ndimage import rotate

from ribin.cases.exhibits import ClassFields, Event, Exhibit, Scope
from ribin.correlate.sketch import framed_surface, sketch_heights
from ribin.errors import ParameterError
from ribin.model import BoolArray, FloatArray, MarkType, Scan, ScanKind, Template
from ribin.params.defaults import DEFAULT_PARAMS, Params
from ribin.pipeline import describe_mark, extract_marks
from ribin.read import read_scan
from ribin.search.index import MarkList, Shard, index_folder, write_shard
from ribin.synth.breech import BreechFace
from ribin.synth.cartridge import fire
from ribin.synth.firearm import FirearmSpec, make_firearm
from ribin.synth.write import write_x3p
from ribin.vault.audit import append_row, now_utc
from ribin.vault.exhibits import fields_of
from ribin.vault.vault import Vault

# Correlation of a surrogate with a given mark: as alike as real marks of different firearms nearly
# are; see benchmarks/sketch.py, which prints both.
KINSHIP = 0.3
WHO, REASON = "benchmarks/loadtest.py", "load test"
_GIVEN = 24  # synthetic firearms whose marks the surrogates resemble, where no scans are given
_CALIBRES = ("9 mm Luger", ".40 S&W", ".45 ACP", "7.62x39")
_CASES = 2  # of each firearm of the whole cases
_SEEDS_APART = 1_000_000
_SAME_OUTLINE = 256  # surrogates that share one
_PHASES = np.exp(2j * np.pi * np.arange(4096) / 4096).astype(np.complex64)


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
        add_surrogates(vault, like or _given(spec, params), spec, params)


def add_surrogates(
    vault: Vault, like: Sequence[Template], spec: GallerySpec, params: Params = DEFAULT_PARAMS
) -> None:
    """Fill a vault with surrogates of these marks, from `spec.whole` up to `spec.exhibits`."""
    done = spec.whole
    rows = _sketches(like, spec.exhibits - done, spec, params)
    first = last_mark_id(vault) + 1
    for sketches in _in_portions(rows, first, params.search.index_shard_marks):
        _load(vault, sketches, done, params)
        done += len(sketches)


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
    load_marks(vault, marks)
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


# Many random surfaces with the spectrum and the outlines of a few given marks.
#
# The phases of a mark's Fourier transform are drawn at random, which keeps its power at every
# wavelength and direction and loses the mark itself (Theiler and others 1992,
# doi:10.1016/0167-2789(92)90102-S). Real marks of different firearms are more alike than that, as
# their slides were cut by like tools; so a part of each surrogate is one of the given marks itself,
# turned. What is cut out is the outline of yet another, turned.


@dataclass(frozen=True, eq=False)
class Surrogates:
    """Surfaces that share an outline.

    Attributes
    ----------
    heights : (N, P) float32 array
        At the P measured pixels, row by row.
    valid : (S, S) bool array
        True at those pixels.
    """

    heights: FloatArray
    valid: BoolArray


def make_surrogates(
    surfaces: Sequence[FloatArray],
    outlines: Sequence[BoolArray],
    number: int,
    seed: int,
    kinship: float,
) -> Iterator[Surrogates]:
    """In all `number` surfaces, in groups of one outline each.

    Parameters
    ----------
    surfaces, outlines : sequences of (S, S) arrays
        Marks and where they are measured, on frames of one size; of unit RMS.
    kinship : float
        Correlation of each surrogate with one of the marks, in [0, 1).
    """
    amplitudes = [_amplitude(s, v) for s, v in zip(surfaces, outlines, strict=True)]
    shape = surfaces[0].shape
    for group, first in enumerate(range(0, number, _SAME_OUTLINE)):
        rng = np.random.default_rng((seed, group))
        some = min(_SAME_OUTLINE, number - first)
        angle_deg = float(rng.uniform(-30.0, 30.0))
        valid = (
            turn_frame(outlines[int(rng.integers(len(outlines)))].astype(np.float32), angle_deg)
            > 0.5
        )
        kin = turn_frame(surfaces[group % len(surfaces)], float(rng.uniform(-30.0, 30.0)))
        amplitude = np.stack([amplitudes[k] for k in rng.integers(len(amplitudes), size=some)])
        phases = _PHASES[rng.integers(len(_PHASES), size=amplitude.shape, dtype=np.uint16)]
        fields = irfft2(amplitude * phases, s=shape)
        heights = fields[:, valid] / fields[:, valid].std(axis=1, keepdims=True)
        mixed = np.sqrt(1.0 - kinship**2) * heights + kinship * kin[valid]
        yield Surrogates(mixed.astype(np.float32), valid)


def _amplitude(surface: FloatArray, valid: BoolArray) -> FloatArray:
    """Modulus of the transform, made up for what lies outside the outline, (S, S // 2 + 1)."""
    inside = np.where(valid, surface, np.float32(0))
    return np.asarray(np.abs(rfft2(inside)) / np.sqrt(max(valid.mean(), 1e-6)), np.float32)


def turn_frame(surface: FloatArray, angle_deg: float) -> FloatArray:
    """A surface turned about the middle of its frame."""
    return np.asarray(rotate(surface, angle_deg, reshape=False, order=1), np.float32)


# Rows of the catalogue without scan files, many at a time.


@dataclass(frozen=True)
class LoadedMark:
    """A mark whose template nobody holds; its hash stands for it."""

    exhibit: Exhibit
    mark_type: MarkType
    pitch_um: float
    params_id: str
    template_sha256: str


def last_mark_id(vault: Vault) -> int:
    """Number of the mark that was enrolled last; 0 where there is none."""
    with vault.catalogue.reading() as db:
        return int(db.execute("SELECT coalesce(max(mark_id), 0) FROM marks").fetchone()[0])


def load_marks(vault: Vault, marks: Sequence[LoadedMark]) -> None:
    """Add an exhibit, a scan and a mark each; `store check` will miss their scan files.

    Raises
    ------
    StoreError
        An exhibit is known already, or the vault is read-only or locked. Nothing was changed.
    """
    with vault.catalogue.writing() as db:
        events = {m.exhibit.event.event: vars(m.exhibit.event) for m in marks}
        _insert(db, "OR IGNORE INTO events", events.values())
        named = ({**fields_of(m.exhibit), "first_name": m.exhibit.exhibit} for m in marks)
        _insert(db, "INTO exhibits", named)
        _insert(db, "INTO scans", map(_scan_row, marks))
        _insert(db, "INTO marks", map(_mark_row, marks))
        append_row(db, "load", vault.member, WHO, REASON, {"exhibits": len(marks)})


def _scan_row(mark: LoadedMark) -> dict[str, object]:
    return {
        "sha256": _scan_name(mark),
        "exhibit": mark.exhibit.exhibit,
        "source": "",
        "kind": str(ScanKind.TOPOGRAPHY),
        "lighting": "",
        "size_bytes": 0,
        "file_sha256": "0" * 64,
        "enrolled_at": now_utc(),
    }


def _mark_row(mark: LoadedMark) -> dict[str, object]:
    return {
        "sha256": _scan_name(mark),
        "position": 0,
        "mark_type": str(mark.mark_type),
        "kind": str(ScanKind.TOPOGRAPHY),
        "pitch_um": mark.pitch_um,
        "params_id": mark.params_id,
        "template_sha256": mark.template_sha256,
    }


def _scan_name(mark: LoadedMark) -> str:
    return hashlib.sha256(f"loaded {mark.exhibit.exhibit}".encode()).hexdigest()


def _insert(db: sqlite3.Connection, into: str, rows: Iterable[Mapping[str, object]]) -> None:
    listed = iter(rows)
    first = next(listed, None)
    if first is None:
        return
    columns, places = ", ".join(first), ", ".join(f":{name}" for name in first)
    statement = f"INSERT {into} ({columns}) VALUES ({places})"
    db.execute(statement, first)
    db.executemany(statement, listed)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make a vault of any size to try searches with.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--exhibits", type=int, default=10_000)
    parser.add_argument("--whole", type=int, default=20, help="of them, cases with scan files")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    whole = min(chosen.whole, chosen.exhibits)
    make_gallery(chosen.folder, "JAM", GallerySpec(chosen.exhibits, whole, chosen.seed))
    print(f"{chosen.folder}: {chosen.exhibits} exhibits, {whole} of them with scan files")


if __name__ == "__main__":
    main()
