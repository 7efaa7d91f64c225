"""Files that a person asked for: whole or not at all, and checked before the work."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ribin.errors import ParameterError, RibinError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A name to write to; what is there takes the place of `path` when all went well.

    What is no plain file, as a terminal, is written itself.

    Raises ParameterError: the file cannot be put in its place.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    aside = path.with_name(f"aside-{path.name}")
    try:
        yield aside
        os.replace(aside, path)
    except RibinError as error:
        error.args = (str(error).replace(str(aside), str(path)),)
        raise
    except OSError as error:
        raise ParameterError(f"{path}: a file to write needed, {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)


@contextmanager
def new_folder_only_if_used(folder: Path | None) -> Iterator[None]:
    """Take away again, where the work fails, the folders that it made and left empty."""
    made = [] if folder is None else [p for p in (folder, *folder.parents) if not p.exists()]
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            for path in made:
                path.rmdir()
        raise


# What a file is, and what its name may end in.
PICTURE = "picture", (".png",)
PAGE = "page", (".html", ".htm")
REPORT = "report", (".html", ".htm", ".pdf")


def check_output(path: Path | None, kind: tuple[str, tuple[str, ...]]) -> None:
    """Refuse before the work a file that could not be written after it.

    Raises ParameterError: its name ends otherwise, or its folder is not there.
    """
    if path is None:
        return
    what, endings = kind
    if path.suffix.lower() not in endings:
        needed = " or ".join(ending for ending in endings if ending != ".htm")
        raise ParameterError(f"{path}: a name that ends in {needed} needed")
    if not path.parent.is_dir():
        raise ParameterError(
            f"{path}: a {what} in a folder that is there needed",
            hint="make the folder first, or name another",
        )
