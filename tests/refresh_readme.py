"""Write into a page what its commands print now: `.venv/bin/python tests/refresh_readme.py`.

Without a name the page is README.md; `docs/tour.md` or another page may be named. Lines `...`, and
`...` in a line, go on leaving out what they left out. Read `git diff` afterwards: this accepts
every figure that is printed.
"""

from __future__ import annotations

import re
import sys
import tempfile
from itertools import groupby
from pathlib import Path

FIGURE = r"-?\d+(?:\.\d+)?"
COMMAND = re.compile(r"^(\$ (?:.*\\\n)*.*\n)", re.M)  # with the lines that continue it


def refreshed(shown: list[str], printed: list[str]) -> list[str]:
    """The lines to show now; between two `...` those that are most like what was shown.

    Raises
    ------
    ValueError
        Nothing like the lines between two `...` is printed.
    """
    fresh: list[str] = []
    groups = [(left_out, list(lines)) for left_out, lines in groupby(shown, "...".__eq__)]
    for number, (left_out, lines) in enumerate(groups):
        if left_out:
            fresh += lines
            continue
        first, last = number == 0, number == len(groups) - 1
        start = 0 if first else _place(lines, printed, at_the_end=last)
        now = printed[start : None if last else start + len(lines)]
        kept = [_left_out(*pair) for pair in zip(lines, now, strict=False)]
        fresh += [*kept, *now[len(lines) :]]
        printed = printed[start + len(now) :]
    return fresh


def _place(lines: list[str], printed: list[str], at_the_end: bool) -> int:
    """Where as many lines as possible are those shown, but for their figures: the first such place,
    at the end the last. There may be more lines than were shown, or fewer."""
    likeness = {}
    starts = range(max(len(printed), 1))
    for start in reversed(starts) if at_the_end else starts:
        pairs = zip(lines, printed[start:], strict=False)
        likeness[start] = sum(bool(_pattern(a).fullmatch(b)) for a, b in pairs)
    best = max(likeness, key=likeness.__getitem__)
    if not likeness[best]:
        raise ValueError(f"not printed any more, edit by hand: {lines[0]!r}")
    return best


def _left_out(shown: str, printed: str) -> str:
    """The printed line without what `...` stood for in the line shown, and as wide a gap after."""
    match = _pattern(shown).fullmatch(printed)
    gaps = re.findall(r"\.\.\.(\s*)", shown)
    for group in range(len(gaps), 0, -1) if match else ():
        (start, end), gap = match.span(group), gaps[group - 1]
        rest = printed[end:].lstrip() if gap else printed[end:]
        printed = f"{printed[:start]}...{gap}{rest}"
    return printed.rstrip()


def _pattern(shown: str) -> re.Pattern[str]:
    """Any figure for a figure, any gap for a gap, and a group for each `...`."""
    text = re.escape(re.sub(FIGURE, "\0", shown)).replace("\0", FIGURE)
    return re.compile(re.sub(r"(\\ )+", r"\\s+", text).replace(r"\.\.\.", "(.*)"))


def main(pages: list[str]) -> None:
    from sessions import README, run_page

    for page in map(Path, pages or [str(README)]):
        text = page.read_text("utf-8")
        blocks = re.findall(r"^```console\n(.*?)^```", text, re.M | re.S)
        parts = [part for block in blocks for part in COMMAND.split(block)[1:]]
        changes = []
        with tempfile.TemporaryDirectory() as folder:
            steps = run_page(text, Path(folder))
            for command, shown, step in zip(parts[::2], parts[1::2], steps, strict=True):
                lines = refreshed(shown.splitlines(), step.printed)
                changes.append((command + shown, command + "".join(f"{line}\n" for line in lines)))
        text = page.read_text("utf-8")  # again: somebody may have written in the meantime
        for before, after in changes:
            text = text.replace(before, after)
        page.write_text(text, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
