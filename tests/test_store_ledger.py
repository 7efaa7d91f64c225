"""The ledger says of every mark what the catalogue says, however it came about."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest
from store_makers import enrol, make_exhibit

from ribin.casework import Scope
from ribin.model import MarkType
from ribin.store.ledger import LEDGER_FOLDER, ledger_of
from ribin.store.vault import Vault

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
    return sorted((vault.path / LEDGER_FOLDER).iterdir())


def same(one, two) -> bool:
    arrays = all(
        np.array_equal(getattr(one, name), getattr(two, name))
        for name in ("ids", "templates", "scans")
    )
    facts = [one.facts[k] for k in one.which] == [two.facts[k] for k in two.which]
    return arrays and facts and one.bare == two.bare


def test_it_says_what_the_records_say(vault):
    for mark_type in MarkType:
        assert same(vault.ledger(mark_type), ledger_of(vault.holdings(), mark_type))
    ledger = vault.ledger(FACE)
    assert len(ledger.ids) == 7
    assert sum(number for _, number in ledger.bare) == 1
    stored = vault.stored_marks(ledger.ids.tolist())
    assert stored == [m for m in vault.holdings().marks if m.mark_type is FACE]
    for place, mark in enumerate(stored):
        assert ledger.of_scan(mark.scan.sha256).tolist() == [k == place for k in range(7)]


def test_it_is_read_once_and_again_when_the_catalogue_changed(vault, monkeypatch):
    first = vault.ledger(FACE)
    assert len(kept(vault)) == 1
    with monkeypatch.context() as patch:
        patch.setattr("ribin.store.ledger._gather", None)  # would fail if it were asked
        assert same(vault.ledger(FACE), first)
        assert vault.ledger(FACE).snapshot == first.snapshot
    enrol(vault, 20, make_exhibit("new"))
    assert len(vault.ledger(FACE).ids) == 8
    assert len(kept(vault)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE exhibits SET sharing = 'country' WHERE exhibit = 'X2'",
        "UPDATE events SET date = '1999-01-01' WHERE event = (SELECT max(event) FROM events)",
        "UPDATE exhibits SET calibre = '.45' WHERE exhibit = 'X2'",
        "DELETE FROM marks WHERE mark_id = 3",
    ],
)
def test_whoever_changes_the_catalogue_it_is_noticed(vault, statement):
    """Also past every function of the vault."""
    before = vault.ledger(FACE)
    db = sqlite3.connect(vault.path / "catalogue.sqlite")
    with db:
        db.execute(statement)
    db.close()
    after = vault.ledger(FACE)
    assert not same(before, after)
    assert after.snapshot != before.snapshot
    assert same(after, ledger_of(vault.holdings(), FACE))


def test_any_flipped_byte_of_a_kept_ledger_is_noticed(vault):
    sound = vault.ledger(FACE)
    (path,) = kept(vault)
    content = path.read_bytes()
    for place in range(0, len(content), 97):
        damaged = bytearray(content)
        damaged[place] ^= 4
        path.write_bytes(damaged)
        assert same(vault.ledger(FACE), sound)
        assert path.read_bytes() == content


def test_a_vault_for_reading_keeps_none(vault):
    with Vault.open(vault.path, read_only=True) as reader:
        assert len(reader.ledger(FACE).ids) == 7
    assert not (vault.path / LEDGER_FOLDER).exists()


def test_marks_that_are_gone_are_left_out(vault):
    ids = vault.ledger(FACE).ids.tolist()
    assert [m.mark_id for m in vault.stored_marks([ids[2], 999, ids[0]])] == [ids[2], ids[0]]
    assert vault.stored_marks([]) == []
