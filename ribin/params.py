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


@dataclass(frozen=True)
class Params:
    """All parameters of the method; `params_id` names the set."""

    read: ReadParams = field(default_factory=ReadParams)

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
