"""A TOML file that overrides parameters."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

from ribin.errors import ParameterError
from ribin.params.defaults import Params
from ribin.params_rules import find_problem


def load_params(path: str | Path) -> Params:
    """Read a TOML file whose sections and keys override the defaults.

    Parameters
    ----------
    path : str or Path
        UTF-8; a section is a field of `Params`, a key of it a field of that group, whose name
        says its unit: `[breech_face.preprocess]`, `low_cutoff_um = 20.0`.

    Returns
    -------
    Params
        The defaults where the file says nothing.

    Raises
    ------
    ParameterError
        The file cannot be read, names a section, key or type that does not exist, or a value
        that cannot be used.
    """
    try:
        tables = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ParameterError(
            f"{path}: a TOML file of parameters needed, {error.strerror}"
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ParameterError(f"{path}: a TOML file of parameters needed, {error}") from error
    params: Params = _override(Params(), tables, str(path))
    if problem := find_problem(params):
        raise ParameterError(f"{path}: {problem}")
    return params


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
        if len(value) != len(old):
            raise ParameterError(f"{where} needs {len(old)} values, found {len(value)}")
        return tuple(_same_type(o, v, where) for o, v in zip(old, value, strict=True))
    if isinstance(old, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(old):
        raise ParameterError(f"{where} needs {type(old).__name__}, found {value!r}")
    return value
