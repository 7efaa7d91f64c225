"""Tuned numbers of the search: how a mark is sketched, and how many go on from stage to stage."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SketchParams:
    """What the coarse search keeps of a mark: its leading harmonics on a disc.

    The harmonics are those that hold most of a surface whose relief lies between two wavelengths
    and between two radii; see `ribin.surface.harmonics`. Steps and lengths were chosen on the real scans:
    distance of the lowest known match from the query's known non-matches, in their SD, by
    `benchmarks/sketch.py`.
    """

    finest_um: float = 150.0  # 120 does as well; finer relief needs finer moves
    coarsest_um: float = 400.0  # 600 keeps form, which all marks share: 2.4 SD instead of 2.9
    inner_um: float = 700.0  # where marks begin and end; outside, less is kept
    outer_um: float = 1950.0
    edge_um: float = 300.0
    harmonics: int = 1024  # one byte each on disk
    leading: int = 512  # of them, for the first look at everything; see benchmarks/sketch.py
    first_shift_um: float = 100.0  # moves of the first look: a quarter of the wavelength it sees
    first_rotation_deg: float = 3.0  # 79 um at the outer edge of a breech face
    shift_um: float = 50.0  # moves of the second look
    rotation_deg: float = 2.0


# Impressions are a third as large: lengths scaled as those of their cells, and no hole inside.
_IMPRESSION = SketchParams(
    finest_um=47.0,
    coarsest_um=125.0,
    inner_um=0.0,
    outer_um=700.0,
    edge_um=100.0,
    first_shift_um=31.25,
    first_rotation_deg=3.0,
    shift_um=15.625,
    rotation_deg=2.0,
)


@dataclass(frozen=True)
class SearchParams:
    """How many marks of one member go on from stage to stage, and in what portions.

    Everything eligible gets a first look; the best of it a second, finer one; the best of that
    are compared in full. A vault no larger than the shortlist is compared wholly. The numbers
    follow from measured recall: `benchmarks/search.py` and `benchmarks/accuracy.py`.
    """

    second_look_marks: int = 2000  # the larger of this number and the share goes on
    second_look_share: float = 0.02
    shortlist_marks: int = 400  # compared in full
    index_shard_marks: int = 8192  # 9 MB: what is read, checked and multiplied at a time
    batch_marks: int = 256  # templates in memory at once in the fine stage: 40 MB
    # Rank fusion: 1 / (offset + rank) summed over the lists (Cormack, Clarke and Buettcher, SIGIR
    # 2009, doi:10.1145/1571941.1572114, with 60). With 10, a mate of one strong mark whose others
    # are missing stays among the first 3 of 10,000: 0.96 of them, not 0.10 (benchmarks/fusion.py).
    fusion_offset: int = 10
    fusion_depth: int = 200  # rows of a list that are fused: below, a row adds less than 1/210
    breech_face: SketchParams = field(default_factory=SketchParams)
    firing_pin: SketchParams = _IMPRESSION
    ejector: SketchParams = _IMPRESSION
