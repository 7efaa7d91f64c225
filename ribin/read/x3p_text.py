"""main.xml as text: its encoding, and single elements found without parsing.

The repairs and the checks before them work on text that no parser accepts yet. Elements are found
by bounded patterns, outside of comments.
"""

from __future__ import annotations

import re

from ribin.errors import FormatError
from ribin.read.file import quoted_error

# The start of "<?xml", or of "<", in each encoding (XML 1.0, appendix F).
_STARTS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_DECLARED = re.compile(rb"<\?xml\b[^<>]{0,200}?\bencoding\s{0,9}=\s{0,9}[\"']([\w.:-]{1,40})[\"']")
_DECLARATION = re.compile(r"\s*<\?xml\b[^<>]{0,200}\?>")
# Others exist in Python that no XML file has, and some of them cost more than linear time.
_KNOWN = re.compile(
    r"utf-?8|us-ascii|iso[-_]?8859[-_]\d{1,2}|latin-?1|(windows-|cp)125\d", re.ASCII
)
_COMMENT, _COMMENT_END = "<!--", "-->"


def decode_main(main: bytes, name: str) -> str:
    """main.xml without byte order mark and declaration, which holds for its bytes only.

    Raises
    ------
    FormatError
        The encoding is unknown, or the bytes are not of it.
    """
    encoding = next((known for start, known in _STARTS if main.startswith(start)), "")
    if not encoding:
        declared = _DECLARED.match(main.lstrip()[:400])
        encoding = declared[1].decode("ascii").lower() if declared else "utf-8"
        if not _KNOWN.fullmatch(encoding):
            raise FormatError(f"{name}: not readable as X3P, unknown encoding {encoding!r}")
    try:
        text = main.decode(encoding)
    except (UnicodeError, LookupError) as error:
        raise FormatError(
            f"{name}: main.xml is not in its encoding, {quoted_error(error)}"
        ) from error
    return _DECLARATION.sub("", text, count=1) if _DECLARATION.match(text) else text


def stated_text(main: str, element: str, longest: int = 80) -> str:
    """The text of the first element of this name in main.xml; empty where there is none."""
    found = element_pattern(element, longest).search(without_comments(main))
    return found["text"].strip() if found else ""


def element_pattern(name: str, longest: int = 80) -> re.Pattern[str]:
    """A simple element of this name with a text of up to `longest` letters."""
    tag = r"(?:[A-Za-z_][\w.-]{0,30}:)?" + name
    return re.compile(
        rf"<{tag}(?:\s[^<>]{{0,200}})?>(?P<text>[^<>]{{0,{longest}}})</{tag}\s*>", re.ASCII
    )


def without_comments(main: str) -> str:
    """main.xml with comments cut out; one that never closes stays."""
    # A plain loop: a lazy pattern takes quadratic time on comments that never close.
    kept, at = [], 0
    while (start := main.find(_COMMENT, at)) >= 0:
        end = main.find(_COMMENT_END, start + len(_COMMENT))
        if end < 0:
            break
        kept.append(main[at:start])
        at = end + len(_COMMENT_END)
    return "".join([*kept, main[at:]])
