"""Headers that the decoder corrects without a word: said, or refused where it would invent."""

from __future__ import annotations

import hashlib

import damaged
import numpy as np
import pytest
from damaged import read_bytes

from ribin.errors import FormatError

PITCH_UM = (5.0, 6.25)
GOOD = damaged.x3p_bytes(pitch_um=PITCH_UM)
REVISION = "<Revision>ISO25178-72:2017/DAM1</Revision>"
NAMESPACE = "http://www.opengps.eu/2008/ISO5436_2"


SILENT = {
    "no revision": (
        damaged.with_main(GOOD, (REVISION, "")),
        "No Revision stated: read as 'ISO5436 - 2000'.",
    ),
    "empty revision": (
        damaged.with_main(GOOD, (REVISION, "<Revision> </Revision>")),
        "No Revision stated: read as 'ISO5436 - 2000'.",
    ),
    "profile": (
        damaged.with_main(GOOD, (">SUR<", ">PRF<")),
        "FeatureType 'PRF' read as 'SUR': the file holds 20 x 28 points.",
    ),
    "point cloud": (
        damaged.with_main(GOOD, (">SUR<", ">PCL<")),
        "FeatureType 'PCL' read as 'SUR': the file holds 20 x 28 points.",
    ),
    "small letters": (
        damaged.with_main(GOOD, (">SUR<", ">sur<")),
        "FeatureType 'sur' read as 'SUR'.",
    ),
    "no step of z": (damaged.without_z_step(GOOD), "No increment of z stated: read as 1."),
    "no namespace": (
        damaged.with_main(
            GOOD,
            (f'<p:ISO5436_2 xmlns:p="{NAMESPACE}"', "<ISO5436_2"),
            ("</p:ISO5436_2>", "</ISO5436_2>"),
        ),
        f"Root element without a namespace read as of {NAMESPACE!r}.",
    ),
    "other namespace": (
        damaged.with_main(GOOD, (f'xmlns:p="{NAMESPACE}"', 'xmlns:p="http://example.org/x"')),
        f"Root element of namespace 'http://example.org/x' read as of {NAMESPACE!r}.",
    ),
}


@pytest.mark.parametrize("case", SILENT)
def test_what_the_decoder_corrects_is_a_repair(case, tmp_path):
    data, sentence = SILENT[case]
    scan = read_bytes(data, tmp_path)
    assert scan.provenance.repairs == (sentence,)
    np.testing.assert_allclose(scan.values, damaged.relief_um(), atol=1e-5)


@pytest.mark.parametrize("axis", ["x", "y"])
@pytest.mark.parametrize("stated", ["", "<Increment></Increment>", "<Increment/>"])
def test_a_pitch_that_is_not_stated_is_not_invented(axis, stated, tmp_path):
    step = "<Increment>6.25e-06</Increment>" if axis == "x" else "<Increment>5e-06</Increment>"
    message = f"a.x3p: an Increment of {axis} needed for a pitch, found none"
    with pytest.raises(FormatError, match=message):
        read_bytes(damaged.with_main(GOOD, (step, stated)), tmp_path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "cp1252", "iso-8859-1"])
def test_a_repair_does_not_depend_on_the_encoding(encoding, tmp_path):
    members = damaged.members_of(GOOD)
    declared = "utf-8" if encoding == "utf-8-sig" else encoding.removesuffix("-le")
    text = members["main.xml"].decode().replace("UTF-8", declared)
    text = text.replace("ISO25178-72:2017/DAM1", "ISO5436-2000")
    text = text.replace("</Axes>", "<Origin>SW</Origin></Axes><!-- \u00fc -->")
    main = text.encode(encoding)
    members |= {"main.xml": main, "md5checksum.hex": hashlib.md5(main).hexdigest().encode()}
    scan = read_bytes(damaged.zip_of(list(members.items())), tmp_path)
    assert scan.provenance.repairs == ("Revision 'ISO5436-2000' read as 'ISO5436 - 2000'.",)
    assert len(scan.provenance.notes) == 1  # of the Origin
    np.testing.assert_allclose(scan.values, damaged.relief_um()[::-1], atol=1e-5)


def test_x_runs_fastest_in_the_file(tmp_path):
    # Written here by hand: a library that reads what it wrote itself shows no order.
    heights_m = [row * 1e-6 + col * 0.1e-6 for row in range(20) for col in range(28)]
    data = damaged.with_heights(GOOD, np.array(heights_m, "<f8"))
    main = damaged.members_of(data)["main.xml"]
    assert b"<SizeX>28</SizeX>" in main
    assert b"<SizeY>20</SizeY>" in main
    scan = read_bytes(data, tmp_path)
    assert scan.shape == (20, 28)
    assert (scan.row_pitch_um, scan.col_pitch_um) == pytest.approx(PITCH_UM)
    np.testing.assert_allclose(scan.values[:, 0], np.arange(20.0), atol=1e-5)
    np.testing.assert_allclose(scan.values[0], np.arange(28) * 0.1, atol=1e-5)
