"""`ribin audit`: who did what, when, from where and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from ribin.cases.leads import Role
from ribin.commands.options import A_PATH, json_option, reason_option, vault_option, who_option
from ribin.commands.terminal import exit_after
from ribin.report.table import table
from ribin.services.files import whole_file
from ribin.services.session import open_own
from ribin.vault.audit import (
    AuditHead,
    AuditRow,
    anchor_problem,
    chain_problems,
    exported_lines,
    file_problems,
    read_hashes,
    read_head,
    record_problems,
)
from ribin.vault.people import check_role
from ribin.vault.vault import Vault


@click.group(short_help="The audit log of a vault.")
def audit() -> None:
    """Every enrolment, search, view, verdict and export is a row of the audit log. Rows are chained
    by SHA-256, so a changed, removed or moved row is found. The hash of the last row, kept
    elsewhere, vouches for all rows up to it: every report prints it.
    """


@audit.command()
@vault_option
@json_option
def head(vault: Path | None, json_output: bool) -> None:
    """Print the last row's number and hash, to be kept elsewhere.

    \b
    Example:
      ribin audit head --vault vaults/JAM
    """
    from ribin.report.json import as_json
    from ribin.services.session import open_own

    with open_own(vault) as opened:
        last = opened.audit_head()
    click.echo(as_json(last) if json_output else f"{last.seq}:{last.sha256}")


@audit.command()
@click.option(
    "--anchor", "anchors", multiple=True, metavar="ROW:SHA256", help="As head printed it."
)
@click.option("--file", "file", type=A_PATH, help="A log that `ribin audit export` wrote.")
@vault_option
@json_option
def verify(
    anchors: tuple[str, ...], file: Path | None, vault: Path | None, json_output: bool
) -> None:
    """Verify that no row was changed, removed or moved, and that an anchor is still in the log.

    \b
    Example:
      ribin audit verify --vault vaults/JAM --anchor 24:1f0c...
    """
    from ribin.report.json import as_json

    found = verified(vault, file, anchors)
    click.echo(as_json(found) if json_output else verified_text(found))
    exit_after(done=1, failed=len(found.problems))


@audit.command()
@click.argument("file", type=A_PATH)
@vault_option
@who_option
@reason_option
def export(file: Path, vault: Path | None, who: str, reason: str) -> None:
    """Write the log to a file, a row a line in JSON; an auditor or administrator does.

    \b
    Example:
      ribin audit export jam-audit.jsonl --vault vaults/JAM --reason "yearly audit"
    """
    from ribin.services.session import open_own

    with open_own(vault) as opened:
        rows = export_log(opened, file, who, reason)
    click.echo(f"{file}: {rows} rows")


@audit.command("list")
@click.option("--subject", default="", help="Only rows about this exhibit, scan, lead or person.")
@click.option("--last", type=click.IntRange(min=1), default=20, show_default=True)
@vault_option
@who_option
@json_option
def list_rows(subject: str, last: int, vault: Path | None, who: str, json_output: bool) -> None:
    """List the last rows; an auditor or administrator does.

    \b
    Example:
      ribin audit list --subject JAM-L1 --vault vaults/JAM
    """
    from ribin.report.json import as_json
    from ribin.services.session import open_own

    with open_own(vault) as opened:
        rows = last_rows(opened, subject, last, who)
    click.echo(as_json({"rows": rows}) if json_output else rows_table(rows))


# What the commands about the audit log do.

_READERS = (Role.AUDITOR, Role.ADMINISTRATOR)


@dataclass(frozen=True)
class Verified:
    """A log that was verified: its last row, and what is wrong with it."""

    head: AuditHead
    problems: tuple[str, ...]


def verified(vault: Path | None, file: Path | None, anchors: Sequence[str]) -> Verified:
    """Verify the log of a vault, with the records that it vouches for; or that of a file."""
    if file:
        head, problems, hashes = file_problems(file)
    else:
        with open_own(vault) as opened, opened.catalogue.reading() as db:
            problems = chain_problems(db) + record_problems(db)
            head, hashes = read_head(db), read_hashes(db)
    problems += [p for p in (anchor_problem(hashes, anchor) for anchor in anchors) if p]
    return Verified(head, tuple(problems))


def verified_text(found: Verified) -> str:
    """The problems, one a line, and what was verified."""
    head = found.head
    outcome = f"{len(found.problems)} problems" if found.problems else "as they were written"
    counted = f"audit log of {head.member}: {head.seq} rows, {outcome}"
    return "\n".join([*found.problems, counted, f"head {head.seq}:{head.sha256}"])


def export_log(vault: Vault, file: Path, who: str, reason: str) -> int:
    """Write the log to a file, with the row that says so as its last; gives the number of rows.

    Raises
    ------
    AccessError
        `who` is neither auditor nor administrator.
    """
    _check_reader(vault, who)
    if vault.writable:
        vault.record("export", "audit log", who, reason, file=file.name)
    with whole_file(file) as aside, vault.catalogue.reading() as db:
        lines = list(exported_lines(db))
        aside.write_text("\n".join([*lines, ""]), encoding="utf-8", newline="\n")
    return len(lines) - 1


def last_rows(vault: Vault, subject: str, last: int, who: str) -> list[AuditRow]:
    """The last rows about a subject, or of all, oldest first."""
    _check_reader(vault, who)
    return [row for row in vault.audit_log() if subject in ("", row.subject)][-last:]


def rows_table(rows: Sequence[AuditRow]) -> str:
    """One row a line."""
    header = ("row", "at", "who", "identity", "host", "action", "subject", "reason")
    cells = [
        (r.seq, r.at[:19], r.who, r.identity or "-", r.host, r.action, r.subject[:24], r.reason)
        for r in rows
    ]
    return table(header, cells)


def _check_reader(vault: Vault, who: str) -> None:
    with vault.catalogue.reading() as db:
        check_role(db, who, _READERS)
