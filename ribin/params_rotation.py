"""How far one mark may be turned against the other, for every type of mark at once."""

from __future__ import annotations

import dataclasses
from typing import Any

from ribin.errors import ParameterError
from ribin.params.defaults import MethodParams, Params

ANY_ROTATION_DEG = 180.0  # to either side: the whole circle


def with_rotation(params: Params, range_deg: float) -> Params:
    """The same parameters, searching turns from -`range_deg` to `range_deg`.

    Templates stay valid: `Params.template_id` does not depend on the range; `params_id` does.

    Raises
    ------
    ParameterError
        The range is not between 0 and 180 degrees.
    """
    if not 0.0 <= range_deg <= ANY_ROTATION_DEG:
        raise ParameterError(f"rotation: 0 to {ANY_ROTATION_DEG:g} needed, found {range_deg:g}")
    methods: dict[str, Any] = {
        group.name: _turned(method, range_deg)
        for group in dataclasses.fields(params)
        if isinstance(method := getattr(params, group.name), MethodParams)
    }
    return dataclasses.replace(params, **methods)


def _turned(method: MethodParams, range_deg: float) -> MethodParams:
    correlate = dataclasses.replace(method.correlate, rotation_range_deg=range_deg)
    return dataclasses.replace(method, correlate=correlate)
