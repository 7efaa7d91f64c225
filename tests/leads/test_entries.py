"""What comes from the other side is data: decoded with limits, or left out and said so."""

from __future__ import annotations

import json
from dataclasses import replace
from unittest.mock import patch

import pytest
from lead_makers import EXAMINER, SECOND, THIRD, exhibit_ref

from ribin.cases.leads import Conclusion, Lead, LeadStatus, Review, ReviewBasis, ReviewRound
from ribin.errors import ParameterError
from ribin.leads.merge import sync_leads
from ribin.leads.steps import give_review, take_up_lead
from ribin.leads.text import lead_page, view_lead
from ribin.vault.audit import append_row, now_utc
from ribin.vault.leads import insert_entry, insert_review, read_leads
from ribin.vault.rows import record_sha256
from ribin.vault.sharing import pseudonym

GOOD = {"score": 50.0, "cmc": 12.0, "cells": 40, "params_id": "p", "shift_um": [1.0, -2.0]}


def known_ref(vault, exhibit):
    with vault.catalogue.reading() as db:
        return exhibit_ref(f"{vault.member}:{pseudonym(db, exhibit)}")


def forged_lead(jam, blz, **changes) -> Lead:
    ends = known_ref(jam, "JAM-1"), known_ref(blz, "BLZ-1")
    lead = Lead("BLZ-JAM-L1", "BLZ", ends[0], "", ends[1], "", THIRD, now_utc(), "n", GOOD)
    return replace(lead, **changes)


def put(vault, entry, action, subject="BLZ-JAM-L1", **columns):
    """What an administrator of the other side may write with SQL, a row of the log included."""
    with vault.catalogue.writing() as db:
        with patch("ribin.vault.rows._check_texts"):
            insert = insert_review if isinstance(entry, Review) else insert_entry
            made = insert(db, entry)
        records = dict(made if isinstance(made, list) else [made])
        name = next(iter(records))
        table, _, key = name.partition("/")
        for column, value in columns.items():
            trigger = f"{table}_are_not_changed"
            made = db.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (trigger,)).fetchone()
            db.execute(f"DROP TRIGGER {trigger}")
            db.execute("PRAGMA ignore_check_constraints = ON")
            db.execute(f"UPDATE {table} SET {column} = ? WHERE lead = ?", (value, subject))
            db.execute(made[0])
        records[name] = record_sha256(db, table, key)
        append_row(db, action, subject, THIRD, "", {"records": records})


@pytest.mark.parametrize(
    "changes",
    [
        {"figures": {**GOOD, "score": "<b>99</b>"}},
        {"figures": {**GOOD, "score": 1e9}},
        {"figures": {**GOOD, "cmc": [1, 2]}},
        {"figures": {**GOOD, "extra": "x" * 20_000_000}},
        {"figures": {**GOOD, "params_id": "p" * 100_000}},
        {"figures": {**GOOD, "shift_um": {"a": 1}}},
        {"note": "n" * 1_000_000},
        {"note": "\x1b[2J\x1b[1;1Hconfirmed link"},
        {"examiner": "x" * 100_000},
        {"examiner": "Ana\nBrown"},
        {"at": "soon"},
        {"lead": "BLZ-JAM-L1<script>"},
        {"lead": "../../etc/passwd"},
    ],
    ids=lambda changes: f"{next(iter(changes))}",
)
def test_a_lead_that_is_no_data_is_not_taken_and_stops_nothing(jam, blz, network, changes):
    lead = forged_lead(jam, blz, **changes)
    put(blz, lead, "lead", lead.lead)
    own = take_up_lead(
        jam, network, exhibit_ref("JAM:JAM-2"), known_ref(blz, "BLZ-2"), who=EXAMINER, note="alike"
    )
    carried, notes = sync_leads(jam, network, who=EXAMINER)
    assert carried == 0
    left_out = "BLZ: a lead of its vault cannot be read, and is left out: "
    assert any("not taken from BLZ" in n or n.startswith(left_out) for n in notes), notes
    assert max(map(len, notes)) < 1000
    with jam.catalogue.reading() as db:
        assert [history.lead.lead for history in read_leads(db)] == [own.history.lead.lead]
    assert jam.check().clean


@pytest.mark.parametrize(
    "columns",
    [
        {"figures": "no json"},
        {"figures": "[" * 100_000},
        {"figures": "7"},
        {"at": b"\xff\xfe"},
        {"note": b"\x00\x01"},
    ],
    ids=lambda columns: f"{next(iter(columns))}",
)
def test_a_row_that_cannot_be_read_stops_nothing(jam, blz, network, columns):
    put(blz, forged_lead(jam, blz), "lead", **columns)
    ends = exhibit_ref("JAM:JAM-1"), known_ref(blz, "BLZ-1")
    own = take_up_lead(jam, network, *ends, who=EXAMINER, note="alike").history.lead.lead
    sync_leads(jam, network, who=EXAMINER)
    with jam.catalogue.reading() as db:
        assert [history.lead.lead for history in read_leads(db)] == [own]


