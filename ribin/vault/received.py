"""What other members' bundles brought: their exhibits by pseudonyms, and their templates.

    received/BLZ/ab/abcd....packed      a packed template, named by the SHA-256 of its bytes
    received/BLZ/originals/abcd....     a scan as its owner received it, where it was released

A bundle is a whole statement of what a member shares with us: it takes the place of the one before.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, structs, to_builtins

from ribin.cases.exhibits import ClassFields, Event, Exhibit, ExhibitKind, Scope
from ribin.errors import AccessError, FormatError, ParameterError, StoreError
from ribin.foreign import Hex32, LongText, ParamsId, Printable
from ribin.model import MarkType, Provenance, ScanKind, Template, stated_lighting
from ribin.vault.anchors import kept_anchors, own_anchor
from ribin.vault.audit import now_utc, read_rows_of
from ribin.vault.check import received_sha256
from ribin.vault.exhibits import Holdings, StoredMark, StoredScan
from ribin.vault.files import check_within
from ribin.vault.mark_table import MarkTable, mark_table_of
from ribin.vault.packed import unpack_template
from ribin.vault.rows import Act, from_row, insert_row
from ribin.vault.sharing import read_setting
from ribin.vault.vault import Vault

RECEIVED_FOLDER = "received"


@dataclass(frozen=True)
class ReceivedExhibit:
    """An exhibit of another member: `exhibit` is its pseudonym.

    `released` is the exhibit as its owner calls it, with its event; None until it is released.
    """

    exhibit: str
    kind: ExhibitKind
    class_fields: ClassFields
    released: Exhibit | None = None


class ReceivedMark(Printable, frozen=True):
    """A mark of a received scan; its template's file has the SHA-256 `file_sha256`."""

    position: Annotated[int, Meta(ge=0, lt=100)]
    mark_type: MarkType
    kind: ScanKind
    pitch_um: Annotated[float, Meta(gt=0, le=1000)]
    params_id: ParamsId
    template_sha256: Hex32
    file_sha256: Hex32


