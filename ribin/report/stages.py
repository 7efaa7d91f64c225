"""The kept results of the stages as files that any program with numpy opens."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ribin.errors import ParameterError
from ribin.report.json_text import as_json
from ribin.trace import Trace


def write_trace(trace: Trace, folder: Path) -> None:
    """Write `NN-stage.npz` with the arrays and `NN-stage.json` with the rest of each stage.

    Raises
    ------
    ParameterError
        The folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number, (stage, results) in enumerate(trace, start=1):
            path = folder / f"{number:02d}-{stage.replace(' ', '-')}"
            arrays = {k: v for k, v in results.items() if isinstance(v, np.ndarray)}
            others = {k: v for k, v in results.items() if k not in arrays}
            if arrays:
                np.savez_compressed(path.with_suffix(".npz"), allow_pickle=False, **arrays)
            if others:
                path.with_suffix(".json").write_text(as_json(others) + "\n", encoding="utf-8")
    except OSError as error:
        raise ParameterError(f"{folder}: a folder to write needed, {error.strerror}") from error
