"""Firearms that mark cartridge cases, with known truth.

tool relief (`breech`, `firearm`) -> mark on the primer (`cartridge`) -> what is measured
(`instrument`, `outline`) -> scan (`firing`) -> file (`write`) -> a set of cases (`plan`, `sample`)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ribin.synth.aperture import Aperture
    from ribin.synth.breech import BreechFace
    from ribin.synth.cartridge import Primer, Shot
    from ribin.synth.firearm import Firearm, FirearmSpec, consecutive_slides, make_firearm
    from ribin.synth.firing import fire
    from ribin.synth.instrument import Instrument
    from ribin.synth.outline import Hand
    from ribin.synth.sample import write_sample_data
    from ribin.synth.write import encode_x3p, write_x3p

__all__ = [
    "Aperture",
    "BreechFace",
    "Firearm",
    "FirearmSpec",
    "Hand",
    "Instrument",
    "Primer",
    "Shot",
    "consecutive_slides",
    "encode_x3p",
    "fire",
    "make_firearm",
    "write_sample_data",
    "write_x3p",
]

_HOME = {
    "aperture": ("Aperture",),
    "breech": ("BreechFace",),
    "cartridge": ("Primer", "Shot"),
    "firearm": ("Firearm", "FirearmSpec", "consecutive_slides", "make_firearm"),
    "firing": ("fire",),
    "instrument": ("Instrument",),
    "outline": ("Hand",),
    "sample": ("write_sample_data",),
    "write": ("encode_x3p", "write_x3p"),
}


def __getattr__(name: str) -> Any:
    # scipy waits until a name is used, so that the command line starts at once
    for module, names in _HOME.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
