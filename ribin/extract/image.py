"""From the grey values of a mark to contrast that does not depend on the light, step by step."""

from __future__ import annotations

import numpy as np

from ribin.extract.exposure import check_white
from ribin.extract.illumination import even_light, without_glare
from ribin.extract.rings import without_rings
from ribin.model import BoolArray, FloatArray, Scan
from ribin.params.defaults import PreprocessParams
from ribin.region import Region
from ribin.surface.gaussian import smooth_surface


def even_image(
    scan: Scan, region: Region, params: PreprocessParams
) -> tuple[FloatArray, BoolArray]:
    """1 without glare, 2 smoothed, 3 evenly lit, 4 without circular shading, 5 clipped.

    Returns
    -------
    (H, W) float32 array, (H, W) bool array
        Contrast in local standard deviations, 0 where not measured, and the mask.

    Raises
    ------
    ScanError
        Most of the mark is saturated.
    """
    light, pitch_um = params.light, (scan.row_pitch_um, scan.col_pitch_um)
    name = region.mark_type.value.replace("_", " ")
    check_white(scan, region.inside, name, light.max_white)
    inside = without_glare(scan.values, region.inside, pitch_um, light.glare_um, light.max_glare)
    surface = smooth_surface(scan.values, inside, params.low_cutoff_um, pitch_um)
    surface = even_light(surface, inside, pitch_um, light.surroundings_um)
    surface = without_rings(surface, inside, pitch_um, region.center_um, light.shading_um)
    return np.clip(surface, -light.clip, light.clip), inside
