"""What all benchmarks share: their options, the facts of the machine, one JSON, the change since.

A result is one JSON object: `benchmark`, `machine`, `params_id`, and the figures under `rows`,
each with a `name`. A baseline is an earlier result of the same benchmark.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ribin.errors import FormatError
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.report.json import plain_value
from ribin.report.table import table

ROOT = Path(__file__).parents[1]
LIBRARIES = ("ribin", "numpy", "scipy", "numba", "opencv-python-headless", "scikit-image")
_SAME = 1e-9  # relative; nearer figures are the same


def options(description: str, benchmark: str) -> argparse.ArgumentParser:
    """A parser with what every benchmark takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="a small part, to see that it runs")
    parser.add_argument("--baseline", type=Path, help="an earlier JSON: print the change")
    default = Path(f"/tmp/ribin-{benchmark}.json") if os.name == "posix" else None
    parser.add_argument("--out", type=Path, default=default, help=f"JSON to write ({default})")
    return parser


def machine(threads: int) -> dict[str, Any]:
    """Where and with what the figures were made."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in LIBRARIES},
        "threads": threads,
        "commit": _commit(),
    }


def finish(
    benchmark: str,
    rows: Sequence[Any],
    threads: int,
    chosen: argparse.Namespace,
    params_id: str = DEFAULT_PARAMS.params_id,
    **facts: Any,
) -> None:
    """Write the JSON, say where, and print the change against the baseline."""
    result = {
        "benchmark": benchmark,
        "machine": machine(threads),
        "params_id": params_id,
        **facts,
        "rows": rows,
    }
    plain = plain_value(result)
    if chosen.out:
        chosen.out.write_text(json.dumps(plain, indent=1, allow_nan=False), encoding="utf-8")
        print(f"\nwritten: {chosen.out}")
    if chosen.baseline:
        print(f"\nchange since {chosen.baseline}")
        print(change(read_result(chosen.baseline, benchmark), plain))


def read_result(path: Path, benchmark: str) -> dict[str, Any]:
    """An earlier result.

    Raises
    ------
    FormatError
        The file is not the JSON of this benchmark.
    """
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FormatError(f"{path}: a JSON file of a benchmark needed, {error}") from error
    found = result.get("benchmark") if isinstance(result, dict) else None
    if found != benchmark:
        raise FormatError(f"{path}: a result of {benchmark} needed, found {found}")
    return dict(result)


def change(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """A table of the figures that differ, by the names of their rows."""
    old, new = ({row["name"]: dict(_leaves(row)) for row in r["rows"]} for r in (before, now))
    rows: list[tuple[str, str, Any, Any, Any]] = []
    for name in [*new, *(name for name in old if name not in new)]:
        if name not in old or name not in new:
            rows.append((name, "the row", name in old, name in new, ""))
            continue
        for key in new[name]:
            was, is_now = old[name].get(key), new[name][key]
            if not _same(was, is_now):
                rows.append((name, key, was, is_now, _difference(was, is_now)))
    header = ("row", "figure", "before", "now", "change")
    return table(header, [[_short(v) for v in row] for row in rows]) if rows else "none"


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _leaves(item, f"{path}.{place}")
    else:
        yield path, value


def _same(was: Any, now: Any) -> bool:
    if isinstance(was, (int, float)) and isinstance(now, (int, float)):
        return abs(was - now) <= _SAME * max(abs(was), abs(now))
    return bool(was == now)


def _difference(was: Any, now: Any) -> Any:
    numbers = isinstance(was, (int, float)) and isinstance(now, (int, float))
    return f"{now - was:+.4g}" if numbers else ""


def _short(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((li.partition(":")[2].strip() for li in lines if li.startswith("model name")), "")


def _commit() -> str:
    """The commit of the checkout, with "+" where files differ; empty without git."""
    git = ["git", "-C", str(ROOT)]
    try:
        head = subprocess.run(
            [*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True
        )
        changed = subprocess.run(
            [*git, "status", "--porcelain", "--untracked-files=no"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")
