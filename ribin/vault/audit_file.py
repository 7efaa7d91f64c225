"""The audit log as a file of its own: one row a line, JSON, verifiable without the vault.

The first line says whose log it is and where it ends. Whoever keeps the last row's hash elsewhere,
on paper or with another member, can tell later whether any row up to it was changed.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from ribin.errors import ParameterError
from ribin.vault.audit import AuditHead, read_head, row_problems

_FORMAT = "ribin audit log 1"
_ANCHOR = re.compile(r"(\d+):([0-9a-f]{64})")


def exported_lines(db: sqlite3.Connection) -> Iterator[str]:
    """The lines of the file; the caller's read transaction makes it one moment."""
    head = read_head(db)
    yield json.dumps(
        {"format": _FORMAT, "member": head.member, "rows": head.seq, "head": head.sha256}
    )
    for row in db.execute("SELECT * FROM audit ORDER BY seq"):
        yield json.dumps(dict(row), ensure_ascii=False)


def file_problems(path: Path) -> tuple[AuditHead, list[str], dict[int, str]]:
    """The head of an exported log, a sentence for each row that is not as exported, and all hashes.

    Raises
    ------
    ParameterError
        The file cannot be read, or is no exported log.
    """
    needed = f"{path}: an audit log of `ribin audit export` needed"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        first, *rows = [json.loads(line) for line in lines]
        if first["format"] != _FORMAT or not rows:
            raise ValueError(f"found format {first['format']} and {len(rows)} rows")
        problems = list(row_problems(rows))
        last = rows[-1]
        if (first["rows"], first["head"]) != (last["seq"], last["sha256"]):
            problems.append(f"audit log: {first['rows']} rows were exported, found {last['seq']}")
        head = AuditHead(first["member"], last["seq"], last["at"], last["sha256"])
        return head, problems, {row["seq"]: row["sha256"] for row in rows}
    except OSError as error:
        raise ParameterError(f"{needed}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ParameterError(f"{needed}: {error}") from error


def read_hashes(db: sqlite3.Connection) -> dict[int, str]:
    """SHA-256 of each row, by its number."""
    return {int(seq): str(sha256) for seq, sha256 in db.execute("SELECT seq, sha256 FROM audit")}


def anchor_problem(hashes: dict[int, str], anchor: str) -> str:
    """What is wrong with a log that should hold an anchor kept elsewhere; empty where it does.

    Parameters
    ----------
    hashes : dict of int to str
        SHA-256 of each row, by its number.
    anchor : str
        ROW:SHA256 as `ribin audit head` printed it.

    Raises
    ------
    ParameterError
        It is not written so.
    """
    found = _ANCHOR.fullmatch(anchor)
    if not found:
        raise ParameterError(f"anchor: ROW:SHA256 needed, found {anchor!r}")
    seq, sha256 = int(found[1]), found[2]
    if seq not in hashes:
        return f"audit log: row {seq} of the anchor needed, found {len(hashes)} rows"
    if hashes[seq] != sha256:
        return f"audit log: row {seq} of SHA-256 {sha256} needed, found {hashes[seq]}"
    return ""
