"""What to do next about a refusal, where a command of this program mends it."""

from __future__ import annotations

import re

_STEPS = (
    (r"the folder of a vault needed, found none$", "`ribin init FOLDER --member CODE` makes one"),
    (r"reason needed beyond the country, found none$", "--reason says it"),
    (r"locked by another program; waited [\d.]+ s$", "try again when that one is done"),
    (r"described with parameters \S+, \S+ needed$", "`ribin store describe` describes them anew"),
    (
        r": an? (mark|breech_face|firing_pin|ejector) needed, found none$",
        "`ribin extract FILE --overlay found.png` shows what was looked at, --circle outlines it",
    ),
    (r"labels\.csv: a CSV file with columns .* No such file", "its columns are file,firearm"),
)


def with_next_step(line: str) -> str:
    """The line that says why a command ended, and what to do where that is known."""
    for pattern, step in _STEPS:
        if re.search(pattern, line):
            return f"{line}; {step}"
    return line
