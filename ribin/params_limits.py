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


@dataclass(frozen=True)
class SearchParams:
    """How many marks of one member go on from the coarse to the fine stage, and in what portions.

    The shortlist holds the larger of the two numbers, so a small vault is compared wholly.
    """

    shortlist_min_marks: int = 50  # some seconds of fine comparisons: no reason to cut below it
    # At 50 um every mate of the real scans is at rank 1 of 39 (DESIGN, decision 4): within 3 %.
    # Weaker marks need room; one fifth keeps it and still saves most of the time.
    shortlist_share: float = 0.2
    index_shard_marks: int = 2048  # 33 MB of coarse vectors of 4,096: what one new mark rewrites
    batch_marks: int = 256  # templates in memory at once in the fine stage: 40 MB
    # Rank fusion: 1 / (offset + rank) summed over the lists (Cormack, Clarke and Buettcher, SIGIR
    # 2009, doi:10.1145/1571941.1572114, with 60). With 10, a mate of one strong mark whose others
    # are missing stays among the first 3 of 10,000: 0.96 of them, not 0.10 (benchmarks/fusion.py).
    fusion_offset: int = 10
    fusion_depth: int = 200  # rows of a list that are fused: below, a row adds less than 1/210
