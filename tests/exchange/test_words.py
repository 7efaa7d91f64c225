"""What of another member's exhibit a report, a lead and a name may say."""

from __future__ import annotations

import unicodedata

import pytest

from ribin.cases.leads import same_person
from ribin.leads.two_vaults import figures_of_both
from ribin.model import NO_TRACE
from ribin.services.marks import _disclosed_side
from ribin.services.reading import Side
from ribin.web.state import whole_number

ROW = {"exhibit": "A-1", "event": "A", "group": "gun", "class_fields": {}, "score": 9.0}


def test_a_side_told_across_a_border_says_nothing_of_its_file():
    from mark_makers import make_scan, template_of
    from store_makers import make_exhibit, make_mark

    scan = make_scan(1)
    side = Side(make_mark(scan), template_of(scan), NO_TRACE)
    told = _disclosed_side(side, make_exhibit("x-0123456789abcdef"))
    for part in (told.mark, told.template):
        found = part.provenance
        assert (found.source, found.size_bytes) == ("x-0123456789abcdef", 0)
        assert found.instrument == found.creator == found.measured_on == ""
        assert found.notes == found.repairs == ()
        assert found.sha256 == scan.provenance.sha256


def test_a_lead_across_a_border_keeps_the_figures_alone():
    assert figures_of_both(ROW, crossing=True) == {"score": 9.0}
    assert figures_of_both(ROW, crossing=False) == ROW


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_one_name_in_another_spelling_is_one_person(form):
    assert same_person("José Núñez", unicodedata.normalize(form, "JOSÉ  NÚÑEZ"))
    assert not same_person("José", "Jose")


@pytest.mark.parametrize(("text", "number"), [("7", 7), ("", 0), ("-1", 0), ("9" * 5000, 0)])
def test_numbers_of_an_address_are_bounded(text, number):
    assert whole_number(text) == number
