"""What `ribin enrol` did, for a person."""

from __future__ import annotations

from ribin.batch.enrolling import EnrolReport
from ribin.report.tables import table


def enrolment_table(report: EnrolReport) -> str:
    """The enrolled rows and the totals."""
    header = ("file", "member", "exhibit", "outcome")
    rows = [(e.file, e.member, e.exhibit, e.outcome) for e in report.enrolled]
    new = sum(e.outcome == "new" for e in report.enrolled)
    there = len(report.enrolled) - new
    totals = f"{new} new, {there} already there, {len(report.failed)} failed"
    return f"{table(header, rows)}\n{totals}" if rows else totals
