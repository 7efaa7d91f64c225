"""Every tuned number, with its unit in its name and its source in its comment."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ribin.model import MarkType, ScanKind

BLOCK_PX = 8  # cells are made of blocks of 8 x 8 pixels: one vector register of float32 a row
# Heights of a template are kept to this share of their RMS: noise of 0.0006 of it, which moves a
# correlation by 2e-7. The lower half of a float32 would be two thirds of a packed template.
HEIGHT_STEP = 1.0 / 512.0
# They change what is accepted or shortlisted, not how a pair scores.
_NOT_METHOD = ("read", "search", "quality", "looks", "validation")


# Whole heads, and the quality of marks.


@dataclass(frozen=True)
class HeadParams:
    """Where the marks lie in a whole head. Tuned on 200 of benchmarks/heads.py, and on K013sA1."""

    grid_um: float = 25.0  # a ring is 300 to 1200 um wide; finer only costs time
    min_primer_um: float = 1400.0  # radius at the steepest fall; a small primer's cup has 2200
    max_primer_um: float = 2900.0  # a large primer's cup has 2650 (SAAMI drawings, 5.33 mm)
    center_reach_um: float = 400.0  # the primer's middle may lie this far outside the frame
    steep: float = 0.08  # slope from which a point says where its circle's middle is
    max_steep: float = 0.6  # steeper slopes count no more than this
    rim_fall_um: float = 15.0  # fall within `rim_width_um` that makes an edge
    rim_width_um: float = 150.0
    min_rim_share: float = 0.55  # of the directions within the frame that fall at the rim
    min_directions: float = 0.40  # of the full turn that the frame shows of the rim
    band_um: float = 6.0  # half height within which the ring's surface is looked for
    min_tolerance_um: float = 4.0  # a pressed face lies this close to one plane
    max_tolerance_um: float = 14.0  # K013: 12 um between plane and the outline's edge
    tolerance_sigmas: float = 5.0
    edge_fall_um: float = 7.0  # K013: the outline's edge lies 10 um, synthetic truth 4 um below
    min_ring_share: float = 0.5  # of the annulus that lies within the tolerance
    pin_depth_um: float = 15.0  # below the ring; a bowl reaches 150 to 450, a collar lies above
    pin_depth_share: float = 0.12  # of its own depth: where the wall of a bowl begins
    min_pin_um: float = 200.0  # inscribed radius of an impression
    drag_share: float = 0.45  # what is narrower than this share of the bowl is drag
    ejector_depth_um: float = 12.0
    min_ejector_um: float = 175.0  # inscribed radius; strokes of letters are below 100
    max_ejector_um: float = 700.0


@dataclass(frozen=True)
class QualityParams:
    """Limits of a mark's figures: (below or above it is poor, beyond it is unusable).

    Set so that the 40 Fadul scans, the sample data and K013sA1 are usable, and scans of them with
    noise, blur, holes or a missing part become poor where the lowest known match comes near the
    known non-matches, unusable where it falls among them.
    """

    valid_share: tuple[float, float] = (0.80, 0.50)
    coverage: tuple[float, float] = (0.50, 0.25)
    relief_um: tuple[float, float] = (0.10, 0.03)
    signal_to_noise: tuple[float, float] = (2.0, 1.0)
    saturation: tuple[float, float] = (0.02, 0.20)
    left_out: tuple[float, float] = (0.50, 0.75)  # share; no more is ever left out
    remarked_left_out: float = 0.10  # share, from which a person is told of it at enrolment
    kept_share: tuple[float, float] = (0.15, 0.0)  # of a mark, that an outline leaves
    blur_share: tuple[float, float] = (0.7, 0.9)  # finest detail over the longest wavelength


@dataclass(frozen=True)
class LooksParams:
    """When a pair is compared again at another scale, and mirrored, and what it then needs.

    Figures are scores of breech faces on the Fadul set.
    """

    # Known matches have 87 and more, with a pitch wrong by 5 % up to 75; strangers less than 50.
    low_score: float = 80.0
    steps: int = 2  # to each side, of the scale of one mark against the other
    step: float = 0.05  # of a scale: errors of a pitch up to a tenth and a step's half are found
    fine_step: float = 0.025  # around the best of them
    ways: int = 2  # the strongest on rings: of weak marks the second may be the right one
    lead: float = 1.0  # times as strong on rings as the pair as read: then it is compared in full
    points: float = 5.0  # taken off: of ten ways to agree one does by chance
    note_score: float = 30.0  # known non-matches so reach 29: what scores less is not remarked on
    shortlist_rows: int = 12  # of a shortlist: the best of those that score low


@dataclass(frozen=True)
class ValidationParams:
    """The evaluation on real marks that stands behind each type of mark; empty where none does.

    A laboratory that has evaluated one (`ribin evaluate`) names its evaluation here. Marks without
    one are listed by themselves, and whoever sees them is told.
    """

    breech_face: str = "40 scans of ten consecutively made slides, docs/performance.md"
    firing_pin: str = ""  # tuned on synthetic marks; one real pair in 3D scored among strangers
    ejector: str = ""

    def caution(self, mark_type: MarkType | str) -> str:
        """What whoever sees marks of a type is told; empty where an evaluation stands behind it."""
        return "" if getattr(self, str(mark_type)).strip() else NOT_VALIDATED


NOT_VALIDATED = "not validated on real marks"


# Optical images.


@dataclass(frozen=True)
class LightParams:
    """What is taken out of an image before its band is chosen.

    Chosen on fadul rendered under ring and side light with 4 and 14 grey levels of noise.
    """

    surroundings_um: float = 1000.0  # 800 and 1200 do as well; 400 takes from the mark
    # 100 widens the gap under a ring light and narrows it under a side light
    shading_um: float = 300.0
    clip: float = 2.0  # standard deviations: edges that glitter are not all that counts
    glare_um: float = 60.0  # narrower white spots are edges of the mark
    max_glare: float = 0.2  # share of the mark; where more is white it is the exposure
    max_white: float = 0.6  # share of the mark that is saturated; beyond it nothing can be read


@dataclass(frozen=True)
class HeadImageParams:
    """Where the marks lie in a ring-light image of a head. Set by eye on the three real ones."""

    grid_um: float = 20.0  # 1 % of a primer's radius
    smooth_um: float = 40.0  # standard deviation; grain of the metal is finer
    max_white: float = 0.3  # share of the image, or of the face, that is saturated; real 0.03
    min_contrast: float = 0.06  # 5th to 95th percentile, of the range; real heads have 0.5
    min_primer_um: float = 1300.0  # radius of the flat; small primers 1650 to 1850
    max_primer_um: float = 2700.0  # large primers' cups have 2650 (SAAMI drawings, 5.33 mm)
    primer_candidates: int = 6
    apart_um: float = 200.0
    edge_cap: float = 0.25  # change of brightness over `smooth_um` beyond which edges count alike
    min_edge: float = 0.15  # of that: less is no edge
    band_um: float = 200.0  # how far from the first circle its edge is looked for
    min_shown: float = 0.75  # of the primer's circle that lies in the frame
    min_primer_fall: float = 0.6  # mean edge all round, of the cap; real primers have 0.93 to 0.99
    min_edge_share: float = 0.6  # of its directions in which the edge lies on the circle
    sure_edge_share: float = 0.9  # needed where the hole in it is not round: cups, coins, clocks
    min_primer_contrast: float = 0.25  # brightness within less that without; real 0.7
    max_pin_share: float = 0.7  # of the flat's radius; real apertures reach 0.66
    min_pin_um: float = 350.0
    min_pin_rise: float = 0.3  # mean edge all round, of the cap
    pin_share_of_best: float = 0.7  # the largest circle of about the clearest edge is taken
    pin_band_um: float = 80.0
    max_inner_share: float = 0.85  # of the aperture's radius: an impression within it
    min_inner_rise: float = 0.7  # mean edge all round, of the cap; real ones 0.99, others 0.48
    max_impression_um: float = 1000.0  # radius; wider without a circle in it is an aperture
    primer_margin: float = 0.97  # the flat's edge is rounded: it shines and says nothing
    pin_margin_um: float = 40.0
    hole_flat: float = 0.7  # share of the flat's brightness below which a hole begins
    hole_closing_um: float = 60.0  # gaps in the dark outline of a hole
    hole_reach: float = 0.5  # of the primer's radius: how far out the middle of a hole may lie
    darkest: float = 0.4  # of the flat's brightness; what is darker over `patch_um` is no face
    brightest: float = 1.8
    darkest_ring: float = 0.65  # a ring round the middle that is as dark belongs to a shoulder
    patch_um: float = 60.0
    min_face_share: float = 0.35  # of the ring between the circles
    # Where the flat goes over into a rounded edge, its brightness falls slowly. Looked for only
    # where no sharp circle was found, and believed only if nearly all directions lie on the circle.
    # Set on rendered synthetic heads and on the rendered K013sA1.
    soft_smooth_um: float = 120.0
    soft_min_primer_fall: float = 0.3
    soft_min_edge: float = 0.05


# What a reader accepts.


@dataclass(frozen=True)
class ReadParams:
    """Limits of what a reader accepts."""

    max_unpacked_mib: int = 1024  # a zip that unpacks to more is refused as a bomb
    max_pixels: int = 100_000_000  # 10,000 x 10,000: four times the largest sensor met
    min_pitch_um: float = 0.05  # below light's resolution: the unit must be wrong
    max_pitch_um: float = 100.0  # fewer than 40 pixels across a primer
    max_pitch_ratio: float = 4.0  # rows against columns; beyond it the scan is not areal
    max_file_mib: int = 1024  # what a laboratory machine holds in memory several times over
    max_main_xml_mib: int = 16  # ISO 25178-72 wants more than 10,000 points in a binary file
    max_relief_um: float = 10_000.0  # deeper than any mark: the unit of the heights must be wrong
    max_tilt_deg: float = 5.0  # levelling takes it out; a surface that leans more was turned over
    # Two scans side by side in one file; single ones of the sample and real scans stay below half
    # of what joined ones have.
    min_pair_aspect: float = 1.45  # length over width: two upright frames
    min_pair_share: float = 0.3  # of the whole, that the smaller of the two has
    max_neck_share: float = 0.15  # width of the neck between two discs, of theirs
    min_seam: float = 2.0  # change across it, of that between any other columns; joined 3.8
    min_mask_share: float = 0.15  # of a breech face; a mask that keeps less is said
    usual_face_mm2: float = 8.5  # ring of 1.75 and 0.6 mm radius, the flat of a small primer
    max_pitch_disagreement: float = 0.01  # of two statements: whole dots an inch are rounded
    # What programs write that have to write a density: of screens, printers, scanners and faxes.
    placeholder_dpi: tuple[float, ...] = (
        *(72.0, 75.0, 90.0, 92.0, 96.0, 100.0, 110.0, 120.0, 130.0, 133.0, 144.0, 150.0, 160.0),
        *(175.0, 180.0, 192.0, 200.0, 204.0, 220.0, 225.0, 240.0, 250.0, 264.0, 266.0, 288.0),
        *(300.0, 320.0, 326.0, 350.0, 360.0, 400.0, 450.0, 480.0, 500.0, 600.0, 640.0, 720.0),
        *(800.0, 900.0, 960.0, 1000.0, 1200.0),
    )
    placeholder_tolerance: float = 0.0005  # 72 dpi are 2835 pixels a metre, rounded
    # Where an image shows no primer at its pitch, one is looked for as if the pitch were a quarter
    # to four times that: in steps that the range of a primer's radius spans, on a coarser grid.
    other_scales: tuple[float, ...] = (0.25, 0.4, 0.63, 1.6, 2.5, 4.0)
    other_grid: float = 2.0  # times the grid that primers are found on
    other_frame_mm: float = 25.0  # a head of .50 BMG with some of its surroundings
    primer_cups_mm: tuple[float, float] = (4.4, 5.3)  # small and large (SAAMI drawings)
    max_field_mm: float = 40.0  # twice the largest case head (.50 BMG, 20.4 mm)


# The search: how a mark is sketched, and how many go on from stage to stage.


@dataclass(frozen=True)
class SketchParams:
    """What the coarse search keeps of a mark: its leading harmonics on a disc.

    The harmonics are those that hold most of a surface whose relief lies between two wavelengths
    and between two radii; see `ribin.surface.harmonics`. Steps and lengths were chosen on the real
    scans: distance of the lowest known match from the query's known non-matches, in their SD, by
    `benchmarks/sketch.py`.
    """

    finest_um: float = 150.0  # 120 does as well; finer relief needs finer moves
    coarsest_um: float = 400.0  # 600 keeps form, which all marks share: 2.4 SD instead of 2.9
    inner_um: float = 700.0  # where marks begin and end; outside, less is kept
    outer_um: float = 1950.0
    edge_um: float = 300.0
    harmonics: int = 1024  # one byte each on disk; half of them lose weak mates (sketch.py)
    # Steps of the moves: a third of the finest wavelength, and 65 um at the outer edge of a breech
    # face, half of it with the turns between. With one behind the last, 30 degrees fill two blocks
    # of the kernel; steps of 2.14 keep fewer of the weakest mates (recall.py).
    shift_um: float = 50.0
    rotation_deg: float = 1.9
    # Correlation that is taken off beyond the stated mounting, where five times as many turns agree
    # by chance: so much more do strangers reach there (recall.py).
    beyond_handicap: float = 0.01


# Impressions are a third as large: lengths scaled as those of their cells, and no hole inside.
_IMPRESSION = SketchParams(
    finest_um=47.0, coarsest_um=125.0, inner_um=0.0, outer_um=700.0, edge_um=100.0, shift_um=15.625
)


@dataclass(frozen=True)
class SearchParams:
    """How many marks of one member go on from stage to stage, and in what portions.

    Everything eligible gets a first pass; the best of it a second, finer one; the best of that
    are compared in full. A vault no larger than the shortlist is compared wholly. The numbers
    follow from measured recall: `benchmarks/search.py` and `benchmarks/accuracy.py`.
    """

    second_pass_marks: int = 4000  # the larger of this number and the shares goes on
    second_pass_share: float = 0.3  # a fifth loses mates that are cropped and weak (recall.py)
    # That share of so many marks, and this one of those beyond: a mate that is on the shortlist of
    # a million was among the first 8 % of the first pass (recall.py).
    second_pass_first_marks: int = 100_000
    second_pass_further_share: float = 0.15
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


# The method, and all parameters together.


@dataclass(frozen=True)
class OutlierParams:
    """What is left out of a breech face before it is filtered: dust, drag, flowback.

    Tuned on half of the firearms of the Fadul set with benchmarks/accuracy.py, rows `field`, by
    what was put on the scans and what of it is left; SD is that of the relief. `rounds` 0 leaves
    nothing out.
    """

    rounds: int = 10  # clean marks settle after two or three, flowback takes all
    strict_rounds: int = 2  # that every mark gets at least, and one more
    settled_share: float = 0.01  # of the mark: a round that changes less is the last
    round_pitch_um: float = 12.5  # rounds look at pixels so far apart; the last look at all
    grid_um: float = 25.0  # of the form, a quarter of its SD
    form_um: float = 94.0  # SD of the Gaussian: a cut-off of 500 um, that of the mark's band
    first_degree: int = 2  # of the first polynomial: a higher one follows a heap of drag
    form_degree: int = 4  # of the others: a primer is domed, twisted and dented
    fit_um: float = 75.0  # between the points that polynomials are fitted to
    ridge: float = 0.02  # where less of the surface is near, the polynomial is the form
    first_sds: float = 4.5  # left out of the form
    limit_sds: float = 8.0  # dust; 4.5 takes peaks of marks that have no other
    spike_sds: float = 12.0  # dust that has no wall
    steep: float = 6.0  # times the median slope: a wall
    min_left_out: float = 0.01  # of the mark; less is cut off when the mark is described
    edge_sds: float = 3.0  # what is connected to it, and what a wall is at least
    tile_um: float = 400.0  # a cell
    tile_quantile: float = 0.65  # half may be blurred, a third rough
    max_scale: float = 2.0
    grown_um: float = 6.25  # no instrument shows a sheer wall; 12.5 costs weak marks .03 of AUC
    crowded_um: float = 80.0  # SD of the Gaussian
    crowded_share: float = 0.4  # 0.3 takes all of a mark of which dust covers a fifth
    reach_um: float = 400.0  # from the aperture: drag and flowback
    rim_um: float = 75.0  # from the aperture: where they begin
    wall_sds: float = 4.0  # above the form: a wall
    min_wall_um2: float = 30_000.0  # a grain of dust of 100 um radius is no wall
    solid_share: float = 0.5  # of the surface: a heap is left out whole, clusters of grains are not
    flowback_share: float = 0.5  # of the rim: drag takes up to 120 degrees
    min_drag_um: float = 125.0  # wide: what is narrower is a fibre, also one that reaches the rim
    min_hole_um: float = 300.0  # radius; apertures have 700 and more
    min_kept: float = 0.25  # of the mark


NO_OUTLIERS = OutlierParams(rounds=0)


@dataclass(frozen=True)
class PreprocessParams:
    """From a scan to a mark."""

    low_cutoff_um: float = 40.0  # ALGORITHMS 1.1: 16 to 80 in use; finer is noise on real scans
    high_cutoff_um: float = 500.0  # cmcR; 400 loses marks that are cropped or weak (accuracy.py)
    working_pitch_um: float = 12.5  # a third of the low cut-off: nothing of the band is lost
    frame_um: float = 4800.0  # a large pistol primer's flat (about 4.6 mm) and a margin
    min_area_mm2: float = 0.5  # one sixth of the smallest ring in the real scans
    max_relief_um: float = 80.0  # 5th to 95th percentile of a ring is below 25; of a head above 300
    form_degree: int = 1  # 1 levels a plane, 2 and more a bowl (ALGORITHMS 1.9: 2)
    edge_um: float = 0.0  # left out along the edge, where a filter cannot tell form from relief
    ring_um: float = 25.0  # width of rings without their mean; 0: not (accuracy.py, form-edge20)
    # Of the energy, that whole rings higher on one side hold: then they are levelled too. Chosen on
    # half of the Fadul set, where relief alone stays below and form80 of accuracy.py lies above it.
    min_tilt_share: float = 0.04
    # What is left out is filled where it is narrower than some 40 um: 60 fills little, 150 no more
    # (accuracy.py, dust20).
    bridge_um: float = 100.0
    bridge_weight: float = 0.35  # measured, of what lies round a pixel; 0.5 fills little
    light: LightParams = field(default_factory=LightParams)  # images only
    outliers: OutlierParams = field(default_factory=OutlierParams)


@dataclass(frozen=True)
class LinesParams:
    """Lines that a production run may share, and how they are taken out of a mark."""

    # Of the energy, beyond what chance gives: plain marks have 0.05 to 0.21, weak ones 0 to 0.12;
    # with lines as strong as the mark 0.17 to 0.34, and 0.14 under noise. What explains less is
    # left in; taken out of a mark that shares none, it costs a comparison little.
    min_share: float = 0.10
    rounds: int = 3  # of taking out the strongest
    cell_um: float = 1200.0  # along, over which a line is the same
    alike_um: float = 75.0  # along, over which any relief is alike
    mean_um: float = 250.0  # sigma of the mean that is taken out along lines
    # Tried: every direction, straight and bent; and centres within the mark, on a square grid.
    step_deg: float = 5.0
    curvatures_per_mm: tuple[float, ...] = (0.3, 0.6, 1.0, 1.4)
    bend_per_mm: float = 0.2
    center_um: float = 480.0
    center_step_um: float = 40.0
    centers: int = 4  # of the best ones are refined
    least_step: float = 0.06  # of these steps, to which the best is refined


@dataclass(frozen=True)
class DescribeParams:
    """From a mark to a template."""

    pitch_um: float = 25.0  # tuned with benchmarks/accuracy.py: 33 um loses weak marks
    high_cutoff_um: float = 320.0  # of the fine surface; 250 loses marks cropped to a half
    clip_mads: float = 2.5  # relief beyond it is dirt or an edge; lifts the weakest known match
    # Rings for the coarse registration: so far apart, and about points so far from the middle. With
    # 100 um, or points within 215 um, fewer weak mates are among the first ten placements.
    coarse_step_um: float = 75.0
    coarse_reach_um: float = 260.0
    medium_pitch_um: float = 50.0
    min_fill: float = 0.30  # share of a cell that is measured (Chen 2017: 0.15; NFI: 0.35)
    lines: LinesParams = field(default_factory=LinesParams)

    @property
    def cell_um(self) -> float:
        """Side of a cell: 400 um at the default pitch (Song 2014: 250 to 500)."""
        return 2 * BLOCK_PX * self.pitch_um


@dataclass(frozen=True)
class CorrelateParams:
    """Where one template falls on another."""

    rotation_range_deg: float = 180.0  # to either side: every turn
    mounting_deg: float = 30.0  # the laboratory's mounting protocol; beyond it, more is needed
    coarse_rotation_step_deg: float = 3.0
    shift_range_um: float = 400.0  # of one mark's centre against the other's
    min_overlap: float = 0.10  # of the smaller mark, at the coarse placement
    seeds: int = 10  # placements within the mounting that are looked at more closely
    beyond_seeds: int = 6  # and beyond it
    # Times as strong as the best within the mounting, as a whole mark: then a placement beyond is
    # taken. 1.1 loses weak mates that are mounted as stated (weak-raw AUC 0.80), 1.5 turned ones.
    beyond_lead: float = 1.3
    seed_distance_um: float = 100.0  # two seeds differ by more than this or by
    seed_distance_deg: float = 3.0
    medium_rotation_step_deg: float = 1.5
    medium_shift_um: float = 100.0
    fine_rotation_step_deg: float = 2.0
    fine_rotation_steps: int = 1  # to each side of the seed; five turns of 1.5 gave no more
    search_radius_um: float = 125.0  # of a cell from where the whole mark put it; 150 gave no more
    norm_step_um: float = 50.0  # overlap and energy of cells: so far apart; 75 misplaces some
    min_cell_overlap: float = 0.25  # of a cell's area, measured on both sides
    # Wavelengths where bands that are compared by themselves begin and end: those of the fine
    # surface, and one of the medium surface. Six bands gave no more, other limits a little less.
    bands_um: tuple[float, ...] = (50.0, 84.0, 173.0)
    coarse_band_um: tuple[float, ...] = (320.0, 500.0)


@dataclass(frozen=True)
class DecideParams:
    """When a cell is congruent, and what a score is made of."""

    cells_a_side: int = 40  # judged of each mark; the real scans hold 60 to 140 overlapping cells
    min_cells: int = 8  # of both marks: fewer say nothing
    max_place_um: float = 60.0  # ALGORITHMS 1.2: 75 to 156; a motion fitted to cells needs less
    max_angle_deg: float = 3.0  # Tong 2014, 2015, Chen 2017
    min_ccf: float = 0.45  # cmcR's best; between Chen 2017 (0.40) and Tong 2015 (0.55)
    # The score's parts: each counts from what strangers reach by chance on, and saturates, so that
    # none decides alone. Chosen on the weak sets of benchmarks/field.py: fewer errors by a third,
    # and the lowest known match further above the highest known non-match, than of agreement, whole
    # marks and cells alone.
    agreement_points: float = 20.0
    agreement_from: float = 0.5
    agreement_scale: float = (
        3.5  # known non-matches of the real scans stay below 3, matches have 11
    )
    whole_points: float = 30.0
    whole_from: float = 0.03
    whole_scale: float = 0.28
    bands_points: float = 35.0  # 0: they are not compared
    bands_from: float = 1.0
    bands_scale: float = 9.0  # known non-matches of the real scans reach 7, matches have 25
    cmc_points: float = 15.0
    # Taken off beyond the stated mounting, where six times as many placements agree by chance.
    beyond_points: float = 5.0
    # Lines that a production run may share: a score may be as high as this for what the marks score
    # without them, 0 to 100 each. What rests on lines is so at most 38 points.
    rest_scores: tuple[float, ...] = (0.0, 28.0, 62.0)
    most_with_lines: tuple[float, ...] = (30.0, 36.0, 100.0)
    rest_bands_from: float = 4.0  # as `bands_from`, without lines: something of them is left
    rest_from: float = 20.0  # a score below it is the same without lines, or higher by chance


@dataclass(frozen=True)
class MethodParams:
    """The whole method for one type of mark."""

    preprocess: PreprocessParams = field(default_factory=PreprocessParams)
    describe: DescribeParams = field(default_factory=DescribeParams)
    correlate: CorrelateParams = field(default_factory=CorrelateParams)
    decide: DecideParams = field(default_factory=DecideParams)


# Without bands of wavelengths: images and impressions were judged so, on sets of their own.
_NO_BANDS = DecideParams(agreement_points=55.0, agreement_from=0.0, agreement_scale=5.0,
                         whole_from=0.0, whole_scale=0.35, bands_points=0.0)  # fmt: skip


# Impressions in a firing pin bowl or an ejector mark are finer than those of a breech face: cells
# of 125 um (NFI scratch; ALGORITHMS 1.9). Lengths are those of the breech face scaled by the cell,
# cut-offs less so, because scans of whole heads have a pitch of 3 to 12 um. What differs was tuned
# with benchmarks/impressions.py on half of its firearms. No rings are taken out: turning marks of
# one pin may be its own, and away from the edge shared ones lift known non-matches little.
_FIRING_PIN = MethodParams(
    PreprocessParams(25.0, working_pitch_um=7.8125, frame_um=2000.0, min_area_mm2=0.08,
                     outliers=NO_OUTLIERS,  # a bowl is steep, and its drag is its own
                     max_relief_um=600.0, form_degree=4, ring_um=0.0,
                     high_cutoff_um=120.0,  # 200: known non-matches reach 33 instead of 28
                     edge_um=100.0),  # 50: with shared turning marks 33 instead of 24
    DescribeParams(7.8125, high_cutoff_um=128.0, coarse_step_um=31.25, coarse_reach_um=95.0,
                   medium_pitch_um=15.625,
                   lines=LinesParams(rounds=0)),  # turning marks of one pin may be its own
    CorrelateParams(shift_range_um=150.0, seed_distance_um=33.0, medium_shift_um=31.25,
                    search_radius_um=46.875, norm_step_um=23.4375),
    replace(_NO_BANDS, max_place_um=20.0,
            agreement_scale=7.0),  # 5: known non-matches 32, not 24
)  # fmt: skip
_EJECTOR = replace(
    _FIRING_PIN,
    preprocess=replace(_FIRING_PIN.preprocess,
                       high_cutoff_um=150.0,  # best in noise, by a few tuned matches
                       form_degree=2),  # an ejector's dent is no bowl; 4 was worse at 120 um
    describe=replace(_FIRING_PIN.describe, coarse_reach_um=130.0),
    correlate=replace(_FIRING_PIN.correlate,
                      shift_range_um=200.0),  # 150 does as well; 100 and 250 less
    decide=replace(_FIRING_PIN.decide, agreement_scale=5.0),  # 7 lowers the weakest match by 7
)  # fmt: skip


# Grey levels change over shorter ways than heights, and their noise is white: low_cutoff_um from 40
# to 80 was tried on fadul rendered with 4 and 14 grey levels of noise.
_BREECH_FACE_IMAGE = MethodParams(
    PreprocessParams(low_cutoff_um=60.0, outliers=NO_OUTLIERS), decide=_NO_BANDS
)


@dataclass(frozen=True)
class Params:
    """All parameters of the method; `params_id` names the set. Lengths are in um, turns in degrees.

    `read` and `quality` say what is accepted as a scan and as a mark, `head` and `head_image` how
    marks are found on a whole head, of heights and of an image.
    """

    read: ReadParams = field(default_factory=ReadParams)
    search: SearchParams = field(default_factory=SearchParams)
    head: HeadParams = field(default_factory=HeadParams)
    head_image: HeadImageParams = field(default_factory=HeadImageParams)
    quality: QualityParams = field(default_factory=QualityParams)
    looks: LooksParams = field(default_factory=LooksParams)
    validation: ValidationParams = field(default_factory=ValidationParams)
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


DEFAULT_PARAMS = Params()
