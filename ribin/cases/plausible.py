"""Values that cannot be meant: days to come, names that a spreadsheet made, look-alikes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files

from ribin.errors import ParameterError
from ribin.text import look_alike_key

_EARLIEST = date(1900, 1, 1)
_WRITTEN_DAY = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})\.?", re.ASCII)
_MONTHS = (  # English, Spanish, French, German, Dutch
    r"(?:jan|ene|feb|fev|f\u00e9v|mar|m\u00e4r|mrz|mrt|apr|abr|avr|may|mai|mei|jun|jui|jul|aug|ago"
    r"|ao\u00fb|sep|oct|okt|nov|dec|dic|d\u00e9c|dez)[^\W\d_]{0,6}\.?"
)
# #N/A, #REF!, #NOM?, ####, and of LibreOffice Err:502; not #A1, which people write.
_ERROR = r"#+|#\u00a1?\u00bf?[^\W\d_][^\W\d_/0]*[!?]|#DIV/0!|#n/?[av]|Err:\d{3}"
# What a spreadsheet makes of a name: 1.23457E+11, #N/A, #REF!, ####, 14-Mar, Mar-26, 14/03/2026.
_MADE = re.compile(
    rf"[+-]?\d+([.,]\d+)*e[+-]\d+|[+-]?\d+[.,]\d+e\d+|{_ERROR}|"
    rf"\d{{1,2}}(?:-|\. ?){_MONTHS}(-\d{{2,4}})?|{_MONTHS}-\d{{2,4}}|"
    r"\d{1,2}/\d{1,2}/\d{2,4}|\d{1,2}\.\d{1,2}\.\d{4}|\d{1,2}:\d{2}:\d{2}",
    re.IGNORECASE,
)
_FAILED = re.compile(_ERROR, re.IGNORECASE)  # the part of these that stands for no value


class DayOrder(StrEnum):
    """How days are written where they are not written YYYY-MM-DD."""

    ISO = "iso"
    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


def iso_day(text: str, order: DayOrder) -> str:
    """A day of a table as YYYY-MM-DD; what is no day in this order stays as it is.

    A year of two digits is one of this century.
    """
    written = _WRITTEN_DAY.fullmatch(text)
    if not written or order is DayOrder.ISO:
        return text
    one, two, year = int(written[1]), int(written[3]), int(written[4])
    day, month = (one, two) if order is DayOrder.DAY_FIRST else (two, one)
    try:
        return date(year if len(written[4]) > 2 else 2000 + year, month, day).isoformat()
    except ValueError:
        return text


def checked_day(day: str, where: str) -> str:
    """The day itself when it is written YYYY-MM-DD; ParameterError otherwise."""
    try:
        written = date.fromisoformat(day).isoformat()
    except ValueError:
        written = ""
    if written != day:
        found = _WRITTEN_DAY.fullmatch(day)
        raise ParameterError(
            f"{where} needs a day as YYYY-MM-DD, found {day!r}",
            hint="--dates day-first reads days of a table such as 14/03/2026" if found else "",
        )
    return day


def checked_past_day(day: str, where: str) -> str:
    """As `checked_day`, of something that has happened: not before 1900, and not in the future.

    One day ahead of UTC is today somewhere.
    """
    last = datetime.now(UTC).date() + timedelta(days=1)
    if not _EARLIEST <= date.fromisoformat(checked_day(day, where)) <= last:
        raise ParameterError(f"{where} from {_EARLIEST} to {last} needed, found {day}")
    return day


def made_by_spreadsheet(text: str, is_name: bool) -> bool:
    """Whether a spreadsheet made this of what a person wrote; of a text that is no name, whether
    it stands for no value at all."""
    return bool((_MADE if is_name else _FAILED).fullmatch(text))


class NameBook:
    """Names that are known, to find those that a new one may be a misspelling of."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._by_key: dict[str, list[str]] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        known = self._by_key.setdefault(look_alike_key(name), [])
        if name not in known:
            known.append(name)

    def look_alikes(self, name: str) -> Iterator[str]:
        """Other names that differ only by case, blanks, dashes, O and 0, l and 1."""
        return (one for one in self._by_key.get(look_alike_key(name), ()) if one != name)


@cache
def country_codes() -> frozenset[str]:
    """The codes of ISO 3166-1 alpha-3."""
    return frozenset(files(__package__).joinpath("countries.txt").read_text("utf-8").split())
