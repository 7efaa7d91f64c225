"""The audit log of a vault for a person: verified, listed, and written to a file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ribin.cases.leads import AUDITING
from ribin.cases.plausible import checked_day
from ribin.errors import AccessError, FormatError, ParameterError, StoreError
from ribin.exchange.message import MessageKind
from ribin.exchange.questions import HeadsAnswer, HeadsQuestion
from ribin.search.network import Network
from ribin.services.blind_pairs import due_leads, withheld_text
from ribin.services.files import whole_file
from ribin.services.session import open_own
from ribin.vault.anchors import anchors_sent_back, anchors_without_row, missing_anchors
from ribin.vault.audit import (
    AuditHead,
    AuditRow,
    RowFilter,
    anchor_problem,
    exported_lines,
    file_problems,
    find_rows,
    read_actions,
    read_hashes,
    read_head,
)
from ribin.vault.check import check_catalogue
from ribin.vault.exhibits import aliases_of
from ribin.vault.people import check_looker, check_role
from ribin.vault.retention import tombstones
from ribin.vault.sharing import named_in_lead, pseudonym
from ribin.vault.vault import Vault

_KEYED = re.compile(r"[0-9a-f]{64}")  # a head as it crosses a border
_LEAST_OF_A_HASH = 12  # characters; no name of an exhibit is meant by fewer


@dataclass(frozen=True)
class VerifiedLog:
    """A log that was verified: its last row, what is wrong with it, and how many heads of it that
    others keep it was held against; `notes` say who could not be asked for theirs."""

    head: AuditHead
    problems: tuple[str, ...]
    anchors: int = 0
    notes: tuple[str, ...] = ()


def verify_log(
    vault: Path | None,
    file: Path | None,
    anchors: Sequence[str],
    network: Network | None = None,
    who: str = "",
) -> VerifiedLog:
    """Verify the log of a vault, with the records that it vouches for; or that of a file.

    That of a vault is held against the heads of it that members of the network keep, and against
    those that bundles brought back. Raises AccessError: others are to be asked, the vault's people
    have roles, and `who` has none.
    """
    kept = [("a report or bundle", one) for one in anchors if _KEYED.fullmatch(one)]
    said = [one for one in anchors if not _KEYED.fullmatch(one)]
    if file:
        head, problems, hashes = file_problems(file)
        problems += [p for p in (anchor_problem(hashes, anchor) for anchor in said) if p]
        if kept:
            problems += _anchors_not_in_file(vault, file, head, hashes, kept)
        return VerifiedLog(head, tuple(problems), len(kept))
    with open_own(vault) as opened:
        theirs: list[tuple[str, str]] = []
        notes: list[str] = []
        if network:
            check_looker(opened.catalogue, who)
            theirs, notes = _heads_kept_by_others(network, opened.member, who)
        with opened.catalogue.reading() as db:
            problems = [problem.text for problem in check_catalogue(db)]
            head, hashes = read_head(db), read_hashes(db)
            kept += [*theirs, *anchors_sent_back(db)]
            missing = Counter(keeper for keeper, _ in missing_anchors(db, kept))
    problems += [p for p in (anchor_problem(hashes, anchor) for anchor in said) if p]
    problems += [
        f"audit log: {number} of the heads that {keeper} keeps are not in it: the vault was taken "
        "back, or its log written anew"
        for keeper, number in missing.items()
    ]
    return VerifiedLog(head, tuple(problems), len(kept), tuple(notes))


def _anchors_not_in_file(
    vault: Path | None,
    file: Path,
    head: AuditHead,
    hashes: Mapping[int, str],
    kept: Sequence[tuple[str, str]],
) -> list[str]:
    """A sentence for each head that crossed a border and is of no row of an exported log.

    Only the vault that the log is of has the key that tells which row such a head is of.
    """
    needed = (
        f"anchor: the vault of {head.member} needed, whose key tells of which row of {file} it is"
    )
    if vault is None:
        raise ParameterError(f"{needed}, found none", hint="--vault names it")
    with open_own(vault) as opened:
        if opened.member != head.member:
            raise ParameterError(f"{needed}, found that of {opened.member}")
        with opened.catalogue.reading() as db:
            missing = anchors_without_row(db, hashes.values(), kept)
    return [f"audit log: a row of head {anchor} needed, found none" for _, anchor in missing]


def _heads_kept_by_others(
    network: Network, member: str, who: str
) -> tuple[list[tuple[str, str]], list[str]]:
    """Who keeps which head of a member's log; each says in its own log that it was asked."""
    kept: list[tuple[str, str]] = []
    notes = []
    for code in sorted(network.members.keys() - {member}):
        try:
            line = network.line(member, code)
            told = line.ask(MessageKind.LOG_HEADS, HeadsQuestion(who), HeadsAnswer).content
            kept += [(code, anchor) for anchor in told.heads]
        except (StoreError, AccessError, FormatError) as error:
            notes.append(f"{code}: not asked which heads it keeps: {error}")
    return kept, notes


def export_log(vault: Vault, file: Path, who: str, reason: str) -> int:
    """Write the log to a file, with the row that says so as its last; gives the number of rows.

    Raises AccessError: `who` is neither auditor nor administrator.
    """
    _check_reader(vault, who)
    if vault.writable:
        vault.record("export log", "audit log", who, reason, file=file.name)
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
    found = [
        row
        for row in vault.audit_log()
        if not subject
        or row.subject in names
        or names & set(row.details.get("disclosed", ()))  # it was in a bundle
        or (len(subject) >= _LEAST_OF_A_HASH and row.subject.startswith(subject))
    ][-last:]
    return list(_as_shown(vault, found, who))


_ROWS_OF_A_PAGE = 100


@dataclass(frozen=True)
class AuditPage:
    """A page of the log: its rows, the newest first, and the number before which more are; 0 where
    there are none."""

    rows: tuple[AuditRow, ...]
    more_before: int
    actions: tuple[str, ...]  # that the log has


def audit_trail(vault: Vault, wanted: RowFilter, subject: str, who: str, before: int) -> AuditPage:
    """The rows of a filter, and about a subject as `last_rows` has it; errors as there."""
    _check_reader(vault, who)
    for name, day in (("from", wanted.first), ("to", wanted.last)):
        if day:
            checked_day(day, name)
    if subject:
        begins = subject if len(subject) >= _LEAST_OF_A_HASH else ""
        wanted = replace(wanted, subjects=frozenset(_names_of(vault, subject)), begins=begins)
    with vault.catalogue.reading() as db:
        rows = find_rows(db, wanted, before, _ROWS_OF_A_PAGE + 1)
        actions = tuple(read_actions(db))
    more = rows[_ROWS_OF_A_PAGE - 1].seq if len(rows) > _ROWS_OF_A_PAGE else 0
    return AuditPage(tuple(_as_shown(vault, rows[:_ROWS_OF_A_PAGE], who)), more, actions)


def _as_shown(vault: Vault, rows: Sequence[AuditRow], who: str) -> Iterator[AuditRow]:
    """The rows without the notes of pairs that this person is to examine blind."""
    due = due_leads(vault, who)
    for row in rows:
        kept_back = row.subject in due and row.reason
        yield replace(row, reason=withheld_text([row.subject])) if kept_back else row


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
        check_role(db, who, AUDITING)
