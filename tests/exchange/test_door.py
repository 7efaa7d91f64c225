"""What enrolment took goes into a bundle and out of it; what nobody could read is not signed."""

from __future__ import annotations

import sqlite3

import pytest
from bundle_makers import make_pair, members_of_bundle
from search_makers import PARAMS_ID
from vault_makers import enrol, make_exhibit

from ribin.cases.exhibits import Row, Scope, exhibit_of
from ribin.errors import ParameterError, StoreError
from ribin.exchange.manifest import read_contents
from ribin.text import clean_text

WRITTEN = ["9\u00a0mm\tLuger", "Jose\u0301 & Sons", "\u3000a  b\n", "\u00bd \u03b1 \u0416 \u4e2d"]


@pytest.fixture
def pair(tmp_path):
    made = make_pair(tmp_path)
    with made.sender, made.receiver:
        yield made


@pytest.mark.parametrize("text", WRITTEN)
def test_what_a_person_may_write_arrives(pair, tmp_path, text):
    fields = ("calibre", "ammunition", "make", "model", "firing_pin_shape", "breech_face_type")
    cells = {"exhibit": "N 1", "event": text, "sharing": "network", **dict.fromkeys(fields, text)}
    exhibit = exhibit_of(Row.of(tmp_path, cells).fields)
    enrol(pair.sender, 9, exhibit, params_id=PARAMS_ID)
    made = read_contents(members_of_bundle(pair.send())["manifest.json"], "manifest")
    assert exhibit.class_fields in [stated.class_fields for stated, _ in made.exhibits]
    assert exhibit.class_fields.make == clean_text(text)


@pytest.mark.parametrize("text", ["9\u00a0mm", "9\u202emm", "9\x07mm", "9" * 201])
def test_what_no_receiver_could_read_is_not_signed(pair, tmp_path, text):
    """A catalogue that was altered, or made by a program that knew no such rule."""
    enrol(pair.sender, 9, make_exhibit("N 1", Scope.NETWORK), params_id=PARAMS_ID)
    with sqlite3.connect(pair.sender.path / "catalogue.sqlite") as db:
        db.execute("UPDATE exhibits SET calibre = ? WHERE exhibit = 'N 1'", (text,))
    db.close()
    with pytest.raises(StoreError, match=r"exhibit N 1: no receiver could read .*calibre"):
        pair.send()
    assert not list(tmp_path.glob("*.zip"))


@pytest.mark.parametrize("field", ["calibre", "make", "place", "firearm", "case_number"])
def test_a_library_caller_meets_the_same_door(pair, field):
    made = make_exhibit("N 1", kind="test_fire", **{field: "a\u00a0b"})
    with pytest.raises(ParameterError, match=rf"exhibit 'N 1': {field}: a printable text needed"):
        enrol(pair.sender, 9, made)
