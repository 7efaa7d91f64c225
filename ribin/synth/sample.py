"""Series of synthetic scans with labels; and `sample_data/`, the cases of five countries."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from ribin.cases.csv_files import write_csv
from ribin.cases.exhibits import ExhibitKind, Scope
from ribin.errors import ParameterError
from ribin.synth.breech import BreechFace
from ribin.synth.cartridge import Primer, fire
from ribin.synth.firearm import Aperture, Firearm, FirearmSpec, consecutive_slides, make_firearm
from ribin.synth.write import encode_x3p, write_x3p

# The cases of `sample_data/`: who found what, when, and which firearm marked it.
#
# All of it is invented. The ammunition's figures are not measurements of those brands.

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


SAMPLE_SEED = 2
_MANIFEST = (
    *("file", "member", "event", "case_number", "date", "place", "exhibit", "kind"),
    *("calibre", "firing_pin_shape", "breech_face_type", "ammunition", "firearm", "sharing"),
)
_LABELS = ("file", "firearm", "ammunition")


def write_sample_data(folder: str | Path, seed: int = SAMPLE_SEED) -> tuple[Path, ...]:
    """Write the sample data into a folder, made if absent; same-named files are replaced.

    Returns tuple of Path: what was written: scans, exhibits.csv, labels.csv, network.toml,
    README.md. The same seed writes the same bytes.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in sample_files(seed):
        (target / name).write_bytes(content)
        written.append(target / name)
    return tuple(written)


def sample_files(seed: int = SAMPLE_SEED) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the sample data, one after the other."""
    firearms: dict[str, Firearm] = {}
    manifest, labels = [], []
    for place, event in enumerate(EVENTS):
        if event.gun not in firearms:
            firearms |= _make_firearm(event.gun, seed)
        for number, (ammunition, sharing) in enumerate(event.cases, start=1):
            row = _manifest_row(event, number, firearms[event.gun])
            row |= {"ammunition": ammunition, "sharing": sharing.value}
            manifest.append(row)
            labels.append({"file": row["file"], "firearm": event.gun, "ammunition": ammunition})
            scan = fire(
                firearms[event.gun],
                10 * place + number,
                primer=AMMUNITION[ammunition],
                measured_on=str(date.fromisoformat(event.date) + timedelta(2 + 5 * place % 8)),
            )
            yield row["file"], encode_x3p(scan)
    yield "exhibits.csv", _csv_bytes(_MANIFEST, manifest)
    yield "labels.csv", _csv_bytes(_LABELS, sorted(labels, key=lambda row: row["file"]))
    yield "network.toml", NETWORK_TOML.encode()
    yield "README.md", README.format(seed=seed).encode()


def _make_firearm(gun: str, seed: int) -> dict[str, Firearm]:
    """The firearm of this name, with those that were cut in one series with it."""
    if gun in SLIDES:
        slides = consecutive_slides(len(SLIDES), seed, SLIDE_SHARE, SLIDE_SPEC)
        return dict(zip(SLIDES, slides, strict=True))
    return {gun: make_firearm(1000 * seed + list(FIREARMS).index(gun), FIREARMS[gun])}


def _manifest_row(event: SampleEvent, number: int, firearm: Firearm) -> dict[str, str]:
    exhibit = f"{event.event}-{number}"
    fields = firearm.class_fields
    return {
        "file": f"{exhibit}.x3p",
        "member": event.member,
        "event": event.event,
        "case_number": event.case_number,
        "date": event.date,
        "place": event.place,
        "exhibit": exhibit,
        "kind": event.kind.value,
        "calibre": fields.calibre,
        "firing_pin_shape": fields.firing_pin_shape,
        "breech_face_type": fields.breech_face_type,
        "firearm": event.firearm,
    }


def _csv_bytes(columns: tuple[str, ...], rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    write_csv(text, columns, rows, line_end="\n")
    return text.getvalue().encode()


# The texts that go with the sample scans.

NETWORK_TOML = (
    "# The sample network. Vault folders are relative to this file.\n\n"
    + "".join(
        f'[members.{code}]\nname = "{name}"\nvault = "vaults/{code}"\n\n'
        for code, name in MEMBERS.items()
    )
    + "[clusters]\nCARICOM-3 = ["
    + ", ".join(f'"{code}"' for code in LINKED_STATES)
    + "]\n"
)

README = f"""# Sample data

24 scans of breech-face marks that no firearm made: `ribin.synth` simulated 10 firearms, fired
them, and measured and masked the marks (10 um pitch, NaN outside the ring, heights in um with
form, noise and holes). Events, case numbers and dates are invented; the names of ammunition stand
for invented primers.

| file | what it is |
|---|---|
| `*.x3p` | one scan of one exhibit; says nothing of the firearm |
| `exhibits.csv` | manifest for `ribin enrol --manifest`; `firearm` only for test fires |
| `labels.csv` | the truth, for `ribin evaluate sample_data` |
| `network.toml` | five members; Barbados, Belize and Jamaica are linked as CARICOM-3 |

Two firearms crossed a border:

- gun-01. `{QUERY_FILE}` (Jamaica, evidence) is the query of the demo. It has no mate in
  Jamaica. `BLZ-2025-0042-1.x3p` is to be seen from scope `cluster`, `TTO-2025-0088-1.x3p` from
  scope `network`.
- gun-02. `{NETWORK_QUERY_FILE}` (Jamaica, evidence). `USA-2025-0410-1.x3p` is to be seen in scope
  `network` only; `USA-2025-0410-2.x3p` is shared with nobody (`country`).

gun-03 (Jamaica) and gun-04 (Barbados) are slides cut one after the other with one tool: they share
subclass marks, and a case of one is no mate of a case of the other.

To make it all again, byte for byte, in Python:

    from ribin.synth.sample import write_sample_data
    write_sample_data("sample_data", seed={{seed}})
"""


# A series of synthetic scans in a folder, with the labels that `ribin evaluate` reads.

_SEEDS_APART = 1_000_000  # so that series of neighbouring seeds share no firearm


@dataclass(frozen=True)
class Series:
    """How many cases of how many firearms, and how strongly they are marked."""

    firearms: int
    cases: int
    seed: int
    mark_strength: float


def write_series(folder: Path, series: Series, progress: Callable[[str, int, int], None]) -> int:
    """Write the scans and labels.csv into a new or empty folder; gives the number of scans.

    Raises
    ------
    ParameterError
        The folder holds something already, or cannot be written.
    """
    total = series.firearms * series.cases
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ParameterError(f"{folder}: an empty folder needed, found files in it")
        labels = []
        for number, (name, firearm, shot) in enumerate(_shots(series), start=1):
            scan = fire(firearm, shot, mark_strength=series.mark_strength)
            file = f"case-{number:05d}.x3p"
            write_x3p(scan, folder / file)
            labels.append({"file": file, "firearm": name})
            progress("firing", number, total)
        (folder / "labels.csv").write_bytes(_csv_bytes(_LABELS[:2], labels))
    except OSError as error:
        raise ParameterError(f"{folder}: a folder to write needed, {error.strerror}") from error
    return total


def _shots(series: Series) -> Iterator[tuple[str, Firearm, int]]:
    """Each case's firearm, by name, and the chance of its shot; kinds of face take turns."""
    faces = tuple(BreechFace)
    for number in range(series.firearms):
        spec = FirearmSpec(breech_face=faces[number % len(faces)])
        firearm = make_firearm(series.seed * _SEEDS_APART + number, spec)
        for case in range(series.cases):
            yield f"firearm-{number + 1:04d}", firearm, case
