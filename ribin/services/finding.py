"""What `ribin doctor` finds of one thing that it looks at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ribin.errors import RibinError


class State(StrEnum):
    """How a finding is to be taken."""

    GOOD = "good"
    OPTIONAL = "optional"  # not there, and only needed for what it says
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `next_step` says what mends it."""

    area: str
    state: State
    found: str
    next_step: str = ""


class UnfitError(Exception):
    """What was found is not as it must be; the second argument says what mends it."""


def finding(area: str, look: Callable[[], str], step: str = "") -> Finding:
    """Look at one thing; what cannot be looked at is unfit, and the finding says why.

    `step` says what mends a thing that cannot be looked at.
    """
    try:
        return Finding(area, State.GOOD, look())
    except UnfitError as unfit:
        found, step = unfit.args
        return Finding(area, State.BAD, found, step)
    except (RibinError, OSError, ImportError) as error:
        return Finding(area, State.BAD, str(error), step)
