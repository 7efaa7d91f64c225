"""The vault of one member: immutable scan files, one catalogue, an audit log."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from ribin.cases.exhibits import Exhibit
from ribin.cases.plausible import country_codes
from ribin.errors import ParameterError, StoreError
from ribin.model import Mark, MarkType, Scan, Template
from ribin.text import clean_text
from ribin.vault.audit import AuditHead, AuditRow, append_row, read_head, read_rows
from ribin.vault.catalogue import (
    Catalogue,
    check_schema,
    checked_member_code,
    may_write,
    read_member,
    write_identity,
)
from ribin.vault.check import CheckReport, check_vault
from ribin.vault.enrol import (
    INCOMING_FOLDER,
    MARKS_FOLDER,
    Enrolment,
    ScanEntry,
    admit_entry,
    bytes_of,
    check_entry,
    find_enrolled,
    scan_path,
)
from ribin.vault.exhibits import (
    Holdings,
    StoredMark,
    needed_exhibit,
    read_exhibits,
    read_holdings,
    read_marks,
    read_marks_of,
)
from ribin.vault.files import check_no_links, fsync_folder, make_folder, new_folder, set_access
from ribin.vault.mark_table import MarkTable, read_mark_table
from ribin.vault.people import appoint_founder
from ribin.vault.permissions import check_act
from ribin.vault.redescribe import checked_template, mark_path
from ribin.vault.rows import Act, all_records
from ribin.vault.scanfile import pack_scan, read_mark, read_original
from ribin.vault.template_shards import read_templates
from ribin.workers import Tick, silent

_WAIT_S = 30.0  # how long a writer waits for its turn


class Vault:
    """An open vault. Use it in a `with` block and in one thread; processes may share the folder.

    `path` is the folder, `member` the ISO 3166 alpha-3 code of the owner; `writable` is False where
    the folder or its catalogue may only be read.
    """

    def __init__(self, path: Path, member: str, catalogue: Catalogue) -> None:
        self.path = path
        self.member = member
        self.catalogue = catalogue

    @classmethod
    def create(
        cls,
        path: str | Path,
        member: str,
        who: str = "",
        group: str = "",
        any_member_code: bool = False,
    ) -> Vault:
        """Make an empty vault in a new or empty folder and open it.

        Who makes it is its first administrator and examiner. Its folder is closed to other logins,
        but for those of the `group` of the operating system, where one is named.

        Raises ParameterError: `member` is not among the codes of ISO 3166 alpha-3, or with
        `any_member_code` not of their form, or there is no such group; StoreError: the folder
        holds something already, or cannot be made.
        """
        folder = Path(path)
        checked_member_code(member, "member")
        if not any_member_code and member not in country_codes():
            raise ParameterError(
                f"member: a code of ISO 3166 alpha-3 needed, found {member}",
                hint="--member-code-anyway takes a code that the list lacks",
            )
        with new_folder(folder, StoreError):
            set_access(folder, group)
            for name in (MARKS_FOLDER, INCOMING_FOLDER):
                make_folder(folder / name)
            catalogue = Catalogue.create(folder, _WAIT_S)
            with catalogue.writing() as db:
                appoint_founder(db, member, who)
                append_row(db, "create", member, who, "", {"records": dict(all_records(db))})
            fsync_folder(folder)
            fsync_folder(folder.resolve().parent)
            write_identity(folder, member)  # last: a folder that has it is complete
        return cls(folder, member, catalogue)

    @classmethod
    def open(cls, path: str | Path, read_only: bool = False, wait_s: float = _WAIT_S) -> Vault:
        """Open a vault, for reading alone where it may not be written.

        Raises StoreError: the folder is no vault, another version of ribin made it, or its
        catalogue is damaged, lacks a column, is locked for longer than `wait_s`, or is another
        member's; or there is a symbolic link in it.
        """
        folder = Path(path)
        member = read_member(folder)
        check_no_links(folder)
        catalogue = Catalogue(folder, may_write(folder) and not read_only, wait_s)
        try:
            with catalogue.reading() as db:
                check_schema(db, catalogue.path)
                first = db.execute("SELECT subject FROM audit WHERE seq = 1").fetchone()
                owner = first["subject"] if first else "nobody"
                if owner != member:
                    raise StoreError(f"{folder}: vault.toml names {member}, the catalogue {owner}")
        except BaseException:
            catalogue.close()
            raise
        return cls(folder, member, catalogue)

    @property
    def writable(self) -> bool:
        return self.catalogue.writable

    def enrol(
        self,
        original: bytes | Path,
        scan: Scan,
        marks: Sequence[Mark],
        templates: Sequence[Template],
        exhibit: Exhibit,
        *,
        who: str,
        reason: str = "",
        verdicts: Sequence[str] = (),
    ) -> Enrolment:
        """Store one acquisition of an exhibit; when this returns, no crash can lose it.

        Parameters
        ----------
        original : bytes or Path
            The file as received; its SHA-256 must be that of `scan.provenance`.
        marks, templates : sequences of equal length
            What was cut from the scan, and the template of each.
        exhibit : Exhibit
            An exhibit may have many scans. An empty field of one enrolled before says nothing.
        verdicts : sequence of str
            What was found of the quality of each mark; none where nobody judged it.

        Raises
        ------
        ParameterError
            The parts do not belong together, or an identifier or a date cannot be used.
        StoreError
            The file cannot be read, the vault is read-only or locked, the scan belongs to
            another exhibit, or the exhibit or its event is recorded otherwise. Nothing was
            changed.
        """
        content = original if isinstance(original, bytes) else bytes_of(original)
        entry = ScanEntry(scan, marks, templates, exhibit, who, reason, verdicts)
        check_entry(entry, content)
        with self.catalogue.reading() as db:
            known = find_enrolled(db, entry.sha256, scan.provenance.source, exhibit)
        if known:
            return known
        packed = pack_scan(content, scan, marks, templates)
        return admit_entry(self, entry, packed)

    def find_enrolled(self, original: Path, exhibit: Exhibit) -> Enrolment | None:
        """The scan of a file as it is in the vault already, or None; errors as `enrol`."""
        sha256 = hashlib.sha256(bytes_of(original)).hexdigest()
        with self.catalogue.reading() as db:
            return find_enrolled(db, sha256, original.name, exhibit)

    def exhibits(self) -> dict[str, Exhibit]:
        """Every exhibit by its id."""
        with self.catalogue.reading() as db:
            return read_exhibits(db)

    def count_exhibits(self) -> int:
        """How many exhibits there are."""
        with self.catalogue.reading() as db:
            return int(db.execute("SELECT count(*) FROM exhibits").fetchone()[0])

    def exhibit(self, exhibit: str) -> Exhibit:
        """One exhibit; StoreError where it is unknown."""
        with self.catalogue.reading() as db:
            return needed_exhibit(db, self.path, exhibit)

    def holdings(self) -> Holdings:
        """All scans and marks at one moment."""
        with self.catalogue.reading() as db:
            return read_holdings(db)

    def mark_table(self, mark_type: MarkType, params_id: str = "") -> MarkTable:
        """The marks of one type at one moment, as arrays; of scans that were described anew those
        made with these parameters, where there are any, else those in use."""
        with self.catalogue.reading() as db:
            return read_mark_table(db, self.path, mark_type, self.writable, params_id)

    def stored_marks(self, ids: Sequence[int]) -> list[StoredMark]:
        """The marks with these ids, in this order; one that is there no more is left out."""
        with self.catalogue.reading() as db:
            return read_marks(db, ids)

    def marks_of(self, exhibit: str, params_id: str = "") -> list[StoredMark]:
        """The marks of one exhibit, oldest first, as of `mark_table`; StoreError where the exhibit
        is unknown."""
        known = self.exhibit(exhibit)
        with self.catalogue.reading() as db:
            return read_marks_of(db, known, params_id)

    def original(self, sha256: str) -> bytes:
        """The bytes of a scan as they were received."""
        return read_original(scan_path(self.path, sha256))

    def mark(self, stored: StoredMark) -> Mark:
        """The surface of a mark, for people to look at."""
        return read_mark(mark_path(self.path, stored), stored.position)

    def template(self, stored: StoredMark) -> Template:
        """The template of a mark; StoreError where it is not the one that was enrolled."""
        return checked_template(mark_path(self.path, stored), stored)

    def templates(self, stored: Sequence[StoredMark]) -> dict[int, Template]:
        """The same of many marks, by their ids, from where they lie packed beside the index; one
        that cannot be read lacks. Of their provenance they have the name, the SHA-256 and the light
        of the scan."""
        return read_templates(self, stored)

    @contextmanager
    def act(self, action: str, who: str, reason: str) -> Iterator[Act]:
        """What one person does, in one write transaction: checked, changed and logged, or nothing;
        in that of `catalogue.writing` where there is one around it.

        `act.insert`, `change` and `remove` write records, `act.log` the row of the audit log.

        Raises
        ------
        AccessError
            `who` may not do this (`vouching.ACTS`).
        StoreError
            The vault is read-only or locked.
        ParameterError
            The person or the reason holds what a text may not.
        """
        who, reason = clean_text(who), clean_text(reason)
        with self.catalogue.writing() as db:
            check_act(db, action, who)
            act = Act(db, action, who, reason)
            yield act
            if act.records:
                raise RuntimeError(f"{action}: records without a row of the audit log")

    def record(self, action: str, subject: str, who: str, reason: str, **details: Any) -> None:
        """Add a row to the audit log; StoreError where the vault is read-only or locked."""
        with self.act(action, who, reason) as act:
            act.log(subject, **details)

    def audit_log(self) -> list[AuditRow]:
        """Every row of the audit log, oldest first."""
        with self.catalogue.reading() as db:
            return list(read_rows(db))

    def audit_head(self) -> AuditHead:
        """The last row of the audit log; its hash is what reports print as an anchor."""
        with self.catalogue.reading() as db:
            return read_head(db)

    def check(self, on_progress: Tick = silent) -> CheckReport:
        """Every byte against its hash; `on_progress` is told scans done and scans in all."""
        return check_vault(self.path, self.catalogue, on_progress)

    def close(self) -> None:
        self.catalogue.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()


def open_member(folder: Path, member: str) -> Vault:
    """As `Vault.open`; StoreError also where the vault is not this member's."""
    vault = Vault.open(folder)
    if vault.member != member:
        vault.close()
        raise StoreError(f"{folder}: the vault of {member} needed, found {vault.member}'s")
    return vault


def check_log(vault: Vault) -> None:
    """Refuse, before the work, what the audit log of this vault could not say afterwards.

    Raises StoreError: the vault can only be read.
    """
    if not vault.writable:
        raise StoreError(
            f"{vault.path}: an audit log that can be written needed, found a vault that can only "
            "be read: what is not logged is not answered",
            hint="an own copy on read-only media is searched with --unlogged",
        )