class ReceivedScan(Printable, frozen=True):
    """A scan of another member; `original` is its file name where it was released, else empty."""

    sha256: Hex32
    kind: ScanKind
    lighting: str
    original: Annotated[str, Meta(max_length=255, pattern=r'\A[^/\\:*?"<>|]*\Z')]
    marks: tuple[ReceivedMark, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.original in (".", ".."):
            raise ValueError(f"original needs a file name, found {self.original!r}")
        if self.lighting:
            try:
                stated_lighting(self.lighting)
            except ParameterError as error:
                raise ValueError(str(error)) from error
        positions = [mark.position for mark in self.marks]
        if positions != sorted(set(positions)):
            raise ValueError(f"marks in order of their positions needed, found {positions[:9]}")


class BundledSearch(Printable, frozen=True):
    """A search that a member made in a bundle of another: what its owner would have logged."""

    search: Hex32  # a digest that names the search and tells nothing of it
    bundle: Annotated[int, Meta(ge=1, lt=1 << 31)]  # its number among those of the owner
    at: Annotated[str, Meta(max_length=40)]
    who: LongText
    reason: LongText
    scope: Scope
    mark: MarkType
    rows: Annotated[int, Meta(ge=0, lt=1 << 31)]


@dataclass(frozen=True)
class BundleAnswer:
    """What a bundle says beside what is shared: searches made in the receiver's bundles, the number
    of the last of these, and the log heads of both."""

    searches: tuple[BundledSearch, ...]
    received: int
    anchor: str
    anchor_kept: str


@dataclass(frozen=True)
class ReceivedBundle:
    """The last bundle of a member."""

    bundle: str
    number: int
    made_at: str
    at: str


def received_path(vault: Vault, member: str, name: str) -> Path:
    """Where a file of a bundle lies: templates/SHA-256.packed or originals/SHA-256.

    Raises StoreError: a symbolic link is in its place.
    """
    kind, _, file = name.partition("/")
    place = kind if kind == "originals" else file[:2]
    return check_within(vault.path, vault.path / RECEIVED_FOLDER / member / place / file)


def last_bundle(vault: Vault, member: str) -> ReceivedBundle | None:
    """The last bundle that was received of a member."""
    with vault.catalogue.reading() as db:
        query = "SELECT * FROM bundles WHERE direction = 'received' AND member = ?"
        row = db.execute(f"{query} ORDER BY number DESC LIMIT 1", (member,)).fetchone()
    return from_row(ReceivedBundle, row) if row else None


def read_exhibits(db: sqlite3.Connection, member: str) -> Iterator[ReceivedExhibit]:
    """Exhibits of the last bundle of a member."""
    query = "SELECT * FROM received_exhibits WHERE member = ? ORDER BY rowid"
    for row in db.execute(query, (member,)):
        parts: dict[str, Any] = {"class_fields": from_row(ClassFields, row)}
        whole = {**parts, "event": from_row(Event, row), "sharing": Scope.NETWORK}
        released = from_row(Exhibit, row, exhibit=row["released"], **whole)
        parts["released"] = released if row["released"] else None
        yield from_row(ReceivedExhibit, row, **parts)


def read_originals(vault: Vault, member: str, exhibit: str) -> Iterator[tuple[str, str, bytes]]:
    """SHA-256, file name and bytes of the scans that a member's last bundle brought of an exhibit.

    It is named as its owner calls it or by its pseudonym.

    Raises StoreError: a file is missing or not as it was received.
    """
    query = (
        "SELECT s.sha256, s.original FROM received_scans s JOIN received_exhibits e"
        " USING (member, exhibit) WHERE member = ?1 AND original <> ''"
        " AND (e.exhibit = ?2 OR released = ?2)"
    )
    with vault.catalogue.reading() as db:
        rows = db.execute(query, (member, exhibit)).fetchall()
    for sha256, name in rows:
        path = received_path(vault, member, f"originals/{sha256}")
        content = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(content).hexdigest() != sha256:
            raise StoreError(f"{path}: the original as it was received needed, found another")
        yield sha256, name, content


def as_exhibit(one: ReceivedExhibit) -> Exhibit:
    """As an exhibit that every scope may see: its owner has sent it to us."""
    unnamed = Exhibit(one.exhibit, Event(""), one.kind, one.class_fields, Scope.NETWORK)
    return one.released or unnamed


def _write_exhibit(
    db: sqlite3.Connection, member: str, one: ReceivedExhibit, scans: Sequence[ReceivedScan]
) -> None:
    whole = one.released or Exhibit("", Event(""))
    known = {"member": member, "exhibit": one.exhibit, "kind": one.kind}
    released = {"released": whole.exhibit, "firearm": whole.firearm, **asdict(whole.event)}
    insert_row(db, "received_exhibits", {**known, **released, **asdict(one.class_fields)})
    for scan in scans:
        columns = {"member": member, "exhibit": one.exhibit, **structs.asdict(scan)}
        del columns["marks"]
        insert_row(db, "received_scans", columns)
        for mark in scan.marks:
            columns = {"member": member, "sha256": scan.sha256, **structs.asdict(mark)}
            insert_row(db, "received_marks", columns)


# The received exhibits of one member, searched like a vault of that member.

_SCANS = "SELECT * FROM received_scans WHERE member = ? ORDER BY rowid"
_MARKS = "SELECT * FROM received_marks WHERE member = ? ORDER BY mark_id"


class ReceivedGallery:
    """What a vault holds of one other member, to be searched like a vault of that member.

    `path` is the folder of its files, where an index lies too, `member` the other member's code.
    """

    def __init__(self, vault: Vault, member: str) -> None:
        self.path = vault.path / RECEIVED_FOLDER / member
        self.member = member
        self.writable = vault.writable
        self._vault = vault

    def holdings(self) -> Holdings:
        """All scans and marks of the last bundle, under the names that we may use."""
        with self._vault.catalogue.reading() as db:
            exhibits = {e.exhibit: as_exhibit(e) for e in read_exhibits(db, self.member)}
            scans = {
                row["sha256"]: from_row(
                    StoredScan,
                    row,
                    exhibit=exhibits[row["exhibit"]],
                    source=row["original"] or exhibits[row["exhibit"]].exhibit,
                    file_sha256="",
                )
                for row in db.execute(_SCANS, (self.member,))
            }
            rows = db.execute(_MARKS, (self.member,)).fetchall()
        as_cut: dict[str, Any] = dict.fromkeys(("verdict", "outline", "outlined_by"), "")
        as_cut |= {"described": False, "reading": 0}
        marks = tuple(
            from_row(StoredMark, row, scan=scans[row["sha256"]], **as_cut) for row in rows
        )
        digest = hashlib.sha256(repr(exhibits).encode())
        digest.update(repr([(m.scan.sha256, m.template_sha256) for m in marks]).encode())
        return Holdings(tuple(scans.values()), marks, digest.hexdigest())

    def marks_known_as(self, names: Collection[str]) -> list[int]:
        """Ids of the marks of exhibits by these names: pseudonyms, or those that were released."""
        with self._vault.catalogue.reading() as db:
            received = list(read_exhibits(db, self.member))
        chosen = {as_exhibit(e).exhibit for e in received if e.exhibit in names}.union(names)
        return [m.mark_id for m in self.holdings().marks if m.scan.exhibit.exhibit in chosen]

    def mark_table(self, mark_type: MarkType) -> MarkTable:
        """As `Vault.mark_table`."""
        return mark_table_of(self.holdings(), mark_type)

    def stored_marks(self, ids: Sequence[int]) -> list[StoredMark]:
        """As `Vault.stored_marks`."""
        known = {mark.mark_id: mark for mark in self.holdings().marks}
        return [known[int(mark_id)] for mark_id in ids if int(mark_id) in known]

    def template(self, stored: StoredMark) -> Template:
        """The template of a received mark; StoreError where it is missing or damaged."""
        with self._vault.catalogue.reading() as db:
            query = "SELECT * FROM received_marks WHERE mark_id = ?"
            row = db.execute(query, (stored.mark_id,)).fetchone()
        if row is None:
            raise StoreError(f"{self.path}: mark {stored.mark_id} is there no more")
        path = received_path(self._vault, self.member, f"templates/{row['file_sha256']}.packed")
        try:
            content = path.read_bytes()
        except OSError as error:
            raise StoreError(f"{path}: a received template needed, {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != row["file_sha256"]:
            raise StoreError(f"{path}: a received template is damaged")
        scan = stored.scan
        provenance = Provenance(scan.source, scan.sha256, 0, "bundle", lighting=scan.lighting)
        try:
            return unpack_template(content, str(path), provenance)
        except FormatError as error:
            raise StoreError(str(error)) from error

    def templates(self, stored: Sequence[StoredMark]) -> dict[int, Template]:
        """As `Vault.templates`; each is a file, packed as it came."""
        found = {}
        for mark in stored:
            with contextlib.suppress(StoreError):  # whoever asked sees that it lacks
                found[mark.mark_id] = self.template(mark)
        return found


# Which bundles were sent and received, by number, so that none counts twice.


def record_sent(
    vault: Vault,
    receiver: str,
    bundle: str,
    made_at: str,
    contents: dict[str, Any],
    who: str,
    reason: str,
) -> tuple[int, BundleAnswer]:
    """Log a bundle on its way; its number among those to the receiver, and what it says besides."""
    with vault.act("export bundle", who, reason) as act:
        number = _last(act.db, "sent", receiver) + 1
        columns = _columns(bundle, "sent", receiver, number, made_at, contents["exhibits"])
        act.insert("bundles", columns)
        searches = tuple(_searches_in_bundles_of(act.db, receiver))
        act.log(receiver, bundle=bundle, number=number, searches=len(searches), **contents)
        kept = kept_anchors(act.db).get(receiver, [""])[-1]
        received = _last(act.db, "received", receiver)
        about = BundleAnswer(searches, received, own_anchor(act.db), kept)
    return number, about


def _searches_in_bundles_of(db: sqlite3.Connection, owner: str) -> Iterator[BundledSearch]:
    """Searches in bundles of an owner since the last bundle to it of which it says to have it."""
    imports = [row.details for row in read_rows_of(db, "import bundle", owner)]
    has = imports[-1]["received"] if imports else 0
    sent = [r for r in read_rows_of(db, "export bundle", owner) if r.details["number"] <= has]
    since = sent[-1].seq if sent else 0
    key = read_setting(db, "opaque_key")
    query = "SELECT * FROM audit WHERE seq > ? AND instr(details, '\"bundles\"') > 0 ORDER BY seq"
    for row in db.execute(query, (since,)).fetchall():
        details = json.loads(row["details"])
        if owner in details.get("bundles", {}):
            digest = hmac.new(bytes.fromhex(key), b"search " + row["sha256"].encode(), "sha256")
            yield BundledSearch(
                search=digest.hexdigest(),
                bundle=details["bundles"][owner],
                at=row["at"],
                who=row["who"],
                reason=row["reason"],
                scope=Scope(details["scope"]),
                mark=MarkType(details["mark"]),
                rows=details["rows"][owner],
            )


def _log_searches(act: Act, sender: str, searches: Sequence[BundledSearch]) -> int:
    """Log searches that a member made in our bundles, each once; gives how many are new."""
    new = 0
    for one in searches:
        if not any(read_rows_of(act.db, "answer by bundle", one.search)):
            stated = {name: to_builtins(value) for name, value in structs.asdict(one).items()}
            act.log(stated.pop("search"), "answer by bundle", asking_member=sender, **stated)
            new += 1
    return new


def record_received(
    vault: Vault,
    sender: str,
    bundle: tuple[str, int, str],
    exhibits: list[tuple[ReceivedExhibit, tuple[ReceivedScan, ...]]],
    about: BundleAnswer,
    key: str,
    who: str,
    reason: str,
    place_files: Callable[[], None],
) -> tuple[dict[str, list[str]], int]:
    """Put what a bundle states in the place of what the one before did.

    `bundle` is its id, its number among those of this sender, and when it was made; `key` is the
    fingerprint of the key that signed it; `place_files` puts the files in their places while nobody
    else writes. Gives the pseudonyms of exhibits that are `new`, `gone`, now `released` and
    released no more: `ended`; and how many searches in our bundles it told of.
    """
    named, number, made_at = bundle
    with vault.act("import bundle", who, reason) as act:
        _refuse_old(act.db, sender, number, named[:12])
        before = {one.exhibit: one for one in read_exhibits(act.db, sender)}
        now = {one.exhibit: one for one, _ in exhibits}
        _forget(act, sender)
        for one, scans in exhibits:
            _write_exhibit(act.db, sender, one, scans)
        place_files()
        was, holds = ({n for n, e in listed.items() if e.released} for listed in (before, now))
        changes = {
            "new": sorted(now.keys() - before.keys()),
            "gone": sorted(before.keys() - now.keys()),
            "released": sorted(holds - was),
            "ended": sorted(was - holds),
        }
        columns = _columns(named, "received", sender, number, made_at, len(exhibits))
        act.insert("bundles", columns)
        stated: dict[str, Any] = {"bundle": named, "number": number, "exhibits": len(exhibits)}
        stated |= {**changes, "received_sha256": received_sha256(act.db, sender)}
        stated |= {"anchors": {sender: about.anchor}, "anchor_kept": about.anchor_kept}
        act.log(sender, **stated, member=sender, received=about.received, key=key)
        searches = _log_searches(act, sender, about.searches)
        for action, names in (("receive release", "released"), ("release ended", "ended")):
            for pseudonym in changes[names]:
                act.log(f"{sender}:{pseudonym}", action, bundle=named)
    return changes, searches


def _forget(act: Act, sender: str) -> None:
    for table in ("received_marks", "received_scans", "received_exhibits"):
        act.db.execute(f"DELETE FROM {table} WHERE member = ?", (sender,))


def leave_out_bundles(act: Act, sender: str, keys: Collection[str], day: str) -> list[str]:
    """Count no more what these keys signed, or we got signed by them, from a day on; the ids of
    these bundles. Where the last one is among them, nothing of the sender is left."""
    left, last = [], ""
    for row in read_rows_of(act.db, "import bundle", sender):
        bundle = row.details["bundle"]
        known = "SELECT made_at FROM bundles WHERE bundle = ? AND direction = 'received'"
        made = act.db.execute(known, (bundle,)).fetchone()
        if made is None:  # left out before
            continue
        last = bundle
        if row.details["key"] in keys and day <= max(made["made_at"][:10], row.at[:10]):
            left.append(bundle)
    for bundle in left:
        act.remove("bundles", bundle)  # so that its number is free for the owner's next one
    if last in left:
        _forget(act, sender)
    return left


def remove_forgotten_files(vault: Vault, member: str) -> None:
    """Take away the files of a member of whom nothing is left in the catalogue."""
    with vault.catalogue.reading() as db:
        held = db.execute("SELECT 1 FROM received_exhibits WHERE member = ?", (member,)).fetchone()
    if held is None:
        shutil.rmtree(vault.path / RECEIVED_FOLDER / member, ignore_errors=True)


def is_there(vault: Vault, sender: str, bundle: tuple[str, int, str], where: str) -> bool:
    """Whether this very bundle is the last one received of its sender.

    Raises AccessError: it is an older one again, or one of a vault that went back in time.
    """
    named, number, _ = bundle
    query = "SELECT bundle FROM bundles WHERE direction = 'received' AND member = ? AND number = ?"
    with vault.catalogue.reading() as db:
        row = db.execute(query, (sender, number)).fetchone()
        if row and row[0] == named and _last(db, "received", sender) == number:
            return True
        _refuse_old(db, sender, number, where)
    return False


def _last(db: sqlite3.Connection, direction: str, member: str) -> int:
    query = "SELECT coalesce(max(number), 0) FROM bundles WHERE direction = ? AND member = ?"
    return int(db.execute(query, (direction, member)).fetchone()[0])


def _refuse_old(db: sqlite3.Connection, sender: str, number: int, where: str) -> None:
    last = _last(db, "received", sender)
    if number <= last:
        raise AccessError(
            f"{where}: a bundle of {sender} after number {last} needed, found {number}: "
            "an old one again"
        )


def _columns(
    bundle: str, direction: str, member: str, number: int, made_at: str, exhibits: int
) -> dict[str, object]:
    columns: dict[str, object] = {"bundle": bundle, "direction": direction, "member": member}
    return {**columns, "number": number, "made_at": made_at, "at": now_utc(), "exhibits": exhibits}
