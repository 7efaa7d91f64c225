"""Every tuned number, with its unit in its name and its source in its comment."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ribin.params_head import HandednessParams, HeadParams, QualityParams
from ribin.params_image import HeadImageParams, LightParams
from ribin.params_limits import ReadParams
from ribin.params_search import SearchParams

if TYPE_CHECKING:  # `ribin --help` does without numpy
    from ribin.model import MarkType, ScanKind

BLOCK_PX = 8  # cells are made of blocks of 8 x 8 pixels: one vector register of float32 a row


@dataclass(frozen=True)
class PreprocessParams:
    """From a scan to a mark."""

    low_cutoff_um: float = (
        40.0  # ALGORITHMS 1.1: 16 to 80 um in use; finer is noise on the real scans
    )
    high_cutoff_um: float = 500.0  # cmcR; 400 loses marks that are cropped or weak (accuracy.py)
    working_pitch_um: float = 12.5  # a third of the low cut-off: nothing of the band is lost
    frame_um: float = 4800.0  # a large pistol primer's flat (about 4.6 mm) and a margin
    min_area_mm2: float = 0.5  # one sixth of the smallest ring in the real scans
    max_relief_um: float = 80.0  # 5th to 95th percentile of a ring is below 25; of a head above 300
    form_degree: int = 1  # 1 levels a plane, 2 and more a bowl (ALGORITHMS 1.9: 2)
    edge_um: float = 0.0  # left out along the edge, where a filter cannot tell form from relief
    ring_um: float = (
        25.0  # width of rings without their mean (0: not); see accuracy.py, form-edge20
    )
    light: LightParams = field(default_factory=LightParams)  # images only


@dataclass(frozen=True)
class DescribeParams:
    """From a mark to a template."""

    pitch_um: float = 25.0  # tuned with benchmarks/accuracy.py: 33 um loses weak marks
    high_cutoff_um: float = 320.0  # of the fine surface; 250 loses marks cropped to a half
    clip_mads: float = 2.5  # relief beyond it is dirt or an edge; lifts the weakest known match
    coarse_pitch_um: float = 75.0  # DESIGN decision 4: 100 um loses mates, 50 um costs five times
    medium_pitch_um: float = 50.0
    min_fill: float = 0.30  # share of a cell that is measured (Chen 2017: 0.15; NFI: 0.35)

    @property
    def cell_um(self) -> float:
        """Side of a cell: 400 um at the default pitch (Song 2014: 250 to 500)."""
        return 2 * BLOCK_PX * self.pitch_um


@dataclass(frozen=True)
class CorrelateParams:
    """Where one template falls on another."""

    rotation_range_deg: float = 30.0  # the laboratory's mounting protocol
    coarse_rotation_step_deg: float = 3.0
    shift_range_um: float = 400.0  # of one mark's centre against the other's
    coarse_norm_step_um: float = 225.0  # overlap and energy of whole marks: computed so far apart
    min_overlap: float = 0.10  # of the smaller mark, at the coarse placement
    seeds: int = 10  # placements looked at more closely; 6 lose marks cropped to a half
    seed_distance_um: float = 100.0  # two seeds differ by more than this or by
    seed_distance_deg: float = 3.0
    medium_rotation_step_deg: float = 1.5
    medium_shift_um: float = 100.0
    fine_rotation_step_deg: float = 2.0
    fine_rotation_steps: int = 1  # to each side of the seed; five turns of 1.5 gave no more
    search_radius_um: float = 125.0  # of a cell from where the whole mark put it; 150 gave no more
    norm_step_um: float = (
        50.0  # overlap and energy of cells: computed so far apart; 75 misplaces some
    )
    min_cell_overlap: float = 0.25  # of a cell's area, measured on both sides


@dataclass(frozen=True)
class DecideParams:
    """When a cell is congruent, and what a score is made of."""

    cells_a_side: int = 40  # judged of each mark; the real scans hold 60 to 140 overlapping cells
    min_cells: int = 8  # of both marks: fewer say nothing
    max_place_um: float = 60.0  # ALGORITHMS 1.2: 75 to 156; a motion fitted to cells needs less
    max_angle_deg: float = 3.0  # Tong 2014, 2015, Chen 2017
    min_ccf: float = 0.45  # cmcR's best; between Chen 2017 (0.40) and Tong 2015 (0.55)
    # The score's parts: of those that order hard pairs best, the ones with the widest gap; by
    # benchmarks/score_weights.py on five slides, judged on the other five. Each part saturates,
    # so none decides alone.
    agreement_points: float = 55.0
    agreement_scale: float = 5.0  # between the real known non-matches (below 3) and matches (11)
    whole_points: float = 30.0
    whole_scale: float = 0.35
    cmc_points: float = 15.0


@dataclass(frozen=True)
class MethodParams:
    """The whole method for one type of mark."""

    preprocess: PreprocessParams = field(default_factory=PreprocessParams)
    describe: DescribeParams = field(default_factory=DescribeParams)
    correlate: CorrelateParams = field(default_factory=CorrelateParams)
    decide: DecideParams = field(default_factory=DecideParams)


# Impressions in a firing pin bowl or an ejector mark are finer than those of a breech face: cells
# of 125 um (NFI scratch; ALGORITHMS 1.9). Lengths are those of the breech face scaled by the cell,
# cut-offs less so, because scans of whole heads have a pitch of 3 to 12 um. What differs was tuned
# with benchmarks/impressions.py on half of its firearms. No rings are taken out: turning marks of
# one pin may be its own, and away from the edge shared ones lift known non-matches little.
_FIRING_PIN = MethodParams(
    PreprocessParams(25.0, working_pitch_um=7.8125, frame_um=2000.0, min_area_mm2=0.08,
                     max_relief_um=600.0, form_degree=4, ring_um=0.0,
                     high_cutoff_um=120.0,  # 200: known non-matches reach 33 instead of 28
                     edge_um=100.0),  # 50: with shared turning marks 33 instead of 24
    DescribeParams(7.8125, high_cutoff_um=128.0, coarse_pitch_um=31.25, medium_pitch_um=15.625),
    CorrelateParams(shift_range_um=150.0, seed_distance_um=33.0, medium_shift_um=31.25,
                    search_radius_um=46.875, norm_step_um=23.4375),
    DecideParams(max_place_um=20.0, agreement_scale=7.0),  # 5: known non-matches 32, not 24
)  # fmt: skip
_EJECTOR = replace(
    _FIRING_PIN,
    preprocess=replace(_FIRING_PIN.preprocess,
                       high_cutoff_um=150.0,  # best in noise, by a few tuned matches
                       form_degree=2),  # an ejector's dent is no bowl; 4 was worse at 120 um
    correlate=replace(_FIRING_PIN.correlate,
                      shift_range_um=200.0),  # 150 does as well; 100 and 250 less
    decide=replace(_FIRING_PIN.decide, agreement_scale=5.0),  # 7 lowers the weakest match by 7
)  # fmt: skip


# Grey levels change over shorter ways than heights, and their noise is white: low_cutoff_um from 40
# to 80 was tried on fadul rendered with 4 and 14 grey levels of noise.
_BREECH_FACE_IMAGE = MethodParams(PreprocessParams(low_cutoff_um=60.0))


@dataclass(frozen=True)
class Params:
    """All parameters of the method; `params_id` names the set. Lengths are in um, turns in degrees.

    Attributes
    ----------
    read, quality : ReadParams, QualityParams
        What is accepted as a scan, and as a mark.
    head, head_image : HeadParams, HeadImageParams
        How marks are found on a whole head, of heights and of an image.
    search, handedness : SearchParams, HandednessParams
        The coarse stage of a search; when a pair is looked at mirrored.
    """

    read: ReadParams = field(default_factory=ReadParams)
    search: SearchParams = field(default_factory=SearchParams)
    head: HeadParams = field(default_factory=HeadParams)
    head_image: HeadImageParams = field(default_factory=HeadImageParams)
    quality: QualityParams = field(default_factory=QualityParams)
    handedness: HandednessParams = field(default_factory=HandednessParams)
    breech_face: MethodParams = field(default_factory=MethodParams)
    breech_face_image: MethodParams = _BREECH_FACE_IMAGE
    firing_pin: MethodParams = _FIRING_PIN
    ejector: MethodParams = _EJECTOR

    def of(self, mark_type: MarkType, kind: ScanKind | str = "topography") -> MethodParams:
        """The method for one type of mark; images of the breech face have one of their own."""
        if (mark_type, kind) == ("breech_face", "image"):
            return self.breech_face_image
        method: MethodParams = getattr(self, mark_type.value)
        return method

    @cached_property
    def params_id(self) -> str:
        """Twelve hexadecimal digits that change when any number of the method changes."""
        groups = dataclasses.asdict(self)
        return _fingerprint({k: v for k, v in groups.items() if k not in _NOT_METHOD})

    @cached_property
    def template_id(self) -> str:
        """The same of the numbers that a template depends on; `Template.params_id` holds it."""
        groups = dataclasses.asdict(self)
        for group in groups.values():
            for later in ("correlate", "decide"):
                group.pop(later, None)
        return _fingerprint({k: v for k, v in groups.items() if k not in _NOT_METHOD})


def _fingerprint(numbers: dict[str, Any]) -> str:
    text = json.dumps(numbers, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


# They change what is accepted or shortlisted, not how a pair scores.
_NOT_METHOD = ("read", "search", "quality", "handedness")

DEFAULT_PARAMS = Params()
