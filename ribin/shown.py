"""Values that a notebook shows as more than their name.

What a `Mark` or a `Comparison` looks like is the business of the room that draws it. The package,
which knows all rooms, says once where the looks are; they are imported when a notebook asks.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_looks_in = ""


def looks_are_in(module: str) -> None:
    """Say which module has the looks: `LOOKS`, by (name of a class, "html" or "png")."""
    global _looks_in
    _looks_in = module


class Shown:
    """A value with `_repr_html_` and `_repr_png_`; where it has no such look, they give None.

    None makes a notebook go on to the next way of showing a value, and in the end to its `repr`.
    """

    def _repr_html_(self) -> str | None:
        return self._look("html")

    def _repr_png_(self) -> bytes | None:
        return self._look("png")

    def _look(self, kind: str) -> Any:
        looks = import_module(_looks_in).LOOKS if _looks_in else {}
        draw = looks.get((type(self).__name__, kind))
        return draw(self) if draw else None
