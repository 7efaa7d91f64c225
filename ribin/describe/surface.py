"""The surface that a template holds, as a mark for people to look at."""

from __future__ import annotations

from ribin.model import Mark, Template


def surface_of(template: Template) -> Mark:
    """The fine surface of a template, evened out and at its pitch, as a `Mark`.

    It has what a comparison sees and no more; its centre is that of the mark.
    """
    half_um = template.arrays["fine"].shape[0] * template.pitch_um / 2
    return Mark(
        mark_type=template.mark_type,
        kind=template.kind,
        surface=template.arrays["fine"],
        valid=template.arrays["fine_valid"],
        pitch_um=template.pitch_um,
        origin_um=(-half_um, -half_um),
        provenance=template.provenance,
    )
