"""What stands behind the question mark of an address: each name means one thing on every page."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from starlette.datastructures import QueryParams

from ribin.cases.exhibits import ExhibitKind
from ribin.cases.leads import LeadStatus
from ribin.cases.plausible import checked_day
from ribin.errors import ParameterError
from ribin.model import Verdict
from ribin.text import NOTE_LENGTH, clean_text, text_problem
from ribin.web.state import DIGITS

Check = Callable[[str, str], object]


def _number(name: str, text: str) -> None:
    if not (text.isascii() and text.isdecimal() and len(text) <= DIGITS):
        raise ParameterError(f"{name}: a whole number from 0 on needed, found {text[:40]!r}")


def _day(name: str, text: str) -> None:
    if len(text) > 10:
        raise ParameterError(f"{name} needs a day as YYYY-MM-DD, found {text[:40]!r}")
    checked_day(text, name)


def _one_of(words: Iterable[str]) -> Check:
    known = tuple(str(word) for word in words)

    def check(name: str, text: str) -> None:
        if text not in known:
            listed = " or ".join(known) if len(known) < 3 else f"one of {', '.join(known)}"
            raise ParameterError(f"{name}: {listed} needed, found {text[:40]!r}")

    return check


def _text(name: str, text: str) -> None:
    problem = text_problem(clean_text(text), NOTE_LENGTH)
    if problem:
        raise ParameterError(f"{name}: {problem}")


_CHECKS: dict[str, Check] = {
    **dict.fromkeys(("page", "before", "rank"), _number),
    **dict.fromkeys(("from", "to", "date_from", "date_to"), _day),
    **dict.fromkeys(("mine", "open", "all", "in_lead", "own"), _one_of(("yes",))),
    **dict.fromkeys(("scores", "figures"), _one_of(("hidden",))),
    "kind": _one_of(ExhibitKind),
    "verdict": _one_of(Verdict),
    "standing": _one_of(LeadStatus),
    "how": _one_of(("account", "stated", "login", "RIBIN_USER")),
}


def check_query(query: QueryParams) -> None:
    """Refuse an address that asks for what cannot be; what is empty asks for nothing.

    Raises ParameterError: it names what was needed.
    """
    for name, text in query.multi_items():
        if text:
            _CHECKS.get(name, _text)(name[:40], text)
