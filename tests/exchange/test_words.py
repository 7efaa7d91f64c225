"""What of another member's exhibit a report, a lead and a name may say."""

from __future__ import annotations

import unicodedata

import pytest

from ribin.cases.leads import same_person
from ribin.leads.both_sides import figures_of_both
from ribin.web.state import whole_number

ROW = {"exhibit": "A-1", "event": "A", "group": "gun", "class_fields": {}, "score": 9.0}


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
