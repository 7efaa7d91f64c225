"""What to do next about a refusal, where a command of this program mends it."""

from __future__ import annotations

import re

_STEPS = (
    (
        r"the folder of a vault needed, found none$",
        "`ribin init FOLDER --member CODE` makes one where there is none yet",
    ),
    (r"reason needed beyond the country, found none$", "--reason says it"),
    (r"locked by another program; waited [\d.]+ s$", "try again when that one is done"),
    (r"described with parameters \S+, \S+ needed$", "`ribin store describe` describes them anew"),
    (
        r": an? (mark|breech.face|firing.pin|ejector) needed, found .*$",
        "`ribin extract FILE --overlay found.png` shows what was looked at, --circle outlines it",
    ),
    (
        r"needed, found no role$",
        "--who NAME says who acts; `ribin people appoint NAME --role ROLE` gives a role",
    ),
    (r"exhibit .+ needed, found none of this id$", "`ribin share` lists the exhibits of a vault"),
    (r"an exhibit that \w+ shows in scope \w+ needed, found none$", "`ribin search` lists those"),
    (r"lead .+ needed, found none of this number$", "`ribin lead list` lists the leads"),
    (r": this pair is there already \(.*\)$", "`ribin lead show NUMBER` shows it"),
    (
        r"annotations of the (reference|comparison) .* needed, found those of",
        "name the two items in the order of the page that saved the file",
    ),
    (r"in a folder that is there needed$", "make the folder first, or name another"),
    (r"labels\.csv: a CSV file with columns .* No such file", "its columns are file,firearm"),
)


def with_next_step(line: str) -> str:
    """The line that says why a command ended, and what to do where that is known."""
    for pattern, step in _STEPS:
        if re.search(pattern, line):
            return f"{line}; {step}"
    return line
