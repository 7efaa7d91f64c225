"""Every record of the catalogue against the audit log, which holds the hash of each."""

from __future__ import annotations

import json
import sqlite3

from ribin.vault.written import all_records


def record_problems(db: sqlite3.Connection) -> list[str]:
    """One sentence for each record that is not as the last row of the log that wrote it says."""
    return [text for _, text in record_findings(db)]


def record_findings(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """The same, each with the exhibit that it concerns; empty where it concerns none or many.

    A row of the log writes `records`, {name: SHA-256}; null for one that it removed.
    """
    written: dict[str, str] = {}
    for row in db.execute("SELECT details FROM audit ORDER BY seq"):
        written.update(json.loads(row["details"]).get("records", {}))
    written = {name: sha256 for name, sha256 in written.items() if sha256 is not None}
    found = dict(all_records(db))
    problems = []
    for name in sorted(written.keys() | found.keys()):
        if name not in found:
            problems.append((name, f"catalogue: {name} was written and is not there"))
        elif name not in written:
            text = f"catalogue: {name} is there and the audit log does not know it"
            problems.append((name, text))
        elif written[name] != found[name]:
            problems.append((name, f"catalogue: {name} is not as it was written"))
    return [(_exhibit_of(db, name), text) for name, text in problems]


def logged_sha256(db: sqlite3.Connection, record: str) -> str | None:
    """What the last row of the log that wrote a record says of it; None where it is not there."""
    query = "SELECT details FROM audit WHERE instr(details, ?) > 0 ORDER BY seq DESC"
    for row in db.execute(query, (json.dumps(record, ensure_ascii=False),)):
        records: dict[str, str | None] = json.loads(row["details"]).get("records", {})
        if record in records:
            return records[record]
    return None


def _exhibit_of(db: sqlite3.Connection, record: str) -> str:
    table, _, key = record.partition("/")
    if table in ("exhibits", "retention"):
        return key
    query = {
        "scans": "SELECT exhibit FROM scans WHERE sha256 = ?",
        "marks": "SELECT exhibit FROM marks JOIN scans USING (sha256) WHERE mark_id = ?",
    }.get(table)
    row = db.execute(query, (key,)).fetchone() if query else None
    return str(row["exhibit"]) if row else ""
