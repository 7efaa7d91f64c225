"""The words of a vault for class fields: the values it has seen, and spellings that mean one value.

Calibres have a table of their own (`cases/calibres.py`); for what that lacks, and for makers and
shapes, each laboratory has its own words.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ribin.cases.calibres import calibre_code, calibre_meaning
from ribin.cases.exhibits import ClassFields
from ribin.errors import ParameterError, StoreError
from ribin.text import NAME_LENGTH, checked_text, folded

if TYPE_CHECKING:
    from ribin.vault.vault import Vault

FIELDS = tuple(ClassFields.__dataclass_fields__)
_LIKE = 0.8  # of `difflib`: Winchestr and Winchester, not Federal and Feather


@dataclass(frozen=True)
class Synonym:
    """A spelling of a field that means the same as a value."""

    synonym: str
    field: str
    value: str


@dataclass(frozen=True)
class Vocabulary:
    """How often a vault has each value of each class field, and its synonyms by their key."""

    values: Mapping[str, Counter[str]]
    synonyms: Mapping[str, Synonym]

    def value(self, field: str, text: str) -> str:
        """The value that a spelling means; the text itself where it is no synonym."""
        known = self.synonyms.get(_key(field, text))
        return known.value if known else text

    def meaning(self, field: str, text: str) -> str:
        """What all spellings of one value have in common."""
        text = self.value(field, text)
        return calibre_meaning(text) if field == "calibre" else folded(text)

    def knows_calibre(self, text: str) -> bool:
        """Whether the table has a calibre, or an exhibit of the vault is said to be of it."""
        meaning = self.meaning("calibre", text)
        said = self.values.get("calibre", ())
        known = bool(calibre_code(self.value("calibre", text))) or not text
        return known or any(self.meaning("calibre", value) == meaning for value in said)

    def add(self, fields: ClassFields) -> None:
        """Count one more exhibit."""
        for field, text in asdict(fields).items():
            if text:
                self.values[field][text] += 1

    def remarks(self, fields: ClassFields) -> Iterator[str]:
        """What of an exhibit the table of calibres lacks, or may be misspelt."""
        for field, text in asdict(fields).items():
            seen = {self.meaning(field, value): value for value in self.values[field]}
            if not text or self.meaning(field, text) in seen:
                continue
            words = f"{field.replace('_', ' ')} {text!r}"
            if field == "calibre" and not calibre_code(text):
                yield f"{words} is not in the table of calibres, and is kept as it is written"
            elif field != "calibre" and (like := get_close_matches(folded(text), seen, 1, _LIKE)):
                yield f"{words} is new in this vault, which has {seen[like[0]]!r}: is it the same?"


def read_vocabulary(db: sqlite3.Connection, but: Collection[str] = ()) -> Vocabulary:
    """The words of a vault at this moment, without those that the exhibits `but` have."""
    values: dict[str, Counter[str]] = {}
    others = "exhibit NOT IN (SELECT value FROM json_each(?))"
    for field in FIELDS:
        query = f"SELECT {field}, count(*) FROM exhibits WHERE {field} <> '' AND {others}"
        found = db.execute(f"{query} GROUP BY {field}", (json.dumps(list(but)),))
        values[field] = Counter(dict(found.fetchall()))
    return Vocabulary(values, read_synonyms(db))


def read_synonyms(db: sqlite3.Connection) -> dict[str, Synonym]:
    """The synonyms of a vault by their key."""
    rows = db.execute("SELECT synonym, field, value FROM synonyms ORDER BY synonym")
    return {row["synonym"]: Synonym(**dict(row)) for row in rows}


@dataclass(frozen=True)
class FieldValue:
    """A value of a class field: on how many exhibits it stands, and what means the same.

    `code` is that of the table of calibres.
    """

    field: str
    value: str
    code: str
    exhibits: int
    synonyms: tuple[str, ...]


def field_values(vault: Vault) -> list[FieldValue]:
    """Every value that a vault has, and values that only synonyms name, by field."""
    with vault.catalogue.reading() as db:
        words = read_vocabulary(db)
    values = []
    for field in FIELDS:
        named = {one.value for one in words.synonyms.values() if one.field == field}
        for value in sorted({*words.values[field], *named}):
            alike = [s for s in words.synonyms.values() if (s.field, s.value) == (field, value)]
            spellings = tuple(one.synonym.partition("=")[2] for one in alike)
            code = calibre_code(value) if field == "calibre" else ""
            values.append(FieldValue(field, value, code, words.values[field][value], spellings))
    return values


def state_synonym(
    vault: Vault, field: str, text: str, value: str, *, who: str, reason: str
) -> None:
    """Say that a spelling means the same as a value; the empty value takes that back.

    Raises ParameterError: there is no such field, or a text cannot be one; StoreError: there is no
    such synonym to take back; AccessError: the person has no role for it.
    """
    if field not in FIELDS:
        raise ParameterError(f"field: one of {', '.join(FIELDS)} needed, found {field!r}")
    text = checked_text(text, "synonym", NAME_LENGTH)
    value = checked_text(value, "value", NAME_LENGTH)
    key = _key(field, text)
    if not text or folded(text) == folded(value):
        raise ParameterError(f"synonym: another spelling than the value needed, found {text!r}")
    with vault.act("vocabulary", who, reason) as act:
        known = read_synonyms(act.db).get(key)
        if known is None and not value:
            raise StoreError(f"{vault.path}: a synonym {text!r} of {field} needed, found none")
        if known and not value:
            act.remove("synonyms", key)
        elif known:
            act.change("synonyms", key, value=value)
        else:
            act.insert("synonyms", {"synonym": key, "field": field, "value": value})
        act.log(key, before=known.value if known else "", now=value)


def _key(field: str, text: str) -> str:
    return f"{field}={folded(text)}"
