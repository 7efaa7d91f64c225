"""Numbers as they come in an address or a form."""

from __future__ import annotations

_DIGITS = 9


def whole_number(text: str) -> int:
    """The number; 0 where it is none, or longer than any of ours."""
    return int(text) if text.isdecimal() and len(text) <= _DIGITS else 0
