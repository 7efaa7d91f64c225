"""From where the cells fell to the figures of a comparison, and the parts of its score."""

from __future__ import annotations

import math

from ribin._version import __version__
from ribin.comparison import Comparison, Registration, ScorePart
from ribin.decide.cmc import compared_cells, congruent_cells, find_consensus, judge_cells
from ribin.model import NO_TRACE, Template, Trace
from ribin.params.defaults import DecideParams

BEYOND = "turned beyond the mounting"


def decide_comparison(
    reference: Template,
    comparison: Template,
    registration: Registration,
    bands: float,
    params: DecideParams,
    params_id: str,
    trace: Trace = NO_TRACE,
) -> Comparison:
    """1 the motion most cells followed, 2 which cells are congruent, 3 the score's parts."""
    consensus = find_consensus(registration, params)
    trace.keep(
        "consensus", rotation_deg=consensus.motion.rotation_deg, shift_um=consensus.motion.shift_um
    )
    fits = judge_cells(registration, consensus, params)
    cells, cmc = compared_cells(fits), congruent_cells(fits)
    if cells < params.min_cells:
        reason = f"{cells} cells measured on both sides, {params.min_cells} needed"
        return not_compared(reference, comparison, reason, params_id, cells)
    fraction = cmc / cells
    parts = score_parts(registration.agreement, registration.whole, bands, fraction, params)
    if registration.beyond:
        turned_deg = abs(consensus.motion.rotation_deg)
        parts = (*parts, beyond_part(turned_deg, parts, params))
    return Comparison(
        reference=reference.provenance.source,
        comparison=comparison.provenance.source,
        mark=reference.mark_type,
        cells=cells,
        cmc=float(cmc),
        cmc_fraction=fraction,
        ccf=registration.ccf,
        score=sum(part.contribution for part in parts),
        score_parts=parts,
        rotation_deg=consensus.motion.rotation_deg,
        shift_um=consensus.motion.shift_um,
        cell_fits=fits,
        params_id=params_id,
        version=__version__,
    )


def not_compared(
    reference: Template, comparison: Template, reason: str, params_id: str, cells: int = 0
) -> Comparison:
    """A pair without figures, and why."""
    nan = math.nan
    return Comparison(
        reference=reference.provenance.source,
        comparison=comparison.provenance.source,
        mark=reference.mark_type,
        cells=cells,
        cmc=nan,
        cmc_fraction=nan,
        ccf=nan,
        score=nan,
        score_parts=(),
        rotation_deg=nan,
        shift_um=(nan, nan),
        cell_fits=(),
        params_id=params_id,
        version=__version__,
        reason=reason,
    )


def score_parts(
    agreement: float, whole: float, bands: float, cmc_fraction: float, params: DecideParams
) -> tuple[ScorePart, ...]:
    """The parts; the score is the sum of their contributions, from 0 to 100.

    `agreement` is of all cells at one placement and `whole` of the whole marks: see `Registration`.
    `bands` is that of bands of wavelengths, and no part where they are not compared.
    `cmc_fraction` is the share of congruent cells among those compared, 0 to 1.
    """
    p = params
    saturating = (
        (
            "agreement of all cells",
            agreement,
            p.agreement_points,
            p.agreement_from,
            p.agreement_scale,
        ),
        ("whole marks in the wide band", whole, p.whole_points, p.whole_from, p.whole_scale),
        ("bands of wavelengths", bands, p.bands_points, p.bands_from, p.bands_scale),
    )
    return (
        *(
            ScorePart(name, value, points * _saturate((value - chance) / scale))
            for name, value, points, chance, scale in saturating
            if points
        ),
        ScorePart("congruent cells", cmc_fraction, p.cmc_points * cmc_fraction),
    )


def beyond_part(turned_deg: float, parts: tuple[ScorePart, ...], params: DecideParams) -> ScorePart:
    """What is taken off where marks agree beyond the stated mounting: at most what is there."""
    reached = sum(part.contribution for part in parts)
    return ScorePart(BEYOND, turned_deg, -min(params.beyond_points, reached))


def _saturate(x: float) -> float:
    """0 for 0 and below, 0.63 at 1, 0.98 at 2: chance stays near 0, and enough is enough."""
    return 1.0 - math.exp(-(max(x, 0.0) ** 2))
