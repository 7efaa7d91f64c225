"""`ribin doctor`: whether this installation is fit for work."""

from __future__ import annotations

import click

from ribin.commands.options import Call, common_options
from ribin.commands.terminal import NOTHING_DONE, SOME_FAILED, say
from ribin.services.doctor import Finding, State


@click.command(short_help="Check this installation, a vault and a network.")
@click.option("--lines", is_flag=True, help="Try the lines to other members, and nothing else.")
@common_options("vault", "network", "params", "jobs", "json")
def doctor(lines: bool, call: Call) -> None:
    """Check the installation: libraries, compiled kernels, extras, a self test with its speed.

    With --vault and --network it looks at them as well: whether they open, what they hold, the
    room on the disk, the clock, the last row of the audit log. Of each line to another member it
    tries certificate, key, clock, version, parameters, agreement and round trip; with --lines that
    alone. Nothing is changed. `ribin store check` looks at every byte of a vault.

    Exit code: 0 fit for work, 1 something named is not, 3 the program itself is not.

    \b
    Examples:
      ribin doctor
      ribin doctor --vault vaults/JAM --network network.toml --json
      ribin doctor --lines --vault vaults/JAM --network network.toml
    """
    from ribin.report.json import as_json
    from ribin.services.doctor import examine, examine_network

    if lines and call.network_file is None:
        raise click.UsageError("--lines: --network or RIBIN_NETWORK needed, found none")
    findings = []
    for finding in (
        examine_network(call.network_file, call.vault, call.params)
        if lines and call.network_file
        else examine(call.vault, call.network_file, call.jobs, call.params)
    ):
        findings.append(finding)
        if not call.json_output:
            say(finding_line(finding))
    if call.json_output:
        say(as_json({"findings": findings}))
    bad = {finding.area for finding in findings if finding.state is State.BAD}
    if bad:
        code = NOTHING_DONE if bad & _PROGRAM else SOME_FAILED
        raise click.exceptions.Exit(code)


# Findings of `ribin doctor` for a person.

_SIGNS = {State.GOOD: ("ok", "green"), State.OPTIONAL: ("-", "yellow"), State.BAD: ("BAD", "red")}
# Without these the program itself cannot be relied on.
_PROGRAM = {"program", "libraries", "compiled kernels", "self test"}
_AREA = 16  # width of the column that names what was looked at


def finding_line(finding: Finding) -> str:
    """What was found, and under it what mends it."""
    sign, colour = _SIGNS[finding.state]
    line = f"{click.style(f'{sign:<4}', fg=colour)} {finding.area:<{_AREA}}  {finding.found}"
    return f"{line}\n{'':<{_AREA + 7}}{finding.next_step}" if finding.next_step else line
