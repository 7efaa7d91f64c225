"""What `ribin enrol` did and found, for a person and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ribin.cases.exhibits import Row, Scope
from ribin.cases.results import SearchLists
from ribin.commands.colour import say
from ribin.commands.progress import Progress
from ribin.commands.terminal import exit_after, list_failed
from ribin.params.defaults import Params
from ribin.report.json import as_json, plain_value
from ribin.report.text import lists_text, lists_value, table
from ribin.services.enrol import (
    AtOnce,
    EnrolReport,
    Intake,
    Refused,
    Rehearsal,
    enrol_rows,
    rehearse_rows,
    search_enrolled,
)
from ribin.services.session import Vaults


@dataclass(frozen=True)
class Found:
    """The lists of the exhibits that are new; None where no search was asked for."""

    lists: list[SearchLists] | None = None
    failed: tuple[Refused, ...] = ()

    @property
    def problems(self) -> int:
        """Searches that could not be made, and members that could not answer."""
        return len(self.failed) + sum(len(one.unavailable) for one in self.lists or ())


def asked_at_once(
    scope: str | None,
    network_file: Path | None,
    params: Params,
    jobs: int,
    who: str,
    reason: str,
    top: int,
) -> AtOnce | None:
    """The search that `--search` asks for, checked before anything is enrolled; None without."""
    if scope is None:
        return None
    wanted = AtOnce(Scope(scope), network_file, params, jobs, who, reason, top)
    wanted.check()
    return wanted


def enrol_new(
    rows: Sequence[Row], vaults: Vaults, intake: tuple[Any, ...], wanted: AtOnce | None
) -> tuple[EnrolReport, Found]:
    """Enrol the rows as `Intake(*intake)` says; search with what is new, where that is wanted."""
    progress = Progress()
    report = enrol_rows(rows, vaults.of, Intake(*intake), progress)
    if wanted is None:
        return report, Found()

    def folder_of(member: str) -> Path:
        return vaults.of(member).path

    lists, failed = search_enrolled(report.enrolled, folder_of, wanted, progress)
    return report, Found(lists, tuple(failed))


def enrol_and_say(
    rows: Sequence[Row],
    vaults: Vaults,
    intake: tuple[Any, ...],
    wanted: AtOnce | None,
    json_output: bool,
) -> None:
    """Enrol, print what was done and found, and end the command by it."""
    report, found = enrol_new(rows, vaults, intake, wanted)
    say(enrolment_output(report, found, json_output))
    list_failed((one.file, one.reason) for one in (*report.failed, *found.failed))
    exit_after(len(report.enrolled), len(report.failed) + found.problems)


def say_rehearsal(
    rows: Sequence[Row], vaults: Vaults, intake: tuple[Any, ...], json_output: bool
) -> None:
    """Print what an enrolment would come to and every problem, and end the command by it."""
    report = rehearse_rows(rows, vaults.of, Intake(*intake), Progress())
    say(rehearsal_text(report, json_output))
    list_failed((one.file, one.reason) for one in report.problems)
    exit_after(report.new + report.already_there, len(report.problems))


def rehearsal_text(report: Rehearsal, json_output: bool) -> str:
    """What would be new, and how many problems there are; those are listed elsewhere."""
    if json_output:
        return as_json(report)
    would = f"{report.new} would be new, {report.already_there} already there"
    bad = report.rows - report.new - report.already_there
    return f"dry run of {report.rows} rows: {would}, {bad} not possible; nothing was written"


def enrolment_output(report: EnrolReport, found: Found, json_output: bool) -> str:
    """The enrolled rows, the totals, and the lists of what is new."""
    if json_output:
        value = plain_value(report)
        if found.lists is not None:
            value["searches"] = [lists_value(one) for one in found.lists]
        return as_json(value)
    return "\n\n".join([enrolment_table(report), *(lists_text(one) for one in found.lists or ())])


def enrolment_table(report: EnrolReport) -> str:
    """The enrolled rows and the totals."""
    header = ("file", "member", "exhibit", "outcome")
    rows = [(e.file, e.member, e.exhibit, e.outcome) for e in report.enrolled]
    new = sum(e.outcome == "new" for e in report.enrolled)
    there = len(report.enrolled) - new
    totals = f"{new} new, {there} already there, {len(report.failed)} failed"
    return f"{table(header, rows)}\n{totals}" if rows else totals
