"""Values that cannot be meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ribin.cases.plausible import (
    DayOrder,
    NameBook,
    checked_day,
    checked_past_day,
    country_codes,
    iso_day,
    made_by_spreadsheet,
)
from ribin.errors import ParameterError


@pytest.mark.parametrize("text", ["14/03/2026", "14.03.2026", "14-3-2026", "14.3.26", "14.03.26."])
def test_days_with_the_day_first(text):
    assert iso_day(text, DayOrder.DAY_FIRST) == "2026-03-14"
    assert iso_day(text, DayOrder.ISO) == text
    assert iso_day(text, DayOrder.MONTH_FIRST) == text  # there is no month 14


def test_days_with_the_month_first():
    assert iso_day("03/04/2026", DayOrder.MONTH_FIRST) == "2026-03-04"
    assert iso_day("03/04/2026", DayOrder.DAY_FIRST) == "2026-04-03"


@pytest.mark.parametrize("text", ["2026-03-14", "", "31/02/2026", "14/03-2026", "14/3/026", "x"])
def test_what_is_iso_or_no_day_stays(text):
    assert iso_day(text, DayOrder.DAY_FIRST) == text


def test_a_year_of_four_digits_is_that_year():
    assert iso_day("14/03/0026", DayOrder.DAY_FIRST) == "0026-03-14"
    assert iso_day("14/03/26", DayOrder.DAY_FIRST) == "2026-03-14"


def test_a_day_in_another_form_names_the_option():
    with pytest.raises(ParameterError, match="needs a day as YYYY-MM-DD") as caught:
        checked_day("14/03/2026", "date")
    assert caught.value.hint.startswith("--dates day-first reads")


def test_days_to_come_and_days_long_past():
    today = datetime.now(UTC).date()
    for day in (today, today + timedelta(days=1)):
        assert checked_past_day(day.isoformat(), "date") == day.isoformat()
    for day in ((today + timedelta(days=2)).isoformat(), "2062-03-14", "1899-12-31", "0026-03-14"):
        with pytest.raises(ParameterError, match=rf"^date from 1900-01-01 to .*found {day}$"):
            checked_past_day(day, "date")


MADE = [
    "1.23457E+11",
    "1,23457E+11",
    "2E+5",
    "1.234,5E+11",
    "-1e-7",
    "#N/A",
    "#NV",
    "#REF!",
    "#BEZUG!",
    "#DIV/0!",
]
MADE += ["#NAME?", "########", "14-Mar", "Mar-26", "14-Mar-26", "14/03/2026"]
MADE += ["Err:502", "14-ene", "mai-26", "26. M\u00e4r", "14.03.2026", "12:34:00", "#NOM?"]


@pytest.mark.parametrize("text", MADE)
def test_what_a_spreadsheet_made_is_no_name(text):
    assert made_by_spreadsheet(text, is_name=True)
    assert made_by_spreadsheet(text, is_name=False) == text.startswith(("#", "Err:"))


@pytest.mark.parametrize(
    "text", ["2026-17-3", "#12", "#A1", "E12", "12E", "26E4", "CIB-0319/26", "123456789012"]
)
def test_what_a_person_wrote_is_one(text):
    assert not made_by_spreadsheet(text, is_name=True)


def test_look_alikes_of_a_book():
    book = NameBook(["A-1", "B-1"])
    assert list(book.look_alikes("a l")) == ["A-1"]
    assert list(book.look_alikes("A-1")) == []
    book.add("a1")
    assert list(book.look_alikes("A-1")) == ["a1"]


def test_member_codes():
    assert {"JAM", "BLZ", "BRB", "TTO", "USA", "CUB", "COD"} <= country_codes()
    assert not {"JAX", "UKX", "ENG", "EUR", "XXX"} & country_codes()
    assert len(country_codes()) == 249
