"""Series of synthetic scans with labels; and `sample_data/`, the cases of five countries."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

import msgspec

from ribin.cases.csv_files import write_csv
from ribin.cases.exhibits import ExhibitKind, Scope
from ribin.errors import ParameterError
from ribin.synth.breech import BreechFace
from ribin.synth.cartridge import Primer, fire
from ribin.synth.firearm import Firearm, FirearmSpec, consecutive_slides, make_firearm
from ribin.synth.write import encode_x3p, write_x3p
from ribin.workers import OnProgress

QUERY_FILE = "JAM-2026-0007-1.x3p"  # mates in BLZ (cluster) and TTO (network), none in JAM
_TEXTS = files("ribin.synth") / "sample_data"


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


@dataclass(frozen=True)
class SampleSlides:
    """Firearms whose slides were cut one after the other with one tool."""

    guns: tuple[str, ...]
    shared: float
    spec: FirearmSpec


@dataclass(frozen=True)
class SampleCases:
    """What `cases.toml` holds: what fired, and what was found where."""

    ammunition: dict[str, Primer]
    firearms: dict[str, FirearmSpec]
    slides: SampleSlides
    events: tuple[SampleEvent, ...]


def sample_cases() -> SampleCases:
    """Those of `cases.toml`, the same at every call."""
    return msgspec.toml.decode(_TEXTS.joinpath("cases.toml").read_bytes(), type=SampleCases)


SAMPLE_SEED = 2
_MANIFEST = (
    *("file", "member", "event", "case_number", "date", "place", "exhibit", "kind"),
    *("calibre", "firing_pin_shape", "breech_face_type", "ammunition", "firearm", "sharing"),
)
_LABELS = ("file", "firearm", "ammunition")


def write_sample_data(folder: str | Path, seed: int = SAMPLE_SEED) -> tuple[Path, ...]:
    """Write the sample data into a folder, made if absent; same-named files are replaced.

    The same seed writes the same bytes: scans, exhibits.csv, labels.csv, network.toml, README.md.
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
    cases = sample_cases()
    for place, event in enumerate(cases.events):
        if event.gun not in firearms:
            firearms |= _make_firearm(event.gun, cases, seed)
        for number, (ammunition, sharing) in enumerate(event.cases, start=1):
            row = _manifest_row(event, number, firearms[event.gun])
            row |= {"ammunition": ammunition, "sharing": sharing.value}
            manifest.append(row)
            labels.append({"file": row["file"], "firearm": event.gun, "ammunition": ammunition})
            scan = fire(
                firearms[event.gun],
                10 * place + number,
                primer=cases.ammunition[ammunition],
                measured_on=str(date.fromisoformat(event.date) + timedelta(2 + 5 * place % 8)),
            )
            yield row["file"], encode_x3p(scan)
    yield "exhibits.csv", _csv_bytes(_MANIFEST, manifest)
    yield "labels.csv", _csv_bytes(_LABELS, sorted(labels, key=lambda row: row["file"]))
    for name in ("network.toml", "README.md"):
        text = _TEXTS.joinpath(name).read_text(encoding="utf-8")
        yield name, text.replace("{seed}", str(seed)).encode()


def _make_firearm(gun: str, cases: SampleCases, seed: int) -> dict[str, Firearm]:
    """The firearm of this name, with those that were cut in one series with it."""
    slides = cases.slides
    if gun in slides.guns:
        made = consecutive_slides(len(slides.guns), seed, slides.shared, slides.spec)
        return dict(zip(slides.guns, made, strict=True))
    number = list(cases.firearms).index(gun)
    return {gun: make_firearm(1000 * seed + number, cases.firearms[gun])}


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


# A series of synthetic scans in a folder, with the labels that `ribin evaluate` reads.

_SEEDS_APART = 1_000_000  # so that series of neighbouring seeds share no firearm


@dataclass(frozen=True)
class Series:
    """How many cases of how many firearms, and how strongly they are marked."""

    firearms: int
    cases: int
    seed: int
    mark_strength: float


def write_series(folder: Path, series: Series, progress: OnProgress) -> int:
    """Write the scans and labels.csv into a new or empty folder; gives the number of scans.

    Raises ParameterError: the folder holds something already, or cannot be written.
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
