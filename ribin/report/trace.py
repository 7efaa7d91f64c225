"""What the stages kept in a trace, as files that any program with numpy opens, and their index."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path

import numpy as np

from ribin.cases.csv_files import write_csv
from ribin.errors import ParameterError
from ribin.model import Trace
from ribin.params.defaults import MethodParams
from ribin.report.json import as_json

INDEX = "index.csv"
COLUMNS = ("file", "name", "shape", "unit", "holds")


def write_trace_files(traces: Mapping[str, Trace], folder: Path, method: MethodParams) -> None:
    """Write a folder for each trace, and `index.csv`: what each file holds, in which unit.

    In them are `NN-stage.npz` with the arrays and `NN-stage.json` with the rest of each stage.

    Raises ParameterError: the folder cannot be made or written.
    """
    try:
        rows = [
            (f"{name}/{file}", *rest)
            for name, trace in traces.items()
            for file, *rest in _write(trace, folder / name, method)
        ]
        with (folder / INDEX).open("w", newline="", encoding="utf-8") as stream:
            write_csv(stream, COLUMNS, rows)
    except OSError as error:
        raise ParameterError(f"{folder}: a folder to write needed, {error.strerror}") from error


def _write(trace: Trace, folder: Path, method: MethodParams) -> Iterator[tuple[str, ...]]:
    """Write the files of one trace; for each result its file, name, shape, unit and meaning."""
    folder.mkdir(parents=True, exist_ok=True)
    known = tomllib.loads(files("ribin.report").joinpath("trace.toml").read_text(encoding="utf-8"))
    for number, (stage, results) in enumerate(trace, start=1):
        path = folder / f"{number:02d}-{stage.replace(' ', '-')}"
        arrays = {k: v for k, v in results.items() if isinstance(v, np.ndarray)}
        others = {k: v for k, v in results.items() if k not in arrays}
        if arrays:
            np.savez_compressed(path.with_suffix(".npz"), allow_pickle=False, **arrays)
        if others:
            path.with_suffix(".json").write_text(as_json(others) + "\n", encoding="utf-8")
        for name, value in results.items():
            unit, holds = known.get(stage, {}).get(name, ("", ""))
            shape = " x ".join(map(str, np.shape(value))) if name in arrays else ""
            suffix = ".npz" if name in arrays else ".json"
            yield path.name + suffix, name, shape, unit.format(m=method), holds.format(m=method)
