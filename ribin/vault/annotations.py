"""Annotations in the catalogue: for each person and pair of marks a record, the last one counts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

import msgspec

from ribin.cases.annotation import AnnotatedPair, SavedAnnotations
from ribin.cases.leads import same_person
from ribin.cases.record import Record, RecordKind
from ribin.errors import ParameterError
from ribin.vault.exhibits import find_scan_owner
from ribin.vault.records import add_version, blank_versions, next_number, read_versions
from ribin.vault.rows import Act
from ribin.vault.vault import Vault

_KIND = RecordKind.ANNOTATIONS


def save_annotations(
    vault: Vault, pair: AnnotatedPair, where: str, who: str, reason: str
) -> SavedAnnotations:
    """Save what a person annotated on a pair, in place of what the same person had saved before.

    Saving the same again changes nothing. `where` names the file in messages. Raises
    ParameterError: nobody is named, or neither scan is enrolled in this vault; AccessError: the
    vault's people have roles, and `who` is neither examiner nor reviewer; StoreError: the vault is
    read-only or locked.
    """
    if not who.strip():
        raise ParameterError(f"{where}: who annotated needed, found nobody")
    with vault.act("annotate", who, reason) as act:
        if not any(find_scan_owner(act.db, sha256) for sha256 in pair.scans):
            named = f"{pair.reference.label} and {pair.comparison.label}"
            raise ParameterError(
                f"{where}: annotations of a scan that is enrolled in {vault.path} needed, found "
                f"those of {named}"
            )
        saved = read_annotations(act.db)
        mine = [one for one in saved if _is_of(one, pair) and same_person(one.person, who)]
        if mine and mine[0].pair == pair:
            return mine[0]
        number = mine[0].number if mine else next_number(act.db, _KIND, vault.member, "A")
        made = add_version(act, _KIND, number, msgspec.to_builtins(pair))
        act.log(number, annotations=len(pair.annotations))
    return _saved(made, pair)


def read_annotations(db: sqlite3.Connection) -> list[SavedAnnotations]:
    """What counts now of all annotations, oldest first."""
    last = {one.id: one for one in read_versions(db, _KIND) if one.body is not None}
    found = [_saved(one, msgspec.convert(one.body, AnnotatedPair)) for one in last.values()]
    return sorted(found, key=lambda one: (one.at, one.number))


def annotations_of(
    db: sqlite3.Connection, scans: tuple[str, str], mark: str
) -> list[SavedAnnotations]:
    """What persons annotated on a pair of scans, whichever way round, by this type of mark."""
    return [
        one
        for one in read_annotations(db)
        if one.pair.scans in (scans, scans[::-1]) and one.pair.mark in ("", mark)
    ]


def end_annotations_with(act: Act, scans: Sequence[str]) -> None:
    """Blank the annotations on these scans, and leave their hashes."""
    query = "SELECT DISTINCT id FROM records WHERE kind = ? AND instr(body, ?) > 0"
    for sha256 in scans:
        for (number,) in act.db.execute(query, (str(_KIND), json.dumps(sha256))).fetchall():
            blanked = blank_versions(act, _KIND, number, keep_last=False)
            act.log(number, "annotations ended", blanked=blanked)


def _is_of(one: SavedAnnotations, pair: AnnotatedPair) -> bool:
    return one.pair.scans == pair.scans and one.pair.mark == pair.mark


def _saved(one: Record, pair: AnnotatedPair) -> SavedAnnotations:
    return SavedAnnotations(one.id, one.version, one.person, one.at, pair)
