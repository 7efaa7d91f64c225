"""Named intermediate results, kept only when somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np


class Trace:
    """What each stage made, in order, under the stage's name.

    Stages call `trace.keep("levelled", surface_um=..., valid=...)`. The default trace of every
    function is `NO_TRACE`, which keeps nothing and costs nothing.
    """

    def __init__(self) -> None:
        self._kept: list[tuple[str, dict[str, Any]]] = []

    def keep(self, stage: str, **results: Any) -> None:
        """Keep a copy of each result (arrays, numbers or text) under `stage`."""
        copied = {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in results.items()}
        self._kept.append((stage, copied))

    def __iter__(self) -> Iterator[tuple[str, dict[str, Any]]]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


class _NoTrace(Trace):
    def keep(self, stage: str, **results: Any) -> None:
        pass


NO_TRACE = _NoTrace()
