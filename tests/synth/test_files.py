"""Synthetic scans as files: the same bytes for the same seed, and no word of the truth."""

from __future__ import annotations

import csv
import io
import tomllib
import zipfile
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import x3pio

from ribin.cases.exhibits import Scope
from ribin.errors import ParameterError
from ribin.model import Provenance, Scan, ScanKind
from ribin.synth.sample import QUERY_FILE, sample_cases, sample_files, write_sample_data
from ribin.synth.write import encode_x3p, write_x3p

SAMPLE = Path(__file__).parents[2] / "sample_data"
NETWORK = tomllib.loads((SAMPLE / "network.toml").read_text(encoding="utf-8"))
MEMBERS, LINKED_STATES = tuple(NETWORK["members"]), tuple(NETWORK["clusters"]["CARICOM-3"])


def small_scan(highest_um: float = 3.0) -> Scan:
    values = np.linspace(-highest_um, highest_um, 12, dtype=np.float32).reshape(3, 4)
    values = (np.round(values / 0.005) * 0.005).astype(np.float32)
    valid = np.ones((3, 4), dtype=bool)
    valid[0, 1] = False
    values[0, 1] = 0.0
    provenance = Provenance("", "", 0, "RIBIN synth", "RIBIN synth", "RIBIN synth", "2026-03-14")
    return Scan(values, valid, 10.0, 12.5, ScanKind.TOPOGRAPHY, provenance)


def rows_of(name: str) -> list[dict[str, str]]:
    with (SAMPLE / name).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_what_was_written_is_read_back(tmp_path):
    scan = small_scan()
    write_x3p(scan, tmp_path / "case.x3p")
    read = x3pio.read(tmp_path / "case.x3p")
    heights_um = read.layers[0].z * 1e6
    assert np.array_equal(np.isfinite(heights_um), scan.valid)
    assert heights_um[scan.valid] == pytest.approx(scan.values[scan.valid], abs=1e-5)
    assert read.header.x.increment == pytest.approx(12.5e-6)
    assert read.header.y.increment == pytest.approx(10e-6)
    assert read.metadata.instrument.manufacturer == "RIBIN synth"
    assert read.metadata.date.date().isoformat() == "2026-03-14"


def test_members_are_stored_with_nothing_of_this_machine():
    with zipfile.ZipFile(io.BytesIO(encode_x3p(small_scan()))) as archive:
        for member in archive.infolist():
            assert member.compress_type == zipfile.ZIP_STORED
            assert member.date_time == (1980, 1, 1, 0, 0, 0)
            assert member.create_system == 3


def test_heights_beyond_16_bits_are_refused_with_the_step_they_need():
    with pytest.raises(ParameterError, match=r"step_um: at least 0\.006104 needed .* found 0\.005"):
        encode_x3p(small_scan(200.0))


def test_sample_data_is_what_the_generator_makes():
    """The query of the demo, drawn from its seed; the slow test makes all."""
    for name, content in islice(sample_files(), 1):
        assert (SAMPLE / name).read_bytes() == content, name


@pytest.mark.slow
def test_all_sample_data_is_what_the_generator_makes(tmp_path):
    written = write_sample_data(tmp_path)
    assert {p.name for p in written} == {p.name for p in SAMPLE.iterdir()}
    for path in written:
        assert (SAMPLE / path.name).read_bytes() == path.read_bytes(), path.name


def test_sample_data_is_small():
    sizes = [path.stat().st_size for path in SAMPLE.iterdir()]
    assert sum(sizes) <= 6 * 2**20
    assert max(sizes) < 2 * 2**20


def test_scans_do_not_tell_their_firearm():
    cases = sample_cases()
    words = [gun.encode() for gun in (*cases.firearms, *cases.slides.guns)]
    words += [event.firearm.encode() for event in cases.events if event.firearm]
    for path in SAMPLE.glob("*.x3p"):
        content = path.read_bytes()
        assert not [word for word in words if word in content], path.name


def test_manifest_labels_and_scans_name_the_same_files():
    scans = {path.name for path in SAMPLE.glob("*.x3p")}
    assert len(scans) == 24
    assert {row["file"] for row in rows_of("exhibits.csv")} == scans
    assert {row["file"] for row in rows_of("labels.csv")} == scans
    assert len({row["firearm"] for row in rows_of("labels.csv")}) == 10


def test_every_firearm_left_two_or_three_cases_and_two_crossed_a_border():
    owners: dict[str, list[str]] = {}
    for row in rows_of("labels.csv"):
        owners.setdefault(row["firearm"], []).append(row["file"][:3])
    assert {len(files) for files in owners.values()} == {2, 3}
    assert sorted(gun for gun, files in owners.items() if len(set(files)) > 1) == [
        "gun-01",
        "gun-02",
    ]


def test_only_test_fires_name_a_firearm_and_not_by_its_true_name():
    truth = {row["file"]: row["firearm"] for row in rows_of("labels.csv")}
    named: dict[str, set[str]] = {}
    for row in rows_of("exhibits.csv"):
        assert bool(row["firearm"]) == (row["kind"] == "test_fire"), row["file"]
        if row["firearm"]:
            named.setdefault(row["firearm"], set()).add(truth[row["file"]])
    assert named
    assert all(len(guns) == 1 for guns in named.values())


def visible_mates(query: str, members: tuple[str, ...], scope: Scope) -> set[str]:
    """Mates of a query of another event that the sharing rule shows, own country included."""
    truth = {row["file"]: row["firearm"] for row in rows_of("labels.csv")}
    rows = {row["file"]: row for row in rows_of("exhibits.csv")}
    asking = rows[query]["member"]
    return {
        file
        for file, row in rows.items()
        if file != query and truth[file] == truth[query] and row["member"] in members
        if row["member"] == asking
        or Scope(row["sharing"]).width
        >= (Scope.CLUSTER if row["member"] in LINKED_STATES else Scope.NETWORK).width
        if scope is not Scope.COUNTRY or row["member"] == asking
    }


def test_planted_mates_are_visible_in_their_scopes_only():
    first, second = QUERY_FILE, "JAM-2026-0012-1.x3p"
    everyone = MEMBERS
    assert visible_mates(first, ("JAM",), Scope.COUNTRY) == set()
    assert visible_mates(first, LINKED_STATES, Scope.CLUSTER) == {"BLZ-2025-0042-1.x3p"}
    assert visible_mates(first, everyone, Scope.NETWORK) == {
        "BLZ-2025-0042-1.x3p",
        "TTO-2025-0088-1.x3p",
    }
    assert visible_mates(second, LINKED_STATES, Scope.CLUSTER) == set()
    assert visible_mates(second, everyone, Scope.NETWORK) == {"USA-2025-0410-1.x3p"}


def test_the_network_file_lists_the_members_and_the_cluster():
    network = tomllib.loads((SAMPLE / "network.toml").read_text(encoding="utf-8"))
    assert set(network["members"]) == {"BRB", "BLZ", "JAM", "TTO", "USA"}
    assert network["clusters"] == {"CARICOM-3": ["BRB", "BLZ", "JAM"]}
    assert all(entry["vault"] == f"vaults/{code}" for code, entry in network["members"].items())
