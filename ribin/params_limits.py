"""Tuned numbers that change what is accepted or shortlisted, not how a pair scores."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReadParams:
    """Limits of what a reader accepts."""

    max_unpacked_mib: int = 1024  # a zip that unpacks to more is refused as a bomb
    max_pixels: int = 100_000_000  # 10,000 x 10,000: four times the largest sensor met
    min_pitch_um: float = 0.05  # below light's resolution: the unit must be wrong
    max_pitch_um: float = 100.0  # fewer than 40 pixels across a primer
    max_pitch_ratio: float = 4.0  # rows against columns; beyond it the scan is not areal
    max_file_mib: int = 1024  # what a laboratory machine holds in memory several times over
    max_main_xml_mib: int = 16  # ISO 25178-72 wants more than 10,000 points in a binary file
    max_relief_um: float = 10_000.0  # deeper than any mark: the unit of the heights must be wrong
    max_tilt_deg: float = 5.0  # levelling takes it out; a surface that leans more was turned over
    max_field_mm: float = 40.0  # twice the largest case head (.50 BMG, 20.4 mm)
