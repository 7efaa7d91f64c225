"""The cases of `sample_data/`: who found what, when, and which firearm marked it.

All of it is invented. The ammunition's figures are not measurements of those brands.
"""

from __future__ import annotations

from dataclasses import dataclass

from ribin.cases.exhibits import ExhibitKind, Scope
from ribin.synth.aperture import Aperture
from ribin.synth.breech import BreechFace
from ribin.synth.cartridge import Primer
from ribin.synth.firearm import FirearmSpec

QUERY_FILE = "JAM-2026-0007-1.x3p"  # mates in BLZ (cluster) and TTO (network), none in JAM
NETWORK_QUERY_FILE = "JAM-2026-0012-1.x3p"  # its one visible mate is in USA
LINKED_STATES = ("BRB", "BLZ", "JAM")

MEMBERS = {
    "BRB": "Barbados",
    "BLZ": "Belize",
    "JAM": "Jamaica",
    "TTO": "Trinidad and Tobago",
    "USA": "United States of America",
}

AMMUNITION = {
    "Federal": Primer(),
    "Winchester": Primer(hardness=0.95, texture_um=0.20),
    "CBC": Primer(hardness=1.15, texture_um=0.24, drawn=2.2),
    "Sellier & Bellot": Primer(hardness=1.2, texture_um=0.26),
    "PMC": Primer(hardness=0.9, texture_um=0.22, drawn=1.2),
    "Fiocchi": Primer(hardness=1.05, texture_um=0.18, grain_um=36.0),
}

_ROUND = Aperture.circle(1500.0)
_WIDE_ROUND = Aperture.circle(1750.0)
_OBLONG = Aperture(height_um=1700.0, width_um=1150.0, corner_um=160.0)

FIREARMS = {
    "gun-01": FirearmSpec(BreechFace.GRANULAR, aperture=_ROUND),
    "gun-02": FirearmSpec(
        BreechFace.PARALLEL,
        firing_pin_shape="elliptical",
        aperture=_OBLONG,
        tool_share=0.5,
        direction_deg=4.0,
    ),
    "gun-05": FirearmSpec(
        BreechFace.CROSS_HATCHED, "40 S&W", aperture=_ROUND, tool_share=0.5, direction_deg=40.0
    ),
    "gun-06": FirearmSpec(BreechFace.GRANULAR, aperture=_WIDE_ROUND, relief_um=1.5),
    "gun-07": FirearmSpec(
        BreechFace.PARALLEL,
        "45 Auto",
        aperture=_WIDE_ROUND,
        primer_radius_um=1950.0,
        tool_share=0.5,
        direction_deg=88.0,
    ),
    "gun-08": FirearmSpec(BreechFace.ARCHED, "40 S&W", aperture=_WIDE_ROUND, tool_share=0.45),
    "gun-09": FirearmSpec(BreechFace.GRANULAR, "380 Auto", aperture=_ROUND, relief_um=1.4),
    "gun-10": FirearmSpec(
        BreechFace.CROSS_HATCHED, "38 Special", aperture=_ROUND, tool_share=0.4, relief_um=1.4
    ),
}
SLIDES = ("gun-03", "gun-04")  # cut one after the other with one tool
SLIDE_SPEC = FirearmSpec(BreechFace.ARCHED, aperture=_ROUND, direction_deg=-6.0)
SLIDE_SHARE = 0.35


@dataclass(frozen=True)
class SampleEvent:
    """One event and the cases it left, as (ammunition, sharing) each."""

    event: str
    case_number: str
    date: str
    place: str
    gun: str
    cases: tuple[tuple[str, Scope], ...]
    firearm: str = ""  # the laboratory's own name of the weapon; it knows it for test fires

    @property
    def member(self) -> str:
        return self.event[:3]

    @property
    def kind(self) -> ExhibitKind:
        return ExhibitKind.TEST_FIRE if self.firearm else ExhibitKind.EVIDENCE


_OWN, _LINKED, _ALL = Scope.COUNTRY, Scope.CLUSTER, Scope.NETWORK

EVENTS = (
    SampleEvent("JAM-2026-0007", "CIB-0319/26", "2026-03-14", "Spanish Town", "gun-01",
                (("Federal", _LINKED),)),
    SampleEvent("JAM-2026-0012", "CIB-0402/26", "2026-04-02", "Montego Bay", "gun-02",
                (("CBC", _ALL),)),
    SampleEvent("JAM-2025-0051", "FLB-T-088/25", "2025-10-09", "Kingston", "gun-03",
                (("Federal", _LINKED), ("Winchester", _LINKED)), "JAM-W-0231"),
    SampleEvent("JAM-2025-0038", "CIB-1107/25", "2025-08-21", "May Pen", "gun-09",
                (("PMC", _OWN), ("PMC", _LINKED))),
    SampleEvent("JAM-2026-0015", "FLB-T-021/26", "2026-05-06", "Kingston", "gun-09",
                (("Federal", _LINKED),), "JAM-W-0264"),
    SampleEvent("BRB-2025-0020", "RB-447/25", "2025-06-17", "Bridgetown", "gun-04",
                (("Winchester", _LINKED), ("Fiocchi", _LINKED))),
    SampleEvent("BRB-2025-0033", "RB-720/25", "2025-11-28", "Speightstown", "gun-05",
                (("Federal", _ALL),)),
    SampleEvent("BRB-2026-0004", "RB-T-006/26", "2026-01-30", "Bridgetown", "gun-05",
                (("Sellier & Bellot", _LINKED),), "BRB-0057"),
    SampleEvent("BRB-2026-0009", "RB-131/26", "2026-02-25", "Oistins", "gun-10",
                (("Fiocchi", _LINKED), ("Fiocchi", _OWN))),
    SampleEvent("BLZ-2025-0042", "BZ-2210/25", "2025-11-02", "Belize City", "gun-01",
                (("Winchester", _LINKED),)),
    SampleEvent("BLZ-2025-0029", "BZ-1534/25", "2025-07-19", "San Ignacio", "gun-06",
                (("CBC", _LINKED),)),
    SampleEvent("BLZ-2025-0047", "BZ-T-019/25", "2025-12-11", "Belmopan", "gun-06",
                (("Federal", _ALL),), "BLZ-T-019"),
    SampleEvent("TTO-2025-0088", "TT-3390/25", "2025-09-05", "Port of Spain", "gun-01",
                (("CBC", _ALL),)),
    SampleEvent("TTO-2025-0061", "TT-2518/25", "2025-06-30", "San Fernando", "gun-07",
                (("Federal", _ALL),)),
    SampleEvent("TTO-2026-0003", "TT-T-004/26", "2026-01-16", "Port of Spain", "gun-07",
                (("Winchester", _ALL),), "TTO-F-118"),
    SampleEvent("USA-2025-0410", "MD-25-77120", "2025-12-20", "Miami", "gun-02",
                (("Federal", _ALL), ("Federal", _OWN))),
    SampleEvent("USA-2025-0295", "MD-25-40933", "2025-07-08", "Fort Lauderdale", "gun-08",
                (("Winchester", _ALL),)),
    SampleEvent("USA-2025-0316", "MD-25-T-0210", "2025-07-29", "Miami", "gun-08",
                (("Winchester", _ALL), ("Fiocchi", _OWN)), "USA-FL-2091"),
)  # fmt: skip
