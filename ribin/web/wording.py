"""What services say, as a page says it: by what a person in a browser has, without the server's
folders. What the command line alone can do, an administrator is asked for.
"""

from __future__ import annotations

import re
from pathlib import Path

# As a service says it, and what a page has in its place; the first that fits.
_HERE = tuple(
    (re.compile(said), here)
    for said, here in (
        (r"`ribin lead marks \S+ -o \S+` writes a page of", "the page of the lead shows"),
        (r"`ribin lead show (\S+)`", r"the page of lead \1"),
        (r"`ribin lead list` lists the leads", "the page Leads lists them"),
        (r"; `ribin lead confirm`|, `ribin lead confirm`", ", on the page of the lead"),
        (r"`ribin lead close \S+`", "the page of the lead"),
        (r"`ribin link withdraw \S+`", "the page of the lead"),
        (r"`ribin review \S+`", "on the page of the lead"),
        (r"`ribin searches`", "the page Searches"),
        (r"`ribin exhibit list`.*", "the page Exhibits lists them"),
        (r"`ribin exhibit edit[^`]*`", "the page of the exhibit"),
        (r"`ribin mark redo[^`]*` with .*", "the page of the whole scan redoes its marks"),
        (r"`ribin mark redo[^`]*`", "the page of the whole scan"),
        (
            r"`ribin extract [^`]*`[^,;]*, --circle outlines it",
            "outline the mark on the whole scan",
        ),
        (r"`ribin extract [^`]*`", "the whole scan"),
        (r"`ribin node inbox`", "the page Due"),
        (r"`ribin account reset`", "the page People sets another password"),
        (
            r"`ribin account` asks for passwords and makes accounts; in a browser, sign in",
            "sign in",
        ),
        (
            r"--circle, --mask, .* say it",
            "outline it, state its light, a cast or its pitch, or let the program find the marks",
        ),
        (r"--reason, or the field Reason of a page,", "the field Reason"),
        (r"--accept-unusable REASON", "the field for its reason"),
        (r"--lighting or the column lighting says ring or side:DEG", "the field Light says which"),
        (r": --lighting ring or side:DEG", ": state the light"),
        (r"give --pixel-pitch-um", "give it in the field Pixel pitch"),
        (r"--pixel-pitch-um states", "the field Pixel pitch states"),
        (r"--pixel-pitch-um", "the pixel pitch"),
        (r"found --replica", "found the tick that it is a cast"),
        (r"--supersede changes one's own", "one's own can be given in place of the earlier one"),
        (r" ?\(--keep-all keeps it\)", ""),
        (r"--fuse-all orders exhibits by all lists", "a tick of the form orders by all of them"),
        (r"; asked again by `ribin search --again \S+`", ""),
        (r"--dates day-first .*", "write it as 2026-03-14"),
        (r"--scan NAME says which", "say which"),
        (r"--network or RIBIN_NETWORK needed", "a server needed that knows a network"),
        (r", --who NAME says who acts", ""),
        (r" \(--vault or RIBIN_VAULT\)", ""),
        (r"not with --read-only", "not on a server that is read only"),
    )
)
_COMMAND = re.compile(r"`ribin [^`]+`")


def said_here(text: str, *folders: Path | None) -> str:
    """A text of a service for a person in a browser; `folders` are those of the server."""
    for folder in folders:
        if folder is not None:
            for written in {str(folder), str(folder.absolute())}:
                text = text.replace(f"{written}: ", "").replace(written, "the vault")
    for said, here in _HERE:
        text = said.sub(here, text)
    if _COMMAND.search(text) and "administrator" not in text:
        text = f"Ask an administrator to run it: {text}"
    return text
