"""Which report `ribin report` was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from ribin.casework import Request, Scope
from ribin.desk.queries import Desk
from ribin.desk.reports import Asked, report_comparison
from ribin.reading import Reading
from ribin.report.document import Document


def make_report(
    reference: str, comparison: str | None, asked: Mapping[str, Any]
) -> tuple[Document, list[str]]:
    """The report, and what could not be done for it.

    Raises
    ------
    RibinError
        What is to be reported cannot be read, or may not be seen.
    """
    words = Asked(asked["who"], asked["question"], asked["case_number"])
    params, vault = asked["params"], asked["vault"]
    opened = Desk.open(vault, asked["network_file"], params, 1) if vault else nullcontext()
    with opened as desk:
        request = _request(desk, asked) if desk else None
        reading = Reading(pixel_pitch_um=asked["pixel_pitch_um"], lighting=asked["lighting"])
        document, result = report_comparison(
            (reference, comparison or ""), reading, asked["mark"], params, words, desk, request
        )
    return document, [] if result.compared else [f"not compared: {result.reason}"]


def _request(desk: Desk, asked: Mapping[str, Any]) -> Request:
    scope = Scope(asked["scope"] or Scope.COUNTRY)
    return Request(desk.member, scope, who=asked["who"], reason=asked["reason"])
