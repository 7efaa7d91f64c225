"""Tuned numbers for optical images; sections of `params.Params`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LightParams:
    """What is taken out of an image before its band is chosen.

    Chosen on fadul rendered under ring and side light with 4 and 14 grey levels of noise.
    """

    surroundings_um: float = 1000.0  # 800 and 1200 do as well; 400 takes from the mark
    shading_um: float = (
        300.0  # 100 widens the gap under a ring light and narrows it under a side light
    )
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
