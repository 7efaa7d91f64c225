"""What to do next about a refusal, where a page of this application or a command mends it."""

from __future__ import annotations

_STEPS = (
    ("reason needed beyond the country", "go back and write it into the field Reason"),
    ("needed, found no role", "`ribin people appoint` gives a role"),
    ("not of this session, or forgotten", "search again from the page of the exhibit"),
)


def with_next_step(line: str) -> str:
    """The line that says why nothing was done, and what to do where that is known."""
    return next((f"{line}; {step}" for said, step in _STEPS if said in line), line)
