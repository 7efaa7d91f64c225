"""Packed templates beside the index: the same as the evidence, or not used."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from vault_makers import enrol, make_exhibit, make_mark, make_scan, make_template

from ribin.search.index import check_index, sweep_index
from ribin.vault import template_shards
from ribin.vault.enrol import scan_path
from ribin.vault.redescribe import admit_description
from ribin.vault.retention import purge_exhibit
from ribin.vault.template_shards import read_templates
from ribin.vault.vault import Vault

NUMBER = 10


@pytest.fixture
def vault(tmp_path, monkeypatch):
    monkeypatch.setattr(template_shards, "_MARKS", 4)  # 10 marks in three shards
    with Vault.create(tmp_path / "JAM", "JAM", "tester") as made:
        for seed in range(NUMBER):
            enrol(made, seed, make_exhibit(f"X{seed}"))
        yield made


def files(vault) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in shards(vault)}


def shards(vault) -> list[Path]:
    return sorted((vault.path / "index" / "templates").glob("*"))


def check_whole(vault, marks=None):
    """What is read is what the scan files hold."""
    marks = vault.holdings().marks if marks is None else marks
    found = read_templates(vault, marks)
    assert set(found) == {mark.mark_id for mark in marks}
    for mark in marks:
        wanted, one = vault.template(mark), found[mark.mark_id]
        assert {k: a.tobytes() for k, a in one.arrays.items()} == {
            k: a.tobytes() for k, a in wanted.arrays.items()
        }
        named = ("source", "sha256", "lighting")
        for name in named:
            assert getattr(one.provenance, name) == getattr(wanted.provenance, name)


def test_they_are_packed_once_and_read_from_there(vault, templates_read):
    marks = vault.holdings().marks
    first = read_templates(vault, marks)
    assert templates_read == [mark.mark_id for mark in marks]
    assert [path.name[:5] for path in shards(vault)] == ["00000", "00001", "00002"]
    made = files(vault)
    del templates_read[:]
    again = read_templates(vault, marks[3:8])
    assert templates_read == []
    assert files(vault) == made
    for mark in marks[3:8]:
        one, other = first[mark.mark_id].arrays, again[mark.mark_id].arrays
        np.testing.assert_array_equal(one["coarse"], other["coarse"])
    check_whole(vault)


def test_a_new_mark_changes_its_shard_alone_and_growth_leaves_the_same_bytes(vault, templates_read):
    read_templates(vault, vault.holdings().marks)
    before = files(vault)
    enrol(vault, 50, make_exhibit("new"))
    del templates_read[:]
    read_templates(vault, vault.holdings().marks)
    assert templates_read == [NUMBER + 1]
    after = files(vault)
    assert len(before.items() & after.items()) == 2
    shutil.rmtree(vault.path / "index")
    read_templates(vault, vault.holdings().marks)
    assert files(vault) == after


def test_any_flipped_byte_is_found_and_mended(vault, templates_read):
    read_templates(vault, vault.holdings().marks)
    sound, made = files(vault), random.Random(4)
    for _ in range(40):
        path = made.choice(shards(vault))
        content = bytearray(path.read_bytes())
        content[made.randrange(len(content))] ^= 1 << made.randrange(8)
        path.write_bytes(content)
        assert check_index(vault) == [f"{path}: damaged"]
        del templates_read[:]
        check_whole(vault)
        assert templates_read
        assert files(vault) == sound
    for length in (0, 5, 40, 200):
        path = made.choice(shards(vault))
        path.write_bytes(path.read_bytes()[:length])
        check_whole(vault)
        assert files(vault) == sound


def test_what_became_of_the_evidence_is_seen(vault, templates_read):
    """A scan file that was written to, is gone, or is a link: the packed template is not used."""
    marks = vault.holdings().marks
    read_templates(vault, marks)
    paths = [scan_path(vault.path, mark.scan.sha256) for mark in marks]
    paths[0].unlink()
    content = bytearray(paths[1].read_bytes())
    place = content.index(vault.template(marks[1]).arrays["coarse"].tobytes())
    content[place] ^= 1
    paths[1].write_bytes(content)
    os.rename(paths[2], vault.path / "elsewhere")
    paths[2].symlink_to(vault.path / "elsewhere")
    os.utime(paths[3])  # another time, the same bytes
    del templates_read[:]
    found = read_templates(vault, marks)
    assert set(found) == {mark.mark_id for mark in marks[3:]}
    assert templates_read == [mark.mark_id for mark in marks[:4]]
    del templates_read[:]
    read_templates(vault, marks[3:])
    assert templates_read == []


def test_shards_of_another_vault_are_not_used(vault, tmp_path, templates_read):
    read_templates(vault, vault.holdings().marks)
    with Vault.create(tmp_path / "BLZ", "BLZ", "tester") as other:
        for seed in range(100, 100 + NUMBER):
            enrol(other, seed, make_exhibit(f"X{seed}"))
        shutil.copytree(vault.path / "index", other.path / "index")
        check_whole(other)
        marks = {mark.mark_id for mark in other.holdings().marks}
        assert set(templates_read) >= marks
        assert check_index(other) == []


def test_purge_takes_templates_out(vault):
    read_templates(vault, vault.holdings().marks)
    mark = vault.marks_of("X5")[0]
    held = [p for p in shards(vault) if bytes.fromhex(mark.template_sha256) in p.read_bytes()]
    assert len(held) == 1
    purge_exhibit(vault, "X5", "tester", "its day has come")
    assert any(
        "1 templates that the catalogue no longer has" in text for text in check_index(vault)
    )
    sweep_index(vault)
    assert check_index(vault) == []
    named = bytes.fromhex(mark.template_sha256)
    assert not [path for path in shards(vault) if named in path.read_bytes()]
    assert not held[0].exists()
    check_whole(vault)


def test_a_sweep_takes_out_what_is_damaged(vault):
    read_templates(vault, vault.holdings().marks)
    path = shards(vault)[1]
    path.write_bytes(b"RIBINTS1" + path.read_bytes()[9:])
    sweep_index(vault)
    assert not path.exists()
    check_whole(vault)
    assert check_index(vault) == []


def test_a_scan_described_anew_has_both(vault, templates_read):
    marks = vault.holdings().marks
    read_templates(vault, marks)
    _, scan = make_scan(3)
    again = make_template(scan, np.arange(1.0, 25.0), params_id="fedcba987654")
    said = {"who": "tester", "reason": "new parameters"}
    admit_description(vault, scan, [make_mark(scan)], [again], **said)
    new = vault.marks_of("X3")
    assert new[0].described
    check_whole(vault, (*marks, *new))
    del templates_read[:]
    read_templates(vault, (*marks, *new))
    assert templates_read == []
    assert check_index(vault) == []


def test_a_read_only_vault_stays_as_it_is(vault, templates_read):
    marks = vault.holdings().marks
    with Vault.open(vault.path, read_only=True) as reader:
        check_whole(reader, marks)
    assert files(vault) == {}
    read_templates(vault, marks)
    del templates_read[:]
    with Vault.open(vault.path, read_only=True) as reader:
        read_templates(reader, marks)
    assert templates_read == []


def test_a_disk_that_refuses_costs_time_alone(vault, monkeypatch, templates_read):
    def refuse(*paths):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("ribin.vault.files.os.replace", refuse)
        check_whole(vault)
    assert files(vault) == {}
    check_whole(vault)
    assert len(files(vault)) == 3


def test_two_programs_that_wrote_at_once(vault, templates_read):
    """Each has packed other marks of a shard: both are used, and joined by the next writer."""
    marks = vault.holdings().marks[:3]  # all of the first shard
    read_templates(vault, marks[:1])
    one = files(vault)
    shutil.rmtree(vault.path / "index")
    read_templates(vault, marks[1:2])
    for name, content in one.items():
        (vault.path / "index" / "templates" / name).write_bytes(content)
    del templates_read[:]
    read_templates(vault, marks[:2])
    assert templates_read == []
    read_templates(vault, marks)
    assert templates_read == [marks[2].mark_id]
    assert len(shards(vault)) == 1
    check_whole(vault, marks)
