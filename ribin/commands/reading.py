"""How the options of a command say that scans are to be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ribin.reading import Reading


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
