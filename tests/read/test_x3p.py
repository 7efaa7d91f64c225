"""X3P files, good ones and those with the known deviations of the field."""

from __future__ import annotations

import hashlib
import io

import damaged
import numpy as np
import pytest
import x3pio

from ribin.errors import FormatError, ScanError
from ribin.model import ScanKind
from ribin.read import read_scan

STEP = "<Increment>6.25e-06</Increment>"
NO_NAMESPACE = "Root element without a namespace read as of 'http://www.opengps.eu/2008/ISO5436_2'."
METADATA = x3pio.Metadata(
    creator="Jane Doe",
    instrument=x3pio.Instrument("Acme", "Scan 3000", "12345", "v2"),
    probing_system=x3pio.ProbingSystem(x3pio.ProbingType.NON_CONTACTING, "confocal"),
)


@pytest.fixture
def scan_of(tmp_path):
    def read(data: bytes, name: str = "a.x3p"):
        (tmp_path / name).write_bytes(data)
        return read_scan(tmp_path / name)

    return read


def test_heights_pitch_and_provenance_come_back(scan_of):
    heights_um = damaged.relief_um()
    heights_um[3:6, 4:9] = np.nan
    data = damaged.with_main(
        damaged.x3p_bytes(heights_um, (5.0, 6.25), metadata=METADATA),
        ("<Date>", "<Date>2011-01-24T13:00:00</Date><Old>"),
        ("</Date>\n    <Creator>", "</Old><Creator>"),
    )
    scan = scan_of(data)
    assert scan.kind is ScanKind.TOPOGRAPHY
    assert (scan.row_pitch_um, scan.col_pitch_um) == pytest.approx((5.0, 6.25))
    assert scan.valid.tolist() == np.isfinite(heights_um).tolist()
    np.testing.assert_allclose(scan.values, np.nan_to_num(heights_um), atol=1e-5)
    origin = scan.provenance
    assert origin.source == "a.x3p"
    assert origin.sha256 == hashlib.sha256(data).hexdigest()
    assert origin.size_bytes == len(data)
    assert origin.reader == f"x3pio {x3pio.__version__}"
    assert (origin.instrument, origin.creator) == ("Acme Scan 3000 12345 v2", "Jane Doe")
    assert origin.measured_on == "2011-01-24T13:00:00"  # as stated, without a zone of this machine
    assert origin.repairs == origin.notes == ()
    assert scan.mark_valid is None


def test_content_decides_and_not_the_suffix(scan_of):
    assert scan_of(damaged.x3p_bytes(), "surface.png").kind is ScanKind.TOPOGRAPHY


@pytest.mark.parametrize("z_type", list(x3pio.DataType))
@pytest.mark.parametrize("storage", list(x3pio.DataStorage))
def test_every_number_type_and_storage(z_type, storage, scan_of):
    heights_um = damaged.relief_um()
    heights_um[0, :7] = np.nan  # integers list the measured points in a file of bits
    scan = scan_of(damaged.x3p_bytes(heights_um, z_type=z_type, storage=storage))
    assert scan.valid.tolist() == np.isfinite(heights_um).tolist()
    np.testing.assert_allclose(scan.values, np.nan_to_num(heights_um), atol=2e-4)
    assert not scan.provenance.notes


@pytest.mark.parametrize(
    ("stated", "read_as"),
    [
        ("ISO5436-2000", "ISO5436 - 2000"),
        ("ISO5436 -2000", "ISO5436 - 2000"),
        ("iso5436 - 2000", "ISO5436 - 2000"),
        ("ISO5436 \u2013 2000", "ISO5436 - 2000"),
        ("ISO25178-72 : 2017 / DAM1", "ISO25178-72:2017/DAM1"),
    ],
)
def test_revision_is_repaired(stated, read_as, scan_of):
    data = damaged.with_main(damaged.x3p_bytes(), ("ISO25178-72:2017/DAM1", stated))
    scan = scan_of(data)
    assert scan.provenance.repairs == (f"Revision {stated!r} read as {read_as!r}.",)
    assert scan.provenance.sha256 == hashlib.sha256(data).hexdigest()  # of the file as it came


