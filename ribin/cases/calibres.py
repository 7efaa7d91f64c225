"""Calibres by the names of CIP and SAAMI: one code for all spellings, so that all members mean the
same cartridge.

The table has a code, a name and synonyms. What CIP holds for one cartridge has one code, also where
SAAMI or NATO list two (.223 Remington and 5.56x45, .308 Winchester and 7.62x51): a filter that lost
a mate would be worse than one that keeps a few exhibits more.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache
from pathlib import Path

from ribin.cases.csv_files import read_csv

_MOST_HINTS = 6
_TABLE = Path(__file__).with_name("calibres.csv")
_WORDS = re.compile(r"\b(calibre|caliber|kaliber|cal)\b\.?|mm\b|\bmm")
_ZERO = re.compile(r"(?<![\d.])0\.(?=\d{2,3}(?!\d))")
_LONE_DOT = re.compile(r"(?<!\d)\.|\.(?!\d)")
_NO_PART = re.compile(r"[^\w.+/]|_")
_PARTS = re.compile(r"[()/;=]|\bor\b")
# What people add of the load: pressure, bullet and its weight. A blank is another cartridge.
_LOAD = re.compile(
    r"\+p\+?(?!\w)|\b\d+(?:[.,]\d+)?\s*(?:gr?|grains?|grams?)\b"
    r"|\b(?:fmj|tmj|jhp|jsp|lrn|ball|subsonic)\b"
)


@dataclass(frozen=True)
class Calibre:
    """A cartridge: the code that travels between members, and what people call it."""

    code: str
    name: str
    synonyms: tuple[str, ...]


def calibre_code(text: str) -> str:
    """The code of a calibre however it is spelt; empty where the table lacks it."""
    return _code(text.casefold())


@lru_cache(4096)
def calibre_meaning(text: str) -> str:
    """What two spellings of a calibre have in common: its code, or the text without case, blanks
    and dashes."""
    return calibre_code(text) or _key(text.casefold())


def same_calibre(one: str, other: str) -> bool:
    """Whether two spellings mean the same cartridge."""
    return calibre_meaning(one) == calibre_meaning(other)


def calibre_words(text: str) -> str:
    """The name and the code of a calibre, such as 9 mm Luger (9x19); a free text as it is."""
    known = _by_code().get(calibre_code(text))
    if known is None:
        return text
    return known.name if known.name == known.code else f"{known.name} ({known.code})"


def calibre_hint(text: str) -> str:
    """What to do about a calibre that the table lacks: what may be meant, and where it stands."""
    begun = [
        one.name
        for one in calibres()
        if _key(one.name).startswith(_key(text)) or _key(one.code).startswith(_key(text))
    ]
    like = get_close_matches(text, [one.name for one in calibres()], _MOST_HINTS)
    names = begun[:_MOST_HINTS] or like
    meant = f"perhaps {', '.join(calibre_words(name) for name in names)}; " if names else ""
    return f"{meant}`ribin vocabulary --calibres` lists the table"


@cache
def calibres() -> tuple[Calibre, ...]:
    """The table."""
    rows = read_csv(_TABLE, "the table of calibres", ("code", "name", "synonyms")).rows
    return tuple(
        Calibre(row["code"], row["name"], tuple(filter(None, row["synonyms"].split(", "))))
        for _, row in rows
    )


@cache
def _by_code() -> dict[str, Calibre]:
    return {one.code: one for one in calibres()}


@cache
def _by_key() -> dict[str, str]:
    """The code of each spelling of the table."""
    return {
        _key(spelling.casefold()): one.code
        for one in calibres()
        for spelling in (one.code, one.name, *one.synonyms)
    }


@lru_cache(4096)
def _code(text: str) -> str:
    if code := _by_key().get(_key(text)):
        return code
    # Two names of one cartridge, as in 9 mm Luger (9x19).
    parts = [_by_key().get(_key(part), "") for part in _PARTS.split(text) if part.strip()]
    if len(found := set(parts)) == 1 and "" not in found:
        return parts[0]
    bare = _LOAD.sub(" ", text)
    return "" if bare == text else _code(bare)


def _key(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = plain.replace("\u00d7", "x").replace("*", "x").replace(",", ".")
    plain = _ZERO.sub("", _WORDS.sub("", plain))
    return _NO_PART.sub("", _LONE_DOT.sub("", plain))
