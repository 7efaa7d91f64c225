"""Which words the program never uses of a result of its own; what a person concludes is a person's.

A text is free of them when, after the phrases that mean something else are taken away, none is
left. Where AFTE's range of conclusions is printed for a person to choose from, the text names AFTE.
"""

from __future__ import annotations

import re

FORBIDDEN = re.compile(
    r"\b(match(es|ed|ing)?|hits?|identif(?!iers?\b)\w+|individuali[sz]\w+|eliminat\w+|conclusive|"
    r"positives?)\b",
    re.I,
)
# Ground truth of labelled pairs, and the name of a method.
ELSEWHERE = re.compile(
    r"\bknown (non-)?match(es)?\b|\bcongruent matching cells\b|\bmatches not above every known\b",
    re.I,
)
AFTE = re.compile(r"\b(identification|elimination)s?\b", re.I)


def forbidden_words(text: str) -> list[str]:
    """The words of a conclusion that a text uses as the program's own."""
    plain = ELSEWHERE.sub("", " ".join(text.split()))
    if "AFTE" in text:
        plain = AFTE.sub("", plain)
    return [found.group() for found in FORBIDDEN.finditer(plain)]
