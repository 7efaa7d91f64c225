"""Every tuned number, with its unit in its name and its source in its comment."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ribin.errors import ParameterError


@dataclass(frozen=True)
class ReadParams:
    """Limits of what a reader accepts."""

    max_unpacked_mib: int = 1024  # a zip that unpacks to more is refused as a bomb
    max_pixels: int = 100_000_000  # 10,000 x 10,000: four times the largest sensor met
    min_pitch_um: float = 0.05  # below light's resolution: the unit must be wrong
    max_pitch_um: float = 100.0  # fewer than 40 pixels across a primer
    max_pitch_ratio: float = 4.0  # rows against columns; beyond it the scan is not areal
    max_file_mib: int = 1024  # what a laboratory machine holds in memory several times over
    max_main_xml_mib: int = 16  # ISO 25178-72 wants more than 10,000 points in a binary file
    max_relief_um: float = 10_000.0  # deeper than any mark: the unit of the heights must be wrong
    max_tilt_deg: float = 5.0  # levelling takes it out; a surface that leans more was turned over
    max_field_mm: float = 40.0  # twice the largest case head (.50 BMG, 20.4 mm)


@dataclass(frozen=True)
class SearchParams:
    """How many marks of one member go on from the coarse to the fine stage, and in what portions.

    The shortlist holds the larger of the two numbers, so a small vault is compared wholly.
    """

    shortlist_min_marks: int = 50  # some seconds of fine comparisons: no reason to cut below it
    # At 50 um every mate of the real scans is at rank 1 of 39 (DESIGN, decision 4): within 3 %.
    # Weaker marks need room; one fifth keeps it and still saves most of the time.
    shortlist_share: float = 0.2
    index_shard_marks: int = 4096  # about 40 MB of coarse vectors: what one new mark rewrites
    batch_marks: int = 256  # templates in memory at once in the fine stage, about 100 MB


@dataclass(frozen=True)
class Params:
    """All parameters of the method; `params_id` names the set."""

    read: ReadParams = field(default_factory=ReadParams)
    search: SearchParams = field(default_factory=SearchParams)

    @property
    def params_id(self) -> str:
        """Twelve hexadecimal digits that change when any number of the method changes."""
        method = {k: v for k, v in dataclasses.asdict(self).items() if k not in _NOT_METHOD}
        text = json.dumps(method, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


# They change what is accepted or shortlisted, not how a pair scores.
_NOT_METHOD = ("read", "search")

DEFAULT_PARAMS = Params()


def load_params(path: str | Path) -> Params:
    """Read a TOML file whose sections and keys override the defaults.

    Raises
    ------
    ParameterError
        The file cannot be read, or names a section, key or type that does not exist.
    """
    try:
        tables = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ParameterError(f"{path}: a TOML file of parameters needed, {error}") from error
    return _override(Params(), tables, str(path))


def _override(group: Any, table: dict[str, Any], where: str) -> Any:
    known = {f.name: getattr(group, f.name) for f in dataclasses.fields(group)}
    changes: dict[str, Any] = {}
    for name, value in table.items():
        if name not in known:
            raise ParameterError(f"{where}: no parameter {name!r}; known: {', '.join(known)}")
        old = known[name]
        if dataclasses.is_dataclass(old):
            if not isinstance(value, dict):
                raise ParameterError(f"{where}: {name} needs a section, found {value!r}")
            changes[name] = _override(old, value, f"{where}: {name}")
        else:
            changes[name] = _same_type(old, value, f"{where}: {name}")
    return dataclasses.replace(group, **changes)


def _same_type(old: Any, value: Any, where: str) -> Any:
    if isinstance(old, tuple) and isinstance(value, list):
        return tuple(_same_type(o, v, where) for o, v in zip(old, value, strict=True))
    if isinstance(old, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(old):
        raise ParameterError(f"{where} needs {type(old).__name__}, found {value!r}")
    return value
