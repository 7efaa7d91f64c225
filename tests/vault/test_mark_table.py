"""The ledger says of every mark what the catalogue says, however it came about."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest
from vault_makers import enrol, make_exhibit

from ribin.cases.exhibits import Scope
from ribin.model import MarkType
from ribin.vault import mark_table
from ribin.vault.mark_table import MARK_TABLE_FOLDER, mark_table_of
from ribin.vault.vault import Vault

FACE = MarkType.BREECH_FACE


@pytest.fixture
def vault(tmp_path):
    with Vault.create(tmp_path / "JAM", "JAM") as made:
        for seed in range(7):
            sharing = (Scope.COUNTRY, Scope.CLUSTER, Scope.NETWORK)[seed % 3]
            fields = {"calibre": ("9 mm", "")[seed % 2], "date": f"2024-0{seed % 4 + 1}-01"}
            enrol(made, seed, make_exhibit(f"X{seed}", sharing, **fields))
        enrol(made, 8, make_exhibit("pin"), mark_type=MarkType.FIRING_PIN)
        yield made


def kept(vault):
    return sorted((vault.path / MARK_TABLE_FOLDER).iterdir())


def same(one, two) -> bool:
    arrays = all(
        np.array_equal(getattr(one, name), getattr(two, name))
        for name in ("ids", "templates", "scans")
    )
    facts = [one.facts[k] for k in one.which] == [two.facts[k] for k in two.which]
    return arrays and facts and one.bare == two.bare


def test_it_says_what_the_records_say(vault):
    for mark_type in MarkType:
        assert same(vault.mark_table(mark_type), mark_table_of(vault.holdings(), mark_type))
    ledger = vault.mark_table(FACE)
    assert len(ledger.ids) == 7
    assert sum(number for _, number in ledger.bare) == 1
    stored = vault.stored_marks(ledger.ids.tolist())
    assert stored == [m for m in vault.holdings().marks if m.mark_type is FACE]
    for place, mark in enumerate(stored):
        assert ledger.of_scan(mark.scan.sha256).tolist() == [k == place for k in range(7)]


def rows_read(vault, monkeypatch) -> list[int]:
    """Marks that were read from the catalogue, one number a ledger."""
    read = []
    real = mark_table.extended

    def counted(old, rows, bare, last_scan):
        listed = list(rows)
        read.append(len(listed))
        return real(old, listed, bare, last_scan)

    monkeypatch.setattr(mark_table, "extended", counted)
    return read


def test_it_is_read_once_and_read_on_when_marks_were_added(vault, monkeypatch):
    read = rows_read(vault, monkeypatch)
    first = vault.mark_table(FACE)
    assert vault.mark_table(FACE).snapshot == first.snapshot
    assert read == [7, 0]
    enrol(vault, 20, make_exhibit("new"))
    enrol(vault, 21, make_exhibit("new pin"), mark_type=MarkType.FIRING_PIN)
    assert same(vault.mark_table(FACE), mark_table_of(vault.holdings(), FACE))
    assert read[:3] == [7, 0, 1]
    assert len(kept(vault)) == 1
    monkeypatch.setattr(mark_table, "_WORTH_KEEPING", 1)
    assert same(vault.mark_table(FACE), mark_table_of(vault.holdings(), FACE))
    assert len(kept(vault)) == 1
    del read[:]
    vault.mark_table(FACE)
    assert read == [0]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE exhibits SET sharing = 'country' WHERE exhibit = 'X2'",
        "UPDATE events SET date = '1999-01-01' WHERE event = (SELECT max(event) FROM events)",
        "UPDATE exhibits SET calibre = '.45' WHERE exhibit = 'X2'",
        "DELETE FROM marks WHERE mark_id = 3",
        "DELETE FROM marks WHERE mark_id = 7",
        "INSERT INTO marks (mark_id, sha256, position, mark_type, kind, pitch_um, params_id, "
        "template_sha256) SELECT 99, sha256, 9, mark_type, kind, pitch_um, params_id, "
        "template_sha256 FROM marks WHERE mark_id = 2",
    ],
)
def test_whoever_changes_the_catalogue_it_is_noticed(vault, statement):
    """Also past every function of the vault."""
    before = vault.mark_table(FACE)
    db = sqlite3.connect(vault.path / "catalogue.sqlite")
    with db:
        db.execute(statement)
    db.close()
    after = vault.mark_table(FACE)
    assert not same(before, after)
    assert after.snapshot != before.snapshot
    assert same(after, mark_table_of(vault.holdings(), FACE))


def test_marks_described_anew_are_noticed_also_of_the_last_scan(vault):
    before = vault.mark_table(FACE)
    db = sqlite3.connect(vault.path / "catalogue.sqlite")
    sha256 = vault.stored_marks([7])[0].scan.sha256
    columns = [row[1] for row in db.execute("PRAGMA table_info(descriptions)")]
    known = {"sha256": sha256, "at": "2030-01-01T00:00:00.000+00:00", "file_sha256": "0" * 64}
    known["reading"] = "0"
    values = {name: known.get(name, "x") for name in columns if name != "description"}
    with db:
        names, places = ", ".join(values), ", ".join("?" * len(values))
        statement = f"INSERT INTO descriptions ({names}) VALUES ({places})"
        new = db.execute(statement, list(values.values())).lastrowid
        db.execute(
            "INSERT INTO marks (sha256, position, mark_type, kind, pitch_um, params_id, "
            "template_sha256, description) SELECT sha256, 5, mark_type, kind, pitch_um, 'other', "
            "template_sha256, ? FROM marks WHERE mark_id = 7",
            (new,),
        )
        db.execute("UPDATE scans SET description = ? WHERE sha256 = ?", (new, sha256))
    db.close()
    after = vault.mark_table(FACE)
    assert len(after.ids) == len(before.ids)
    assert 7 not in after.ids
    assert same(after, mark_table_of(vault.holdings(), FACE))


def test_any_flipped_byte_of_a_kept_ledger_is_noticed(vault):
    sound = vault.mark_table(FACE)
    (path,) = kept(vault)
    content = path.read_bytes()
    for place in range(0, len(content), 97):
        damaged = bytearray(content)
        damaged[place] ^= 4
        path.write_bytes(damaged)
        assert same(vault.mark_table(FACE), sound)
        assert path.read_bytes() == content


def test_a_vault_for_reading_keeps_none(vault):
    with Vault.open(vault.path, read_only=True) as reader:
        assert len(reader.mark_table(FACE).ids) == 7
    assert not (vault.path / MARK_TABLE_FOLDER).exists()


def test_marks_that_are_gone_are_left_out(vault):
    ids = vault.mark_table(FACE).ids.tolist()
    assert [m.mark_id for m in vault.stored_marks([ids[2], 999, ids[0]])] == [ids[2], ids[0]]
    assert vault.stored_marks([]) == []


def test_a_catalogue_taken_back_to_an_earlier_state_is_noticed(vault, tmp_path):
    """Files copied back over a vault, and another history from there: one token, other rows."""
    source = sqlite3.connect(vault.path / "catalogue.sqlite")
    earlier = sqlite3.connect(":memory:")
    source.backup(earlier)
    enrol(vault, 20, make_exhibit("shared", Scope.NETWORK))
    vault.mark_table(FACE)
    earlier.backup(source)
    source.close()
    earlier.close()
    with Vault.open(vault.path) as again:
        enrol(again, 21, make_exhibit("kept at home", Scope.COUNTRY))
        assert same(again.mark_table(FACE), mark_table_of(again.holdings(), FACE))
