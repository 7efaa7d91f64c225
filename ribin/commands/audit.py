"""`ribin audit`: who did what, when, from where and why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from ribin.commands.options import A_PATH, Call, common_options
from ribin.commands.terminal import exit_after, say
from ribin.report.table import table
from ribin.services.audit import VerifiedLog, export_log, last_rows, verify_log
from ribin.vault.audit import AuditRow


@click.group(short_help="The audit log of a vault.")
def audit() -> None:
    """Every enrolment, search, view, verdict and export is a row of the audit log. Rows are chained
    by SHA-256, so a changed, removed or moved row is found. The hash of the last row, kept
    elsewhere, vouches for all rows up to it: every report prints it.
    """


@audit.command()
@common_options("vault", "json")
def head(call: Call) -> None:
    """Print the last row's number and hash, to be kept elsewhere.

    \b
    Example:
      ribin audit head --vault vaults/JAM
    """
    from ribin.report.json import as_json

    with call.own_vault() as opened:
        last = opened.audit_head()
    say(as_json(last) if call.json_output else f"{last.seq}:{last.sha256}")


@audit.command()
@click.option(
    "--anchor",
    "anchors",
    multiple=True,
    metavar="ROW:SHA256|HEAD",
    help="As head or a report printed it; or a head that another member keeps of the log.",
)
@click.option("--file", "file", type=A_PATH, help="A log that `ribin audit export` wrote.")
@common_options("vault", "network", "who", "json")
def verify(anchors: tuple[str, ...], file: Path | None, call: Call) -> None:
    """Verify that no row was changed, removed or moved, and that anchors are still in the log.

    Members keep heads of each other's logs with every bundle and answer: all that bundles brought
    back, and with --network those that its members keep, are held against the log of a vault. A
    vault that was taken back, or whose log was written anew, is found so. A file is held against a
    head that another member keeps by the key of its vault: --vault names it.

    \b
    Example:
      ribin audit verify --vault vaults/JAM --network network.toml --anchor 24:1f0c...
    """

    found = verify_log(call.vault, file, anchors, call.network(), call.who)
    call.show(found, verified_text)
    say("\n".join(found.notes), err=True, nl=bool(found.notes))
    exit_after(done=1, failed=len(found.problems))


@audit.command()
@click.argument("file", type=A_PATH)
@common_options("vault", "who", "reason")
def export(file: Path, call: Call) -> None:
    """Write the log to a file, a row a line in JSON; an auditor or administrator does.

    \b
    Example:
      ribin audit export jam-audit.jsonl --vault vaults/JAM --reason "yearly audit"
    """
    with call.own_vault() as opened:
        rows = export_log(opened, file, call.who, call.reason)
    say(f"{file}: {rows} rows")


@audit.command("list")
@click.option("--subject", default="", help="Only rows about this exhibit, scan, lead or person.")
@click.option("--last", type=click.IntRange(min=1), default=20, show_default=True)
@common_options("vault", "who", "json")
def list_rows(subject: str, last: int, call: Call) -> None:
    """List the last rows; an auditor or administrator does.

    \b
    Example:
      ribin audit list --subject JAM-L1 --vault vaults/JAM
    """
    with call.own_vault() as opened:
        rows = last_rows(opened, subject, last, call.who)
    call.show(rows, rows_table, "rows")


# For a person to read.


def verified_text(found: VerifiedLog) -> str:
    """The problems, one a line, and what was verified."""
    head = found.head
    outcome = f"{len(found.problems)} problems" if found.problems else "as they were written"
    held = f"; held against {found.anchors} heads kept elsewhere" if found.anchors else ""
    counted = f"audit log of {head.member}: {head.seq} rows, {outcome}{held}"
    return "\n".join([*found.problems, counted, f"head {head.seq}:{head.sha256}"])


def rows_table(rows: Sequence[AuditRow]) -> str:
    """One row a line."""
    header = ("row", "at", "who", "identity", "host", "action", "subject", "reason")
    cells = [
        (r.seq, r.at[:19], r.who, r.identity or "-", r.host, r.action, r.subject[:24], r.reason)
        for r in rows
    ]
    return table(header, cells)
