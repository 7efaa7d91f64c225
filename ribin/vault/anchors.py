"""Log heads that members keep of each other, so that a log taken back or written anew is found.

A head crosses a border as a keyed digest of its hash, the *anchor*. It tells whoever keeps it
nothing of how busy a laboratory is, and only the vault that it is of can say to which of its rows
it belongs. Keepers have it in their own audit logs, in rows whose details have `anchors`; what the
sender of a bundle says to keep of us is in `anchor_kept` of the row of its import.
"""

from __future__ import annotations

import hmac
import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from ribin.vault.sharing import read_setting


def own_anchor(db: sqlite3.Connection) -> str:
    """The anchor of the last row of the log."""
    last = db.execute("SELECT sha256 FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    return _keyed(read_setting(db, "opaque_key"), last["sha256"])


def kept_anchors(db: sqlite3.Connection) -> dict[str, list[str]]:
    """What this log keeps of the logs of other members, by member, the oldest first."""
    kept: dict[str, list[str]] = {}
    left_out = {bundle for d in _details(db, "left_out") for bundle in d.get("left_out", ())}
    for details in _details(db, "anchors"):
        if details.get("bundle") in left_out:  # signed with a key that was lost
            continue
        for member, anchor in (details.get("anchors") or {}).items():
            kept.setdefault(member, []).append(anchor)
    return kept


def anchors_sent_back(db: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Who said in a bundle to keep which anchor of this log: member and anchor."""
    left_out = {bundle for d in _details(db, "left_out") for bundle in d.get("left_out", ())}
    for details in _details(db, "anchor_kept"):
        if details.get("anchor_kept") and details["bundle"] not in left_out:
            yield details["member"], details["anchor_kept"]


def missing_anchors(
    db: sqlite3.Connection, kept: Iterable[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Those of these anchors (keeper and anchor) that belong to no row of this log."""
    hashes = [sha256 for (sha256,) in db.execute("SELECT sha256 FROM audit")]
    return anchors_without_row(db, hashes, kept)


def anchors_without_row(
    db: sqlite3.Connection, hashes: Iterable[str], kept: Iterable[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Those of these anchors that are of none of these rows of a log, by the key of its vault."""
    key = read_setting(db, "opaque_key")
    own = {_keyed(key, sha256) for sha256 in hashes}
    return [(keeper, anchor) for keeper, anchor in kept if anchor not in own]


def _keyed(key: str, sha256: str) -> str:
    return hmac.new(bytes.fromhex(key), b"log head " + sha256.encode(), "sha256").hexdigest()


def _details(db: sqlite3.Connection, name: str) -> Iterator[dict[str, Any]]:
    query = "SELECT details FROM audit WHERE instr(details, ?) > 0 ORDER BY seq"
    for row in db.execute(query, (f'"{name}"',)):
        yield json.loads(row["details"])
