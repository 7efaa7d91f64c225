"""What a file states of its pixel pitch: each form by its own rules, and what is not believed."""

from __future__ import annotations

import damaged
import numpy as np
import pytest
from image_files import picture, saved, tiff, with_chunk
from PIL import Image

from ribin.errors import ScanError
from ribin.params.defaults import ReadParams
from ribin.read import read_scan

GREY = picture()
ROW_UM, COL_UM = 2.0, 2.5
PLACEHOLDERS = ReadParams().placeholder_dpi


def pitch_of(data: bytes, folder) -> tuple[float, float]:
    (folder / "a.img").write_bytes(data)
    scan = read_scan(folder / "a.img")
    return scan.row_pitch_um, scan.col_pitch_um


def refusal(data: bytes, folder) -> str:
    (folder / "a.img").write_bytes(data)
    with pytest.raises(ScanError) as raised:
        read_scan(folder / "a.img")
    scan = read_scan(folder / "a.img", pixel_pitch_um=3.0)  # which overrides
    assert (scan.row_pitch_um, scan.col_pitch_um) == (3.0, 3.0)
    return str(raised.value)


def imagej(unit: str, unit_um: float, resolution_unit: int = 1) -> bytes:
    return tiff(
        GREY,
        description=f"ImageJ=1.54f\nimages=1\nunit={unit}\nloop=false\n",
        resolution=(unit_um / COL_UM, unit_um / ROW_UM),
        resolutionunit=resolution_unit,
    )


def ome(x: str, y: str = "", **tags) -> bytes:
    """OME with these attributes of Pixels."""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/'
        f'OME/2016-06"><Image ID="Image:0"><Pixels ID="Pixels:0" {x} {y}/></Image></OME>'
    )
    return tiff(GREY, description=text.encode(), **tags)


def exif_jpeg(
    unit: int | None, per_unit_um: float, dpi: tuple[float, float] | None = None
) -> bytes:
    exif = Image.Exif()
    exif[282], exif[283] = per_unit_um / COL_UM, per_unit_um / ROW_UM
    if unit is not None:
        exif[296] = unit
    options = {} if dpi is None else {"dpi": dpi}
    return saved(Image.fromarray(GREY), "JPEG", exif=exif, **options)


def png_exif(unit: int) -> bytes:
    exif = Image.Exif()
    exif[282], exif[283], exif[296] = 10_000 / COL_UM, 10_000 / ROW_UM, unit
    return with_chunk(damaged.image_bytes(".png", GREY), b"eXIf", exif.tobytes()[6:])


X, Y = 'PhysicalSizeX="{:g}"', 'PhysicalSizeY="{:g}"'
STATED = {
    "ImageJ um": imagej("um", 1.0),
    "ImageJ micron": imagej("micron", 1.0),
    "ImageJ, escaped": imagej("\\u00B5m", 1.0),
    "ImageJ micrometre": imagej("micrometre", 1.0),
    "ImageJ millimetres": imagej("millimetres", 1e3),
    "ImageJ mm": imagej("mm", 1e3),
    "ImageJ nm": imagej("nm", 1e-3),
    "ImageJ cm": imagej("cm", 1e4, 3),
    "ImageJ inch": imagej("inch", 25_400.0, 2),
    "OME um": ome(X.format(COL_UM), Y.format(ROW_UM)),
    "OME mm": ome(
        X.format(COL_UM / 1e3) + ' PhysicalSizeXUnit="mm"',
        Y.format(ROW_UM / 1e3) + ' PhysicalSizeYUnit="mm"',
    ),
    "OME nm": ome(
        X.format(COL_UM * 1e3) + ' PhysicalSizeXUnit="nm"',
        Y.format(ROW_UM) + ' PhysicalSizeYUnit="&#181;m"',
    ),
    "OME Angstrom": ome(
        X.format(COL_UM * 1e4) + ' PhysicalSizeXUnit="&#197;"',
        Y.format(ROW_UM * 1e4) + ' PhysicalSizeYUnit="&#197;"',
    ),
    "OME and tags that agree": ome(
        X.format(COL_UM), Y.format(ROW_UM), resolution=(4000.0, 5000.0), resolutionunit=3
    ),
    "EXIF inch": exif_jpeg(2, 25_400.0),
    "EXIF without a unit": exif_jpeg(None, 25_400.0),
    "EXIF cm": exif_jpeg(3, 10_000.0),
    "EXIF and JFIF that agree": exif_jpeg(2, 25_400.0, (10_160, 12_700)),
    "EXIF of a PNG": png_exif(3),
    "TIFF without a unit": tiff(GREY, resolution=(10_160, 12_700)),
}


@pytest.mark.parametrize("form", STATED)
def test_each_form_by_its_own_rules(form, tmp_path):
    assert pitch_of(STATED[form], tmp_path) == pytest.approx((ROW_UM, COL_UM), rel=1e-3)


