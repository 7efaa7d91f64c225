"""What a person is shown of a scan before it is enrolled, or read anew: its marks, as found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ribin.cases.calibres import calibres
from ribin.errors import RibinError
from ribin.extract.strokes import outline_polygons
from ribin.model import Scan, ScanKind, left_out_words, light_words
from ribin.params.defaults import Params
from ribin.pipeline import judge_marks
from ribin.report.outlines import scan_picture
from ribin.report.pictures import png_bytes
from ribin.services.reading import AS_STATED, ReadOptions, read_again, reading_anew
from ribin.vault.corrections import find_scan
from ribin.vault.redescribe import contents_as_read
from ribin.vault.vault import Vault
from ribin.vault.vocabulary import FIELDS, field_values

_LONGEST_PX = 1600  # side of the picture of a whole scan


@dataclass(frozen=True)
class ShownMark:
    """A mark that was found or outlined, as a page draws it: polygons in (row, col) of the scan."""

    mark: str
    origin: str
    verdict: str
    reasons: tuple[str, ...]
    left_out: str
    required: bool
    area_mm2: float
    center_px: tuple[float, float]
    radius_px: float
    polygons: list[list[list[int]]]


@dataclass(frozen=True)
class ShownScan:
    """A scan as read: what the file says, what was mended, and its marks or why none was found."""

    source: str
    sha256: str
    kind: str
    rows: int
    cols: int
    pitch_um: tuple[float, float]
    instrument: str
    measured_on: str
    light: str
    replica: bool
    notes: tuple[str, ...]
    marks: tuple[ShownMark, ...]
    problem: str = ""  # why no mark was found
    hint: str = ""

    @property
    def is_image(self) -> bool:
        return self.kind == ScanKind.IMAGE

    @property
    def unusable(self) -> tuple[ShownMark, ...]:
        """The marks that are enrolled with a reason alone."""
        return tuple(one for one in self.marks if one.required and one.verdict == "unusable")


def show_scan(scan: Scan, params: Params) -> ShownScan:
    """A scan for the eyes of a person."""
    marks: tuple[ShownMark, ...] = ()
    problem = hint = ""
    try:
        marks = tuple(
            ShownMark(
                mark=str(one.mark.mark_type),
                origin=str(one.region.origin),
                verdict=str(one.quality.verdict),
                reasons=one.quality.reasons,
                left_out=left_out_words(one.quality.left_out),
                required=one.required,
                area_mm2=one.quality.area_mm2,
                center_px=one.region.center_px(scan),
                radius_px=one.region.radius_um / scan.pixel_pitch_um,
                polygons=outline_polygons(one.region.inside),
            )
            for one in judge_marks(scan, params)
        )
    except RibinError as error:
        problem, hint = str(error), error.hint
    told = scan.provenance
    return ShownScan(
        told.source,
        told.sha256,
        str(scan.kind),
        *scan.shape,
        (scan.row_pitch_um, scan.col_pitch_um),
        told.instrument,
        told.measured_on,
        light_words(scan),
        told.replica,
        (*told.repairs, *told.notes),
        marks,
        problem,
        hint,
    )


def whole_picture(scan: Scan) -> bytes:
    """A PNG of the whole scan: a photograph as it is, a topography lit from the upper left."""
    return png_bytes(scan_picture(scan, _LONGEST_PX))


def enrolled_scan_anew(
    vault: Vault,
    params: Params,
    exhibit: str,
    scan: str,
    reading: ReadOptions = AS_STATED,
    replica: bool | None = None,
    found: bool = False,
) -> Scan:
    """A scan of an exhibit as it is read now, or as it would be read so; nothing is written.

    Raises StoreError, ScanError, ParameterError: as `find_scan` and `reading_anew`.
    """
    known = vault.exhibit(exhibit).exhibit
    with vault.catalogue.reading() as db:
        sha256, _ = find_scan(db, known, scan)
    kept = contents_as_read(vault, sha256)
    if reading == AS_STATED and replica is None and not found:
        return read_again(kept, params)
    return reading_anew(kept, reading, params, replica, found)


def words_for_fields(vault: Vault) -> dict[str, list[str]]:
    """What a vault has for each class field, and the table of calibres, to choose from."""
    words: dict[str, list[str]] = {field: [] for field in FIELDS}
    for one in field_values(vault):
        words[one.field].append(one.value)
    table = [one.name for one in calibres()]
    words["calibre"] = list(dict.fromkeys([*words["calibre"], *table]))
    return words


def marks_facts(shown: ShownScan, mirrored: bool) -> dict[str, Any]:
    """What the script that draws the outlines needs; `mirrored` against the picture that it has."""
    return {
        "mirrored": mirrored,
        "rows": shown.rows,
        "cols": shown.cols,
        "pitch_um": shown.pitch_um,
        "marks": shown.marks,
        "problem": shown.problem,
        "hint": shown.hint,
        "notes": shown.notes,
        "light": shown.light,
    }
