"""How the options of a command say that scans are to be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ribin.services.reading import Reading

if TYPE_CHECKING:
    from ribin.cases.exhibits import Request
    from ribin.services.session import Desk


def readings_of(asked: Mapping[str, Any]) -> tuple[Reading, Reading]:
    """How `ribin compare` reads its reference and its comparison."""

    def side(name: str) -> Reading:
        return Reading(
            pixel_pitch_um=asked["pixel_pitch_um"],
            mask=asked[f"{name}_mask"],
            circles=asked[f"{name}_circle"],
            replica=asked["replica"] in (name, "both"),
            who=asked["who"],
            why=asked["reason"],
            lighting=asked["lighting"],
        )

    return side("reference"), side("comparison")


def query_reading(asked: Mapping[str, Any]) -> Reading:
    """How `ribin search` reads the file of its query."""
    return Reading(
        asked["pixel_pitch_um"],
        asked["mask"],
        asked["circles"],
        asked["replica"],
        asked["who"],
        asked["reason"],
        asked["lighting"],
    )


def view_request(desk: Desk | None, asked: Mapping[str, Any]) -> Request | None:
    """Why a desk looks at another member's exhibit; None without a desk."""
    from ribin.cases.exhibits import Request, Scope

    if desk is None:
        return None
    scope = Scope(asked["scope"] or Scope.COUNTRY)
    return Request(desk.member, scope, who=asked["who"], reason=asked["reason"])
