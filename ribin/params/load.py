"""Parameters that a laboratory sets: a TOML file over the defaults, and a range of rotation.

What a value can be is checked here: ranges by the end of a name, and what two parameters owe each
other.
"""

from __future__ import annotations

import dataclasses
import math
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from ribin.errors import ParameterError
from ribin.input_file import read_input
from ribin.params.defaults import MethodParams, Params

ANY_ROTATION_DEG = 180.0  # to either side: the whole circle


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
        tables = tomllib.loads(read_input(Path(path), 1).decode("utf-8"))
    except OSError as error:
        raise ParameterError(
            f"{path}: a TOML file of parameters needed, {error.strerror}"
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ParameterError(f"{path}: a TOML file of parameters needed, {error}") from error
    return params_of(tables, str(path))


def params_of(tables: Any, where: str) -> Params:
    """The defaults with what sections and keys override; `where` stands in messages.

    Raises ParameterError: as `load_params`.
    """
    if not isinstance(tables, dict):
        raise ParameterError(f"{where}: sections of parameters needed, found none")
    params: Params = _override(Params(), tables, where)
    if problem := find_problem(params):
        raise ParameterError(f"{where}: {problem}")
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


def with_rotation(params: Params, range_deg: float) -> Params:
    """The same parameters, searching turns from -`range_deg` to `range_deg`, all of them alike.

    Templates stay valid: `Params.template_id` does not depend on the range; `params_id` does.

    Raises ParameterError: the range is not between 0 and 180 degrees.
    """
    if not 0.0 <= range_deg <= ANY_ROTATION_DEG:
        raise ParameterError(f"rotation: 0 to {ANY_ROTATION_DEG:g} needed, found {range_deg:g}")
    methods: dict[str, Any] = {}
    for name, method in vars(params).items():
        if isinstance(method, MethodParams):
            correlate = dataclasses.replace(
                method.correlate, rotation_range_deg=range_deg, mounting_deg=range_deg
            )
            methods[name] = dataclasses.replace(method, correlate=correlate)
    return dataclasses.replace(params, **methods)


# Which values a parameter can have.


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`; without `low` itself where `above`."""

    low: float
    high: float = math.inf
    above: bool = False

    def holds(self, value: float) -> bool:
        """Whether a finite number lies in it; `nan` lies nowhere."""
        inside = self.low < value if self.above else self.low <= value
        return inside and value <= self.high and math.isfinite(value)

    def __str__(self) -> str:
        low = f"more than {self.low:g}" if self.above else f"{self.low:g}"
        if math.isinf(self.high):
            return low if self.above else f"{low} or more"
        return f"{low} and at most {self.high:g}" if self.above else f"{low} to {self.high:g}"


_SHARE = Range(0, 1)
_ANY_LENGTH = Range(0)
_COUNT = Range(1)
_MORE = Range(0, above=True)
# The end of a parameter's name, and its range; the first that fits counts.
_BY_NAME = (
    # lengths and angles that may be nothing: no margin, no search, no rings
    *((name, _ANY_LENGTH) for name in ("edge_um", "inner_um", "ring_um", "seed_distance_um")),
    *((name, _ANY_LENGTH) for name in ("shift_range_um", "medium_shift_um", "search_radius_um")),
    ("seed_distance_deg", Range(0, 180)),
    ("rotation_range_deg", Range(0, 180)),
    ("mounting_deg", Range(0, 180)),
    ("beyond_lead", Range(1)),
    ("max_tilt_deg", Range(0, 90)),
    ("max_angle_deg", Range(0, 180)),
    ("_deg", Range(0, 180, above=True)),
    *((unit, _MORE) for unit in ("_um", "_mm", "_mm2", "_scale", "_sigmas", "clip", "clip_mads")),
    ("max_pitch_ratio", Range(1)),
    *((name, _SHARE) for name in ("_share", "min_fill", "_overlap", "_directions", "coverage")),
    *((name, _SHARE) for name in ("max_glare", "max_white", "min_contrast", "saturation")),
    ("beyond_handicap", _SHARE),
    ("min_ccf", Range(-1, 1)),
    ("form_degree", Range(0, 8)),  # beyond it, a surface is not fitted but followed
    *((name, Range(0)) for name in ("fine_rotation_steps", "rounds")),
    *(
        (name, _SHARE)
        for name in ("tile_quantile", "left_out", "remarked_left_out", "min_kept", "min_left_out")
    ),
    ("first_degree", Range(0, 8)),
    *((name, Range(0, 100)) for name in ("rest_scores", "most_with_lines", "rest_from")),
)
_RISING = (
    "bands_um",
    "coarse_band_um",
    "rest_scores",
    "most_with_lines",
)  # each value above the last
# Of one type of mark: a parameter, what it must be of another, and the other.
_MULTIPLES = (
    ("describe.pitch_um", "preprocess.working_pitch_um"),
    ("describe.medium_pitch_um", "preprocess.working_pitch_um"),
    ("correlate.coarse_rotation_step_deg", "correlate.medium_rotation_step_deg"),
)
_AT_LEAST = (
    ("preprocess.high_cutoff_um", "preprocess.low_cutoff_um"),
    ("preprocess.frame_um", "describe.cell_um"),
)


def find_problem(params: Any) -> str:
    """The first parameter that cannot be used: where, what is needed, what was found; or empty.

    `params` is a dataclass of dataclasses such as `ribin.params.defaults.Params`.
    """
    return next(_problems(params, ""), "")


def _problems(group: Any, where: str) -> Iterator[str]:
    values = {field.name: getattr(group, field.name) for field in dataclasses.fields(group)}
    for name, value in values.items():
        if dataclasses.is_dataclass(value):
            yield from _problems(value, f"{where}{name}.")
            continue
        if isinstance(value, str):
            continue
        for number in value if isinstance(value, tuple) else (value,):
            allowed = _range_of(name, number)
            if not allowed.holds(number):
                yield f"{where}{name}: {allowed} needed, found {number:g}"
        if name in _RISING and any(later <= number for number, later in pairwise(value)):
            found = ", ".join(f"{number:g}" for number in value)
            yield f"{where}{name}: each value above the one before needed, found {found}"
    for name, value in values.items():
        least = values.get(f"min_{name.removeprefix('max_')}") if name[:4] == "max_" else None
        if least is not None and value < least:
            yield f"{where}{name}: min_{name[4:]} ({least:g}) or more needed, found {value:g}"
    if {"preprocess", "describe", "correlate"} <= values.keys():
        yield from _relation_problems(group, where)


def _range_of(name: str, number: float) -> Range:
    usual = _COUNT if isinstance(number, int) else Range(0)
    return next((allowed for end, allowed in _BY_NAME if name.endswith(end)), usual)


def _relation_problems(method: Any, where: str) -> Iterator[str]:
    for name, other in _MULTIPLES:
        value, unit = _value(method, name), _value(method, other)
        times = value / unit
        if round(times) < 1 or not math.isclose(times, round(times), rel_tol=1e-9):
            needed = f"a whole multiple of {other} ({unit:g}) needed"
            yield f"{where}{name}: {needed}, found {value:g}"
    for name, other in _AT_LEAST:
        value, least = _value(method, name), _value(method, other)
        if value < least:
            yield f"{where}{name}: {other} ({least:g}) or more needed, found {value:g}"


def _value(method: Any, name: str) -> float:
    group, key = name.split(".")
    return float(getattr(getattr(method, group), key))