@pytest.mark.parametrize("note", ["n" * 1_000_000, "n" * 15_000, "\x07bell"], ids=len)
def test_the_content_of_a_verdict_that_is_no_data_is_not_taken(jam, blz, network, note):
    """Nobody sees it before the second verdict; then it is refused as any other is."""
    ends = exhibit_ref("JAM:JAM-1"), known_ref(blz, "BLZ-1")
    number = take_up_lead(jam, network, *ends, who=EXAMINER, note="alike").history.lead.lead
    facts = (ReviewRound.FIRST, Conclusion.ELIMINATION, ReviewBasis.ITEMS, True, SECOND, "BLZ")
    put(blz, Review(f"{number}/BLZ1", number, *facts, now_utc(), note), "review", number)
    sync_leads(jam, network, who=EXAMINER)
    given = (number, Conclusion.ELIMINATION, ReviewBasis.ITEMS)
    step = give_review(jam, network, *given, who=THIRD, note="seen")
    refused = (f"content of {number}/BLZ1 not taken from BLZ", "a lead of its vault cannot be read")
    assert any(words in said for said in step.notes for words in refused)
    assert step.standing is LeadStatus.FIRST_VERDICT_SEALED
    assert jam.check().clean


@pytest.mark.parametrize(
    "changes",
    [{"reviewer": "x" * 5000}, {"at": "1"}, {"at": "9999-01-01T00:00:00+00:00"}],
    ids=lambda changes: f"{next(iter(changes))}",
)
def test_a_verdict_that_is_no_data_is_not_taken(jam, blz, network, changes):
    ends = exhibit_ref("JAM:JAM-1"), known_ref(blz, "BLZ-1")
    number = take_up_lead(jam, network, *ends, who=EXAMINER, note="alike").history.lead.lead
    facts = (ReviewRound.FIRST, Conclusion.ELIMINATION, ReviewBasis.ITEMS, True, THIRD, "BLZ")
    review = Review(f"{number}/BLZ1", number, *facts, now_utc(), "n")
    put(blz, replace(review, **changes), "review", number)
    _, notes = sync_leads(jam, network, who=EXAMINER)
    refused = (f"review {number}/BLZ1 not taken from BLZ", "a lead of its vault cannot be read")
    assert any(words in note for note in notes for words in refused)
    step = give_review(
        jam, network, number, Conclusion.ELIMINATION, ReviewBasis.ITEMS, who=EXAMINER, note="seen"
    )
    assert [r.member for r in step.history.reviews] == ["JAM"]


@pytest.mark.parametrize(
    "figures",
    [
        {"score": {"a": 1}},
        {"score": float("nan")},
        {"cmc": "twelve"},
        {"unknown": 1},
        {"exhibit": "x" * 100_000},
        {"snapshot": {"BLZ": 7}},
        {"counts": {"x": "y" * 100_000}},
    ],
    ids=lambda figures: next(iter(figures)),
)
def test_an_edited_row_is_refused_before_it_is_kept(jam, figures):
    ends = exhibit_ref("JAM:JAM-1"), exhibit_ref("JAM:JAM-2")
    with pytest.raises(ParameterError, match="figures of the candidate: "):
        take_up_lead(jam, None, *ends, who=EXAMINER, note="n", figures=figures)
    with jam.catalogue.reading() as db:
        assert read_leads(db) == []
    step = take_up_lead(jam, None, *ends, who=EXAMINER, note="n", figures=GOOD)
    assert "50" in lead_page(view_lead(jam, step.history, SECOND))
    assert json.dumps(step.history.lead.figures)


@pytest.mark.parametrize("note", ["n" * 10_001, "\x1b[31mred", "a\x00b"])
def test_what_could_not_cross_a_border_is_not_written(jam, note):
    ends = exhibit_ref("JAM:JAM-1"), exhibit_ref("JAM:JAM-2")
    with pytest.raises(ParameterError, match="note"):
        take_up_lead(jam, None, *ends, who=EXAMINER, note=note)


@pytest.mark.parametrize("kind", ["lead", "review"])
def test_nobody_takes_a_number_of_the_other_member(jam, blz, network, kind):
    """The other member would find its next number used, and could state nothing more."""
    ends = exhibit_ref("JAM:JAM-1"), known_ref(blz, "BLZ-1")
    if kind == "lead":
        put(blz, forged_lead(jam, blz, lead="JAM-BLZ-L1"), "lead", "JAM-BLZ-L1")
    else:
        take_up_lead(jam, network, *ends, who=EXAMINER, note="alike")
        facts = (ReviewRound.FIRST, Conclusion.ELIMINATION, ReviewBasis.ITEMS, True, THIRD, "BLZ")
        taken = Review("JAM-BLZ-L1/JAM1", "JAM-BLZ-L1", *facts, now_utc(), "n")
        put(blz, taken, "review", "JAM-BLZ-L1")
    _, notes = sync_leads(jam, network, who=EXAMINER)
    assert any(f"{kind} JAM-BLZ-L1" in note and "a number of BLZ" in note for note in notes)
    if kind == "lead":
        take_up_lead(jam, None, *ends, who=EXAMINER, note="alike")
    given = ("JAM-BLZ-L1", Conclusion.ELIMINATION, ReviewBasis.ITEMS)
    step = give_review(jam, None, *given, who=EXAMINER, note="seen")
    assert [r.review for r in step.history.reviews] == ["JAM-BLZ-L1/JAM1"]
