"""Tuned numbers for whole heads and for the quality of marks; sections of `params.Params`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HeadParams:
    """Where the marks lie in a whole head. Tuned on 200 seeds of synth.head and on K013sA1."""

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
    blur_share: tuple[float, float] = (0.7, 0.9)  # finest detail over the longest wavelength


@dataclass(frozen=True)
class HandednessParams:
    """When a pair is looked at mirrored; figures are scores of breech faces on the Fadul set."""

    low_score: float = 50.0  # known matches have 87 and more: only below is it worth the time
    min_score: float = 40.0  # known non-matches have 26 at most, mirrored ones 17
    lead: float = 20.0  # over the score as read
