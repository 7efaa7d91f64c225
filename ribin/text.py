"""The one rule for what people and other members write: how it is cleaned, what it may hold.

Every entry passes it when it comes in, so that no later step (a bundle, a table, a terminal) has to
refuse what is in the vault already.
"""

from __future__ import annotations

import re
import unicodedata

from ribin.errors import ParameterError

NAME_LENGTH = 200  # characters of a name: exhibit, event, person, calibre ...
TEXT_LENGTH = 1000  # characters of a text: place, reason
NOTE_LENGTH = 10_000  # characters of a note on a lead, and of what becomes a reason by it

# Letters and marks that leave no trace, beside those that Python calls not printable.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
# The ends of escape sequences that RIBIN itself writes: colours.
_COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")
_ALIKE = str.maketrans({"o": "0", "l": "1", "i": "1"})
_ALIKE_ASCII = _ALIKE | {ord(c): "" for c in " -_\t"}


def clean_text(text: str) -> str:
    """The text in NFC, with single plain spaces for blanks of any kind and none around it."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def folded(text: str) -> str:
    """The text without a difference of capitals or of blanks, to be compared."""
    return " ".join(text.split()).casefold()


def moment_text(at: str, seconds: bool = False) -> str:
    """A moment of ISO 8601 in UTC as a person reads it: 2026-03-14 09:30."""
    return at[: 19 if seconds else 16].replace("T", " ")


def text_problem(text: str, length: int = NOTE_LENGTH) -> str:
    """What a text needs that this one lacks: characters that can be seen, not too many, and the
    form of `clean_text`; empty where it lacks nothing."""
    for letter in text:
        if not letter.isprintable() or _UNSEEN.match(letter):
            name = unicodedata.name(letter, "a control character")
            return f"a printable text needed, found U+{ord(letter):04X} ({name})"
    if len(text) > length:
        return f"at most {length} characters needed, found {len(text)}"
    if text != clean_text(text):
        return f"single blanks between words, and NFC, needed, found {text[:60]!r}"
    return ""


def checked_text(text: str, where: str, length: int = NOTE_LENGTH) -> str:
    """The text, cleaned; ParameterError where it holds what a text may not."""
    cleaned = clean_text(text)
    if problem := text_problem(cleaned, length):
        raise ParameterError(f"{where}: {problem}")
    return cleaned


def counted(number: int, what: str) -> str:
    """How many of something, such as: 1 scan, 4 scans."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def look_alike_key(name: str) -> str:
    """Equal for names that differ only by case, blanks, dashes, O and 0, l, I and 1."""
    if name.isascii():  # the same, fast: a vault may have a million names
        return name.lower().translate(_ALIKE_ASCII)
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in plain if not (c.isspace() or _is_dash(c))).translate(_ALIKE)


def _is_dash(letter: str) -> bool:
    """Also the minus sign, which Unicode counts as a symbol."""
    return letter == "\u2212" or unicodedata.category(letter) in ("Pd", "Pc")


# Text where it is shown.


def escaped(text: str) -> str:
    """The text with what cannot be seen as its code: it neither steers a terminal nor makes a line
    of its own. Beyond ASCII the code is \\uXXXX, which a text of JSON may hold."""
    if text.isprintable() and not _UNSEEN.search(text):
        return text
    return "".join(c if _is_seen(c) else _code(c) for c in text)


def escaped_lines(text: str) -> str:
    """As `escaped`, but for the ends of lines and colours."""
    parts = _COLOUR.split(text)
    return "".join(
        part if number % 2 else "\n".join(map(escaped, part.split("\n")))
        for number, part in enumerate(parts)
    )


def _is_seen(letter: str) -> bool:
    seen = letter.isprintable() or unicodedata.category(letter) == "Zs"
    return seen and not _UNSEEN.match(letter)


def _code(letter: str) -> str:
    if letter < "\x7f":
        return letter.encode("unicode_escape").decode()
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))
