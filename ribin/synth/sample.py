"""`sample_data/`: small synthetic scans of five countries, their manifest and their truth."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from ribin.synth.firearm import Firearm, consecutive_slides, make_firearm
from ribin.synth.firing import fire
from ribin.synth.plan import (
    AMMUNITION,
    EVENTS,
    FIREARMS,
    QUERY_FILE,
    SLIDE_SHARE,
    SLIDE_SPEC,
    SLIDES,
    SampleEvent,
)
from ribin.synth.sample_text import NETWORK_TOML, README
from ribin.synth.write import encode_x3p

SAMPLE_SEED = 2
DEMO_QUERY = ("JAM", Path(QUERY_FILE).stem)  # member and exhibit
_MANIFEST = (
    *("file", "member", "event", "case_number", "date", "place", "exhibit", "kind"),
    *("calibre", "firing_pin_shape", "breech_face_type", "ammunition", "firearm", "sharing"),
)
_LABELS = ("file", "firearm", "ammunition")


def write_sample_data(folder: str | Path, seed: int = SAMPLE_SEED) -> tuple[Path, ...]:
    """Write the sample data into a folder, made if absent; same-named files are replaced.

    Returns
    -------
    tuple of Path
        What was written: scans, exhibits.csv, labels.csv, network.toml, README.md. The same seed
        writes the same bytes.
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
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
