"""Firearms that mark cartridge cases, with known truth.

tool relief (`breech`, `firearm`) -> mark on the primer, what is measured of it and its scan
(`cartridge`) -> file (`write`) -> a set of cases (`sample`)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ribin.synth.breech import BreechFace
    from ribin.synth.cartridge import Hand, Instrument, Primer, Shot, fire
    from ribin.synth.firearm import Aperture, Firearm, FirearmSpec, consecutive_slides, make_firearm
    from ribin.synth.render import Camera, Lamp, Light, render_scan
    from ribin.synth.sample import write_sample_data
    from ribin.synth.write import encode_x3p, write_png, write_x3p

__all__ = [
    "Aperture",
    "BreechFace",
    "Camera",
    "Firearm",
    "FirearmSpec",
    "Hand",
    "Instrument",
    "Lamp",
    "Light",
    "Primer",
    "Shot",
    "consecutive_slides",
    "encode_x3p",
    "fire",
    "make_firearm",
    "render_scan",
    "write_png",
    "write_sample_data",
    "write_x3p",
]

_HOME = {
    "breech": ("BreechFace",),
    "cartridge": ("Hand", "Instrument", "Primer", "Shot", "fire"),
    "firearm": ("Aperture", "Firearm", "FirearmSpec", "consecutive_slides", "make_firearm"),
    "render": ("Camera", "Lamp", "Light", "render_scan"),
    "sample": ("write_sample_data",),
    "write": ("encode_x3p", "write_png", "write_x3p"),
}


def __getattr__(name: str) -> Any:
    # scipy waits until a name is used, so that the command line starts at once
    for module, names in _HOME.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
