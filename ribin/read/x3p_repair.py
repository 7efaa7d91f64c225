"""Known deviations of main.xml in field files, mended in memory; its checksum is verified first.

No XML is parsed here: only the deviations that stop x3pio are rewritten, the spelling of a known
revision and the name of the root element. About half of the X3P files met in the field spell the
revision their own way. What x3pio mends by itself is listed in `x3p_header`.
"""

from __future__ import annotations

import re

from ribin.read.x3p_text import element_pattern, without_comments

_REVISIONS = {
    "ISO5436-2000": "ISO5436 - 2000",
    "ISO25178-72:2017/DAM1": "ISO25178-72:2017/DAM1",
}
_DASHES = str.maketrans("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-------")
_ROOT = "ISO5436_2"
_KNOWN_ROOTS = re.compile(r"(?i:ISO ?5436(?:[-_ ]?2)?)", re.ASCII)
_OPENING_TAG = re.compile(
    r"<(?P<prefix>[A-Za-z_][\w.-]{0,30}:)?(?P<name>[A-Za-z_][\w.-]{0,60})", re.ASCII
)


def repair_main(main: str) -> tuple[str, tuple[str, ...]]:
    """Rewrite the known deviations of main.xml.

    Returns
    -------
    str
        The text to decode; the one given where nothing was to be repaired.
    tuple of str
        One sentence for each repair. What is not known stays, for the decoder to refuse.
    """
    repaired, revision = _repair_revision(without_comments(main))
    repaired, root = _repair_root(repaired)
    repairs = tuple(sentence for sentence in (revision, root) if sentence)
    return (repaired, repairs) if repairs else (main, ())


def _repair_revision(main: str) -> tuple[str, str]:
    found = element_pattern("Revision").search(main)
    if not found:
        return main, ""
    stated = found["text"].strip()
    known = _REVISIONS.get("".join(stated.translate(_DASHES).upper().split()))
    if known is None or stated == known:
        return main, ""
    start, end = found.span("text")
    return main[:start] + known + main[end:], f"Revision {stated!r} read as {known!r}."


def _repair_root(main: str) -> tuple[str, str]:
    opening = _OPENING_TAG.search(main)
    if not opening or not _KNOWN_ROOTS.fullmatch(opening["name"]):
        return main, ""
    stated = opening["name"]
    closing = "</" + (opening["prefix"] or "") + stated
    last = main.rfind(closing)
    if stated == _ROOT or last < 0:
        return main, ""
    after_last = last + len(closing)
    repaired = (
        main[: opening.start("name")]
        + _ROOT
        + main[opening.end("name") : after_last - len(stated)]
        + _ROOT
        + main[after_last:]
    )
    return repaired, f"Root element {stated!r} read as {_ROOT!r}."
