"""Findings of `ribin doctor` for a person, and how bad they are."""

from __future__ import annotations

import click

from ribin.services.doctor import Finding, State

_SIGNS = {State.GOOD: ("ok", "green"), State.OPTIONAL: ("-", "yellow"), State.BAD: ("BAD", "red")}
_PROGRAM = {"program", "libraries", "compiled kernels", "self test", "speed"}
_AREA = 16  # width of the column that names what was looked at


def finding_line(finding: Finding) -> str:
    """What was found, and under it what mends it."""
    sign, colour = _SIGNS[finding.state]
    line = f"{click.style(f'{sign:<4}', fg=colour)} {finding.area:<{_AREA}}  {finding.found}"
    return f"{line}\n{'':<{_AREA + 7}}{finding.next_step}" if finding.next_step else line


def is_bad(finding: Finding) -> bool:
    """Whether something is not as it must be."""
    return finding.state is State.BAD


def program_is_bad(finding: Finding) -> bool:
    """Whether the program itself cannot be relied on."""
    return is_bad(finding) and finding.area in _PROGRAM