@pytest.mark.parametrize("stated", ["ISO5436 - 2000", "ISO25178-72:2017/DAM1"])
def test_revision_of_the_standard_is_no_repair(stated, scan_of):
    data = damaged.with_main(damaged.x3p_bytes(), ("ISO25178-72:2017/DAM1", stated))
    assert scan_of(data).provenance.repairs == ()


@pytest.mark.parametrize("root", ["ISO5436", "ISO5436-2", "iso5436_2"])
@pytest.mark.parametrize("prefix", ["", "p:"])
def test_root_element_is_repaired(root, prefix, scan_of):
    data = damaged.with_main(
        damaged.x3p_bytes(),
        ("<p:ISO5436_2 ", f"<{prefix}{root} "),
        ("</p:ISO5436_2>", f"</{prefix}{root}>"),
    )
    assert scan_of(data).provenance.repairs == (
        f"Root element {root!r} read as 'ISO5436_2'.",
        *(() if prefix else (NO_NAMESPACE,)),
    )


def test_root_without_namespace_is_read(scan_of):
    data = damaged.with_main(
        damaged.x3p_bytes(),
        ('<p:ISO5436_2 xmlns:p="http://www.opengps.eu/2008/ISO5436_2"', "<ISO5436 "),
        ("</p:ISO5436_2>", "</ISO5436>"),
    )
    assert scan_of(data).provenance.repairs == (
        "Root element 'ISO5436' read as 'ISO5436_2'.",
        NO_NAMESPACE,
    )


def test_a_comment_does_not_mislead_the_repair(scan_of):
    data = damaged.with_main(
        damaged.x3p_bytes(),
        ("<Record1>", "<Record1><!-- <Revision>ISO5436-2000</Revision> -->"),
        ("ISO25178-72:2017/DAM1", "ISO5436 -2000"),
    )
    assert scan_of(data).provenance.repairs == (
        "Revision 'ISO5436 -2000' read as 'ISO5436 - 2000'.",
    )


def test_a_repair_does_not_hide_a_changed_description(scan_of):
    data = damaged.with_main(
        damaged.x3p_bytes(), ("ISO25178-72:2017/DAM1", "ISO5436-2000"), checksum=False
    )
    with pytest.raises(FormatError, match=r"main.xml was changed or damaged"):
        scan_of(data)


@pytest.mark.parametrize("factor", [0.1, 1.0, 1000.0])
def test_lengths_in_um_are_told_from_metres(factor, scan_of):
    heights_um = damaged.relief_um() * factor
    packed = io.BytesIO()
    x3pio.write(packed, heights_um, x_scale=7.37, y_scale=6.5)  # all of it in um
    scan = scan_of(packed.getvalue())
    assert (scan.row_pitch_um, scan.col_pitch_um) == (6.5, 7.37)
    np.testing.assert_allclose(scan.values, heights_um, rtol=1e-6)
    assert scan.provenance.repairs[:2] == (
        "Increment 7.37 of x read as um: metres are not possible.",
        "Increment 6.5 of y read as um: metres are not possible.",
    )
    assert scan.provenance.repairs[2].startswith("Heights read as um: a relief of ")


@pytest.mark.parametrize("factor", [0.1, 1.0, 1000.0])
def test_each_axis_has_its_own_unit(factor, scan_of):
    # Increments in um, heights in metres as they should be.
    data = damaged.with_main(
        damaged.x3p_bytes(damaged.relief_um() * factor),
        (STEP, "<Increment>6.25</Increment>"),
        (STEP, "<Increment>6.25</Increment>"),
    )
    scan = scan_of(data)
    assert (scan.row_pitch_um, scan.col_pitch_um) == (6.25, 6.25)
    np.testing.assert_allclose(scan.values, damaged.relief_um() * factor, rtol=1e-6)
    assert len(scan.provenance.repairs) == 2