def test_ome_states_one_axis_for_both(tmp_path):
    assert pitch_of(ome(X.format(2.5)), tmp_path) == (2.5, 2.5)


NOT_STATED = {
    "EXIF of no unit": exif_jpeg(1, 10_000.0),
    "EXIF of no unit in a PNG": png_exif(1),
    "JFIF of a ratio": damaged.patched(
        saved(Image.fromarray(GREY), "JPEG", dpi=(4000, 4000)), b"JFIF\0", 7, b"\0"
    ),
    "pHYs of a ratio": damaged.png_with_pitch(damaged.image_bytes(".png", GREY), 2, 2, unit=0),
    "tags of no unit": tiff(GREY, resolution=(4000, 4000), resolutionunit=1),
    "tags of zero": tiff(GREY, resolution=((0, 1), (0, 1)), resolutionunit=3),
    "ImageJ of pixels": imagej("pixel", 1.0),
    "OME of pixels": ome('PhysicalSizeX="1" PhysicalSizeXUnit="pixel"'),
    "OME of zero": ome(X.format(0), Y.format(0)),
    "OME that is not XML": tiff(GREY, description="<OME PhysicalSizeX='2'"),
    "OME with entities": tiff(
        GREY, description='<!DOCTYPE x [<!ENTITY a "2.5">]><OME><Pixels PhysicalSizeX="&a;"/></OME>'
    ),
}


@pytest.mark.parametrize("form", NOT_STATED)
def test_what_states_no_pitch(form, tmp_path):
    message = refusal(NOT_STATED[form], tmp_path)
    assert message == "a.img: the image states no pixel pitch, give --pixel-pitch-um"


DISAGREE = {
    "OME and tags": (
        ome(X.format(2.5), Y.format(2.5), resolution=(300, 300), resolutionunit=2),
        "OME 2.5 x 2.5 um and resolution tags 84.6667 x 84.6667 um",
    ),
    "ImageJ and tags": (
        imagej("um", 1.0, 3),
        "ImageJ 2 x 2.5 um and resolution tags 20000 x 25000 um",
    ),
    "EXIF and JFIF": (exif_jpeg(3, 10_000.0, (5080, 5080)), "JFIF 5 x 5 um and EXIF 2 x 2.5 um"),
    "EXIF and JFIF, one axis": (
        exif_jpeg(3, 10_000.0, (10_160, 10_160)),
        "JFIF 2.5 x 2.5 um and EXIF 2 x 2.5 um",
    ),
    "pHYs and EXIF": (
        damaged.png_with_pitch(png_exif(3), 5.0, 5.0),
        "pHYs 5 x 5 um and EXIF 2 x 2.5 um",
    ),
}


@pytest.mark.parametrize("case", DISAGREE)
def test_two_statements_that_disagree_are_refused_with_both(case, tmp_path):
    data, both = DISAGREE[case]
    message = refusal(data, tmp_path)
    assert message == f"a.img: one pixel pitch needed, found {both}, give --pixel-pitch-um"


@pytest.mark.parametrize("dpi", PLACEHOLDERS)
def test_an_editors_default_is_no_pitch_at_any_size(dpi, tmp_path):
    per_cm = round(dpi / 2.54)
    files = (
        damaged.png_with_pitch(damaged.image_bytes(), 25_400 / dpi, 25_400 / dpi),
        tiff(GREY, resolution=(dpi, dpi), resolutionunit=2),
        tiff(GREY, resolution=(per_cm, per_cm), resolutionunit=3),
        saved(Image.fromarray(GREY), "JPEG", dpi=(dpi, dpi)),
        saved(Image.fromarray(GREY), "BMP", dpi=(dpi, dpi)),
        ome(X.format(25_400 / dpi)),
    )
    for number, data in enumerate(files):
        message = refusal(data, tmp_path)
        assert " dpi is a placeholder, no measured pitch (" in message, number
        assert message.endswith("give --pixel-pitch-um")


@pytest.mark.parametrize("pitch_um", [1.0, 2.53, 5.0, 6.25, 10.0, 12.5, 20.0, 25.0, 40.0, 100.0])
def test_measured_pitches_are_no_placeholders(pitch_um, tmp_path):
    data = damaged.png_with_pitch(damaged.image_bytes(), pitch_um, pitch_um)
    assert pitch_of(data, tmp_path) == pytest.approx((pitch_um, pitch_um), rel=1e-3)


def test_a_wide_field_is_no_measured_pitch(tmp_path):
    wide = np.tile(GREY, (1, 20))
    data = damaged.png_with_pitch(damaged.image_bytes(".png", wide), 47.0, 47.0)
    assert "(47 um a pixel, 52.64 mm across, at most 40 mm believed)" in refusal(data, tmp_path)
