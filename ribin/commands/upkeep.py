"""What `ribin store check` looks at: the vault's evidence, and the index made from it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from ribin.search.index import check_index
from ribin.services.enrol import DescribeReport
from ribin.vault.backup import Copied
from ribin.vault.check import CheckReport, Problem
from ribin.vault.vault import Vault


def check_all(vault: Vault, on_progress: Callable[[int, int], None]) -> CheckReport:
    """The vault's own check, with the problems of its index added."""
    report = vault.check(on_progress)
    index = tuple(Problem("", text) for text in check_index(vault))
    return dataclasses.replace(report, problems=report.problems + index)


def copied_text(target: Path, copied: Copied) -> str:
    """What a verified copy holds, and the end of its audit log."""
    held = f"{copied.scans} scans, {copied.size_bytes / 1e6:.1f} MB"
    head = f"{copied.head.seq}:{copied.head.sha256}"
    return f"{target}: {held}, every byte verified\naudit head {head}"


def described_text(report: DescribeReport) -> str:
    """How many scans were described, and how many needed not to be."""
    again = f"{report.used_again} used again as described before"
    return f"{report.described} scans described, {again}, {report.up_to_date} were up to date"


def check_text(report: CheckReport) -> str:
    """The problems, one a line, and what was checked."""
    lines = [f"exhibit {p.exhibit}: {p.text}" if p.exhibit else p.text for p in report.problems]
    counted = f"{report.scans} scans, {report.size_bytes / 1e6:.1f} MB"
    found = f"{len(lines)} problems" if lines else "every byte is as it was written"
    return "\n".join([*lines, f"{counted}: {found}"])