def test_increments_in_mm_are_refused(scan_of):
    data = damaged.with_main(damaged.x3p_bytes(), (STEP, "<Increment>0.00625</Increment>"))
    with pytest.raises(ScanError, match=r"column pitch of 0.05 to 100 um needed, found 6250 um"):
        scan_of(data)


def test_missing_checksums_are_noted(scan_of):
    data = damaged.with_members(damaged.x3p_bytes(), without="md5checksum.hex")
    assert scan_of(data).provenance.notes == (
        "No MD5 checksum of main.xml in 'md5checksum.hex': it could not be verified.",
    )
    digest = hashlib.md5(damaged.members_of(data)["bindata/data.bin"]).hexdigest()
    data = damaged.with_main(data, (digest, ""))
    assert scan_of(data).provenance.notes == (
        "No MD5 checksum of the heights in main.xml: they could not be verified.",
    )


def test_folder_packed_by_hand_with_litter(scan_of):
    members = damaged.members_of(damaged.x3p_bytes())
    nested = [(f"scan/{name}", content) for name, content in members.items()]
    litter = [("__MACOSX/main.xml", b"x"), ("scan/._main.xml", b"x"), ("scan/.DS_Store", b"x")]
    assert scan_of(damaged.zip_of(nested + litter)).shape == (20, 28)


def test_far_base_is_subtracted_to_keep_the_digits(scan_of):
    heights_um = damaged.relief_um()
    scan = scan_of(damaged.x3p_bytes(heights_um + 500_000.0))
    difference = scan.values - heights_um
    assert np.ptp(difference) < 1e-4  # float32 near 500,000 um has steps of 0.03 um
    (note,) = scan.provenance.notes
    assert note.startswith("Heights lie around 50000")


def test_numbers_that_stand_for_missing_points(scan_of):
    heights_um = damaged.relief_um()
    heights_um[2, 3] = heights_um[4, 5] = -1e36
    scan = scan_of(damaged.x3p_bytes(heights_um))
    assert np.argwhere(~scan.valid).tolist() == [[2, 3], [4, 5]]
    assert scan.values[2, 3] == 0.0
    assert scan.provenance.notes == ("2 points lie beyond 20000 um: taken as not measured.",)


def test_pitch_given_for_an_x3p_file_is_not_used(tmp_path):
    (tmp_path / "a.x3p").write_bytes(damaged.x3p_bytes())
    scan = read_scan(tmp_path / "a.x3p", pixel_pitch_um=2.5)
    assert scan.pixel_pitch_um == pytest.approx(6.25)
    assert scan.provenance.notes == (
        "Pixel pitch of 2.5 um given and not used: X3P states its own.",
    )


def test_profile_points_and_irregular_grid_are_refused(scan_of):
    packed = io.BytesIO()
    x3pio.write(packed, damaged.relief_um()[0] * 1e-6, x_scale=6.25e-6)
    with pytest.raises(ScanError, match=r"a.x3p: a surface needed, found a profile$"):
        scan_of(packed.getvalue())
    packed = io.BytesIO()
    x3pio.write_points(packed, np.random.default_rng(1).normal(size=(50, 3)) * 1e-6)
    with pytest.raises(ScanError, match=r"a.x3p: a surface needed, found a point cloud$"):
        scan_of(packed.getvalue())
    rows, cols = np.mgrid[:20, :28] * 6.25e-6
    points = np.stack([cols, rows, damaged.relief_um() * 1e-6], axis=-1)
    layer = x3pio.SurfaceLayer.from_points(points)
    assert not layer.is_regular_grid
    packed = io.BytesIO()
    x3pio.Surface.from_layers([layer]).save(packed)
    with pytest.raises(ScanError, match="a regular grid needed, found stored x or y coordinates"):
        scan_of(packed.getvalue())
