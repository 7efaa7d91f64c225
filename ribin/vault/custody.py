"""Where a mark and its template came from: the program, and who outlined it and how."""

from __future__ import annotations

from ribin import __version__
from ribin.model import MarkType, Scan, Template
from ribin.region import Origin
from ribin.vault.scanfile import template_sha256

_MASK_WORDS = ("breech face outlined by mask ", "mask ")


def mark_fields(scan: Scan, template: Template, position: int, who: str) -> dict[str, object]:
    """The columns of a mark.

    `origin` is empty where the program found the mark or the file's maker cut it out. `outline` is
    the note of the scan that says how a person drew it, and `outlined_by` that person, where it was
    not in the file already.
    """
    drawn = scan.mark_valid if template.mark_type is MarkType.BREECH_FACE else None
    outlined = template.mark_type in scan.outlines or drawn is not None
    note = _outline_note(scan, template.mark_type) if outlined else ""
    return {
        "sha256": scan.provenance.sha256,
        "position": position,
        "mark_type": str(template.mark_type),
        "kind": str(template.kind),
        "pitch_um": template.pitch_um,
        "params_id": template.params_id,
        "template_sha256": template_sha256(template),
        "version": __version__,
        "origin": str(Origin.OUTLINED) if outlined else "",
        "outline": note,
        "outlined_by": who if who and f" by {who}" in note else "",
    }


def _outline_note(scan: Scan, mark_type: MarkType) -> str:
    """The last note on who drew the outline, and with which file or circle."""
    words: tuple[str, ...] = (f"{mark_type} outlined by ",)
    if mark_type is MarkType.BREECH_FACE:
        words += _MASK_WORDS
    notes = [note for note in scan.provenance.notes if note.lower().startswith(words)]
    return notes[-1] if notes else "in the file"
