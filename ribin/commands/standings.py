"""What `ribin standing` tells, and that it was told."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence

from ribin.cases.saved_search import Finding
from ribin.report.json import as_json
from ribin.report.text import findings_table, standing_table
from ribin.services.saved_searches import StandingRun
from ribin.vault.saved_searches import mark_told, read_findings, read_standing
from ribin.vault.vault import Vault


def standing_output(vault: Vault, ended: bool, json_output: bool) -> str:
    """The searches, and how many exhibits each has brought up."""
    searches = read_standing(vault, ended)
    if json_output:
        return as_json({"standing": searches})
    return standing_table(searches, Counter(one.standing for one in read_findings(vault)))


def found_output(vault: Vault, json_output: bool) -> str:
    """All that was ever found, told or not."""
    findings = read_findings(vault)
    return as_json({"found": findings}) if json_output else _told(vault, findings)


def tell_new(
    vault: Vault, done: StandingRun, who: str, json_output: bool, say: Callable[[str], None]
) -> None:
    """Say what nobody was told yet, and remember afterwards that it was said."""
    findings = read_findings(vault, untold=True)
    value = {"searches": done.made, "found": findings, "failed": done.failed}
    say(as_json(value) if json_output else _told(vault, findings))
    sys.stdout.flush()
    mark_told(vault, findings, who)


def _told(vault: Vault, findings: Sequence[Finding]) -> str:
    exhibits = {one.standing: one.exhibit for one in read_standing(vault, ended=True)}
    return findings_table(findings, exhibits)
