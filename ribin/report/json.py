"""A result as the JSON that other programs read."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any


def as_json(result: Any) -> str:
    """JSON text of a dataclass, named tuple, mapping or sequence.

    Field names become keys. A figure that was not computed (NaN) or has no bound (infinite)
    becomes null, because JSON has neither.
    """
    return json.dumps(plain_value(result), indent=2, ensure_ascii=False, allow_nan=False)


def plain_value(value: Any) -> Any:
    """The same content in dicts, lists, text, numbers and None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: plain_value(getattr(value, field.name)) for field in fields}
    if hasattr(value, "_asdict"):  # a named tuple
        value = value._asdict()
    if isinstance(value, dict):
        return {str(key): plain_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_value(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return plain_value(value.tolist())  # numpy's arrays and numbers
