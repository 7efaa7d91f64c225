"""The audit log of a vault for a person: verified, listed, and written to a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ribin.cases.leads import Role
from ribin.services.files import whole_file
from ribin.services.session import open_own
from ribin.vault.audit import (
    AuditHead,
    AuditRow,
    anchor_problem,
    exported_lines,
    file_problems,
    read_hashes,
    read_head,
)
from ribin.vault.check import check_catalogue
from ribin.vault.exhibits import aliases_of
from ribin.vault.people import check_role
from ribin.vault.retention import tombstones
from ribin.vault.sharing import named_in_lead, pseudonym
from ribin.vault.vault import Vault

_READERS = (Role.AUDITOR, Role.ADMINISTRATOR)
_LEAST_OF_A_HASH = 12  # characters; no name of an exhibit is meant by fewer


@dataclass(frozen=True)
class VerifiedLog:
    """A log that was verified: its last row, and what is wrong with it."""

    head: AuditHead
    problems: tuple[str, ...]


def verify_log(vault: Path | None, file: Path | None, anchors: Sequence[str]) -> VerifiedLog:
    """Verify the log of a vault, with the records that it vouches for; or that of a file."""
    if file:
        head, problems, hashes = file_problems(file)
    else:
        with open_own(vault) as opened, opened.catalogue.reading() as db:
            problems = [problem.text for problem in check_catalogue(db)]
            head, hashes = read_head(db), read_hashes(db)
    problems += [p for p in (anchor_problem(hashes, anchor) for anchor in anchors) if p]
    return VerifiedLog(head, tuple(problems))


def export_log(vault: Vault, file: Path, who: str, reason: str) -> int:
    """Write the log to a file, with the row that says so as its last; gives the number of rows.

    Raises AccessError: `who` is neither auditor nor administrator.
    """
    _check_reader(vault, who)
    if vault.writable:
        vault.record("export", "audit log", who, reason, file=file.name)
    with whole_file(file) as aside, vault.catalogue.reading() as db:
        lines = list(exported_lines(db))
        aside.write_text("\n".join([*lines, ""]), encoding="utf-8", newline="\n")
    return len(lines) - 1


def last_rows(vault: Vault, subject: str, last: int, who: str) -> list[AuditRow]:
    """The last rows about a subject, or of all, oldest first.

    An exhibit, by its name or its pseudonym, stands for its scans too: the log names what somebody
    looked at by the SHA-256 of the scan. Of a hash the beginning is enough.
    """
    _check_reader(vault, who)
    names = _names_of(vault, subject)
    return [
        row
        for row in vault.audit_log()
        if not subject
        or row.subject in names
        or (len(subject) >= _LEAST_OF_A_HASH and row.subject.startswith(subject))
    ][-last:]


def _names_of(vault: Vault, subject: str) -> set[str]:
    """All by which the log may name an exhibit, also one that was purged."""
    with vault.catalogue.reading() as db:
        exhibit = named_in_lead(db, subject)
        names = {subject, exhibit, pseudonym(db, exhibit), *aliases_of(db, exhibit)}
    names |= {scan.sha256 for scan in vault.holdings().scans if scan.exhibit.exhibit == exhibit}
    purged = (one.scans for one in tombstones(vault) if one.exhibit == exhibit)
    return names.union(*purged)


def _check_reader(vault: Vault, who: str) -> None:
    with vault.catalogue.reading() as db:
        check_role(db, who, _READERS)
