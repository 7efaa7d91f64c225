"""The words of a vault for class fields, and what is held against them."""

from __future__ import annotations

import pytest
from vault_makers import enrol, make_exhibit

from ribin.errors import ParameterError, StoreError
from ribin.vault.vault import Vault
from ribin.vault.vocabulary import field_values, read_vocabulary, state_synonym


@pytest.fixture
def vault(tmp_path):
    with Vault.create(tmp_path / "JAM", "JAM") as made:
        yield made


MAKER = {"ammunition": "Sellier & Bellot"}


def same(vault, field, text, value):
    state_synonym(vault, field, text, value, who="head", reason="box")


def remarks(vault, **fields):
    with vault.catalogue.reading() as db:
        return list(read_vocabulary(db).remarks(make_exhibit(**fields).class_fields))


def test_values_seen_and_their_synonyms(vault):
    enrol(vault, 1, make_exhibit("X1", calibre="9 mm Para", **MAKER))
    enrol(vault, 2, make_exhibit("X2", make="Glock", model="17", **MAKER))
    same(vault, "ammunition", "S&B", "Sellier & Bellot")
    found = {(v.field, v.value): v for v in field_values(vault)}
    assert set(found) == {
        *(("calibre", "9 mm Para"), ("ammunition", "Sellier & Bellot")),
        *(("make", "Glock"), ("model", "17")),
    }
    assert found["calibre", "9 mm Para"].code == "9x19"
    maker = found["ammunition", "Sellier & Bellot"]
    assert (maker.exhibits, maker.synonyms) == (2, ("s&b",))
    assert vault.check().problems == ()


@pytest.mark.parametrize(
    ("stored", "again"),
    [
        ({"calibre": "9 mm Luger"}, {"calibre": "9x19"}),
        ({"ammunition": "Sellier & Bellot"}, {"ammunition": "s & b"}),
        ({"ammunition": "Sellier & Bellot"}, {"ammunition": "SELLIER & BELLOT"}),
        ({"firing_pin_shape": "hemispherical"}, {"firing_pin_shape": "round"}),
        ({"breech_face_type": "parallel"}, {"breech_face_type": "straight lines"}),
    ],
)
def test_another_spelling_of_the_same_is_no_contradiction(vault, stored, again):
    same(vault, "ammunition", "S & B", "Sellier & Bellot")
    same(vault, "firing_pin_shape", "Round", "hemispherical")
    same(vault, "breech_face_type", "straight lines", "parallel")
    enrol(vault, 1, make_exhibit("X1", **stored))
    enrol(vault, 2, make_exhibit("X1", **again))
    (field,) = stored
    assert getattr(vault.exhibit("X1").class_fields, field) == stored[field]


def test_another_value_is_one(vault):
    enrol(vault, 1, make_exhibit("X1", **MAKER))
    with pytest.raises(StoreError, match="ammunition is 'Sellier & Bellot' in the vault, found 'S"):
        enrol(vault, 2, make_exhibit("X1", ammunition="S&B"))


def test_what_may_be_misspelt_is_said(vault):
    enrol(vault, 1, make_exhibit("X1", ammunition="Winchester", calibre="9x19"))
    assert remarks(vault, ammunition="Winchester", calibre="9 mm Para") == []
    assert remarks(vault, ammunition="Federal") == []
    (said,) = remarks(vault, ammunition="Winchestr")
    assert said.startswith("ammunition 'Winchestr' is new in this vault, which has 'Winchester'")
    (said,) = remarks(vault, calibre="9 mm Foo")
    assert said.startswith("calibre '9 mm Foo' is not in the table of calibres, and is kept")
    same(vault, "ammunition", "Winchestr", "Winchester")
    assert remarks(vault, ammunition="Winchestr") == []


def test_a_synonym_is_taken_back_and_logged(vault):
    same(vault, "make", "S&W", "Smith & Wesson")
    same(vault, "make", "S&W", "Smith and Wesson")
    same(vault, "make", "s&w", "")
    rows = [row for row in vault.audit_log() if row.action == "vocabulary"]
    assert [row.details["now"] for row in rows] == ["Smith & Wesson", "Smith and Wesson", ""]
    assert vault.check().problems == ()
    with pytest.raises(StoreError, match="a synonym 'S&W' of make needed, found none"):
        same(vault, "make", "S&W", "")


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [("colour", "a", "b"), ("make", "", "b"), ("make", "A", "a"), ("make", "a\u202e", "b")],
)
def test_synonyms_that_cannot_be(vault, field, text, value):
    with pytest.raises(ParameterError):
        same(vault, field, text, value)
