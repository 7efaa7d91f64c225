"""One flipped byte anywhere is noticed, or was in no use."""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

import pytest
from vault_makers import enrol, make_exhibit, problems_of

from ribin.cases.exhibits import Scope
from ribin.cases.searches import SearchFinding
from ribin.errors import StoreError
from ribin.vault.enrol import scan_path
from ribin.vault.saved_searches import add_saved_search, mark_reported, note_findings, read_findings
from ribin.vault.vault import Vault


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A closed vault of three scans; tests copy it."""
    folder = tmp_path_factory.mktemp("sound") / "JAM"
    with Vault.create(folder, "JAM") as vault:
        for seed in (1, 2, 3):
            enrol(vault, seed, make_exhibit(f"X{seed}", calibre="9 mm", place="Kingston"))
    return folder


@pytest.fixture
def folder(sound, tmp_path):
    return Path(shutil.copytree(sound, tmp_path / "JAM"))


def flip(path: Path, offset: int, bits: int) -> None:
    content = bytearray(path.read_bytes())
    content[offset] ^= bits
    path.write_bytes(content)


def test_a_sound_vault_is_clean(folder):
    with Vault.open(folder) as vault:
        told = []
        report = vault.check(lambda done, total: told.append((done, total)))
        assert report.clean
        assert report.scans == 3
        assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
        files = (folder / "marks").rglob("*.h5")
        assert report.size_bytes == sum(p.stat().st_size for p in files)


def test_any_flipped_byte_of_a_scan_file_is_noticed_with_its_exhibit(folder):
    with Vault.open(folder) as vault:
        scan = vault.holdings().scans[1]
    path = scan_path(folder, scan.sha256)
    sound_bytes = path.read_bytes()
    rng = random.Random(1)
    for _ in range(25):
        flip(path, rng.randrange(len(sound_bytes)), 1 << rng.randrange(8))
        found = problems_of(folder)
        assert [exhibit for exhibit, _ in found] == ["X2"], found
        assert path.name in found[0][1]
        path.write_bytes(sound_bytes)
    assert problems_of(folder) == []


def test_a_flipped_byte_of_an_array_is_named_and_never_used(folder):
    with Vault.open(folder) as vault:
        stored = vault.holdings().marks[0]
        original = vault.original(stored.scan.sha256)
        coarse = vault.template(stored).arrays["coarse"].tobytes()
        path = scan_path(folder, stored.scan.sha256)
        content = path.read_bytes()
        flip(path, content.index(original) + 20, 4)
        assert "damaged: original" in problems_of(folder)[0][1]
        with pytest.raises(StoreError, match="/original differs from its SHA-256"):
            vault.original(stored.scan.sha256)
        path.write_bytes(content)
        flip(path, content.index(coarse) + 8, 4)
        assert "damaged: marks/000/template/coarse" in problems_of(folder)[0][1]
        with pytest.raises(StoreError, match="coarse differs from its SHA-256"):
            vault.template(stored)


def test_the_file_of_another_scan_is_not_taken_for_this_one(folder):
    with Vault.open(folder) as vault:
        one, two = vault.holdings().marks[:2]
        shutil.copy(scan_path(folder, two.scan.sha256), scan_path(folder, one.scan.sha256))
        with pytest.raises(StoreError, match="template 0 is not the one enrolled"):
            vault.template(one)
    assert problems_of(folder)[0][0] == "X1"


@pytest.mark.parametrize("seed", range(4))
def test_any_flipped_byte_of_the_catalogue_is_noticed_or_was_in_no_use(folder, seed):
    """`in no use`: every table reads as before, so nothing that anybody entered has changed."""
    path = folder / "catalogue.sqlite"
    sound_bytes = path.read_bytes()
    content = dump(path)
    used = [i for i, byte in enumerate(sound_bytes) if byte]
    rng = random.Random(seed)
    noticed = 0
    for _ in range(30):
        path.write_bytes(sound_bytes)
        flip(path, rng.choice(used), 1 << rng.randrange(8))
        found = problems_of(folder)
        noticed += bool(found)
        if not found:
            assert dump(path) == content
    assert noticed > 20


def test_a_flipped_byte_of_a_saved_search_or_what_it_found_is_noticed(folder):
    """In a text that a flip leaves a text, so that SQLite has nothing to say."""
    with Vault.open(folder) as vault:
        add_saved_search(vault, ["X1"], Scope.CLUSTER, 5, 0.0, "tester", "hourly, as ordered")
        row = {"known_as": "", "exhibit": "x-0123456789abcdef"}
        one = SearchFinding("JAM-S1", "BLZ", "x-0123456789abcdef", "ab" * 32, row)
        assert note_findings(vault, [one], "tester") == 1
        mark_reported(vault, read_findings(vault), "tester")
        assert vault.check().clean
    path = folder / "catalogue.sqlite"
    for text, record in ((b"hourly, as", "standing_searches/JAM-S1"), (b"89abcdef", "findings/1")):
        content = path.read_bytes()
        rest, count = content, content.count(text)
        assert count
        noticed = 0
        for _ in range(count):
            place = len(content) - len(rest) + rest.index(text)
            flip(path, place + 3, 4)
            noticed += ("", f"catalogue: {record} is not as it was written") in problems_of(folder)
            path.write_bytes(content)
            rest = content[place + 1 :]
        assert noticed


def dump(path: Path) -> list[str]:
    db = sqlite3.connect(path)
    try:
        derived = ('INSERT INTO "content"', 'INSERT INTO "sqlite_sequence"')
        return [line for line in db.iterdump() if not line.startswith(derived)]
    finally:
        db.close()


def test_missing_and_stray_files_are_listed(folder):
    with Vault.open(folder) as vault:
        gone = scan_path(folder, vault.holdings().scans[0].sha256)
    stray = folder / "marks" / "ab" / f"{'ab' * 32}.h5"
    stray.parent.mkdir(exist_ok=True)
    gone.rename(stray)
    misplaced = folder / "marks" / "notes.txt"
    misplaced.write_text("")
    found = problems_of(folder)
    assert found[0] == (
        "X1",
        f"{gone}: the file of an enrolled scan needed: No such file or directory",
    )
    assert [text.split(":")[0] for _, text in found[1:]] == [str(stray), str(misplaced)]
